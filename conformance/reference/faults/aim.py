"""Faults in which run a stop is for."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Error, Event, Reference, Refused, Request, Run
from conformance.reference.answers import NO_SUCH_RUN
from conformance.reference.faults.marking import breaks


@breaks("stop.lifecycle.right-run", "stop.lifecycle.other-runs")
class StopsTheNewestRun(Reference):
    """Stops the run that was started last, whichever was named."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = super().find_run(task_id, app, user)
        under_way = [one for one in self.runs.all() if one.steps]
        return under_way[-1] if run is not None else None


@breaks("stop.lifecycle.right-run", "stop.lifecycle.other-runs")
class StopsTheOldestRun(Reference):
    """Stops the oldest run of the user that goes on, whichever was named."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = super().find_run(task_id, app, user)
        going_on = [one for one in self.runs.all() if not one.has_ended and one.user == user]
        return going_on[0] if run is not None and going_on else run


@breaks("stop.lifecycle.other-runs")
class StopsAllRuns(Reference):
    """Stops every run that goes on, whose ever it is."""

    def on_stop(self, run: Run) -> None:
        for one in self.runs.all():
            if one.steps:
                super().on_stop(one)


@breaks("stop.lifecycle.other-runs")
class FailsTheOtherRuns(Reference):
    """Lets every other run of the same user fail."""

    def on_stop(self, run: Run) -> None:
        super().on_stop(run)
        for one in self.runs.all():
            if one.user == run.user and one is not run and one.steps and not one.stop_requests:
                self.finish(one, "failed", "The worker was lost.")


@breaks("stop.lifecycle.other-runs")
class StopsAllRunsOfTheUser(Reference):
    """Stops every run of the same user."""

    def on_stop(self, run: Run) -> None:
        for one in self.runs.all():
            if one.user == run.user and (one is run or one.steps):
                super().on_stop(one)


@breaks("stop.lifecycle.other-runs")
class StopsOlderRuns(Reference):
    """Stops the runs of the same user that were started before, too."""

    def on_stop(self, run: Run) -> None:
        for one in self.runs.all():
            if one.user == run.user and (one is run or one.steps):
                super().on_stop(one)
            if one is run:
                return


@breaks("stop.lifecycle.other-runs")
class FailsOtherRuns(Reference):
    """Ends the younger runs of the same user without a word when one is stopped."""

    def on_stop(self, run: Run) -> None:
        super().on_stop(run)
        runs = self.runs.all()
        for one in runs[runs.index(run) + 1 :]:
            if one.user == run.user:
                one.cut()


@breaks("stop.lifecycle.other-runs")
class StopsBlockingRuns(Reference):
    """Stops the runs of the same user that are in blocking mode."""

    pace = MappingProxyType({"round_seconds": 0.1})

    def run_blocking(self, run: Run) -> dict[str, Any]:
        self.count(("blocking", run.id))
        return super().run_blocking(run)

    def on_stop(self, run: Run) -> None:
        for one in self.runs.all():
            if one is run or (one.user == run.user and self.count(("blocking", one.id), 0)):
                super().on_stop(one)


@breaks("stop.lifecycle.other-runs")
class StopsRunsOfOtherApps(Reference):
    """Stops the runs that a user of the same name has in other apps."""

    def on_stop(self, run: Run) -> None:
        for one in self.runs.all():
            if one is run or (one.user == run.user and one.app != run.app):
                super().on_stop(one)


@breaks("stop.lifecycle.shortened-id")
class StopsByPrefix(Reference):
    """Takes the beginning of a task id for the id."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        exact = super().find_run(task_id, app, user)
        like = (
            run
            for run in self.runs.all()
            if run.task_id.startswith(task_id) and self.may_stop(run, app, user)
        )
        return exact or next(like, None)


@breaks("stop.lifecycle.letter-case")
class FoldsTaskIds(Reference):
    """Compares task ids without regard to letter case."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        return super().find_run(task_id.lower(), app, user)


@breaks("stop.lifecycle.run-id")
class TakesRunIds(Reference):
    """Takes a `workflow_run_id` for a task id."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        return self.runs.by_id(task_id) or super().find_run(task_id, app, user)


@breaks("stop.lifecycle.run-id")
class TakesIdsOfWorkflows(Reference):
    """Takes the id of a workflow for its newest run of the user."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        of_it = [run for run in self.runs.all() if run.user == user and run.app.workflow_id == task_id]
        return of_it[-1] if of_it else super().find_run(task_id, app, user)


@breaks("stop.lifecycle.next-run")
class RefusesTheNextRun(Reference):
    """Refuses to start a run for a second after one of the same user was stopped."""

    def on_stop(self, run: Run) -> None:
        if not run.has_ended:
            self.count(("stopped", run.user))
            self.later(1.0, lambda: self.count(("stopped", run.user), -1))
        super().on_stop(run)

    def start(self, app: App, user: str, rounds: int) -> Run:
        if self.count(("stopped", user), 0) > 0:
            raise Refused(Error(409, "conflict", "A run of this user is being stopped."))
        return super().start(app, user, rounds)


@breaks("stop.lifecycle.id-elsewhere")
class ReadsTaskIdsFromTheBody(Reference):
    """Prefers a task id in the body to that in the path."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        named = self.read_body(request).get("task_id")
        return super().do_stop(request, app, named if isinstance(named, str) else task_id)


@breaks("stop.lifecycle.id-elsewhere")
class ReadsTaskIdsFromTheQuery(Reference):
    """Prefers a task id in the query string to that in the path."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        return super().do_stop(request, app, request.args.get("task_id", task_id))


@breaks("stop.lifecycle.other-app")
class OtherAppsMayStop(Reference):
    """Stops a run of another app: what Dify does since 1.9.0."""

    def may_stop(self, run: Run, app: App, user: str) -> bool:
        return run.user == user


@breaks("stop.lifecycle.other-app")
class AnybodyMayStop(Reference):
    """Asks neither for the app nor for the user of a run."""

    def may_stop(self, run: Run, app: App, user: str) -> bool:
        return True


@breaks("stop.lifecycle.other-app", "stop.lifecycle.refused-stop")
class OtherAppsAreRefusedTooLate(Reference):
    """Answers 404 to the key of another app, and has stopped the run by then."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = self.runs.by_task(task_id)
        if run is not None and run.app != app:
            self.on_stop(run)
            raise Refused(NO_SUCH_RUN)
        return super().find_run(task_id, app, user)


@breaks("stop.lifecycle.next-run", like="langgenius/dify#40878")
class NextRunIsBornStopped(Reference):
    """Keeps the signal of a stop, and stops the next run of the user by it."""

    def on_stop(self, run: Run) -> None:
        if super().finish(run, self.stopped, self.stop_reason):
            self.count(("left over", run.user))

    def script(self, run: Run) -> Iterator[Event]:
        for number, event in enumerate(super().script(run)):
            yield event
            if number == 0 and self.count(("left over", run.user), 0) > 0:
                self.count(("left over", run.user), -1)
                self.later(0.1, lambda: self.finish(run, self.stopped, self.stop_reason))


@breaks("stop.lifecycle.next-run")
class NextRunEndsAtOnce(Reference):
    """Ends the next run of a user before its first node."""

    def on_stop(self, run: Run) -> None:
        super().on_stop(run)
        self.count(("left over", run.user))

    def script(self, run: Run) -> Iterator[Event]:
        left_over = self.count(("left over", run.user), 0)
        for event in super().script(run):
            if event["event"] == "node_started" and left_over > 0:
                self.count(("left over", run.user), -left_over)
                self.finish(run, self.stopped, self.stop_reason)
            yield event


@breaks("stop.lifecycle.unasked")
class StopsTheOtherApp(Reference):
    """Stops the runs of all other apps along with a run of the first."""

    def on_stop(self, run: Run) -> None:
        super().on_stop(run)
        for other in self.runs.all():
            if run.app == self.apps[0] != other.app and not other.has_ended:
                self.finish(other, self.stopped, self.stop_reason)


@breaks("stop.lifecycle.next-run")
class SecondStopsHitTheNext(Reference):
    """Hands the second stop of a run that is over to the next one of the same user."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = super().find_run(task_id, app, user)
        if run is None or run.status != self.stopped:
            return run
        later = [
            one for one in self.runs.all() if one.user == user and one.age < run.age and not one.has_ended
        ]
        return min(later, key=lambda one: one.age) if later else run
