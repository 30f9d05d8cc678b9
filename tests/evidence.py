"""Evidence made by hand, for reports of what no real server would say."""

from conformance.contract import load_contract
from conformance.exchange import Event, Exchange, Fault, Request, Response
from conformance.report.evidence import Evidence
from conformance.requirements import load_catalogue
from conformance.target import Deadlines
from conformance.trace import Trace
from conformance.verdict import Result

HOSTILE = (
    "</pre><script>alert(1)</script><img src=x onerror=alert(1)>",
    "\" onmouseover='alert(1)' {{ 7 * 7 }} {% raw %} ]]> --> </style> </title>",
    "\x00\x1b[31m \u202e detsujda \u2066 \ufeff \ud800 \u2028 ::error::no | cell `code` %0A",
    "a very long one " * 4000,
)


def hostile_exchange(text: str, number: int) -> Exchange:
    """A stop whose every part says the same."""
    return Exchange(
        id=f"plain/{number}",
        scenario="plain",
        operation="stop",
        case=text[:200],
        request=Request(
            "POST", f"http://127.0.0.1/v1/{text[:300]}", (("X-Sent", text),), text.encode("utf-8", "replace")
        ),
        sent_at=float(number),
        ended_at=number + 5.0,
        response=Response(
            400,
            text[:200],
            (("Content-Type", text[:100]), ("X-Version", text)),
            text.encode("utf-8", "replace"),
        ),
        answered_at=number + 1.0,
        about={"run": "plain/9"},
    )


def hostile_stream(text: str) -> Exchange:
    """A run whose events are not what they should be."""
    events = tuple(
        Event.of(10.0 * n, text[:50], data)
        for n, data in enumerate(
            [None, text[:500], "{}", '{"event": "workflow_finished", "data": []}', '{"event": 7}']
        )
    )
    return Exchange(
        id="plain/9",
        scenario="plain",
        operation="run",
        case=text[:200],
        request=Request("POST", "http://127.0.0.1/v1/workflows/run", (), b"\xff\x00"),
        sent_at=0.0,
        ended_at=100.0,
        response=Response(200, "OK", (), b""),
        answered_at=1.0,
        fault=Fault("reset", 100.0, text[:300]),
        events=events,
        ending="reset",
        about={"run": "plain/9"},
    )


def evidence(*exchanges: Exchange, reason: str = "", outcome: str = "not conformant") -> Evidence:
    """A session that recorded these, with one requirement of each result."""
    catalogue = load_catalogue()
    contract = load_contract()
    kinds = ("fail", "pass", "deviation", "stale", "untested", "inconclusive", "error")
    chosen = [r for r in catalogue if r.topic == "lifecycle"][: len(kinds)]
    ids = tuple(exchange.id for exchange in exchanges)
    results = tuple(
        Result(one.id, one.level, one.title, kind, reason, ids, 15.0, ("plain",))  # type: ignore[arg-type]
        for one, kind in zip(chosen, kinds, strict=True)
    )
    summary = {
        "outcome": outcome,
        "exit_code": 1,
        "summary": reason or "1 requirement not met",
        "target": {"base_url": "http://127.0.0.1/v1", "name": "", "embedded": False, "keys": []},
        "suite": {"name": "dify-conformance", "version": "0"},
        "document": {"source": "a.yaml", "title": "", "version": "1", "sha256": "0" * 64},
        "effort": "quick",
        "seed": 0,
        "started": "2026-01-01T00:00:00+00:00",
        "requests": len(exchanges),
        "seconds": 1.5,
        "narrowed": [],
        "requirements": [],
        "observations": [],
        "not_covered": [],
    }
    return Evidence(summary, results, (Trace("plain", exchanges),), catalogue, contract, Deadlines())
