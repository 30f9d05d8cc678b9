"""What a scenario is played on: it starts and stops runs, reads their details, and everything is recorded."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from conformance.exchange import Exchange, Request, Response
from conformance.masking import placeholder
from conformance.probe.reply import RawRequest
from conformance.properties.known import gist
from conformance.runs import settled_status
from conformance.scenarios.asking import CLEAN_UP, Asking, patience_with, too_long
from conformance.scenarios.live import LiveRun, Unmet
from conformance.scenarios.requests import uncompressed
from conformance.scenarios.shared import Shared
from conformance.target import OWNER_KEY
from conformance.trace import CLEAN_UP as CLEAN_UP_CASE
from conformance.trace import Run, Trace

FIRST_LOOK = 0.15  # seconds between the first two looks at the run detail; each next wait is longer
LOOKS = 20  # times at most that the detail of one run is looked at
LATER = (0.5, 3.0, 6.0)  # seconds after which a final status is looked at again, by effort
LONGEST_COUNT = 16  # digits of an id that is counted
SOON = 10_000  # runs that a target may start within a session
NOT_THERE = (404, 405, 501)  # answers of a server that does not know the operation
ONLY_STOPS = (
    "is --base-url right? A mock server of the stop operation alone can be judged with --scope contract, "
    "if it accepts stops of any task id"
)
DETAIL_APPEARS = 1.0  # seconds to wait for a run detail where none has ever appeared within its deadline


class Stage(Asking):
    """Records one scenario; as a context manager it stops and closes what the scenario left open."""

    def __init__(self, scenario: str, shared: Shared, most: int = 10_000) -> None:
        super().__init__(scenario, shared, most)
        self.inputs = shared.inputs
        self.effort = shared.effort
        self._runs: list[LiveRun] = []
        self._started = shared.started
        self.seen: Callable[[str], Trace] = Trace  # what another scenario has shown, once it has
        self.show: Callable[[Trace], None] = lambda _: None  # to others, before this one is over

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for run in self._runs:
            if run.recorded is None:
                self._tidy(run)

    @property
    def later(self) -> float:
        """Seconds after which what is final is looked at again."""
        return self.effort.pick(*LATER)

    def start(
        self,
        label: str,
        *,
        inputs: Mapping[str, Any] | None = None,
        user: str | None = None,
        key: str = OWNER_KEY,
    ) -> LiveRun:
        """Start a streaming run and wait until its stream has given a task_id; raises Unmet.

        ``key`` is the variable with the key of the app.
        """
        if why := self._patience.closed.get(key):
            raise Unmet(why)
        self._count_down()
        user = user or self.user
        request = self.run_request(self.inputs.long if inputs is None else inputs, user, "streaming", key)
        if self._patience.uncompressed:
            request = uncompressed(request)
        one_too_many: set[tuple[object, ...]] = set()
        for _ in range(self._patience.tries):
            with self.turnstile.outside():
                stream = self._probe.listen(request, self.clock)
                run = LiveRun(
                    self._kept.next_id(), label, user, stream, request, placeholder(key), self._patience
                )
                self._runs.append(run)
                self._started.append(run)
                task = run.wait_for_task(self.deadlines.first_event)
            if task is not None:
                self._patience.placed = True
                self._patience.full |= one_too_many
                return run
            refused = self.leave(run)
            if refused.response is None or not self._may_be_one_too_many(refused.response):
                break
            if not refused.response.limits:
                one_too_many.add(gist(refused.response))
            if why := too_long(refused.response):
                self._patience.closed[key] = why
                raise Unmet(why)
            self.pause(patience_with(refused.response))  # until there is room; requests are not too many
        else:
            self._patience.no_place = True
        raise Unmet(_no_task(refused, self._probe.budget.why))

    def _may_be_one_too_many(self, refusal: Response) -> bool:
        """Whether a run may be let in when others have ended: it is said so, or others go on and none was stopped."""
        if refusal.limits or gist(refusal) in self._patience.full:
            return True
        others = [run for run in self._runs if run.recorded is None]
        beside = any(not run.over for run in others) and not any(run.stopped for run in self._runs)
        return beside and 400 <= refusal.status < 500

    def is_of_another(self, task: str, run: LiveRun) -> bool:
        """Whether a task id names another run of the session that goes on, or, where they are counted, a coming one."""
        going_on = (one for one in list(self._started) if one is not run and not one.over)
        if any(one.first("task_id") == task for one in going_on):
            return True
        if not (task.isdecimal() and run.task_id.isdecimal() and len(task) < LONGEST_COUNT):
            return False
        return 0 < int(task) - int(run.task_id) < SOON

    def ask_uncompressed(self) -> None:
        """Ask for the streams of the session without compression from now on."""
        self._patience.uncompressed = True

    def stop(
        self, run: LiveRun, case: str, *, request: Request | RawRequest | None = None, **about: str
    ) -> Exchange:
        """Send a stop for a run; by default the right one, by its owner."""
        asked = request or self.stop_request(run.task_id, user=run.user, key=run.key)
        owner = {} if request else {"by": "owner"}
        run.stopped = run.stopped or not request
        return self.send_stop(case, asked, about={"run": run.id, "task": run.task_id, **owner, **about})

    def send_stop(self, case: str, request: Request | RawRequest, *, about: Mapping[str, str]) -> Exchange:
        """Send a stop, perhaps byte by byte; raises as ``send``."""
        if isinstance(request, RawRequest):
            return self.send_raw("stop", case, request, seconds=self.deadlines.answer, about=about)
        return self.send("stop", case, request, about=about)

    def settle(self, run: LiveRun) -> Run:
        """Wait for the end that a stop must bring, then for the detail to say so; returns what was seen."""
        with self.turnstile.outside():
            run.wait_over(self.deadlines.stop)
        if run.over and not run.stream.ended:
            self._patience.lingers = True
        self.leave(run)
        self.read_details(run)
        return self.trace().run(run.label)

    def finish(self, run: LiveRun) -> Run:
        """Wait for the natural end of a run that nobody stopped; returns what was seen."""
        with self.turnstile.outside():
            run.wait_over(self._patience.seconds)
        if not run.over:
            self._patience.lose()
        self.leave(run)
        return self.trace().run(run.label)

    def read_details(self, run: LiveRun, within: float | None = None) -> None:
        """Read the run detail until it gives a final status or the deadline passes, and once more.

        ``within`` is the deadline in seconds where the end of the run, after which that for details counts, was not seen.
        """
        began, deadline = self.clock(), within or self.deadlines.detail
        wait = FIRST_LOOK
        while True:
            detail = self.detail(run)
            readable = detail.status == 200
            patience = DETAIL_APPEARS if self._patience.no_detail and not readable else deadline
            left = began / 1000 + patience - self.clock() / 1000
            if settled_status(detail) or left <= 0:
                self._patience.no_detail = not readable
                break
            self.pause(min(wait, left))
            wait *= 1.5 if wait < patience / 12 else 1
        self.detail(run)

    def detail(self, run: LiveRun, case: str = "detail") -> Exchange:
        """Read the run detail once; raises Unmet where the stream gave no workflow_run_id."""
        run_id = run.first("workflow_run_id")
        if run_id is None:
            raise Unmet("the stream of the run carried no workflow_run_id, so that its detail cannot be read")
        return self.read(run_id, case, run.id, key=run.key)

    def leave(self, run: LiveRun) -> Exchange:
        """Stop listening to a run and record its stream."""
        if run.recorded is None:
            run.stream.close()
            reply, events, ending = run.stream.reply()
            about = {"user": run.user, "run": run.id}
            run.recorded = self._kept.keep(
                "run", run.label, run.request, reply, about, id_=run.id, events=events, ending=ending
            )
        return run.recorded

    def _tidy(self, run: LiveRun) -> None:
        if not run.over and not run.stopped and run.first("task_id"):
            request = self.stop_request(run.task_id, user=run.user, key=run.key)
            reply = self._probe.send_regardless(request, self.clock, seconds=CLEAN_UP)
            self._record(
                "stop", CLEAN_UP_CASE, request, reply, {"run": run.id, "task": run.task_id, "by": "owner"}
            )
        self.leave(run)


def _no_task(stream: Exchange, why: str) -> str:
    if why:
        return why
    if stream.fault:
        return f"no run could be started: {stream.fault.kind}, {stream.fault.text}"
    if stream.ending is None:
        hint = "" if stream.status not in NOT_THERE else f"; {ONLY_STOPS}"
        if stream.response and stream.status == 200:
            hint = (
                f"; its media type is {stream.response.media_type or 'not told'}, and not text/event-stream"
            )
        return f"no run could be started: POST /workflows/run answered {stream.seen}{hint}"
    return f"the stream of the run gave no task_id (it had {len(stream.events)} events and ended as: {stream.ending})"
