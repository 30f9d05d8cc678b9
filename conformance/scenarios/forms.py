"""Right stops in the forms that other clients give them, each for a run of its own."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from conformance.exchange import Exchange, Headers
from conformance.scenarios.guises import BY_HAND, GUISES, Guise
from conformance.scenarios.keys import SMALL_SCHEME
from conformance.scenarios.lanes import in_lanes
from conformance.scenarios.live import LiveRun, Unmet
from conformance.scenarios.opening import NODE_PATIENCE, well_after_start
from conformance.scenarios.requests import json_bytes
from conformance.scenarios.stage import Stage

JSON_API: Headers = (("Content-Type", "application/vnd.api+json"),)  # RFC 6839 §3.1 makes it JSON, too
LARGE = "x" * 10_000  # more than the first buffer of any server


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
    "in another type of JSON": lambda user: {"user": user, "headers": JSON_API},
    "with a large body": lambda user: {"body": json_bytes({"note": LARGE, "user": user})},
    "with its scheme in small letters": lambda user: {
        "user": user,
        "key": None,
        "headers": SMALL_SCHEME,
    },
}
MOST = 3 * (len(FORMS) + len(GUISES) + len(BY_HAND))  # requests


def other_forms(stage: Stage) -> None:
    """Stop runs by stops in other forms than ours, each of which a server may take or refuse."""
    if not stage.effort.reaches("standard"):
        raise Unmet("stops in other forms are sent from standard effort on")

    def stop_one(form: str) -> None:
        run = stage.start(form)
        run.wait(well_after_start(run, "node_started"), NODE_PATIENCE)
        if not is_taken(_stop(stage, run, form)):
            stage.stop(run, "owner's stop")
        run.wait_over(stage.deadlines.stop)
        stage.leave(run)

    in_lanes(stop_one, [*FORMS, *GUISES, *(() if stage.target.proxy else BY_HAND)])


def is_taken(stop: Exchange) -> bool:
    """Whether a stop was accepted: a page is what another host than ours answers to everything."""
    response = stop.response
    return response is not None and response.status // 100 == 2 and response.media_type != "text/html"


def _stop(stage: Stage, run: LiveRun, form: str) -> Exchange:
    parts = FORMS[form](run.user) if form in FORMS else {"user": run.user}
    plain = stage.stop_request(run.task_id, **parts)
    asked = GUISES.get(form, Guise()).put_on(plain, stage.fixed_headers)
    return stage.stop(run, form, request=BY_HAND[form](asked) if form in BY_HAND else asked, by="owner")
