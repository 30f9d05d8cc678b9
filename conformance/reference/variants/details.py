"""Unusual details of runs: when they are there, and what they say of how a run has ended."""

from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import Reference, Refused, Request, Run
from conformance.reference.answers import NO_SUCH_RUN
from conformance.reference.apps import App
from conformance.reference.variants.marking import unusual
from conformance.reference.variants.runs import REAL_DEADLINES


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
class FillsDetailsIn(Reference):
    """Knows at once how a run has ended, and a moment later when."""

    def detail(self, run: Run) -> dict[str, Any]:
        return super().detail(run) | ({"finished_at": None} if run.ended_ago < 0.3 else {})


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


@unusual()
class DetailsNameTheExampleUser(Reference):
    """Says of every run that it is of the user who is the example of the document, as a mock does."""

    def detail(self, run: Run) -> dict[str, Any]:
        return super().detail(run) | {"created_by_end_user": {"session_id": "user_workflow_123"}}
