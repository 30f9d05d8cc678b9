"""Unusual runs: their ids, their details, their pace and how they are stopped."""

import secrets
import string
import time
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from werkzeug.wrappers import Response

from conformance.reference import Event, Reference, Refused, Request, Run
from conformance.reference.answers import NO_SUCH_RUN
from conformance.reference.apps import App
from conformance.reference.variants.marking import unusual
from conformance.reference.workflow import END, START, node_started

REAL_DEADLINES = """
[target.trial]
base_url = "{url}"

[target.trial.deadlines]
run = 20.0

[target.trial.limits]
concurrency = 12
"""


@unusual(opens=("stop.lifecycle.second-app",))
class TakesItsTime(Reference):
    """Takes a second for every answer."""

    pace = MappingProxyType({"round_seconds": 0.1})
    settings = REAL_DEADLINES

    def exchange(self, request: Request) -> Response:
        self.pause(1.0)
        return super().exchange(request)


@unusual()
class KeepsFewRuns(Reference):
    """Keeps the records of the last sixteen runs that are over, and knows nothing of those before."""

    def do_detail(self, request: Request, app: App, run_id: str) -> Response:
        run = self.runs.by_id(run_id)
        if run is not None and run.has_ended:
            since = [one for one in self.runs.all() if one.has_ended and one.ended_ago < run.ended_ago]
            if len(since) >= 16:
                raise Refused(NO_SUCH_RUN)
        return super().do_detail(request, app, run_id)


@unusual()
class AcknowledgesLate(Reference):
    """Acknowledges a stop after the stream has ended."""

    def on_stop(self, run: Run) -> None:
        super().on_stop(run)
        self.pause(0.4)


@unusual()
class StopsALittleLater(Reference):
    """Acknowledges at once, and stops 0.8 s later."""

    pace = MappingProxyType({"round_seconds": 0.2, "rounds": 20})
    settings = REAL_DEADLINES

    def on_stop(self, run: Run) -> None:
        self.later(0.8, lambda: super(StopsALittleLater, self).on_stop(run))


@unusual()
class FinishesItsNode(Reference):
    """Lets the node that is at work come to its end, and starts no other."""

    pace = MappingProxyType({"round_seconds": 0.6, "rounds": 4})

    def on_stop(self, run: Run) -> None:
        run.asked = True  # type: ignore[attr-defined]

    def script(self, run: Run) -> Iterator[Event]:
        for event in super().script(run):
            if run.__dict__.get("asked") and event["event"] != "node_finished":
                self.finish(run, self.stopped, self.stop_reason)
                return
            yield event


@unusual()
class StartsOneMoreInGrace(Reference):
    """Starts one more node right after the acknowledgement."""

    def on_stop(self, run: Run) -> None:
        def one_more() -> None:
            run.publish(node_started(run, END))
            super(StartsOneMoreInGrace, self).on_stop(run)

        self.later(0.1, one_more)


@unusual()
class DetailLags(Reference):
    """Writes the end of a run down two seconds later."""

    settings = REAL_DEADLINES

    def detail(self, run: Run) -> dict[str, Any]:
        detail = super().detail(run)
        lags = run.has_ended and run.ended_ago < 2
        return detail | {"status": "running", "finished_at": None, "error": None} if lags else detail


@unusual()
class DetailIsUnknownAtFirst(Reference):
    """Knows no detail of a run before it is over, and 404 until then."""

    def do_detail(self, request: Request, app: App, run_id: str) -> Response:
        run = self.runs.by_id(run_id)
        if run is None or run.ended_ago < 0.3:
            raise Refused(NO_SUCH_RUN)
        return super().do_detail(request, app, run_id)


@unusual()
class DetailComesLater(Reference):
    """Knows no detail of a run until two seconds after its end, and 404 until then."""

    settings = REAL_DEADLINES

    def do_detail(self, request: Request, app: App, run_id: str) -> Response:
        run = self.runs.by_id(run_id)
        if run is None or run.ended_ago < 2:
            raise Refused(NO_SUCH_RUN)
        return super().do_detail(request, app, run_id)


@unusual()
class DetailSaysStopping(Reference):
    """Says of a run that has just ended that it is stopping, and then that it is paused."""

    settings = REAL_DEADLINES

    def detail(self, run: Run) -> dict[str, Any]:
        detail = super().detail(run)
        lags = run.has_ended and run.ended_ago < 1
        word = "stopping" if run.ended_ago < 0.5 else "paused"
        return detail | {"status": word, "finished_at": None, "error": None} if lags else detail


@unusual()
class OutputsAreNull(Reference):
    """Has null for the outputs of a stopped run, and a JSON text for those of others."""

    def detail(self, run: Run) -> dict[str, Any]:
        return super().detail(run) | {"outputs": None if run.status == "stopped" else "{}"}


@unusual()
class GivesOtherReasons(Reference):
    """Says in its own words why a run was stopped."""

    stop_reason = "Aborted: User requested stop"


@unusual()
class GivesNoReason(Reference):
    """Has no error for a run that was stopped."""

    def finish(
        self, run: Run, status: str, error: str | None = None, outputs: dict[str, Any] | None = None
    ) -> bool:
        return super().finish(run, status, None, outputs)


class _Ids(Reference):
    """Gives its runs other ids."""

    def on_start(self, run: Run) -> None:
        run.id, run.task_id = self.new_id(), self.new_id()
        self.runs.add(run)

    def new_id(self) -> str:
        raise NotImplementedError


@unusual()
class IdsInCapitals(_Ids):
    """Writes its UUIDs in capitals."""

    def new_id(self) -> str:
        return str(uuid4()).upper()


@unusual(opens=("stop.lifecycle.letter-case",))
class IdsAreNumbers(_Ids):
    """Counts its runs, beginning with large numbers."""

    def new_id(self) -> str:
        return str(7_000_000_000_000 + secrets.randbelow(10**12))


@unusual()
class IdsAreShort(_Ids):
    """Has ids of six letters."""

    def new_id(self) -> str:
        return "".join(secrets.choice(string.ascii_lowercase) for _ in range(6))


@unusual()
class IdsAreUlids(_Ids):
    """Has ULIDs for ids, whose beginnings are alike."""

    def new_id(self) -> str:
        alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
        moment = int(time.time() * 1000)
        head = "".join(alphabet[(moment >> shift) & 31] for shift in range(45, -5, -5))
        return head + "".join(secrets.choice(alphabet) for _ in range(16))


@unusual()
class IdsNeedEscapes(_Ids):
    """Has ids with characters that a path must escape."""

    def new_id(self) -> str:
        return f"task:{secrets.token_hex(4)}+ä%41@x y"


@unusual(opens=("stop.lifecycle.run-id",))
class TaskIdIsRunId(Reference):
    """Gives a run one id for both."""

    def on_start(self, run: Run) -> None:
        run.task_id = run.id
        self.runs.add(run)


@unusual(opens=("stop.lifecycle.between-nodes", "stop.lifecycle.no-late-text"))
class HasOneLongNode(Reference):
    """Runs a workflow of one long node."""

    pace = MappingProxyType({"rounds": 40})

    def script(self, run: Run) -> Iterator[Event]:
        for event in super().script(run):
            shown = event["event"] == "workflow_started" or event["data"].get("node_id") == START.id
            if shown and event["event"] != "node_finished":
                yield event
            elif not run.sleep(0):
                return


@unusual()
class RunsBriefly(Reference):
    """Runs a workflow that takes a second and a half."""

    pace = MappingProxyType({"round_seconds": 0.0125})


@unusual()
class RunsVeryLong(Reference):
    """Runs a workflow that takes half a minute, a tenth of that for a tenth of its rounds."""

    pace = MappingProxyType({"round_seconds": 10 / 40, "rounds": 40})
    settings = REAL_DEADLINES


@unusual()
class StartsSlowly(Reference):
    """Takes a second from its first event to its first node."""

    pace = MappingProxyType({"round_seconds": 0.1})
    settings = REAL_DEADLINES

    def script(self, run: Run) -> Iterator[Event]:
        for number, event in enumerate(super().script(run)):
            yield event
            if number == 0 and not run.sleep(1.0):
                return


@unusual()
class EndsSlowly(Reference):
    """Takes a second from the last node to the last event, stopped or not."""

    settings = REAL_DEADLINES

    def events(self, run: Run) -> Iterator[Event]:
        for event in super().events(run):
            if event["event"] == "workflow_finished":
                self.pause(1.0)
            yield event


@unusual()
class TellsWhatItStops(Reference):
    """Tells of the end of the node and the loop that a stop ended, before the last event."""

    def last_event(self, run: Run) -> Event:
        return super().last_event(run)

    def events(self, run: Run) -> Iterator[Event]:
        going_on: Event | None = None
        for event in super().events(run):
            if event["event"] == "node_started":
                going_on = event
            if event["event"] == "workflow_finished" and run.status == "stopped" and going_on is not None:
                data = going_on["data"] | {"status": "stopped", "error": "Stopped.", "finished_at": 1}
                yield going_on | {
                    "event": "node_finished",
                    "data": data | {"outputs": None, "elapsed_time": 0.1},
                }
            yield event


@unusual()
class FillsDetailsIn(Reference):
    """Knows at once how a run has ended, and a moment later when."""

    def detail(self, run: Run) -> dict[str, Any]:
        return super().detail(run) | ({"finished_at": None} if run.ended_ago < 0.3 else {})
