"""Tries the suite on one case: serves it, judges it as anybody would, and compares."""

import contextlib
import io
import json
import os
import tempfile
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from conformance.commands.run import run_suites
from conformance.folder import VERDICT
from conformance.proving.cases import Case, Trial, all_cases, at_effort, judge
from conformance.reference import serve
from conformance.requirements import load_catalogue

# Long enough that a run outlives its stop on a busy machine, short enough for hundreds of trials: 3 s for a
# run that nobody stops, 0.3 s for the tenth of it that the suite asks for where it waits for a natural end.
ROUND_SECONDS = 0.05
ROUNDS = 20
SETTINGS = """
[target.trial]
base_url = "{url}"

[target.trial.deadlines]
answer = 4.0
first_event = 4.0
stop = 2.0
grace = 0.5
detail = 1.0
silence = 8.0
run = 15.0

[target.trial.limits]
concurrency = 24
"""


@dataclass(frozen=True, slots=True)
class Settings:
    """How hard the suite tries, by which deadlines (TOML), and below which directory it keeps what it needs."""

    effort: str = "standard"
    table: str = SETTINGS
    scratch: str | None = None


def attempt(name: str, settings: Settings) -> Trial:
    """Judge the case of that name in this process; meant for a process that does nothing else."""
    return judge_case(_cases(settings.effort)[name], settings)


@cache
def _cases(effort: str) -> Mapping[str, Case]:
    """The cases as they are tried; the same for all trials of a process."""
    return at_effort(all_cases(), load_catalogue(), effort)


def judge_case(case: Case, settings: Settings, *more: str) -> Trial:
    """Judge a case in this process, with ``more`` options, and compare."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="prove-", dir=settings.scratch) as folder:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            code = run_case(case, Path(folder), settings, *more)
        path = Path(folder) / VERDICT
        if not path.exists():
            crash = f"the suite left no verdict (exit code {code}): {printed.getvalue()[-2000:]}"
            return Trial(case.name, "crashed", missed=tuple(sorted(case.ids)), crash=crash)
        verdict = json.loads(path.read_text("utf-8"))
    return judge(case, verdict, time.monotonic() - began)


def run_case(case: Case, folder: Path, settings: Settings, *more: str) -> int:
    """Serve the case and judge it, with ``more`` options; the exit code. The reports are left in the folder."""
    pace: dict[str, Any] = {"round_seconds": ROUND_SECONDS, "rounds": ROUNDS}
    pace |= getattr(case.make, "pace", {})
    with serve(case.make(**pace)) as server:
        file = folder / "trial.toml"
        table = getattr(case.make, "settings", settings.table).format(url=server.base_url)
        tomllib.loads(table)
        file.write_text(table, "utf-8")
        os.environ.update(server.keys)
        options = ["--config", str(file), "--target", "trial", "--reports", str(folder)]
        return run_suites([*options, "--effort", case.effort, *more], brief=True)
