"""Whether a stop had its effect: what breaks the requirement, what only cannot be told, and the very edges."""

from dataclasses import replace
from typing import Any

import pytest

from conformance.effects import Effects, alive, end_of, readable, said, since
from conformance.exchange import Event, Exchange, Fault, Request, Response
from conformance.judging import Inconclusive, Violation
from conformance.runs import Natural
from conformance.target import Deadlines
from conformance.trace import CLEAN_UP, LATER, Run, Trace

REQUEST = Request("POST", "/")
STARTED = Event.of(0.0, None, '{"event": "workflow_started"}')
DEADLINES = Deadlines(stop=10.0, grace=1.0, detail=5.0)


def _exchange(operation: str, sent_at: float, ended_at: float, **more: Any) -> Exchange:
    return Exchange(
        f"{operation}/{sent_at:.0f}", "s", operation, operation, REQUEST, sent_at, ended_at, **more
    )


def stop(sent_at: float = 1000.0, ended_at: float = 1050.0, status: int = 200) -> Exchange:
    answer = Response(status, "", (), b'{"result": "success"}')
    return _exchange("stop", sent_at, ended_at, response=answer, about={"run": "run/0"})


def run(
    status: str | None = "stopped",
    at: float = 1200.0,
    *,
    ending: str = "clean",
    details: tuple[Exchange, ...] = (),
) -> Run:
    """A run that began at 0; without a status it ends without a terminal event."""
    told = f'{{"event": "workflow_finished", "data": {{"status": "{status}"}}}}'
    end = (Event.of(at, None, told),) if status else ()
    stream = _exchange("run", 0.0, at, events=(STARTED, *end), ending=ending, about={"run": "run/0"})
    return Run(replace(stream, case="owner"), (), details)


def held_back(status: str, at: float) -> Run:
    """The same behind what lets nothing through before the run is over."""
    one = run(status, at)
    events = tuple(replace(event, at=at) for event in one.events)
    return replace(one, stream=replace(one.stream, events=events))


def rounds(one: Run, number: int) -> Run:
    """The same, of an app whose input decides how long it takes."""
    body = f'{{"inputs": {{"rounds": {number}}}}}'.encode()
    return replace(one, stream=replace(one.stream, request=replace(REQUEST, body=body)))


def detail(status: str, sent_at: float = 1300.0) -> Exchange:
    answer = Response(200, "", (), f'{{"status": "{status}"}}'.encode())
    return _exchange("detail", sent_at, sent_at, response=answer, about={"run": "run/0"})


UNKNOWN = Effects(DEADLINES, Natural())
KNOWN = Effects(DEADLINES, Natural(run("succeeded", 2000.0)))  # what nobody stops lasts two seconds


HELD_BACK = Effects(DEADLINES, Natural(held_back("succeeded", 1300.0)))


class TestStopped:
    def trace(self, one: Run, *stops: Exchange, unmet: str | None = None) -> Trace:
        return Trace("s", (one.stream, *stops), unmet)

    def test_the_run_and_the_stop_that_was_acknowledged_are_judged(self) -> None:
        refused, second = stop(900.0, 950.0, 503), stop()
        found, effective = UNKNOWN.stopped(self.trace(run(), refused, second))
        assert (found.stream.id, effective) == ("run/0", second)

    @pytest.mark.parametrize(
        ("stops", "unmet", "said"),
        [
            ([], None, "^no stop was sent$"),
            ([], "no key", "^no key$"),
            ([(404, "stop")], "no key", "^no stop of the run was acknowledged: 404"),
            ([(200, CLEAN_UP)], None, "^no stop was sent$"),
            ([(404, CLEAN_UP), (403, "stop")], None, "acknowledged: 403"),
        ],
    )
    def test_without_an_acknowledged_stop_nothing_can_be_told(
        self, stops: list[tuple[int, str]], unmet: str | None, said: str
    ) -> None:
        sent = [
            Exchange(
                f"{n}",
                "s",
                "stop",
                case,
                REQUEST,
                9.0,
                9.0,
                Response(status, "", (), b""),
                about={"run": "run/0"},
            )
            for n, (status, case) in enumerate(stops)
        ]
        with pytest.raises(Inconclusive, match=said):
            UNKNOWN.stopped(self.trace(run(), *sent, unmet=unmet))

    @pytest.mark.parametrize(
        ("one", "status", "refused"),
        [
            (run(None, 9000.0, ending="left"), 404, True),
            (run(None, 9000.0, ending="left"), 500, True),
            (run(None, 9000.0, ending="left"), 429, False),
            (run("succeeded", 2051.0), 409, True),
            (run("succeeded", 2050.0), 409, False),
            (run("stopped", 1200.0), 409, True),
        ],
    )
    def test_a_right_stop_of_a_run_that_goes_on_is_not_refused(
        self, one: Run, status: int, refused: bool
    ) -> None:
        sent = replace(stop(status=status), about={"run": "run/0", "by": "owner"})
        with pytest.raises(Violation if refused else Inconclusive, match=f"{status}") as caught:
            UNKNOWN.taken(self.trace(one, sent))
        if isinstance(caught.value, Violation):
            assert caught.value.seen.startswith(f"“stop” of a run that went on was answered {status}")
            assert (list(caught.value.evidence), caught.value.at) == (["stop/1000", "run/0"], 1050.0)

    @pytest.mark.parametrize(
        "first",
        [
            replace(stop(900.0, 950.0, 404), about={"run": "run/0", "by": "stranger"}),
            replace(stop(900.0, 950.0, 404), about={"run": "run/0", "by": "owner"}, case=CLEAN_UP),
            replace(stop(900.0, 950.0, 299), about={"run": "run/0", "by": "owner"}),
            replace(stop(900.0, 950.0), about={"run": "run/0", "by": "owner"}, response=None),
        ],
    )
    def test_what_is_no_right_stop_or_was_not_refused_is_none(self, first: Exchange) -> None:
        sent = (first, replace(stop(), about={"run": "run/0", "by": "owner"}))
        assert UNKNOWN.taken(self.trace(run(), *sent))[1].status in {200, 299}

    def test_a_right_stop_that_is_redirected_is_refused(self) -> None:
        sent = replace(stop(status=300), about={"run": "run/0", "by": "owner"})
        with pytest.raises(Violation, match="answered 300"):
            UNKNOWN.taken(self.trace(run(None, 9000.0, ending="left"), sent))

    def test_the_run_that_is_asked_for_is_the_one_that_is_taken(self) -> None:
        other = replace(run().stream, id="run/1", case="other", sent_at=5.0)
        sent = replace(stop(), about={"run": "run/1", "by": "owner"})
        assert UNKNOWN.taken(Trace("s", (run().stream, other, sent)), "other")[0].stream is other

    def test_of_several_runs_the_one_that_is_asked_for_is_judged(self) -> None:
        other = replace(run().stream, id="run/1", case="other", sent_at=5.0)
        trace = Trace("s", (run().stream, other, replace(stop(), about={"run": "run/1"})))
        assert UNKNOWN.stopped(trace, "other")[0].stream is other
        with pytest.raises(Inconclusive, match="no stop was sent"):
            UNKNOWN.stopped(trace)


class TestStoppable:
    @pytest.mark.parametrize(
        ("effects", "one", "said"),
        [
            # ended by itself: near its natural length, and soon enough that the stop need not have worked
            (KNOWN, run("succeeded", 1500.0), "(succeeded) while"),
            (KNOWN, run("succeeded", 1499.0), None),
            # streams that are held back until runs are over: all events at once, the last of them late
            (HELD_BACK, held_back("succeeded", 1050.0), "(succeeded) while"),
            (HELD_BACK, held_back("stopped", 1050.0), None),
            (KNOWN, held_back("succeeded", 1499.0), None),
            (KNOWN, held_back("succeeded", 1500.0), "(succeeded) while"),
            (KNOWN, run("succeeded", 2050.0), "(succeeded) while"),
            (KNOWN, run("succeeded", 2051.0), None),
            (KNOWN, run("stopped", 1700.0), None),
            (UNKNOWN, run("succeeded", 1700.0), None),
            # over before the stop was sent
            (UNKNOWN, run("stopped", 1000.0), "(stopped) before"),
            (UNKNOWN, run("stopped", 1001.0), None),
            (UNKNOWN, run(None, 999.0), "(clean) before"),
            (UNKNOWN, run(None, 999.0, ending="silence"), None),
            # left by the suite
            (UNKNOWN, run(None, 11_049.0, ending="left"), "broke off before the stop had its time"),
            (UNKNOWN, run(None, 11_050.0, ending="left"), None),
            (UNKNOWN, run("stopped", 2000.0, ending="left"), None),
            (UNKNOWN, run(None, 2000.0, ending="silence"), None),
        ],
    )  # fmt: skip
    def test_a_run_that_a_stop_could_not_reach_says_nothing(
        self, effects: Effects, one: Run, said: str | None
    ) -> None:
        if said is None:
            assert effects.stoppable(one, stop()) is one
            return
        with pytest.raises(Inconclusive) as caught:
            effects.stoppable(one, stop())
        assert said in str(caught.value)

    def test_a_longer_run_is_not_taken_for_one_that_ended_by_itself(self) -> None:
        effects = Effects(DEADLINES, Natural(rounds(run("succeeded", 2000.0), 10)))
        for number, ended_by_itself in ((8, True), (10, True), (20, False)):
            one = rounds(run("succeeded", 1600.0), number)
            if ended_by_itself:
                with pytest.raises(Inconclusive, match="while the stop was sent"):
                    effects.stoppable(one, stop())
            else:
                assert effects.stoppable(one, stop()) is one

    def test_a_stop_that_was_answered_when_the_run_was_over_was_kept_waiting(self) -> None:
        with pytest.raises(Inconclusive, match=r"after 1\.5 s.*--concurrency"):
            KNOWN.stoppable(run("succeeded", 2000.0), stop(1000.0, 2500.0))

    def test_a_stream_that_was_not_read_to_its_end_says_nothing(self) -> None:
        cut = run(None, ending="too large")
        with pytest.raises(Inconclusive, match=r"limits\.stream"):
            UNKNOWN.stoppable(cut, stop())
        with pytest.raises(Inconclusive, match=r"limits\.stream"):
            UNKNOWN.lost(cut)

    def test_a_run_that_goes_on_is_alive(self) -> None:
        going = run(None, ending="left")
        assert alive(going, stop(9000.0)) is going


class TestAnsweredInTime:
    """A stop that nothing else holds up is answered before the run has come to its natural end, if that takes long."""

    LONG = Effects(DEADLINES, Natural(run("succeeded", 15_000.0)))

    @pytest.mark.parametrize(
        ("effects", "one", "sent", "held"),
        [
            (LONG, run("succeeded", 15_000.0), stop(1000.0, 15_100.0), False),
            (LONG, run("succeeded", 15_000.0), stop(5000.0, 15_100.0), True),  # just the deadline
            (LONG, run("succeeded", 15_000.0), stop(4999.0, 14_999.0), True),
            (LONG, run("succeeded", 15_000.0), stop(4999.0, 15_000.0), False),
            (LONG, run("stopped", 15_000.0), stop(1000.0, 15_100.0), True),
            (LONG, run("succeeded", 5000.0), stop(1000.0, 15_100.0), True),  # far from its natural end
            (LONG, run(None, 15_000.0), stop(1000.0, 15_100.0), True),
            (UNKNOWN, run("succeeded", 15_000.0), stop(1000.0, 15_100.0), True),
        ],
    )
    def test_it(self, effects: Effects, one: Run, sent: Exchange, held: bool) -> None:
        trace = Trace("plain", (one.stream, sent))
        if held:
            effects.answered_in_time(trace)
            return
        with pytest.raises(Violation, match="when the run had come to its natural end") as caught:
            effects.answered_in_time(trace)
        assert list(caught.value.evidence) == [sent.id, one.stream.id]

    def test_a_stop_that_was_refused_says_nothing(self) -> None:
        one = run("succeeded", 15_000.0)
        self.LONG.answered_in_time(Trace("plain", (one.stream, stop(1000.0, 15_100.0, 503))))


class TestDetail:
    @pytest.mark.parametrize(
        ("details", "told"),
        [
            ((), True),
            ((detail("running", 6199.0),), False),
            ((detail("running", 6200.0),), True),
            *(
                ((detail(status),), True)
                for status in ("succeeded", "failed", "stopped", "partial-succeeded")
            ),
            ((detail("running"), detail("stopped")), True),
            ((detail("stopped"), detail("running", 1400.0)), False),
        ],
    )
    def test_that_was_not_waited_for_says_nothing(self, details: tuple[Exchange, ...], told: bool) -> None:
        one = run(details=details)
        if told:
            UNKNOWN.waited_for_detail(one)
            return
        with pytest.raises(Inconclusive, match="broke off while the run detail said running"):
            UNKNOWN.waited_for_detail(one)

    def test_where_nobody_saw_the_end_the_stop_has_its_time_before(self) -> None:
        UNKNOWN.waited_for_detail(run(details=(detail("running", 16_050.0),)), stop())
        with pytest.raises(Inconclusive, match="broke off"):
            UNKNOWN.waited_for_detail(run(details=(detail("running", 16_049.0),)), stop())


@pytest.mark.parametrize(
    ("effects", "one", "began", "answered", "by_itself"),
    [
        # eight tenths of two seconds, of which one is the grace
        (KNOWN, run(None), 0.0, 599.0, False),
        (KNOWN, run(None), 0.0, 600.0, True),
        (KNOWN, run("succeeded"), 100.0, 699.0, False),
        (KNOWN, run("succeeded"), 100.0, 700.0, True),
        (KNOWN, rounds(run(None), 5), 0.0, 50.0, True),  # how long that lasts is not known
        (UNKNOWN, run(None), 0.0, 50.0, True),
    ],
)
def test_a_run_that_nobody_reads_may_have_ended_by_itself(
    effects: Effects, one: Run, began: float, answered: float, by_itself: bool
) -> None:
    events = (replace(STARTED, at=began), *one.events[1:])
    unread = replace(one, stream=replace(one.stream, events=events))
    assert effects.ends_unread(unread, stop(ended_at=answered)) is by_itself


def test_a_run_without_events_is_as_old_as_its_stop() -> None:
    silent = replace(run(None), stream=replace(run(None).stream, events=()))
    assert not KNOWN.ends_unread(silent, stop())


@pytest.mark.parametrize(
    ("effects", "one", "lost"),
    [
        (KNOWN, run("succeeded"), False),
        (KNOWN, run("stopped"), True),
        (KNOWN, run(None), True),
        (KNOWN, run("failed", 999.0), False),
        (KNOWN, run("failed", 1000.0), True),
        (KNOWN, run("failed", 2050.0), True),
        (KNOWN, run("failed", 2051.0), False),
        (KNOWN, run("succeeded", 1500.0), False),
        (UNKNOWN, run("failed", 1500.0), False),  # where no run ever succeeded, failing is no news
    ],
)
def test_a_run_that_nobody_stopped_is_lost_when_it_goes_down_with_another(
    effects: Effects, one: Run, lost: bool
) -> None:
    assert effects.lost(one, stop(), stop(90_000.0, 90_001.0)) is lost


@pytest.mark.parametrize("trailing", [(), ("ping",), ("tts_message", "ping")])
def test_a_run_that_waits_for_somebody_says_nothing(trailing: tuple[str, ...]) -> None:
    events = [
        Event.of(at, None, f'{{"event": "{name}"}}') for at, name in enumerate(("workflow_paused", *trailing))
    ]
    paused = _exchange("run", 0.0, 1200.0, events=(STARTED, *events), ending="clean")
    with pytest.raises(Inconclusive, match="workflow_paused"):
        KNOWN.lost(Run(paused), stop())
    assert KNOWN.lost(Run(replace(paused, ending="reset")), stop())
    resumed = Event.of(9.0, None, '{"event": "node_started"}')
    assert KNOWN.lost(Run(replace(paused, events=(*paused.events, resumed))), stop())


def test_a_terminal_event_without_a_status_is_a_loss() -> None:
    end = Event.of(1200.0, None, '{"event": "workflow_finished"}')
    assert KNOWN.lost(Run(_exchange("run", 0.0, 1200.0, events=(STARTED, end), ending="clean")), stop())


class TestStops:
    @pytest.mark.parametrize(
        "one",
        [
            run(),
            run(at=11_050.0),
            run(at=1010.0),
            run(details=(detail("running"), detail("stopped"))),
        ],
    )
    def test_a_run_that_ends_as_stopped_in_time_holds(self, one: Run) -> None:
        UNKNOWN.stops(one, stop())

    @pytest.mark.parametrize(
        ("one", "seen", "at"),
        [
            (run("succeeded"), 'ended as "succeeded" 150 ms after the stop was acknowledged', 1200.0),
            (run("succeeded", 1010.0), 'ended as "succeeded" 40 ms before the stop was acknowledged', 1010.0),
            (run(at=11_051.0), 'ended as "stopped" 10001 ms after', 11_051.0),
            (run(None, 12_000.0, ending="left"), "the stream had not ended 10950 ms after", None),
            (run(None, 12_000.0, ending="silence"), "the stream had not ended 10950 ms after", None),
            (run(None), "the stream ended (clean) without a terminal event 150 ms after", None),
            (run(details=(detail("failed"),)), 'but the run detail says "failed"', None),
            (run(details=(detail("stopped"), detail("failed"))), 'but the run detail says "failed"', None),
            (run(details=(detail("running", 9000.0),)), 'but the run detail says "running"', None),
        ],
    )
    def test_any_other_end_is_a_violation_that_shows_where(
        self, one: Run, seen: str, at: float | None
    ) -> None:
        with pytest.raises(Violation) as caught:
            UNKNOWN.stops(one, stop())
        assert seen in caught.value.seen
        assert caught.value.at == at
        ids = ["stop/1000", "run/0", *(read.id for read in one.details[-1:])]
        assert list(caught.value.evidence) == ids

    def test_a_detail_that_was_not_waited_for_leaves_it_open(self) -> None:
        with pytest.raises(Inconclusive, match="broke off"):
            UNKNOWN.stops(run(details=(detail("running"),)), stop())

    def test_of_several_runs_one_that_is_left_open_hides_no_other_that_breaks_it(self) -> None:
        over_before, goes_on = run("succeeded", 900.0), run("succeeded", 9000.0)
        with pytest.raises(Inconclusive, match="over"):
            KNOWN.each_stops(Trace("s"), [(over_before, stop()), (run(), stop())])
        with pytest.raises(Violation, match="succeeded"):
            KNOWN.each_stops(Trace("s"), [(over_before, stop()), (goes_on, stop())])

    def test_of_several_runs_the_first_reason_to_leave_it_open_is_told(self) -> None:
        paths = [(run("succeeded", 900.0), stop()), (run(details=(detail("running"),)), stop())]
        with pytest.raises(Inconclusive, match=r"^the run was over"):
            KNOWN.each_stops(Trace("s"), paths)
        with pytest.raises(Inconclusive, match=r"^no key$"):
            KNOWN.each_stops(Trace("s", unmet="no key"), paths)

    @pytest.mark.parametrize("unmet", [None, "no key"])
    def test_of_no_run_nothing_can_be_told(self, unmet: str | None) -> None:
        with pytest.raises(Inconclusive, match=f"^{unmet or 'no stop was accepted'}$"):
            KNOWN.each_stops(Trace("s", unmet=unmet), [])

    def test_several_runs_that_end_as_stopped_hold(self) -> None:
        KNOWN.each_stops(Trace("s"), [(run(), stop()), (run(), stop())])


def test_a_run_that_was_not_read_to_its_end_is_told_with_the_limit_it_met() -> None:
    unread = run(None, ending="too large")
    met = replace(
        unread, stream=replace(unread.stream, fault=Fault("too large", 9.0, "more than 16 MiB came"))
    )
    for one, why in ((unread, "it is too large"), (met, "more than 16 MiB came")):
        with pytest.raises(Inconclusive, match=f"of run “owner” was not read to its end: {why}; give"):
            UNKNOWN.stoppable(one, stop())


class TestReadable:
    """What the run detail said after a stop, and what it means that it could not be read."""

    UNKNOWN_RUN = _exchange("detail", 1300.0, 1300.0, response=Response(404, "", (), b"{}"))
    BEFORE = detail("running", 999.0)

    @pytest.mark.parametrize(
        ("details", "in_time", "told"),
        [
            ((detail("running", 1000.0), detail("stopped")), False, ["running", "stopped"]),
            ((detail("running", 999.0), detail("stopped")), False, ["stopped"]),
            ((detail("running"), replace(detail("stopped"), case=LATER)), False, ["running", "stopped"]),
            ((detail("running"), replace(detail("stopped"), case=LATER)), True, ["running"]),
            ((UNKNOWN_RUN, detail("stopped")), True, ["stopped"]),
        ],
    )
    def test_it_is_what_came_after_the_stop(
        self, details: tuple[Exchange, ...], in_time: bool, told: list[str]
    ) -> None:
        assert readable(run(details=details), stop(), in_time=in_time) == told

    @pytest.mark.parametrize(
        ("details", "other", "seen"),
        [
            ((BEFORE, UNKNOWN_RUN), None, "could be read before the stop, and now: 404"),
            (
                (UNKNOWN_RUN,),
                run(details=(detail("succeeded"),)),
                "of a run that nobody stopped, and now: 404",
            ),
        ],
    )
    def test_a_detail_that_is_gone_is_a_violation(
        self, details: tuple[Exchange, ...], other: Run | None, seen: str
    ) -> None:
        with pytest.raises(Violation, match="the run detail could be read") as caught:
            readable(run(details=details), stop(), other)
        assert seen in caught.value.seen
        assert list(caught.value.evidence) == ["stop/1000", "detail/1300"]

    @pytest.mark.parametrize(
        ("details", "other", "seen"),
        [
            ((), None, "it was not read"),
            ((), run(details=(detail("succeeded"),)), "it was not read"),
            ((BEFORE,), None, "it was not read"),
            ((UNKNOWN_RUN,), None, "404"),
            ((UNKNOWN_RUN,), run(), "404"),
            ((replace(UNKNOWN_RUN, sent_at=999.0), UNKNOWN_RUN), None, "404"),
            ((BEFORE, replace(UNKNOWN_RUN, sent_at=999.0)), None, "it was not read"),
        ],
    )
    def test_a_detail_that_could_never_be_read_leaves_it_open(
        self, details: tuple[Exchange, ...], other: Run | None, seen: str
    ) -> None:
        with pytest.raises(Inconclusive, match=f"^the run detail could not be read: {seen}"):
            readable(run(details=details), stop(), other)

    def test_a_member_is_said_by_a_detail_that_could_be_read_only(self) -> None:
        assert said(detail("stopped"), "status") == "stopped"
        assert said(detail("stopped"), "id") is None
        gone = replace(detail("stopped"), response=Response(404, "", (), b'{"status": 404}'))
        assert said(gone, "status") is None
        assert said(replace(gone, response=None), "status") is None


def test_how_a_run_ended_is_told() -> None:
    assert end_of(run("failed")) == 'ended as "failed"'
    assert end_of(run(None, ending="reset")) == "ended without a terminal event (its stream: reset)"


@pytest.mark.parametrize(
    ("moment", "told"), [(1050.0, "0 ms after"), (1049.0, "1 ms before"), (1100.4, "50 ms after")]
)
def test_moments_are_told_from_the_acknowledgement(moment: float, told: str) -> None:
    assert since(stop(), moment) == f"{told} the stop was acknowledged"
