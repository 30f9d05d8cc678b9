"""``run.har``: all exchanges in HTTP Archive 1.2, for the tools of browsers; keys by their names."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from conformance import __version__
from conformance.exchange import Exchange, Headers, Json, Request, Response
from conformance.report.evidence import Evidence

BODY = 16_384  # bytes of an answer that are kept; run.jsonl has all of them


def har(evidence: Evidence) -> str:
    """The archive as JSON text; times count from the beginning of the session, scenario by scenario."""
    started = datetime.fromisoformat(str(evidence.summary["started"]))
    pages = [
        {
            "startedDateTime": started.isoformat(),
            "id": trace.scenario,
            "title": trace.scenario.replace("_", " "),
            "pageTimings": {},
        }
        for trace in evidence.traces
        if trace.exchanges
    ]
    log = {
        "version": "1.2",
        "creator": {"name": "dify-conformance", "version": __version__},
        "pages": pages,
        "entries": [_entry(x, started) for trace in evidence.traces for x in trace.exchanges],
    }
    return json.dumps({"log": log}, ensure_ascii=True, separators=(",", ":"))


def _entry(x: Exchange, started: datetime) -> dict[str, Json]:
    whole = max(x.ended_at - x.sent_at, 0.0)
    wait = max((x.answered_at if x.answered_at is not None else x.ended_at) - x.sent_at, 0.0)
    return {
        "pageref": x.scenario,
        "startedDateTime": (started + timedelta(milliseconds=x.sent_at)).isoformat(timespec="milliseconds"),
        "time": round(whole, 3),
        "request": _request(x.request),
        "response": _response(x),
        "cache": {},
        "timings": {"send": 0, "wait": round(wait, 3), "receive": round(max(whole - wait, 0.0), 3)},
        "comment": f"{x.id}: {x.case}" + (f"; {x.fault.kind}: {x.fault.text}" if x.fault else ""),
    }


def _request(request: Request) -> dict[str, Json]:
    line: dict[str, Json] = {
        "method": request.method,
        "url": request.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(request.headers),
        "queryString": [
            {"name": name, "value": value}
            for name, value in parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": request.size,
    }
    if request.body:
        kinds = [value for name, value in request.headers if name.lower() == "content-type"]
        text = request.body.decode("utf-8", "backslashreplace")
        line["postData"] = {"mimeType": next(iter(kinds), ""), "params": [], "text": text}
    return line


def _response(x: Exchange) -> dict[str, Json]:
    answer = x.response or Response(0, "", (), b"")
    return {
        "status": answer.status,
        "statusText": answer.reason,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(answer.headers),
        "content": _content(x, answer),
        "redirectURL": answer.header("location") or "",
        "headersSize": -1,
        "bodySize": -1,
    }


def _content(x: Exchange, answer: Response) -> Mapping[str, Json]:
    body = answer.body
    if x.events:
        body = "".join(_frame(event.kind, event.data) for event in x.events).encode("utf-8", "replace")
    content: dict[str, Json] = {"size": len(body), "mimeType": answer.header("content-type") or "x-unknown"}
    kept = body[:BODY]
    if len(kept) < len(body):
        content["comment"] = f"the first {BODY} of {len(body)} bytes"
    try:
        return {**content, "text": kept.decode("utf-8")}
    except UnicodeDecodeError:
        return {**content, "text": base64.b64encode(kept).decode("ascii"), "encoding": "base64"}


def _frame(kind: str | None, data: str | None) -> str:
    """An event as it stands in a stream."""
    named = f"event: {kind}\n" if kind else ""
    lines = "".join(f"data: {line}\n" for line in data.split("\n")) if data is not None else ""
    return f"{named}{lines}\n"


def _headers(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]
