"""Faults that need a history: what was asked before decides whether a stop is done."""

import re
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Error, Reference, Request, Run
from conformance.reference.faults.marking import breaks


class _Loses(Reference):
    """Loses the stops of runs that it has marked."""

    def spoil(self, run: Run) -> None:
        self.count(("spoilt", run.id))

    def on_stop(self, run: Run) -> None:
        if self.count(("spoilt", run.id), 0) == 0:
            super().on_stop(run)


@breaks("stop.lifecycle.any-sequence")
class StopAfterALookIsLost(_Loses):
    """Loses the stop of a run whose detail was read more than once while it went on."""

    def detail(self, run: Run) -> dict[str, Any]:
        if not run.has_ended and self.count(("looks", run.id)) > 1:
            self.spoil(run)
        return super().detail(run)


@breaks("stop.lifecycle.any-sequence")
class StopAfterARefusalIsLost(_Loses):
    """Loses the stop of a run for which a stop was refused before."""

    def refusal(self, request: Request, error: Error) -> Response:
        run = self.runs.by_task(request.task_id)
        if run is not None:
            self.spoil(run)
        return super().refusal(request, error)


@breaks("stop.lifecycle.any-sequence")
class StopAfterAStrangerIsLost(_Loses):
    """Loses the stop of a run that somebody else has tried to stop."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = self.runs.by_task(task_id)
        if run is not None and run.user != user:
            self.spoil(run)
        return super().find_run(task_id, app, user)


@breaks("stop.lifecycle.any-sequence")
class StopAfterAnUnknownTaskIsLost(_Loses):
    """Loses the stops of a user who has asked for a task that there is not."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        looks_like_one = re.fullmatch(r"[0-9a-f]{8}-[0-9a-f-]{27}", task_id)
        run = self.runs.by_task(task_id)
        if run is None and looks_like_one:
            self.count(("confused", user))
        if run is not None and self.count(("confused", user), 0) > 0:
            self.spoil(run)
        return super().find_run(task_id, app, user)
