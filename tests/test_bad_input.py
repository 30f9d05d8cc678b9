"""Whatever is wrong outside the suite gives one clear paragraph, the right exit code, and no traceback."""

import itertools
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.exceptions import NotFound

from conformance.folder import OWN, TABLE, VERDICT
from conformance.reference import App, Error, Reference, Refused, Request, Response, Run
from conformance.report.files import REPORTS
from tests.commandline import command
from tests.judged import Judge, Judged

DATA = Path(__file__).parent / "data"
KEY = {"DIFY_API_KEY": "app-a-key-that-opens-nothing"}
QUICK = ("--only", "stop.success", "--answer-deadline", "2")
Listening = Callable[[Callable[[socket.socket], None]], int]


def read_head(connection: socket.socket) -> bytes:
    """The head of a request, empty when the connection was closed."""
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            return b""
        received += chunk
    return received


def answering(answer: bytes) -> Callable[[socket.socket], None]:
    """Give the same answer to every request of a connection."""

    def handle(connection: socket.socket) -> None:
        while read_head(connection):
            connection.sendall(answer)

    return handle


def with_body(head: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def silence(connection: socket.socket) -> None:
    while connection.recv(65536):
        continue


def a_gigabyte(connection: socket.socket) -> None:
    read_head(connection)
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n"
    )
    for _ in range(1000):
        connection.sendall(b"x" * 1_000_000)


def a_byte_now_and_then(connection: socket.socket) -> None:
    read_head(connection)
    for byte in itertools.chain(b"HTTP/1.1 200 OK\r\n", itertools.repeat(ord("x"), 600)):
        connection.sendall(bytes([byte]))
        time.sleep(0.2)


HTML = with_body("200 OK\r\nContent-Type: text/html", b"<!doctype html><title>Dify</title>")
REDIRECT = with_body("302 Found\r\nLocation: /v1/again", b"")
UNKNOWN = with_body("404 Not Found\r\nContent-Type: application/json", b'{"detail": "Not Found"}')
REFUSED = with_body(
    "401 UNAUTHORIZED\r\nContent-Type: application/json",
    b'{"code": "unauthorized", "message": "Access token is invalid", "status": 401}',
)


def assert_told(judged: Judged, exit_code: int, *words: str) -> None:
    last = judged.output.rstrip().splitlines()[-1]
    assert judged.exit_code == exit_code, judged.output
    assert "Traceback" not in judged.output
    for word in words:
        assert word in last, judged.output


@pytest.mark.parametrize(
    ("handle", "exit_code", "words"),
    [
        (silence, 4, ("unreachable:", "no whole answer")),
        (answering(HTML), 4, ("web pages", "/v1")),
        (answering(REDIRECT), 4, ("redirects", "--base-url")),
        (answering(b"\x00\x01 hello\r\n\r\n"), 4, ("is not HTTP",)),
        (a_gigabyte, 4, ("longer than",)),
        (a_byte_now_and_then, 4, ("no whole answer",)),
        (answering(REFUSED), 3, ("incomplete:", "DIFY_API_KEY", "refused")),
    ],
    ids=["silent", "HTML", "redirect loop", "no HTTP", "a gigabyte", "a byte now and then", "wrong key"],
)
def test_a_target_that_is_none(
    judge: Judge,
    listening: Listening,
    handle: Callable[[socket.socket], None],
    exit_code: int,
    words: tuple[str, ...],
) -> None:
    port = listening(handle)
    began = time.monotonic()
    judged = judge("--base-url", f"http://127.0.0.1:{port}/v1", *QUICK, env=KEY)
    assert_told(judged, exit_code, *words)
    assert time.monotonic() - began < 30
    assert judged.verdict["exit_code"] == exit_code
    assert (judged.reports / "run.jsonl").read_text("utf-8").count('"type":"exchange"') >= 2


def test_a_closed_port(judge: Judge) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    judged = judge("--base-url", f"http://127.0.0.1:{port}/v1", *QUICK, env=KEY)
    assert_told(judged, 4, "unreachable:", "Is the server up")
    assert judged.verdict["outcome"] == "unreachable"


def test_a_certificate_that_nobody_vouches_for(judge: Judge, listening: Listening) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(DATA / "self-signed.pem", DATA / "self-signed.key")

    def handle(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            answering(REFUSED)(secured)

    url = f"https://localhost:{listening(handle)}/v1"
    assert_told(judge("--base-url", url, *QUICK, env=KEY), 4, "certificate", "--ca")
    for trusting in (("--insecure",), ("--ca", str(DATA / "self-signed.pem"))):
        assert_told(judge("--base-url", url, *QUICK, *trusting, env=KEY), 3, "DIFY_API_KEY")


def no_tls(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(with_body("400 Bad Request", b"") + b"<p>What is this?</p>")


def no_answer(connection: socket.socket) -> None:
    connection.recv(65536)


@pytest.mark.parametrize("handle", [silence, no_tls, no_answer])
def test_https_where_a_port_speaks_plain_http(
    judge: Judge, listening: Listening, handle: Callable[[socket.socket], None]
) -> None:
    url = f"https://127.0.0.1:{listening(handle)}/v1"
    judged = judge("--base-url", url, *QUICK, env=KEY)
    assert_told(judged, 4, "unreachable:", "may speak plain HTTP", "http://")
    assert "--ca" not in judged.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--base-url", "dify.example"), ("'dify.example'", "https://")),
        (("--base-url", "ftp://dify.example/v1"), ("https://",)),
        (("--base-url", "http://name:secret@dify.example/v1"), ("user name", "headers")),
        (("--spec", "absent.yaml"), ("absent.yaml",)),
        (("--spec", "."), ("directory",)),
        (("--config", "absent.toml"), ("absent.toml", "--config")),
        (("--target", "staging"), ("'staging'", "none")),
        (("--inputs", "[1]"), ("--inputs", "object")),
        (("--ca", "absent.pem", "--base-url", "https://localhost:1/v1"), ("PEM",)),
        (("--effort", "heroic"), ("--effort",)),
        (("--concurrency", "1"), ("3 runs must be alive at once", "--rate")),
        (("--concurrency", "2", "--base-url", "http://127.0.0.1:1/v1"), ("3 runs must be alive at once",)),
        (("--reports", "/dev/null/reports"), ("--reports",)),
    ],
)
def test_an_option_that_cannot_be_used(
    judge: Judge, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    judged = judge(*arguments, env=KEY)
    assert judged.exit_code == 2, judged.output
    assert "Traceback" not in judged.output
    for word in words:
        assert word in judged.output


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[target.a\n", ("not valid TOML",)),
        ("[target.a]\nbase_url = 'http://127.0.0.1:1'\ncolour = 'red'\n", ("colour", "known are")),
        (
            "[target.a]\nbase_url = 'http://127.0.0.1:1'\n[target.a.deadlines]\nstop = 'soon'\n",
            ("stop", "number"),
        ),
        ("[target.a]\nbase_url = 'http://127.0.0.1:1'\n[target.a.limits]\nconcurrency = 2\n", ("3 runs",)),
        ("[target.a]\nbase_url = 'http://127.0.0.1:1'\nkeys = {DIFY_KEY = 'X'}\n", ("DIFY_KEY",)),
        ("[target.a]\nbase_url = 'http://127.0.0.1:1'\nheaders = {X-Token = '$ABSENT'}\n", ("$ABSENT",)),
    ],
)
def test_a_configuration_that_cannot_be_used(
    judge: Judge, tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    (tmp_path / "dify-conformance.toml").write_text(text)
    judged = judge(env=KEY)
    assert judged.exit_code == 2, judged.output
    assert "Traceback" not in judged.output
    for word in words:
        assert word in judged.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("--spec", "absent.yaml"),
        ("--config", "absent.toml"),
        ("--baseline", "absent.toml"),
        ("--inputs", "[1]"),
        ("--only", "stop.nothing"),
        ("--effort", "heroic"),
        ("--no-such-option",),
        ("--target", "a", "--target", "b", "--base-url", "http://127.0.0.1:1"),
    ],
    ids=lambda words: words[0],
)
def test_no_older_verdict_outlives_a_wrong_option(
    judge: Judge, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    for name in (*OWN, "notes.txt"):
        (reports / name).write_text("conformant", "utf-8")
    assert judge(*arguments, env=KEY).exit_code == 2
    left = {file.name for file in reports.iterdir()}
    assert "notes.txt" in left
    assert not [name for name in left & set(OWN) if "conformant" in (reports / name).read_text("utf-8")]


@pytest.mark.parametrize("empty", ["", " "], ids=["nothing", "a blank"])
@pytest.mark.parametrize(
    "words", [("run",), ("run", "--no-such-option"), ("judge", "run.jsonl"), ("prove", "--only", "says-ok")]
)
def test_a_reports_directory_without_a_name_is_not_the_current_one(
    tmp_path: Path, words: tuple[str, ...], empty: str
) -> None:
    for name in OWN:
        (tmp_path / name).write_text("mine", "utf-8")
    for given in (("--reports", empty), (f"--reports={empty}",)):
        done = command(*words, *given, reports=tmp_path / "reports")
        assert (done.code, done.out) == (2, "")
        assert "is a variable not set" in done.err or "--no-such-option" in done.err
    assert {path.name for path in tmp_path.iterdir()} == set(OWN)


def test_pytest_takes_no_reports_directory_without_a_name_either(judge: Judge, tmp_path: Path) -> None:
    judged = judge(program=(sys.executable, "-m", "pytest", "conformance", "--reports", ""))
    assert "is a variable not set" in judged.output
    assert not list(tmp_path.iterdir())


def test_a_recording_that_cannot_be_judged_leaves_no_older_verdict(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    for name in ("verdict.json", "run.jsonl"):
        (reports / name).write_text("conformant", "utf-8")
    assert command("judge", str(reports / "run.jsonl"), reports=reports).code == 2
    assert [file.name for file in reports.iterdir()] == ["run.jsonl"]


def test_every_report_is_known_to_be_ours() -> None:
    assert {VERDICT, TABLE, *REPORTS} == set(OWN)


def test_a_target_of_the_configuration(
    judge: Judge, serving: Callable[[Reference], Any], tmp_path: Path
) -> None:
    server = serving(Reference())
    (tmp_path / "dify-conformance.toml").write_text(
        f"[target.staging]\nbase_url = '{server.base_url}'\nkeys = {{ DIFY_API_KEY = 'STAGING_KEY' }}\n"
        "inputs = { rounds = 20 }\nheaders = { X-Gateway-Token = '$TOKEN' }\n[target.staging.deadlines]\nstop = 5\n"
    )
    env = {"STAGING_KEY": server.keys["DIFY_API_KEY"], "TOKEN": "a-token-of-the-gateway"}
    judged = judge("--target", "staging", "--only", "stop.success", env=env)
    assert judged.exit_code == 0, judged.output
    assert judged.verdict["target"]["name"] == "staging"
    assert "a-token-of-the-gateway" not in judged.output + (judged.reports / "run.jsonl").read_text("utf-8")


class StreamsForEver(Reference):
    """Sends events without end into every answer of the stop operation."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        super().do_stop(request, app, task_id)
        return Response(_for_ever(), content_type="application/json")


def _for_ever() -> Iterator[bytes]:
    return itertools.repeat(b" " * 65536, 16_000)


def test_an_endless_answer_is_cut_and_judged(judge: Judge, serving: Callable[[Reference], Any]) -> None:
    server = serving(StreamsForEver())
    judged = judge("--base-url", server.base_url, "--only", "stop.success", env=server.keys)
    assert judged.exit_code == 1, judged.output
    assert "longer than" in judged.output
    assert (judged.reports / "run.jsonl").stat().st_size < 20_000_000


class SendsAlmostTooMuch(Reference):
    """Answers every stop with as much as one answer may have."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        super().do_stop(request, app, task_id)
        return Response(itertools.repeat(b" " * 65536, 15), content_type="application/json")


def test_what_is_kept_of_a_session_has_a_limit(judge: Judge, serving: Callable[[Reference], Any]) -> None:
    server = serving(SendsAlmostTooMuch())
    judged = judge("--base-url", server.base_url, env=server.keys)
    assert judged.exit_code in {1, 3}, judged.output
    assert "limits.received" in judged.output
    assert "Traceback" not in judged.output
    assert (judged.reports / "run.jsonl").stat().st_size < 150_000_000
    assert judged.memory < 400


def test_a_base_url_without_its_path(judge: Judge, serving: Callable[[Reference], Any]) -> None:
    server = serving(Reference())
    judged = judge("--base-url", server.base_url.removesuffix("/v1"), *QUICK, env=server.keys)
    assert_told(judged, 4, "web pages", "ends in /v1")


class IsElsewhere(Reference):
    """Answers every request as a framework answers whose routes are below another path."""

    template = '{"detail": "Not Found"}'

    def answer(self, request: Request) -> Response:
        told = {
            "METHOD": request.method,
            "PATH": request.path,
            "NAME": request.path.removeprefix("/").removeprefix("v1/"),
            "NUMBER": str(self.count("requests", 0)),
        }
        text = self.template
        for name, value in told.items():
            text = text.replace(name, value)
        return Response(text, 404, content_type="application/json")


class RepeatsTheRequest(IsElsewhere):
    """Says which request it was, and when."""

    template = '{"at": "2026-11-27T10:00:NUMBER", "error": "Cannot METHOD PATH", "message": "NAME not found"}'


class SaysNothing(IsElsewhere):
    """Answers without a body."""

    template = ""


@pytest.mark.parametrize("kind", [IsElsewhere, RepeatsTheRequest, SaysNothing])
def test_a_base_url_where_nothing_is_known(
    judge: Judge, serving: Callable[[Reference], Any], kind: type[Reference]
) -> None:
    quick = ("--only", "stop.auth", "--effort", "quick")
    judged = judge("--base-url", serving(kind()).base_url, *quick, env=KEY)
    assert_told(
        judged,
        4,
        "unreachable:",
        "no operation",
        "POST /v1/workflows/run too (404",
        "Look at --base-url",
        "ends in /v1",
    )
    assert judged.failed == set(), judged.output


class KnowsOnlyRunsAndStops(Reference):
    """Has nothing but web pages for the app's description, and for a task that does not exist."""

    def route(self, request: Request) -> tuple[str, dict[str, str]]:
        operation, found = super().route(request)
        if operation in {"info", "parameters"} or not self.knows(found.get("task_id")):
            raise NotFound
        return operation, found

    def knows(self, task_id: str | None) -> bool:
        return task_id is None or any(run.task_id == task_id for run in self.runs.all())


def test_pages_for_what_does_not_exist_are_no_proof(
    judge: Judge, serving: Callable[[Reference], Any]
) -> None:
    server = serving(KnowsOnlyRunsAndStops())
    judged = judge("--base-url", server.base_url, *QUICK, env=server.keys)
    assert judged.exit_code == 0, judged.output


class HasNothingToRead(Reference):
    """Does not know the operations that describe the app, whoever asks."""

    def route(self, request: Request) -> tuple[str, dict[str, str]]:
        operation, found = super().route(request)
        if operation in {"info", "parameters"}:
            raise Refused(Error(404, "not_found", "There is no such thing."))
        return operation, found


class HasNoForm(Reference):
    """Knows no operation that gives the input form, and says that no method is for it."""

    def route(self, request: Request) -> tuple[str, dict[str, str]]:
        operation, found = super().route(request)
        if operation == "parameters":
            raise Refused(Error(405, "method_not_allowed", "There is no such thing."))
        return operation, found


@pytest.mark.parametrize("kind", [HasNothingToRead, HasNoForm])
def test_a_wrong_key_where_operations_to_read_are_missing(
    judge: Judge, serving: Callable[[Reference], Any], kind: type[Reference]
) -> None:
    only = ("--only", "stop.body", "--only", "stop.user.missing", "--effort", "quick")
    judged = judge("--base-url", serving(kind()).base_url, *only, env=KEY)
    assert_told(judged, 3, "incomplete:", "DIFY_API_KEY is refused by every operation (401")
    assert judged.failed == set(), judged.output


class KnowsNoOtherTask(HasNothingToRead):
    """Does not know a task that it has not begun, and says so in the words that it has for unknown paths."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = super().find_run(task_id, app, user)
        if run is None:
            raise Refused(Error(404, "not_found", "There is no such thing."))
        return run


@pytest.mark.parametrize("kind", [HasNothingToRead, KnowsNoOtherTask])
def test_a_right_key_where_operations_to_read_are_missing(
    judge: Judge, serving: Callable[[Reference], Any], kind: type[Reference]
) -> None:
    server = serving(kind())
    judged = judge("--base-url", server.base_url, *QUICK, env=server.keys)
    assert judged.exit_code == 0, judged.output


def test_an_id_that_no_requirement_has(judge: Judge) -> None:
    judged = judge("--only", "stop.absent")
    assert judged.exit_code == 2, judged.output
    assert judged.output.strip().startswith("--only stop.absent:")


def test_a_suite_that_cannot_be_read_is_a_fault_of_ours(judge: Judge, tmp_path: Path) -> None:
    broken = tmp_path / "test_broken.py"
    broken.write_text("import nothing_of_that_name\n")
    judged = judge("--", str(broken))
    assert judged.exit_code == 4, judged.output
    assert "nothing_of_that_name" in judged.output
