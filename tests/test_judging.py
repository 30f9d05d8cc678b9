"""The ways a check can end, and the words in which it says so."""

from dataclasses import replace
from typing import Any

import pytest

from conformance.exchange import Exchange, Fault, Request, Response
from conformance.judging import (
    Inconclusive,
    NoAnswer,
    Untested,
    Violation,
    answered,
    member,
    require,
    shown,
    stated,
    unlimited,
)
from conformance.refusal import each, recorded, refused_with, worst
from conformance.trace import NotRecorded, Trace

CASES = (("a", 429), ("a", 400), ("b", 200), ("c", 200), ("c", 200))


def exchange(status: int | None = 200, body: bytes = b"{}", **more: Any) -> Exchange:
    answer = None if status is None else Response(status, "", (), body)
    return Exchange("stop/1", "s", "stop", "a case", Request("POST", "/"), 0.0, 9.0, answer, **more)


@pytest.mark.parametrize(
    ("more", "cut_off"),
    [
        ({}, False),
        ({"ending": "clean"}, False),
        ({"ending": "left"}, False),
        ({"ending": "broken tail"}, True),
        ({"ending": "reset"}, True),
        ({"fault": Fault("timeout", 1.0, "")}, True),
    ],
)
def test_a_violation_knows_whether_its_evidence_broke_off(more: dict[str, Any], cut_off: bool) -> None:
    violation = Violation("seen", iter((exchange(), exchange(**more))))
    assert (violation.cut_off, violation.evidence) == (cut_off, ("stop/1", "stop/1"))


def test_what_holds_is_passed_over_and_what_does_not_is_told_with_its_place() -> None:
    require("yes", "seen", exchange())
    with pytest.raises(Violation, match=r"^seen$") as caught:
        require([], "seen", exchange(), at=7.0)
    assert (caught.value.seen, caught.value.evidence, caught.value.at) == ("seen", ("stop/1",), 7.0)
    assert Violation("seen").at is None


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (exchange(None), "a case: no answer"),
        (exchange(None, fault=Fault("timeout", 9.0, "15 s")), "a case: timeout: 15 s"),
        (exchange(fault=Fault("reset", 9.0, "cut")), "a case: reset: cut"),
    ],
)
def test_an_answer_that_did_not_come_whole_is_none(one: Exchange, said: str) -> None:
    for ask in (answered, unlimited, lambda x: member(x, "a")):
        with pytest.raises(NoAnswer) as caught:
            ask(one)
        assert (caught.value.seen, caught.value.at, caught.value.evidence) == (said, 9.0, ("stop/1",))


def test_a_limit_of_requests_says_nothing_of_the_requirement() -> None:
    assert unlimited(exchange(428)).status == 428
    assert answered(exchange(429)).status == 429
    with pytest.raises(Inconclusive, match="give a lower --rate"):
        unlimited(exchange(429))


def test_a_member_is_that_of_an_object() -> None:
    assert member(exchange(body=b'{"a": 1}'), "a") == 1
    assert member(exchange(body=b'{"a": 1}'), "b") is None
    assert member(exchange(body=b"[]"), "a") is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ("é", '"é"'),
        ("x" * 118, f'"{"x" * 118}"'),
        ("x" * 119, f'"{"x" * 118}…'),
    ],
    ids=["null", "not ASCII", "long", "too long"],
)
def test_values_are_shown_as_json_of_at_most_120_characters(value: object, text: str) -> None:
    assert shown(value) == text


def test_what_is_not_there_is_not_null() -> None:
    members = {"status": None, "code": "é"}
    assert [stated(members, name) for name in ("status", "code", "message")] == [
        "status is null",
        'code is "é"',
        "there is no message",
    ]


def test_what_is_missing_is_named() -> None:
    missing = Untested(name for name in ("DIFY_CHAT_API_KEY", "DIFY_COMPLETION_API_KEY"))
    assert str(missing) == "needs DIFY_CHAT_API_KEY or DIFY_COMPLETION_API_KEY in the environment"
    assert missing.names == ("DIFY_CHAT_API_KEY", "DIFY_COMPLETION_API_KEY")


def test_each_tells_of_all_that_break_it_though_others_are_left_open() -> None:
    def judge(one: Exchange) -> None:
        require(unlimited(one).status == 400, f"{one.case}: {one.seen}", one)

    sent = [replace(exchange(status), case=case) for case, status in CASES]
    with pytest.raises(Violation, match=r"^b: 200 \{\} \(and 2 more: c\)$") as caught:
        each(sent, judge)
    assert caught.value.cases == ("b", "c")
    with pytest.raises(Inconclusive, match="429"):
        each(sent[:2], judge)
    each(sent[1:2], judge)


def test_what_was_not_recorded_hides_nothing_that_was() -> None:
    broken_off = Trace("s", (exchange(),), unmet="broken off")
    with pytest.raises(Violation, match="a case"):
        each(broken_off.each("a case", "another"), refused_with)
    with pytest.raises(NotRecorded, match="broken off"):
        each(broken_off.each("another"), refused_with)
    with pytest.raises(NotRecorded, match="broken off"):
        each(recorded(broken_off, "another"), refused_with)


def test_all_that_is_wrong_is_counted_though_little_is_shown() -> None:
    many = [replace(exchange(), id=str(number), case=f"case {number}") for number in range(20)]
    with pytest.raises(Violation, match=r"19 more: case 1, .*, case 6, …") as caught:
        worst((one, "wrong") for one in many)
    assert (len(caught.value.evidence), len(caught.value.cases)) == (6, 20)
