"""Whether a stop had its effect on a run, whatever the moment it was sent at."""

from collections.abc import Sequence
from dataclasses import dataclass

from conformance.exchange import Event, Exchange, Json
from conformance.judging import Inconclusive, Violation, require, shown
from conformance.runs import ALMOST, Natural
from conformance.target import Deadlines
from conformance.trace import CLEAN_UP, FINAL, LATER, Run, Trace, statuses_of

WAITED_FOR = frozenset({"left", "silence"})
BROKEN = frozenset({"failed", "partial-succeeded"})  # what a run ends as that something broke
PROMPT = 1000.0  # milliseconds; a stop that took longer was kept waiting by something, such as streams
# Events that say nothing of how a run is: Dify sends the rest of the speech when it is over (generate_task_pipeline.py).
ASIDE = frozenset({"ping", "tts_message", "tts_message_end"})


@dataclass(frozen=True, slots=True)
class Effects:
    """Judges what stops do, by the deadlines of the session and the natural length of runs."""

    deadlines: Deadlines
    natural: Natural

    def stopped(self, trace: Trace, label: str = "owner") -> tuple[Run, Exchange]:
        """The run of a scenario and the first stop acknowledged for it, while it was alive; raises Inconclusive."""
        run = trace.run(label)
        if run.effective is None:
            tried = next((stop.seen for stop in run.stops if stop.case != CLEAN_UP), None)
            if tried is None:
                raise Inconclusive(trace.unmet or "no stop was sent")
            raise Inconclusive(f"no stop of the run was acknowledged: {tried}")
        return self.stoppable(run, run.effective), run.effective

    def taken(self, trace: Trace, label: str = "owner") -> tuple[Run, Exchange]:
        """As ``stopped``; raises Violation where the right stop of a run that went on was refused."""
        self.not_refused(trace.run(label))
        return self.stopped(trace, label)

    def not_refused(self, run: Run) -> None:
        """Require that the first right stop of a run was not refused while the run went on; raises Violation."""
        right = (stop for stop in run.stops if stop.about.get("by") == "owner" and stop.case != CLEAN_UP)
        stop = next(right, None)
        if stop is None or stop.response is None or stop.response.limits or stop.response.status < 300:
            return
        soon = run.over_at is not None and run.over_at <= stop.ended_at + self.deadlines.grace * 1000
        if soon and run.final_status != "stopped":
            return  # it may have been over already
        seen = f"“{stop.case}” of a run that went on was answered {stop.seen}"
        raise Violation(seen, (stop, run.stream), at=stop.ended_at)

    def stoppable(self, run: Run, stop: Exchange) -> Run:
        """The run, provided that it did not end by itself before the stop could work; raises Inconclusive."""
        if self._ended_by_itself(run, stop):
            raise _kept_waiting(stop) if stop.ended_at - stop.sent_at > PROMPT else _too_short(run, "while")
        if unread(run):
            raise _larger_than_read(run)
        left = run.stream.ending == "left" and run.terminal is None
        if left and run.stream.ended_at - stop.ended_at < self.deadlines.stop * 1000:
            raise Inconclusive("the suite broke off before the stop had its time to work")
        return alive(run, stop)

    def waited_for_detail(self, run: Run, stop: Exchange | None = None) -> None:
        """Raise Inconclusive where the suite broke off before the run detail had its time to tell the end.

        ``stop`` is that of a run whose end nobody saw; it has its own time before.
        """
        if not run.statuses or run.statuses[-1] in FINAL:
            return
        began = stop.ended_at if stop else run.stream.ended_at
        within = self.deadlines.detail + (self.deadlines.stop if stop else 0.0)
        if run.details[-1].sent_at - began < within * 1000:
            raise Inconclusive(f"the suite broke off while the run detail said {run.statuses[-1]}")

    def _ended_by_itself(self, run: Run, stop: Exchange) -> bool:
        if run.final_status != "succeeded" or run.terminal is None:
            return False
        return run.terminal.at <= stop.ended_at + self.deadlines.grace * 1000 and self.natural.reached(run)

    def ends_unread(self, run: Run, stop: Exchange) -> bool:
        """Whether a run that nobody reads may have come to its natural end before a stop could work."""
        natural = self.natural.seconds(run)
        age = (stop.ended_at - run.events[0].at) / 1000 if run.events else 0.0
        return natural is None or natural * ALMOST <= age + self.deadlines.grace

    def lost(self, run: Run, *stops: Exchange) -> bool:
        """Whether a run that nobody stopped ended as stopped, or failed, if only in part, as soon as one of ``stops`` was sent.

        Raises Inconclusive where it has not ended, but waits for somebody, or nobody waited for its end.
        """
        end = run.terminal
        if unread(run):
            raise _larger_than_read(run)
        if end is None and is_paused(run):
            raise Inconclusive(
                "the run waits for somebody (workflow_paused); give a workflow that asks nobody"
            )
        if end is None and run.stream.ending in WAITED_FOR:
            raise Inconclusive(
                f"the run had not ended when the suite left its stream ({run.stream.ending}); give one that ends sooner, "
                "or that tells more while it works (--inputs)"
            )
        if end is None or end.status in {"stopped", None}:
            return True
        return self.soon(end, *stops) and end.status in BROKEN and self.natural.example is not None

    def soon(self, end: Event, *stops: Exchange) -> bool:
        """Whether a run ended as soon as one of ``stops`` was sent, for that one rather than by chance."""
        return any(x.sent_at <= end.at <= x.ended_at + self.deadlines.grace * 1000 for x in stops)

    def answered_in_time(self, trace: Trace, label: str = "owner") -> None:
        """Require that a stop that nothing else held up was not answered when the run had come to its natural end."""
        run = trace.run(label)
        stop = run.effective
        if stop is None or run.terminal is None or not self._ended_by_itself(run, stop):
            return
        worked_on = run.terminal.at - stop.sent_at
        waited = stop.ended_at - stop.sent_at
        seen = f"the stop was answered after {waited:.0f} ms, when the run had come to its natural end"
        require(min(worked_on, waited) <= self.deadlines.stop * 1000, seen, stop, run.stream)

    def stops(self, run: Run, stop: Exchange) -> None:
        """Require that the run ends as stopped within the deadline of an acknowledged stop; raises Violation.

        Where the run detail was read, it must say so in the end.
        """
        if run.terminal is None:
            ended = (
                "had not ended"
                if run.stream.ending in WAITED_FOR
                else f"ended ({run.stream.ending}) without a terminal event"
            )
            raise Violation(f"the stream {ended} {since(stop, run.stream.ended_at)}", (stop, run.stream))
        after = run.terminal.at - stop.ended_at
        seen = f"the run ended as {shown(run.final_status)} {since(stop, run.terminal.at)}"
        held = run.final_status == "stopped" and after <= self.deadlines.stop * 1000
        require(held, seen, stop, run.stream, at=run.terminal.at)
        self.waited_for_detail(run)
        if run.statuses:
            told = run.statuses[-1]
            seen = f"the stream ended as stopped, but the run detail says {shown(told)}"
            require(told == "stopped", seen, stop, run.stream, run.details[-1])

    def each_stops(self, trace: Trace, stopped: Sequence[tuple[Run, Exchange]]) -> None:
        """Require that of each of several runs of a scenario; one that is left open hides no other that breaks it."""
        undecided = trace.unmet or (None if stopped else "no stop was accepted")
        for run, stop in stopped:
            try:
                self.stops(self.stoppable(run, stop), stop)
            except Inconclusive as reason:
                undecided = undecided or str(reason)
        if undecided:
            raise Inconclusive(undecided)


def is_paused(run: Run) -> bool:
    """Whether the stream of a run ended because the run waits for somebody."""
    names = [event.name for event in run.events if event.name not in ASIDE]
    return run.stream.ending == "clean" and names[-1:] == ["workflow_paused"]


def unread(run: Run) -> bool:
    """Whether the suite stopped reading the stream before its end, for there was too much of it."""
    return run.terminal is None and run.stream.ending == "too large"


def end_of(run: Run) -> str:
    """How a run ended: as its terminal event says, or without any."""
    if run.terminal is not None:
        return f"ended as {shown(run.final_status)}"
    return f"ended without a terminal event (its stream: {run.stream.ending})"


def since(stop: Exchange, moment: float) -> str:
    """How long after the acknowledgement of a stop something happened, or before it."""
    late = moment - stop.ended_at
    return f"{abs(late):.0f} ms {'after' if late >= 0 else 'before'} the stop was acknowledged"


def alive(run: Run, stop: Exchange) -> Run:
    """The run, provided that it was not over before the stop was sent; raises Inconclusive."""
    if run.over_at is not None and run.over_at <= stop.sent_at:
        raise _too_short(run, "before")
    return run


def readable(run: Run, stop: Exchange, other: Run | None = None, *, in_time: bool = False) -> list[str]:
    """The statuses that the run detail gave after the stop, perhaps only those within its deadline.

    Raises Inconclusive where no detail could ever be read, Violation where only this one could not: before the stop
    it could, or that of the ``other`` run, which nobody stopped.
    """
    after = [x for x in run.details if x.sent_at >= stop.sent_at and not (in_time and x.case == LATER)]
    told = statuses_of(after)
    if not told:
        seen = after[-1].seen if after else "it was not read"
        before = [x for x in run.details if x.sent_at < stop.sent_at and x.status == 200]
        if after and (before or (other is not None and other.statuses)):
            where = "before the stop" if before else "of a run that nobody stopped"
            require(False, f"the run detail could be read {where}, and now: {seen}", stop, after[-1])
        raise Inconclusive(f"the run detail could not be read: {seen}")
    return told


def said(look: Exchange, name: str) -> Json:
    """A member of a detail, None where it could not be read."""
    return look.response.member.get(name) if look.response and look.status == 200 else None


def _larger_than_read(run: Run) -> Inconclusive:
    return Inconclusive(f"the stream of run “{run.label}” was not read to its end: {larger_than_read(run)}")


def larger_than_read(run: Run) -> str:
    """What is told of a stream that is unread."""
    told = run.stream.fault.text if run.stream.fault else "it is too large"
    return (
        f"{told}; give a workflow that says less (--inputs), or a larger limits.stream in the target's table"
    )


def _kept_waiting(stop: Exchange) -> Inconclusive:
    return Inconclusive(
        f"the stop was answered after {(stop.ended_at - stop.sent_at) / 1000:.1f} s, when the run was over; where the "
        "target serves few connections at once, give a lower --concurrency or a workflow that runs longer (--inputs)"
    )


def _too_short(run: Run, when: str) -> Inconclusive:
    return Inconclusive(
        f"the run was over ({run.final_status or run.stream.ending}) {when} the stop was sent; "
        "give a workflow that runs longer (--inputs), and let nobody else stop it"
    )
