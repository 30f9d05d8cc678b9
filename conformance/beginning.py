"""Opens what a session is about, a target or a recording, before anything is asked."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import get_args

from conformance.baseline import NOTHING_KNOWN, Baseline, check_writable, load_baseline
from conformance.contract import Contract, DocumentError, load_contract
from conformance.embedded import STREAMS, Address, Embedded, NotStarted
from conformance.folder import RECORDING, unwritable
from conformance.judge import Replay, interruption, recorded_target
from conformance.options import Getter, Options, read_options, target_of
from conformance.profiles import AUTO, NONE, load_profile
from conformance.recording import RecordingError, Writer, read_recording
from conformance.report.console import Console
from conformance.requirements import Catalogue
from conformance.running import Running
from conformance.scenarios import CLOSING, PLAIN, REACH, SCENARIOS
from conformance.session import Session, header
from conformance.target import Target, UsageError
from conformance.verdict import Outcome, ResultKind

LIVE = ("--base-url", "--target", "--config")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a session is to do: its options, the scenarios it needs, the requirements it judges."""

    get: Getter
    catalogue: Catalogue
    scenarios: tuple[str, ...]
    selected: tuple[str, ...]
    quiet: bool = False
    brief: bool = False


def begin(asked: Asked, stack: ExitStack) -> Running:
    """Open the target for a session, which is then to be started; raises UsageError, NotStarted."""
    options = _chosen(read_options(asked.get), asked)
    if options.recording and (asked_too := [flag for flag in LIVE if asked.get(flag)]):
        raise UsageError(
            f"With --recording nothing is sent, and {asked_too[0]} says whom to ask. Leave one of them out."
        )
    expected = None if options.recording else _expected(asked.get, stack)
    try:
        contract = load_contract(options.spec)
        if options.spec:
            contract.compile()
    except DocumentError as error:
        raise UsageError(str(error)) from error
    known = _known(options, asked.catalogue)
    if expected is None:
        return _again(asked, options, contract, known)
    from conformance.scenarios.director import Director  # noqa: PLC0415 - a recording needs none

    told = (f"{one.id} {one.title}" for one in asked.catalogue)
    target = expected().among(contract.words, *get_args(ResultKind), *get_args(Outcome), *told)
    writer = stack.enter_context(_writer(options))
    names = {*asked.scenarios, REACH.name, PLAIN.name, CLOSING.name}
    most = min(target.limits.max_requests, sum(SCENARIOS[name].most(options.trying) for name in names))
    target = replace(target, limits=replace(target.limits, max_requests=most))
    director = Director(target, contract, writer, options.trying)
    session = Session(
        target, contract, asked.catalogue, options, director, selected=asked.selected, baseline=known
    )
    head = header(session)
    writer.header(head)
    if writer.failed:
        raise NotStarted(unwritable(options.reports, writer.failed))
    console = None if asked.quiet else Console(sys.stdout)
    if console:
        console.begin(session)
        stack.callback(console.rest)
    stack.callback(director.close)
    return Running(session, director, head, writer, console, asked.brief)


def _chosen(options: Options, asked: Asked) -> Options:
    """The options with what pytest itself left out (``-k``, a single file) left out by ``--only``."""
    wanted = {one.id for one in asked.catalogue if options.wants(one)}
    return options if wanted <= set(asked.selected) else replace(options, only=asked.selected)


def _known(options: Options, catalogue: Catalogue) -> Baseline:
    """The baseline that was given, once all that goes with it can be used; raises UsageError."""
    if options.profile not in {AUTO, NONE}:
        load_profile(options.profile, catalogue)
    if options.write_baseline:
        check_writable(options.write_baseline, options.baseline)
    return load_baseline(options.baseline, catalogue) if options.baseline else NOTHING_KNOWN


def _again(asked: Asked, options: Options, contract: Contract, known: Baseline) -> Running:
    """Judge what was recorded; raises UsageError."""
    assert options.recording is not None
    try:
        recording = read_recording(options.recording)
        target = recorded_target(recording)
        options.reports.mkdir(parents=True, exist_ok=True)
    except (RecordingError, OSError) as error:
        raise UsageError(str(error)) from error
    replay = Replay(recording)
    options = replace(options, given=tuple(recording.header.get("given", ())))
    session = Session(
        target, contract, asked.catalogue, options, replay, selected=asked.selected, baseline=known
    )
    session.interrupted = interruption(recording)
    head = header(session) | {name: recording.header[name] for name in ("started", "effort", "seed")}
    console = None if asked.quiet else Console(sys.stdout)
    if console:
        console.again(session, str(options.recording), str(head["started"]))
    return Running(session, replay, head, console=console, brief=asked.brief)


def _writer(options: Options) -> Writer:
    try:
        return Writer(options.reports / RECORDING)
    except OSError as error:
        raise UsageError(unwritable(options.reports, error)) from error


def _expected(get: Getter, stack: ExitStack) -> Callable[[], Target]:
    """What gives the target that is named, or else the embedded one, which starts meanwhile; raises as `begin`."""
    if named := target_of(get):
        return lambda: named
    embedded = stack.enter_context(Embedded())
    return lambda: _embedded(get, embedded.address())


def _embedded(get: Getter, address: Address) -> Target:
    """The embedded reference server as the target."""
    base = target_of(get, embedded=address.base_url)
    assert base is not None
    limits = base.limits if get("--concurrency") else replace(base.limits, concurrency=STREAMS)
    return replace(base, keys=dict(address.keys), limits=limits, embedded=True)
