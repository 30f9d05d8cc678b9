"""Tries many cases side by side, a process each."""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from conformance.proving.cases import Case, Trial
from conformance.proving.trial import Settings, attempt
from conformance.scratch import use_scratch

PER_CORE = 3  # a trial waits for most of its time


def processes() -> int:
    """How many trials go on at once unless the user says otherwise."""
    return PER_CORE * (os.cpu_count() or 1)


def try_all(cases: Sequence[Case], settings: Settings, workers: int) -> Iterator[Trial]:
    """Yield the trials as they come; a process that dies is a crash of its case."""
    use_scratch()  # of this process, for its children end without cleaning up
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(cases)) or 1, mp_context=context) as pool:
        futures = {pool.submit(attempt, case.name, settings): case for case in cases}
        for future in as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool as error:
                yield Trial(futures[future].name, "crashed", crash=f"its process died: {error}")
