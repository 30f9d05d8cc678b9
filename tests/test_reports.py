"""Each report is read back by something that does not know how it was made."""

import base64
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conformance.contract import load_contract
from conformance.exchange import Exchange, Request
from conformance.judge import Replay
from conformance.masking import Secrets
from conformance.options import BY_FLAG, read_options
from conformance.probe.reply import RawRequest
from conformance.recording import Recording
from conformance.report.again import again, options_of
from conformance.report.ci import annotations, badge, ctrf, markdown
from conformance.report.curl import curl, lacking
from conformance.report.files import write_reports
from conformance.report.har import har
from conformance.report.html import html
from conformance.report.text import _timeline as timeline
from conformance.requirements import load_catalogue
from conformance.session import Session
from conformance.target import Shell, Target, Tls
from conformance.trace import Trace
from conformance.verdict import Result
from tests.commandline import Ran, command
from tests.evidence import HOSTILE, evidence, hostile_exchange, hostile_stream

DATA = Path(__file__).parent / "data"
MOST = 300_000  # bytes of a page of a standard run


class Page(HTMLParser):
    """What a page consists of, as far as the tests ask."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.inside: dict[str, str] = {}
        self.text = ""
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._open:
            self.inside[self._open[-1]] = self.inside.get(self._open[-1], "") + data

    def values(self, name: str, tag: str = "") -> list[str]:
        return [value for of, known, value in self.attributes if known == name and tag in ("", of)]


@pytest.fixture(scope="module")
def page(ran: Ran) -> Page:
    return Page((ran.reports / "report.html").read_text("utf-8"))


def schema(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((DATA / f"{name}.schema.json").read_text("utf-8")))


def results(ran: Ran) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((ran.reports / "verdict.json").read_text("utf-8"))[
        "requirements"
    ]
    return found


def test_a_request_to_an_address_without_a_path_is_told() -> None:
    exchange = hostile_exchange("a failure", 1)
    bare = replace(exchange, request=replace(exchange.request, url="http://127.0.0.1:8080"))
    assert "→ POST / “a failure”" in "\n".join(timeline([bare], None))


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (b"POST /v1/tasks/t HTTP/1.1\r\nHost: h\r\n\r\n", "POST /v1/tasks/t"),
        (b"POST\x00 /v1/t HTTP/1.1\r\n\r\n", "? /v1/t"),
        (b"POST /v1/a\x1b[2J HTTP/1.1\r\n\r\n", "POST /v1/a\\x1b[2J"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PRI *"),
        (b"\r\n\r\n", "? /v1"),
        (b"hello", "? /v1"),
    ],
)
def test_what_was_written_byte_by_byte_is_told_by_its_own_path(written: bytes, told: str) -> None:
    raw = RawRequest((written,)).recorded("http://127.0.0.1:8080/v1")
    exchange = replace(hostile_exchange("a failure", 1), request=raw)
    assert f"→ {told} “a failure”" in "\n".join(timeline([exchange], None))


def test_a_head_is_asked_for_again_in_a_way_that_ends() -> None:
    line = curl(Request("HEAD", "http://127.0.0.1:8080/v1/t", (("Authorization", "Bearer $DIFY_API_KEY"),)))
    assert line.startswith("curl -sS -i --path-as-is --head -H ")
    assert "-X" not in line
    assert " -X GET " in curl(Request("GET", "http://127.0.0.1:8080/v1/t"))


@pytest.mark.parametrize(
    ("value", "variables", "told", "more"),
    [
        ("$HEADER_X_TOKEN", {"HEADER_X_TOKEN": "TOKEN"}, '-H "X-Token: $TOKEN"', ""),
        ("$HEADER_X_TOKEN", {}, '-H "X-Token: $HEADER_X_TOKEN"', "for $HEADER_X_TOKEN put in what"),
        ("${DIFY_API_KEY%?}", {"DIFY_API_KEY": "MINE"}, '-H "X-Token: ${MINE%?}"', ""),
        (
            "$DIFY_API_KEY$DIFY_CHAT_API_KEY",
            {"DIFY_API_KEY": "DIFY_CHAT_API_KEY", "DIFY_CHAT_API_KEY": "MINE"},
            '-H "X-Token: $DIFY_CHAT_API_KEY$MINE"',
            "",
        ),
        ("$(printf :%s $DIFY_API_KEY | base64)", {"DIFY_API_KEY": "MINE"}, ":%s $MINE | base64", ""),
    ],
)
def test_a_printed_request_names_the_variables_of_the_user(
    value: str, variables: dict[str, str], told: str, more: str
) -> None:
    line = curl(Request("GET", "http://127.0.0.1:8080/v1/t", (("X-Token", value),)), shell=Shell(variables))
    assert told in line
    assert lacking(line, Shell(variables)).startswith(more)
    assert bool(lacking(line, Shell(variables))) is bool(more)


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ({}, ""),
        ({"tls": Tls(insecure=True)}, " --insecure"),
        ({"tls": Tls(ca="our ca.pem")}, " --cacert 'our ca.pem'"),
        ({"tls": Tls(certificate="c.pem", key="k.pem")}, " --cert c.pem --key k.pem"),
        ({"proxy": "http://me:secret@proxy.example:3128"}, " --proxy http://proxy.example:3128"),
        ({"proxy": "http://proxy.example:3128"}, " --proxy http://proxy.example:3128"),
    ],
)
def test_a_printed_request_goes_the_way_of_the_suite(way: dict[str, Any], told: str) -> None:
    shell = Target("https://dify.example/v1", **way).shell
    line = curl(Request("GET", "https://dify.example/v1/info"), shell=shell)
    assert line == f"curl -sS -i --path-as-is -X GET{told} https://dify.example/v1/info"


KEY = "Bearer $DIFY_API_KEY"
FORM = (("Authorization", KEY), ("Content-Type", "application/x-www-form-urlencoded"))
ODD_BODIES = {
    "text": b'{"user": "it\'s \\"me\\" \\\\ `date` $HOME !! %s"}\n\t',
    "UTF-16": '{"user": "ü"}'.encode("utf-16"),
    "a NUL in UTF-8": b'{"user": "a\x00b"}',
    "a key beside a NUL": b"\x00$DIFY_API_KEY$HOME%s\\ ${DIFY_API_KEY%?} ${DIFY_API_KEY:0:3}x!",
    "a key in text": b'{"key": "$DIFY_API_KEY", "home": "$HOME `date` \\ \\""}',
    "no UTF-8": b"\xff\xfe'\"$(date)\n",
    "a hyphen first": b"-n\x00",
    "controls": b"\x1b[2J\r\n\x85",
    "a file name": b"@/etc/hostname",
    "a file name and a NUL": b"@/etc/hostname\x00",
    "what cannot be seen": "\u202e\ufeff\u2028 \U000e0001".encode(),
}


@pytest.mark.parametrize("media_type", [True, False], ids=["a media type", "no media type"])
@pytest.mark.parametrize("name", ODD_BODIES)
def test_a_printed_request_sends_the_same_bytes_once_more(
    listening: Callable[[Callable[[socket.socket], None]], int], name: str, media_type: bool
) -> None:
    if not (shutil.which("curl") and shutil.which("bash")):
        pytest.skip("curl or bash is not installed")
    received: list[bytes] = []

    def record(connection: socket.socket) -> None:
        whole = b""
        while b"\r\n\r\n" not in whole:
            whole += connection.recv(65536)
        head, _, body = whole.partition(b"\r\n\r\n")
        (length,) = re.findall(rb"(?i)content-length: (\d+)", head)
        while len(body) < int(length):
            body += connection.recv(65536)
        received.extend((head, body))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    path, sent = "/v1/{a,b}[1-2]/../tasks", ODD_BODIES[name]
    url = f"http://127.0.0.1:{listening(record)}{path}"
    line = curl(Request("POST", url, FORM if media_type else FORM[:1], sent), " \\\n  ")
    assert line.isprintable() or {one for one in line if not one.isprintable()} <= {"\n", "\t"}
    key = {"DIFY_API_KEY": "app-0123456789"}
    subprocess.run(["bash", "-c", line], env=os.environ | key, check=True, timeout=60, capture_output=True)
    head, body = received
    assert body == Secrets(key).reveal(sent.decode("latin-1")).encode("latin-1")
    assert head.startswith(f"POST {path} HTTP/1.1\r\n".encode())
    assert b"Authorization: Bearer app-0123456789\r\n" in head
    assert (b"content-type: application/x-www-form-urlencoded" in head.lower()) is media_type


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (Request("POST", "http://h/", (), b"x"), "-X POST -H Content-Type: --data-binary x http://h/"),
        (Request("POST", "http://h/", FORM[1:], b"@x"), "urlencoded' --data-raw @x http://h/"),
        (Request("GET", "http://h/{a}"), "curl -sS -i --path-as-is -g -X GET 'http://h/{a}'"),
        (Request("GET", "http://[::1]:80/"), "curl -sS -i --path-as-is -g -X GET 'http://[::1]:80/'"),
        (Request("PUT", "http://h/", FORM[1:], b"\x00'%"), 'printf "\\\\000\'\\\\045" | curl '),
        (Request("POST", "http://h/", (), b"abc", 9), "-H Content-Type: --data-binary @body-of-9-bytes http"),
    ],
)
def test_a_printed_request_says_what_curl_is_not_to_add(request_: Request, told: str) -> None:
    assert told in curl(request_)


def test_the_bytes_of_a_printed_request_keep_the_changes_of_a_key() -> None:
    raw = RawRequest((b"POST /${DIFY_API_KEY%?} HTTP/1.1\r\nX: 5%!\r\n\r\n",)).recorded(
        "http://127.0.0.1:80/v1"
    )
    assert curl(raw).startswith('printf "POST /${DIFY_API_KEY%?} HTTP/1.1\\\\015\\\\012X: 5\\\\045\\\\041')


def _stop(**about: str) -> Exchange:
    return replace(hostile_exchange("a stop", 1), about=about)


def _fails(*scenarios: str) -> Result:
    return Result("stop.user.missing", "MUST", "", "fail", scenarios=scenarios)


@pytest.mark.parametrize(
    ("result", "sent", "by"),
    [
        (_fails("users"), [_stop(live="no")], "curl"),
        (_fails(), [_stop()], "curl"),
        (_fails("users"), [_stop(run="users/1")], "check"),
        (_fails("plain"), [_stop()], "check"),
        (_fails("users"), [hostile_stream("a run"), _stop(live="no")], "curl"),
        (_fails("users"), [], "check"),
    ],
    ids=["no run", "of all answers", "of a run", "its scenario needs one", "a stop first", "no evidence"],
)
def test_what_needs_a_live_run_is_repeated_by_its_check(
    result: Result, sent: list[Exchange], by: str
) -> None:
    line = again(result, sent, ("--base-url", "http://127.0.0.1/v1", "--inputs", '{"rounds": 9}'))
    check = "dify-conformance run --only stop.user.missing --base-url http://127.0.0.1/v1 --inputs '{\"rounds\": 9}'"
    assert line == check if by == "check" else line.startswith("curl -sS -i --path-as-is -X POST ")


@pytest.mark.parametrize(
    ("words", "target", "told"),
    [
        ({}, Target("http://h/v1", embedded=True), ()),
        ({"--effort": "quick"}, Target("http://h/v1", embedded=True), ("--effort", "quick")),
        ({}, Target("http://h/v1", keys={"DIFY_API_KEY": "app-secret"}), ("--base-url", "http://h/v1")),
        ({"--base-url": "http://h/v1/"}, Target("http://h/v1"), ("--base-url", "http://h/v1/")),
        (
            {"--target": "here", "--config": Path("a b.toml"), "--reports": Path("out"), "--only": ["stop"]},
            Target("http://h/v1", name="here"),
            ("--target", "here", "--config", "a b.toml"),
        ),
        ({"--seed": 7}, Target("http://h/v1", name="here"), ("--target", "here", "--seed", "7")),
        (
            {"--insecure": True, "--grace": 0.0},
            Target("http://h/v1", name="here"),
            ("--target", "here", "--grace", "0.0", "--insecure"),
        ),
    ],
)  # fmt: skip
def test_the_target_is_named_as_it_was_and_its_key_never(
    words: dict[str, object], target: Target, told: tuple[str, ...]
) -> None:
    options = read_options(
        lambda flag: words.get(flag, BY_FLAG[flag].default or ([] if flag == "--only" else None))
    )
    replay = Replay(Recording({}, {}))
    folder = words.get("--reports", "reports")
    told = (*told, "--reports", f"{folder}/again")
    assert options_of(Session(target, load_contract(), load_catalogue(), options, replay)) == told


# HTML --------------------------------------------------------------------------------------------------------


def test_the_page_has_every_requirement_once(ran: Ran, page: Page) -> None:
    ids = page.values("id")
    assert Counter(ids).most_common(1)[0][1] == 1, "ids are unique"
    assert {line["id"] for line in results(ran)} <= set(page.values("id", "details"))
    for line in results(ran):
        assert line["title"] in page.text


def test_the_page_is_small_and_needs_nothing_else(ran: Ran, page: Page) -> None:
    assert (ran.reports / "report.html").stat().st_size < MOST
    assert not page.values("src")
    assert all(link.startswith("#") for link in page.values("href"))
    assert page.tags["link"] == page.tags["img"] == page.tags["iframe"] == 0
    assert not re.search(r"url\(|@import", page.inside["style"])


def test_every_link_leads_somewhere(page: Page) -> None:
    assert {link[1:] for link in page.values("href")} <= set(page.values("id"))


def test_the_policy_allows_our_style_and_script_and_nothing_else(page: Page) -> None:
    policy = next(
        value
        for tag, name, value in page.attributes
        if tag == "meta" and name == "content" and "-src" in value
    )
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert page.tags["style"] == page.tags["script"] == 1
    for tag in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(page.inside[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not [name for _, name, _ in page.attributes if name == "style" or name.startswith("on")]


def test_what_held_has_evidence_too(ran: Ran, page: Page) -> None:
    named = [line for line in results(ran) if line["evidence"]]
    assert len(named) > len(results(ran)) / 2
    assert page.tags["svg"] > 20
    assert "curl -sS" in page.text
    assert "Authorization: Bearer $DIFY_API_KEY" in page.text


def test_what_did_not_hold_says_how_to_see_it_again() -> None:
    exchanges = [hostile_exchange("a stop", 1), hostile_stream("a run")]
    told = replace(evidence(*exchanges), options=("--base-url", "http://127.0.0.1/v1"))
    page = Page(html(told))
    lines = {
        line.partition(" --only ")[2] for line in page.text.splitlines() if "dify-conformance run" in line
    }
    wrong = [one.id for one in told.results if one.result in {"fail", "deviation", "error"}]
    assert lines == {f"{id_} --base-url http://127.0.0.1/v1" for id_ in wrong}
    alone = replace(told, traces=(Trace("reach", (replace(exchanges[0], about={}),)),))
    alone = replace(alone, results=tuple(replace(one, scenarios=("reach",)) for one in alone.results))
    assert "dify-conformance run" not in Page(html(alone)).text


def test_the_command_that_shows_it_again_is_whole() -> None:
    inputs = ("--inputs", json.dumps({"text": "as long as it takes " * 20, "rounds": 9}))
    told = replace(evidence(hostile_stream("a run")), options=inputs)
    assert f" --inputs '{inputs[1]}'\n" in Page(html(told)).text


def test_the_page_can_be_read_without_sight(page: Page) -> None:
    assert page.values("lang", "html") == ["en"]
    assert page.tags["h1"] == page.tags["main"] == page.tags["header"] == page.tags["footer"] == 1
    assert page.tags["title"] >= 1
    assert (
        page.values("role", "svg").count("img") + page.values("aria-hidden", "svg").count("true")
        == page.tags["svg"]
    )
    assert page.values("scope", "th")


@pytest.mark.parametrize("text", HOSTILE, ids=["markup", "quotes", "controls", "length"])
def test_nothing_that_a_target_says_becomes_markup(text: str) -> None:
    exchanges = [*(hostile_exchange(text, number) for number in range(1, 5)), hostile_stream(text)]
    written = html(evidence(*exchanges, reason=text))
    page = Page(written.encode("utf-8", "replace").decode())
    assert page.tags["script"] == page.tags["style"] == 1
    assert page.tags["img"] == 0
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert not re.search("[\x00-\x08\x1b\u202a-\u202e\u2066-\u2069\ud800-\udfff]", written)
    assert len(written.encode()) < MOST


def test_each_result_has_a_word_and_failures_are_open() -> None:
    written = html(evidence(hostile_exchange("x", 1), reason="seen so"))
    page = Page(written)
    assert set(page.values("data-result")) == {
        "fail",
        "pass",
        "deviation",
        "stale",
        "untested",
        "inconclusive",
        "error",
    }
    cards = re.findall(r'<details class="card k-(\w+)"[^>]*?( open)?>', written)
    assert {kind for kind, is_open in cards if is_open} == {"fail", "stale", "error"}
    assert "Findings" in page.text


def test_a_session_without_any_exchange_has_a_page() -> None:
    assert "No exchange" in html(evidence()) or "not conformant" in html(evidence()).lower()


# HAR, CTRF, JUnit, badge -------------------------------------------------------------------------------------


def test_the_archive_is_as_its_schema_says(ran: Ran) -> None:
    archive = json.loads((ran.reports / "run.har").read_text("utf-8"))
    schema("har").validate(archive)
    recorded = [json.loads(line) for line in (ran.reports / "run.jsonl").read_text("ascii").splitlines()]
    exchanges = [line for line in recorded if line["type"] == "exchange"]
    assert len(archive["log"]["entries"]) == len(exchanges)
    assert {entry["pageref"] for entry in archive["log"]["entries"]} == {
        page["id"] for page in archive["log"]["pages"]
    }
    assert any(
        "workflow_started" in entry["response"]["content"].get("text", "")
        for entry in archive["log"]["entries"]
    )


@pytest.mark.parametrize("text", HOSTILE, ids=["markup", "quotes", "controls", "length"])
def test_the_archive_of_odd_bytes_is_as_its_schema_says(text: str) -> None:
    schema("har").validate(json.loads(har(evidence(hostile_exchange(text, 1), hostile_stream(text)))))


def test_ctrf_is_as_its_schema_says(ran: Ran) -> None:
    report = json.loads((ran.reports / "ctrf.json").read_text("utf-8"))
    schema("ctrf").validate(report)
    counted, (*tests, verdict) = report["results"]["summary"], report["results"]["tests"]
    assert counted["tests"] == len(tests) + 1 == len(results(ran)) + 1
    assert (verdict["name"], verdict["status"], ran.code) == ("verdict", "passed", 0)
    assert counted["passed"] == sum(line["result"] == "pass" for line in results(ran)) + 1
    assert counted["start"] < counted["stop"]


def test_ctrf_has_a_status_for_every_result() -> None:
    report = json.loads(ctrf(evidence(hostile_exchange("x", 1), reason="seen")))
    schema("ctrf").validate(report)
    *tests, verdict = report["results"]["tests"]
    assert (verdict["status"], verdict["rawStatus"]) == ("other", "not conformant")
    assert Counter(test["status"] for test in tests) == {
        "failed": 3,
        "passed": 1,
        "other": 1,
        "skipped": 2,
    }


@pytest.mark.parametrize("outcome", ["incomplete", "unreachable", "harness fault"])
def test_ctrf_is_red_where_the_gate_is_shut_though_nothing_failed(outcome: str) -> None:
    made = evidence(reason="seen")
    passed = tuple(one for one in made.results if one.result == "pass")
    report = json.loads(ctrf(replace(made, results=passed, summary={**made.summary, "outcome": outcome})))
    schema("ctrf").validate(report)
    assert [test["status"] for test in report["results"]["tests"]] == ["passed", "failed"]
    assert report["results"]["summary"]["failed"] == 1


def test_junit_has_requirement_and_level(ran: Ran) -> None:
    suite = ET.parse(ran.reports / "junit.xml").getroot()
    properties = [
        {one.get("name"): one.get("value") for one in case.iter("property")}
        for case in suite.iter("testcase")
    ]
    assert {line["requirement"] for line in properties if line} == {line["id"] for line in results(ran)}
    assert {line["level"] for line in properties if line} == {"MUST", "SHOULD", "MAY"}


def test_the_badge_is_what_shields_reads(ran: Ran) -> None:
    line = json.loads((ran.reports / "badge.json").read_text("utf-8"))
    assert line["schemaVersion"] == 1
    outcome = json.loads((ran.reports / "verdict.json").read_text("utf-8"))["outcome"]
    assert line["message"].startswith(outcome)
    assert json.loads(badge(evidence(outcome="conformant")))["color"] == "brightgreen"
    assert json.loads(badge(evidence()))["color"] == "red"
    assert json.loads(badge(evidence(outcome="unreachable")))["color"] == "lightgrey"


# GitHub ------------------------------------------------------------------------------------------------------


def test_the_summary_for_github_is_appended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n", "utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert write_reports(tmp_path, evidence(reason="a | b\n<b>"), str) == []
    text = path.read_text("utf-8")
    assert text.startswith("before\n## Dify Workflow API: not conformant")
    assert "a &#124; b &#60;b&#62;" in text


def test_the_summary_for_github_calls_a_should_that_failed_a_warning() -> None:
    made = evidence()
    lenient = tuple(replace(one, level="SHOULD") if one.result == "fail" else one for one in made.results)
    text = markdown(replace(made, results=lenient))
    assert "1 warning" in text
    assert "1 fail" not in text
    assert "| warning | SHOULD |" in text


@pytest.mark.parametrize(("strict", "told"), [(False, "warning"), (True, "fail")])
def test_a_should_that_failed_is_the_same_in_every_report(strict: bool, told: str) -> None:
    made = evidence(reason="seen")
    (failed,) = (one for one in made.results if one.result == "fail")
    only = replace(made, results=(replace(failed, level="SHOULD", strict=strict),))
    test, _ = json.loads(ctrf(only))["results"]["tests"]
    assert test["status"] == {"warning": "other", "fail": "failed"}[told]
    (line,) = annotations(only)
    assert line.startswith({"warning": "::warning ", "fail": "::error "}[told])
    assert f". 1 {told}; " in markdown(only)
    assert f"| {told} | SHOULD |" in markdown(only)
    assert Page(html(only)).values("data-result") == [told]


@pytest.mark.parametrize("text", HOSTILE[:3])
def test_nothing_that_a_target_says_breaks_the_table(text: str) -> None:
    rows = [line for line in markdown(evidence(reason=text)).splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {5}


def test_annotations_are_one_line_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    made = evidence(reason="50 %\n::error::forged")
    told = write_reports(tmp_path, made, str)
    assert told == annotations(made)
    assert len(told) == 3
    assert all(line.startswith("::error title=stop.lifecycle.") and "\n" not in line for line in told)
    assert "50 %25%0A::error::forged" in told[0]


# writing -----------------------------------------------------------------------------------------------------


def test_keys_are_masked_in_every_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    made = evidence(hostile_exchange("app-very-secret", 1), reason="app-very-secret")
    write_reports(tmp_path, made, lambda text: text.replace("app-very-secret", "$DIFY_API_KEY"))
    for path in tmp_path.iterdir():
        assert "app-very-secret" not in path.read_text("utf-8"), path.name


@pytest.mark.parametrize(
    "word", ["testcase", "startedDateTime", "statusText", "rawStatus", "stylesheet", "details"]
)
def test_a_key_that_is_a_word_of_a_format_breaks_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    plain, secret = tmp_path / "plain", tmp_path / "secret"
    for folder, text, mask in ((plain, "$KEY", str), (secret, word, lambda text: text.replace(word, "$KEY"))):
        folder.mkdir()
        write_reports(folder, evidence(hostile_exchange(text, 1), reason=f"told {text}"), mask)
    for path in plain.iterdir():
        assert (secret / path.name).read_text("utf-8") == path.read_text("utf-8"), path.name


def test_a_report_that_cannot_be_written_loses_nothing_else(ran: Ran, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    (reports / "report.html").mkdir(parents=True)
    done = command("judge", str(ran.reports / "run.jsonl"), "--reports", str(reports), reports=reports)
    assert done.code == ran.code
    assert "report.html could not be written" in done.out
    for name in ("verdict.json", "run.har", "badge.json", "ctrf.json", "junit.xml"):
        assert (reports / name).exists()
