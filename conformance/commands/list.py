"""``dify-conformance list``: the requirements of the catalogue."""

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby

import click

from conformance.options import whole_id
from conformance.requirements import LEVELS, Requirement, load_catalogue
from conformance.verdict import EXIT_USAGE


def _list(prefixes: Sequence[str], level: str | None, as_json: bool, faults: bool) -> None:
    if faults:
        _list_faults(prefixes, as_json)
        return
    prefixes = [whole_id(prefix) for prefix in prefixes]
    found = [
        one
        for one in load_catalogue()
        if (not prefixes or one.id.startswith(tuple(prefixes))) and level in (None, one.level)
    ]
    if not found:
        click.echo("No requirement is so named. Without arguments, all of them are listed.", err=True)
        sys.exit(EXIT_USAGE)
    click.echo(json.dumps([_line(one) for one in found], indent=2) if as_json else "\n".join(_lines(found)))


def _list_faults(prefixes: Sequence[str], as_json: bool) -> None:
    from conformance.reference.faults import specimens  # noqa: PLC0415 - the server is needed for nothing else

    ids = tuple(map(whole_id, prefixes))
    found = [
        one
        for one in specimens().values()
        if not prefixes or one.name.startswith(tuple(prefixes)) or any(id_.startswith(ids) for id_ in one.ids)
    ]
    if not found:
        click.echo(
            "No fault is so named, nor breaks such a requirement. Without arguments, all are listed.",
            err=True,
        )
        sys.exit(EXIT_USAGE)
    if as_json:
        lines = [{"name": one.name, "title": one.title, "breaks": sorted(one.ids)} for one in found]
        click.echo(json.dumps(lines, indent=2))
        return
    for one in found:
        click.echo(f"{one.name}\n    {one.title}\n    breaks {', '.join(sorted(one.ids))}")
    click.echo(f"\n{len(found)} faults; dify-conformance serve --fault NAME runs a server with one of them")


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
        click.Option(["--faults"], is_flag=True, help="the faults that serve and prove know, instead"),
    ],
    help="""List the requirements of the catalogue, or those whose ids begin so; the leading "stop." may be left out.

    \b
    Examples:
      dify-conformance list --level MUST
      dify-conformance list stop.user stop.auth --json
      dify-conformance list --faults lifecycle

    \b
    Exit codes: 0 listed, 2 usage, or no requirement is so named.
    """,
)
