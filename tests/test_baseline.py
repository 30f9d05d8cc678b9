"""The baseline: what is known is a deviation, what is listed in vain is stale, and nothing else is hidden."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from conformance.baseline import Baseline, Entry, check_writable, load_baseline, weigh, write_baseline
from conformance.reference import Reference, Request, Response, Server
from conformance.reference.answers import NO_USER, NOT_JSON
from conformance.reference.versions import VERSIONS
from conformance.requirements import load_catalogue
from conformance.target import UsageError
from conformance.verdict import Circumstances, Result, Verdict, decide
from tests.judged import Judge

TODAY = date(2026, 6, 15)
ID = "stop.user.number"
CATALOGUE = load_catalogue()
ONE_CASE = f"[[deviation]]\nid = '{ID}'\nbecause = 'x'\ncase = 'digits'\n"

Serving = Callable[[Reference], Server]


def _result(kind: str = "fail", id_: str = ID, cases: tuple[str, ...] = ()) -> Result:
    one = CATALOGUE[id_]
    return Result(id_, one.level, one.title, kind, "as seen", cases=cases)  # type: ignore[arg-type]


def _weighed(result: Result, *entries: Entry) -> Result:
    (found,) = weigh([result], Baseline(entries), TODAY)
    return found


def test_a_listed_failure_is_a_deviation_with_its_reason() -> None:
    found = _weighed(_result(), Entry(ID, "numbers come from old clients", issue="PRJ-7"))
    assert found.result == "deviation"
    assert "numbers come from old clients (PRJ-7)" in found.reason
    assert "as seen" in found.reason


def test_a_listed_requirement_that_passes_is_stale() -> None:
    assert _weighed(_result("pass"), Entry(ID, "x")).result == "stale"


def test_another_requirement_is_not_excused() -> None:
    assert _weighed(_result(id_="stop.user.array"), Entry(ID, "x")).result == "fail"


def test_what_was_not_decided_stays_so() -> None:
    assert _weighed(_result("inconclusive"), Entry(ID, "x")).result == "inconclusive"


def test_a_flaky_one_may_pass_or_fail_and_says_so() -> None:
    entry = Entry(ID, "a race", flaky=True, rate="3 of 25")
    failed, passed = _weighed(_result(), entry), _weighed(_result("pass"), entry)
    assert (failed.result, passed.result) == ("deviation", "pass")
    assert "3 of 25" in failed.reason
    assert "3 of 25" in passed.reason


@pytest.mark.parametrize("flaky", [False, True])
def test_an_entry_that_is_over_excuses_nothing(flaky: bool) -> None:
    entry = Entry(ID, "x", flaky, until=date(2026, 6, 14))
    failed = _weighed(_result(), entry)
    assert failed.result == "fail"
    assert "2026-06-14" in failed.reason
    assert _weighed(_result("pass"), entry).result == "stale"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (Entry(ID, "x"), "x"),
        (Entry(ID, "x", issue="#1"), "x (#1)"),
        (Entry(ID, "x", flaky=True), "flaky: x"),
        (Entry(ID, "x", flaky=True, rate="3 of 25", issue="#1"), "fails 3 of 25: x (#1)"),
    ],
)
def test_an_entry_says_how_often_why_and_where(entry: Entry, told: str) -> None:
    assert _weighed(_result(), entry).reason == f"{told}; seen: as seen"


OVER = date(2026, 6, 14)
EXPIRED = "listed until 2026-06-14"


@pytest.mark.parametrize(
    ("kind", "entries", "result", "reason"),
    [
        ("pass", [Entry(ID, "x")], "stale", "listed (x), but it passed; take it out"),
        ("pass", [Entry(ID, "x", flaky=True)], "pass", "held this time; flaky: x"),
        ("pass", [Entry(ID, "x", flaky=True), Entry(ID, "y", case="b")], "stale", "but it passed"),
        ("pass", [Entry(ID, "x", until=OVER)], "stale", f"it passed, and was {EXPIRED}, which is over"),
        ("pass", [Entry(ID, "x", flaky=True), Entry(ID, "y", case="b", until=OVER)], "stale", EXPIRED),
        ("fail", [Entry(ID, "x", until=OVER)], "fail", f"as seen; {EXPIRED} (x), which is over"),
        ("fail", [Entry(ID, "x", case="b", until=OVER), Entry(ID, "y")], "deviation", "y; seen: as seen"),
        ("fail", [Entry(ID, "x", case="b", until=OVER), Entry(ID, "y", case="c")], "fail", EXPIRED),
        ("fail", [Entry(ID, "x", case="a"), Entry(ID, "y", case="b")], "deviation", "x; y; seen: as seen"),
        ("fail", [Entry(ID, "x", case="b"), Entry(ID, "y", case="c")], "fail", "listed only for “b”, “c”"),
    ],
)
def test_several_entries_for_one_requirement(
    kind: str, entries: list[Entry], result: str, reason: str
) -> None:
    found = _weighed(_result(kind, cases=("a",)), *entries)
    assert found.result == result
    assert reason in found.reason


def test_where_two_baselines_speak_of_a_requirement_the_upper_one_is_believed() -> None:
    upper = Baseline((Entry(ID, "mine", case="a"),))
    lower = Baseline((Entry(ID, "theirs"), Entry("stop.user.array", "theirs")))
    assert upper.over(lower) == Baseline((Entry(ID, "mine", case="a"), Entry("stop.user.array", "theirs")))


def test_an_entry_holds_on_its_last_day() -> None:
    assert _weighed(_result(), Entry(ID, "x", until=TODAY)).result == "deviation"


def test_an_entry_for_a_case_excuses_that_case_only() -> None:
    entry = Entry(ID, "x", case="digits")
    assert _weighed(_result(cases=("digits",)), entry).result == "deviation"
    assert _weighed(_result(cases=("digits", "quotes")), entry).result == "fail"
    assert _weighed(_result(), entry).result == "fail"


def test_what_presumes_a_known_deviation_neither_fails_nor_leaves_the_verdict_open() -> None:
    root, consequence = "stop.user.missing", "stop.user.number"
    results = [_result(id_=root), _result(id_=consequence), _result("pass", "stop.success.status")]
    weighed = weigh(results, Baseline((Entry(root, "x"),)), TODAY)
    verdict = decide(weighed, CATALOGUE, Circumstances())
    assert [result.result for result in verdict.results] == ["deviation", "inconclusive", "pass"]
    assert verdict.exit_code == 0
    assert "1 known deviation" in verdict.summary


def test_a_stale_entry_fails_the_run() -> None:
    weighed = weigh([_result("pass")], Baseline((Entry(ID, "x"),)), TODAY)
    assert decide(weighed, CATALOGUE, Circumstances()).exit_code == 1


def test_a_flaky_entry_hides_no_failure_of_another_requirement() -> None:
    flaky = Baseline((Entry("stop.lifecycle.terminal-status", "x", flaky=True),))
    results = [_result(id_="stop.lifecycle.terminal-status"), _result()]
    verdict = decide(weigh(results, flaky, TODAY), CATALOGUE, Circumstances())
    assert [result.id for result in verdict.of("fail")] == [ID]
    assert verdict.exit_code == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[[deviation]]\nid = 'stop.user.numbr'\nbecause = 'x'",
            "deviation 1 is for .*stop.user.number, stop",
        ),
        (
            "[[flaky]]\nid = 'nonsense'\nbecause = 'x'",
            r"flaky 1 is for .*Near: dify-conformance list shows them all\.",
        ),
        ("[[flaky]]\nbecause = 'x'", "flaky 1 is for '', which is no requirement"),
        ("[[deviation]]\nid = 'stop.user.number'\nbecause = ' '", "has no because"),
        ("[[deviation]]\nid = 'stop.user.number'", "has no because"),
        ("[[flaky]]\nid = 'stop.user.number'\nbecause = 'x'\nuntil = '2026'", "is no date"),
        ("[[deviation]]\nid = 'stop.user.number'\nbecause = 'x'\nreason = 'y'", "known are"),
        ("[[deviation]]\nid = 'stop.user.number'\nbecause = 7", "is not a text"),
        ("[deviation]\nid = 'stop.user.number'", "a table of its own"),
        ("deviation = [7]", "a table of its own"),
        ("flaky = 7", "a table of its own"),
        ("[[deviations]]\nid = 'stop.user.number'", "has deviations at its top"),
        ("e = 1\nd = 1\nc = 1\nb = 1\na = 1", "has a, b, c, d, e at its top"),
        (
            "[[deviation]]\nid = 'stop.user.number'\nbecause = 'x'\nz = 1\ny = 2",
            "deviation 1 has y, z; known are id, because, issue",
        ),
        ("[[deviation]]\nid = 'stop.user.number'\nbecause = 'x'\n" * 2, "twice"),
        ("[[deviation]]\nid = 'stop.user.number'\nbecause = 'x'\ncase = 'a'\n" * 2, "twice"),
        (f"{ONE_CASE}[[flaky]]\nid = 'stop.user.number'\nbecause = 'x'\n", "twice"),
        ("[[deviation", "is not valid TOML"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "known.toml"
    if text is not None:
        path.write_text(text, "utf-8")
    with pytest.raises(UsageError, match=rf"{path}.*{said}"):
        load_baseline(path, CATALOGUE)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_bytes(b"about = '\xff'")
    with pytest.raises(UsageError, match=r"known\.toml cannot be read"):
        load_baseline(path, CATALOGUE)


def test_a_file_may_say_what_it_is_and_list_a_requirement_case_by_case(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text(f"version = '1'\nabout = 'us'\n{ONE_CASE}{ONE_CASE.replace('digits', 'quotes')}", "utf-8")
    cases = [(entry.case, entry.flaky) for entry in load_baseline(path, CATALOGUE).of(ID)]
    assert cases == [("digits", False), ("quotes", False)]


def test_an_empty_file_knows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.touch()
    assert load_baseline(path, CATALOGUE) == Baseline()


def test_what_was_written_by_hand_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "new" / "known.toml"
    check_writable(path, None)
    assert not path.exists(), "only a verdict writes it"
    check_writable(path, None)
    path.touch()
    check_writable(path, None)
    path.write_text("# mine", "utf-8")
    check_writable(path, path)
    assert path.read_text("utf-8") == "# mine"
    with pytest.raises(UsageError, match="would be lost"):
        check_writable(path, None)
    with pytest.raises(UsageError, match="cannot be written"):
        check_writable(path / "below a file", None)


def test_writing_keeps_what_was_said_and_leaves_out_what_is_stale(tmp_path: Path) -> None:
    kept = Entry("stop.user.array", 'say "why"\nand \\ how ü 😀\x7f', issue="#1", until=date(2027, 1, 31))
    flaky = Entry("stop.user.object", "a race", True, "", "a", None, "no", "1 of 9", "a guess")
    stale = Entry("stop.user.boolean", "x")
    new = replace(_result(), reason="seen here\nand there")
    results = (new, _result("deviation", kept.id), _result("stale", stale.id))
    path = tmp_path / "new" / "known.toml"
    path.parent.mkdir()
    verdict = Verdict("not conformant", results, "")
    line = write_baseline(path, verdict, Baseline((kept, flaky, stale)), TODAY)
    assert line == f"wrote {path} with 3 entries; fill in 1 because"
    with pytest.raises(UsageError, match=f"{ID}.*has no because"):
        load_baseline(path, CATALOGUE)
    written = path.read_text("utf-8")
    assert written.startswith("# Failures that are known.")
    assert "\n\n[[flaky]]\n" in written
    assert written.endswith(
        f'\n\n# MUST: seen here\n# MUST: and there\n[[deviation]]\nid = "{ID}"\nbecause = ""\n'
    )
    path.write_text(written.replace('because = ""', 'because = "filled in"'), "utf-8")
    entries = load_baseline(path, CATALOGUE).entries
    assert entries == (kept, Entry(ID, "filled in"), flaky)


@pytest.mark.parametrize(
    ("entries", "cases", "written"),
    [
        ([Entry(ID, "x", until=OVER)], "a", [Entry(ID, "x")]),
        ([Entry(ID, "x", True, "#1", until=OVER)], "", [Entry(ID, "x", True, "#1")]),
        ([Entry(ID, "x", case="a", until=OVER)], "a", [Entry(ID, "x", case="a")]),
        ([Entry(ID, "x", case="a", until=OVER)], "a b", [Entry(ID, "x")]),
        ([Entry(ID, "x", case="a", until=date(2027, 1, 31))], "b", [Entry(ID, "x", until=date(2027, 1, 31))]),
        ([Entry(ID, "x", case="a")], "", [Entry(ID, "x")]),
        (
            [Entry(ID, "x", case="a", until=OVER), Entry(ID, "y", case="b")],
            "a b",
            [Entry(ID, "x", case="a"), Entry(ID, "y", case="b")],
        ),
        (
            [Entry(ID, "x", case="a"), Entry(ID, "y", case="b"), Entry(ID, "x", case="c")],
            "d",
            [Entry(ID, "x; y")],
        ),
    ],
)
def test_an_entry_that_excuses_a_failure_no_more_is_renewed(
    tmp_path: Path, entries: list[Entry], cases: str, written: list[Entry]
) -> None:
    path, known = tmp_path / "known.toml", Baseline(tuple(entries))
    result = _result(cases=tuple(cases.split()))
    (failed,) = weigh([result], known, TODAY)
    assert failed.result == "fail"
    line = write_baseline(path, Verdict("not conformant", (failed,), ""), known, TODAY)
    assert line.endswith(f"; renewed, for it no longer excused what failed: {ID}")
    again = load_baseline(path, CATALOGUE)
    assert list(again.entries) == written
    (excused,) = weigh([result], again, TODAY)
    assert excused.result == "deviation"


@pytest.mark.parametrize(
    ("results", "told"),
    [
        ([_result("pass", "stop.user.array")], "with no entry"),
        ([_result("deviation")], "with 1 entry"),
        ([_result("inconclusive"), _result("pass", "stop.user.array")], "with 1 entry"),
        ([_result("stale")], "with no entry"),
        ([_result("deviation"), _result("fail", "stop.user.array")], "with 2 entries; fill in 1 because"),
        (
            [_result("fail", "stop.user.object"), _result("fail", "stop.user.array"), _result("stale")],
            "with 2 entries; fill in 2 because",
        ),
    ],
)
def test_what_was_written_is_counted(tmp_path: Path, results: list[Result], told: str) -> None:
    path, known = tmp_path / "known.toml", Baseline((Entry(ID, "x"),) if results[0].id == ID else ())
    verdict = Verdict("conformant", tuple(results), "")
    line = write_baseline(path, verdict, known, TODAY)
    assert line == f"wrote {path} {told}"


@pytest.mark.parametrize(
    "verdict",
    [
        decide([_result("pass")], CATALOGUE, Circumstances(unreachable="nobody there")),
        decide([_result()], CATALOGUE, Circumstances(locked_out="the key is refused")),
        decide([_result("inconclusive"), _result("untested", "stop.user.array")], CATALOGUE, Circumstances()),
        decide([_result("pass"), _result("error", "stop.user.array")], CATALOGUE, Circumstances()),
    ],
    ids=["unreachable", "locked out", "nothing observed", "harness fault"],
)
def test_without_a_verdict_no_baseline_is_written(tmp_path: Path, verdict: Verdict) -> None:
    path, known = tmp_path / "known.toml", Baseline((Entry(ID, "x"),))
    line = write_baseline(path, verdict, known, TODAY)
    assert line == f"{path} was not written: {verdict.summary}"
    assert not path.exists()


def test_an_unreachable_target_leaves_no_baseline_behind(judge: Judge, tmp_path: Path) -> None:
    known = tmp_path / "known.toml"
    key = {"DIFY_API_KEY": "app-0123456789abcdef"}
    judged = judge("--base-url", "http://127.0.0.1:1/v1", "--write-baseline", str(known), env=key)
    assert judged.exit_code == 4
    assert f"{known} was not written: " in judged.output
    assert not known.exists()


def test_from_a_first_run_to_a_gate(judge: Judge, serving: Serving, tmp_path: Path) -> None:
    server = serving(VERSIONS["dify-1.16"](round_seconds=0.05))
    known = tmp_path / "known.toml"
    asked = ("--base-url", server.base_url, "--only", "stop.user")

    first = judge(*asked, "--write-baseline", str(known), env=server.keys)
    failed = first.failed
    assert (first.exit_code, len(failed)) == (1, 4)
    assert f"wrote {known} with 4 entries; fill in 4 because\n" in first.output
    refused = judge(*asked, "--baseline", str(known), env=server.keys)
    assert refused.exit_code == 2
    assert "has no because" in refused.output

    lost = judge(*asked, "--write-baseline", str(known), env=server.keys)
    assert lost.exit_code == 2
    assert "would be lost" in lost.output

    filled = known.read_text("utf-8").replace('because = ""', 'because = "as upstream"')
    known.write_text(filled, "utf-8")
    second = judge(*asked, "--baseline", str(known), env=server.keys)
    assert (second.exit_code, second.verdict["outcome"]) == (0, "conformant")
    assert {id_ for id_, result in second.results.items() if result == "deviation"} == failed
    assert "as upstream" in second.output

    known.write_text(filled + '[[deviation]]\nid = "stop.user.missing"\nbecause = "long gone"\n', "utf-8")
    third = judge(*asked, "--baseline", str(known), env=server.keys)
    assert (third.exit_code, third.results["stop.user.missing"]) == (1, "stale")
    assert third.verdict["summary"] == "1 baseline entry is stale"
    assert third.output.endswith("not conformant: 1 baseline entry is stale\n")
    assert "take it out" in third.output
    assert " again " not in third.output, "nothing of the target is to be seen again"


class LooksAtTheBodyFirst(Reference):
    """Judges some bodies before the key; more of them with each version."""

    first = ("user",)

    def answer(self, request: Request) -> Response:
        if "user" in self.first and request.get_data() == b"{}":
            return self.refuse(request, NO_USER)
        if "form" in self.first and request.mimetype == "application/x-www-form-urlencoded":
            return self.refuse(request, NOT_JSON)
        return super().answer(request)


class LooksAtFormsFirstToo(LooksAtTheBodyFirst):
    """A later version of it."""

    first = ("user", "form")


def test_an_entry_for_one_case_hides_no_other_that_is_judged_after_it(
    judge: Judge, serving: Serving, tmp_path: Path
) -> None:
    known = tmp_path / "known.toml"
    entry = {"id": "stop.auth.first", "because": "x", "case": "unknown key, no user"}
    known.write_text("[[deviation]]\n" + "\n".join(f"{name} = '{text}'" for name, text in entry.items()))
    for make, code in ((LooksAtTheBodyFirst, 0), (LooksAtFormsFirstToo, 1)):
        server = serving(make(round_seconds=0.05))
        asked = ("--base-url", server.base_url, "--only", "stop.auth.first", "--baseline", str(known))
        judged = judge(*asked, env=server.keys)
        assert judged.exit_code == code, judged.output
    assert "unknown key, form" in judged.output
