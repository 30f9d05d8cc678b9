"""``dify-conformance prove``: the suite against every known fault, and against servers that are right."""

import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from conformance.commands.run import Folder
from conformance.effort import EFFORTS
from conformance.folder import unwritable
from conformance.proving.cases import Case, Trial, all_cases, at_effort, chosen
from conformance.proving.matrix import Matrix
from conformance.proving.pool import processes, try_all
from conformance.proving.report import HTML, JSON, write
from conformance.proving.trial import Settings
from conformance.requirements import load_catalogue
from conformance.verdict import EXIT_CODES, EXIT_USAGE

EVERY = 30.0  # seconds between two lines about how far it is, where that is no terminal
HELP = """Run the suite against every known fault, and against servers that are unusual and right.

Each faulty server must fail exactly the requirements that it breaks, each correct one none. The detection
matrix is printed and written as prove.json and prove.html.

\b
Examples:
  dify-conformance prove
  dify-conformance prove --only stop.user --only says-ok

\b
Exit codes: 0 proved, 1 a fault was missed or a server accused wrongly, 2 usage, 3 interrupted.
"""


@click.command("prove", help=HELP)
@click.option("--effort", type=click.Choice(EFFORTS), default="standard", help="how much the suite tries")
@click.option("--only", multiple=True, metavar="NAME", help="servers, topics or ids that begin so")
@click.option("-n", "--processes", "workers", type=click.IntRange(1, 64), help="trials at once")
@click.option(
    "--reports",
    type=Folder(path_type=Path),
    default=Path("reports"),
    metavar="DIR",
    help="where the matrix is written",
)
def command(effort: str, only: tuple[str, ...], workers: int | None, reports: Path) -> None:
    """Try the cases that are wanted, tell, and end."""
    catalogue = load_catalogue()
    cases = at_effort(all_cases(), catalogue, effort)
    wanted = chosen(cases, only)
    if not wanted:
        click.echo(
            f"Nothing begins with {' or '.join(only)}. Give the name of a server, a topic or an id.", err=True
        )
        sys.exit(EXIT_USAGE)
    number = min(workers or processes(), len(wanted))
    began = time.monotonic()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # by which a job is ended
    try:
        trials = _tried(wanted, Settings(effort), number)
    except KeyboardInterrupt:
        click.echo("Interrupted: nothing is proved.", err=True)
        sys.exit(EXIT_CODES["incomplete"])
    finally:
        signal.signal(signal.SIGTERM, before)
    matrix = Matrix(cases, trials, catalogue, effort, time.monotonic() - began, number)
    try:
        write(matrix, reports)
    except OSError as error:
        click.echo(unwritable(reports, error), err=True)
        sys.exit(EXIT_USAGE)
    for line in matrix.lines():
        click.echo(line)
    click.echo(f"reports in {reports / HTML} and {reports / JSON}")
    sys.exit(1 if matrix.bad else 0)


def _tried(wanted: Sequence[Case], settings: Settings, number: int) -> list[Trial]:
    """What became of each, a second time and alone where the first was not good; raises KeyboardInterrupt."""
    trials: dict[str, Trial] = {}
    told = time.monotonic()
    click.echo(f"trying {len(wanted)} servers, {number} at a time")
    with click.progressbar(length=len(wanted), file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        for trial in try_all(wanted, settings, number):
            trials[trial.name] = trial
            bar.update(1)
            if bar.hidden and time.monotonic() - told >= EVERY:
                told = time.monotonic()
                click.echo(f"{len(trials)} of {len(wanted)} tried", err=True)
    doubtful = [case for case in wanted if not trials[case.name].good]
    if doubtful:
        click.echo(
            f"trying {len(doubtful)} again, one at a time: what a busy machine did is no fault of the suite"
        )
        trials |= {trial.name: replace(trial, again=True) for trial in try_all(doubtful, settings, 1)}
    return [*trials.values()]
