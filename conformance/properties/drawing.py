"""Draws requests with Hypothesis, sends each once, and lets it shrink those whose answers break a rule."""

import math
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis.strategies import SearchStrategy

from conformance.exchange import TOO_MANY, Exchange
from conformance.probe.budget import ProbeStopped
from conformance.properties.amounts import AMOUNTS
from conformance.properties.by_seed import seeded, share_chance
from conformance.properties.known import AGAIN, DRAWN, PLAIN, Known, examples_in
from conformance.properties.rules import ALL
from conformance.properties.shapes import Shape
from conformance.scenarios.live import Unmet
from conformance.scenarios.stage import Stage

UNKNOWN = frozenset({400, 403, 404, 409, 410, 422})  # what a task that was made up may be refused with
IN_A_ROW = 5  # server errors after which the plain stop is tried again

S = TypeVar("S")
Send = Callable[[str, S], Exchange]


class Broken(AssertionError):
    """The answer to a drawn request breaks a rule; Hypothesis shrinks each subclass by itself."""


KINDS: Mapping[str, type[Broken]] = {rule.id: type(f"Broken by {rule.id}", (Broken,), {}) for rule in ALL}


class Drawing:
    """Draws for one scenario, within its effort; every request and answer is recorded by the stage."""

    def __init__(self, stage: Stage, turns: int) -> None:
        """Send the plain stop, with which the rest is compared; raises Unmet where that fails already."""
        share_chance()
        self._stage = stage
        self._turns = turns
        self.amount = AMOUNTS[stage.effort.level]
        self._ends = time.monotonic() + self.amount.seconds
        self._more = self.amount.more
        self._halt: Unmet | ProbeStopped | None = None
        self._errors = 0
        self.task = str(uuid.uuid4())
        plain = self.send("", Shape(), case=PLAIN)
        if plain.status is None or (plain.status // 100 != 2 and plain.status not in UNKNOWN):
            raise Unmet(f"the plain stop of a made-up task is answered {plain.seen}: odd ones tell nothing")
        self._known = Known(plain, {}, stage.contract.stop)

    def send(self, family: str, shape: Shape, *, case: str = "") -> Exchange:
        """Send a shape and record the exchange."""
        about = {"family": family, "kind": shape.kind} if family else {"family": PLAIN}
        if shape.example:
            about["example"] = "yes"
        return self._stage.send(
            DRAWN,
            case or f"{family}: {shape.kind}".rstrip(": "),
            shape.request(self._stage, self.task),
            about=about,
        )

    def examples(self, family: str, shapes: list[Shape]) -> None:
        """Send an example of each kind of mistake that another requirement speaks of."""
        self._all(family, shapes, self.send, until=math.inf)
        self._known = Known(self._known.plain, examples_in(self._stage.trace()), self._known.stop)

    def all(self, family: str, shapes: list[Shape]) -> None:
        """Send every one of these shapes, however long it takes: a few that must not be left out."""
        self._all(family, shapes, self.send, until=math.inf)

    def each(self, family: str, shapes: list[Shape]) -> None:
        """Send every one of these shapes, as far as there is time, without drawing."""
        self._all(family, shapes, self.send, self._until())
        self._turns -= 1

    def listed(self, family: str, shapes: list[Shape]) -> None:
        """Send every one of these shapes; at quick effort as many as are drawn for a family."""
        self.every(family, shapes, self.send)

    def every(self, family: str, things: list[S], send: Send[S]) -> None:
        """Send every one of these things; at quick effort as many as are drawn for a family.

        What is listed comes before what is drawn: a slow target gets less of the latter.
        """
        whole = self._stage.effort.reaches("standard")
        step = 1 if whole else max(1, len(things) // self.amount.examples)
        chosen = things[::step][: len(things) if step == 1 else self.amount.examples]
        self._all(family, chosen, send, self._ends if whole else self._until())
        self._turns -= 1

    def shapes(self, family: str, strategy: SearchStrategy[Shape], most: int | None = None) -> None:
        """Draw shapes for a family of requests."""
        self.family(family, strategy, self.send, most)

    def family(
        self, family: str, strategy: SearchStrategy[S], send: Send[S], most: int | None = None
    ) -> None:
        """Draw what ``send`` sends; raises Unmet or ProbeStopped when there is no more to be sent."""
        turn = _Turn(self, family, send, most or self.amount.examples, self._until())

        @seeded(self._stage.effort.seed)
        @settings(
            max_examples=turn.left,
            database=None,
            deadline=None,
            verbosity=Verbosity.quiet,
            print_blob=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def one(drawn: S) -> None:
            turn.take(drawn)

        try:
            one()
        except* Broken:
            pass  # it is recorded, and the check reports the smallest
        self._turns -= 1
        self._go_on()

    def closing(self) -> None:
        """Send the plain stop once more, to see that nothing of all this has changed its answer."""
        self.send("", Shape(), case=AGAIN)

    # for the turns of the families ----------------------------------------------------------------------

    @property
    def halted(self) -> bool:
        """Whether nothing more is drawn at all."""
        return self._halt is not None

    def _until(self) -> float:
        """When the next turn is over, on the monotonic clock: each has its share of what time is left."""
        now = time.monotonic()
        return now + max(0.0, self._ends - now) / max(1, self._turns)

    def one_more(self) -> bool:
        """Whether a request may be sent to shrink one that failed."""
        self._more -= 1
        return self._more >= 0

    def _all(self, family: str, things: list[S], send: Send[S], until: float) -> None:
        for number, thing in enumerate(things):
            if number and time.monotonic() > until:
                return
            exchange = self.ask(family, thing, send)
            self._go_on()
            if exchange and _hung(exchange):
                return  # one hang is enough: each costs the whole deadline

    def ask(self, family: str, drawn: S, send: Send[S]) -> Exchange | None:
        """Send what was drawn, and see to it that the target is still there when the answer is bad."""
        return self._guarded(lambda: send(family, drawn))

    def broken(self, exchange: Exchange) -> Broken | None:
        """The first rule that an exchange breaks."""
        for rule in ALL:
            if text := rule.broken(exchange, self._known):
                return KINDS[rule.id](text)
        return None

    def _guarded(self, send: Callable[[], Exchange]) -> Exchange | None:
        try:
            exchange = send()
            self._look_after(exchange)
        except (Unmet, ProbeStopped) as reason:  # must not reach Hypothesis, which would shrink it
            self._halt = reason
            return None
        return exchange

    def _look_after(self, exchange: Exchange) -> None:
        if exchange.status == TOO_MANY:
            raise Unmet("the target limits how many requests it takes (429); give a lower --rate")
        bad = (exchange.status or 0) >= 500
        self._errors = self._errors + 1 if bad else 0
        if exchange.request.raw or not (self._errors >= IN_A_ROW or exchange.fault):
            return
        self._errors = 0
        tries = [self.send("", Shape(), case=AGAIN)]
        if not _sound(tries[0]):
            tries.append(self.send("", Shape(), case=AGAIN))
        if not any(map(_sound, tries)):
            raise Unmet(
                f"drawing ended early: after “{exchange.case}” ({exchange.seen}) the plain stop fails, too ({tries[-1].seen})"
            )

    def _go_on(self) -> None:
        if self._halt is not None:
            raise self._halt


class _Turn(Generic[S]):
    """The turn of one family: what was sent, and when it is over."""

    def __init__(self, drawing: Drawing, family: str, send: Send[S], most: int, until: float) -> None:
        self.left = most
        self._drawing = drawing
        self._family = family
        self._send = send
        self._until = until
        self._known: dict[S, Exchange] = {}
        self._failed = False

    def take(self, drawn: S) -> None:
        """Judge what was drawn, sending it unless it was sent before; raises Broken."""
        exchange = self._known.get(drawn)
        if exchange is None:
            if self._is_over():
                return
            exchange = self._drawing.ask(self._family, drawn, self._send)
            if exchange is None:
                return
            self._known[drawn] = exchange
            if _hung(exchange):
                self._until = 0.0
        broken = self._drawing.broken(exchange)
        if broken is not None:
            self._failed = True
            raise broken

    def _is_over(self) -> bool:
        if self._drawing.halted or (self._known and time.monotonic() > self._until):
            return True
        if self._failed:
            return not self._drawing.one_more()
        self.left -= 1
        return self.left < 0


def _hung(exchange: Exchange) -> bool:
    return exchange.fault is not None and exchange.fault.kind == "timeout"


def _sound(exchange: Exchange) -> bool:
    return exchange.status is not None and exchange.status < 500
