"""Stops that must be refused whatever has become of their task."""

import uuid
from collections.abc import Mapping
from typing import Any

from conformance.exchange import Exchange, Headers
from conformance.masking import placeholder
from conformance.scenarios.live import LiveRun
from conformance.scenarios.requests import json_bytes
from conformance.scenarios.stage import Stage
from conformance.target import MODE_KEYS

NO_USER, NULL_USER = "no user", "null user"
NO_KEY, UNKNOWN_KEY = "no key", "unknown key"
MALFORMED_JSON, TEXT_PLAIN = "malformed JSON", "text/plain"
MALFORMED = b'{"user": "conformance-bodies"'
TEXT: Headers = (("Content-Type", "text/plain"),)


def mistakes(stage: Stage) -> list[tuple[str, dict[str, Any]]]:
    """The stops by name, each as what it is made of (see ``Stage.stop_request``)."""
    return [
        (NO_USER, {"body": b"{}"}),
        (NULL_USER, {"body": json_bytes({"user": None})}),
        (MALFORMED_JSON, {"body": MALFORMED}),
        (TEXT_PLAIN, {"headers": TEXT}),
        *((f"{mode} key", {"key": key}) for mode, key in mode_keys(stage).items()),
        (NO_KEY, {"key": None}),
        (UNKNOWN_KEY, {"key": made_up_key()}),
    ]


def grave_mistakes(stage: Stage) -> list[tuple[str, dict[str, Any]]]:
    """Those whose effect on one and the same run is looked at; the others have a run of their own."""
    aside = {NULL_USER, MALFORMED_JSON, NO_KEY}
    return [(case, parts) for case, parts in mistakes(stage) if case not in aside]


def mistake(stage: Stage, run: LiveRun, case: str, parts: Mapping[str, Any]) -> Exchange:
    """Send a stop of a run that must be refused."""
    return stage.stop(run, case, request=stage.stop_request(run.task_id, **{"user": run.user, **parts}))


def mode_keys(stage: Stage) -> dict[str, str]:
    """The keys of the apps of other modes, as far as they were given, by mode."""
    return {mode: placeholder(name) for mode, name in MODE_KEYS.items() if name in stage.keys}


def made_up_key() -> str:
    """A key that no app has."""
    return f"app-{uuid.uuid4().hex[:24]}"
