"""``doctor`` says what can be tested, what to provide for the rest, and ends as ``run`` would."""

import json
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from conformance.reference import App, Error, Reference, Refused, Request, Response
from conformance.requirements import load_catalogue
from tests.commandline import Ran, command
from tests.judged import Judge
from tests.test_bad_input import HTML, REDIRECT, REFUSED, UNKNOWN, HasNothingToRead, Listening, answering

CATALOGUE = load_catalogue()
Serving = Callable[[Reference], Any]


class StartsNothing(Reference):
    """Has no worker that would take a run."""

    def do_run(self, request: Request, app: App) -> Response:
        return self.json({"code": "unavailable", "message": "no worker", "status": 503}, 503)


class KnowsOnlyTheStop(Reference):
    """Knows no operation but the stop, and lets nobody stop anything."""

    def route(self, request: Request) -> tuple[str, dict[str, str]]:
        operation, _ = super().route(request)
        raise Refused(
            Error(403, "forbidden", "No.") if operation == "stop" else Error(404, "not_found", "What?")
        )


def _doctor(folder: Path, url: str, *more: str, keys: Mapping[str, str]) -> Ran:
    return command("doctor", "--base-url", url, *more, reports=folder / "reports", **keys)


def _told(folder: Path, url: str, keys: Mapping[str, str]) -> dict[str, Any]:
    done = _doctor(folder, url, "--json", keys=keys)
    told: dict[str, Any] = json.loads(done.out)
    assert told["exit_code"] == done.code
    lacking = [id_ for lack in told["untestable"] for id_ in lack["ids"]]
    assert sorted([*told["testable"], *lacking]) == sorted(one.id for one in CATALOGUE)
    return told


def test_with_every_key_a_full_verdict_is_possible(serving: Serving, tmp_path: Path) -> None:
    server = serving(Reference())
    told = _told(tmp_path, server.base_url, server.keys)
    assert (told["exit_code"], told["untestable"]) == (0, [])
    text = _doctor(tmp_path, server.base_url, keys=server.keys).out
    assert "129 of 129" in text.replace(str(len(list(CATALOGUE))), "129")
    assert not any(key in text for key in server.keys.values())


def test_without_a_key_it_lists_what_to_provide(serving: Serving, tmp_path: Path) -> None:
    done = _doctor(tmp_path, serving(Reference()).base_url, keys={})
    assert done.code == 3
    assert "0 of" in done.out
    assert "stop.lifecycle.ends" in done.out
    assert "Export DIFY_API_KEY, the key of a published workflow app" in done.out


def test_a_missing_key_of_a_must_is_told(serving: Serving, tmp_path: Path) -> None:
    server = serving(Reference())
    keys = {name: key for name, key in server.keys.items() if name != "DIFY_CHAT_API_KEY"}
    told = _told(tmp_path, server.base_url, keys)
    assert told["exit_code"] == 3
    assert told["untestable"] == [
        {
            "provide": "Export DIFY_CHAT_API_KEY, the key of an app of mode chat.",
            "ids": ["stop.app-mode.chat"],
        }
    ]


@pytest.mark.parametrize("case", ["no run", "another mode"])
def test_what_it_says_can_be_tested_is_decided(
    case: str, serving: Serving, judge: Judge, tmp_path: Path
) -> None:
    server = serving(StartsNothing() if case == "no run" else Reference())
    keys = dict(server.keys)
    if case == "another mode":
        keys = {"DIFY_API_KEY": keys["DIFY_CHAT_API_KEY"]}
    told = _told(tmp_path, server.base_url, keys)
    assert told["exit_code"] == 3
    assert 10 < len(told["testable"]) < 100
    judged = judge("--base-url", server.base_url, env=keys)
    decided = {id_ for id_, result in judged.results.items() if result in {"pass", "fail"}}
    assert set(told["testable"]) <= decided


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (HTML, 4, "web pages"),
        (REDIRECT, 4, "redirects"),
        (UNKNOWN, 4, "Look at --base-url"),
        (REFUSED, 3, "refused by every operation"),
    ],
    ids=["HTML", "redirects", "nothing known", "wrong key"],
)
def test_its_exit_code_is_that_of_run(
    answer: bytes, code: int, said: str, listening: Listening, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{listening(answering(answer))}/v1"
    done = _doctor(tmp_path, url, keys={"DIFY_API_KEY": "app-a-key-that-opens-nothing"})
    assert done.code == code
    assert said in done.out
    assert "Traceback" not in done.err
    assert "0 of" in done.out


def test_a_wrong_key_where_nothing_can_be_read(serving: Serving, tmp_path: Path) -> None:
    server = serving(HasNothingToRead())
    done = _doctor(tmp_path, server.base_url, keys={"DIFY_API_KEY": "app-a-key-that-opens-nothing"})
    assert done.code == 3
    assert "DIFY_API_KEY is refused by every operation" in done.out
    assert "accepted" not in done.out


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (HasNothingToRead, "DIFY_API_KEY is accepted; GET /info"),
        (KnowsOnlyTheStop, "No answer tells whether DIFY_API_KEY is accepted"),
    ],
)
def test_a_key_is_accepted_where_an_answer_says_so(
    kind: type[Reference], said: str, serving: Serving, tmp_path: Path
) -> None:
    server = serving(kind())
    assert said in _doctor(tmp_path, server.base_url, keys=server.keys).out


def test_a_closed_port_and_a_wrong_option(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert _doctor(tmp_path, f"http://127.0.0.1:{port}/v1", keys={}).code == 4
    assert _doctor(tmp_path, "dify.example", keys={}).code == 2
