"""``dify-conformance doctor``: what a target is, and which requirements can be tested there."""

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from conformance.commands.run import parameter
from conformance.options import BY_FLAG
from conformance.target import OWNER_KEY, Target, UsageError

if TYPE_CHECKING:
    from conformance.scenarios.director import Director

FLAGS = ("--base-url", "--target", "--config", "--inputs", "--answer-deadline", "--insecure", "--ca")


def _director(target: Target | None) -> "Director":
    """Who plays the scenarios; raises UsageError where there is no target."""
    from conformance.contract import load_contract  # noqa: PLC0415
    from conformance.scenarios.director import Director, Unrecorded  # noqa: PLC0415

    if target is None:
        raise UsageError("There is no target. Give --base-url https://dify.example/v1, or set DIFY_BASE_URL.")
    contract = load_contract()
    return Director(target.among(contract.words), contract, Unrecorded())


def _doctor(as_json: bool, **values: Any) -> None:
    from conformance.diagnosis import Look, diagnose  # noqa: PLC0415 - none of it is needed for --help
    from conformance.options import target_of  # noqa: PLC0415
    from conformance.report.console import Console  # noqa: PLC0415
    from conformance.requirements import load_catalogue  # noqa: PLC0415
    from conformance.verdict import EXIT_USAGE  # noqa: PLC0415

    try:
        director = _director(target_of(lambda flag: values.get(BY_FLAG[flag].name)))
    except UsageError as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_USAGE)
    target, catalogue = director.target, load_catalogue()
    for remark in target.remarks:
        click.echo(remark, err=as_json)
    if OWNER_KEY in target.keys:
        click.echo("Starting two runs, and stopping one of them; about 20 requests.", err=as_json)
    director.start(["finished"])
    console = Console(sys.stderr if as_json else sys.stdout)
    console.watch(lambda: f"{director.sent} requests sent")
    try:
        look = Look(target, *(director.trace(name) for name in ("reach", "plain", "finished")))
    finally:
        director.stop("the diagnosis is done")
        director.close()
        console.rest()
    found = diagnose(look, catalogue)
    told = (
        [json.dumps(found.as_json(target), indent=2, ensure_ascii=False)]
        if as_json
        else found.lines(catalogue)
    )
    for line in told:
        click.echo(target.secrets.mask(line))
    sys.exit(found.exit_code)


command = click.Command(
    "doctor",
    callback=_doctor,
    params=[
        *(parameter(BY_FLAG[flag]) for flag in FLAGS),
        click.Option(["--json", "as_json"], is_flag=True, help="print one JSON object, for scripts"),
    ],
    help="""Say in plain words what a target is, and which requirements can be tested there.

    Starts two runs of the app behind DIFY_API_KEY and stops one of them. What cannot be tested is listed with what
    to provide for it.

    \b
    Examples:
      dify-conformance doctor --base-url https://dify.example/v1
      dify-conformance doctor --target staging --json

    \b
    Exit codes: 0 a full verdict is possible, 2 usage,
    3 something that a MUST needs is missing, or the key is refused,
    4 the target is unreachable, or answers with web pages, redirects or 404 only.
    """,
)
