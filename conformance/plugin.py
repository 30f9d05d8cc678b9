"""The pytest plugin: options, the session, and from pytest's reports to the verdict."""

import sys
import time
import traceback
from collections.abc import Callable, Generator
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import pytest

from conformance import fixtures, spreading
from conformance.embedded import NotStarted
from conformance.fixtures import STATE
from conformance.folder import remove
from conformance.judging import Inconclusive, NoAnswer, Untested, Violation
from conformance.looking import Notes
from conformance.options import BY_FLAG, Getter, add_options, no_such_id, read_options
from conformance.requirements import Catalogue, Requirement, load_catalogue
from conformance.scenarios import SCENARIOS
from conformance.target import UsageError
from conformance.trace import NotRecorded
from conformance.verdict import EXIT_CODES, EXIT_USAGE, Result, ResultKind

OUTCOMES: dict[type[BaseException], ResultKind] = {
    NoAnswer: "fail",
    Violation: "fail",
    Inconclusive: "inconclusive",
    NotRecorded: "inconclusive",
    Untested: "untested",
}


class Ended:
    """A plugin that a caller of pytest registers to learn the exit code of the verdict, and to break off.

    With ``brief`` the session writes its verdict and its recording only.

    Broken off once, the session judges what was recorded until then; the second time it ends at once, unless it
    is writing its reports.
    """

    def __init__(self, *, brief: bool = False) -> None:
        self.brief = brief
        self.exit_code: int | None = None
        self.break_off: Callable[[str], None] | None = None
        self.writing = False
        self.told = False

    def interrupt(self, _number: int, _frame: FrameType | None) -> None:
        """Handle a signal; raises KeyboardInterrupt where nothing is under way, or the second time."""
        self.told = True
        if self.writing:
            return
        break_off, self.break_off = self.break_off, None
        if break_off is None:
            raise KeyboardInterrupt
        break_off("the run was interrupted")


class Judge:
    """What the plugin keeps during one pytest session."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.began = time.monotonic()
        self.stack = ExitStack()
        self.running: Any = None
        self.refused = ""
        self.notes = Notes()

    def finish(self) -> int:
        """Decide, and write the reports; the exit code, also where the suite itself fails in that."""
        try:
            code: int = self.running.finish(time.monotonic() - self.began)
        except Exception:  # noqa: BLE001 - a traceback of pytest's would show keys, and its exit code means another thing
            sys.stderr.write(self.running.mask(traceback.format_exc()))
            return EXIT_CODES["harness fault"]
        return code

    def requirement(self, item: pytest.Item) -> Requirement | None:
        """The requirement that an item checks."""
        marker = item.get_closest_marker("requirement")
        return self.catalogue[marker.args[0]] if marker else None


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the options of the suite."""
    group = parser.getgroup("conformance", "Dify Workflow API conformance")
    add_options(group.addoption, base_url=not pluginmanager.has_plugin("base_url"))


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, the fixtures, and what refuses workers."""
    config.pluginmanager.register(fixtures)
    config.pluginmanager.register(spreading)
    if config.pluginmanager.is_blocked("terminal"):  # as `run` does; a check says what it saw
        config.option.tbstyle = "line"
    config.addinivalue_line("markers", "requirement(id): the requirement of the catalogue that this checks")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what ``--only`` and ``--scope`` leave out; let ``-k`` choose by id, too."""
    if not any(item.get_closest_marker("requirement") for item in items):
        return
    judge = config.stash[STATE] = Judge(load_catalogue())
    for item in items:
        if one := judge.requirement(item):
            item.extra_keyword_matches.add(one.id)
    options = read_options(getter(config))
    for prefix in options.only:
        if not prefix or not any(one.id.startswith(prefix) for one in judge.catalogue):
            judge.refused = no_such_id(prefix)
    left_out = [item for item in items if (one := judge.requirement(item)) and not options.wants(one)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the scenarios that the selected checks need, side by side."""
    judge = session.config.stash.get(STATE, None)
    if judge is None or session.config.option.collectonly or spreading.is_worker(session.config):
        return
    options = read_options(getter(session.config))
    with suppress(OSError):  # what cannot be written is told when it is tried
        remove(options.reports, recording=options.recording is None)
    if judge.refused:
        _end(session.config, judge.refused, EXIT_USAGE)
    if session.testsfailed:
        _end(session.config, "A suite cannot be read, which is a fault of ours.", EXIT_CODES["harness fault"])
    from conformance.beginning import Asked, begin  # noqa: PLC0415 - httpx and the server are not needed to collect

    names: set[str] = set()
    for item in session.items:
        names.update(getattr(item, "fixturenames", ()))
    scenarios = [name for name in SCENARIOS if name in names or "history" in names]
    selected = [one.id for item in session.items if (one := judge.requirement(item))]
    if not selected:
        if session.items:
            return  # tests of somebody else, to whom ours were added
        _end(session.config, "No requirement is chosen, so that there is nothing to judge.", EXIT_USAGE)
    try:
        told = session.config.pluginmanager.has_plugin("terminalreporter")
        brief = any(ended.brief for ended in _callers(session.config))
        asked = Asked(
            getter(session.config),
            judge.catalogue,
            tuple(scenarios),
            tuple(selected),
            quiet=told,
            brief=brief,
        )
        judge.running = begin(asked, judge.stack)
        for ended in _callers(session.config):
            ended.break_off = judge.running.break_off
        judge.running.start(asked.scenarios)  # only now: what is interrupted from here on leaves its reports
    except UsageError as error:
        _end(session.config, str(error), EXIT_USAGE)
    except NotStarted as error:
        _end(session.config, str(error), EXIT_CODES["harness fault"])


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Show why a suite cannot be read, also where pytest's own reporter is left out."""
    if report.failed:
        sys.stderr.write(f"{report.nodeid}: {report.longreprtext}\n")


def _end(config: pytest.Config, why: str, code: int) -> NoReturn:
    """End the session before it began, with a sentence about why."""
    if not config.pluginmanager.has_plugin("terminalreporter"):
        sys.stderr.write(why + "\n")  # pytest's reporter would have said it
    _tell(config, code)
    pytest.exit(why, returncode=code)


def _tell(config: pytest.Config, code: int) -> None:
    for ended in _callers(config):
        ended.exit_code = code


def _callers(config: pytest.Config) -> list[Ended]:
    return [plugin for plugin in config.pluginmanager.get_plugins() if isinstance(plugin, Ended)]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave a requirement untested when a key that it needs is missing."""
    judge = item.config.stash.get(STATE, None)
    one = judge.requirement(item) if judge else None
    if judge and one:
        missing = [name for name in one.needs if name not in judge.running.keys]
        if missing:
            raise Untested(missing)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn what became of a check into a result, and mask what pytest would print of it."""
    judge = item.config.stash.get(STATE, None)
    one = judge.requirement(item) if judge else None
    if judge is None or one is None or judge.running is None:
        return (yield)
    with judge.running.turn() if call.excinfo else nullcontext():  # pytest reads sources with ast, too
        report = yield
    if call.when == "call" or (call.excinfo is not None and call.when == "setup"):
        strict = judge.running.session.options.strict
        result = replace(_result(one, call.excinfo, item, judge.notes), strict=strict)
        _report_as(report, result, item)
        about = [("requirement", result.id), ("level", result.level), ("result", result.result)]
        report.user_properties += about
        item.user_properties += about  # pytest's own --junitxml reads them from the report of the teardown
        judge.running.take(result, [value for name, value in report.user_properties if name == "observation"])
    if report.longrepr is not None:
        report.longrepr = _masked(report.longrepr, judge.running.mask)
    report.sections = [(name, judge.running.mask(text)) for name, text in report.sections]
    return report


def _result(
    one: Requirement, excinfo: pytest.ExceptionInfo[BaseException] | None, item: pytest.Item, notes: Notes
) -> Result:
    looked_at = notes.drain()
    scenarios = tuple(name for name in getattr(item, "fixturenames", ()) if name in SCENARIOS)
    error = excinfo.value if excinfo else None
    if error is None:
        return Result(one.id, one.level, one.title, "pass", evidence=looked_at, scenarios=scenarios)
    kind: ResultKind = next((kind for type_, kind in OUTCOMES.items() if isinstance(error, type_)), "error")
    told = f"{type(error).__name__}: {error}" if kind == "error" else str(error)
    return Result(
        one.id,
        one.level,
        one.title,
        kind,
        told,
        evidence=error.evidence if isinstance(error, Violation) else looked_at,
        at=error.at if isinstance(error, Violation) else None,
        scenarios=scenarios,
        cases=error.cases if isinstance(error, Violation) else (),
        no_answer=isinstance(error, NoAnswer) or (isinstance(error, Violation) and error.cut_off),
    )


def _report_as(report: pytest.TestReport, result: Result, item: pytest.Item) -> None:
    """Untested and inconclusive checks are skips to pytest, a warning is an expected failure."""
    if result.result in {"untested", "inconclusive"}:
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1] or 0, f"{result.result}: {result.reason}")
    elif result.is_warning:
        report.outcome = "skipped"
        report.wasxfail = f"{result.level}: {result.reason}"


def _masked(longrepr: object, mask: Callable[[str], str]) -> Any:
    if isinstance(longrepr, tuple):
        return tuple(mask(part) if isinstance(part, str) else part for part in longrepr)
    return mask(str(longrepr))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Decide, write the reports, and make the verdict the exit code."""
    judge = session.config.stash.get(STATE, None)
    if judge is None:
        return
    if judge.running is None:
        judge.stack.close()
        return
    if exitstatus in {pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR}:
        judge.running.break_off("the run was interrupted")
    for ended in _callers(session.config):
        ended.writing = True
    with judge.stack:
        session.exitstatus = judge.finish()
    _tell(session.config, int(session.exitstatus))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """In plain pytest, print the verdict below pytest's own summary."""
    judge = config.stash.get(STATE, None)
    if judge is not None and judge.running is not None:
        for line in judge.running.lines():
            terminalreporter.write_line(line)


def getter(config: pytest.Config) -> Getter:
    """Gives the value of an option by its flag."""
    return lambda flag: config.getoption(BY_FLAG[flag].name)


def suites() -> Path:
    """Where the suites are."""
    return Path(__file__).resolve().parent / "suites"
