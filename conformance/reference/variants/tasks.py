"""Unusual answers to stops of tasks that are over, unknown, or somebody else's."""

from dataclasses import replace

from werkzeug.wrappers import Response

from conformance.reference import App, Error, Reference, Refused, Request, Run
from conformance.reference.answers import (
    NO_SUCH_RUN,
    NO_USER,
)
from conformance.reference.variants.marking import unusual

NO_TASK = replace(NO_SUCH_RUN, message="Task not found.")


@unusual()
class TellsUnknownTasks(Reference):
    """Answers 404 for a task that it does not know, or that is not the user's."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = super().find_run(task_id, app, user)
        if run is None:
            raise Refused(NO_TASK)
        return run


class _RefusesUnknownTasks(Reference):
    """Refuses a task that it does not know."""

    refusal_of_unknown: Error

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = super().find_run(task_id, app, user)
        if run is None:
            raise Refused(self.refusal_of_unknown)
        return run


@unusual()
class CallsUnknownTasksInvalid(_RefusesUnknownTasks):
    """Refuses a task that it does not know in the documented way: 400 `invalid_param`."""

    refusal_of_unknown = replace(NO_USER, message="There is no such task.")


@unusual()
class ForbidsUnknownTasks(_RefusesUnknownTasks):
    """Answers 403 for a task that it does not know."""

    refusal_of_unknown = replace(NO_TASK, status=403, code="forbidden")


@unusual()
class TellsFinishedTasks(Reference):
    """Answers 404 for a task that is over, too."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = super().find_run(task_id, app, user)
        if run is None or run.has_ended:
            raise Refused(NO_TASK)
        return run


@unusual(warns=("stop.lifecycle.second-answer",))
class ConflictsWhenOver(Reference):
    """Answers 409 for a task that is over."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = super().find_run(task_id, app, user)
        if run is not None and run.has_ended:
            raise Refused(replace(NO_TASK, status=409, code="conflict"))
        return run


@unusual(warns=("stop.lifecycle.second-answer",))
class CannotProcessWhenOver(Reference):
    """Answers 422 for a task that is over."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = super().find_run(task_id, app, user)
        if run is not None and run.has_ended:
            raise Refused(replace(NO_TASK, status=422, code="task_over"))
        return run


@unusual()
class ForbidsForeignTasks(Reference):
    """Answers 403 for the task of another user or app."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = self.runs.by_task(task_id)
        if run is not None and not self.may_stop(run, app, user):
            raise Refused(Error(403, "forbidden", "The task is not yours."))
        return run


@unusual()
class LooksForTheTaskFirst(Reference):
    """Answers 404 for a task that it does not know before it looks at the body."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        run = self.runs.by_task(task_id)
        if run is None or (run.app != app and app.mode == "workflow"):
            raise Refused(NO_TASK)
        return super().do_stop(request, app, task_id)


@unusual()
class LetsOtherUsersStop(Reference):
    """Stops a run for any user of the app: what Dify does since 1.9.0."""

    def may_stop(self, run: Run, app: App, user: str) -> bool:
        return run.app == app
