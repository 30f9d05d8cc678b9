"""A run that was started and is listened to."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from conformance.exchange import Event, Exchange, Request
from conformance.runs import is_terminal
from conformance.target import Deadlines

if TYPE_CHECKING:
    from conformance.probe.stream import LiveStream


class Unmet(Exception):
    """The scenario cannot reach what it is meant to show; the text says why and what to do."""


TRIES = 6  # of one request that a target refuses because it limits how many it takes
AFTERWARDS = 0.3  # seconds in which something may come after the last event of a run
PLACED_TRIES = 18  # of the start of a run where others go on that will make room


class Patience:
    """How long to wait for the end of runs that nobody stops; little, once one of them has not ended.

    ``no_detail`` tells that a run detail could not be read within its deadline, as if there were none,
    ``no_place`` that a run was refused as one too many, however often it was tried, ``no_stop`` that the last stop
    was, and ``placed`` that a run began: then there is a place again when others have ended. ``uncompressed`` tells
    that streams are asked for without compression from now on, which may hold them back.
    ``closed`` says why no run is let in for longer than anybody waits, by the variable of the key; ``lingers`` that
    a stream was still open when its run was long over: of the others, nobody waits for more than a little beyond
    their last event. ``full`` is what was said (``gist``) of a run as one too many, without these words: it was
    refused beside another, and let in when that was over.
    """

    def __init__(self, deadlines: Deadlines, expected: float | None = None) -> None:
        self._most = min(deadlines.run, expected * 3 + 30) if expected else deadlines.run
        self._little = min(self._most, deadlines.stop)
        self._lost = False
        self.no_detail = False
        self.no_place = False
        self.no_stop = False
        self.placed = False
        self.uncompressed = False
        self.lingers = False
        self.full: set[tuple[object, ...]] = set()
        self.closed: dict[str, str] = {}

    @property
    def seconds(self) -> float:
        """How long to wait now."""
        return self._little if self._lost else self._most

    @property
    def tries(self) -> int:
        """How often a run is started that is refused as one too many."""
        return PLACED_TRIES if self.placed else 1 if self.no_place else TRIES

    def lose(self) -> None:
        """Take note that a run did not end while it was waited for."""
        self._lost = True


class LiveRun:
    """A run that was started in streaming mode and is listened to."""

    def __init__(
        self,
        id_: str,
        label: str,
        user: str,
        stream: "LiveStream",
        request: Request,
        key: str,
        patience: Patience,
    ) -> None:
        self.id = id_
        self.label = label
        self.user = user
        self.stream = stream
        self.request = request
        self.key = key  # as it stands in requests: a placeholder
        self.stopped = False
        self.recorded: Exchange | None = None
        self._patience = patience

    def first(self, name: str) -> str | None:
        """The first value of a top-level member in the events so far."""
        found = (_text(event, name) for event in self.stream.events)
        return next(filter(None, found), None)

    @property
    def task_id(self) -> str:
        """The task id that the stream gave; raises Unmet."""
        task = self.first("task_id")
        if task is None:
            raise Unmet("the stream of the run carried no task_id, so that nothing can be stopped")
        return task

    def wait_for_task(self, seconds: float) -> str | None:
        """The task id, as soon as the stream gives one; None where it does not within ``seconds``."""
        self.wait(lambda event: bool(_text(event, "task_id")), seconds)
        return self.first("task_id")

    @property
    def over(self) -> bool:
        """Whether the run has ended, as far as its stream tells."""
        return self.stream.ended or any(is_terminal(event) for event in self.stream.events)

    def wait(self, wanted: Callable[[Event], bool], seconds: float, count: int = 1) -> bool:
        """Whether ``count`` such events arrived within ``seconds``."""
        return self.stream.wait_for(wanted, seconds, count)

    def wait_over(self, seconds: float) -> bool:
        """Whether the stream ended within ``seconds``, or the run did where streams outlast their runs."""
        if self._patience.lingers and self.wait(is_terminal, seconds):
            self.stream.wait_end(AFTERWARDS)
            return True
        return self.stream.wait_end(seconds)


def _text(event: Event, name: str) -> str:
    value = event.member(name)
    return value if isinstance(value, str) else ""
