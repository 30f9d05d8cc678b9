"""The reference server as four versions of Dify: with the differences that were seen on real ones.

What a version does against the contract is listed, with the answers that were recorded, in its profile
(``specs/profiles``). How a stop works differs most. Up to 1.8 a stop leaves a flag for the task, which its
owner alone may do. From 1.9 on it also sends a command to the engine, for any task and in anybody's name, and
the two race: whoever comes first decides what the stream says, and what is kept of the run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from uuid import UUID

from werkzeug.wrappers import Response

from conformance.reference import answers
from conformance.reference.answers import Error, Refused
from conformance.reference.apps import App
from conformance.reference.reference import Reference
from conformance.reference.runs import PING, Event, Run
from conformance.reference.wire import Request

BY_USER = "Stopped by user."
ABORTED = "Aborted: User requested stop"

LONGEST_USER = 255  # what the column of the database holds
HAS_NUL = Error(400, "invalid_param", "A string literal cannot contain NUL (0x00) characters.")
BAD_RUN_BODIES: Mapping[Error, dict[str, str]] = MappingProxyType(
    {
        answers.BAD_INPUTS: {"inputs": "Missing required parameter in the JSON body"},
        answers.BAD_RESPONSE_MODE: {"response_mode": "The value is not a valid choice"},
    }
)


class Dify(Reference):
    """What the four versions have in common.

    Attributes:
        command_wins: the share of stops in which the command to the engine comes before the flag.
        stop_seconds: from a stop to the end of its run.
        knows_null_runs: an unknown run has a detail, with nothing in it.

    """

    command_wins = 0.0
    stop_seconds = 0.25
    knows_null_runs = True

    # What is taken for a user and for a body.

    def is_json(self, request: Request) -> bool:
        """Say whether the media type is JSON; a content coding is not looked at."""
        return request.is_json

    def parse(self, raw: bytes) -> Any:
        """Parse JSON, and fail on a value that is no object."""
        value = super().parse(raw)
        if not isinstance(value, dict):
            raise Refused(answers.INTERNAL)
        return value

    def is_user(self, value: object) -> bool:
        """Say whether there is anything; it is taken by its text."""
        return bool(value)

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        """Read who asks, as the database will take it."""
        user = super().read_user(request, body)
        if "\0" in user:
            raise Refused(HAS_NUL)
        if len(user) > LONGEST_USER:
            raise Refused(answers.INTERNAL)
        return user

    def refusal(self, request: Request, error: Error) -> Response:
        """Answer with the error, and do not say which methods there are."""
        without_allow = tuple((name, value) for name, value in error.headers if name != "Allow")
        return super().refusal(request, replace(error, headers=without_allow))

    # What a stop does.

    def may_stop(self, run: Run, app: App, user: str) -> bool:
        """Let everybody stop every run."""
        return True

    def on_stop(self, run: Run) -> None:
        """End the run a moment later, by the command or by the flag; which, is spread evenly."""
        stops = self.count("stops that work")
        commanded = round(stops * self.command_wins) - round((stops - 1) * self.command_wins)
        self.later(
            self.stop_seconds, lambda: self.finish(run, self.stopped, ABORTED if commanded else BY_USER)
        )

    # What is told of a run.

    def do_detail(self, request: Request, app: App, run_id: str) -> Response:
        """Fail on an id that is no UUID, and know nothing of a run that is unknown."""
        try:
            known = self.runs.by_id(str(UUID(run_id)))
        except ValueError:
            raise Refused(answers.INTERNAL) from None
        if self.knows_null_runs and app.mode == "workflow" and (known is None or known.app != app):
            return self.json(dict.fromkeys(DETAIL))
        return super().do_detail(request, app, known.id if known else run_id)


DETAIL = (
    "id",
    "workflow_id",
    "status",
    "inputs",
    "outputs",
    "error",
    "total_steps",
    "total_tokens",
    "created_at",
    "finished_at",
    "elapsed_time",
)


class BeforeCelery(Dify):
    """Up to 1.12: no ping first, no reason for a start, and outputs as a text."""

    def events(self, run: Run) -> Iterator[Event]:
        """Begin the stream with workflow_started."""
        for event in run.follow(self.ping_seconds):
            data = {name: value for name, value in event.get("data", {}).items() if name != "reason"}
            yield event if event["event"] == PING else event | {"data": data}

    def detail(self, run: Run) -> dict[str, Any]:
        """Return the detail with its outputs as a JSON text."""
        return super().detail(run) | {"outputs": json.dumps(run.outputs)}


class BeforePydantic(BeforeCelery):
    """Up to 1.10: a run that is asked for wrongly is refused in a shape of its own, without envelope."""

    def refusal(self, request: Request, error: Error) -> Response:
        """Answer a wrong body of a run as the library for forms does."""
        if error not in BAD_RUN_BODIES:
            return super().refusal(request, error)
        told = {"errors": BAD_RUN_BODIES[error], "message": "Input payload validation failed"}
        return self.json(told, error.status)

    def respond(self, request: Request, response: Response) -> Response:
        """Leave the versions out of what scripts of other origins may read."""
        response = super().respond(request, response)
        response.headers.remove("Access-Control-Expose-Headers")
        return response

    def detail(self, run: Run) -> dict[str, Any]:
        """Return the detail; a run that was stopped has no outputs."""
        return super().detail(run) | ({"outputs": None} if run.status == self.stopped else {})


class Dify18(BeforePydantic):
    """Dify 1.8: a stop works for the user who started the run, with a key of its app, and for nobody else."""

    version = "1.8.1"
    stop_seconds = 0.2

    def may_stop(self, run: Run, app: App, user: str) -> bool:
        """Let the owner alone stop a run."""
        return run.app == app and run.user == user


class _Aborting(BeforeCelery):
    """From 1.9 on: the stream of a run that the command ended says that it failed."""

    def last_event(self, run: Run) -> Event:
        """Return the event that ends the stream."""
        event = super().last_event(run)
        status = "failed" if run.error == ABORTED else run.status
        return event | {"data": event["data"] | {"status": status}}


class Dify19(_Aborting, BeforePydantic):
    """Dify 1.9: the stream of a stopped run mostly says that it failed, while its detail says stopped."""

    version = "1.9.2"
    command_wins = 23 / 25
    stop_seconds = 0.16


class Dify112(_Aborting):
    """Dify 1.12: either the stream says failed, or the detail goes on saying that the run is running."""

    version = "1.12.1"
    command_wins = 20 / 56
    stop_seconds = 0.25

    def detail(self, run: Run) -> dict[str, Any]:
        """Return the detail; the flag ends a run before its end could be kept."""
        lost = {
            "status": "running",
            "error": None,
            "finished_at": None,
            "total_steps": 0,
            "elapsed_time": 0.0,
        }
        return super().detail(run) | (lost if run.error == BY_USER else {})


class Dify116(Dify):
    """Dify 1.16: stream and detail say stopped, whoever asked; a stream begins with a ping."""

    version = "1.16.1"
    command_wins = 20 / 25
    stop_seconds = 0.24
    knows_null_runs = False


VERSIONS: Mapping[str, type[Dify]] = MappingProxyType(
    {"dify-1.8": Dify18, "dify-1.9": Dify19, "dify-1.12": Dify112, "dify-1.16": Dify116}
)
"""Each version by its name on the command line, which is that of its profile."""
