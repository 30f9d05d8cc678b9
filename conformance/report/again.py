"""How a failure is seen again: one request as a curl line, or the command that runs its check once more.

Who sends a stop again for a run that is over by then sees nothing of what was wrong.
"""

import shlex
from collections.abc import Sequence

from conformance.exchange import Exchange
from conformance.report.curl import curl
from conformance.scenarios import SCENARIOS
from conformance.session import Session
from conformance.target import Shell
from conformance.verdict import Result


def again(
    result: Result,
    evidence: Sequence[Exchange],
    options: Sequence[str],
    shell: Shell = Shell(),
) -> str:
    """The line that repeats it; ``options`` are those with which the target is judged again.

    ``shell`` is what repeats a request by hand.
    """
    return command(result, evidence, options) or curl(shown(evidence).request, shell=shell)


def command(result: Result, evidence: Sequence[Exchange], options: Sequence[str]) -> str:
    """The command that runs its check once more; empty where one request says it all."""
    if evidence and not _needs_a_run(result, shown(evidence)):
        return ""
    return shlex.join(("dify-conformance", "run", "--only", result.id, *options))


def shown(evidence: Sequence[Exchange]) -> Exchange:
    """The exchange that stands for all of them: a stop, where there is one."""
    return next((exchange for exchange in evidence if exchange.operation == "stop"), evidence[0])


def options_of(session: Session) -> tuple[str, ...]:
    """The options with which the target of a session is judged again as it was; no key is among them.

    Its reports come into a directory of their own, or those that are read there would be lost.
    """
    target, options = session.target, session.options
    told = (*options.given, *options.requests, "--reports", str(options.reports / "again"))
    if target.embedded or {"--base-url", "--target"}.intersection(told):
        return told
    return (*(("--target", target.name) if target.name else ("--base-url", target.base_url)), *told)


def _needs_a_run(result: Result, exchange: Exchange) -> bool:
    played = (SCENARIOS[name] for name in result.scenarios if name in SCENARIOS)
    return "run" in exchange.about or any(scenario.needs_run for scenario in played)
