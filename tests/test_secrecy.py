"""No key appears in anything printed or written."""

import base64
import html
import json
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from conformance.exchange import Request as Sent
from conformance.masking import Secrets
from conformance.probe.budget import Budget
from conformance.probe.probe import Probe
from conformance.probe.reply import RawRequest, stopwatch
from conformance.reference import Error, Reference, Request, Response
from conformance.reference.variants.keys import HasKeysThatBeginWithWords, HasNamesForKeys, HasWordsForKeys
from conformance.target import Target
from tests.commandline import command
from tests.judged import Judge, Judged
from tests.test_bad_input import answering, read_head

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


def test_a_word_in_other_letter_case_is_no_key(judge: Judge, serving: Callable[[Reference], Any]) -> None:
    server = serving(HasNamesForKeys())
    keys = {"DIFY_API_KEY": "app-workflow"}
    judged = judge("--base-url", server.base_url, "--only", "stop.auth", "--only", "stop.app-mode", env=keys)
    assert judged.results[ECHO] == "pass"
    assert not judged.failed
    assert "needs DIFY_CHAT_API_KEY" in judged.output
    for place in (judged.output, *((judged.reports / name).read_text("utf-8") for name in ("verdict.json",))):
        assert "${DIFY" not in place


@pytest.mark.parametrize(
    "key", ["app-workflow", "app-parameters", "app-testcase", "app-production", "app-20261128"]
)
def test_what_of_a_key_is_a_mere_word_is_not_searched_for(key: str) -> None:
    secrets = Secrets({"DIFY_API_KEY": key}, "/workflows/run workflow_finished parameters")
    bare = key.removeprefix("app-")
    for told in (
        bare,
        bare.upper(),
        bare.title(),
        f"/{bare}s",
        "app-worker-1",
        "DIFY_OTHER_WORKFLOW_API_KEY",
    ):
        assert secrets.mask(told) == told
    assert secrets.mask(f"Bearer {key}") == "Bearer $DIFY_API_KEY"


STRANGE = "app-3kT+9x/Qw7'Zr5&Lm2<Vb8="


@pytest.mark.parametrize(
    "written",
    [
        json.dumps(STRANGE),
        STRANGE.replace("/", "\\/"),
        STRANGE.translate({ord(sign): f"\\u{ord(sign):04X}" for sign in "+&'<"}),
        STRANGE.translate({ord(sign): f"\\u{ord(sign):04x}" for sign in "&'<="}),
        quote(STRANGE, safe=""),
        quote(STRANGE, safe="")
        .replace("%2F", "%2f")
        .replace("%2B", "%2b")
        .replace("%3C", "%3c")
        .replace("%3D", "%3d"),
        quote(STRANGE, safe="!'()*"),
        html.escape(STRANGE),
        html.escape(STRANGE).replace("&#x27;", "&#39;").replace("+", "&#43;"),
        *(
            encode(f"{before}{STRANGE}{after}".encode()).decode("ascii")
            for encode in (base64.b64encode, base64.urlsafe_b64encode)
            for before in ("Bearer ", "user:", "a:", "api:")
            for after in ("", ":", ":secret")
        ),
    ],
)
def test_a_key_is_found_however_an_answer_writes_it(written: str) -> None:
    secrets = Secrets({"DIFY_API_KEY": STRANGE})
    for masked in (secrets.mask(written), secrets.mask_bytes(written.encode()).decode()):
        assert "$DIFY_API_KEY" in masked
        assert not any(written[at : at + 16] in masked for at in range(8, len(written) - 16, 4))


LEAKED = "app-3kT9xQw7Zr5Lm2Vb8Nc4"
HEADERS = (
    f"HTTP/1.1 200 OK\r\nX-{LEAKED}: here\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
)


@pytest.mark.parametrize(
    "answer",
    [
        f"{HEADERS}event: {LEAKED}\ndata: {{}}\n\n",
        f"HTTP/1.1 200 OK\r\nbad header {LEAKED}\r\n\r\n",
        f"nonsense {LEAKED}\r\n\r\n",
        f"HTTP/1.1 200 {LEAKED}\r\nContent-Length: {LEAKED}\r\n\r\n",
    ],
    ids=["names", "no header", "no status line", "no length"],
)
def test_nothing_that_is_recorded_of_an_answer_has_a_key_in_it(
    listening: Callable[[Callable[[socket.socket], None]], int], answer: str
) -> None:
    def handle(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(answer.encode())

    url = f"http://127.0.0.1:{listening(handle)}/v1"
    probe = Probe(Target(url, keys={"DIFY_API_KEY": LEAKED}), Budget(9))
    request = Sent("POST", f"{url}/workflows/run", (("Host", "here"),))
    try:
        stream = probe.listen(request, stopwatch())
        stream.wait_end(3)
        stream.close()
        raw = RawRequest((b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",))
        recorded = [
            stream.reply(),
            probe.send(request, stopwatch()),
            probe.send_raw(raw, stopwatch(), seconds=3),
        ]
    finally:
        probe.close()
    assert LEAKED not in repr(recorded)
    assert "$DIFY_API_KEY" in repr(recorded)


def test_what_a_library_could_not_read_is_told_without_the_key(
    judge: Judge, listening: Callable[[Callable[[socket.socket], None]], int]
) -> None:
    port = listening(answering(f"HTTP/1.1 200 OK\r\nbad header {LEAKED}\r\n\r\n".encode()))
    keys = {"DIFY_API_KEY": LEAKED}
    judged = judge("--base-url", f"http://127.0.0.1:{port}/v1", "--only", "stop.success", env=keys)
    assert judged.exit_code == 4, judged.output
    assert_silent(judged, keys)
    assert "bad header $DIFY_API_KEY" in judged.verdict["summary"]
