"""No key appears in anything printed or written."""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from conformance.reference import Error, Reference, Request, Response
from conformance.reference.variants.keys import HasKeysThatBeginWithWords, HasWordsForKeys
from tests.commandline import command
from tests.judged import Judge, Judged

VERBOSE = ("-vv", "-l", "--tb=long", "-rA")
PYTEST = (sys.executable, "-m", "pytest", "conformance")


class EchoesTheKey(Reference):
    """Repeats the Authorization header in a header and in the message of each refusal."""

    def envelope(self, error: Error) -> dict[str, Any]:
        return {**super().envelope(error), "message": f"refused: {self.heard}"}

    heard = ""

    def exchange(self, request: Request) -> Response:
        self.heard = request.headers.get("Authorization", "")
        response = super().exchange(request)
        response.headers["X-Heard"] = self.heard
        return response


def assert_silent(judged: Judged, keys: dict[str, str]) -> None:
    written = {
        path.name: path.read_text("utf-8", "replace") for path in judged.reports.rglob("*") if path.is_file()
    }
    assert {"run.jsonl", "verdict.json"} <= set(written)
    for place, text in {"output": judged.output, **written}.items():
        for name, key in keys.items():
            halves = (key[: len(key) // 2], key[len(key) // 2 + 1 :])  # of a key with another letter between
            for form in (key, key[:-1], key.upper(), key.lower(), *halves):
                assert form not in text, f"{name} is in {place}"


@pytest.mark.parametrize("program", [(), PYTEST], ids=["run", "pytest"])
def test_no_key_appears_anywhere(
    judge: Judge, serving: Callable[[Reference], Any], program: tuple[str, ...]
) -> None:
    server = serving(EchoesTheKey())
    separator = () if program else ("--",)
    judged = judge(
        "--base-url", server.base_url, "--only", "stop.auth", "--only", "stop.app-mode", *separator, *VERBOSE,
        env=server.keys, program=program,
    )  # fmt: skip
    assert judged.exit_code == 1, judged.output
    assert "stop.auth.not-echoed" in judged.failed
    assert_silent(judged, dict(server.keys))


def test_a_crash_of_the_suite_shows_no_key(
    judge: Judge, serving: Callable[[Reference], Any], tmp_path: Any
) -> None:
    server = serving(Reference())
    crash = tmp_path / "crash.py"
    crash.write_text(
        "from conformance.scenarios.stage import Stage\n"
        "def stop(self, run, case, **about):\n"
        "    keys = dict(self.keys)\n"
        "    raise TypeError(f'crashed with {keys}')\n"
        "Stage.stop = stop\n"
    )
    judged = judge(
        "--base-url", server.base_url, "--only", "stop.success", "--", *VERBOSE, "-p", "crash",
        env={**server.keys, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert judged.exit_code == 4, judged.output
    assert "harness fault" in judged.output
    assert_silent(judged, dict(server.keys))


ECHO = "stop.auth.not-echoed"


class EchoesKeysOfItsOwn(EchoesTheKey):
    """Repeats keys that are words of the API but for a digit at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.apps = HasKeysThatBeginWithWords().apps


def test_what_begins_with_a_word_is_a_key_all_the_same(
    judge: Judge, serving: Callable[[Reference], Any]
) -> None:
    server = serving(EchoesKeysOfItsOwn())
    judged = judge(
        "--base-url", server.base_url, "--only", "stop.auth", "--only", "stop.app-mode", env=server.keys
    )  # fmt: skip
    assert ECHO in judged.failed
    for path in ("run.jsonl", "verdict.json", "report.html"):
        written = (judged.reports / path).read_text("utf-8")
        assert not [key for key in server.keys.values() if key in written], path
    assert "workflow" in (judged.reports / "verdict.json").read_text("utf-8")


@pytest.mark.parametrize(
    ("key", "searched"),
    [
        ("not_workflow_app", False),
        ("k", False),
        ("1234567", False),
        ("app-1", True),
        ("app-1234", True),
        ("workflow1", True),
    ],
)
def test_a_key_that_answers_are_not_searched_for_leaves_it_open_whether_any_has_it(
    judge: Judge, serving: Callable[[Reference], Any], key: str, searched: bool
) -> None:
    reference = Reference()
    first, *others = reference.apps
    reference.apps = (replace(first, key=key), *others)
    server = serving(reference)
    judged = judge("--base-url", server.base_url, "--only", "stop.auth", env=server.keys)
    assert not judged.failed
    assert judged.results[ECHO] == ("pass" if searched else "inconclusive")
    notice = "DIFY_API_KEY: too short or too ordinary to be searched for in answers"
    assert (notice in judged.output) is not searched
    assert "Traceback" not in judged.output
    again = command(
        "judge", str(judged.reports / "run.jsonl"), "--reports", str(judged.reports / "again"),
        reports=judged.reports,
    )  # fmt: skip
    assert again.out.endswith("the same as recorded\n"), again.out


def test_a_key_of_one_letter_is_not_shortened(judge: Judge, serving: Callable[[Reference], Any]) -> None:
    reference = Reference()
    first, *others = reference.apps
    reference.apps = (replace(first, key="k"), *others)
    server = serving(reference)
    judged = judge("--base-url", server.base_url, "--only", "stop.auth.shortened-key", env=server.keys)
    (line,) = judged.verdict["requirements"]
    assert line["result"] == "inconclusive"
    assert "DIFY_API_KEY is one letter" in line["reason"]


def test_keys_that_are_words_garble_nothing(judge: Judge, serving: Callable[[Reference], Any]) -> None:
    server = serving(HasWordsForKeys())
    judged = judge("--base-url", server.base_url, "--effort", "quick", env=server.keys)
    assert not judged.failed
    assert {id_ for id_, result in judged.results.items() if result != "pass"} == {ECHO}
    assert "$DIFY" not in (judged.reports / "verdict.json").read_text("utf-8")
