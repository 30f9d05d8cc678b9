"""The command line; each command is a module of its own, imported only when it is called."""

import sys
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from conformance import __version__
from conformance.reader import be_patient

COMMANDS = {
    "init": "Write dify-conformance.toml for a first target.",
    "run": "Judge a target: the embedded reference server, or the one that --base-url names.",
    "judge": "Judge a recording again, without a target or a key.",
    "diff": "Say what changed between two recordings.",
    "prove": "Run the suite against every known fault, and against servers that are right.",
    "serve": "Run the reference server alone and print its base URL and keys.",
    "doctor": "Say in plain words what a target is, and which requirements can be tested.",
    "list": "List the requirements of the catalogue.",
    "explain": "Explain one requirement.",
}


class Commands(click.Group):
    """Knows its commands by name and help alone."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which a user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"conformance.commands.{cmd_name}").command
        return command

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run as a program; what the suite itself does wrong is told in a line, and is no verdict."""
        be_patient()
        try:
            return super().main(*args, **extra)
        except Exception as error:  # noqa: BLE001 - Python would end with the exit code of "not conformant"
            from conformance.verdict import EXIT_CODES  # noqa: PLC0415 - as below

            with suppress(OSError):  # as where the terminal is gone
                click.echo(_crash(error), err=True)
            sys.exit(EXIT_CODES["harness fault"])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; one that is broken off before it heeds signals itself says so, and is incomplete."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            from conformance.verdict import EXIT_CODES  # noqa: PLC0415 - it would delay every --help

            click.echo("Interrupted.", err=True)
            ctx.exit(EXIT_CODES["incomplete"])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _crash(error: Exception) -> str:
    """What is said of a fault of ours; not in its own words, which may have a key in them."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    what = str(error) if isinstance(error, OSError) else type(error).__name__
    return f"The suite itself failed: {what} ({Path(where.filename).name}, line {where.lineno}). Please report it."


HELP = """Decide whether a server really honours the Dify Workflow API, with evidence.

\b
Exit codes: 0 conformant, 1 not conformant, 2 usage, 3 incomplete,
4 target unreachable or a fault of the suite itself.
"""


@click.command(cls=Commands, help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dify-conformance")
def main() -> None:
    """Run one of the commands."""
