"""Servers that are unusual in many ways at once, as real ones are."""

from dataclasses import replace

from werkzeug.wrappers import Response

from conformance.reference import Error, Event, Request
from conformance.reference.answers import NOT_JSON
from conformance.reference.jsontext import compact
from conformance.reference.variants.answers import AsksForModeFirst, SpeaksOtherWords, TellsMoreInErrors
from conformance.reference.variants.details import GivesOtherReasons
from conformance.reference.variants.ids import IdsAreUlids
from conformance.reference.variants.marking import unusual
from conformance.reference.variants.runs import AcknowledgesLate, TakesItsTime
from conformance.reference.variants.streams import NeverPings, TellsUnheardOfEvents
from conformance.reference.variants.tasks import ForbidsForeignTasks, TellsUnknownTasks
from conformance.reference.variants.writing import (
    ChunksEverything,
    ClosesConnections,
    CompressesStreams,
    CompressesWhenAsked,
    ManyHeaders,
    NamesTheCharset,
    OrdersMembersOtherwise,
    PrettyPrints,
    SmallHeaders,
)


@unusual()
class StandsBehindAProxy(
    ChunksEverything,
    CompressesWhenAsked,
    CompressesStreams,
    ManyHeaders,
    ClosesConnections,
    SmallHeaders,
    NamesTheCharset,
    OrdersMembersOtherwise,
    PrettyPrints,
):
    """Compresses, chunks and closes, adds headers in small letters, and indents what it has put in another order."""


@unusual(warns=("stop.user.message", "stop.app-mode.message"))
class IsWrittenAnew(
    SpeaksOtherWords,
    TellsMoreInErrors,
    TellsUnknownTasks,
    ForbidsForeignTasks,
    AsksForModeFirst,
    TellsUnheardOfEvents,
    NeverPings,
    IdsAreUlids,
    GivesOtherReasons,
):
    """Has texts, codes, ids, events and frames of its own, where the contract leaves it free."""

    def refusal(self, request: Request, error: Error) -> Response:
        return super().refusal(request, replace(error, status=400) if error == NOT_JSON else error)

    def frame(self, event: Event) -> bytes:
        head = f": one more\r\n\r\nid: {self.count('events')}\r\nevent: {event['event']}\r\n"
        return head.encode() + b"data:" + compact(event) + b"\r\nretry: 3000\r\n\r\n"


@unusual(opens=("stop.lifecycle.second-app",))
class IsFarAway(AcknowledgesLate, TakesItsTime):
    """Takes a second for every answer, and acknowledges a stop after the stream has ended."""
