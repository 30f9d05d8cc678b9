"""Unusual keys, and ids that go by them."""

from dataclasses import replace
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Reference, Request, Run
from conformance.reference.variants.marking import unusual

NEARLY_WORDS = (
    "workflow1",
    "succeeded2",
    "parameters3",
    "workflow_finished4",
    "completed5",
    "invalid_param6",
)
WORDS = ("workflow", "succeeded", "parameters", "workflow_finished", "not_workflow_app", "invalid_param")
NAMES = (
    "app-workflow",
    "app-parameters",
    "app-testcase",
    "app-of-chatflow",
    "app-completion",
    "app-other-workflow",
)


class _Keys(Reference):
    """Lets in by keys of its own choice."""

    chosen: tuple[str, ...]

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self.apps = tuple(replace(app, key=key) for app, key in zip(self.apps, self.chosen, strict=True))


@unusual()
class HasKeysThatBeginWithWords(_Keys):
    """Has keys that are words of the API but for a digit at the end."""

    chosen = NEARLY_WORDS


@unusual(opens=("stop.auth.not-echoed",))
class HasWordsForKeys(_Keys):
    """Has keys that are words of the API, so that every other answer has one in it."""

    chosen = WORDS


@unusual()
class HasNamesForKeys(_Keys):
    """Has words after app- for keys, and says such words in capitals, and the name of its worker, in every answer."""

    chosen = NAMES

    def exchange(self, request: Request) -> Response:
        response = super().exchange(request)
        response.headers["X-Module"] = "WORKFLOW, TESTCASE, COMPLETION"
        response.headers["X-Served-By"] = "app-worker-1"
        return response


@unusual()
class CountsTheRunsOfEachApp(Reference):
    """Numbers the runs of each app from the same number on, so that runs of two apps have the same task id."""

    def on_start(self, run: Run) -> None:
        run.task_id = f"Run-{7_000_000 + self.count(run.app.variable)}"

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        mine = (run for run in self.runs.all() if run.app == app and run.task_id == task_id)
        run = next(mine, None)
        return run if run is not None and self.may_stop(run, app, user) else None
