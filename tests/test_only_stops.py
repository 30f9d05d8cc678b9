"""Servers that know the stop operation only, as mocks do: judged by what single answers show."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.exceptions import HTTPException, NotFound

from conformance.reference import App, Reference, Refused, Request, Response
from conformance.reference.answers import Error
from tests.judged import Judge

CONTRACT = ("--scope", "contract")
Serving = Callable[[Reference], Any]


class OnlyStops(Reference):
    """Knows the stop operation only, and no task, as a mock made from the document does."""

    def route(self, request: Request) -> tuple[str, dict[str, str]]:
        operation, found = super().route(request)
        if operation != "stop":
            raise NotFound
        return operation, found


def test_a_right_mock_of_the_stop_alone_is_conformant(judge: Judge, serving: Serving) -> None:
    server = serving(OnlyStops())
    judged = judge("--base-url", server.base_url, *CONTRACT, "--strict", env=server.keys)
    assert judged.exit_code == 0, judged.output
    assert set(judged.results.values()) == {"pass"}, judged.output


class KnowsNoTask(OnlyStops):
    """Refuses every task as unknown."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        raise Refused(Error(404, "not_found", "Task not found."))


class KnowsNoTaskNorPath(KnowsNoTask):
    """Refuses what it does not know in JSON: paths in other words than tasks."""

    def route(self, request: Request) -> tuple[str, dict[str, str]]:
        try:
            return super().route(request)
        except NotFound:
            raise Refused(Error(404, "not_found", "Not found.")) from None


@pytest.mark.parametrize("mock", [KnowsNoTask, KnowsNoTaskNorPath])
def test_a_mock_that_knows_no_task_is_told_what_is_missing(
    mock: type[Reference], judge: Judge, serving: Serving
) -> None:
    server = serving(mock())
    quick = ("--effort", "quick")
    judged = judge("--base-url", server.base_url, *CONTRACT, *quick, env=server.keys)
    assert judged.exit_code == 3, judged.output
    assert judged.failed == set(), judged.output
    assert judged.results["stop.user.any-string"] == "inconclusive"
    assert "the plain stop of a made-up task is answered 404" in judged.output


class RefusesAllButLetters(OnlyStops):
    """Refuses users with anything but letters and hyphens in their names."""

    def read_user(self, request: Request, body: Any) -> str:
        user = super().read_user(request, body)
        if not all("a" <= letter <= "z" or letter == "-" for letter in user):
            raise Refused(Error(400, "invalid_param", "user has characters that are not allowed"))
        return user


class AcceptsEverything(OnlyStops):
    """Answers every stop with success, as a mock does that only plays examples."""

    def answer(self, request: Request) -> Response:
        try:
            self.route(request)
        except HTTPException as page:
            return page.get_response(request.environ)
        return self.success()


@pytest.mark.parametrize(
    ("mock", "expected"),
    [
        (OnlyStops, {"stop.body.unknown-members": "pass", "stop.auth.scheme-case": "pass"}),
        (RefusesAllButLetters, {"stop.user.any-string": "fail"}),
        (AcceptsEverything, {"stop.app-mode.message": "inconclusive", "stop.robust.rejects": "inconclusive"}),
    ],
)
def test_a_made_up_task_shows_what_a_run_would(
    judge: Judge, serving: Serving, mock: type[Reference], expected: dict[str, str]
) -> None:
    server = serving(mock())
    only = [word for id_ in expected for word in ("--only", id_)]
    judged = judge("--base-url", server.base_url, *only, "--effort", "quick", env=server.keys)
    assert judged.results == expected, judged.output


def test_whole_conformance_is_not_asked_of_a_mock_without_advice(judge: Judge, serving: Serving) -> None:
    server = serving(OnlyStops())
    judged = judge("--base-url", server.base_url, "--only", "stop.lifecycle.ends", env=server.keys)
    assert judged.exit_code == 3, judged.output
    assert "can be judged with --scope contract" in judged.output
