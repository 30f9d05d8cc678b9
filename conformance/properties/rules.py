"""What must hold of each single answer to a drawn request: pure functions, for the draw and for the check."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from conformance.contract import Operation
from conformance.exchange import TOO_MANY, Exchange
from conformance.properties import answers, content
from conformance.properties.known import (
    DRAWN,
    GENERATED,
    IDS,
    LONG,
    METHODS,
    ODD,
    PLAIN,
    REFUSED,
    UNSPOKEN,
    WIRE,
    Known,
)

PART = 206  # Partial Content


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: for which families it holds, without those of ``besides``, and what is wrong with an exchange.

    ``each`` rules judge the plain stop and the examples, too: no other requirement does.
    ``parts`` says that it judges answers in parts, of which no other rule speaks.
    ``check`` is the check of schemathesis that judges the same of what schemathesis generated.
    """

    id: str
    wrong: Callable[[Exchange, Known], str | None]
    families: frozenset[str] | None = None
    besides: frozenset[str] = frozenset()
    each: bool = False
    parts: bool = False
    check: str | None = None

    def concerns(self, exchange: Exchange) -> bool:
        """Whether the rule speaks of that exchange."""
        if exchange.operation != DRAWN or exchange.status == TOO_MANY:
            return False
        if is_part(exchange) and not self.parts:
            return False
        if self.each:
            return True
        family = exchange.about.get("family", PLAIN)
        if "example" in exchange.about or family == PLAIN or family in self.besides:
            return False
        return self.families is None or family in self.families

    def broken(self, exchange: Exchange, known: Known) -> str | None:
        """What is wrong with the exchange, unless another requirement says that already."""
        if not self.concerns(exchange):
            return None
        text = self.wrong(exchange, known)
        if text is None:
            return self._borrowed(exchange, known.stop)
        return None if not self.each and self._explained(exchange, known) else text

    def _explained(self, exchange: Exchange, known: Known) -> bool:
        """Whether the example of the same kind, or the plain stop, breaks the rule, too: another id says that."""
        example = known.examples.get(exchange.about.get("kind", ""))
        plain = (
            known.plain if self.families is None else None
        )  # what must be refused elsewhere is right there
        return any(other and self.wrong(other, known) for other in (plain, example))

    def _borrowed(self, exchange: Exchange, stop: Operation) -> str | None:
        if self.check is None or exchange.about.get("family") not in GENERATED:
            return None
        from conformance.properties import borrowed  # noqa: PLC0415 - schemathesis takes its time to import

        return borrowed.finding(self.check, exchange, stop)


ALL: tuple[Rule, ...] = (
    Rule("no-server-error", answers.server_error, besides=LONG | WIRE, check="not_a_server_error"),
    Rule("long-user", answers.long_user, LONG),
    Rule("answers", answers.no_answer, besides=LONG | WIRE),
    Rule("odd-bodies", answers.stumbled, ODD),
    Rule(
        "status",
        answers.undocumented,
        besides=IDS | WIRE | METHODS | UNSPOKEN,
        check="status_code_conformance",
    ),
    Rule("rejects", answers.accepted_mistake, REFUSED, check="negative_data_rejection"),
    Rule("lenient", answers.accepted, frozenset({"nearly JSON"})),
    Rule("media-types", answers.accepted, frozenset({"media types"})),
    Rule("credentials", answers.accepted, frozenset({"credentials"})),
    Rule("framing", answers.accepted_broken, WIRE),
    Rule("envelope", answers.no_envelope, besides=IDS | WIRE | UNSPOKEN),
    Rule("methods", answers.carried_out, METHODS),
    Rule("method-status", answers.not_405, METHODS),
    Rule("allow", answers.no_allow, METHODS),
    Rule("users", answers.differs, frozenset({"users"})),
    Rule("spelling", answers.differs, frozenset({"spelling"})),
    Rule("members", answers.differs, frozenset({"members"})),
    Rule("header-case", answers.differs, frozenset({"header case"})),
    Rule("charset", answers.differs, frozenset({"charset"})),
    Rule("noise", answers.differs, frozenset({"noise"}), parts=True),
    Rule("pieces", answers.differs_by_kind("pieces"), WIRE),
    Rule("expect", answers.differs_by_kind("asking first", 417), WIRE),
    Rule("chunked", answers.differs_by_kind("chunked", 411, 501), WIRE),
    Rule("old-client", answers.unreadable_for_the_old, WIRE),
    Rule("schema", content.schema_broken, besides=UNSPOKEN, check="response_schema_conformance"),
    Rule(
        "content-type",
        content.other_media_type,
        besides=METHODS | UNSPOKEN,
        check="content_type_conformance",
    ),
    Rule("length", content.broken_off, each=True),
    Rule("utf-8", content.no_utf_8, each=True),
    Rule("no-mark", content.marked, each=True),
    Rule("one-text", content.no_json, each=True),
    Rule("no-nan", content.no_number, each=True),
    Rule("unique-names", content.twice, each=True),
    Rule("no-leaks", content.leak, each=True),
    Rule("no-echo", content.echo, each=True),
)


def is_part(exchange: Exchange) -> bool:
    """Whether it got a part of the answer, as its Range asked: RFC 9110 §14.2 says to ignore it, Apache does not."""
    return exchange.status == PART and any(name.lower() == "range" for name, _ in exchange.request.headers)


RULES: Mapping[str, Rule] = MappingProxyType({rule.id: rule for rule in ALL})


def size(exchange: Exchange) -> int:
    """How much there is of a request, in bytes: the smallest shows a fault best."""
    request = exchange.request
    return request.size + len(request.url) + sum(len(name) + len(value) for name, value in request.headers)
