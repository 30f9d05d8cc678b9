"""Unusual servers that take so many requests or runs at a time, and no more."""

import threading
import time
from types import MappingProxyType
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Error, Reference, Refused, Request, Run
from conformance.reference.variants.marking import unusual


@unusual(opens=("stop.robust.side-by-side",))
class LimitsItsRequests(Reference):
    """Takes twenty requests a second, and refuses what is more with 429 and `Retry-After`."""

    refuses_with = 429
    pace = MappingProxyType({"round_seconds": 0.2, "rounds": 30})
    settings = """
[target.trial]
base_url = "{url}"
"""

    def answer(self, request: Request) -> Response:
        if self.count(("second", int(time.monotonic()))) > 20:
            later = (("Retry-After", "1"),)
            raise Refused(Error(self.refuses_with, "too_many_requests", "Too many requests.", later))
        return super().answer(request)


@unusual(opens=("stop.robust.side-by-side",))
class IsOverloaded(LimitsItsRequests):
    """Takes twenty requests a second, and refuses what is more with 503 and `Retry-After`."""

    refuses_with = 503


@unusual()
class LimitsByPage(Reference):
    """Has a gateway that takes four stops of a task at a time, and refuses more with 429 and a page, as nginx does."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        try:
            if self.count(("at a time", task_id)) > 4:
                return Response("<h1>429 Too Many Requests</h1>", 429, content_type="text/html")
            self.pause(0.02)
            return super().do_stop(request, app, task_id)
        finally:
            self.count(("at a time", task_id), -1)


@unusual()
class LimitsItsRuns(Reference):
    """Takes three runs at once, and refuses what is more with 429 and `Retry-After`."""

    settings = """
[target.trial]
base_url = "{url}"
"""

    def start(self, app: App, user: str, rounds: int) -> Run:
        if sum(not run.has_ended for run in self.runs.all()) >= 3:
            raise Refused(Error(429, "too_many_requests", "Too many runs.", (("Retry-After", "1"),)))
        return super().start(app, user, rounds)


@unusual(opens=("stop.lifecycle.second-app",))
class WorksOnTwoRuns(Reference):
    """Works on two runs at a time; the others begin when one of them has ended."""

    settings = """
[target.trial]
base_url = "{url}"

[target.trial.limits]
concurrency = 6
"""

    def __init__(self, **pace: Any) -> None:
        super().__init__(**pace)
        self._places = threading.Semaphore(2)

    def drive(self, run: Run) -> None:
        with self._places:
            super().drive(run)


class _TakesOneRun(Reference):
    """Takes one run at a time, and calls another a conflict."""

    settings = LimitsItsRuns.settings

    def start(self, app: App, user: str, rounds: int) -> Run:
        with self.lock:
            if any(self.is_in_the_way(run, app, user) for run in self.runs.all() if not run.has_ended):
                raise Refused(Error(409, "conflict", "Another run goes on."))
            return super().start(app, user, rounds)

    def is_in_the_way(self, run: Run, app: App, user: str) -> bool:
        raise NotImplementedError


@unusual()
class TakesOneRunOfAUser(_TakesOneRun):
    """Takes one run of a user at a time, and refuses another with 409."""

    def is_in_the_way(self, run: Run, app: App, user: str) -> bool:
        return run.app == app and run.user == user


@unusual()
class TakesOneRunOfAKey(_TakesOneRun):
    """Takes one run of an app at a time, whoever asks, and refuses another with 409."""

    def is_in_the_way(self, run: Run, app: App, user: str) -> bool:
        return run.app == app
