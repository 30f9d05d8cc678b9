"""Two recordings are compared by what matters; ids, times and ports are noise."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.commands import diff as command_diff
from conformance.diff import Comparison, Lacking, compare
from conformance.exchange import Event, Exchange, Fault
from conformance.recording import Recording, read_recording
from conformance.trace import ANVIL, Trace
from conformance.verdict import ResultKind
from tests.commandline import Ran, command


@pytest.fixture(scope="module")
def before(ran: Ran) -> Recording:
    return read_recording(ran.reports / "run.jsonl")


def changed(recording: Recording, change: Callable[[Exchange], Exchange]) -> Recording:
    """The same recording with every exchange changed."""
    traces = {
        name: replace(trace, exchanges=tuple(map(change, trace.exchanges)))
        for name, trace in recording.traces.items()
    }
    return replace(recording, traces=traces)


def with_result(recording: Recording, id_: str, kind: ResultKind) -> Recording:
    results = tuple(replace(one, result=kind) if one.id == id_ else one for one in recording.results)
    return replace(recording, results=results)


def told(comparison: Comparison) -> list[tuple[str, str, str]]:
    return [(change.what, change.was, change.now) for change in comparison.changes]


def test_a_recording_is_like_itself(before: Recording) -> None:
    assert compare(before, before).changes == ()
    assert compare(before, before).exit_code == 0


def test_two_runs_of_one_server_are_alike(ran: Ran, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    command("run", "--reports", str(reports), reports=reports)
    files = (str(ran.reports / "run.jsonl"), str(reports / "run.jsonl"))
    done = command("diff", *files, reports=reports)
    assert done.out.endswith("nothing changed\n"), done.out
    assert done.code == 0


def test_noise_is_left_out(before: Recording) -> None:
    def noisy(x: Exchange) -> Exchange:
        about = {name: value.replace("0", "9") for name, value in x.about.items() if name != "run"}
        return replace(
            x,
            request=replace(x.request, url=x.request.url.replace("127.0.0.1:", "127.0.0.1:1")),
            sent_at=x.sent_at + 7,
            ended_at=x.ended_at + 90,
            about={**about, **({"run": x.about["run"]} if "run" in x.about else {})},
            events=tuple(replace(event, at=event.at * 3) for event in x.events),
            response=x.response and replace(x.response, headers=(*x.response.headers, ("Date", "now"))),
        )

    assert compare(before, changed(before, noisy)).changes == ()


@pytest.mark.parametrize(
    ("was", "now", "code"),
    [
        ("pass", "fail", 1),
        ("pass", "inconclusive", 1),
        ("fail", "pass", 0),
        ("inconclusive", "fail", 1),
        ("fail", "deviation", 0),
    ],
)
def test_a_requirement_that_got_worse_decides(
    before: Recording, was: ResultKind, now: ResultKind, code: int
) -> None:
    id_ = "stop.user.null"
    comparison = compare(with_result(before, id_, was), with_result(before, id_, now))
    assert comparison.exit_code == code
    assert told(comparison) == [("requirement", was, now)]


def test_an_observation_that_changed_is_told_and_is_no_harm(before: Recording) -> None:
    id_ = "stop.lifecycle.unknown-task"
    after = replace(before, observations={**before.observations, id_: "answered 404"})
    comparison = compare(before, after)
    assert comparison.exit_code == 0
    assert told(comparison) == [("observation", before.observations[id_], "answered 404")]


def answering(
    status: int | None = None, header: tuple[str, str] | None = None, body: bytes | None = None
) -> Callable[[Exchange], Exchange]:
    def change(x: Exchange) -> Exchange:
        if x.operation != "stop" or x.response is None or x.status != 400:
            return x
        answer = replace(x.response, status=status or x.response.status, body=body or x.response.body)
        return replace(x, response=replace(answer, headers=(*answer.headers, *([header] if header else []))))

    return change


@pytest.mark.parametrize(
    ("change", "was", "now"),
    [
        (answering(status=422), "status 400", "status 422"),
        (answering(header=("Retry-After", "1")), "header retry-after none", "header retry-after 1"),
        (
            answering(body=b'{"code": "other"}'),
            "members code, message, status; code invalid_param",
            "members code; code other",
        ),
    ],
    ids=["status", "header", "code"],
)
def test_an_answer_that_changed_is_told_once_for_all_places(
    before: Recording, change: Callable[[Exchange], Exchange], was: str, now: str
) -> None:
    comparison = compare(before, changed(before, change))
    found = [one for one in comparison.changes if (one.was, one.now) == (was, now)]
    assert len(found) == 1
    assert found[0].what == "answer"
    assert len(found[0].where) > 3
    assert comparison.exit_code == 0


def test_an_answer_that_no_longer_comes_is_told(before: Recording) -> None:
    def gone(x: Exchange) -> Exchange:
        return replace(x, response=None, fault=Fault("timeout", 1.0, "")) if x.case == "user null" else x

    assert ("answer", "status 400", "status timeout") in told(compare(before, changed(before, gone)))


def test_a_stream_that_ends_otherwise_is_told(before: Recording) -> None:
    def failed(x: Exchange) -> Exchange:
        events = tuple(
            Event.of(event.at, event.kind, (event.data or "").replace('"stopped"', '"failed"'))
            for event in x.events
        )
        return replace(x, events=events)

    assert ("stream", "status at the end stopped", "status at the end failed") in told(
        compare(before, changed(before, failed))
    )


@pytest.mark.parametrize("status", ["stopped", "succeeded"])
def test_how_a_run_ends_that_is_only_to_be_left_alone_is_chance(before: Recording, status: str) -> None:
    """It ends by itself where the machine is slow, be it beside the stop that was to end it."""
    stream = before.traces["users"].run(ANVIL).stream

    def ended(x: Exchange) -> Exchange:
        if x.id != stream.id:
            return x
        told = json.dumps({"event": "workflow_finished", "data": {"status": status}})
        return replace(x, events=(*x.events[:-1], Event.of(x.events[-1].at, x.events[-1].kind, told)))

    changes = compare(before, changed(before, ended)).changes
    assert {change.what for change in changes} <= {"event"}  # of which the last lacks members now


def test_an_event_with_another_member_is_told(before: Recording) -> None:
    def more(x: Exchange) -> Exchange:
        events = tuple(
            Event.of(event.at, event.kind, event.data.replace("{", '{"new": 1,', 1)) if event.data else event
            for event in x.events
        )
        return replace(x, events=events)

    changes = compare(before, changed(before, more)).changes
    assert {change.what for change in changes} == {"event"}
    assert all("new" in change.now and "new" not in change.was for change in changes)


@pytest.mark.parametrize(
    "change",
    [
        lambda one: replace(one, header={**one.header, "effort": "thorough"}),
        lambda one: replace(
            one, header={**one.header, "document": {**one.header["document"], "sha256": "f" * 64}}
        ),
        lambda one: replace(one, footer={}),
        lambda one: replace(one, footer={**one.footer, "interrupted": "the run was interrupted"}),
    ],
    ids=["effort", "document", "broken off", "interrupted"],
)
def test_what_cannot_be_compared_is_not(before: Recording, change: Callable[[Recording], Recording]) -> None:
    comparison = compare(before, change(before))
    assert comparison.exit_code == 3
    assert len(comparison.obstacles) == 1


CHAT_KEY, CHAT = "DIFY_CHAT_API_KEY", "stop.app-mode.chat"


def without_key(recording: Recording, *ids: str) -> Recording:
    """The same recording without the key of a chat app, which leaves these requirements untested."""
    target = recording.header["target"]
    kept = [name for name in target["keys"] if name != CHAT_KEY]
    untested = {"result": "untested", "reason": f"needs {CHAT_KEY} in the environment"}
    return replace(
        recording,
        header={**recording.header, "target": {**target, "keys": kept}},
        results=tuple(replace(one, **untested) if one.id in ids else one for one in recording.results),  # type: ignore[arg-type]
    )


def test_what_a_forgotten_key_leaves_untested_is_not_compared(before: Recording) -> None:
    after = without_key(before, CHAT)
    comparison = compare(before, after)
    assert (comparison.changes, comparison.exit_code) == ((), 3)
    assert comparison.lacking == (Lacking("second", (CHAT_KEY,), (f"MUST {CHAT}",)),)
    assert str(comparison.lacking[0]) == f"{CHAT_KEY} is missing in the second run"
    assert compare(after, before).lacking == (Lacking("first", (CHAT_KEY,), (f"MUST {CHAT}",)),)
    assert compare(after, with_result(before, CHAT, "fail")).exit_code == 3
    assert compare(after, after).exit_code == 0


def test_what_one_key_leaves_untested_is_told_together(before: Recording) -> None:
    after = without_key(before, CHAT, "stop.user.null")
    (lacking,) = compare(before, after).lacking
    assert lacking.where == (f"MUST {CHAT}", "MUST stop.user.null")


def test_what_got_worse_outweighs_what_is_not_compared(before: Recording) -> None:
    comparison = compare(before, with_result(without_key(before, CHAT), "stop.user.null", "fail"))
    assert (comparison.exit_code, len(comparison.worse)) == (1, 1)


def test_what_is_untested_though_no_key_is_missing_got_worse(before: Recording) -> None:
    comparison = compare(before, with_result(before, CHAT, "untested"))
    assert (comparison.exit_code, comparison.lacking) == (1, ())


def test_what_is_not_compared_is_told(before: Recording) -> None:
    alone = compare(before, without_key(before, CHAT))
    *_, why, where, _, last = command_diff._text(alone)
    assert (why, where) == (f"not compared: {CHAT_KEY} is missing in the second run", f"    MUST {CHAT}")
    assert last == "nothing changed; 1 requirement not compared"
    beside = compare(before, with_result(without_key(before, CHAT), "stop.user.null", "inconclusive"))
    assert [*command_diff._text(beside)][
        -1
    ] == "1 requirement got worse; 1 change in all; 1 requirement not compared"
    first, *_, why = command_diff._markdown(alone)
    assert first == "## nothing changed; 1 requirement not compared"
    assert why == f"\nNot compared: {CHAT_KEY} is missing in the second run: MUST {CHAT}"
    assert alone.line()["not_compared"] == [{"run": "second", "keys": [CHAT_KEY], "where": [f"MUST {CHAT}"]}]


def test_what_only_one_recording_has_is_left_out(before: Recording) -> None:
    fewer = replace(before, traces={name: trace for name, trace in before.traces.items() if name != "users"})
    assert compare(before, fewer).changes == ()
    assert compare(fewer, before).changes == ()
    assert compare(before, replace(before, traces={"plain": Trace("plain")})).changes == ()


def test_it_is_told_as_text_markdown_and_json(ran: Ran, tmp_path: Path) -> None:
    spec = Path(__file__).parent.parent / "specs" / "stop-workflow-task.openapi.yaml"
    file = str(ran.reports / "run.jsonl")
    texts = {
        form: command("diff", file, file, "--format", form, reports=tmp_path)
        for form in ("text", "markdown", "json")
    }
    assert all(done.code == 0 for done in texts.values())
    assert texts["markdown"].out.startswith("## nothing changed")
    assert json.loads(texts["json"].out)["changes"] == []
    refused = command("diff", file, str(spec), reports=tmp_path)
    assert refused.code == 2
    assert "no recording" in refused.err
