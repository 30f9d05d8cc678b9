"""The geometry of what a whole session shows: latencies, the distribution of stop times; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median

from conformance.exchange import Exchange
from conformance.report.drawing import WIDTH, Mark, Scale, round_step, told
from conformance.trace import Run


@dataclass(frozen=True, slots=True)
class Row:
    """The latencies of one operation as dots."""

    y: float
    label: str
    dots: tuple[int, ...]
    median: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Rows of dots on one axis."""

    height: float
    rows: tuple[Row, ...]
    ticks: tuple[Mark, ...]
    width: int = WIDTH


OPERATIONS: Mapping[str, str] = {
    "stop": "stop",
    "run": "run, first byte",
    "detail": "run detail",
    "info": "info",
    "parameters": "parameters",
}


def latencies(exchanges: Iterable[Exchange]) -> Chart | None:
    """How long answers took to begin, by operation, on an axis of tenfolds."""
    found: dict[str, list[float]] = {}
    for x in exchanges:
        if x.answered_at is not None and x.operation in OPERATIONS:
            found.setdefault(x.operation, []).append(max(x.answered_at - x.sent_at, 0.1))
    if not found:
        return None
    every = [value for values in found.values() for value in values]
    low = min(every) / 1.2
    scale = Scale(low, max(max(every) * 1.2, low * 10), tenfold=True)
    named = [(label, found[name]) for name, label in OPERATIONS.items() if name in found]
    rows = tuple(_row(label, values, 30.0 + 26 * n, scale) for n, (label, values) in enumerate(named))
    return Chart(30 + 26 * len(rows), rows, scale.ticks())


def _row(label: str, values: list[float], y: float, scale: Scale) -> Row:
    middle = median(values)
    text = f"{label}: {len(values)} answers, median {told(middle)}, longest {told(max(values))}"
    return Row(y, label, tuple(sorted({round(scale(value)) for value in values})), scale(middle), text)


@dataclass(frozen=True, slots=True)
class Bar:
    """So many stops between two times."""

    x: float
    width: float
    height: float
    count: int
    text: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """How stop times are distributed."""

    bars: tuple[Bar, ...]
    ticks: tuple[Mark, ...]
    median: Mark
    most: int
    text: str
    width: int = WIDTH
    height: int = 150
    base: int = field(default=130)


BINS = 24


def stop_times(runs: Iterable[Run]) -> Histogram | None:
    """From sending a stop to the terminal event of its run, over all runs that ended as stopped."""
    times = [
        run.terminal.at - run.effective.sent_at
        for run in runs
        if run.effective and run.terminal and run.final_status == "stopped"
    ]
    times = [time for time in times if time >= 0]
    if not times:
        return None
    step = round_step(max(*times, 1.0) / BINS)
    number = int(max(times) // step) + 1
    counts = [sum(step * n <= time < step * (n + 1) for time in times) for n in range(number)]
    scale = Scale(0.0, step * number)
    wide = scale(step) - scale(0)
    bars = tuple(
        Bar(
            scale(step * n),
            round(max(wide - 1.5, 1), 1),
            round(90 * count / max(counts), 1),
            count,
            f"{count} between {told(step * n)} and {told(step * (n + 1))}",
        )
        for n, count in enumerate(counts)
        if count
    )
    middle = median(times)
    spread = f"median {told(middle)}, shortest {told(min(times))}, longest {told(max(times))}"
    text = f"{len(times)} runs, from the stop to the last event: {spread}"
    return Histogram(bars, scale.ticks(), Mark(scale(middle), "median", told(middle)), max(counts), text)
