"""What checks are written with: the marker of a requirement, and the ways a check can end."""

import json
from collections.abc import Iterable, Mapping

import pytest

from conformance.exchange import Exchange, Json, Response


class Violation(AssertionError):
    """The requirement was observed and did not hold; ``evidence`` is where it shows.

    ``cases`` are those of all the stops that break it, which may be more (``broken``) than are shown; ``cut_off``
    tells that an answer or stream broke off, which a target that went away explains, too.
    """

    def __init__(
        self,
        seen: str,
        evidence: Iterable[Exchange] = (),
        *,
        at: float | None = None,
        broken: Iterable[Exchange] = (),
    ) -> None:
        super().__init__(seen)
        self.seen = seen
        shown = tuple(evidence)
        self.cases = tuple(dict.fromkeys(x.case for x in (*shown, *broken) if x.operation == "stop"))
        self.evidence = tuple(exchange.id for exchange in shown)
        self.at = at
        self.cut_off = any(x.fault or x.ending in {"broken tail", "reset"} for x in shown)


class NoAnswer(Violation):
    """No answer came where one was due; counts only while the target is there at all."""


class Inconclusive(Exception):
    """The precondition was not reached; the text says why, and what to do."""


class ScenarioCrashed(Exception):
    """The suite itself failed while it drove the target; the text is where."""


class Untested(Exception):
    """An input that the user must give is missing."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        super().__init__(f"needs {' or '.join(self.names)} in the environment")


def requirement(id_: str) -> pytest.MarkDecorator:
    """Marks the one check of a requirement of the catalogue."""
    return pytest.mark.requirement(id_)


def require(held: object, seen: str, *evidence: Exchange, at: float | None = None) -> None:
    """Raise a Violation that says what was seen, unless the requirement held."""
    if not held:
        raise Violation(seen, evidence, at=at)


def answered(exchange: Exchange) -> Response:
    """The answer to a request; raises NoAnswer where none came whole."""
    if exchange.fault or exchange.response is None:
        raise NoAnswer(f"{exchange.case}: {exchange.seen}", (exchange,), at=exchange.ended_at)
    return exchange.response


def unlimited(exchange: Exchange) -> Response:
    """The answer to a request, as ``answered``; raises Inconclusive where the target took no more requests just then."""
    response = answered(exchange)
    if response.busy:
        raise Inconclusive(
            f"the target asks to come again later ({response.status}): give a lower --rate, or try when it is up"
        )
    return response


def member(exchange: Exchange, name: str) -> Json:
    """A member of an answer that is a JSON object, None where there is none."""
    return answered(exchange).member.get(name)


def shown(value: Json) -> str:
    """A value as it stands in JSON, shortened."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else text[:119] + "…"


def stated(members: Mapping[str, Json], name: str) -> str:
    """What a member is, or that there is none, which is not the same as null."""
    return f"{name} is {shown(members[name])}" if name in members else f"there is no {name}"
