"""An exchange as a line of JSON, and back."""

import base64
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from conformance.exchange import Event, Exchange, Fault, Json, Request, Response


def dump_exchange(exchange: Exchange) -> dict[str, Json]:
    """The exchange as JSON."""
    line = {
        "type": "exchange",
        **{name: getattr(exchange, name) for name in _PLAIN},
        "about": dict(exchange.about),
    }
    line["request"] = _asdict(exchange.request)
    line["response"] = _asdict(exchange.response) if exchange.response else None
    line["fault"] = asdict(exchange.fault) if exchange.fault else None
    line["events"] = [[event.at, event.kind, event.data, event.malformed] for event in exchange.events]
    return line


_PLAIN = ("id", "scenario", "operation", "case", "sent_at", "ended_at", "answered_at", "ending")


def load_exchange(line: Mapping[str, Json]) -> Exchange:
    """The exchange that ``dump_exchange`` wrote."""
    request, response, fault = line["request"], line["response"], line["fault"]
    return Exchange(
        **{name: line[name] for name in _PLAIN},
        about=dict(line["about"]),
        request=Request(**_loaded(request)),
        response=Response(**_loaded(response)) if response else None,
        fault=Fault(**fault) if fault else None,
        events=tuple(Event.of(*event) for event in line["events"]),
    )


def _asdict(record: Request | Response) -> dict[str, Json]:
    values: dict[str, Any] = {name: getattr(record, name) for name in record.__dataclass_fields__}
    values["body"] = _dump_bytes(values["body"])
    values["headers"] = [list(header) for header in values["headers"]]
    return values


def _loaded(values: Mapping[str, Json]) -> dict[str, Any]:
    headers = tuple((name, value) for name, value in values["headers"])
    return {**values, "headers": headers, "body": _load_bytes(values["body"])}


def _dump_bytes(data: bytes) -> Json:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def _load_bytes(value: Json) -> bytes:
    return (
        value.encode("utf-8") if isinstance(value, str) else base64.b64decode(value["base64"], validate=True)
    )
