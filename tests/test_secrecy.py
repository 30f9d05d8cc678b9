"""No key appears in anything printed or written."""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from conformance.reference import Error, Reference, Request, Response
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
            for form in (key, key[:-1], key.upper(), key.lower()):
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


def test_a_key_of_one_letter_is_not_shortened(judge: Judge, serving: Callable[[Reference], Any]) -> None:
    reference = Reference()
    first, *others = reference.apps
    reference.apps = (replace(first, key="k"), *others)
    server = serving(reference)
    judged = judge("--base-url", server.base_url, "--only", "stop.auth.shortened-key", env=server.keys)
    (line,) = judged.verdict["requirements"]
    assert line["result"] == "inconclusive"
    assert "DIFY_API_KEY is one letter" in line["reason"]
