"""What every event stream keeps to, stopped or not."""

from collections import Counter

from conformance.contract import Contract, violations
from conformance.effects import ASIDE, larger_than_read, unread
from conformance.exchange import Event, Json
from conformance.judging import Inconclusive, require, requirement, shown
from conformance.properties.content import constants
from conformance.refusal import spared
from conformance.runs import is_terminal
from conformance.trace import FOREIGN, TERMINAL, History, Run

STARTED, PAUSED = "workflow_started", "workflow_paused"
TELL_IDS = (
    "workflow_",
    "node_",
)  # how the names of the events begin that every run has, and that have its ids


@requirement("stop.lifecycle.first-event")
def test_every_stream_begins_with_workflow_started(history: History, contract: Contract) -> None:
    for run in _streams(history):
        known = [event for event in run.events if contract.event_schema(event.name)]
        events = [event for event in known if event.name != "ping"]
        if not events:
            continue  # a stream without events says nothing about their order
        seen = f"the stream of run “{run.label}” ({run.stream.scenario}) begins with {events[0].name}"
        require(events[0].name == STARTED, seen, run.stream, at=events[0].at)
        again = [event for event in events[1:] if event.name == STARTED and not run.named(PAUSED)]
        seen = f"run “{run.label}” ({run.stream.scenario}) began {len(again) + 1} times"
        require(not again, seen, run.stream, at=again[0].at if again else None)


@requirement("stop.lifecycle.nodes-in-order")
def test_a_node_ends_once_and_after_its_beginning(history: History) -> None:
    runs = _streams(history)
    for run in runs:
        wrong, what = _out_of_order(run)
        seen = (
            f"node {wrong.node if wrong else ''} of run “{run.label}” ({run.stream.scenario}) finished {what}"
        )
        require(wrong is None, seen, run.stream, at=wrong.at if wrong else None)
    if not any(run.named("node_started") for run in runs):
        raise Inconclusive("no stream told of the beginning of a node")


def _out_of_order(run: Run) -> tuple[Event | None, str]:
    """The first end of a node that is told too early or again, and which of the two it is.

    A node whose beginning the stream never tells may end as it likes; in a run that succeeded, one that began has ended.
    """
    begun = {event.member("data", "id") for event in run.named("node_started")} - {None}
    at_work: Counter[Json] = Counter()
    ended: set[Json] = set()
    for event in run.named("node_started", "node_finished"):
        id_ = event.member("data", "id")
        if event.name == "node_started":
            at_work[id_] += 1
        elif id_ in begun and not at_work[id_]:
            return event, "twice" if id_ in ended else "before it began"
        else:
            at_work[id_] -= 1
            ended.add(id_)
    if (
        ended - {None} and run.final_status == "succeeded" and not run.stops
    ):  # it may as well tell of no end at all
        lost = (x for x in run.named("node_started") if x.member("data", "id") in begun - ended)
        return next(lost, None), "not at all, though the run succeeded"
    return _unbegun(run), "after the stop, and its beginning was never told"


def _unbegun(run: Run) -> Event | None:
    """The first node that did its work after a stop without a beginning, where all others that ended had one."""
    stop, begun = run.effective, {event.member("data", "id") for event in run.named("node_started")}
    illegible = any(event.data and event.payload is None for event in run.events)
    if stop is None or illegible or not run.named(STARTED):  # who lost that may have lost those of nodes
        return None
    unbegun = [event for event in run.named("node_finished") if event.member("data", "id") not in begun]
    whole = all(event.at > stop.ended_at for event in unbegun)
    return next((event for event in unbegun if whole and begun and event.status == "succeeded"), None)


@requirement("stop.lifecycle.one-task-id")
def test_a_stream_has_one_task_id_throughout(history: History) -> None:
    _one_id(history, "task_id")


@requirement("stop.lifecycle.one-run-id")
def test_a_stream_has_one_workflow_run_id_throughout(history: History) -> None:
    _one_id(history, "workflow_run_id")
    for run in _streams(history):
        ends = [event for event in run.events if event.name in {STARTED, TERMINAL}]
        ids = {id_ for event in ends if isinstance(id_ := event.member("data", "id"), str)}
        seen = f"data.id of {STARTED} and {TERMINAL} differ: {', '.join(sorted(ids))}"
        require(len(ids) <= 1, seen, run.stream)


@requirement("stop.lifecycle.ids-of-its-own")
def test_every_run_has_ids_of_its_own(history: History) -> None:
    seen: dict[tuple[str, str, str], Run] = {}
    for run in _streams(history):
        key = run.stream.request.listed("authorization")  # another app may count from one, too
        for name, id_ in (("task_id", run.task_id), ("workflow_run_id", run.run_id)):
            other = seen.setdefault((key, name, id_), run) if id_ else run
            require(other is run, f"two runs have the {name} {id_}", other.stream, run.stream)


@requirement("stop.lifecycle.events-valid")
def test_every_event_is_as_described(history: History, contract: Contract) -> None:
    for run in _streams(history):
        for event in run.events:
            schema = contract.event_schema(event.name)
            wrong = violations(schema, event.payload) if schema and event.data else []
            require(not wrong, f"{event.name}: {'; '.join(wrong[:2])}", run.stream, at=event.at)
            other = event.kind != event.name and (
                event.kind == "error" or contract.event_schema(event.kind or "")
            )
            seen = f"an event is named {event.kind} by its field, and {event.name} by its data"
            require(not other, seen, run.stream, at=event.at)


@requirement("stop.lifecycle.events-json")
def test_the_data_of_every_event_is_json(history: History, contract: Contract) -> None:
    for run in _streams(history):
        for event in run.events:
            known = event.kind in {None, "message"} or contract.event_schema(event.kind or "") is not None
            known &= event.kind != "ping"  # by its name it is told that it says nothing
            wrong = no_json(event) if known and event.data else None
            seen = f"run “{run.label}” ({run.stream.scenario}): {wrong}: {shown(event.data)}"
            require(wrong is None, seen, run.stream, at=event.at)


@requirement("stop.lifecycle.one-end")
def test_a_stream_has_one_terminal_event(history: History) -> None:
    for run in _streams(history):
        ends = run.named(TERMINAL)
        statuses = ", ".join(shown(event.status) for event in ends)
        seen = f"run “{run.label}” ({run.stream.scenario}) finished {len(ends)} times: {statuses}"
        require(len(ends) <= 1, seen, run.stream, at=ends[1].at if len(ends) > 1 else None)
        errors = run.named("error") if run.final_status == "stopped" else []
        seen = f"run “{run.label}” ({run.stream.scenario}) ended as stopped, and by an error event"
        require(not errors, seen, run.stream, at=errors[0].at if errors else None)
    if _asks_nobody(history):
        for run in history.runs:
            _pauses_for_no_stop(run)


def _asks_nobody(history: History) -> bool:
    """Whether runs come to their end by themselves, and none of them waited for somebody."""
    natural = [run for run in history.runs if run.final_status == "succeeded"]
    return bool(natural) and not any(run.named(PAUSED) for run in natural)


def _pauses_for_no_stop(run: Run) -> None:
    """Require that a stop is not told as a pause, after which clients wait for somebody."""
    stop = run.effective
    paused = run.named(PAUSED, after=stop.sent_at) if stop and run.final_status == "stopped" else []
    seen = (
        f"run “{run.label}” ({run.stream.scenario}) was stopped, and told to wait for somebody before its end"
    )
    require(not paused, seen, run.stream, at=paused[0].at if paused else None)


@requirement("stop.lifecycle.nothing-after")
def test_nothing_comes_after_the_terminal_event(history: History) -> None:
    for run in _streams(history):
        # A reader learns nothing of frames without data (WHATWG HTML, 9.2.6), whatever their name is.
        events = [event for event in run.events if event.data is not None]
        names = [event.name for event in events]
        more = (
            [event for event in events[names.index(TERMINAL) :] if not is_terminal(event)]
            if TERMINAL in names
            else []
        )
        more = [event for event in more if event.name not in ASIDE]
        seen = (
            f"{more[0].name} came after {TERMINAL} of run “{run.label}” ({run.stream.scenario})"
            if more
            else ""
        )
        require(not more, seen, run.stream, at=more[0].at if more else None)


@requirement("stop.lifecycle.whole-frames")
def test_a_stream_does_not_break_off(history: History) -> None:
    for run in _streams(history):
        seen = f"the stream of run “{run.label}” ({run.stream.scenario}) ended as: {run.stream.ending}"
        broken = run.stream.ending in {"broken tail", "reset"}
        require(not broken, f"{seen}{f' ({run.stream.fault.text})' if run.stream.fault else ''}", run.stream)
    cut = next(filter(unread, history.runs), None)
    if cut is not None:
        raise Inconclusive(f"run “{cut.label}” ({cut.stream.scenario}): {larger_than_read(cut)}")


@requirement("stop.lifecycle.unasked")
def test_no_run_ends_as_stopped_unasked(history: History) -> None:
    tried = {x.about.get("run") for x in history.exchanges if x.about.get("family") == "unusual ids"}
    for run in _streams(history):
        if run.stream.id not in tried and not any(stop.case == FOREIGN for stop in run.stops):
            spared(run)


def no_json(event: Event) -> str | None:
    """Why the data of an event are not one JSON text in UTF-8, None where they are."""
    if event.malformed:
        return "an event has bytes that are no UTF-8"
    if event.payload is None and (event.data or "").strip() != "null":
        return "the data of an event are not one JSON text"
    return next((f"an event has {word}, which is no JSON" for word in constants(event.data or "")), None)


def _one_id(history: History, name: str) -> None:
    for run in _streams(history):
        tells = [event for event in run.events if event.name.startswith(TELL_IDS)]
        seen = (
            f"no event of the stream of run “{run.label}” ({run.stream.scenario}) has a {name} that is text"
        )
        given = not tells or any(isinstance(event.member(name), str) for event in tells)
        require(given, seen, run.stream, at=tells[0].at if tells else None)
        ids = {
            shown(event.member(name)): event.at
            for event in reversed(run.events)
            if event.member(name) is not None
        }
        seen = (
            f"the stream of run “{run.label}” ({run.stream.scenario}) has several: {', '.join(list(ids)[:3])}"
        )
        require(len(ids) <= 1, f"{name}: {seen}", run.stream, at=max(ids.values(), default=None))


def _streams(history: History) -> list[Run]:
    """The runs whose streams were opened; raises Inconclusive where there is none."""
    if not history.runs:
        raise Inconclusive("no run could be started")
    return list(history.runs)
