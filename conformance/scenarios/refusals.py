"""Requests that must be refused, each sent for a run that is alive, and the odd ones that must not be."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from conformance.exchange import Exchange, Headers, Request
from conformance.probe.reply import RawRequest
from conformance.scenarios.lanes import in_lanes
from conformance.scenarios.live import LiveRun, Unmet
from conformance.scenarios.mistakes import MALFORMED, MALFORMED_JSON, TEXT, TEXT_PLAIN, mistakes, mode_keys
from conformance.scenarios.opening import NODE_PATIENCE, well_after_start
from conformance.scenarios.requests import JSON_HEADERS, json_bytes
from conformance.scenarios.stage import Stage
from conformance.trace import ANVIL

FORM: Headers = (("Content-Type", "application/x-www-form-urlencoded"),)
MULTIPART: Headers = (("Content-Type", "multipart/form-data; boundary=conformance"),)
MULTIPART_BODY = (
    b'--conformance\r\nContent-Disposition: form-data; name="user"\r\n\r\n%b\r\n--conformance--\r\n'
)

LATE = (1.0, 2.0, 2.0)  # seconds in which a refused stop may show an effect after all, by effort

BEYOND_ASCII = "non-ASCII"
LONG = "255 characters"
ACCEPTED_USERS = {
    "as in the document": "user_workflow_123",
    BEYOND_ASCII: "conformance-Jürgen-Zoe\u0308-测试-🙂",
    "quotes": "conformance-o'\"hara\\{{x}}-'; --&amp;&#39;",
    "right-to-left": "conformance-\u202eשלום-\u2028-\u200bمرحبا",
    "digits": "00123456789012345678",
    "the word null": "null",
    "a mail address": "conformance+tests@example.org",
    "a path": "conformance/a:b/50%25",
    "a UUID": "c04f04a9-ce00-4c0d-8b1f-c0f04a9ce001",
    "one character": "0",
    "a blank at the end": "conformance ",
    LONG: "conformance-" + "u" * 243,
    "punctuation and spaces": " conformance-a/b:c%20d&e=f?g#h;i,j|k*l~m^n`o!p<q>r(s)[t]{u}_$& ",
}

FLEETING = 2  # runs in a row that are over after one stop

IN_HEADERS = "user in headers"
IN_QUERY_ALONE = "user in the query, no body"
IN_QUERY_BESIDE_NULL = "user null, one in the query"
MULTIPART_FORM = "multipart form"
OF_A_PROTOTYPE = "user of a prototype"
IN_CAPITALS = "user in other letter case"
IN_AN_ARRAY = "the right body in an array"
IN_A_STRING = "the right body in a string"


class Anvil:
    """A live run for the stops that must be refused; another is started when one is over.

    Against a target that can start no run, or whose runs are over as soon as their streams begin, as behind what
    holds streams back, the stops go to a task id that was made up.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._run: LiveRun | None = None
        self._none: str | None = None
        self._struck = 0
        self._fleeting = 0

    def strike(
        self, case: str, changed: Callable[[Request], Request | RawRequest] | None = None, **parts: Any
    ) -> Exchange:
        """Send a stop that is made of ``parts`` (see ``Stage.stop_request``), for a run that is alive.

        ``changed`` makes of it what is sent.
        """
        run = self._alive()
        task = run.task_id if run else str(uuid.uuid4())
        plain = self._stage.stop_request(task, **parts)
        request = changed(plain) if changed else plain
        if run is None:
            return _send_for_no_run(self._stage, case, task, request)
        self._struck += 1
        exchange = self._stage.stop(run, case, request=request, live="yes")
        if exchange.status is not None and exchange.status < 300:
            run.stopped = True  # it was accepted, and may well have been done
            self._run = None
        return exchange

    def unharmed(self) -> None:
        """Give the last run time to show what the refused stops did to it, then stop it by its owner."""
        if self._run is None:
            return
        self._run.wait_over(max(self._stage.effort.pick(*LATE), self._stage.deadlines.grace))
        if not self._run.over:
            self._stage.stop(self._run, "owner's stop")
            self._run.wait_over(self._stage.deadlines.stop)
        self._stage.leave(self._run)

    def _alive(self) -> LiveRun | None:
        if self._none is not None:
            return None
        if self._run is not None and self._run.over:
            self._stage.leave(self._run)
            self._run = None
            self._fleeting = self._fleeting + 1 if self._struck <= 1 else 0
            if self._fleeting >= FLEETING:
                self._none = "runs are over as soon as they are seen"
        if self._run is None and self._none is None:
            self._struck = 0
            try:
                self._run = self._stage.start(ANVIL)
            except Unmet as error:
                self._none = str(error)
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
    anvil.strike(IN_QUERY_ALONE, body=b"", headers=(), query=f"?user={stage.user}")
    anvil.strike(IN_QUERY_BESIDE_NULL, body=json_bytes({"user": None}), query=f"?user={stage.user}")
    named = tuple((name, stage.user) for name in ("User", "X-User", "X-User-Id", "X-Forwarded-User"))
    anvil.strike(IN_HEADERS, body=b"{}", headers=(*named, *JSON_HEADERS))
    anvil.strike("user under another name", body=json_bytes({"user_id": stage.user}))
    anvil.strike(IN_CAPITALS, body=json_bytes({"User": stage.user}))
    anvil.strike(OF_A_PROTOTYPE, body=json_bytes({"__proto__": {"user": stage.user}}))
    anvil.unharmed()


def _for_no_run(stage: Stage, case: str, task: str, **parts: Any) -> Exchange:
    """A stop for a task that was made up."""
    return _send_for_no_run(stage, case, task, stage.stop_request(task, **parts))


def _send_for_no_run(stage: Stage, case: str, task: str, request: Request | RawRequest) -> Exchange:
    return stage.send_stop(case, request, about={"task": task, "live": "no"})


def _made_up(stage: Stage) -> str:
    """A task id that was made up, where a plain stop of it is accepted; raises Unmet.

    Where no run can be started, as of a mock of this operation alone, it shows what else is accepted.
    """
    task = str(uuid.uuid4())
    plain = _for_no_run(stage, "made-up task", task)
    if plain.status is None or plain.status // 100 != 2:
        raise Unmet(
            f"no run could be started, and the plain stop of a made-up task is answered {plain.seen}: odd ones tell nothing"
        )
    return task


def for_a_run(stage: Stage, case: str, **parts: Any) -> None:
    """Send an odd stop that is to be accepted, for a run of its own or, without any, for a made-up task."""
    try:
        run = stage.start("owner")
    except Unmet:
        _for_no_run(stage, case, _made_up(stage), **parts)
        return
    run.wait(well_after_start(run, "node_started"), NODE_PATIENCE)
    asked = stage.stop_request(run.task_id, user=run.user, **parts)
    stage.stop(run, case, request=asked, by="owner")


def user_strings(stage: Stage) -> None:
    """Runs started and stopped by users with unusual names."""
    refused: dict[str, str] = {}

    def stop_one(named: tuple[str, str]) -> None:
        case, user = named
        try:
            run = stage.start(case, user=user)
        except Unmet:
            refused[case] = user
            return  # whether a run may be started by that name is not this operation's contract
        run.wait(well_after_start(run, "node_started"), NODE_PATIENCE)
        stage.stop(run, case)
        run.wait_over(stage.deadlines.stop)
        stage.leave(run)
        if case == BEYOND_ASCII:  # a store may take the name of a run that begins, and not the end of it
            stage.read_details(run)

    in_lanes(stop_one, list(ACCEPTED_USERS.items()))
    if refused:
        _stop_by_those(stage, refused)


def _stop_by_those(stage: Stage, users: Mapping[str, str]) -> None:
    """Stop a made-up task in the names of those who may start no run, where that can tell something."""
    try:
        task = _made_up(stage)
    except Unmet:
        if len(users) < len(ACCEPTED_USERS):
            return  # the others have told
        raise
    for case, user in users.items():
        _for_no_run(stage, case, task, user=user)


def bodies(stage: Stage) -> None:
    """Stops whose body is missing, malformed, no object, or of a foreign media type."""
    anvil = Anvil(stage)
    good = json_bytes({"user": stage.user})
    anvil.strike("no body", body=b"", headers=())
    anvil.strike("empty body", body=b"")
    anvil.strike(MALFORMED_JSON, body=MALFORMED)
    anvil.strike("not UTF-8", body=b'{"user": "\xff\xfe"}')
    for case, value in {
        "array": [stage.user],
        "string": stage.user,
        "number": 5,
        "null": None,
        "boolean": True,
    }.items():
        anvil.strike(f"body is a JSON {case}", body=json_bytes(value))
    anvil.strike(IN_AN_ARRAY, body=b"[" + good + b"]")
    anvil.strike(IN_A_STRING, body=json_bytes(good.decode()))
    anvil.strike(TEXT_PLAIN, body=good, headers=TEXT)
    anvil.strike("form", body=f"user={stage.user}".encode(), headers=FORM)
    anvil.strike(MULTIPART_FORM, body=MULTIPART_BODY % stage.user.encode(), headers=MULTIPART)
    anvil.unharmed()


def unknown_members(stage: Stage) -> None:
    """A stop with members that the document does not know."""
    body = json_bytes({"user": stage.user, "conformance": {"reason": "unknown members"}, "note": [1, None]})
    for_a_run(stage, "unknown members", body=body)


def unknown_tasks(stage: Stage) -> None:
    """Stops that must be refused, of tasks that do not exist."""
    keys = mode_keys(stage).items()
    nobody = [(f"{mode} key, no user", {"key": key, "body": b"{}"}) for mode, key in keys]
    no_json = [(f"{mode} key, malformed JSON", {"key": key, "body": MALFORMED}) for mode, key in keys]
    for case, parts in (*nobody, *no_json, *mistakes(stage)):
        _for_no_run(stage, case, str(uuid.uuid4()), **parts)
