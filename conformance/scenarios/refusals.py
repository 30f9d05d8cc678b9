"""Requests that must be refused, each sent for a run that is alive, and the odd ones that must not be."""

import uuid
from typing import Any

from conformance.masking import placeholder
from conformance.scenarios.lanes import in_lanes
from conformance.scenarios.lifecycle import made_up_key
from conformance.scenarios.live import LiveRun, Unmet
from conformance.scenarios.opening import NODE_PATIENCE, well_after_start
from conformance.scenarios.stage import JSON_HEADERS, Stage, json_bytes
from conformance.target import MODE_KEYS, OWNER_KEY
from conformance.trace import Exchange, Headers

MALFORMED = b'{"user": "conformance-bodies"'
FORM: Headers = (("Content-Type", "application/x-www-form-urlencoded"),)
TEXT: Headers = (("Content-Type", "text/plain"),)

LATE = 2.0  # seconds in which a refused stop may show an effect after all

ACCEPTED_USERS = {
    "non-ASCII": "conformance-Jürgen-测试-🙂",
    "quotes": "conformance-o'\"hara\\{{x}}-'; --",
    "right-to-left": "conformance-\u202eשלום-مرحبا",
    "digits": "1234567890",
    "the word null": "null",
    "a mail address": "conformance+tests@example.org",
    "a path": "conformance/a:b/50%25",
    "a blank at the end": "conformance ",
    "255 characters": "conformance-" + "u" * 243,
}


class Anvil:
    """A live run for the stops that must be refused; another is started when one is over.

    Against a target that can start no run, the stops go to a task id that was made up.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._run: LiveRun | None = None
        self._none: str | None = None

    def strike(self, case: str, **parts: Any) -> Exchange:
        """Send a stop that is made of ``parts`` (see ``Stage.stop_request``), for a run that is alive."""
        run = self._alive()
        task = run.task_id if run else str(uuid.uuid4())
        request = self._stage.stop_request(task, **parts)
        if run is None:
            return self._stage.send("stop", case, request, about={"task": task, "live": "no"})
        exchange = self._stage.stop(run, case, request=request, live="yes")
        if exchange.status is not None and exchange.status < 300:
            run.stopped = True  # it was accepted, and may well have been done
            self._run = None
        return exchange

    def unharmed(self) -> None:
        """Give the last run time to show what the refused stops did to it, then stop it by its owner."""
        if self._run is None:
            return
        self._run.wait_over(max(LATE, self._stage.deadlines.grace))
        if not self._run.over:
            self._stage.stop(self._run, "owner's stop")
            self._run.wait_over(self._stage.deadlines.stop)
        self._stage.leave(self._run)

    def _alive(self) -> LiveRun | None:
        if self._none is not None:
            return None
        if self._run is None or self._run.over:
            if self._run is not None:
                self._stage.leave(self._run)
            try:
                self._run = self._stage.start("anvil")
            except Unmet as error:
                self._none = str(error)
                self._run = None
        return self._run


def users(stage: Stage) -> None:
    """Stops whose user is missing or no string."""
    anvil = Anvil(stage)
    values: dict[str, Any] = {
        "null": None,
        "number": 12345,
        "boolean": True,
        "array": [stage.user],
        "object": {"id": stage.user},
        "empty": "",
    }
    anvil.strike("user missing", body=b"{}")
    for case, value in values.items():
        anvil.strike(f"user {case}", body=json_bytes({"user": value}))
    anvil.strike("user in the query", body=b"{}", query=f"?user={stage.user}")
    anvil.strike("user under another name", body=json_bytes({"user_id": stage.user, "User": stage.user}))
    anvil.unharmed()


def user_strings(stage: Stage) -> None:
    """Runs started and stopped by users with unusual names."""

    def stop_one(named: tuple[str, str]) -> None:
        case, user = named
        try:
            run = stage.start(case, user=user)
        except Unmet:
            return  # whether a run may be started by that name is not this operation's contract
        run.wait(well_after_start(run, "node_started"), NODE_PATIENCE)
        stage.stop(run, case)
        run.wait_over(stage.deadlines.stop)
        stage.leave(run)

    in_lanes(stop_one, list(ACCEPTED_USERS.items()))


def bodies(stage: Stage) -> None:
    """Stops whose body is missing, malformed, no object, or of a foreign media type."""
    anvil = Anvil(stage)
    good = json_bytes({"user": stage.user})
    anvil.strike("no body", body=b"", headers=())
    anvil.strike("empty body", body=b"")
    anvil.strike("malformed JSON", body=MALFORMED)
    anvil.strike("not UTF-8", body=b'{"user": "\xff\xfe"}')
    for case, value in {
        "array": [stage.user],
        "string": stage.user,
        "number": 5,
        "null": None,
        "boolean": True,
    }.items():
        anvil.strike(f"body is a JSON {case}", body=json_bytes(value))
    anvil.strike("text/plain", body=good, headers=TEXT)
    anvil.strike("form", body=f"user={stage.user}".encode(), headers=FORM)
    anvil.unharmed()


def unknown_members(stage: Stage) -> None:
    """A stop with members that the document does not know."""
    run = stage.start("owner")
    body = json_bytes({"user": stage.user, "conformance": {"reason": "unknown members"}, "note": [1, None]})
    stage.stop(run, "unknown members", request=stage.stop_request(run.task_id, body=body), by="owner")


def credentials(stage: Stage) -> None:
    """Stops with no key, with something that is none, and with a key where it does not belong."""
    anvil = Anvil(stage)
    own = placeholder(OWNER_KEY)
    basic: Headers = (("Authorization", f"Basic {own}"), *JSON_HEADERS)
    anvil.strike("no header", key=None)
    anvil.strike("empty header", key=None, headers=(("Authorization", ""), *JSON_HEADERS))
    anvil.strike("scheme only", key=None, headers=(("Authorization", "Bearer"), *JSON_HEADERS))
    anvil.strike("other scheme", key=None, headers=basic)
    anvil.strike("key without scheme", key=None, headers=(("Authorization", own), *JSON_HEADERS))
    anvil.strike("unknown key", key=made_up_key())
    anvil.strike("shortened key", key=f"${{{OWNER_KEY}%?}}")
    anvil.strike("lengthened key", key=f"${{{OWNER_KEY}}}x")
    if stage.keys.get(OWNER_KEY, "").swapcase() != stage.keys.get(OWNER_KEY, ""):
        other = "^^" if stage.keys[OWNER_KEY] != stage.keys[OWNER_KEY].upper() else ",,"
        anvil.strike("key in other letter case", key=f"${{{OWNER_KEY}{other}}}")
    anvil.strike("key in the query", key=None, query=f"?api_key={own}")
    anvil.strike("key in the body", key=None, body=json_bytes({"user": stage.user, "api_key": own}))
    anvil.strike("key in another header", key=None, headers=(("X-Api-Key", own), *JSON_HEADERS))
    anvil.strike("unknown key, no user", key=made_up_key(), body=b"{}")
    anvil.strike("unknown key, malformed JSON", key=made_up_key(), body=MALFORMED)
    anvil.strike("unknown key, text/plain", key=made_up_key(), headers=TEXT)
    anvil.unharmed()


def scheme_in_lower_case(stage: Stage) -> None:
    """A stop whose header says ``bearer``."""
    run = stage.start("owner")
    headers: Headers = (("Authorization", f"bearer {placeholder(OWNER_KEY)}"), *JSON_HEADERS)
    asked = stage.stop_request(run.task_id, user=run.user, key=None, headers=headers)
    stage.stop(run, "scheme in lower case", request=asked, by="owner")


def app_modes(stage: Stage) -> None:
    """Stops with the keys of apps of other modes, as far as they were given."""
    anvil = Anvil(stage)
    for mode, name in MODE_KEYS.items():
        if name in stage.keys:
            anvil.strike(f"{mode} key", key=placeholder(name))
    anvil.unharmed()
