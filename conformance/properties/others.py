"""What the answer to a stop must not tell of the runs of others; pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from conformance.exchange import Exchange
from conformance.properties.known import DRAWN
from conformance.trace import History

TELLING = 8  # characters of an id or a name that occurs in no text by chance


@dataclass(frozen=True, slots=True)
class _Name:
    """An id of a run, or the name of its user."""

    text: str
    run: str
    is_user: bool

    def stands_in(self, body: bytes) -> bool:
        """Whether a body has it, and not as a part of a longer one."""
        text = self.text.encode()
        whole = rb"(?<![\w-])" + re.escape(text) + rb"(?![\w-])"
        return text in body and re.search(whole, body) is not None

    def belongs_to(self, exchange: Exchange) -> bool:
        """Whether whoever sent that may be told: it is of the same run, and the user is told to its owner only."""
        its_own = self.run == exchange.about.get("run")
        return its_own and (not self.is_user or exchange.about.get("by") == "owner")


def told_of_others(history: History) -> Iterator[tuple[Exchange, str | None]]:
    """Each stop with what its answer tells of another run, or to a stranger of the run's user; None where nothing."""
    names = tuple(_names(history))
    found: dict[bytes, list[_Name]] = {}
    for exchange in history.exchanges:
        if exchange.response is None or exchange.operation not in {"stop", DRAWN}:
            continue
        body = exchange.response.body
        if body not in found:  # most answers are alike
            found[body] = [name for name in names if name.stands_in(body)]
        yield exchange, _told(exchange, found[body])


def _names(history: History) -> Iterator[_Name]:
    for run in history.runs:
        user = run.stream.about.get("user")
        for text, is_user in ((run.task_id, False), (run.run_id, False), (user, True)):
            if text and len(text) >= TELLING:
                yield _Name(text, run.stream.id, is_user)


def _told(exchange: Exchange, found: list[_Name]) -> str | None:
    request = exchange.request
    sent = " ".join(
        (request.url, request.body.decode("utf-8", "replace"), *(value for _, value in request.headers))
    )
    known = {
        name.text for name in found if name.belongs_to(exchange)
    }  # each app may count its runs by itself
    for name in found:
        if name.text not in known and name.text not in sent:
            what = f"the user {name.text}" if name.is_user else f"the run {name.text}"
            return f"the answer names {what}, of which its request did not speak: {exchange.seen}"
    return None
