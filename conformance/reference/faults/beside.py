"""Faults in what a stop does to the runs beside the one that it is for, short of stopping them."""

from collections.abc import Iterator
from typing import Any

from conformance.reference import Event, Reference, Run
from conformance.reference.faults.marking import breaks


class _Neighbours(Reference):
    """Does something to all other runs of a user when one is stopped."""

    def beside(self, run: Run) -> None:
        self.count(("beside", run.id))

    def on_stop(self, run: Run) -> None:
        goes_on = not run.has_ended
        super().on_stop(run)
        for one in self.runs.all() if goes_on else ():
            if one.user == run.user and one.app == run.app and one is not run and not one.has_ended:
                self.beside(one)


@breaks("stop.lifecycle.other-runs")
class NeighboursSucceedInPart(_Neighbours):
    """Lets every other run of the same user end as if some of it had failed, when it comes to its end."""

    def finish(
        self, run: Run, status: str, error: str | None = None, outputs: dict[str, Any] | None = None
    ) -> bool:
        is_beside = status == self.succeeded and self.count(("beside", run.id), 0)
        return super().finish(run, "partial-succeeded" if is_beside else status, error, outputs)


@breaks("stop.lifecycle.other-runs")
class NeighboursSucceedInPartAtOnce(_Neighbours):
    """Ends every other run of the same user as if some of it had failed."""

    def beside(self, run: Run) -> None:
        self.finish(run, "partial-succeeded")


@breaks("stop.lifecycle.other-runs")
class NeighboursAreToldOfTheStop(_Neighbours):
    """Lets every other run of the same user come to its end, and tells of it by the error of the stop."""

    def finish(
        self, run: Run, status: str, error: str | None = None, outputs: dict[str, Any] | None = None
    ) -> bool:
        is_beside = status == self.succeeded and self.count(("beside", run.id), 0)
        return super().finish(run, status, self.stop_reason if is_beside else error, outputs)


@breaks("stop.lifecycle.other-runs")
class NeighboursSucceedTooSoon(_Neighbours):
    """Ends every other run of the same user after the node that is at work, and calls that a success."""

    def script(self, run: Run) -> Iterator[Event]:
        for event in super().script(run):
            yield event
            if event["event"] == "node_finished" and self.count(("beside", run.id), 0):
                self.finish(run, self.succeeded, outputs={"rounds": run.rounds})
