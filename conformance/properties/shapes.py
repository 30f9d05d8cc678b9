"""What is drawn: in which ways a request differs from the plain stop."""

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from conformance.exchange import Headers, Request
from conformance.masking import placeholder
from conformance.target import OWNER_KEY

if TYPE_CHECKING:
    from conformance.scenarios.stage import Stage

MARK = "conformance-task-mark"
USER = "conformance-properties"
JSON_TYPE: Headers = (("Content-Type", "application/json"),)
OWN_KEY = f"Bearer {placeholder(OWNER_KEY)}"


@dataclass(frozen=True, slots=True)
class Shape:
    """A stop of a made-up task; what is None is as in the plain one.

    ``kind`` groups requests with the same mistake. ``task`` stands in the path as it is. ``without`` is the name of a
    header, in small letters, that is left out.
    """

    kind: str = ""
    body: bytes | None = None
    headers: Headers = JSON_TYPE
    authorization: str | None = OWN_KEY
    task: str | None = None
    method: str | None = None
    example: bool = False
    without: str = ""

    def request(self, stage: "Stage", task: str) -> Request:
        """The request for that task, unless the shape names another."""
        body = object_of() if self.body is None else self.body
        plain = stage.stop_request(MARK, key=None, headers=self._headers(), body=body)
        url = plain.url.replace(MARK, task if self.task is None else self.task)
        kept = tuple(header for header in plain.headers if header[0].lower() != self.without)
        return replace(plain, url=url, method=self.method or plain.method, headers=kept)

    def _headers(self) -> Headers:
        if self.authorization is None:
            return self.headers
        return (("Authorization", self.authorization), *self.headers)


def object_of(user: Any = USER, **more: Any) -> bytes:
    """A body with that user, escaped to ASCII so that any string can stand in it."""
    return json.dumps({"user": user, **more}).encode("ascii")


def own_headers(stage: "Stage") -> Headers:
    """The headers of the plain stop, for requests that are written byte by byte."""
    return stage.stop_request(MARK, key=placeholder(OWNER_KEY)).headers
