"""``dify-conformance list``: the requirements of the catalogue."""

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby

import click

from conformance.requirements import LEVELS, Requirement, load_catalogue
from conformance.verdict import EXIT_USAGE


def _list(prefixes: Sequence[str], level: str | None, as_json: bool) -> None:
    found = [
        one
        for one in load_catalogue()
        if (not prefixes or one.id.startswith(tuple(prefixes))) and level in (None, one.level)
    ]
    if not found:
        click.echo("No requirement is so named. Without arguments, all of them are listed.", err=True)
        sys.exit(EXIT_USAGE)
    click.echo(json.dumps([_line(one) for one in found], indent=2) if as_json else "\n".join(_lines(found)))


def _line(one: Requirement) -> dict[str, object]:
    return {
        "id": one.id,
        "level": one.level,
        "title": one.title,
        "place": one.place,
        "why": one.why,
        "needs": list(one.needs),
        "presumes": list(one.presumes),
    }


def _lines(found: Sequence[Requirement]) -> Iterator[str]:
    width = max(len(one.id) for one in found)
    for _, group in groupby(found, key=lambda one: one.topic):
        yield from (f"{one.id:<{width}}  {one.level:<6}  {one.title}" for one in group)
        yield ""
    counts = ", ".join(f"{n} {level}" for level in LEVELS if (n := sum(one.level == level for one in found)))
    yield f"{len(found)} requirements: {counts}"


command = click.Command(
    "list",
    callback=_list,
    params=[
        click.Argument(["prefixes"], metavar="[ID]...", nargs=-1),
        click.Option(["--level"], type=click.Choice(LEVELS), help="only those of this level"),
        click.Option(["--json", "as_json"], is_flag=True, help="as a JSON array"),
    ],
    help="""List the requirements of the catalogue, or those whose ids begin so.

    \b
    Examples:
      dify-conformance list --level MUST
      dify-conformance list stop.user stop.auth --json

    \b
    Exit codes: 0 listed, 2 usage, or no requirement is so named.
    """,
)
