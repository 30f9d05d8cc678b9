"""What a trace answers: the evidence is read one way only, also where it is odd, broken or missing."""

from dataclasses import replace
from typing import Any

import pytest

from conformance.exchange import Event, Exchange, Fault, Request, Response
from conformance.trace import CLEAN_UP, History, NotRecorded, Run, Trace

ENDED = '{"event": "workflow_finished", "data": {"status": "%s"}}'
DEEP = "[" * 100_000  # more than a JSON reader can take


def response(
    status: int = 200, body: bytes = b"{}", kind: str = "application/json", **headers: str
) -> Response:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status, "", (("content-TYPE", kind), *named), body)


def exchange(operation: str, case: str = "", at: float = 0.0, run: str = "", **more: Any) -> Exchange:
    told = {"id": f"{operation}/{case}", "response": response(), "about": {"run": run} if run else {}} | more
    return Exchange(
        scenario="s", operation=operation, case=case, request=Request("GET", "/"), sent_at=at,
        ended_at=at + 5, **told,
    )  # fmt: skip


def stream(*events: Event, case: str = "owner", at: float = 0.0, ending: str = "clean") -> Exchange:
    return exchange("run", case, at, events=events, ending=ending)


def finished(status: str = "stopped", at: float = 900.0) -> Event:
    return Event.of(at, None, ENDED % status)


class TestRequest:
    @pytest.mark.parametrize(("body", "size", "cut"), [(b"", 0, False), (b"ab", 2, False), (b"ab", 3, True)])
    def test_is_cut_where_only_the_beginning_was_kept(self, body: bytes, size: int, cut: bool) -> None:
        assert Request("POST", "/", body=body, size=size).cut is cut

    def test_what_its_headers_list_is_joined(self) -> None:
        request = Request("POST", "/", (("Accept", "a"), ("Host", "b"), ("aCCEPT", "c")))
        assert (request.listed("ACCept"), request.listed("date")) == ("a, c", "")


class TestResponse:
    def test_headers_go_by_any_letter_case_and_the_first_counts(self) -> None:
        answer = Response(200, "", (("Allow", "POST"), ("ALLOW", "GET")), b"")
        assert (answer.header("allow"), answer.header("aLLOW"), answer.header("vary")) == (
            "POST",
            "POST",
            None,
        )

    def test_what_headers_list_is_joined(self) -> None:
        answer = Response(200, "", (("Allow", "POST"), ("Vary", "a"), ("aLLOW", "GET, PUT")), b"")
        assert (answer.listed("ALLow"), answer.listed("date")) == ("POST, GET, PUT", "")

    @pytest.mark.parametrize(
        ("sent", "read"),
        [("application/json", "application/json"), (" Text/HTML ; a=b; c", "text/html"), ("", "")],
    )
    def test_media_types_are_lower_case_without_parameters(self, sent: str, read: str) -> None:
        assert response(kind=sent).media_type == read

    def test_without_a_header_there_is_no_media_type(self) -> None:
        assert Response(204, "", (), b"").media_type == ""

    @pytest.mark.parametrize(
        ("status", "body", "limits"),
        [
            (429, b"", True),
            (400, b'{"message": "Too many requests. Try again."}', True),
            (400, b"\xff too MANY Requests", True),
            (400, b'{"code": "invalid_param"}', False),
            (503, b"too many requests", False),
            (200, b"too many requests", False),
        ],
    )
    def test_says_whether_too_much_was_asked_for(self, status: int, body: bytes, limits: bool) -> None:
        assert response(status, body).limits is limits

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            (" 7 ", 7.0),
            ("0", 0.0),
            ("9" * 8, 99_999_999.0),
            ("9" * 9, None),
            ("1.5", None),
            ("-1", None),
            ("٣", None),
            ("Fri, 31 Dec 1999 23:59:59 GMT", None),
            ("", None),
        ],
    )
    def test_retry_after_is_read_where_it_is_in_seconds(self, header: str, seconds: float | None) -> None:
        assert response(429, retry_after=header).retry_after == seconds

    def test_is_busy_where_it_says_when_to_come_again(self) -> None:
        assert response(429).busy
        assert response(503, retry_after="5").busy
        assert not response(503).busy
        assert not response(500, retry_after="5").busy

    def test_without_retry_after_there_is_none(self) -> None:
        assert response(429).retry_after is None

    @pytest.mark.parametrize(
        ("body", "members"),
        [
            (b'{"a": "\xc3\xa9"}', {"a": "é"}),
            (b"[1]", {}),
            (b"", {}),
            (b"nothing", {}),
            (b'{"a": "\xff"}', {}),
            pytest.param(DEEP.encode(), {}, id="too deep"),
        ],
    )
    def test_only_a_json_object_has_members(self, body: bytes, members: dict[str, str]) -> None:
        assert response(body=body).member == members
        assert response(body=body).json_object == (members or None)

    def test_an_object_without_members_is_one(self) -> None:
        assert response(body=b" {} ").json_object == {}

    def test_text_is_for_people_and_json_is_strict(self) -> None:
        broken = response(body=b'"\xff"')
        assert broken.text == '"\ufffd"'
        with pytest.raises(ValueError, match="utf-8"):
            broken.json()


class TestEvent:
    @pytest.mark.parametrize(
        ("kind", "data", "name"),
        [
            ("sse", '{"event": "json"}', "json"),
            ("sse", '{"event": 7}', "sse"),
            ("ping", None, "ping"),
            (None, "[1]", "message"),
            (None, "no JSON", "message"),
            pytest.param(None, DEEP, "message", id="too deep"),
            ("", "", "message"),
        ],
    )
    def test_is_named_by_its_data_then_by_its_field(
        self, kind: str | None, data: str | None, name: str
    ) -> None:
        event = Event.of(1.0, kind, data)
        assert (event.name, event.at, event.kind, event.data) == (name, 1.0, kind, data)

    @pytest.mark.parametrize("data", [None, "", "no JSON", "null"])
    def test_without_json_there_is_no_payload(self, data: str | None) -> None:
        assert Event.of(0.0, None, data).payload is None

    @pytest.mark.parametrize(
        ("data", "node", "status"),
        [
            ('{"data": {"node_id": "n", "id": "e", "status": "failed"}}', "n", "failed"),
            ('{"data": {"node_id": "", "id": 7, "status": 8}}', "7", None),
            ('{"data": {}}', "?", None),
            ('{"data": "x"}', "?", None),
            ("{}", "?", None),
            ("7", "?", None),
        ],
    )
    def test_speaks_of_a_node_and_a_status(self, data: str, node: str, status: str | None) -> None:
        event = Event.of(0.0, None, data)
        assert (event.node, event.status) == (node, status)

    def test_two_are_alike_by_what_was_sent(self) -> None:
        assert Event.of(0.0, None, "{}") == Event(0.0, None, "{}")
        assert not Event.of(0.0, None, "{}").malformed
        assert Event.of(0.0, None, "\ufffd", malformed=True).malformed


class TestExchange:
    @pytest.mark.parametrize(
        ("answer", "fault", "seen", "acknowledged_at"),
        [
            (response(200, b'{\n  "a":  1\n}'), None, '200 { "a": 1 }', 5.0),
            (response(204, b""), None, "204", 5.0),
            (response(200, b"x" * 160), None, "200 " + "x" * 160, 5.0),
            (response(200, b"x" * 161), None, "200 " + "x" * 160 + "…", 5.0),
            (None, None, "no answer", None),
            (None, Fault("timeout", 1.0, "15 s"), "timeout: 15 s", None),
            (response(), Fault("reset", 1.0, "cut"), "reset: cut", None),
        ],
    )
    def test_is_told_in_a_few_words_and_acknowledged_when_whole(
        self, answer: Response | None, fault: Fault | None, seen: str, acknowledged_at: float | None
    ) -> None:
        one = exchange("stop", response=answer, fault=fault)
        assert (one.seen, one.acknowledged_at) == (seen, acknowledged_at)
        assert one.status == (answer.status if answer else None)


def test_what_a_record_does_not_say_is_the_ordinary() -> None:
    request = Request("GET", "/")
    assert (request.headers, request.body, request.size, request.raw) == ((), b"", 0, False)
    assert response().complete
    unanswered = Exchange("1", "s", "stop", "a", request, 0.0, 1.0)
    assert (unanswered.response, unanswered.answered_at, unanswered.fault) == (None, None, None)
    assert (unanswered.events, unanswered.ending, dict(unanswered.about)) == ((), None, {})
    assert Event(0.0, None, None).payload is None


class TestRun:
    def test_its_ids_are_those_that_came_first(self) -> None:
        told = [
            None,
            '{"task_id": "", "workflow_run_id": 7}',
            '{"task_id": "t1"}',
            '{"task_id": "t2", "workflow_run_id": "r"}',
        ]
        run = Run(stream(*(Event.of(0.0, None, data) for data in told)))
        assert (run.task_id, run.run_id) == ("t1", "r")
        assert Run(stream()).task_id is None

    def test_its_events_are_found_by_name_and_later_than_a_moment(self) -> None:
        events = [Event.of(at, kind, None) for at, kind in ((0.0, "a"), (2.0, "b"), (2.0, "a"), (3.0, "a"))]
        run = Run(stream(*events))
        assert [event.at for event in run.named("a")] == [0.0, 2.0, 3.0]
        assert [event.at for event in run.named("a", after=2.0)] == [3.0]

    @pytest.mark.parametrize(
        ("ending", "over_at"),
        [("clean", 5.0), ("broken tail", 5.0), ("reset", 5.0), ("silence", None), ("too large", None), ("left", None)],
    )  # fmt: skip
    def test_without_a_terminal_event_it_is_over_with_its_stream_unless_we_left(
        self, ending: str, over_at: float | None
    ) -> None:
        run = Run(stream(Event.of(1.0, "ping", None), ending=ending))
        assert (run.over_at, run.terminal, run.final_status, run.seconds) == (over_at, None, None, None)

    def test_its_first_terminal_event_decides(self) -> None:
        run = Run(
            stream(Event.of(400.0, "ping", None), finished(), finished("succeeded", 950.0), ending="left")
        )
        assert (run.over_at, run.final_status, run.seconds) == (900.0, "stopped", 0.5)

    @pytest.mark.parametrize(
        ("stops", "effective", "cut_short"),
        [
            ([("a", 200), ("b", 200)], "a", False),
            ([("a", 400), ("b", 299)], "b", False),
            ([("a", 404), ("b", 304)], None, False),
            ([("a", None)], None, False),
            ([(CLEAN_UP, 200)], None, True),
            ([(CLEAN_UP, 200), ("a", 200)], "a", True),
            ([], None, False),
        ],
    )
    def test_the_first_stop_that_was_acknowledged_and_meant_is_the_effective_one(
        self, stops: list[tuple[str, int | None]], effective: str | None, cut_short: bool
    ) -> None:
        sent = tuple(exchange("stop", case, response=status and response(status)) for case, status in stops)
        run = Run(stream(), sent)
        assert (run.effective and run.effective.case, run.cut_short) == (effective, cut_short)

    def test_a_stop_that_broke_off_is_not_effective(self) -> None:
        stop = exchange("stop", "a", response=response(), fault=Fault("reset", 1.0, ""))
        assert Run(stream(), (stop,)).effective is None

    def test_its_statuses_are_those_of_the_details_that_could_be_read(self) -> None:
        answers = [response(200, b'{"status": "running"}'), response(404, b'{"status": 404}'), None,
                   response(200, b"[]"), response(200, b'{"status": "stopped"}')]  # fmt: skip
        details = tuple(exchange("detail", response=answer) for answer in answers)
        run = Run(stream(), details=details)
        assert run.statuses == ["running", "None", "stopped"]
        assert run.looks("stopped") == [details[-1]]
        assert run.looks("failed") == []


@pytest.fixture
def recorded() -> Trace:
    """Two runs, what was sent for each, and what is none; made anew, as a trace keeps its runs once asked."""
    return Trace(
        "s",
        (
            exchange("stop", "late", 30.0, run="late"),
            exchange("detail", "second", 40.0, run="late"),
            exchange("detail", "first", 35.0, run="late"),
            exchange("stop", "soon", 25.0, run="late"),
            exchange("stop", "of another", 26.0, run="early"),
            exchange("stop", "of none", 27.0),
            replace(stream(case="owner", at=20.0), id="late"),
            replace(stream(case="owner", at=10.0), id="early"),
            exchange("run", "blocking", 1.0),
            exchange("info", "info", 2.0, ending="clean"),
        ),
    )


class TestTrace:
    def test_its_runs_are_the_streams_in_order_with_what_was_sent_for_each(self, recorded: Trace) -> None:
        early, late = recorded.runs
        assert (early.stream.id, late.stream.id) == ("early", "late")
        assert (early.label, late.label) == ("owner", "owner")
        assert [stop.case for stop in late.stops] == ["soon", "late"]
        assert [detail.case for detail in late.details] == ["first", "second"]
        assert ([stop.case for stop in early.stops], early.details) == (["of another"], ())

    def test_of_what_was_done_twice_the_last_is_meant(self, recorded: Trace) -> None:
        again = replace(recorded, exchanges=(*recorded.exchanges, exchange("stop", "late", 90.0)))
        assert again.case("late").sent_at == 90.0
        assert again.run("owner").stream.id == "late"

    def test_exchanges_are_chosen_in_order(self, recorded: Trace) -> None:
        chosen = recorded.where(lambda one: one.operation == "detail")
        assert [one.case for one in chosen] == ["second", "first"]

    @pytest.mark.parametrize(("unmet", "said"), [(None, "s .*“nothing”"), ("no key", "^no key$")])
    def test_what_was_not_reached_is_told(self, recorded: Trace, unmet: str | None, said: str) -> None:
        trace = replace(recorded, unmet=unmet)
        with pytest.raises(NotRecorded, match=said):
            trace.case("nothing")
        with pytest.raises(NotRecorded, match=said):
            trace.run("nothing")

    def test_of_a_scenario_that_broke_off_not_every_case_can_be_judged(self, recorded: Trace) -> None:
        broken_off = replace(recorded, unmet="no key")
        assert [one.case for one in recorded.each("late", "soon", "nothing")] == ["late", "soon"]
        assert [one.case for one in broken_off.each("late", "soon")] == ["late", "soon"]
        with pytest.raises(NotRecorded, match=r"^no key$"):
            list(broken_off.each("late", "nothing"))
        with pytest.raises(NotRecorded, match=r"^no key$"):
            broken_off.whole()
        recorded.whole()


def test_a_history_has_everything_and_the_runs_that_really_started(recorded: Trace) -> None:
    refused = replace(stream(case="refused"), response=response(400))
    history = History((recorded, Trace("t", (refused, exchange("stop", "late")))))
    assert [trace.scenario for trace in history] == ["s", "t"]
    assert len(history.exchanges) == len(recorded.exchanges) + 2
    assert [run.stream.id for run in history.runs] == ["early", "late"]
