"""What the scenarios of one session have in common."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.contract import Contract
from conformance.effort import Effort
from conformance.runs import Inputs
from conformance.scenarios.live import LiveRun, Patience
from conformance.scenarios.record import Recorder
from conformance.scenarios.turnstile import Turnstile

if TYPE_CHECKING:  # httpx takes its time to import, and whoever judges a recording asks nobody
    from conformance.probe.probe import Probe


@dataclass(frozen=True, slots=True)
class Shared:
    """Who is asked by which document, where it is recorded, how much is tried, and what one scenario tells others."""

    probe: "Probe"
    contract: Contract
    recorder: Recorder
    patience: Patience
    inputs: Inputs = Inputs()
    effort: Effort = Effort()
    turnstile: Turnstile = field(default_factory=Turnstile)
    started: list[LiveRun] = field(default_factory=list)  # every run of the session
