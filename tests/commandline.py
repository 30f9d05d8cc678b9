"""Runs the command line in a process of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SECONDS = 120  # for a command that takes five
# A small process in between: what a process used at its peak includes what it was forked from. It writes seconds of
# CPU time and MB into the file that it is given first.
MEASURING = (
    sys.executable,
    "-I",
    "-S",
    "-c",
    """
import os, subprocess, sys, threading
child = subprocess.Popen(sys.argv[2:])
late = threading.Timer(110, child.kill)
late.daemon = True
late.start()
_, status, used = os.wait4(child.pid, 0)
with open(sys.argv[1], "w") as file:
    print([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024], file=file)
sys.exit(os.waitstatus_to_exitcode(status))
""",
)


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that has ended: its exit code, what it printed, where it wrote."""

    code: int
    out: str
    err: str
    reports: Path


def surroundings(**more: str) -> dict[str, str]:
    """The environment without the keys and targets of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DIFY_", "GITHUB_"))}
    return kept | more


def command(*words: str, reports: Path, **environment: str) -> Ran:
    """Run ``dify-conformance`` beside its reports directory."""
    done = subprocess.run(
        [sys.executable, "-m", "conformance", *words],
        env=surroundings(**environment),
        cwd=reports.parent,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr, reports)
