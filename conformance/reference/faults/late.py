"""Faults that show only after a while, or after the end of a stopped run."""

from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import Error, Reference, Refused, Request, Run
from conformance.reference.answers import INTERNAL, NO_SUCH_RUN, NO_USER, NOT_WORKFLOW_APP, UNKNOWN_KEY
from conformance.reference.faults.marking import breaks


class _StopsAllTheSame(Reference):
    """Refuses a stop, and does it in half a second, before a run of less than one is over."""

    error: Error

    def refusal(self, request: Request, error: Error) -> Response:
        run = self.runs.by_task(request.task_id)
        if error == self.error and run is not None:
            self.later(0.5, lambda: self.finish(run, self.stopped, self.stop_reason))
        return super().refusal(request, error)


@breaks("stop.lifecycle.refused-stop")
class NobodyStopsLate(_StopsAllTheSame):
    """Refuses a stop in which nobody is named, and does it a moment later."""

    error = NO_USER


@breaks("stop.lifecycle.refused-stop", "stop.auth.no-effect")
class UnknownKeyStopsLate(_StopsAllTheSame):
    """Refuses a bad key, and stops the run a moment later."""

    error = UNKNOWN_KEY


@breaks("stop.lifecycle.refused-stop", "stop.app-mode.no-effect")
class OtherModeStopsLate(_StopsAllTheSame):
    """Refuses the key of another mode, and stops the run a moment later."""

    error = NOT_WORKFLOW_APP


class _DetailOfStopped(Reference):
    """Cannot give the detail of a run that was stopped."""

    error = NO_SUCH_RUN

    def detail(self, run: Run) -> dict[str, Any]:
        if run.status == "stopped":
            raise Refused(self.error)
        return super().detail(run)


@breaks("stop.lifecycle.detail-stopped")
class ForgetsStoppedRuns(_DetailOfStopped):
    """Answers 404 for the detail of a run that was stopped."""


@breaks("stop.lifecycle.detail-stopped")
class StoppedDetailBreaksIt(_DetailOfStopped):
    """Answers 500 for the detail of a run that was stopped."""

    error = INTERNAL


class _FailsLater(Reference):
    """Writes down, after a while, that a stopped run failed."""

    seconds = 0.0

    def detail(self, run: Run) -> dict[str, Any]:
        detail = super().detail(run)
        failed = run.status == "stopped" and run.ended_ago > self.seconds
        return detail | {"status": "failed"} if failed else detail


@breaks("stop.lifecycle.detail-stays")
class DetailFailsSoon(_FailsLater):
    """Says of a stopped run, after a second, that it failed."""

    seconds = 1.0


@breaks("stop.lifecycle.detail-stays", effort="standard")
class DetailFailsLater(_FailsLater):
    """Says of a stopped run, after three seconds, that it failed."""

    seconds = 3.0
