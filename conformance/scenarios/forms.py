"""Right stops in the forms that other clients give them, each for a run of its own."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from conformance.exchange import Exchange, Headers
from conformance.probe.reply import RawRequest
from conformance.scenarios.keys import SMALL_SCHEME
from conformance.scenarios.lanes import in_lanes
from conformance.scenarios.live import LiveRun, Unmet
from conformance.scenarios.opening import NODE_PATIENCE, well_after_start
from conformance.scenarios.requests import JSON_HEADERS, json_bytes
from conformance.scenarios.stage import Stage

OTHERS: Headers = (
    ("Accept", "application/json"),
    ("Accept-Language", "de-DE, de;q=0.9, en;q=0.5"),
    ("Cache-Control", "no-cache"),
    ("X-Request-Id", "conformance-1"),
    ("Cookie", "conformance=1"),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
)


def _escaped(user: str) -> bytes:
    """The body with every letter of its texts written as an escape (RFC 8259 §7)."""
    letters = "".join(f"\\u{ord(letter):04x}" for letter in user)
    return f'{{"\\u0075ser": "{letters}"}}'.encode("ascii")


FORMS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "over several lines": lambda user: {"body": json.dumps({"user": user}, indent=2).encode()},
    "with escapes": lambda user: {"body": _escaped(user)},
    "with other members first": lambda user: {
        "body": json_bytes({"inputs": {}, "response_mode": "streaming", "note": [1, None], "user": user})
    },
    "with another user under another name": lambda user: {
        "body": json_bytes({"user_id": "conformance-nobody", "user": user})
    },
    "with another user in the query": lambda user: {"user": user, "query": "?user=conformance-nobody"},
    "with a charset": lambda user: {
        "user": user,
        "headers": (("Content-Type", "application/json; charset=utf-8"),),
    },
    "with its type in capitals": lambda user: {
        "user": user,
        "headers": (("Content-Type", "APPLICATION/JSON"),),
    },
    "with other headers": lambda user: {"user": user, "headers": (*OTHERS, *JSON_HEADERS)},
    "with its scheme in small letters": lambda user: {
        "user": user,
        "key": None,
        "headers": SMALL_SCHEME,
    },
}
SMALL = "with header names in small letters"
CHUNKED, PIECES, ASKING = "in chunks", "in pieces", "of a client that asks first"
BY_HAND = (CHUNKED, PIECES, ASKING)


def other_forms(stage: Stage) -> None:
    """Stop runs by stops in other forms than ours, each of which a server may take or refuse."""
    if not stage.effort.reaches("standard"):
        raise Unmet("stops in other forms are sent from standard effort on")

    def stop_one(form: str) -> None:
        run = stage.start(form)
        run.wait(well_after_start(run, "node_started"), NODE_PATIENCE)
        if (_stop(stage, run, form).status or 0) // 100 != 2:
            stage.stop(run, "owner's stop")
        run.wait_over(stage.deadlines.stop)
        stage.leave(run)

    in_lanes(stop_one, [*FORMS, SMALL, *(() if stage.target.proxy else BY_HAND)])


def _stop(stage: Stage, run: LiveRun, form: str) -> Exchange:
    if form in BY_HAND:
        about = {"run": run.id, "task": run.task_id, "by": "owner"}
        return stage.send_raw(
            "stop", form, _by_hand(stage, run, form), seconds=stage.deadlines.answer, about=about
        )
    asked = stage.stop_request(run.task_id, **FORMS.get(form, _plain)(run.user))
    if form == SMALL:
        asked = replace(asked, headers=tuple((name.lower(), value) for name, value in asked.headers))
    return stage.stop(run, form, request=asked, by="owner")


def _plain(user: str) -> dict[str, Any]:
    return {"user": user}


def _by_hand(stage: Stage, run: LiveRun, form: str) -> RawRequest:
    from conformance.properties.wire import Lines  # noqa: PLC0415 - Hypothesis takes its time to import

    lines = Lines(stage, quote(run.task_id, safe=""))
    body = lines.body = json_bytes({"user": run.user})
    halves = body[: len(body) // 2], body[len(body) // 2 :]
    if form == CHUNKED:
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(half), half) for half in halves)
        return RawRequest((lines.head("Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n",))
    if form == PIECES:
        return RawRequest((lines.head(lines.length), *halves))
    return RawRequest((lines.head(lines.length, "Expect: 100-continue"), body))
