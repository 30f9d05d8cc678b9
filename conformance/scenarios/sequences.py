"""Starts, stops and reads in any order: a state machine that Hypothesis drives, one sequence after another."""

from collections.abc import Callable

from hypothesis import HealthCheck, Phase, Verbosity, assume, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import booleans

from conformance.effects import Effects
from conformance.model import contradiction, of_sequence
from conformance.properties.by_seed import seeded, share_chance
from conformance.runs import Natural
from conformance.scenarios.live import LiveRun
from conformance.scenarios.mistakes import made_up_key
from conformance.scenarios.stage import Stage
from conformance.trace import FOREIGN

STEPS = 8
AT_ONCE = 2  # runs that are alive side by side
UNKNOWN = "00000000-0000-4000-8000-000000000000"


class Contradiction(AssertionError):
    """A run ended otherwise than the model says; makes Hypothesis look for the shortest such sequence."""


class Runs(RuleBasedStateMachine):
    """One sequence; at its end every run has ended, and is held against the model."""

    runs = Bundle("runs")

    def __init__(self, stage: Stage, number: int, seconds: float) -> None:
        super().__init__()
        self.stage = stage
        self.number = number
        self.seconds = seconds
        self.alive: list[LiveRun] = []
        self.to_be_stopped: set[str] = set()
        self.started = 0

    @initialize()
    def while_there_is_time(self) -> None:
        assume(self.number == FIRST_DRAWN or self.stage.clock() < self.seconds * 1000)

    @precondition(lambda self: len(self.alive) < AT_ONCE)
    @rule(target=runs, long=booleans())
    def start(self, long: bool) -> LiveRun:
        return self.begin(long)

    def begin(self, long: bool) -> LiveRun:
        """Start a run that is to be stopped, sooner or later, or one that may end by itself."""
        self.started += 1
        inputs = self.stage.inputs.long if long else self.stage.inputs.short
        run = self.stage.start(f"{self.number}.{self.started}", inputs=inputs)
        self.alive.append(run)
        if long:
            self.to_be_stopped.add(run.id)
        return run

    @rule(run=runs)
    def stop_by_owner(self, run: LiveRun) -> None:
        self.stage.stop(run, "stop")

    @rule(run=runs)
    def stop_twice(self, run: LiveRun) -> None:
        self.stage.stop(run, "stop")
        self.stage.stop(run, "second stop")

    @rule(run=runs)
    def stop_by_another_user(self, run: LiveRun) -> None:
        asked = self.stage.stop_request(run.task_id, user=f"{run.user}-stranger")
        self.stage.stop(run, FOREIGN, request=asked)

    @rule(run=runs)
    def refused_stop(self, run: LiveRun) -> None:
        self.stage.stop(run, "no user", request=self.stage.stop_request(run.task_id, body=b"{}"))
        asked = self.stage.stop_request(run.task_id, user=run.user, key=made_up_key())
        self.stage.stop(run, "unknown key", request=asked)

    @precondition(lambda self: self.alive)
    @rule()
    def stop_unknown(self) -> None:
        self.stage.send("stop", "unknown task", self.stage.stop_request(UNKNOWN), about={"live": "no"})

    @rule(run=runs)
    def read_detail(self, run: LiveRun) -> None:
        self.stage.detail(run)

    @rule(run=consumes(runs), target=runs)
    def wait_for_the_end(self, run: LiveRun) -> object:
        self._end(run)
        return multiple()

    def teardown(self) -> None:
        """End every run, and hold the sequence against the model."""
        for run in list(self.alive):
            self._end(run)
        trace = self.stage.trace()
        effects = Effects(self.stage.deadlines, Natural())
        wrong = [text for run in of_sequence(trace, self.number) if (text := contradiction(run, effects))]
        if wrong:
            raise Contradiction(wrong[0])

    def _end(self, run: LiveRun) -> None:
        if run not in self.alive:
            return
        self.alive.remove(run)
        if run.id in self.to_be_stopped and not run.stopped:
            self.stage.stop(run, "stop")
        if run.stopped:
            self.stage.settle(run)
        else:
            self.stage.finish(run)
            self.stage.read_details(run)


# What is asked of a run before its owner stops it, each once: two steps that few drawn sequences have in a row.
BEFORE_THE_STOP: tuple[Callable[[Runs, LiveRun], object], ...] = (
    lambda runs, run: (runs.read_detail(run), runs.read_detail(run)),
    Runs.refused_stop,
    Runs.stop_by_another_user,
    lambda runs, _: runs.stop_unknown(),
)
FIRST_DRAWN = len(BEFORE_THE_STOP) + 1


def play(stage: Stage) -> None:
    """Play the listed sequences, then drawn ones, as long as there is time; one that fails is the last, or shortened."""
    count = iter(range(FIRST_DRAWN, 10_000))
    seconds = stage.effort.pick(0, 3, 60)

    @seeded(stage.effort.seed)
    def machine() -> Runs:
        return Runs(stage, next(count), seconds)

    share_chance()
    try:
        for number, before in enumerate(BEFORE_THE_STOP, 1):
            listed = Runs(stage, number, seconds)
            before(listed, listed.begin(long=True))
            listed.teardown()
        run_state_machine_as_test(machine, settings=_settings(stage))  # type: ignore[arg-type]
    except (Contradiction, Flaky):
        stage.pause(0)  # what was found stands in the trace, and the check says it


def _settings(stage: Stage) -> settings:
    return settings(
        max_examples=stage.effort.pick(1, 5, 50),
        stateful_step_count=STEPS,
        derandomize=stage.effort.level == "standard" and not stage.effort.seed,
        database=None,
        deadline=None,
        print_blob=False,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
