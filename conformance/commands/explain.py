"""``dify-conformance explain``: what is known of one requirement."""

import json
import sys
from difflib import get_close_matches
from pathlib import Path

import click

from conformance.contract import DocumentError, load_contract
from conformance.explaining import explain, explanation
from conformance.requirements import Catalogue, load_catalogue
from conformance.verdict import EXIT_USAGE


def _explain(requirement: str, spec: Path | None, as_json: bool) -> None:
    catalogue = load_catalogue()
    one = catalogue.by_id.get(requirement) or catalogue.by_id.get(f"stop.{requirement}")
    if one is None:
        click.echo(_unknown(requirement, catalogue), err=True)
        sys.exit(EXIT_USAGE)
    try:
        contract = load_contract(spec)
    except DocumentError as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_USAGE)
    if as_json:
        click.echo(json.dumps(explanation(one, catalogue, contract), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(explain(one, catalogue, contract)))


def _unknown(id_: str, catalogue: Catalogue) -> str:
    near = get_close_matches(id_, list(catalogue.by_id), n=5, cutoff=0.5)
    near = near or [known for known in catalogue.by_id if id_ in known][:5]
    meant = f"Did you mean {', '.join(near)}?" if near else "dify-conformance list names all of them."
    return f"There is no requirement {id_!r}. {meant}"


command = click.Command(
    "explain",
    callback=_explain,
    params=[
        click.Argument(["requirement"], metavar="ID"),
        click.Option(["--spec"], type=click.Path(path_type=Path), help="another edition of the document"),
        click.Option(["--json", "as_json"], is_flag=True, help="print one JSON object, for scripts"),
    ],
    help="""Explain one requirement: why it matters, where it is written, how it is checked, an example that passes and
    one that fails, what versions of Dify do, and what to do about it. ID is one that dify-conformance list names;
    the leading "stop." may be left out.

    \b
    Examples:
      dify-conformance explain lifecycle.no-late-node
      dify-conformance explain user.missing --json

    \b
    Exit codes: 0 explained, 2 usage, or no such requirement.
    """,
)
