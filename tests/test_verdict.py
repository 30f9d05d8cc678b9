"""The verdict: what outweighs what, what explains what, and what a target that was not there excuses."""

from dataclasses import replace

import pytest

from conformance.requirements import Catalogue, Level, Requirement
from conformance.verdict import (
    EXIT_CODES,
    Circumstances,
    Result,
    Verdict,
    decide,
    not_judged,
)

LEVELS: dict[str, Level] = {"a": "MUST", "b": "MUST", "c": "MUST", "s": "SHOULD", "m": "MAY"}
PRESUMES = {"b": ("t.y.s", "t.x.a"), "c": ("t.x.b",)}


def _named(name: str) -> str:
    return f"t.{'y' if name == 's' else 'x'}.{name}"


CATALOGUE = Catalogue(
    tuple(
        Requirement(_named(name), level, f"title of {name}", "/", "", presumes=PRESUMES.get(name, ()))
        for name, level in LEVELS.items()
    )
)


def results(told: str) -> list[Result]:
    """One result for each word, such as ``a:fail``."""
    pairs = [word.split(":") for word in told.split()]
    return [
        Result(_named(name), LEVELS[name], "", kind, f"{name} as seen")  # type: ignore[arg-type]
        for name, kind in pairs
    ]


def kinds(verdict: Verdict) -> str:
    """The same words for what came of them."""
    return " ".join(f"{result.id[-1]}:{result.result}" for result in verdict.results)


STRICT = Circumstances(strict=True)
UNREACHABLE = Circumstances(unreachable="nobody there")
LOCKED_OUT = Circumstances(locked_out="the key is refused")
INTERRUPTED = Circumstances(interrupted="Ctrl-C")
GENEROUS = Circumstances(no_conformance_run=("stop deadline 90 s", "grace deadline 9 s"))


@pytest.mark.parametrize(
    ("told", "circumstances", "outcome", "summary"),
    [
        ("", Circumstances(), "incomplete", "nothing was observed"),
        ("a:inconclusive m:untested", Circumstances(), "incomplete", "nothing was observed"),
        ("a:pass", Circumstances(), "conformant", "1 requirement observed and met"),
        ("a:pass b:pass", Circumstances(), "conformant", "2 requirements observed and met"),
        ("a:pass s:fail m:error", Circumstances(), "harness fault", "failed at 1 requirement;"),
        ("a:pass m:fail", Circumstances(), "conformant", "1 requirement observed and met"),
        ("a:fail", Circumstances(), "not conformant", "1 requirement not met"),
        ("a:fail s:fail c:fail", Circumstances(), "not conformant", "2 requirements not met"),
        ("a:pass s:fail", Circumstances(), "conformant", "1 requirement observed and met, 1 warning"),
        ("a:pass s:fail", STRICT, "not conformant", "1 requirement not met"),
        ("a:fail s:pass m:fail", STRICT, "not conformant", "1 requirement not met"),
        ("s:stale", Circumstances(), "not conformant", "1 baseline entry is stale"),
        ("a:pass m:stale s:stale", Circumstances(), "not conformant", "2 baseline entries are stale"),
        ("a:fail s:stale", Circumstances(), "not conformant", "1 requirement not met, 1 baseline entry is stale"),
        ("a:untested b:pass c:inconclusive", Circumstances(), "incomplete", "2 MUSTs not decided"),
        ("a:pass s:untested m:inconclusive", Circumstances(), "conformant", "1 requirement observed"),
        ("a:pass s:untested m:inconclusive", STRICT, "incomplete", "1 requirement not decided"),
        ("a:pass s:deviation", Circumstances(), "conformant", "1 requirement observed and met, 1 known deviation"),
        ("a:deviation s:fail", Circumstances(), "conformant", "no requirement observed and met, 1 warning, 1 known"),
        ("a:deviation", Circumstances(), "conformant", "no requirement observed and met, 1 known deviation"),
        ("a:fail b:error", Circumstances(), "not conformant", "1 requirement not met"),
        ("a:pass b:error c:error", INTERRUPTED, "harness fault", "failed at 2 requirements; please report"),
        ("a:fail", INTERRUPTED, "not conformant", "1 requirement not met"),
        ("", INTERRUPTED, "incomplete", "Ctrl-C"),
        ("a:pass", INTERRUPTED, "incomplete", "Ctrl-C"),
        ("", GENEROUS, "incomplete", "nothing was observed"),
        ("a:pass c:untested", GENEROUS, "incomplete", "this is no conformance run: stop deadline 90 s, grace deadline 9 s"),
        ("a:fail b:error", UNREACHABLE, "unreachable", "nobody there"),
        ("a:fail b:error", LOCKED_OUT, "incomplete", "the key is refused"),
        ("a:pass", Circumstances(unreachable="nobody there", locked_out="x"), "unreachable", "nobody there"),
    ],
)  # fmt: skip
def test_what_outweighs_what(told: str, circumstances: Circumstances, outcome: str, summary: str) -> None:
    verdict = decide(results(told), CATALOGUE, circumstances)
    assert verdict.outcome == outcome
    assert summary in verdict.summary


def test_what_is_only_stale_is_no_requirement_that_is_not_met() -> None:
    assert (
        decide(results("a:pass s:stale"), CATALOGUE, Circumstances()).summary == "1 baseline entry is stale"
    )


def test_every_outcome_has_its_exit_code() -> None:
    assert {outcome: Verdict(outcome, (), "").exit_code for outcome in EXIT_CODES} == {
        "conformant": 0,
        "not conformant": 1,
        "incomplete": 3,
        "unreachable": 4,
        "harness fault": 4,
    }


@pytest.mark.parametrize(
    ("told", "weighed", "outcome"),
    [
        ("a:fail b:fail", "a:fail b:inconclusive", "not conformant"),
        ("a:fail b:pass", "a:fail b:pass", "not conformant"),
        ("a:fail b:untested", "a:fail b:untested", "not conformant"),
        ("a:pass b:fail", "a:pass b:fail", "not conformant"),
        ("a:inconclusive b:fail", "a:inconclusive b:fail", "not conformant"),
        ("s:fail b:fail", "s:fail b:inconclusive", "incomplete"),
        ("a:deviation b:fail", "a:deviation b:inconclusive", "conformant"),
        ("a:deviation b:fail c:fail", "a:deviation b:inconclusive c:inconclusive", "conformant"),
        ("a:deviation b:pass c:inconclusive", "a:deviation b:pass c:inconclusive", "incomplete"),
        ("a:deviation b:untested", "a:deviation b:untested", "incomplete"),
        ("a:pass b:inconclusive", "a:pass b:inconclusive", "incomplete"),
    ],
)
def test_a_failure_that_another_explains_says_nothing_of_its_own(
    told: str, weighed: str, outcome: str
) -> None:
    verdict = decide(results(told), CATALOGUE, Circumstances())
    assert (kinds(verdict), verdict.outcome) == (weighed, outcome)


def test_a_consequence_tells_its_cause_and_what_was_seen() -> None:
    reason = decide(results("a:fail b:fail"), CATALOGUE, Circumstances()).results[1].reason
    assert "b as seen" in reason
    assert "presumes t.x.a, which failed" in reason


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ("a:fail b:fail c:fail", {"b": "t.x.a", "c": "t.x.a"}),
        ("s:fail b:fail c:fail", {"b": "t.y.s", "c": "t.y.s"}),
        ("s:fail a:fail b:fail c:fail", {"b": "t.x.a", "c": "t.x.a"}),
        ("a:inconclusive b:fail c:fail", {"c": "t.x.b"}),
        ("a:deviation b:fail c:fail", {"b": "t.x.a", "c": "t.x.a"}),
        ("s:fail a:deviation b:fail c:fail", {"b": "t.y.s", "c": "t.y.s"}),
        ("a:fail b:deviation c:fail", {"c": "t.x.b"}),
    ],
)
def test_a_consequence_names_the_root_and_no_other_consequence(told: str, named: dict[str, str]) -> None:
    verdict = decide(results(told), CATALOGUE, Circumstances())
    reasons = {result.id[-1]: result.reason for result in verdict.of("inconclusive")}
    assert {
        name: reason.partition("presumes ")[2].partition(",")[0]
        for name, reason in reasons.items()
        if "presumes" in reason
    } == named
    kept = {result.id for result in verdict.of("fail", "deviation")}
    assert kept >= set(named.values())


def test_what_the_catalogue_does_not_have_is_judged_by_itself() -> None:
    (found,) = decide([Result("t.x.gone", "MUST", "", "fail")], CATALOGUE, Circumstances()).results
    assert found.result == "fail"


@pytest.mark.parametrize("circumstances", [UNREACHABLE, LOCKED_OUT])
def test_a_target_that_lets_nobody_in_is_not_judged(circumstances: Circumstances) -> None:
    verdict = decide(results("a:fail b:pass c:error s:untested m:deviation"), CATALOGUE, circumstances)
    assert kinds(verdict) == "a:inconclusive b:inconclusive c:error s:untested m:inconclusive"
    assert verdict.results[0].reason == "the target could not be asked"
    assert verdict.results[2].reason == "c as seen"


def test_a_target_that_went_away_owes_no_answers() -> None:
    told = [replace(one, no_answer=one.id != "t.x.c") for one in results("a:fail b:pass c:fail")]
    there = decide(told, CATALOGUE, Circumstances())
    gone = decide(told, CATALOGUE, Circumstances(gone="no answer at the end"))
    assert kinds(there) == "a:fail b:pass c:fail"
    assert kinds(gone) == "a:inconclusive b:pass c:fail"
    assert [result.reason for result in gone.results] == [
        "the target went away (no answer at the end); a as seen",
        "b as seen",
        "c as seen",
    ]


def test_what_was_answered_counts_though_the_target_went_away() -> None:
    verdict = decide(results("a:fail"), CATALOGUE, Circumstances(gone="no answer at the end"))
    assert (kinds(verdict), verdict.outcome) == ("a:fail", "not conformant")


@pytest.mark.parametrize(
    ("strict", "told", "grave"),
    [
        (False, "a:fail b:pass s:warning m:pass", "a b"),
        (True, "a:fail b:pass s:fail m:pass", "a b s"),
    ],
)
def test_a_strict_run_holds_a_should_against_the_target_as_a_must(
    strict: bool, told: str, grave: str
) -> None:
    verdict = decide(results("a:fail b:pass s:fail m:pass"), CATALOGUE, Circumstances(strict=strict))
    assert " ".join(f"{result.id[-1]}:{result.told}" for result in verdict.results) == told
    assert " ".join(result.id[-1] for result in verdict.results if result.is_grave) == grave
    assert len(verdict.warnings) == (not strict)


def test_what_was_never_come_to_is_inconclusive() -> None:
    found = not_judged(CATALOGUE, results("a:pass m:fail s:error"), "broke off")
    assert found == [
        Result(_named(name), "MUST", f"title of {name}", "inconclusive", "broke off") for name in "bc"
    ]


def test_results_are_found_by_what_became_of_them() -> None:
    verdict = decide(results("a:pass s:fail m:fail"), CATALOGUE, Circumstances())
    assert [result.id for result in verdict.of("fail", "stale")] == ["t.y.s", "t.x.m"]
    assert [result.id for result in verdict.warnings] == ["t.y.s"]
    assert [result.is_warning for result in verdict.results] == [False, True, False]
    assert [result.topic for result in verdict.results] == ["x", "y", "x"]
