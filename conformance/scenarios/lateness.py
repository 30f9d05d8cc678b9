"""When a run is late in its life: as much of its work is done as can be, and enough left to see a stop get lost."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.runs import Inputs, Natural
from conformance.scenarios.live import LiveRun
from conformance.scenarios.opening import begins, wait_for_work
from conformance.target import Deadlines
from conformance.trace import Run

LATE = 0.7  # of the work of a run is done when it is stopped late
LATEST = 0.85  # of the time that it takes, where the nodes are slow in coming
HALF = 0.5  # of the time that it takes, where not more than that leaves enough
ENOUGH = 0.4  # seconds, beyond the grace, that a run must have left: if the stop is lost, it is seen to go on
SLOWER = 1.5  # times as long as the first stop took a later one may take
FEW_NODES = 8  # of which LATE says little
UNKNOWN = 2.5  # seconds after which a run is late whose length is not known


@dataclass(frozen=True, slots=True)
class Moment:
    """So many nodes have begun, or so many seconds have passed, whichever is first."""

    seconds: float
    nodes: int | None = None

    def wait_for(self, run: LiveRun) -> None:
        """Wait until the moment has come, or the run is over."""
        if self.nodes is None:
            run.wait_over(self.seconds)
        elif not run.wait(begins, self.seconds, self.nodes):
            wait_for_work(run)


def late_moment(
    inputs: Inputs, natural: Natural, stopped: Run | None, deadlines: Deadlines
) -> tuple[Mapping[str, Any], Moment]:
    """What a run is started with and when it is stopped: the shortest that lasts long enough for it.

    ``natural`` knows a run that nobody stopped, ``stopped`` is one whose stop shows how long stops take here.
    """
    needed = deadlines.grace + ENOUGH + SLOWER * _delay(stopped) + _answer(stopped)
    chosen, seconds = inputs.natural[-1], natural.lasts(inputs.natural[-1]) or inputs.seconds
    for shorter in inputs.natural:
        lasts = natural.lasts(shorter)
        if lasts is not None and lasts * (1 - LATE) >= needed:
            chosen, seconds = shorter, lasts
            break
    if seconds is None:
        return chosen, Moment(UNKNOWN)
    return chosen, moment_in(seconds, natural.nodes(chosen), needed, _answer(stopped))


def moment_in(seconds: float, nodes: float | None, needed: float, answer: float = 0.0) -> Moment:
    """When a run is late that lasts so long and works on so many nodes, of which ``needed`` seconds must be left.

    A stop that takes ``answer`` seconds to be answered may work no sooner: the run is late when it does.
    """
    earliest = max(0.0, HALF * seconds - answer)

    def capped(share: float) -> float:
        return max(earliest, min(share * seconds, seconds - needed))

    if nodes is None or nodes < FEW_NODES:
        return Moment(capped(LATE))
    return Moment(capped(LATEST), math.ceil(LATE * nodes))


def _answer(run: Run | None) -> float:
    """Seconds that a stop took to be answered."""
    if run is None or run.effective is None:
        return 0.0
    return (run.effective.ended_at - run.effective.sent_at) / 1000


def _delay(run: Run | None) -> float:
    """Seconds from the acknowledgement of a stop to the end of the run, as far as it shows them."""
    if run is None or run.effective is None or run.terminal is None:
        return 0.0
    return max(0.0, run.terminal.at - run.effective.ended_at) / 1000
