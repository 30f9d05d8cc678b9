"""What continuous integration reads: a summary in Markdown, annotations, a badge, CTRF."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from conformance.exchange import Json
from conformance.report.evidence import Evidence
from conformance.report.junit import VERDICT
from conformance.report.text import MARKS
from conformance.verdict import Result

COLOURS = {"conformant": "brightgreen", "not conformant": "red", "incomplete": "yellow"}
CTRF = {"pass": "passed", "fail": "failed", "stale": "failed", "error": "failed", "deviation": "other"}
MOST = 50  # rows of a table, annotations of a run


def badge(evidence: Evidence) -> str:
    """The endpoint that shields.io turns into a badge."""
    outcome = evidence.summary["outcome"]
    met = sum(result.result == "pass" for result in evidence.results)
    message = f"{outcome} ({met} of {len(evidence.results)})"
    line = {"schemaVersion": 1, "label": "Dify Workflow API", "message": message}
    return _json({**line, "color": COLOURS.get(outcome, "lightgrey")})


def ctrf(evidence: Evidence) -> str:
    """The results in the Common Test Report Format."""
    summary = evidence.summary
    start = datetime.fromisoformat(str(summary["started"]))
    stop = start + timedelta(seconds=summary["seconds"])
    tests = [*map(_test, evidence.results), _gate(summary)]
    counts = dict.fromkeys(("passed", "failed", "pending", "skipped", "other"), 0)
    counts |= Counter(test["status"] for test in tests)
    return _json(
        {
            "reportFormat": "CTRF",
            "specVersion": "0.0.0",
            "results": {
                "tool": {"name": summary["suite"]["name"], "version": summary["suite"]["version"]},
                "summary": {
                    "tests": len(tests),
                    **counts,
                    "start": int(start.timestamp() * 1000),
                    "stop": int(stop.timestamp() * 1000),
                },
                "tests": tests,
                "extra": {"outcome": summary["outcome"], "exitCode": summary["exit_code"]},
            },
        }
    )


def _status(result: Result) -> str:
    if result.is_warning:
        return "other"  # it fails no pipeline
    return CTRF.get(result.result, "skipped")


def _gate(summary: Mapping[str, Json]) -> dict[str, Json]:
    """The verdict as a test of its own, as in junit.xml: no list is green whose gate is shut."""
    outcome = summary["outcome"]
    return {
        "name": VERDICT,
        "status": {"conformant": "passed", "not conformant": "other"}.get(outcome, "failed"),
        "duration": round(summary["seconds"] * 1000),
        "suite": [VERDICT],
        "message": f"{outcome}: {summary['summary']}",
        "rawStatus": outcome,
    }


def _test(result: Result) -> dict[str, Json]:
    return {
        "name": result.id,
        "status": _status(result),
        "duration": 0,
        "suite": ["stop", result.topic],
        "message": result.reason or result.title,
        "rawStatus": result.result,
        "tags": [result.level],
    }


def markdown(evidence: Evidence) -> str:
    """The verdict for a pull request: outcome, what failed, what was not decided."""
    summary = evidence.summary
    found = Counter(result.told for result in evidence.results)
    counts = ", ".join(f"{found[name]} {name}" for name in MARKS if found[name])
    lines = [
        f"## Dify Workflow API: {summary['outcome']}",
        "",
        f"{_cell(summary['summary'])}. {counts}; {summary['requests']} requests in {summary['seconds']:.1f} s.",
        "",
        f"Target {_code(summary['target']['base_url'])}, document {_code(summary['document']['source'])} "
        f"({summary['document']['sha256'][:12]}), effort {summary['effort']}, seed {summary['seed']}.",
    ]
    lines += [
        f"\nNarrowed by {_code(limit)}: the verdict speaks of what was judged only."
        for limit in summary["narrowed"]
    ]
    lines += _table(
        "What did not hold",
        [r for r in evidence.results if r.result in {"fail", "stale", "error", "deviation"}],
    )
    lines += _table(
        "What was not decided", [r for r in evidence.results if r.result in {"untested", "inconclusive"}]
    )
    return "\n".join(lines) + "\n"


def _table(title: str, results: list[Result]) -> Iterator[str]:
    if not results:
        return
    yield f"\n### {title}\n"
    yield "| result | level | requirement | seen |"
    yield "|---|---|---|---|"
    for result in results[:MOST]:
        told = f"{_cell(result.title)}<br>{_code(result.id)}"
        yield f"| {result.told} | {result.level} | {told} | {_cell(result.reason)} |"
    if len(results) > MOST:
        yield f"\nand {len(results) - MOST} more in verdict.json"


_MARKUP = str.maketrans({sign: f"&#{ord(sign)};" for sign in "\\`*_{}[]<>|&@~"})


def _cell(text: str) -> str:
    """Text that cannot break a table, or become markup."""
    return " ".join(text.split())[:400].translate(_MARKUP)


def _code(text: str) -> str:
    return "`" + " ".join(text.replace("`", "'").replace("|", "¦").split()) + "`"


def annotations(evidence: Evidence) -> list[str]:
    """Workflow commands of GitHub: an error for each failure that fails the run, a warning for each other."""
    found = [result for result in evidence.results if result.result in {"fail", "stale", "error"}]
    lines = [
        f"::{'warning' if result.is_warning else 'error'} "
        f"title={_property(result.id)}::{_data(f'{result.title}: {result.reason}')}"
        for result in found[:MOST]
    ]
    if evidence.summary["outcome"] in {"incomplete", "unreachable"}:
        lines.append(
            f"::error title={_property(evidence.summary['outcome'])}::{_data(evidence.summary['summary'])}"
        )
    return lines


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
