"""What is done to a target, by topic: each scenario drives it once and leaves a trace."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from conformance.effort import Effort
from conformance.properties.amounts import drawn, generated, repeated, sequenced
from conformance.scenarios import (
    aim,
    disguised,
    forms,
    keys,
    lifecycle,
    opening,
    other_app,
    properties,
    refusals,
)
from conformance.scenarios.lanes import LANES
from conformance.scenarios.stage import LOOKS, Stage
from conformance.target import MODE_KEYS, OTHER_WORKFLOW_KEY, OWNER_KEY


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way to drive a target: ``streams`` are open at once, ``requests`` are sent at most.

    To these come looks at the details of so many runs (``details``), and as many requests as are ``drawn`` at each
    effort; whoever ``draws`` with Hypothesis does so alone.
    Without all of ``keys``, or any of ``any_key``, it is not played and its requirements are untested.
    """

    act: Callable[[Stage], None]
    streams: int = 1
    requests: int = 8
    details: int = 0
    keys: tuple[str, ...] = (OWNER_KEY,)
    any_key: tuple[str, ...] = ()
    needs_run: bool = True
    draws: bool = False
    drawn: Mapping[str, int] = field(default_factory=dict)

    def most(self, effort: Effort) -> int:
        """How many requests it sends at most."""
        return self.requests + self.details * LOOKS + self.drawn.get(effort.level, 0)

    @property
    def name(self) -> str:
        """The name of the fixture that gives its trace."""
        return self.act.__name__

    @property
    def title(self) -> str:
        """What it does, in one sentence."""
        return (self.act.__doc__ or "").partition("\n")[0]

    def missing(self, given: Mapping[str, str]) -> tuple[str, ...]:
        """The variables whose keys it lacks."""
        if self.any_key and not any(name in given for name in self.any_key):
            return self.any_key
        return tuple(name for name in self.keys if name not in given)


def sequences(stage: Stage) -> None:
    """Start, stop and read runs in drawn orders, as long as there is time; a failing one is shortened."""
    from conformance.scenarios.sequences import play  # noqa: PLC0415 - Hypothesis takes its time to import

    play(stage)


REACH = Scenario(opening.reach, streams=0, requests=3, keys=(), needs_run=False)
PLAIN = Scenario(opening.plain, requests=5, details=1)
AT_ONCE = Scenario(lifecycle.at_once, requests=2, details=1)
NEIGHBOURS = Scenario(aim.neighbours, streams=3, requests=20, details=3)
CLOSING = Scenario(opening.closing, requests=6)

# Played one after another as far as their stops, while nothing else runs: only then is a stop as soon as it can be,
# and what it does to the runs of others can only be told while it is known which runs there are.
FIRST = (PLAIN, AT_ONCE, NEIGHBOURS)

# Played side by side, the longest first.
MAIN = (
    Scenario(
        properties.drawn_requests,
        streams=0,
        requests=51,
        needs_run=False,
        draws=True,
        drawn=drawn(12, 141, 8),
    ),
    Scenario(
        properties.generated_requests, streams=0, requests=21, needs_run=False, draws=True, drawn=generated()
    ),
    Scenario(
        properties.raw_requests, streams=0, requests=6, needs_run=False, draws=True, drawn=drawn(4, 38, 4)
    ),
    Scenario(properties.same_answers, streams=0, requests=40, needs_run=False, drawn=repeated()),
    Scenario(properties.unusual_ids, streams=3, requests=92),
    Scenario(sequences, streams=2, requests=60, draws=True, drawn=sequenced()),
    Scenario(lifecycle.next_run, requests=7, details=2),
    Scenario(lifecycle.finished, requests=18, details=1),
    Scenario(
        keys.credentials,
        requests=90,
        needs_run=False,
        drawn={"standard": keys.KEY_TRIES, "thorough": keys.KEY_TRIES * 3},
    ),
    Scenario(refusals.bodies, requests=26, needs_run=False),
    Scenario(refusals.users, requests=25, needs_run=False),
    Scenario(lifecycle.repeated, streams=LANES, requests=24),
    Scenario(
        refusals.user_strings,
        streams=LANES,
        requests=1 + 2 * len(refusals.ACCEPTED_USERS),
        details=1,
        needs_run=False,
    ),
    Scenario(
        forms.other_forms,
        streams=LANES,
        requests=0,
        drawn=dict.fromkeys(("standard", "thorough"), forms.MOST),
    ),
    Scenario(
        disguised.refused_forms,
        requests=0,
        needs_run=False,
        drawn=dict.fromkeys(("standard", "thorough"), disguised.MOST),
    ),
    Scenario(keys.app_modes, requests=14, any_key=tuple(MODE_KEYS.values()), needs_run=False),
    Scenario(refusals.unknown_tasks, streams=0, requests=6 + 3 * len(MODE_KEYS), needs_run=False),
    Scenario(aim.refused, requests=49, details=1),
    Scenario(aim.shortened_id, requests=9, details=1),
    Scenario(aim.other_letter_case, requests=9, details=1),
    Scenario(aim.run_id_for_task_id, requests=15, details=1),
    Scenario(aim.id_elsewhere, requests=12),
    Scenario(aim.another_user, requests=9, details=1),
    Scenario(other_app.another_app, streams=2, requests=19, details=2, keys=(OWNER_KEY, OTHER_WORKFLOW_KEY)),
    Scenario(lifecycle.late_in_life, requests=3, details=1),
    Scenario(lifecycle.reader_left, requests=7, details=2),
    Scenario(lifecycle.during_node, requests=3, details=1),
    Scenario(lifecycle.between_nodes, requests=2, details=1),
    Scenario(lifecycle.twice, requests=15, details=1),
    Scenario(lifecycle.at_the_same_moment, requests=17, details=1),
    Scenario(aim.blocking, streams=2, requests=12),
    Scenario(refusals.unknown_members, requests=3, needs_run=False),
    Scenario(keys.scheme_in_lower_case, requests=3, needs_run=False),
)

ORDER = (REACH, *FIRST, *MAIN, CLOSING)
SCENARIOS: Mapping[str, Scenario] = MappingProxyType({s.name: s for s in ORDER})
