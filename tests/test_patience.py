"""What a session may cost: nobody is waited for for ever, and no more is sent than was announced."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Response

from conformance.contract import load_contract
from conformance.probe.budget import OVERLOADED, SLOW, Budget, ProbeStopped
from conformance.probe.probe import Probe
from conformance.reference import App, Error, Event, Reference, Refused, Request, Run
from conformance.reference.faults import specimens
from conformance.scenarios.director import Unrecorded
from conformance.scenarios.live import Patience, Unmet
from conformance.scenarios.shared import Shared
from conformance.scenarios.stage import Stage
from conformance.target import Target
from tests.judged import Judge

TABLE = """
[target.here]
base_url = "{url}"
[target.here.deadlines]
stop = 1.0
grace = 0.3
detail = 1.0
run = {run}
session = {session}
"""


class NeverGetsAnywhere(Reference):
    """Sends the beginning of a stream and then a byte a second, whatever is stopped."""

    def events(self, run: Run) -> Iterator[Event]:
        for event in super().events(run):
            yield event
            if event["event"] == "workflow_started":
                return

    def stream(self, run: Run) -> Iterator[bytes]:
        yield from super().stream(run)
        for _ in range(120):
            self.pause(1.0)
            yield b":"


def configured(folder: Path, url: str, *, run: float = 4.0, session: float = 600.0) -> tuple[str, ...]:
    file = folder / "targets.toml"
    file.write_text(TABLE.format(url=url, run=run, session=session), "utf-8")
    return "--config", str(file), "--target", "here", "--effort", "quick"


def test_a_stream_that_trickles_cannot_hold_the_suite(
    judge: Judge, serving: Callable[[Reference], Any], tmp_path: Path
) -> None:
    server = serving(NeverGetsAnywhere())
    began = time.monotonic()
    judged = judge(*configured(tmp_path, server.base_url), env=server.keys)
    assert judged.exit_code == 1, judged.output
    assert "stop.lifecycle.ends" in judged.failed
    assert time.monotonic() - began < 90


def test_a_session_has_an_end(judge: Judge, serving: Callable[[Reference], Any], tmp_path: Path) -> None:
    server = serving(Reference(round_seconds=1.0))
    judged = judge(*configured(tmp_path, server.base_url, run=100.0, session=3.0), env=server.keys)
    assert judged.exit_code == 3, judged.output
    assert "deadlines.session" in judged.output
    assert not judged.failed


@pytest.mark.parametrize("name", ["detail-stays-running", "knows-no-task", "any-key-will-do"])
def test_what_is_announced_is_kept(
    judge: Judge, serving: Callable[[Reference], Any], tmp_path: Path, name: str
) -> None:
    server = serving(specimens()[name].make(round_seconds=0.02))
    judged = judge(*configured(tmp_path, server.base_url), env=server.keys)
    announced = re.search(r"sending at most (\d+) requests", judged.output)
    assert announced, judged.output
    stops = (judged.reports / "run.jsonl").read_text("utf-8").count('"case":"clean-up"')
    assert 0 < judged.verdict["requests"] - stops <= int(announced.group(1))
    assert "are spent" not in judged.output


def test_sends_at_the_same_moment_end_as_the_first_that_cannot_be_done(
    serving: Callable[[Reference], Any],
) -> None:
    server, contract = serving(Reference()), load_contract()
    probe = Probe(Target(server.base_url, keys=server.keys), Budget(10))
    shared = Shared(probe, contract, Unrecorded(), Patience(probe.target.deadlines))
    with Stage("together", shared, most=2) as stage:
        with pytest.raises(Unmet, match="are spent"):
            stage.together([lambda: stage.get(contract.info, "info")] * 3)
        assert len(stage.trace().exchanges) == 2
        with pytest.raises(ZeroDivisionError):
            stage.together([lambda: stage.get(contract.info, str(1 // 0))])
    probe.close()


def test_turns_come_at_the_rate() -> None:
    budget = Budget(100, rate=50.0)
    began = time.monotonic()
    for _ in range(6):
        budget.take()
    assert time.monotonic() - began >= 0.1


def test_drawn_requests_keep_back_and_others_do_not() -> None:
    budget = Budget(100, drawn_rate=2.0)
    began = time.monotonic()
    budget.take(drawn=True)
    for _ in range(20):
        budget.take()
    assert time.monotonic() - began < 0.4
    budget.take(drawn=True)
    assert time.monotonic() - began >= 0.5


def test_what_was_reserved_is_sent_at_the_same_moment() -> None:
    budget = Budget(100, rate=20.0)
    budget.take()
    budget.reserve(8)
    moments: list[float] = []

    def send() -> None:
        budget.take()
        moments.append(time.monotonic())

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(moments) - min(moments) < 0.3


@pytest.mark.parametrize(("overloaded", "least"), [(True, OVERLOADED), (False, 4 * SLOW)])
def test_a_target_that_is_overloaded_is_spared_less_than_one_that_limits(
    overloaded: bool, least: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.probe.budget.SLOWEST", 4 * SLOW)
    budget = Budget(100)
    for _ in range(4):
        budget.slow_down(0.0, overloaded=overloaded)
        time.sleep(4 * SLOW + 0.01)  # what comes at once counts once
    began = time.monotonic()
    for _ in range(5):
        budget.take()
    assert least * 3 <= time.monotonic() - began <= least * 5 + 0.5


def test_a_budget_that_is_over_lets_nobody_wait() -> None:
    budget = Budget(100, rate=0.01)
    budget.take()
    threading.Timer(0.2, budget.stop, ["it is over"]).start()
    with pytest.raises(ProbeStopped, match="it is over"):
        budget.take()


class HasUsedUpItsQuota(Reference):
    """Starts no run for the rest of the day."""

    def start(self, app: App, user: str, rounds: int) -> Run:
        self.count("starts")
        raise Refused(Error(429, "quota_exceeded", "No more runs today.", (("Retry-After", "30000"),)))


class HasUsedUpEverything(Reference):
    """Answers nothing for the rest of the day."""

    def answer(self, request: Request) -> Response:
        self.count("asked")
        raise Refused(Error(429, "quota_exceeded", "Enough for today.", (("Retry-After", "30000"),)))


@pytest.mark.parametrize("kind", [HasUsedUpItsQuota, HasUsedUpEverything])
def test_nobody_waits_for_the_next_day(
    kind: type[Reference], judge: Judge, serving: Callable[[Reference], Any]
) -> None:
    server = serving(kind())
    judged = judge("--base-url", server.base_url, "--effort", "quick", env=server.keys)
    assert judged.exit_code == 3, judged.output
    assert "come again in 30000 s" in judged.output
    assert server.reference.count("starts", 0) <= 6
    assert server.reference.count("asked", 0) <= 3


class IsInMaintenance(Reference):
    """Asks everybody to come again in a moment."""

    status = 503

    def answer(self, request: Request) -> Response:
        raise Refused(Error(self.status, "later", "We are at work.", (("Retry-After", "0"),)))


class TakesNothing(IsInMaintenance):
    """Takes no request at the moment."""

    status = 429


@pytest.mark.parametrize("make", [IsInMaintenance, TakesNothing])
def test_a_target_that_asks_for_all_of_it_later_is_left_and_not_convicted(
    make: type[IsInMaintenance], judge: Judge, serving: Callable[[Reference], Any]
) -> None:
    server = serving(make())
    judged = judge("--base-url", server.base_url, env=server.keys)
    assert (judged.exit_code, judged.failed) == (3, set()), judged.output
    assert f"every request was answered {make.status}" in judged.output
    assert server.reference.count("requests", 0) < 60
