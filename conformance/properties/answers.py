"""How a drawn request is answered: whether at all, with which status and code, and whether as the plain stop is.

Each function gives what is wrong with an exchange, None where nothing is.
"""

from collections.abc import Callable

from conformance.exchange import Exchange
from conformance.judging import stated
from conformance.properties.content import page_for_a_browser, refused_unread
from conformance.properties.known import MADE_UP, METHODS, UNREADABLE, UNSPOKEN, Known, gist

FRONT = frozenset({404, 413, 414, 431})  # answers that whatever stands in front of a server may give, in HTML
UNHEARD = frozenset({"timeout", "reset", "unreachable", "tls"})
LARGE = 65_536  # bytes of a request that a server may refuse by closing the connection

# Answers at all ------------------------------------------------------------------------------------------


def no_answer(exchange: Exchange, _: Known) -> str | None:
    fault = exchange.fault
    lost = fault is not None and exchange.response is None and fault.kind in UNHEARD
    return exchange.seen if lost and not _dropped(exchange) else None


def server_error(exchange: Exchange, _: Known) -> str | None:
    return None if exchange.about.get("kind") in UNREADABLE else _failed(exchange)


def stumbled(exchange: Exchange, _: Known) -> str | None:
    if exchange.about.get("kind") not in UNREADABLE:
        return None
    return exchange.seen if _dropped(exchange) else _failed(exchange)


def _dropped(exchange: Exchange) -> bool:
    """Whether an error that nobody caught ended the connection, as it does in servers without a framework."""
    reset = exchange.fault is not None and exchange.fault.kind == "reset" and exchange.response is None
    return reset and exchange.about.get("kind") in UNREADABLE


def _failed(exchange: Exchange) -> str | None:
    status = exchange.status or 0
    unknown_method = status == 501 and exchange.about.get("family") in METHODS | UNSPOKEN
    return f"answered {exchange.seen}" if status >= 500 and not unknown_method else None


def long_user(exchange: Exchange, known: Known) -> str | None:
    refused_early = exchange.request.size > LARGE and exchange.fault and exchange.fault.kind == "reset"
    return server_error(exchange, known) or (None if refused_early else no_answer(exchange, known))


def undocumented(exchange: Exchange, known: Known) -> str | None:
    status = exchange.status
    if status is None or status >= 400 or known.stop.answer(status):
        return None
    return f"answered {exchange.seen}, which is neither documented nor a client error"


# What is refused, and how --------------------------------------------------------------------------------


def accepted(exchange: Exchange, _: Known) -> str | None:
    return f"was accepted: {exchange.seen}" if (exchange.status or 0) // 100 == 2 else None


def accepted_mistake(exchange: Exchange, known: Known) -> str | None:
    return accepted(exchange, known) if exchange.about.get("kind") else None


def accepted_broken(exchange: Exchange, known: Known) -> str | None:
    """An answer without a word, as some proxies give to whom they take for gone, says nothing of what was done."""
    wordless = exchange.response is not None and not exchange.response.body
    told = accepted(exchange, known) if exchange.about.get("kind") == "broken" and not wordless else None
    return told and f"{exchange.about.get('what', '')} {told}".lstrip()


def no_envelope(exchange: Exchange, _: Known) -> str | None:
    response = exchange.response
    if response is None or not 400 <= response.status < 500 or response.status in FRONT:
        return None
    if exchange.fault or exchange.request.method == "HEAD":
        return None
    if response.status == 400 and _below_the_application(exchange):
        return None
    member = response.json_object
    if member is None:
        return f"a {response.status} whose body is no JSON object: {exchange.seen}"
    lacking = [name for name in ("code", "message") if not isinstance(member.get(name), str)]
    if lacking:
        return f"a {response.status} without {' and '.join(lacking)}: {exchange.seen}"
    if member.get("status") != response.status:
        return f"{stated(member, 'status')} in an answer with {response.status}"
    return None


def _below_the_application(exchange: Exchange) -> bool:
    """Whether a parser may have refused it: an unknown method is broken HTTP to many, and so is a form without parts."""
    method = exchange.about.get("family") in METHODS
    return method or refused_unread(exchange) or page_for_a_browser(exchange)


def carried_out(exchange: Exchange, _: Known) -> str | None:
    """Answers to HEAD say nothing of what was done; whether it stopped a run does."""
    told = (exchange.status or 400) < 400 and exchange.request.method != "HEAD"
    return f"{exchange.request.method} was answered {exchange.seen}" if told else None


def not_405(exchange: Exchange, _: Known) -> str | None:
    method, status = exchange.request.method, exchange.status or 0
    lowest = 200 if method == "HEAD" else 400
    unparsed = method == MADE_UP and status == 400  # to many a parser, that is no HTTP
    allowed = status in {405, 501} or unparsed or not lowest <= status < 500
    return None if allowed else f"{method} was answered {exchange.seen}"


def no_allow(exchange: Exchange, known: Known) -> str | None:
    if exchange.response is None or exchange.status != 405:
        return None
    allow = exchange.response.listed("allow")
    methods = [method.strip() for method in allow.split(",")]
    return None if known.stop.method in methods else f"a 405 whose Allow is {allow!r}"


# The same answer -----------------------------------------------------------------------------------------


def differs(exchange: Exchange, known: Known) -> str | None:
    if exchange.response is None or known.plain.response is None or exchange.status in FRONT - {404}:
        return None
    if exchange.response.status >= 500 or gist(exchange.response) == gist(known.plain.response):
        return None
    if (
        exchange.status == known.plain.status
        and exchange.response.status >= 400
        and page_for_a_browser(exchange)
    ):
        return None
    return f"answered {exchange.seen}, where the plain stop is answered {known.plain.seen}"


def unreadable_for_the_old(exchange: Exchange, known: Known) -> str | None:
    if exchange.about.get("kind") != "old client" or exchange.status in {426, 505}:
        return None
    coding = exchange.response.header("transfer-encoding") if exchange.response else None
    coded = (
        f"it was answered with Transfer-Encoding: {coding}, which HTTP/1.0 does not know" if coding else None
    )
    return coded or _unlike_the_plain(exchange, known)


def differs_by_kind(kind: str, *also: int) -> Callable[[Exchange, Known], str | None]:
    def wrong(exchange: Exchange, known: Known) -> str | None:
        if exchange.about.get("kind") != kind or exchange.status in also:
            return None
        return _unlike_the_plain(exchange, known)

    return wrong


def _unlike_the_plain(exchange: Exchange, known: Known) -> str | None:
    if exchange.response is None:  # also where what came is no HTTP
        return exchange.seen
    return server_error(exchange, known) or differs(exchange, known)
