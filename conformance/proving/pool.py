"""Tries many cases side by side, a process each."""

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from itertools import cycle, islice
from multiprocessing.queues import SimpleQueue
from tempfile import TemporaryDirectory

from conformance.proving.cases import Case, Trial
from conformance.proving.trial import Settings, attempt
from conformance.scratch import use_scratch

PER_CORE = 2  # a trial waits for half of its time; with more at once, some miss their moment


def processes() -> int:
    """How many trials go on at once unless the user says otherwise."""
    return PER_CORE * (os.cpu_count() or 1)


@contextmanager
def trial_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes for trials.

    Whoever breaks off leaves none behind: those at work are killed, for they would try on by themselves.
    """
    use_scratch()  # of this process, for its children end without cleaning up
    context = multiprocessing.get_context("spawn")
    cores: SimpleQueue[int] = context.SimpleQueue()
    for core in islice(cycle(_cores()), workers):
        cores.put(core)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare, initargs=(cores,)) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            _kill_all()
            raise


def try_all(cases: Sequence[Case], settings: Settings, workers: int) -> Iterator[Trial]:
    """Yield the trials as they come.

    A process that dies takes all that are under way with it: they are tried once more by new ones, and are crashes of
    their cases when one of those dies, too.
    """
    with TemporaryDirectory(prefix="prove-", ignore_cleanup_errors=True) as scratch:
        given = replace(settings, scratch=scratch)
        lost: list[Case] = []
        for case, future in _attempts(cases, given, workers):
            if isinstance(future.exception(), BrokenProcessPool):
                lost.append(case)
            else:
                yield future.result()
        for case, future in _attempts(lost, given, workers):
            yield _outcome(future, case)


def _attempts(
    cases: Sequence[Case], settings: Settings, workers: int
) -> Iterator[tuple[Case, Future[Trial]]]:
    """The cases with what became of them, as they come."""
    with trial_pool(min(workers, len(cases)) or 1) as pool:
        futures = {pool.submit(attempt, case.name, settings): case for case in cases}
        for future in as_completed(futures):
            if isinstance(future.exception(), BrokenProcessPool):
                _kill_all()
            yield futures[future], future


def _kill_all() -> None:
    """End the processes at once: asked politely, a trial finishes, and then waits for what a dead one has locked."""
    for process in multiprocessing.active_children():
        process.kill()


def _outcome(future: Future[Trial], case: Case) -> Trial:
    try:
        return future.result()
    except BrokenProcessPool as error:
        return Trial(case.name, "crashed", crash=f"its process died: {error}")


def _cores() -> list[int]:
    """What this process may compute on; none where the system does not let it choose."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []


def _prepare(cores: SimpleQueue[int]) -> None:
    """Stay on one core, and import what trials need before the first of them freezes what is there (``run_suites``).

    Client and server are threads of one interpreter. On two cores they would hand its lock to and fro, which
    costs half as much again as what they do with it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever breaks off ends them
    if not cores.empty():
        os.sched_setaffinity(0, {cores.get()})
    for name in ("properties.generated", "properties.wire", "scenarios.sequences"):
        import_module(f"conformance.{name}")
