"""What the reference server refuses, and in which words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Error:
    """One way to refuse a request: what the error envelope says, and the headers that go with it."""

    status: int
    code: str
    message: str
    headers: tuple[tuple[str, str], ...] = ()


class Refused(Exception):
    """Ends a request with an error envelope."""

    def __init__(self, error: Error) -> None:
        super().__init__(error.message)
        self.error = error


class HangUp(Exception):
    """Ends a request by ending its connection, wherever the answer has got to.

    With `reset` the peer sees a TCP reset, otherwise a close.
    """

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__("reset" if reset else "close")
        self.reset = reset


_NOT_UNDERSTOOD = "The browser (or proxy) sent a request that this server could not understand."
_CHALLENGE = (("WWW-Authenticate", 'Bearer realm="api"'),)

METHOD_NOT_ALLOWED = Error(405, "method_not_allowed", "The method is not allowed for the requested URL.")

NO_KEY = Error(
    401, "unauthorized", "Authorization header must be provided and start with 'Bearer'", _CHALLENGE
)
OTHER_SCHEME = Error(401, "unauthorized", "Authorization scheme must be 'Bearer'", _CHALLENGE)
UNKNOWN_KEY = Error(401, "unauthorized", "Access token is invalid", _CHALLENGE)

NOT_JSON = Error(
    415,
    "unsupported_media_type",
    "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.",
)
TOO_LARGE = Error(413, "request_entity_too_large", "The data value transmitted exceeds the capacity limit.")
MALFORMED = Error(400, "bad_request", _NOT_UNDERSTOOD)
NOT_AN_OBJECT = Error(400, "bad_request", "The request body must be a JSON object.")

NO_USER = Error(400, "invalid_param", "Arg user must be provided.")
NOT_WORKFLOW_APP = Error(
    400, "not_workflow_app", "Please check if your app mode matches the right API route."
)
BAD_INPUTS = Error(400, "invalid_param", "inputs must be provided as a JSON object.")
BAD_RESPONSE_MODE = Error(400, "invalid_param", "response_mode must be 'blocking' or 'streaming'.")
BAD_ROUNDS = Error(400, "invalid_param", "rounds in input form must be a valid number")
NO_SUCH_RUN = Error(404, "not_found", "Workflow run not found.")

# No answer of the reference; for faults, which otherwise would each invent their own.
INTERNAL = Error(500, "unknown", "Internal Server Error")

BAD_FRAMING = Error(400, "bad_request", "The length of the request body is not clear.")
BAD_HEADERS = Error(400, "bad_request", "The request headers are not well-formed HTTP/1.1.")
INCOMPLETE = Error(400, "bad_request", "The request body ended before its announced length.")
TIMED_OUT = Error(408, "request_timeout", "The request body did not arrive in time.")
