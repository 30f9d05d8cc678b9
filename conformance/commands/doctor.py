"""``dify-conformance doctor``: what a target is, and which requirements can be tested there."""

import sys
from typing import TYPE_CHECKING, Any

import click

from conformance.commands.run import parameter
from conformance.options import BY_FLAG
from conformance.target import Target, UsageError

if TYPE_CHECKING:
    from conformance.scenarios.director import Director

FLAGS = ("--base-url", "--target", "--config", "--inputs", "--answer-deadline", "--insecure", "--ca")


def _director(target: Target | None) -> "Director":
    """Who plays the scenarios; raises UsageError where there is no target."""
    from conformance.contract import load_contract  # noqa: PLC0415
    from conformance.scenarios.director import Director, Unrecorded  # noqa: PLC0415

    if target is None:
        raise UsageError("There is no target. Give --base-url https://dify.example/v1, or set DIFY_BASE_URL.")
    return Director(target, load_contract(), Unrecorded())


def _doctor(**values: Any) -> None:
    from conformance.diagnosis import diagnose  # noqa: PLC0415 - none of it is needed for --help
    from conformance.options import target_of  # noqa: PLC0415
    from conformance.requirements import load_catalogue  # noqa: PLC0415
    from conformance.verdict import EXIT_CODES, EXIT_USAGE  # noqa: PLC0415

    try:
        director = _director(target_of(lambda flag: values.get(BY_FLAG[flag].name)))
    except UsageError as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_USAGE)
    target = director.target
    click.echo("Starting two runs, and stopping one of them; about 20 requests.")
    director.start(["finished"])
    try:
        reach, finished = director.trace("reach"), director.trace("finished")
    finally:
        director.stop("the diagnosis is done")
        director.close()
    for line in diagnose(target, reach, finished, load_catalogue()):
        click.echo(target.secrets.mask(line))
    if all(exchange.fault for exchange in reach.exchanges):
        sys.exit(EXIT_CODES["unreachable"])


command = click.Command(
    "doctor",
    callback=_doctor,
    params=[parameter(BY_FLAG[flag]) for flag in FLAGS],
    help="""Say in plain words what a target is, and which requirements can be tested there.

    Starts two runs of the app behind DIFY_API_KEY and stops one of them.
    """,
)
