"""``dify-conformance judge``: the same suites over a recording; nothing is sent."""

import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from conformance.commands.run import (
    AS_JSON,
    Reporting,
    arguments,
    parameter,
    prepare,
    run_suites,
    telling,
)
from conformance.folder import VERDICT
from conformance.options import OPTIONS
from conformance.recording import RecordingError, read_header
from conformance.verdict import EXIT_USAGE

GIVEN = (
    "--spec",
    "--reports",
    "--only",
    "--scope",
    "--strict-should",
    "--baseline",
    "--write-baseline",
    "--profile",
)


def _judge(recording: Path, as_json: bool, **values: Any) -> None:
    prepare(values["conformance_reports"], recording=False)
    try:
        header = read_header(recording)
    except RecordingError as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_USAGE)
    context = click.get_current_context()
    chosen = {
        name: value
        for name, value in values.items()
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    recorded = {**header.get("options", {}), "effort": header["effort"], "seed": header["seed"]}
    as_recorded = {f"conformance_{name}": value for name, value in recorded.items()}
    as_recorded["conformance_strict_should"] = as_recorded.pop("conformance_strict", False)
    as_recorded["conformance_reports"] = values["conformance_reports"]
    asked = [*arguments({**as_recorded, **chosen}), f"--recording={recording}"]
    with telling(values["conformance_reports"] / VERDICT, as_json):
        code = run_suites(asked)
    sys.exit(code)


command = Reporting(
    "judge",
    callback=_judge,
    params=[
        click.Argument(["recording"], type=click.Path(path_type=Path)),
        *(parameter(option) for option in OPTIONS if option.flag in GIVEN),
        AS_JSON,
    ],
    help="""Judge a recording (run.jsonl) again: it needs no target and no key.

    What the recorded run narrowed (--only, --scope, --strict, --effort) is narrowed again, and its --profile taken
    again; a baseline is taken when it is given. Results that differ from the
    recorded ones are listed. A recording that breaks off is judged as incomplete; one that was changed after it
    was written is refused.

    \b
    Examples:
      dify-conformance judge reports/run.jsonl
      dify-conformance judge reports/run.jsonl --spec other.yaml --reports reports/other
      dify-conformance judge reports/run.jsonl --json | jq .outcome

    \b
    Exit codes: 0 conformant, 1 not conformant, 2 usage, 3 incomplete,
    4 target was unreachable or a fault of the suite itself.
    """,
)
