"""Faults that depend on when a stop comes: early or late in a run, between its nodes, after its end."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

from conformance.reference import Event, Reference, Refused, Run
from conformance.reference.answers import INTERNAL
from conformance.reference.faults.marking import breaks


@breaks("stop.lifecycle.at-once")
class EarlyStopIsLost(Reference):
    """Loses a stop that comes before the run is under way."""

    def on_stop(self, run: Run) -> None:
        if run.age > 0.1:
            super().on_stop(run)


@breaks("stop.lifecycle.at-once")
class EarlyStopIsTooEarly(Reference):
    """Begins the run anew when it is stopped before its first step is done."""

    def on_stop(self, run: Run) -> None:
        if run.age > 0.15 or run.stop_requests > 1:
            super().on_stop(run)


@breaks("stop.lifecycle.between-nodes", like="langgenius/dify#40966")
class StopBetweenNodesIsLost(Reference):
    """Loses a stop that comes when no node is at work."""

    pace = MappingProxyType({"round_seconds": 0.3, "rounds": 10})
    gap = 0.15

    def script(self, run: Run) -> Iterator[Event]:
        for event in super().script(run):
            yield event
            if event["event"] == "node_finished" and event["data"]["loop_id"]:
                self.count(("gap", run.id))
                run.sleep(self.gap)
                self.count(("gap", run.id), -1)

    def on_stop(self, run: Run) -> None:
        if not self.count(("gap", run.id), 0):
            super().on_stop(run)


@breaks("stop.lifecycle.late-in-life")
class LateStopIsLost(Reference):
    """Loses a stop of a run that has done half of its work."""

    pace = MappingProxyType({"round_seconds": 0.1, "rounds": 15})

    def on_stop(self, run: Run) -> None:
        if run.age < 2.0:
            super().on_stop(run)


@breaks("stop.lifecycle.during-node")
class StopInALaterLoopIsLost(Reference):
    """Loses a stop that comes while a node of the second loop is at work, or of the third."""

    pace = MappingProxyType({"round_seconds": 0.04})

    def script(self, run: Run) -> Iterator[Event]:
        for event in super().script(run):
            run.loop = event["data"].get("loop_id")  # type: ignore[attr-defined]
            yield event

    def on_stop(self, run: Run) -> None:
        if run.__dict__.get("loop") not in ("loop2", "loop3"):
            super().on_stop(run)


@breaks("stop.lifecycle.finished-stays")
class StopRewritesTheFinished(Reference):
    """Writes down that a finished run was stopped when a stop comes too late."""

    def on_stop(self, run: Run) -> None:
        if run.status == "succeeded":
            run.status = "stopped"
        super().on_stop(run)


@breaks("stop.lifecycle.finished-stays")
class StopRewritesTheFinishedSoon(Reference):
    """Writes down, a moment later, that a finished run was stopped."""

    def on_stop(self, run: Run) -> None:
        if run.status == "succeeded":
            self.later(0.2, lambda: setattr(run, "status", "stopped"))
        super().on_stop(run)


@breaks("stop.lifecycle.finished-stays")
class StopFailsTheFinished(Reference):
    """Writes down that a finished run failed when a stop comes too late."""

    def on_stop(self, run: Run) -> None:
        if run.status == "succeeded":
            run.status = "failed"
        super().on_stop(run)


@breaks("stop.lifecycle.finished-stays", effort="standard")
class StopRewritesTheFinishedLater(Reference):
    """Writes down, a good while later, that a finished run was stopped."""

    def on_stop(self, run: Run) -> None:
        if run.status == "succeeded":
            self.later(2.0, lambda: setattr(run, "status", "stopped"))
        super().on_stop(run)


@breaks("stop.lifecycle.finished-stays")
class StopMovesTheEnd(Reference):
    """Writes down another time of the end when a stop comes too late."""

    def on_stop(self, run: Run) -> None:
        if run.status == "succeeded" and run.finished_at is not None:
            run.finished_at += 60
        super().on_stop(run)


@breaks("stop.lifecycle.finished-stays")
class StopRewritesBlockingRuns(Reference):
    """Writes down that a run in blocking mode was stopped when a stop comes too late."""

    def run_blocking(self, run: Run) -> dict[str, Any]:
        self.count(("blocking", run.id))
        return super().run_blocking(run)

    def on_stop(self, run: Run) -> None:
        if run.status == self.succeeded and self.count(("blocking", run.id), 0):
            run.status = self.stopped
        super().on_stop(run)


@breaks("stop.lifecycle.late-answer")
class LateStopsBreakBlockingRuns(Reference):
    """Answers 500 to the stop of a run that is over and was in blocking mode, for it has no queue."""

    def run_blocking(self, run: Run) -> dict[str, Any]:
        self.count(("blocking", run.id))
        return super().run_blocking(run)

    def on_stop(self, run: Run) -> None:
        if run.has_ended and self.count(("blocking", run.id), 0):
            raise Refused(INTERNAL)
        super().on_stop(run)


class _LateStopWrites(Reference):
    """Writes into the record of a finished run when a stop comes too late."""

    def written(self, run: Run) -> dict[str, Any]:
        raise NotImplementedError

    def on_stop(self, run: Run) -> None:
        if run.status == self.succeeded:
            run.stopped_late = run.age  # type: ignore[attr-defined]
        super().on_stop(run)

    def detail(self, run: Run) -> dict[str, Any]:
        return super().detail(run) | (self.written(run) if "stopped_late" in run.__dict__ else {})


@breaks("stop.lifecycle.finished-stays")
class LateStopTakesTheTime(_LateStopWrites):
    """Counts the time that a finished run took as far as the last stop that came too late."""

    def written(self, run: Run) -> dict[str, Any]:
        return {"elapsed_time": run.__dict__["stopped_late"]}


@breaks("stop.lifecycle.finished-stays")
class LateStopClearsTheInputs(_LateStopWrites):
    """Takes the inputs out of the record of a finished run when a stop comes too late."""

    def written(self, run: Run) -> dict[str, Any]:
        return {"inputs": "{}"}


@breaks("stop.lifecycle.finished-stays")
class LateStopMovesTheBeginning(_LateStopWrites):
    """Moves the beginning of a finished run when a stop comes too late."""

    def written(self, run: Run) -> dict[str, Any]:
        return {"created_at": run.created_at + 60}
