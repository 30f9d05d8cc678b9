"""``dify-conformance init``: writes dify-conformance.toml for a first target."""

import re
import sys
from pathlib import Path
from typing import NoReturn

import click

from conformance.settings import CONFIG, from_environment, read_target
from conformance.target import KEYS, OWNER_KEY, UsageError
from conformance.values import checked_url
from conformance.verdict import EXIT_USAGE

NAME = r"[A-Za-z0-9_-]+"
TABLE = """[target.{name}]
base_url = "{url}"
# Names of environment variables that hold the keys, never the keys themselves:
# keys = {{ {owner} = "{variable}" }}
# Inputs of the workflow behind {owner}, so that a run lasts at least five seconds:
# inputs = {{ rounds = 100 }}
"""


def _init(base_url: str | None, name: str, config: Path) -> None:
    if not re.fullmatch(NAME, name):
        _refuse(f"The name {name!r} cannot be used. Give letters, digits, - and _, such as staging.")
    try:
        text = _with_target(config, name, base_url or _asked())
        config.write_text(text, "utf-8")
    except UsageError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{config} cannot be written: {error}. Give another file with --config.")
    more = "" if config == Path(CONFIG) else f" --config {config}"
    click.echo(f"wrote [target.{name}] to {config}")
    click.echo(f"next: export {OWNER_KEY}=app-… (a published workflow app), then")
    click.echo(f"  dify-conformance doctor --target {name}{more}")
    click.echo(f"  dify-conformance run    --target {name}{more}")


def _asked() -> str:
    if not sys.stdin.isatty():
        raise UsageError("There is no base URL. Give --base-url https://dify.example/v1.")
    answer: str = click.prompt("Base URL of the API, such as https://dify.example/v1")
    return answer.strip()


def _with_target(config: Path, name: str, url: str) -> str:
    """The file with one target more; raises UsageError for a file or URL that cannot be used."""
    checked = checked_url(url)
    had = config.read_text("utf-8") if config.exists() else ""
    if had:
        _check_free(config, name)
    variable = f"{re.sub('[^A-Z0-9]', '_', name.upper())}_KEY"
    table = TABLE.format(name=name, url=checked, owner=OWNER_KEY, variable=variable)
    return f"{had.rstrip()}\n\n{table}" if had else table


def _check_free(config: Path, name: str) -> None:
    """Raise UsageError where the file has the target already, or cannot be read."""
    try:
        read_target(from_environment(), name=name, config=config)
    except UsageError as error:
        if "There is no target" in str(error):
            return
        raise
    raise UsageError(f"{config} has a target {name!r} already. Give another --name, or change it by hand.")


def _refuse(text: str) -> NoReturn:
    click.echo(text, err=True)
    sys.exit(EXIT_USAGE)


command = click.Command(
    "init",
    callback=_init,
    params=[
        click.Option(
            ["--base-url"], metavar="URL", help="the API to judge; asked for at a terminal if missing"
        ),
        click.Option(["--name"], default="default", show_default=True, help="what the target is called"),
        click.Option(
            ["--config"],
            type=click.Path(path_type=Path, dir_okay=False),
            default=CONFIG,
            show_default=True,
            help="the file to write, or to add the target to",
        ),
    ],
    help=f"""Write {CONFIG} for a target, or add another target to it.

    The file holds no keys. It is read from the directory in which the other commands run; a file with one target
    needs no --target. Keys are taken from {", ".join(KEYS)}.

    \b
    Completion of commands and options, for bash (zsh and fish likewise):
      eval "$(_DIFY_CONFORMANCE_COMPLETE=bash_source dify-conformance)"

    \b
    Examples:
      dify-conformance init --base-url https://dify.example/v1
      dify-conformance init --name staging --base-url https://staging.example/v1

    \b
    Exit codes: 0 written, 2 usage, or a target of that name is there already.
    """,
)
