"""Unusual runs: their pace, their nodes and how they are stopped."""

from collections.abc import Iterator
from types import MappingProxyType

from werkzeug.wrappers import Response

from conformance.reference import Event, Reference, Request, Run
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
class WaitsWithItsAnswer(Reference):
    """Takes two seconds to stop a run, and to answer that it did."""

    pace = MappingProxyType({"round_seconds": 0.09})
    settings = REAL_DEADLINES

    def on_stop(self, run: Run) -> None:
        if not run.has_ended:
            self.pause(2.0)
        super().on_stop(run)
