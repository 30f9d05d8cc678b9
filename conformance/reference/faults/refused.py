"""Faults by which a stop is refused and done all the same."""

from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import Error, Reference, Request
from conformance.reference.answers import NO_USER
from conformance.reference.faults.marking import breaks


@breaks("stop.auth.no-effect", "stop.lifecycle.refused-stop")
class RefusesAKeyAndFails(Reference):
    """Refuses a bad key, after it has let the run fail."""

    def refusal(self, request: Request, error: Error) -> Response:
        run = self.runs.by_task(request.task_id)
        if error.status == 401 and run is not None:
            self.finish(run, "failed", "the run was aborted")
        return super().refusal(request, error)


@breaks("stop.auth.no-effect", "stop.lifecycle.refused-stop")
class RefusesAKeyAndStops(Reference):
    """Refuses a bad key, after it has stopped the run."""

    def refusal(self, request: Request, error: Error) -> Response:
        run = self.runs.by_task(request.task_id)
        if error.status == 401 and run is not None:
            self.finish(run, self.stopped, self.stop_reason)
        return super().refusal(request, error)


@breaks("stop.auth.no-effect")
class RefusesNoKeyAndStops(Reference):
    """Refuses a stop without a key, after it has stopped the run."""

    def credential(self, request: Request) -> str:
        run = self.runs.by_task(request.task_id)
        if "Authorization" not in request.headers and run is not None:
            self.finish(run, self.stopped, self.stop_reason)
        return super().credential(request)


@breaks("stop.lifecycle.refused-stop")
class NobodyMayStop(Reference):
    """Refuses a stop in which nobody is named, after it has stopped the run."""

    def refusal(self, request: Request, error: Error) -> Response:
        run = self.runs.by_task(request.task_id)
        if error == NO_USER and run is not None and request.get_data() == b"{}" and not request.query_string:
            self.finish(run, self.stopped, self.stop_reason)
        return super().refusal(request, error)


@breaks("stop.lifecycle.refused-stop")
class RefusesAMethodAndStops(Reference):
    """Answers 405 to other methods, after it has stopped the run."""

    def refusal(self, request: Request, error: Error) -> Response:
        run = self.runs.by_task(request.path.split("/")[-2])
        if error.status == 405 and run is not None:
            self.finish(run, self.stopped, self.stop_reason)
        return super().refusal(request, error)


@breaks("stop.lifecycle.unasked")
class RefusesANumberAndStops(Reference):
    """Refuses a number as user, after it has stopped the run."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        run = self.runs.by_task(request.task_id)
        if run is not None and isinstance(body.get("user"), int):
            self.finish(run, self.stopped, self.stop_reason)
        return super().read_user(request, body)
