"""Faults in which apps may stop a workflow."""

from dataclasses import replace
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Error, Reference, Refused, Request
from conformance.reference.answers import INTERNAL, MALFORMED, NOT_WORKFLOW_APP, UNKNOWN_KEY
from conformance.reference.faults.marking import breaks

_ALL = tuple(f"stop.app-mode.{mode}" for mode in ("chat", "agent-chat", "advanced-chat", "completion"))


class _LetsIn(Reference):
    """Lets in the key of one more mode."""

    mode = ""

    def check_mode(self, app: App) -> None:
        if app.mode != self.mode:
            super().check_mode(app)


@breaks("stop.app-mode.chat")
class LetsChatIn(_LetsIn):
    """Answers success to the key of a chat app."""

    mode = "chat"


@breaks("stop.app-mode.agent-chat")
class LetsAgentsIn(_LetsIn):
    """Answers success to the key of an agent."""

    mode = "agent-chat"


@breaks("stop.app-mode.advanced-chat", like="langgenius/dify#18753")
class LetsChatflowsIn(_LetsIn):
    """Answers success to the key of a chatflow, which runs on workflows after all."""

    mode = "advanced-chat"


@breaks("stop.app-mode.completion")
class LetsCompletionIn(_LetsIn):
    """Answers success to the key of a completion app."""

    mode = "completion"


@breaks(*_ALL)
class KnowsNoModes(Reference):
    """Answers success to the key of any app."""

    def check_mode(self, app: App) -> None: ...


class _Refuses(Reference):
    """Refuses other modes in its own way."""

    error = NOT_WORKFLOW_APP

    def refusal(self, request: Request, error: Error) -> Response:
        return super().refusal(request, self.error if error == NOT_WORKFLOW_APP else error)


@breaks(*_ALL)
class OtherModesAreForbidden(_Refuses):
    """Refuses other modes with 403."""

    error = replace(NOT_WORKFLOW_APP, status=403)


@breaks(*_ALL)
class OtherModesAreUnauthorized(_Refuses):
    """Refuses the key of another mode as if it did not know it."""

    error = UNKNOWN_KEY


@breaks(*_ALL)
class OtherModesAreAppUnavailable(_Refuses):
    """Refuses other modes with the code of the completion route."""

    error = replace(NOT_WORKFLOW_APP, code="app_unavailable")


@breaks(*_ALL)
class OtherModesBreakIt(_Refuses):
    """Answers 500 to the key of another mode."""

    error = INTERNAL


@breaks("stop.app-mode.message")
class OtherModesInOtherWords(_Refuses):
    """Refuses other modes in its own words."""

    error = replace(NOT_WORKFLOW_APP, message="This key belongs to another kind of app.")


@breaks("stop.app-mode.no-effect", "stop.lifecycle.refused-stop")
class RefusesAModeAndStops(Reference):
    """Refuses the key of another mode, after it has stopped the run."""

    def refusal(self, request: Request, error: Error) -> Response:
        run = self.runs.by_task(request.task_id)
        if error == NOT_WORKFLOW_APP and run is not None:
            self.finish(run, self.stopped, self.stop_reason)
        return super().refusal(request, error)


@breaks("stop.app-mode.completion")
class CompletionHasAnotherCode(Reference):
    """Refuses a completion app with a code of its own, other modes as documented."""

    def check_mode(self, app: App) -> None:
        if app.mode == "completion":
            raise Refused(replace(NOT_WORKFLOW_APP, code="app_unavailable"))
        super().check_mode(app)


@breaks("stop.app-mode.completion")
class RefusesAModeOnce(Reference):
    """Refuses the key of a completion app once for each task, and takes it for settled from then on."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.refused: set[str] = set()

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        if app.mode == "completion" and task_id in self.refused:
            return self.success()
        if app.mode == "completion":
            self.refused.add(task_id)
        return super().do_stop(request, app, task_id)


@breaks("stop.lifecycle.refused-when-over")
class LetsAgentsInWhenOver(Reference):
    """Answers success to the key of an agent when the run is over."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        run = self.runs.by_task(task_id)
        is_over = run is not None and run.has_ended
        return (
            self.success() if app.mode == "agent-chat" and is_over else super().do_stop(request, app, task_id)
        )


@breaks("stop.lifecycle.refused-when-unknown")
class OtherModesBreakOnBadBodies(Reference):
    """Answers 500 when the app is no workflow and the body no JSON."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        if app.mode == "workflow":
            return super().do_stop(request, app, task_id)
        try:
            return super().do_stop(request, app, task_id)
        except Refused as refused:
            raise Refused(INTERNAL if refused.error == MALFORMED else refused.error) from refused


@breaks("stop.lifecycle.refused-when-unknown")
class TwoMistakesBreakIt(Reference):
    """Answers 500 when the app is no workflow and no user is named."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        if app.mode != "workflow" and not self.read_body(request).get("user"):
            raise Refused(INTERNAL)
        return super().do_stop(request, app, task_id)


@breaks("stop.lifecycle.other-app")
class ForeignTasksBreakIt(Reference):
    """Answers 500 to the stop of a task that another app has."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        run = self.runs.by_task(task_id)
        if run is not None and app.mode == "workflow" and run.app is not app:
            raise Refused(INTERNAL)
        return super().do_stop(request, app, task_id)
