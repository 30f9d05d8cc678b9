"""What answers, streams and run details must not tell of the runs of others; pure."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from conformance.exchange import Exchange, Json, Response
from conformance.properties.known import DRAWN
from conformance.trace import TERMINAL, History, Run

TELLING = 8  # characters of an id or a name that occurs in no text by chance
ENDS = ("workflow_started", TERMINAL)  # the events that tell of the run itself
OF_THE_WORKFLOW = "outputs"  # what a workflow makes, of whatever it remembers


@dataclass(frozen=True, slots=True)
class _Name:
    """An id of a run, or the name of its user."""

    text: str
    run: str
    is_user: bool

    @property
    def what(self) -> str:
        """What it is, for people."""
        return f"the user {self.text}" if self.is_user else f"the run {self.text}"

    def stands_in(self, said: bytes) -> bool:
        """Whether what is said has it, and not as a part of a longer one."""
        text = self.text.encode()
        if text not in said:  # most are nowhere, and a pattern is dear
            return False
        return re.search(rb"(?<![\w-])" + re.escape(text) + rb"(?![\w-])", said) is not None

    def belongs_to(self, exchange: Exchange) -> bool:
        """Whether whoever sent that may be told: it is of the same run, and the user is told to its owner only."""
        its_own = self.run == exchange.about.get("run")
        return its_own and (not self.is_user or exchange.about.get("by") == "owner")


def told_of_others(history: History, public: str) -> Iterator[tuple[Exchange, str | None]]:
    """Each stop with what its answer tells of another run, or to a stranger of the run's user; None where nothing.

    What stands in ``public``, such as the examples of the document, tells nothing of anybody.
    """
    names = tuple(_names(history, public))
    found: dict[bytes, list[_Name]] = {}
    for exchange in history.exchanges:
        if exchange.response is None or exchange.operation not in {"stop", DRAWN}:
            continue
        said = _said(exchange.response)
        if said not in found:  # most answers are alike
            found[said] = [name for name in names if name.stands_in(said)]
        yield exchange, _told(exchange, found[said])


def told_for_its_own(history: History, public: str) -> Iterator[tuple[Exchange, str | None]]:
    """Each stream and detail with what another user's run has there that it tells for its own; None where nothing.

    What stands in ``public`` is nobody's, as above.
    """
    users = {run.stream.id: run.stream.about.get("user") for run in history.runs}
    names = [name for name in _names(history, public) if not name.text.isdigit()]  # digits may count anything
    for run in history.runs:
        user = users[run.stream.id]
        own = {run.task_id, run.run_id, user}
        others = {name.text: name for name in names if users[name.run] != user and name.text not in own}
        for exchange, told in _of_itself(run):
            texts = (text for text in _texts(told) if text in others)
            name = next((others[text] for text in texts if text not in _sent(exchange)), None)
            yield exchange, f"the answer tells of {name.what}, which is another's" if name else None


def _said(response: Response) -> bytes:
    """The body and the values of the headers, but for the time of day, which makes each answer another."""
    values = (value for name, value in response.headers if name.lower() != "date")
    return b"\n".join((response.body, *(value.encode("utf-8", "replace") for value in values)))


def _of_itself(run: Run) -> Iterator[tuple[Exchange, Json]]:
    """What is told of a run at both ends of its stream, and in its details."""
    yield from ((run.stream, event.member("data")) for event in run.named(*ENDS))
    yield from ((look, look.response.member) for look in run.details if look.response)


def _texts(told: Json) -> Iterator[str]:
    """Every text in what is told, also where that is JSON in a text, as the inputs of a detail are."""
    waiting = [told]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [inner for name, inner in value.items() if name != OF_THE_WORKFLOW]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str):
            yield value
            waiting += _unpacked(value)


def _unpacked(text: str) -> list[Json]:
    """The object that is written in a text, none where there is none."""
    if not text.startswith("{"):
        return []
    try:
        return [json.loads(text)]
    except (ValueError, RecursionError):
        return []


def _names(history: History, public: str) -> Iterator[_Name]:
    for run in history.runs:
        user = run.stream.about.get("user")
        for text, is_user in ((run.task_id, False), (run.run_id, False), (user, True)):
            if text and len(text) >= TELLING and text not in public:
                yield _Name(text, run.stream.id, is_user)


def _told(exchange: Exchange, found: list[_Name]) -> str | None:
    sent = _sent(exchange)
    known = {
        name.text for name in found if name.belongs_to(exchange)
    }  # each app may count its runs by itself
    for name in found:
        if name.text not in known and name.text not in sent:
            return f"the answer names {name.what}, of which its request did not speak: {exchange.seen}"
    return None


def _sent(exchange: Exchange) -> str:
    request = exchange.request
    return " ".join(
        (request.url, request.body.decode("utf-8", "replace"), *(value for _, value in request.headers))
    )
