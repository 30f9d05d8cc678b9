"""What an answer to a drawn request is compared with, and the families of requests."""

from collections.abc import Mapping
from dataclasses import dataclass

from conformance.contract import Operation
from conformance.exchange import Exchange, Response
from conformance.judging import shown
from conformance.trace import Trace

DRAWN = "drawn"  # the operation under which drawn requests are recorded
PLAIN = "plain"
AGAIN = "plain again"
MADE_UP = "CONFORMANCE"  # a method that nobody knows
BESIDE = "beside stops without user"
NOBODY_BESIDE = "without user, beside plain stops"
ENOUGH = 20  # repeats of one request that say something

# Families of requests: what is drawn about them.
GENERATED = frozenset({"generated"})
REFUSED = frozenset({"no stop"}) | GENERATED
WIRE = frozenset({"wire"})
IDS = frozenset({"ids"})
METHODS = frozenset({"methods"})
PREFLIGHT, TWO_KEYS = frozenset({"preflight"}), frozenset({"two keys"})
# Of these the document says nothing; they may be answered in any way but by failing.
UNSPOKEN = PREFLIGHT | TWO_KEYS
LONG = frozenset({"long users"})
ODD = frozenset({"odd bodies"})

BOTTOMLESS = ("bottomless array", "bottomless object", "bottomless and open")
LONG_NUMBER = "long number"
CODED = ("gzip only claimed", "unknown coding")
# Kinds of bodies that what reads JSON in many a language gives up, with an error that is easily overlooked.
UNREADABLE = frozenset({*BOTTOMLESS, LONG_NUMBER, *CODED})


@dataclass(frozen=True)
class Known:
    """What an answer is compared with: that to the plain stop, those to the example of each kind of mistake."""

    plain: Exchange
    examples: Mapping[str, Exchange]
    stop: Operation

    @classmethod
    def of(cls, trace: Trace, stop: Operation) -> "Known":
        """What the trace has; raises NotRecorded where it lacks the plain stop."""
        return cls(trace.case(PLAIN), examples_in(trace), stop)


def examples_in(trace: Trace) -> dict[str, Exchange]:
    """The examples that were recorded, by kind."""
    return {exchange.about["kind"]: exchange for exchange in trace.exchanges if "example" in exchange.about}


def gist(response: Response) -> tuple[object, ...]:
    """What an answer says, apart from what may differ each time."""
    member = response.member
    return response.status, shown(member.get("result")), shown(member.get("code"))
