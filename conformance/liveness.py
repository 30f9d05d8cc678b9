"""How soon stopped runs end, and how sure one may be of it, from all stops that a session saw; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median, quantiles

from conformance.exchange import Json
from conformance.trace import Run
from conformance.verdict import number

CONFIDENCE = 0.95
FEW = 5  # stops; what is sure after fewer (no more than every second one fails) is not worth saying


@dataclass(frozen=True, slots=True)
class Liveness:
    """The stops that were acknowledged for live runs, and what became of them.

    ``times`` are the milliseconds from each acknowledgement to the end of the stream, in ascending order; an end
    that came before the acknowledgement counts as 0.
    """

    times: tuple[float, ...]
    still_open: int

    @property
    def stops(self) -> int:
        """How many stops were seen."""
        return len(self.times) + self.still_open

    @property
    def upper_bound(self) -> float | None:
        """The greatest true failure rate under which seeing no failure is no surprise; None where one was seen.

        With zero failures in n trials, rates above 1 - 0.05 ** (1 / n) are excluded at 95 %.
        """
        if self.still_open or not self.times:
            return None
        return float(1 - (1 - CONFIDENCE) ** (1 / len(self.times)))

    def percentile(self, share: int) -> float:
        """The time within which ``share`` percent of the streams ended."""
        return (
            quantiles(self.times, n=100, method="inclusive")[share - 1]
            if len(self.times) > 1
            else self.times[0]
        )

    def sentence(self) -> str:
        """The figures for a person."""
        if not self.stops:
            return "no stop of a live run was acknowledged"
        if not self.times:
            return f"{number(range(self.stops), 'stop')} acknowledged, and no run ended as stopped"
        spread = f"median {median(self.times):.0f} ms, 95 % {self.percentile(95):.0f} ms, longest {self.times[-1]:.0f} ms"
        ended = number(self.times, "stream")
        seen = f"{number(range(self.stops), 'stop')} acknowledged, {ended} ended: {spread}"
        if self.upper_bound is None:
            return (
                f"{seen}; {self.still_open} more were over by themselves, or did not end within the deadline"
            )
        if len(self.times) < FEW:
            return seen
        return f"{seen}; at 95 % confidence fewer than {self.upper_bound:.1%} of stops fail to end the stream"

    def line(self) -> dict[str, Json]:
        """The figures for ``verdict.json``."""
        return {
            "stops": self.stops,
            "still_open": self.still_open,
            "milliseconds": [round(time, 1) for time in self.times],
            "upper_bound_95": self.upper_bound,
        }


def liveness(runs: Iterable[Run]) -> Liveness:
    """The figures of a session; streams that the suite left early by itself say nothing."""
    times, still_open = [], 0
    for run in runs:
        stop = run.effective
        if (
            stop is None
            or stop.about.get("by") != "owner"
            or (run.over_at or stop.sent_at + 1) <= stop.sent_at
        ):
            continue
        if run.stream.ending == "left" and run.terminal is None:
            waited = bool(run.details) and run.stream.ended_at > stop.sent_at
            still_open += waited  # whoever reads the detail has waited for the end
        elif run.final_status in {"stopped", None}:
            times.append(max(0.0, run.stream.ended_at - stop.ended_at))
        else:
            still_open += 1
    return Liveness(tuple(sorted(times)), still_open)
