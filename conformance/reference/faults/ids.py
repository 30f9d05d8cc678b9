"""Faults in what is taken for the id of a task."""

import re
from urllib.parse import unquote

from werkzeug.wrappers import Response

from conformance.reference import App, Reference, Request, Run
from conformance.reference.faults.marking import breaks


@breaks("stop.robust.decoded-once")
class DecodesTwice(Reference):
    """Decodes the id in the path once more."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        return super().find_run(unquote(task_id), app, user)


@breaks("stop.robust.exact-id")
class Trims(Reference):
    """Takes an id with space around it for the id."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        return super().find_run(task_id.strip(), app, user)


@breaks("stop.robust.exact-id")
class FailsWhatItTrims(Reference):
    """Lets the run fail that is named with space around its id."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = self.runs.by_task(task_id.strip())
        if run is not None and task_id != run.task_id:
            self.finish(run, "failed", "the run was aborted")
        return super().find_run(task_id, app, user)


@breaks("stop.robust.exact-id")
class CutsAtSigns(Reference):
    """Takes what stands before a colon, a comma or an ampersand for the id."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        return super().find_run(re.split("[:,&]", task_id)[0], app, user)


@breaks("stop.robust.exact-id")
class KnowsMatrixParameters(Reference):
    """Takes what follows a semicolon in the id for parameters of the path."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        return super().find_run(task_id.partition(";")[0], app, user)


@breaks("stop.robust.exact-id")
class DropsAnExtension(Reference):
    """Takes `.json` after the id for the format that is asked for."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        return super().find_run(task_id.removesuffix(".json"), app, user)


@breaks("stop.robust.encoded-id")
class TakesTheIdRaw(Reference):
    """Does not decode the id in the path."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        raw = str(request.environ["REQUEST_URI"]).rsplit("/", 2)[1]
        return super().do_stop(request, app, raw)


@breaks("stop.robust.stand-in")
class LooksForIdsWithLike(Reference):
    """Looks for an id with the SQL operator LIKE, to which a percent sign means anything."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = super().find_run(task_id, app, user)
        beginning = task_id.removesuffix("%")
        if run is None and beginning != task_id and len(beginning) > 8:
            found = [one for one in self.runs.all() if one.task_id.startswith(beginning)]
            return found[0] if found else None
        return run


@breaks("stop.robust.stand-in")
class KnowsTheLatest(Reference):
    """Takes the word `latest` for the id of the run that the user started last."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        going_on = [one for one in self.runs.all() if one.user == user and not one.has_ended]
        return going_on[-1] if task_id == "latest" and going_on else super().find_run(task_id, app, user)


@breaks("stop.robust.exact-id")
class ComparesTheEndsOfIds(Reference):
    """Compares both ends of an id, which are what it shows of them."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        ends = (task_id[:8], task_id[-12:])
        alike = (run for run in self.runs.all() if (run.task_id[:8], run.task_id[-12:]) == ends)
        run = next(alike, None)
        return super().find_run(run.task_id if run else task_id, app, user)


class _StopsAllOfTheUser(Reference):
    """Stops whatever the user has, where an id is none."""

    def stop_all(self, app: App, user: str) -> None:
        for run in self.runs.all():
            if self.may_stop(run, app, user):
                self.on_stop(run)


@breaks("stop.robust.stand-in")
class NoIdMeansAll(_StopsAllOfTheUser):
    """Stops all runs of the user where there is nothing in the place of the id."""

    def answer(self, request: Request) -> Response:
        if not str(request.environ["REQUEST_URI"]).endswith("/tasks//stop"):
            return super().answer(request)
        app = self.authenticate(request)
        self.stop_all(app, self.read_user(request, self.read_body(request)))
        return self.success()


@breaks("stop.robust.stand-in")
class WritesIdsIntoItsSql(_StopsAllOfTheUser):
    """Puts the id into its statement as it stands, so that a condition in it may hold for every run."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        if task_id.endswith("' OR '1'='1"):
            self.stop_all(app, user)
        return super().find_run(task_id, app, user)
