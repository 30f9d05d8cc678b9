"""Judges servers that are right again and again, with one seed after another: ``python -m tests.benchmarks.soak``.

A false alarm, or something left open, is told with its server and seed, and is the exit code 1. ``--only reference``
with ``--seeds 50`` shows that runs in a row have no flake; without ``--only`` all variants are tried.
"""

import argparse
import signal
import time
from collections.abc import Sequence
from concurrent.futures import as_completed
from dataclasses import replace
from typing import cast

from conformance.effort import EFFORTS, Level
from conformance.proving.cases import Trial, all_cases
from conformance.proving.pool import processes, trial_pool
from conformance.proving.trial import Settings, judge_case


def judged(name: str, effort: Level, seed: int) -> Trial:
    """What became of that server, judged with that effort and seed."""
    case = replace(all_cases()[name], effort=effort)
    return judge_case(case, Settings(), "--seed", str(seed))


def right_servers(beginnings: Sequence[str]) -> list[str]:
    """The names of the variants, and of the reference itself, that begin so."""
    return [
        case.name
        for case in all_cases().values()
        if case.kind == "variant" and case.name.startswith(tuple(beginnings) or "")
    ]


def main() -> int:
    """Tell of each alarm, and how many servers were judged; 1 where one was accused."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--effort", choices=EFFORTS, default="standard")
    asked.add_argument("--seeds", type=int, default=20, help="0 to one less than that many")
    asked.add_argument("--only", action="append", default=[], metavar="NAME", help="servers that begin so")
    asked.add_argument("-n", "--processes", type=int, default=processes())
    options = asked.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that no process of the pool is left behind
    names, began, bad = right_servers(options.only), time.monotonic(), 0
    with trial_pool(options.processes) as pool:
        jobs = {
            pool.submit(judged, name, cast("Level", options.effort), seed): (name, seed)
            for seed in range(options.seeds)
            for name in names
        }
        for job in as_completed(jobs):
            trial = job.result()
            if not trial.good:
                bad += 1
                name, seed = jobs[job]
                print(
                    f"{name}, seed {seed}: {trial.outcome}: {trial.crash or dict(trial.found) or trial.open}"
                )
    seconds = time.monotonic() - began
    print(
        f"{len(jobs)} runs of {len(names)} servers at {options.effort} effort in {seconds:.0f} s: {bad} bad"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
