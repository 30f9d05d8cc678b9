"""``dify-conformance run``: the suites, in pytest with an ini file and plugins of our own."""

import os
import sys
from collections.abc import Sequence

import click


@click.command(
    "run",
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
)
@click.pass_context
def command(context: click.Context) -> None:
    """Judge a target: the embedded reference server, or the one that --base-url names."""
    sys.exit(run_suites(context.args))


def run_suites(arguments: Sequence[str]) -> int:
    """Run the suites with these options; the exit code of the verdict."""
    import pytest  # noqa: PLC0415 - not needed for --help

    from conformance import plugin  # noqa: PLC0415

    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    suites = plugin.suites()
    ours = [
        "-c",
        str(suites / "pytest.ini"),
        "--rootdir",
        str(suites),
        "-p",
        "no:cacheprovider",
        "-p",
        "no:terminal",
    ]
    return int(pytest.main([*ours, *arguments, str(suites)], plugins=[plugin]))
