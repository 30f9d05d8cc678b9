"""``dify-conformance run``: the suites, in pytest with an ini file and plugins of our own."""

import gc
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.folder import OUTPUT, TABLE, VERDICT, remove, unwritable
from conformance.options import BY_FLAG, NO_FOLDER, OPTIONS, Getter, Option, target_of
from conformance.scratch import use_scratch
from conformance.signals import endings
from conformance.target import UsageError
from conformance.verdict import EXIT_CODES, EXIT_USAGE

if TYPE_CHECKING:
    from conformance.plugin import Ended

STRICT = "--strict"
TARGET = BY_FLAG["--target"]
REPORTS = BY_FLAG["--reports"]
ALONE = ("--base-url", "--recording", "--write-baseline")
AS_JSON = click.Option(
    ["--json", "as_json"], is_flag=True, help="print verdict.json on stdout, and what is told on stderr"
)
UNUSED = ("cacheprovider", "doctest", "logging", "unraisableexception", "threadexception", "faulthandler")


class Folder(click.Path):
    """A directory by its name; no name would be the current one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        if not str(value).strip():
            self.fail(NO_FOLDER, param, ctx)
        return super().convert(value, param, ctx)


def parameter(option: Option) -> click.Option:
    """The option as the command line knows it."""
    flag = STRICT if option.flag == "--strict-should" else option.flag
    paths = {"file": click.Path(path_type=Path), "folder": Folder(path_type=Path)}
    kinds: dict[str, Any] = {"number": float, "count": int, **paths}
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


def arguments(values: dict[str, Any], strict: str = "--strict-should") -> list[str]:
    """The options as pytest knows them, or with another name for ``--strict-should`` as this command does."""
    found = []
    for option in OPTIONS:
        value = values.get(option.name)
        if option.kind == "flag":
            found += [strict if option.flag == "--strict-should" else option.flag] if value else []
        elif option.kind == "many":
            found += [f"{option.flag}={one}" for one in value or ()]
        elif value is not None:
            found.append(f"{option.flag}={value}")
    return found


def prepare(reports: Path, recording: bool = True) -> None:
    """Make the directory for the reports, without those of an earlier run; ends the program where that cannot be.

    An earlier ``recording`` stays where none is written.
    """
    try:
        reports.mkdir(parents=True, exist_ok=True)
        remove(reports, recording)
    except OSError as error:
        click.echo(unwritable(reports, error), err=True)
        sys.exit(EXIT_USAGE)


class Reporting(click.Command):
    """A command that writes reports; a wrong option leaves none of an earlier run behind either."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments, read."""
        asked = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError:
            if folder := _reports_in(asked):
                with suppress(OSError):
                    remove(Path(folder), recording=False)
            raise


def _reports_in(words: list[str]) -> str:
    """The directory for the reports, as far as the words tell it; empty where they name none."""
    flag, found = REPORTS.flag, str(REPORTS.default)
    for word, following in pairwise([*words, ""]):
        if word == flag:
            found = following
        elif word.startswith(f"{flag}="):
            found = word.removeprefix(f"{flag}=")
    return found if found.strip() else ""


@contextmanager
def telling(file: Path, as_json: bool) -> Iterator[None]:
    """Let what is told go to stderr, and print that file on stdout at the end, if it is asked for."""
    if not as_json:
        yield
        return
    with redirect_stdout(sys.stderr):
        yield
    if file.is_file():
        click.echo(file.read_text("utf-8"), nl=False)


def _run(pytest_arguments: tuple[str, ...], as_json: bool, **values: Any) -> None:
    reports: Path = values["conformance_reports"]
    prepare(reports, recording=not values["conformance_recording"])
    targets = tuple(dict.fromkeys(values[TARGET.name]))
    if any("://" in word for word in pytest_arguments):
        click.echo("A URL is given without --base-url. Write --base-url in front of it.", err=True)
        sys.exit(EXIT_USAGE)
    several = len(targets) > 1
    with telling(reports / (TABLE if several else VERDICT), as_json):
        code = (_run_several if several else _run_one)(targets, pytest_arguments, values)
    sys.exit(code)


def _run_one(targets: Sequence[str], pytest_arguments: Sequence[str], values: dict[str, Any]) -> int:
    """Judge one target; the exit code."""
    values[TARGET.name] = targets[0] if targets else None
    return run_suites([*arguments(values), *pytest_arguments], shown=bool(pytest_arguments))


def _run_several(targets: Sequence[str], pytest_arguments: Sequence[str], values: dict[str, Any]) -> int:
    """Judge several targets side by side; the gravest exit code."""
    from conformance.report.console import Console  # noqa: PLC0415
    from conformance.several import judge_all, table, worst, write_table  # noqa: PLC0415

    if wrong := [flag for flag in ALONE if values[BY_FLAG[flag].name]]:
        click.echo(f"{wrong[0]} is for one target. Leave it out, or give one --target.", err=True)
        return EXIT_USAGE
    if wrong_one := _wrong(targets, values):
        click.echo(wrong_one, err=True)
        return EXIT_USAGE
    reports: Path = values["conformance_reports"]
    click.echo(f"judging {', '.join(targets)} side by side; what each prints is in {reports}/NAME/{OUTPUT}")
    own = {TARGET.name: None, "conformance_reports": None}
    asked = [*arguments({**values, **own}, STRICT), *(["--", *pytest_arguments] if pytest_arguments else [])]
    console = Console(sys.stdout)
    judged = judge_all(targets, asked, reports, console)
    write_table(judged, reports)
    console.end(table(judged))
    return worst(judged)


def _wrong(targets: Sequence[str], values: dict[str, Any]) -> str:
    """What is wrong with one of several targets, told before the first is asked anything."""

    def getter(name: str) -> Getter:
        return lambda flag: name if flag == TARGET.flag else values[BY_FLAG[flag].name]

    try:
        for name in targets:
            target_of(getter(name))
    except UsageError as error:
        return str(error)
    return ""


@contextmanager
def _heeded(ended: "Ended") -> Iterator[None]:
    """Let Ctrl-C, the signal by which schedulers end a job, and a terminal that is gone break the session off."""
    before = {number: signal.signal(number, ended.interrupt) for number in endings()}
    try:
        yield
    finally:
        for number, handler in before.items():
            # Told once, the process ends with the exit code of its verdict, however often it is told again.
            signal.signal(number, signal.SIG_IGN if ended.told else handler)


def run_suites(asked: Sequence[str], shown: bool = False, brief: bool = False) -> int:
    """Run the suites with these options of pytest; the exit code of the verdict.

    ``shown`` lets pytest print what it prints by itself, ``brief`` writes the verdict and the recording only.
    """
    import pytest  # noqa: PLC0415 - not needed for --help

    from conformance import plugin  # noqa: PLC0415

    for plugins in ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "HYPOTHESIS_NO_PLUGINS"):
        os.environ[plugins] = "1"  # what happens to be installed has no say, and takes its time to import
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    use_scratch()
    suites = plugin.suites()
    # Checks say themselves what they saw; rewriting their asserts would only cost time.
    ours = ["-c", str(suites / "suites.ini"), "--rootdir", str(suites), "--assert=plain"]
    left_out = [*UNUSED, *([] if shown else ["terminal"])]
    reporter = [word for name in left_out for word in ("-p", f"no:{name}")]
    ended = plugin.Ended(brief=brief)
    if not gc.get_freeze_count():
        gc.freeze()  # what was imported stays; it need not be looked at whenever garbage is collected
    try:
        with _heeded(ended):
            code = int(pytest.main([*ours, *reporter, *asked, str(suites)], plugins=[plugin, ended]))
    except KeyboardInterrupt:
        code = pytest.ExitCode.INTERRUPTED
    if ended.exit_code is not None:
        return ended.exit_code
    if code == pytest.ExitCode.INTERRUPTED:
        click.echo("Interrupted before anything was asked.", err=True)
        return EXIT_CODES["incomplete"]
    crashed = code in {pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.TESTS_FAILED}
    return EXIT_CODES["harness fault"] if crashed else EXIT_USAGE


command = Reporting(
    "run",
    callback=_run,
    params=[
        *(parameter(replace(option, kind="many") if option is TARGET else option) for option in OPTIONS),
        AS_JSON,
        click.Argument(["pytest_arguments"], nargs=-1, type=click.UNPROCESSED),
    ],
    help="""Judge a target: the embedded reference server, or the one that --base-url names.

    Keys are taken from the environment only: DIFY_API_KEY (a workflow app), and for the rules about other apps
    DIFY_CHAT_API_KEY, DIFY_AGENT_CHAT_API_KEY, DIFY_ADVANCED_CHAT_API_KEY, DIFY_COMPLETION_API_KEY and
    DIFY_OTHER_WORKFLOW_API_KEY. DIFY_BASE_URL stands in for --base-url. What follows -- goes to pytest, which then prints
    its own report as well.

    Several --target of dify-conformance.toml are judged side by side: each has its reports in a directory of its
    own, a table of requirements by targets is printed and written to targets.json, and the gravest exit code counts.

    \b
    Examples:
      dify-conformance run
      dify-conformance run --base-url https://dify.example/v1 --inputs '{"rounds": 100}'
      dify-conformance run --target staging --target production --strict
      dify-conformance run --only stop.lifecycle --json | jq .outcome

    \b
    Exit codes: 0 conformant, 1 not conformant, 2 usage, 3 incomplete,
    4 target unreachable or a fault of the suite itself.
    """,
)
