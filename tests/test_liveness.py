"""The figures about stops: what counts, and how sure one may be."""

import pytest

from conformance.exchange import Event, Exchange, Request, Response
from conformance.liveness import Liveness, liveness
from conformance.trace import Run

REQUEST = Request("POST", "http://127.0.0.1/v1")


def run(
    status: str | None, *, ending: str = "clean", by: str = "owner", end: float = 400, details: int = 0
) -> Run:
    data = f'{{"event": "workflow_finished", "data": {{"status": "{status}"}}}}'
    events = (Event.of(end, None, data),) if status else ()
    stream = Exchange("s/1", "s", "run", "owner", REQUEST, 0, end, events=events, ending=ending)  # type: ignore[arg-type]
    stop = Exchange(
        "s/2", "s", "stop", "stop", REQUEST, 100, 150, Response(200, "OK", (), b"{}"), about={"by": by}
    )
    return Run(stream, (stop,), (stop,) * details)


@pytest.mark.parametrize(
    ("runs", "times", "still_open"),
    [
        ([run("stopped")], (250.0,), 0),
        ([run("stopped", end=120)], (0.0,), 0),
        ([run("succeeded")], (), 1),
        ([run(None, ending="left", details=1)], (), 1),
        ([run(None, ending="left")], (), 0),
        ([run("stopped", by="stranger")], (), 0),
        ([run("succeeded", end=50)], (), 0),
    ],
    ids=[
        "stopped",
        "before the answer",
        "carried on",
        "never ended",
        "not waited for",
        "a stranger's",
        "too late",
    ],
)
def test_what_counts(runs: list[Run], times: tuple[float, ...], still_open: int) -> None:
    assert liveness(runs) == Liveness(times, still_open)


def test_the_bound_is_that_of_zero_failures_in_n() -> None:
    bound = Liveness((1.0,) * 59, 0).upper_bound
    assert bound is not None
    assert (1 - bound) ** 59 == pytest.approx(0.05)
    assert Liveness((1.0,), 1).upper_bound is None
    assert "fewer than 5.0%" in Liveness((1.0,) * 59, 0).sentence()


def test_after_a_few_stops_nothing_is_said_of_confidence() -> None:
    told = "1 stop acknowledged, 1 stream ended: median 1 ms, 95 % 1 ms, longest 1 ms"
    assert Liveness((1.0,), 0).sentence() == told
    assert "confidence" not in Liveness((1.0,) * 4, 0).sentence()
    assert "4 stops acknowledged, 4 streams ended" in Liveness((1.0,) * 4, 0).sentence()
    assert "fewer than 45.1%" in Liveness((1.0,) * 5, 0).sentence()
    assert Liveness((), 1).sentence() == "1 stop acknowledged, and no run ended as stopped"
