"""A scenario that broke off: no check passes on what came while something that it judges is missing."""

import inspect
from collections.abc import Iterator
from dataclasses import replace

import pytest

from conformance.exchange import Exchange, Response
from conformance.recording import Recording, read_recording
from conformance.scenarios import SCENARIOS
from conformance.trace import Trace, is_stream
from tests.commandline import Ran
from tests.recorded import Check, checks

BROKE_OFF = "the target went away"
JSON = (("Content-Type", "application/json"),)
OTHERWISE = (
    Response(200, "OK", JSON, b'{"result": "success"}'),
    Response(409, "Conflict", JSON, b'{"code": "conflict", "message": "no", "status": 409}'),
    Response(500, "Internal Server Error", (("Content-Type", "text/html"),), b"<h1>broken</h1>"),
)
MANY = {"drawn_requests", "generated_requests", "raw_requests"}  # judged by rules, one by one, in one place
READ = [
    (check, name)
    for check in checks()
    for name in inspect.signature(check.function).parameters
    if name in SCENARIOS and name not in MANY
]


@pytest.fixture(scope="module")
def recording(ran: Ran) -> Recording:
    """A whole run against the reference server."""
    return read_recording(ran.reports / "run.jsonl")


def _says(check: Check, recording: Recording, trace: Trace) -> str:
    traces = {name: recording.trace(name) for name in SCENARIOS}
    return check.judge(traces | {trace.scenario: trace}).result


def _otherwise(trace: Trace) -> Iterator[tuple[int, Trace]]:
    """The trace with one exchange that was answered otherwise, and which it is."""
    for number, exchange in enumerate(trace.exchanges):
        for response in OTHERWISE:
            changed: Exchange = replace(exchange, response=response)
            yield (
                number,
                replace(
                    trace, exchanges=(*trace.exchanges[:number], changed, *trace.exchanges[number + 1 :])
                ),
            )


@pytest.mark.parametrize(
    ("check", "scenario"), READ, ids=[f"{check.requirement.id}-{name}" for check, name in READ]
)
def test_no_check_passes_without_all_that_it_judges(
    check: Check, scenario: str, recording: Recording
) -> None:
    whole = recording.trace(scenario)
    if _says(check, recording, whole) != "pass":
        pytest.skip("it holds only where the target says otherwise")
    for number, changed in _otherwise(whole):
        if _says(check, recording, changed) != "fail":
            continue
        missing = whole.exchanges[number]
        streams = [x for x in whole.exchanges[number:] if is_stream(x) and x.sent_at < missing.sent_at]
        before = replace(whole, exchanges=(*whole.exchanges[:number], *streams), unmet=BROKE_OFF)
        assert _says(check, recording, before) != "pass", f"it passes without “{missing.case}”"
