"""What the page says of single requirements."""

from dataclasses import replace

from conformance.report.cards import Shown, cards
from conformance.report.html import common_headers, html
from conformance.verdict import Result
from tests.evidence import evidence, hostile_exchange


def test_a_failure_looks_like_the_fault_with_the_same_consequences() -> None:
    consequence = "failed (running), but presumes stop.lifecycle.terminal-status, which failed"
    results = (
        Result("stop.lifecycle.terminal-status", "MUST", "status", "fail", "succeeded"),
        Result("stop.lifecycle.no-late-node", "MUST", "node", "fail", "started"),
        Result("stop.lifecycle.detail-stopped", "MUST", "detail", "inconclusive", consequence),
    )
    like = {card.result.title: card.like for card in cards(replace(evidence(), results=results), Shown())}
    assert like["status"][0][0] == like["node"][0][0] == "acknowledges-and-carries-on"
    assert like["detail"] == ()


def test_what_every_answer_says_is_shown_once() -> None:
    exchanges = [hostile_exchange("same", number) for number in range(3)]
    assert common_headers(exchanges) == (("Content-Type", "same"), ("X-Version", "same"))
    assert common_headers([*exchanges, hostile_exchange("other", 4)]) == ()
    assert common_headers(exchanges[:2]) == ()
    assert "In every answer" in html(evidence(*exchanges))
