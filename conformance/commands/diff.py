"""``dify-conformance diff``: what changed between two recordings."""

import json
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import click

from conformance.diff import Change, Comparison, compare
from conformance.recording import RecordingError, read_recording
from conformance.verdict import EXIT_USAGE, number

HEADINGS = {
    "requirement": "requirements whose result changed",
    "observation": "observations that changed",
    "answer": "answers that changed, though both may be allowed",
    "stream": "streams that changed",
    "event": "events that changed",
}
SHOWN = 4  # places of one change


def _diff(before: Path, after: Path, form: str) -> None:
    try:
        comparison = compare(read_recording(before), read_recording(after))
    except RecordingError as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_USAGE)
    match form:
        case "json":
            click.echo(json.dumps(comparison.line(), indent=2, ensure_ascii=False))
        case "markdown":
            click.echo("\n".join(_markdown(comparison)))
        case _:
            click.echo("\n".join(_text(comparison)))
    sys.exit(comparison.exit_code)


def _text(comparison: Comparison) -> Iterator[str]:
    yield f"before  {comparison.before}"
    yield f"after   {comparison.after}"
    for what, changes in groupby(comparison.changes, key=lambda change: change.what):
        yield ""
        yield HEADINGS[what]
        for change in changes:
            yield f"  {'✗' if change.worse else ' '} {_places(change)}"
            yield f"      - {change.was}"
            yield f"      + {change.now}"
    for lacking in comparison.lacking:
        yield ""
        yield f"not compared: {lacking}"
        yield from (f"    {where}" for where in lacking.where)
    yield ""
    yield _conclusion(comparison)


def _markdown(comparison: Comparison) -> Iterator[str]:
    yield f"## {_cell(_conclusion(comparison))}"
    yield ""
    yield f"- before: {_cell(comparison.before)}"
    yield f"- after: {_cell(comparison.after)}"
    for what, changes in groupby(comparison.changes, key=lambda change: change.what):
        yield f"\n### {HEADINGS[what].capitalize()}\n"
        yield "| where | before | after |"
        yield "|---|---|---|"
        for change in changes:
            mark = "**worse** " if change.worse else ""
            yield f"| {mark}{_cell(_places(change))} | {_cell(change.was)} | {_cell(change.now)} |"
    for lacking in comparison.lacking:
        yield f"\nNot compared: {_cell(str(lacking))}: {_cell(', '.join(lacking.where))}"


def _places(change: Change) -> str:
    more = len(change.where) - SHOWN
    return ", ".join(change.where[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _conclusion(comparison: Comparison) -> str:
    if comparison.obstacles:
        return f"cannot be compared: {'; '.join(comparison.obstacles)}"
    left_out = [where for lacking in comparison.lacking for where in lacking.where]
    more = f"; {number(left_out, 'requirement')} not compared" if left_out else ""
    if not comparison.changes:
        return f"nothing changed{more}"
    worse = comparison.worse
    told = f"{number(worse, 'requirement') if worse else 'no requirement'} got worse"
    return f"{told}; {number(comparison.changes, 'change')} in all{more}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


command = click.Command(
    "diff",
    callback=_diff,
    params=[
        click.Argument(["before"], type=click.Path(path_type=Path)),
        click.Argument(["after"], type=click.Path(path_type=Path)),
        click.Option(
            ["--format", "form"],
            type=click.Choice(["text", "markdown", "json"]),
            default="text",
            show_default=True,
            help="how it is told",
        ),
    ],
    help="""Say what changed between two recordings (run.jsonl), such as before and after an upgrade.

    Results, observations, and answers that changed although both are allowed: status, code, media type, names of
    members, events, headers that matter. Ids, times and ports are left out.

    \b
    Examples:
      dify-conformance diff before/run.jsonl after/run.jsonl
      dify-conformance diff before.jsonl after.jsonl --format markdown

    \b
    Exit codes: 0 no requirement got worse, 1 one did, 2 usage,
    3 they cannot be compared (another document, another effort, a run that broke off),
    or not in all, for one was run without a key that the other was given.
    """,
)
