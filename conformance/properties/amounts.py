"""How much is tried at each effort: what a scenario may send, and for how long it may draw."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

READS = 5  # of each operation that only reads: as many are listed as drawn
POLITE_RATE = 20.0  # drawn requests a second that are sent to another machine at most


@dataclass(frozen=True, slots=True)
class Amount:
    """What is sent at most; less where there is no time."""

    examples: int  # drawn for each family of requests
    listed: int  # stops that schemathesis lists from the document
    more: int  # in each scenario, to shrink what failed
    repeats: int  # of one and the same request
    seconds: float  # in which a scenario draws


AMOUNTS: Mapping[str, Amount] = MappingProxyType(
    {
        "quick": Amount(examples=3, listed=0, more=30, repeats=20, seconds=5.0),
        "standard": Amount(examples=16, listed=25, more=80, repeats=100, seconds=25.0),
        "thorough": Amount(examples=70, listed=120, more=200, repeats=300, seconds=240.0),
    }
)


def drawn(families: int, listed: int = 0, lists: int = 0) -> Mapping[str, int]:
    """The most that a scenario sends which draws for so many families, by effort.

    At quick effort only some of what is ``listed`` are sent, of each list as many as for a family.
    """
    most = {name: families * amount.examples + amount.more for name, amount in AMOUNTS.items()}
    few = min(listed, lists * AMOUNTS["quick"].examples)
    return {name: number + (few if name == "quick" else listed) for name, number in most.items()}


def generated() -> Mapping[str, int]:
    """The most that is sent of what schemathesis lists and draws, which begins at standard effort."""
    reads = 3 * 2 * READS
    most = {name: number + AMOUNTS[name].listed + reads for name, number in drawn(2).items()}
    return {**most, "quick": 0}


def repeated() -> Mapping[str, int]:
    """The most that a scenario sends which repeats one request, by effort."""
    return {name: amount.repeats for name, amount in AMOUNTS.items()}


def sequenced() -> Mapping[str, int]:
    """The most that is sent for drawn sequences of starts, stops and reads."""
    return {"quick": 60, "standard": 250, "thorough": 2000}
