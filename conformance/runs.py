"""What a run is started with, and what its end means; pure functions of what was recorded."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.exchange import Event, Exchange, Json
from conformance.trace import FINAL, TERMINAL, Run, statuses_of

LEVER = "rounds"  # the input of the app in specs/apps that decides how long a run lasts
ONCE = 2  # nodes of it that no round works on again: the first and the last
ALMOST = 0.8  # of its natural length: a run that got so far may have ended by itself
JITTER = 0.1  # seconds by which events may be late: all of a stream that is held back comes in fewer
LONG = 40  # rounds of it that last long enough to be stopped, some 14 s on a real Dify


@dataclass(frozen=True, slots=True)
class Inputs:
    """Inputs for a run that is to be stopped, and for runs that are to end by themselves (shortest first)."""

    long: Mapping[str, Any] = field(default_factory=dict)
    natural: tuple[Mapping[str, Any], ...] = ({},)
    seconds: float | None = None

    @property
    def longest(self) -> Mapping[str, Any]:
        """Inputs for a run that lasts as long as it can: where runs take long to begin, the others end too soon."""
        return max(self.long, self.natural[-1], key=lambda inputs: _number(inputs.get(LEVER)) or 0)

    @property
    def short(self) -> Mapping[str, Any]:
        """Inputs for the shortest run."""
        return self.natural[0]


def choose_inputs(
    given: Mapping[str, Any] | None, seconds: float | None, parameters: Exchange | None
) -> Inputs:
    """Inputs from the settings, else made up for what the app's form requires.

    The app of ``specs/apps`` is known by its number ``rounds``: a run that nobody stops gets a tenth of them.
    """
    form = _form(parameters)
    inputs = (
        dict(given)
        if given is not None
        else {name: _made_up(f) for name, f in form.items() if f.get("required")}
    )
    rounds = _number(inputs.get(LEVER, form.get(LEVER, {}).get("default")))
    if LEVER not in form or rounds is None or rounds < 10:
        return Inputs(inputs, (inputs,), seconds)
    fractions = (rounds // 10, rounds * 3 // 10, rounds)
    long = rounds if LEVER in inputs else min(rounds, LONG)
    return Inputs({**inputs, LEVER: long}, tuple({**inputs, LEVER: share} for share in fractions), seconds)


def settled_status(detail: Exchange) -> str | None:
    """The final status that a look at a run detail gives, None while there is none."""
    return next((status for status in statuses_of([detail]) if status in FINAL), None)


def is_terminal(event: Event) -> bool:
    """Whether the event ends a run."""
    return event.name == TERMINAL


@dataclass(frozen=True, slots=True)
class Natural:
    """How long runs last that nobody stops, known from one that nobody stopped."""

    example: Run | None = None

    def seconds(self, run: Run) -> float | None:
        """What the run would have lasted, None where that is not known."""
        return self.lasts(_inputs(run))

    def lasts(self, inputs: Mapping[str, Any]) -> float | None:
        """How many seconds a run with such inputs lasts, None where that is not known."""
        times = self._times(inputs)
        if times is None or self.example is None or self.example.seconds is None:
            return None
        return self.example.seconds * times

    def reached(self, run: Run) -> bool:
        """Whether the run took about as long as one that nobody stops.

        Where streams are held back until runs are over, their events tell no time, but the requests do.
        """
        times = self._times(_inputs(run))
        if times is None or self.example is None:
            return False
        lasted = (run.seconds, run.seconds_from_request)
        natural = (self.example.seconds, self.example.seconds_from_request)
        return any(
            one is not None and whole is not None and one + JITTER >= whole * times * ALMOST
            for one, whole in zip(lasted, natural, strict=True)
        )

    @property
    def last_node(self) -> str | None:
        """The node that ends such runs, None where it is not known or works more than once in a run."""
        if self.example is None or self.example.final_status != "succeeded":
            return None
        worked = [event.node for event in self.example.named("node_finished")]
        return worked[-1] if worked and worked.count(worked[-1]) == 1 else None

    def nodes(self, inputs: Mapping[str, Any]) -> float | None:
        """How many nodes begin in a run with such inputs, None where that is not known."""
        times = self._times(inputs)
        if times is None or self.example is None:
            return None
        nodes = len(self.example.named("node_started"))
        return max(0, nodes - ONCE) * times + min(nodes, ONCE)

    def _times(self, inputs: Mapping[str, Any]) -> float | None:
        """How many times as many rounds as in the example there are in a run with such inputs."""
        if self.example is None or self.example.final_status != "succeeded":
            return None
        known = _inputs(self.example)
        if inputs == known:
            return 1.0
        share, whole = _number(known.get(LEVER)), _number(inputs.get(LEVER))
        return whole / share if share and whole else None


def _inputs(run: Run) -> dict[str, Json]:
    try:
        inputs = json.loads(run.stream.request.body).get("inputs")
    except (ValueError, AttributeError):
        return {}
    return inputs if isinstance(inputs, dict) else {}


def _form(parameters: Exchange | None) -> dict[str, dict[str, Json]]:
    """The fields of the app's input form by variable, empty where it is unknown."""
    response = parameters.response if parameters else None
    fields = response.member.get("user_input_form") if response else None
    found = {}
    for entry in fields if isinstance(fields, list) else []:
        for kind, attributes in entry.items() if isinstance(entry, dict) else []:
            if isinstance(attributes, dict) and isinstance(attributes.get("variable"), str):
                found[attributes["variable"]] = {"type": kind, **attributes}
    return found


def _made_up(attributes: Mapping[str, Json]) -> Any:
    match attributes.get("type"):
        case "number":
            return 1
        case "checkbox":
            return False
        case "select":
            options = attributes.get("options")
            return options[0] if isinstance(options, list) and options else ""
    return "conformance"


def _number(value: Json) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):  # JSON has numbers that Python reads as infinite
        return None
