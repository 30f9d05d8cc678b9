"""Faults that a stop meets by what came before it, or goes on beside it."""

from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Error, Reference, Refused, Request, Run
from conformance.reference.answers import INTERNAL
from conformance.reference.faults.marking import breaks


@breaks("stop.lifecycle.in-passing")
class RefusalsUseUpTheStop(Reference):
    """Loses the stop of a run for which ten stops were refused."""

    def refusal(self, request: Request, error: Error) -> Response:
        if request.operation == "stop":
            self.count(("refused", request.task_id))
        return super().refusal(request, error)

    def on_stop(self, run: Run) -> None:
        if self.count(("refused", run.task_id), 0) < 10:
            super().on_stop(run)


@breaks("stop.lifecycle.in-passing")
class BlockingRunsKeepTheWorker(Reference):
    """Loses the stop of a run while another of the user goes on in blocking mode."""

    def run_blocking(self, run: Run) -> dict[str, Any]:
        self.count(("blocking", run.id))
        return super().run_blocking(run)

    def on_stop(self, run: Run) -> None:
        others = (one for one in self.runs.all() if one.user == run.user and not one.has_ended)
        if not any(self.count(("blocking", one.id), 0) for one in others):
            super().on_stop(run)


@breaks("stop.lifecycle.other-runs")
class StopsBreakBlockingRuns(Reference):
    """Answers 500 to a run in blocking mode beside which another was stopped."""

    def on_stop(self, run: Run) -> None:
        self.count(("stopped", run.user))
        super().on_stop(run)

    def run_blocking(self, run: Run) -> dict[str, Any]:
        before = self.count(("stopped", run.user), 0)
        answer = super().run_blocking(run)
        if self.count(("stopped", run.user), 0) > before:
            raise Refused(INTERNAL)
        return answer


@breaks("stop.lifecycle.late-answer")
class StrangersAreLate(Reference):
    """Runs into nothing when somebody else stops a run that is over."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        run = self.runs.by_task(task_id)
        if run and run.has_ended and run.user != self.read_user(request, self.read_body(request)):
            raise Refused(INTERNAL)
        return super().do_stop(request, app, task_id)


@breaks("stop.lifecycle.other-app")
class OtherAppsAreLate(Reference):
    """Runs into nothing when another app stops a run that is over."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        run = self.runs.by_task(task_id)
        if run and run.has_ended and run.app != app and app.mode == "workflow":
            raise Refused(INTERNAL)
        return super().do_stop(request, app, task_id)
