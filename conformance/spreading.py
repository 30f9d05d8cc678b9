"""Refuses to spread the checks of one target over pytest-xdist's workers: each would play all scenarios."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from conformance.verdict import EXIT_USAGE

SUITES = Path(__file__).resolve().parent / "suites"
REFUSED = (
    "The checks of one target look at the same requests, so they cannot be spread over workers (-n). "
    "Leave out -n. To spread many targets, let each test judge one, as deploy/many_targets/test_targets.py does, "
    "or give `dify-conformance run` a --target for each."
)


def is_worker(config: pytest.Config) -> bool:
    """Whether this is a worker of pytest-xdist, which shall judge nothing."""
    return hasattr(config, "workerinput")


def pytest_configure(config: pytest.Config) -> None:
    """End the session at once where it has nothing but the suites."""
    if config.inipath == SUITES / "suites.ini" and config.getoption("numprocesses", None):
        raise pytest.UsageError(REFUSED)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: Sequence[str]) -> None:
    """End the session before a worker runs a check of the suites."""
    root: Path = node.config.rootpath
    if any((root / id_.partition("::")[0]).is_relative_to(SUITES) for id_ in ids):
        pytest.exit(REFUSED, returncode=EXIT_USAGE)
