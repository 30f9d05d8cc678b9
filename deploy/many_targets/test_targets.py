"""Judges each target of dify-conformance.toml in a test of its own: ``pytest -n 8 deploy/many_targets``.

Copy it to where your dify-conformance.toml is. Reports go to reports/NAME/; CONFORMANCE_OPTIONS goes to each run.
"""

import os
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import quote

import pytest

TARGETS = tomllib.loads(Path("dify-conformance.toml").read_text("utf-8"))["target"]
assert TARGETS, "a file without targets would pass, having judged nothing"


@pytest.mark.parametrize("name", TARGETS)
def test_target(name: str) -> None:
    """The target is conformant."""
    reports = Path("reports") / quote(name, safe="")
    options = shlex.split(os.environ.get("CONFORMANCE_OPTIONS", ""))
    done = subprocess.run(
        [sys.executable, "-m", "conformance", "run", "--target", name, "--reports", reports, *options],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
