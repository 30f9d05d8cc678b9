"""Whether anything can be asked of a target at all, told from its first answers; pure."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from conformance.exchange import Exchange, Fault
from conformance.scenarios.stage import NOT_THERE
from conformance.target import OWNER_KEY
from conformance.trace import Trace

LOCKED = (401, 403)
UNKNOWN = 404
READS = frozenset(
    {"info", "parameters"}
)  # the reading operations that come first; a server need not have them


def unreachable(exchanges: Sequence[Exchange], url: str) -> str:
    """Why nothing can be asked of the target, told from the first exchanges; empty if something can.

    Pages for what does not exist are no proof as long as no run was tried: a server may know the operations of
    runs only. One paragraph for a person.
    """
    if not exchanges:
        return ""
    faults = [exchange.fault for exchange in exchanges if exchange.fault]
    if len(faults) == len(exchanges):
        return f"{url} cannot be judged: {faults[0].text}. {_advice(faults[0])}"
    answers = [exchange.response for exchange in exchanges if exchange.response]
    if len(answers) == len(exchanges) and all(300 <= answer.status < 400 for answer in answers):
        where = answers[0].header("location") or "nowhere"
        return (
            f"{url} redirects every request (to {where}), and the suite follows no redirects. "
            "Give the address behind it as --base-url."
        )
    tried = any(exchange.operation == "run" for exchange in exchanges) or any(a.status < 300 for a in answers)
    if tried and len(answers) == len(exchanges) and all("html" in answer.media_type for answer in answers):
        shown = f"{answers[0].status} {answers[0].media_type}"
        return f"{url} answers with web pages ({shown}) and not with the Dify Service API. {_BASE}"
    if _elsewhere(exchanges):
        run = next(exchange for exchange in exchanges if exchange.operation == "run")
        return (
            f"{url} knows no operation of the Dify Service API: all are answered alike, {run.request.method} "
            f"{urlsplit(run.request.url).path} too ({run.seen}). Look at --base-url. {_BASE}"
        )
    return ""


def _elsewhere(exchanges: Sequence[Exchange]) -> bool:
    """Whether every operation is unknown, runs too, and all in the same words.

    A server that only stops has no other operations, and may not know the task: it says so in words of its own.
    """
    asked = {exchange.operation for exchange in exchanges}
    unknown = all(exchange.status == UNKNOWN for exchange in exchanges)
    return unknown and {"run", "stop"} <= asked and len({_words(exchange) for exchange in exchanges}) == 1


def _words(exchange: Exchange) -> tuple[str, ...]:
    """What an answer says, without what it repeats of its request, and ids, times and figures."""
    own = {exchange.request.method, *urlsplit(exchange.request.url).path.split("/")}
    said = re.findall(r"[\w/\\-]+", exchange.response.text if exchange.response else "")
    return tuple(word for word in said if word not in own and not re.search(r"[/\d]", word))


_BASE = "The base URL of a Dify ends in /v1, such as https://dify.example/v1."
_PORT = "Is this the right port, and does it speak plain HTTP or HTTPS as --base-url says?"
_ADVICE: Mapping[str, str] = {
    "unreachable": "Is the server up, and are host and port of --base-url right?",
    "tls": "Give the authority that signed the certificate with --ca, or, for a test system, --insecure.",
    "timeout": "The connection was accepted, but no answer came. Is this the right port, and is the server well? "
    "--answer-deadline waits longer.",
    "reset": f"The connection was closed without an answer. {_PORT}",
    "protocol": f"What came back is not HTTP, or is broken. {_PORT}",
    "too large": "The answer is larger than any that the API gives. Is this the right address?",
}


_NO_TLS = ("timed out", "wrong version", "wrong_version", "record layer", "eof occurred", "unexpected_eof")


def _advice(fault: Fault) -> str:
    if fault.kind == "tls" and any(words in fault.text.lower() for words in _NO_TLS):
        return "No certificate came at all: the port may speak plain HTTP, and --base-url then begins with http://."
    return _ADVICE[fault.kind]


def locked_out(reach: Trace, plain: Trace | None = None) -> str:
    """Why the target lets the suite do nothing, empty if it does; one paragraph for a person.

    A server need not have the reading operations. Where one is missing, the others are no proof before a run was tried.
    """
    asked = (*reach.exchanges, *(plain.exchanges if plain else ()))
    there = [x for x in asked if x.operation not in READS or x.status not in NOT_THERE]
    statuses = {exchange.status for exchange in there}
    if not there or not statuses <= set(LOCKED):
        return ""
    if len(there) < len(asked) and not {"run", "stop"} <= {exchange.operation for exchange in there}:
        return ""
    seen = there[-1].seen
    if statuses == {401}:
        return (
            f"the key in {OWNER_KEY} is refused by every operation ({seen}), so that nothing else can be told. "
            f"Is it the key of a published workflow app of this very server? Export it as {OWNER_KEY}."
        )
    return f"the app behind {OWNER_KEY} may not be used ({seen}). Is its API enabled, and is the workspace active?"
