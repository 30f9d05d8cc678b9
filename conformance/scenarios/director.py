"""Plays the scenarios that a session needs: the happy path first and last, the rest side by side."""

import threading
import traceback
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace

from conformance.contract import Contract
from conformance.effort import Effort
from conformance.exchange import Exchange
from conformance.probe.budget import Budget, ProbeStopped
from conformance.probe.probe import Probe
from conformance.properties.amounts import POLITE_RATE
from conformance.reachability import locked_out, unreachable
from conformance.runs import choose_inputs
from conformance.scenarios import CLOSING, FIRST, ORDER, PLAIN, REACH, Scenario
from conformance.scenarios.asking import too_long
from conformance.scenarios.live import Patience, Unmet
from conformance.scenarios.properties import prepare
from conformance.scenarios.record import Recorder
from conformance.scenarios.shared import Shared
from conformance.scenarios.stage import Stage
from conformance.target import Target
from conformance.trace import NotRecorded, Trace

FEW_STOPS = 2  # one of no run, and one of a run
OVER = "the session lasted longer than {:g} s (deadlines.session)"


class Unrecorded:
    """Keeps nothing: for a look at a target that is no judgement."""

    def exchange(self, exchange: Exchange) -> None:
        """Let go of the exchange."""

    def scenario(self, trace: Trace) -> None:
        """Let go of the trace."""


class Slots:
    """Places for open streams; whoever needs several gets them all at once."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._changed = threading.Condition()

    def take(self, number: int, given_up: threading.Event) -> bool:
        """Wait for places; False when the session ends before."""
        with self._changed:
            while self._free < number:
                if given_up.is_set():
                    return False
                self._changed.wait(0.2)
            self._free -= number
            return True

    def give_back(self, number: int) -> None:
        """Let others have them."""
        with self._changed:
            self._free += number
            self._changed.notify_all()


class Director:
    """Plays scenarios in threads; ``trace`` waits for one of them."""

    def __init__(
        self, target: Target, contract: Contract, recorder: Recorder, effort: Effort = Effort()
    ) -> None:
        self.target = target
        limits = target.limits
        self.budget = Budget(
            limits.max_requests,
            limits.rate,
            drawn_rate=0.0 if target.near or limits.rate else POLITE_RATE,
            most_bytes=limits.received,
        )
        self._recorder = recorder
        self._effort = effort
        self._probe = Probe(target, self.budget)
        self._shared = Shared(self._probe, contract, recorder, Patience(target.deadlines), effort=effort)
        self._over = threading.Timer(
            target.deadlines.session, self.stop, [OVER.format(target.deadlines.session)]
        )
        self._slots = Slots(target.limits.concurrency)
        self._traces: dict[str, Future[Trace]] = {}
        self._shown: dict[str, Future[Trace]] = {}  # as far as the others need them
        self._threads: list[threading.Thread] = []
        self._begun: set[str] = set()
        self._no_run: str | None = None

    def start(self, names: Iterable[str]) -> None:
        """Begin to play the named scenarios, and what belongs before and after them."""
        wanted = set(names)
        chosen = [s for s in ORDER if s.name in wanted or s in (REACH, PLAIN, CLOSING)]
        self._traces = {scenario.name: Future() for scenario in chosen}
        self._shown = {scenario.name: Future() for scenario in chosen}
        self._over.daemon = True
        self._over.start()
        play = threading.Thread(target=self._play, args=(chosen,), name="director", daemon=True)
        self._threads.append(play)
        play.start()
        if any(scenario.draws for scenario in chosen):
            prepare(self._effort)

    @property
    def names(self) -> list[str]:
        """The scenarios being played, in their order."""
        return list(self._traces)

    @property
    def sent(self) -> int:
        """How many requests were sent so far."""
        return self.budget.sent

    def trace(self, name: str) -> Trace:
        """The trace of a scenario, as soon as it is over."""
        return self._traces[name].result()

    def turn(self) -> AbstractContextManager[None]:
        """Let no scenario draw meanwhile."""
        return self._shared.turnstile.inside()

    def stop(self, why: str) -> None:
        """Let every scenario end where it is; what was recorded stays, and open runs are stopped."""
        self.budget.stop(why)

    def close(self) -> None:
        """Wait for the scenarios to end and close every connection."""
        self._over.cancel()
        for thread in self._threads:
            thread.join(timeout=30)
        self._probe.close()

    def _play(self, chosen: list[Scenario]) -> None:
        try:
            self._play_all(chosen)
        except Exception:  # noqa: BLE001 - as below: who waits for a trace would wait for ever
            self.stop("the suite itself failed")
            why = self._crashed("the session")
            for scenario in chosen:
                if scenario.name not in self._begun:
                    with suppress(OSError):  # the recording may be what failed
                        self._close(Trace(scenario.name, crashed=why))

    def _play_all(self, chosen: list[Scenario]) -> None:
        self._act(REACH)
        self._give_up_early(REACH)
        inputs = choose_inputs(self.target.inputs, self.target.run_seconds, self._parameters())
        patience = Patience(self.target.deadlines, inputs.seconds)
        self._shared = replace(self._shared, inputs=inputs, patience=patience)
        threads = []
        for scenario in chosen:
            if scenario in (REACH, CLOSING):
                continue
            stopped = threading.Event()
            threads.append(self._begin(scenario, stopped))
            if scenario in FIRST:
                stopped.wait()
            if scenario is PLAIN and (self._no_run is not None or self._shared.patience.no_stop):
                self._give_up_early(REACH, PLAIN)
        for thread in threads:
            thread.join()
        self._act(CLOSING)

    def _give_up_early(self, *played: Scenario) -> None:
        """Send nothing more to a target that is not there, lets nobody in, or takes no stop."""
        traces = [self._traces[scenario.name].result() for scenario in played]
        asked = [exchange for trace in traces for exchange in trace.exchanges]
        let_in = PLAIN in played and self._no_run is None
        nobody = "" if let_in else unreachable(asked, self.target.base_url) or locked_out(*traces)
        if why := nobody or _shut(asked) or _always_later(asked) or _takes_no_stop(asked):
            self.stop(why)

    def _parameters(self) -> Exchange | None:
        try:
            return self._traces[REACH.name].result().case("parameters")
        except NotRecorded:
            return None

    def _begin(self, scenario: Scenario, stopped: threading.Event) -> threading.Thread:
        """Play a scenario beside the others, once there are places for its streams.

        ``stopped`` is set when its first stop was answered, or never will be.
        """
        placed = self._slots.take(scenario.streams, self.budget.stopped)

        def act() -> None:
            try:
                self._act(scenario, stopped)
            finally:
                stopped.set()
                if placed:
                    self._slots.give_back(scenario.streams)

        thread = threading.Thread(target=act, name=scenario.name, daemon=True)
        thread.start()
        return thread

    def _crashed(self, what: str) -> str:
        return self.target.secrets.mask(f"{what} crashed:\n{traceback.format_exc()}")

    def _act(self, scenario: Scenario, stopped: threading.Event | None = None) -> None:
        self._begun.add(scenario.name)
        if missing := scenario.missing(self.target.keys):
            self._close(Trace(scenario.name, missing=missing))
            return
        if self._no_run is not None and scenario.needs_run:
            self._close(Trace(scenario.name, unmet=self._no_run))
            return
        stage = Stage(scenario.name, self._shared, scenario.most(self._effort))
        stage.stop_answered = stopped or stage.stop_answered
        stage.seen = self._seen
        stage.show = self._shown[scenario.name].set_result
        unmet: str | None = None
        try:
            with stage, self._shared.turnstile.inside() if scenario.draws else nullcontext():
                scenario.act(stage)
        except (Unmet, NotRecorded, ProbeStopped) as reason:
            unmet = str(reason)
        except Exception:  # noqa: BLE001 - whatever the suite did wrong must reach its checks, not die in a thread
            crashed = self._crashed(f"the scenario {scenario.name}")
            self._close(replace(stage.trace("the suite itself failed"), crashed=crashed))
            return
        trace = stage.trace(unmet)
        if scenario is PLAIN and not any(run.task_id for run in trace.runs):
            self._no_run = unmet
        self._close(trace)

    def _seen(self, name: str) -> Trace:
        """What a scenario that was begun before has shown or is in all; nothing where it is not played."""
        return self._shown[name].result() if name in self._shown else Trace(name)

    def _close(self, trace: Trace) -> None:
        try:
            self._recorder.scenario(trace)
        finally:  # whoever waits for it is told, also where the disk is full
            if not self._shown[trace.scenario].done():
                self._shown[trace.scenario].set_result(trace)
            self._traces[trace.scenario].set_result(trace)


def _shut(asked: Sequence[Exchange]) -> str:
    """Why nothing is answered for longer than anybody waits, empty where something is."""
    told = [too_long(exchange.response) if exchange.response else "" for exchange in asked]
    return told[0] if told and all(told) else ""


def _always_later(asked: Sequence[Exchange]) -> str:
    """Why nothing is worth sending where all of it, a run too, was to be asked for again later each time."""
    if not all(exchange.busy for exchange in asked) or all(x.operation != "run" for x in asked):
        return ""
    return f"every request was answered {asked[-1].status}, each time that it was asked for again: try when it is up"


def _takes_no_stop(asked: Sequence[Exchange]) -> str:
    """Why no stop is worth sending where each, tried again and again, was one too many; empty where one was not."""
    stops = [exchange for exchange in asked if exchange.operation == "stop"]
    if len(stops) < FEW_STOPS or not all(exchange.busy for exchange in stops):
        return ""
    return f"every stop was answered {stops[-1].status}, each time that it was asked for again: raise the limit of requests"
