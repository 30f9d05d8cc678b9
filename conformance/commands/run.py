"""``dify-conformance run``: the suites, in pytest with an ini file and plugins of our own."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from conformance.options import OPTIONS, Option
from conformance.verdict import EXIT_CODES, EXIT_USAGE

STRICT = "--strict"
JUNIT = "junit.xml"


def parameter(option: Option) -> click.Option:
    """The option as the command line knows it."""
    flag = STRICT if option.flag == "--strict-should" else option.flag
    kinds: dict[str, Any] = {"number": float, "count": int, "file": click.Path(path_type=Path)}
    return click.Option(
        [flag, option.name],
        help=option.help,
        metavar=option.metavar or None,
        type=click.Choice(option.choices) if option.choices else kinds.get(option.kind, str),
        default=option.default,
        show_default=bool(option.choices),
        is_flag=option.kind == "flag",
        multiple=option.kind == "many",
    )


def arguments(values: dict[str, Any]) -> list[str]:
    """The options as pytest knows them."""
    found = []
    for option in OPTIONS:
        value = values.get(option.name)
        if option.kind == "flag":
            found += [option.flag] if value else []
        elif option.kind == "many":
            found += [f"{option.flag}={one}" for one in value or ()]
        elif value is not None:
            found.append(f"{option.flag}={value}")
    return found


def writable(reports: Path) -> None:
    """Make the directory for the reports; ends the program where that cannot be."""
    try:
        reports.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        click.echo(
            f"Nothing can be written to {reports}: {error}. Give another directory with --reports.", err=True
        )
        sys.exit(EXIT_USAGE)


def _run(pytest_arguments: tuple[str, ...], **values: Any) -> None:
    reports: Path = values["conformance_reports"]
    writable(reports)
    junit = ["--junitxml", str(reports / JUNIT)]
    sys.exit(run_suites([*arguments(values), *junit, *pytest_arguments], shown=bool(pytest_arguments)))


def run_suites(asked: Sequence[str], shown: bool = False) -> int:
    """Run the suites with these options of pytest; the exit code of the verdict.

    ``shown`` lets pytest print what it prints by itself.
    """
    import pytest  # noqa: PLC0415 - not needed for --help

    from conformance import plugin  # noqa: PLC0415

    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    suites = plugin.suites()
    ours = ["-c", str(suites / "pytest.ini"), "--rootdir", str(suites), "-p", "no:cacheprovider"]
    reporter = [] if shown else ["-p", "no:terminal"]
    ended = plugin.Ended()
    code = int(pytest.main([*ours, *reporter, *asked, str(suites)], plugins=[plugin, ended]))
    if ended.exit_code is not None:
        return ended.exit_code
    crashed = code in {pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.TESTS_FAILED}
    return EXIT_CODES["harness fault"] if crashed else EXIT_USAGE


command = click.Command(
    "run",
    callback=_run,
    params=[*map(parameter, OPTIONS), click.Argument(["pytest_arguments"], nargs=-1, type=click.UNPROCESSED)],
    help="""Judge a target: the embedded reference server, or the one that --base-url names.

    Keys are taken from the environment only: DIFY_API_KEY (a workflow app), and for the rules about other apps
    DIFY_CHAT_API_KEY, DIFY_AGENT_CHAT_API_KEY, DIFY_ADVANCED_CHAT_API_KEY, DIFY_COMPLETION_API_KEY and
    DIFY_OTHER_WORKFLOW_API_KEY. DIFY_BASE_URL stands in for --base-url. What follows -- goes to pytest, which then prints
    its own report as well.

    \b
    Exit codes: 0 conformant, 1 not conformant, 2 usage, 3 incomplete,
    4 target unreachable or a fault of the suite itself.
    """,
)
