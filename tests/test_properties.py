"""Drawn requests: nothing is held against a sound server, and each fault is named by its requirement."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from conformance.contract import Contract, load_contract
from conformance.effects import Effects
from conformance.effort import Effort, Level
from conformance.judging import Inconclusive, Violation
from conformance.probe.budget import Budget, ProbeStopped
from conformance.probe.probe import Probe
from conformance.properties.content import secrets_in
from conformance.properties.judging import held, same_as_most, side_by_side
from conformance.properties.known import AGAIN
from conformance.properties.rules import RULES
from conformance.reference import Error, Reference, Refused, Request, Response, serve
from conformance.reference.answers import INTERNAL
from conformance.reference.faults import drawn, framing, ids, repeating, telling, texts
from conformance.requirements import load_catalogue
from conformance.runs import Inputs, Natural
from conformance.scenarios import SCENARIOS
from conformance.scenarios.director import Unrecorded
from conformance.scenarios.live import Patience, Unmet
from conformance.scenarios.shared import Shared
from conformance.scenarios.stage import Stage
from conformance.suites.test_sameness import _left_alone as left_alone
from conformance.target import Deadlines, Limits, Target
from conformance.trace import NotRecorded, Trace

ON_THE_WIRE = ("framing", "pieces", "expect", "chunked", "old-client")
GENERATED = ("no-server-error", "answers", "status", "rejects", "schema", "content-type")
NATURAL = Inputs({}, ({"rounds": 4},))
EFFECTS = Effects(Deadlines(), Natural(None))


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract()


def played(
    name: str, reference: Reference, effort: Effort, *, host: str = "127.0.0.1", **limits: Any
) -> Trace:
    """The trace of one scenario, played by itself, where the server is reached as ``host``."""
    with serve(reference) as server:
        base_url = server.base_url.replace("127.0.0.1", host)
        target = Target(base_url, keys=server.keys, deadlines=Deadlines(answer=6.0), limits=Limits(**limits))
        probe = Probe(target, Budget(target.limits.max_requests))
        patience = Patience(target.deadlines, NATURAL.seconds)
        stage = Stage(name, Shared(probe, load_contract(), Unrecorded(), patience, NATURAL, effort))
        unmet = None
        try:
            with stage:
                SCENARIOS[name].act(stage)
        except (Unmet, ProbeStopped) as reason:
            unmet = str(reason)
        probe.close()
        return stage.trace(unmet)


def broken(name: str, trace: Trace, contract: Contract) -> dict[str, str]:
    """The requirements that a trace breaks, without those that presume others of them."""
    found: dict[str, str] = {}
    for id_, check in checks(name, trace, contract).items():
        try:
            check()
        except Violation as violation:
            found[id_] = violation.seen
        except (Inconclusive, NotRecorded):
            continue
    catalogue = load_catalogue()
    ids = {f"stop.robust.{id_}" for id_ in found}
    return {
        id_: seen for id_, seen in found.items() if not ids & set(catalogue[f"stop.robust.{id_}"].presumes)
    }


def checks(name: str, trace: Trace, contract: Contract) -> dict[str, Callable[[], None]]:
    match name:
        case "same_answers":
            return {
                "repeat": lambda: same_as_most(trace, "plain", "alone", "repeat"),
                "after-malformed": lambda: same_as_most(trace, AGAIN),
                "together": lambda: same_as_most(trace, "together"),
                "side-by-side": lambda: side_by_side(trace),
            }
        case "unusual_ids":
            return {
                "decoded-once": lambda: left_alone(trace, "encoded twice", EFFECTS),
                "exact-id": lambda: left_alone(trace, "padded", EFFECTS),
            }
    rules = {"raw_requests": ON_THE_WIRE, "generated_requests": GENERATED}.get(name)
    chosen = rules or [rule for rule in RULES if rule not in ON_THE_WIRE]
    return {rule: lambda rule=rule: held(rule, contract.stop, trace) for rule in chosen}  # type: ignore[misc]


PLAYED = ("drawn_requests", "raw_requests", "generated_requests", "same_answers", "unusual_ids")


@pytest.mark.parametrize("name", PLAYED)
@pytest.mark.parametrize(("level", "seed"), [("quick", 1), ("standard", 0), ("standard", 7)])
def test_a_sound_server_breaks_nothing(name: str, level: Level, seed: int, contract: Contract) -> None:
    if (name, level) == ("generated_requests", "quick"):
        pytest.skip("begins at standard effort")
    effort = Effort(level, seed)
    trace = played(name, Reference(round_seconds=0.05), effort)
    assert trace.unmet is None
    assert broken(name, trace, contract) == {}
    for check in checks(name, trace, contract).values():
        if name != "generated_requests":
            check()  # decided, not only left open
    assert len(trace.exchanges) <= SCENARIOS[name].most(effort)


@pytest.mark.parametrize(
    ("fault", "requirement"),
    [
        (drawn.StumblesOverEmoji, "no-server-error"),
        (drawn.BreaksOnLongUsers, "long-user"),
        (drawn.HangsOnLongUsers, "long-user"),
        (drawn.ResetsOnNul, "answers"),
        (texts.WritesLatin1, "utf-8"),
        (texts.NamesTwice, "unique-names"),
        (texts.AnswersNan, "no-nan"),
        (texts.BeginsWithAMark, "no-mark"),
        (texts.SaysItTwice, "one-text"),
        (telling.ShowsItsTrace, "no-leaks"),
        (telling.TellsItsSql, "no-leaks"),
        (texts.HtmlForDeepBodies, "content-type"),
        (texts.CutsChunks, "length"),
        (texts.AnnouncesTooMuch, "length"),
        (texts.PageForOtherMethods, "envelope"),
        (texts.HidesItsMethods, "allow"),
        (drawn.StopsByGet, "methods"),
        (drawn.TakesTrailingCommas, "lenient"),
        (drawn.TakesWhatFollows, "rejects"),
        (drawn.WantsPlainHeaders, "noise"),
        (drawn.WantsNoCharset, "charset"),
        (drawn.MovesWhenCompressed, "status"),
        (drawn.ReadsAnyOtherType, "media-types"),
        (drawn.LetsForeignKeysIn, "credentials"),
        (drawn.LetsNothingIn, "credentials"),
        (drawn.DeletesTasks, "methods"),
        (drawn.RefusesRareCharacters, "users"),
        (framing.KnowsOneSpelling, "header-case"),
        (telling.RepeatsMarkup, "no-echo"),
        (texts.FillsTemplates, "schema"),
        (telling.SplitsItsHeaders, "no-echo"),
    ],
)
def test_a_fault_is_named(fault: type[Reference], requirement: str, contract: Contract) -> None:
    trace = played("drawn_requests", fault(), Effort())
    found = broken("drawn_requests", trace, contract)
    expected = {requirement} | ALSO.get(fault, set())
    assert set(found) == expected, found


# What a fault breaks besides: lenient parsers are lenient in many ways.
ALSO: dict[type[Reference], set[str]] = {
    drawn.TakesWhatFollows: {"lenient"},
}


@pytest.mark.parametrize(
    ("fault", "requirement"),
    [
        (repeating.FailsEveryTenth, "repeat"),
        (repeating.TiresAfterFifty, "repeat"),
        (repeating.RefusesCompany, "together"),
        (repeating.KeepsAStrayByte, "after-malformed"),
        (repeating.OneAtATime, "side-by-side"),
    ],
)
def test_a_fault_in_repeating_is_named(fault: type[Reference], requirement: str, contract: Contract) -> None:
    trace = played("same_answers", fault(), Effort())
    assert set(broken("same_answers", trace, contract)) == {requirement}


@pytest.mark.parametrize(
    ("fault", "requirement"),
    [
        (framing.TakesTheFirstLength, "framing"),
        (framing.OverlooksBrokenFields, "framing"),
        (framing.TakesTheFirstPiece, "pieces"),
        (framing.LosesWhatWasAskedFor, "expect"),
        (framing.KnowsNoExpectations, "expect"),
        (framing.ChunksBreakIt, "chunked"),
    ],
)
def test_a_fault_on_the_wire_is_named(fault: type[Reference], requirement: str, contract: Contract) -> None:
    trace = played("raw_requests", fault(), Effort())
    assert set(broken("raw_requests", trace, contract)) == {requirement}


@pytest.mark.parametrize(
    ("fault", "requirement"), [(ids.DecodesTwice, "decoded-once"), (ids.Trims, "exact-id")]
)
def test_a_fault_in_ids_is_named(fault: type[Reference], requirement: str, contract: Contract) -> None:
    trace = played("unusual_ids", fault(round_seconds=0.05), Effort())
    assert set(broken("unusual_ids", trace, contract)) == {requirement}


class NamesItself(Reference):
    """Says in every refusal at which address it is."""

    def refusal(self, request: Request, error: Error) -> Response:
        port = request.host.rpartition(":")[2]
        return super().refusal(request, replace(error, message=f"see http://127.0.0.1:{port}/docs"))


def test_the_own_address_is_no_leak_under_another_name(contract: Contract) -> None:
    trace = played("drawn_requests", NamesItself(), Effort("quick"), host="localhost")
    held("no-leaks", contract.stop, trace)


def test_the_failing_request_is_shrunk(contract: Contract) -> None:
    trace = played("drawn_requests", drawn.StumblesOverEmoji(), Effort())
    with pytest.raises(Violation) as caught:
        held("no-server-error", contract.stop, trace)
    smallest = next(exchange for exchange in trace.exchanges if exchange.id == caught.value.evidence[0])
    assert smallest.status == 500
    assert smallest.request.size < 60


class AlwaysBroken(Reference):
    """Answers every stop with 500 after a while."""

    def refusal(self, request: Request, error: Error) -> Response:
        return super().refusal(request, error)

    def do_stop(self, request: Request, app: Any, task_id: str) -> Response:
        if self.count("mine") > 40:
            raise Refused(INTERNAL)
        return super().do_stop(request, app, task_id)


def test_drawing_ends_early_where_the_plain_stop_fails_too(contract: Contract) -> None:
    trace = played("drawn_requests", AlwaysBroken(), Effort())
    assert trace.unmet is not None
    assert "drawing ended early" in trace.unmet
    assert len(trace.exchanges) < 60
    with pytest.raises(Inconclusive, match="drawing ended early"):
        held("credentials", contract.stop, trace)


def test_what_a_listed_case_shows_is_not_held_against_the_server_twice(contract: Contract) -> None:
    class TakesWhatIsTrue(Reference):
        def is_user(self, value: object) -> bool:
            return bool(value)

    trace = played("drawn_requests", TakesWhatIsTrue(), Effort())
    assert broken("drawn_requests", trace, contract) == {}


def test_a_spent_budget_ends_the_drawing() -> None:
    trace = played("drawn_requests", Reference(), Effort(), max_requests=30)
    assert trace.unmet is not None
    assert "--max-requests" in trace.unmet
    assert len(trace.exchanges) == 30


def test_the_same_seed_draws_the_same() -> None:
    first, second = (played("drawn_requests", Reference(), Effort("quick", 5)) for _ in range(2))
    assert [x.request.body for x in first.exchanges] == [x.request.body for x in second.exchanges]


def test_what_is_drawn_does_not_depend_on_the_sources_of_a_checkout() -> None:
    found = """
from conformance.properties.by_seed import seeded
from hypothesis.internal.conjecture import providers
seeded(0)
import conformance.cli
print(len(providers._get_local_constants()))
"""
    told = subprocess.run(
        [sys.executable, "-c", found], capture_output=True, encoding="utf-8", timeout=60, check=True
    )
    assert told.stdout.split() == ["0"]


def test_a_long_word_is_looked_through_once() -> None:
    """Where each letter of it was a beginning, this took minutes, and a session with a long header as long."""
    began = time.monotonic()
    for word in ("b", "a-", "a.", "a/b.", "at a.", "/usr/", "select a from b ", "10."):
        assert not secrets_in(word * (200_000 // len(word)))
    assert time.monotonic() - began < 30
