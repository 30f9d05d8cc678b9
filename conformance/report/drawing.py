"""The geometry of the timelines of runs, and the scale that every drawing uses; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor, log10

from conformance.exchange import Event, Exchange
from conformance.target import Deadlines
from conformance.trace import TERMINAL, Run

WIDTH = 760  # of every drawing, in units of its view box
LEFT = 96  # for labels
RIGHT = 24
LANE = 46  # the height of one run
NOTE = 14  # of what is written below the runs
QUIET = frozenset({"ping", "text_chunk"})
MOST_TICKS = 70  # of calm events in one lane
MOST_LANES = 3


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at a moment: ``kind`` is its class, ``text`` what it is called."""

    x: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One run: its stream as a bar with marks, its stops, the looks at its detail."""

    y: float
    label: str
    x: float
    width: float
    ending: str
    events: tuple[Mark, ...]
    stops: tuple[Mark, ...]
    details: tuple[Mark, ...]
    grace: tuple[float, float] | None = None
    violated: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Runs of one scenario on one axis, with a text that says the same."""

    height: float
    base: float
    lanes: tuple[Lane, ...]
    ticks: tuple[Mark, ...]
    text: str
    moment: Mark | None = None
    deadline: Mark | None = None
    width: int = WIDTH
    key: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """From milliseconds to x, straight or by tenfolds."""

    low: float
    high: float
    tenfold: bool = False

    def __call__(self, value: float) -> float:
        low, high, value = (
            (log10(self.low), log10(self.high), log10(max(value, self.low)))
            if self.tenfold
            else (self.low, self.high, value)
        )
        share = (value - low) / (high - low) if high > low else 0.0
        return round(LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT), 1)

    def ticks(self) -> tuple[Mark, ...]:
        """Round values on the axis, with their labels."""
        if self.tenfold:
            powers = range(floor(log10(self.low)), floor(log10(self.high)) + 1)
            factors = (1, 2, 5) if self.high < 100 * self.low else (1,)
            values = [n * 10.0**power for power in powers for n in factors]
            values = [value for value in values if self.low <= value <= self.high]
        else:
            step = round_step((self.high - self.low) / 6)
            values = [step * n for n in range(int(self.high // step) + 1) if step * n >= self.low]
        return tuple(Mark(self(value), "tick", told(value)) for value in values)


def told(milliseconds: float) -> str:
    """A time for people."""
    if abs(milliseconds) >= 1000:
        return f"{milliseconds / 1000:.3g} s"
    return (
        f"{milliseconds:.0f} ms" if abs(milliseconds) >= 1 or not milliseconds else f"{milliseconds:.2g} ms"
    )


def round_step(rough: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** floor(log10(rough)) if rough > 0 else 1.0
    return next((factor * power for factor in (1, 2, 5) if factor * power >= rough), 10 * power)


def timeline(runs: Sequence[Run], deadlines: Deadlines, at: float | None = None) -> Timeline | None:
    """The runs on one axis, the moment of a violation marked; None where there is nothing to draw."""
    shown = (
        [run for run in runs if run.stream.scenario == runs[0].stream.scenario][:MOST_LANES] if runs else []
    )
    moments = [moment for run in shown for moment in _moments(run)]
    if not moments:
        return None
    scale = Scale(0.0, max(moments) * 1.03)
    lanes = tuple(_lane(run, index, scale, deadlines, at) for index, run in enumerate(shown))
    stop = next((run.effective for run in shown if run.effective), None)
    due = stop.ended_at + deadlines.stop * 1000 if stop else None
    moment = Mark(scale(at), "moment", told(at)) if at is not None and at <= scale.high else None
    base = 26 + LANE * len(lanes)
    return Timeline(
        height=base + NOTE * (bool(moment) + (due is not None)),
        base=base,
        lanes=lanes,
        ticks=scale.ticks(),
        text=". ".join(_in_words(run) for run in shown),
        moment=moment,
        deadline=_deadline(due, scale) if due is not None else None,
        key=f"{','.join(run.stream.id for run in shown)}@{at}",
    )


def _deadline(due: float, scale: Scale) -> Mark:
    """The deadline of a stop; one that lies beyond the drawing is only written at its edge."""
    if due > scale.high:
        return Mark(WIDTH, "beyond", f"deadline {told(due)} →")
    return Mark(scale(due), "deadline", f"deadline {told(due)}")


def _moments(run: Run) -> list[float]:
    return [run.stream.ended_at, *(x.ended_at for x in run.stops), *(x.ended_at for x in run.details[-1:])]


def _lane(run: Run, index: int, scale: Scale, deadlines: Deadlines, at: float | None) -> Lane:
    start, end = scale(run.stream.sent_at), scale(run.stream.ended_at)
    stop = run.effective
    grace_end = stop.ended_at + deadlines.grace * 1000 if stop else 0.0
    violated = at is not None and stop is not None and grace_end < at <= run.stream.ended_at
    return Lane(
        y=26 + LANE * index,
        label=run.label,
        x=start,
        width=max(round(end - start, 1), 1.0),
        ending=run.stream.ending or "",
        events=tuple(_events(run.events, scale)),
        stops=tuple(_stop(stop, scale) for stop in run.stops),
        details=tuple(_details(run.details, scale)),
        grace=(scale(stop.ended_at), scale(grace_end)) if stop else None,
        violated=(scale(grace_end), end) if violated else None,
    )


def _events(events: Iterable[Event], scale: Scale) -> Iterable[Mark]:
    shown = [event for event in events if event.name not in QUIET]
    every = max(1, len(shown) // MOST_TICKS)
    for number, event in enumerate(shown):
        if event.name == TERMINAL:
            yield Mark(scale(event.at), "terminal", f"{event.status or event.name} at {told(event.at)}")
        elif number % every == 0:
            kind = "node" if event.name == "node_started" else "event"
            yield Mark(round(scale(event.at)), kind, event.name)


def _stop(stop: Exchange, scale: Scale) -> Mark:
    kind = "acknowledged" if (stop.status or 0) // 100 == 2 else "refused"
    answer = str(stop.status) if stop.status else stop.fault.kind if stop.fault else "no answer"
    return Mark(scale(stop.sent_at), kind, f"“{stop.case}” at {told(stop.sent_at)}: {answer}")


def _details(details: Sequence[Exchange], scale: Scale) -> Iterable[Mark]:
    """The first look, the last, and every one at which the status changed."""
    statuses = [str(x.response.member.get("status")) if x.response else "none" for x in details]
    changed = {n for n, (before, now) in enumerate(pairwise(statuses), 1) if before != now}
    for number in sorted({0, len(details) - 1, *changed} if details else ()):
        status = statuses[number]
        kind = status if status in {"running", "stopped", "succeeded"} else "other"
        yield Mark(scale(details[number].ended_at), kind, f"detail: {status}")


def _in_words(run: Run) -> str:
    stops = [
        f"{stop.case} answered {stop.status or 'nothing'} at {told(stop.ended_at)}" for stop in run.stops[:4]
    ]
    ended = run.final_status or run.stream.ending or "?"
    parts = [f"Run “{run.label}”", *stops, f"ended as {ended} at {told(run.over_at or run.stream.ended_at)}"]
    return ", ".join(parts)
