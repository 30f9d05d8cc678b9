"""A recording comes back as it was written, whatever was recorded; one that was changed is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from conformance.exchange import Event, Exchange, Fault, Request, Response
from conformance.judge import recorded_target
from conformance.recording import Recording, RecordingError, Writer, read_header, read_recording
from conformance.trace import Trace
from conformance.verdict import Result, Verdict
from tests.commandline import Ran

SPECS = Path(__file__).parent.parent / "specs"
LINE = Draft202012Validator(json.loads((SPECS / "recording.schema.json").read_text("utf-8")))
HEADER: dict[str, Any] = {
    "suite": {"name": "dify-conformance", "version": "0"},
    "document": {"source": "a.yaml", "title": "", "version": "1", "sha256": "0" * 64},
    "target": {"base_url": "http://127.0.0.1/v1", "name": "", "embedded": False, "keys": ["DIFY_API_KEY"]},
    "options": {"only": [], "scope": "all", "strict": False},
    "effort": "quick",
    "seed": 0,
    "started": "2026-01-01T00:00:00+00:00",
    "deadlines": {"answer": 15.0, "stop": 10.0, "grace": 1.0, "detail": 10.0},
}
VERDICT = Verdict("conformant", (), "1 requirement observed and met")

text = st.text(max_size=30)
any_text = (
    st.text(st.characters(), max_size=30) | st.just("\ud800 a lone surrogate") | st.just("\u2028\x00\x85")
)
body = st.binary(max_size=60) | text.map(str.encode) | st.just(b"\xef\xbb\xbf{}")
moment = st.floats(-1e6, 1e9)
headers = st.lists(st.tuples(any_text, any_text), max_size=3).map(tuple)
requests = st.builds(Request, any_text, any_text, headers, body, st.integers(0, 1 << 40), st.booleans())
responses = st.builds(Response, st.integers(0, 999), any_text, headers, body, st.booleans())
faults = st.builds(Fault, st.sampled_from(["unreachable", "tls", "reset"]), moment, any_text)
events = st.builds(
    Event.of,
    moment,
    st.none() | any_text,
    st.none() | any_text | st.just('{"event": "ping", "a": NaN}') | st.just("[" * 3000),
    st.booleans(),
)
exchanges = st.builds(
    Exchange,
    id=text,
    scenario=st.sampled_from(["plain", "users"]),
    operation=st.sampled_from(["stop", "run", "detail"]),
    case=any_text,
    request=requests,
    sent_at=moment,
    ended_at=moment,
    response=st.none() | responses,
    answered_at=st.none() | moment,
    fault=st.none() | faults,
    events=st.lists(events, max_size=3).map(tuple),
    ending=st.sampled_from([None, "clean", "left", "reset"]),
    about=st.dictionaries(text, any_text, max_size=3),
)
results = st.builds(
    Result,
    st.sampled_from(["stop.user.null", "stop.lifecycle.ends"]),
    st.sampled_from(["MUST", "SHOULD", "MAY"]),
    text,
    st.sampled_from(["pass", "fail", "untested", "error"]),
    any_text,
    st.lists(text, max_size=2).map(tuple),
    st.none() | moment,
    st.lists(text, max_size=2).map(tuple),
    st.booleans(),
)


def write(path: Path, recorded: list[Exchange], found: list[Result], observed: dict[str, str]) -> None:
    with Writer(path) as writer:
        writer.header(HEADER)
        for exchange in recorded:
            writer.exchange(exchange)
        writer.scenario(Trace("plain", unmet=None))
        writer.scenario(Trace("users", unmet="no run", missing=("DIFY_API_KEY",)))
        for result in found:
            writer.result(result)
        for id_, value in observed.items():
            writer.observation(id_, value)
        writer.footer(VERDICT, requests=3, seconds=1.5)


@given(
    st.lists(exchanges, max_size=4),
    st.lists(results, max_size=3),
    st.dictionaries(st.just("stop.lifecycle.blocking"), any_text),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_written_comes_back(
    tmp_path: Path, recorded: list[Exchange], found: list[Result], observed: dict[str, str]
) -> None:
    path = tmp_path / "run.jsonl"
    write(path, recorded, found, observed)
    back = read_recording(path)
    for name in ("plain", "users"):
        assert back.trace(name).exchanges == tuple(x for x in recorded if x.scenario == name)
    assert back.trace("users").missing == ("DIFY_API_KEY",)
    assert back.trace("users").unmet == "no run"
    assert back.results == tuple(found)
    assert dict(back.observations) == observed
    assert back.complete
    for line in path.read_text("ascii").splitlines():
        LINE.validate(json.loads(line))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A recording of two exchanges."""
    path = tmp_path / "run.jsonl"
    recorded = [
        Exchange(
            f"plain/{number}",
            "plain",
            "stop",
            "stop",
            Request("POST", "http://127.0.0.1/v1", body=b"\xff{}"),
            1.0,
            2.0,
            Response(200, "OK", (("Content-Type", "application/json"),), b'{"result": "success"}'),
        )
        for number in (1, 2)
    ]
    write(path, recorded, [Result("stop.user.null", "MUST", "a title", "pass")], {})
    return path


def test_cut_anywhere_it_is_either_whole_to_the_last_line_or_refused(small: Path) -> None:
    whole = small.read_bytes()
    first = whole.index(b"\n") + 1
    for size in range(0, len(whole), 7):
        small.write_bytes(whole[:size])
        if size < first:
            with pytest.raises(RecordingError, match="no recording"):
                read_recording(small)
        else:
            back = read_recording(small)
            assert not back.complete
            assert len(back.trace("plain").exchanges) <= 2


def test_a_scenario_that_was_cut_off_is_unmet(small: Path) -> None:
    lines = small.read_bytes().splitlines(keepends=True)
    small.write_bytes(b"".join(lines[:3]) + lines[3][:40])
    back = read_recording(small)
    assert len(back.trace("plain").exchanges) == 2
    assert back.trace("plain").unmet == "the recording breaks off"
    assert back.trace("users").unmet == "the recording has nothing of this scenario"


def test_the_results_of_an_earlier_edition_are_not_strict(small: Path) -> None:
    *lines, _ = small.read_bytes().splitlines(keepends=True)
    earlier = [line.replace(b'"no_answer":false,"strict":false', b'"no_answer":false') for line in lines]
    assert earlier != lines
    small.write_bytes(b"".join(earlier))
    for line in earlier:
        LINE.validate(json.loads(line))
    assert read_recording(small).results == (Result("stop.user.null", "MUST", "a title", "pass"),)


def test_changed_anywhere_it_is_refused(small: Path) -> None:
    whole = small.read_bytes()
    for at in range(0, len(whole) - 1, 5):
        changed = bytearray(whole)
        changed[at] ^= 1
        small.write_bytes(changed)
        with pytest.raises(RecordingError):
            read_recording(small)


TAMPERED: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a line left out": lambda lines: lines[:1] + lines[2:],
    "a line twice": lambda lines: [*lines[:2], *lines[1:]],
    "another order": lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
    "another outcome": lambda lines: [*lines[:-1], lines[-1].replace(b'"conformant"', b'"incomplete"')],
    "a line after the footer": lambda lines: [*lines, lines[1]],
    "two footers": lambda lines: [*lines, lines[-1]],
    "a space": lambda lines: [lines[0].replace(b":", b": ", 1), *lines[1:]],
}


@pytest.mark.parametrize("how", TAMPERED)
def test_tampered_with_it_is_refused_with_a_clear_word(small: Path, how: str) -> None:
    small.write_bytes(b"".join(TAMPERED[how](small.read_bytes().splitlines(keepends=True))))
    with pytest.raises(RecordingError, match="was changed after it was written"):
        read_recording(small)


NO_RECORDINGS = {
    "empty": b"",
    "text": b"hello\n",
    "another JSON": b'{"a": 1}\n',
    "a list": b"[]\n",
    "a number": b"1\n",
    "null": b"null\n",
    "no UTF-8": b'{"type": "\xff"}\n',
    "nested without end": b"[" * 100_000 + b"\n",
    "another format": b'{"type":"header","format":2}\n',
    "header without members": b'{"type":"header","format":1}\n',
    "exchange without members": b'{"type":"header","format":1}\n{"type":"exchange"}\n',
    "body in wrong base64": b'{"type":"header","format":1}\n{"type":"exchange","request":{"headers":[],"body":{"base64":"%"}}'
    b',"response":null,"fault":null}\n',
}


@pytest.mark.parametrize("kind", NO_RECORDINGS)
def test_what_is_no_recording_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(NO_RECORDINGS[kind])
    with pytest.raises(RecordingError, match=r"(?s)no recording.*run\.jsonl"):
        read_recording(path)


WRONG = {
    "target": [{}, "here", None],
    "options": [[], {"only": "stop", "scope": "all", "strict": False}],
    "document": [{"sha256": 7}, "a.yaml"],
    "deadlines": [{}, {**HEADER["deadlines"], "patience": 1.0}, [1.0]],
    "effort": ["heroic", None],
    "seed": ["0"],
    "tls": [{"insecure": "yes"}, {"cipher": "x"}, [], {"ca": 7}],
    "proxy": [7, {}],
    "variables": [[], {"DIFY_API_KEY": 7}],
    "unsearched": ["DIFY_API_KEY"],
    "given": ["--effort"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]])
def test_a_header_of_another_shape_is_refused(tmp_path: Path, name: str, value: object) -> None:
    path = tmp_path / "run.jsonl"
    with Writer(path) as writer:
        writer.header({**HEADER, name: value})
    with pytest.raises(RecordingError, match=rf"(?s)run\.jsonl is no recording.*\({name}"):
        read_recording(path)


@pytest.mark.parametrize("name", HEADER)
def test_a_header_that_lacks_a_member_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "run.jsonl"
    with Writer(path) as writer:
        writer.header({kept: value for kept, value in HEADER.items() if kept != name})
    for read in (read_recording, read_header):
        with pytest.raises(RecordingError, match=rf"run\.jsonl is no recording.*{name}"):
            read(path)


@pytest.mark.parametrize(
    "more",
    [
        {"tls": {}, "proxy": None},
        {"tls": {"insecure": True, "ca": None, "certificate": "a", "key": "b"}, "proxy": "http://p:1"},
        {"variables": {"DIFY_API_KEY": "MINE"}, "given": ["--insecure"], "unsearched": ["DIFY_API_KEY"]},
    ],
)
def test_what_earlier_headers_did_not_have_may_be_there_or_not(tmp_path: Path, more: dict[str, Any]) -> None:
    path = tmp_path / "run.jsonl"
    with Writer(path) as writer:
        writer.header({**HEADER, **more})
    recorded_target(read_recording(path))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be read"):
        read_recording(tmp_path / "none.jsonl")


def test_a_large_body_is_recorded_whole(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    large = bytes(range(256)) * 8192
    exchange = Exchange("plain/1", "plain", "stop", "stop", Request("POST", "/", body=large), 0, 1)
    write(path, [exchange], [], {})
    assert read_recording(path).trace("plain").exchanges == (exchange,)


def test_nothing_is_written_after_the_footer(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with Writer(path) as writer:
        writer.header(HEADER)
        writer.footer(VERDICT, requests=0, seconds=0)
        writer.exchange(Exchange("plain/1", "plain", "stop", "stop", Request("POST", "/"), 0, 1))
    assert read_recording(path).complete


def test_the_order_of_traces_is_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    names = [f"scenario_{number}" for number in range(20)]
    with Writer(path) as writer:
        writer.header(HEADER)
        for name in names:
            writer.scenario(Trace(name))
    assert list(read_recording(path).traces) == names


def test_every_line_of_a_real_run_is_as_the_schema_says(ran: Ran) -> None:
    lines = [json.loads(line) for line in (ran.reports / "run.jsonl").read_text("ascii").splitlines()]
    for line in lines:
        LINE.validate(line)
    assert {line["type"] for line in lines} == {
        "header",
        "exchange",
        "scenario",
        "result",
        "observation",
        "footer",
    }


def test_the_verdict_of_a_real_run_is_as_its_schema_says(ran: Ran) -> None:
    schema = json.loads((SPECS / "verdict.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    verdict = json.loads((ran.reports / "verdict.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(verdict)
    assert verdict["exit_code"] == ran.code
    assert verdict.pop("strict") is False
    Draft202012Validator(schema).validate(verdict)  # as an earlier edition wrote it


def test_a_real_run_comes_back(ran: Ran) -> None:
    back: Recording = read_recording(ran.reports / "run.jsonl")
    assert back.complete
    assert back.footer["outcome"] == "conformant"
    assert back.trace("plain").run("owner").final_status == "stopped"
