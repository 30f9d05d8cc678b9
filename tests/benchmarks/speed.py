"""What a run costs, beside ``schemathesis run`` on the same document, server and machine: ``python -m tests.benchmarks.speed``.

Prints a table of medians and writes ``speed.json``. The two take turns, so that a busy moment hits both. With
``--rates`` it also counts how many specimens ``schemathesis run`` tells from the reference.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from conformance.embedded import ROUND
from conformance.reference import Reference, Request, Response, Server, serve
from conformance.reference.faults import specimens
from conformance.resources import specs_dir
from tests.benchmarks.lifecycle import EndsTwoSecondsLater
from tests.commandline import MEASURING

SECONDS = 300
TIMES = 5


class _Noting:
    """Notes when the first request came, and how many did."""

    first: float | None = None
    requests = 0

    def exchange(self, request: Request) -> Response:
        if self.first is None:
            self.first = time.monotonic()
        self.requests += 1
        answer: Response = super().exchange(request)  # type: ignore[misc]
        return answer


class Instant(_Noting, Reference):
    """Stops at once."""


class Slow(_Noting, EndsTwoSecondsLater):
    """Tells the end of a run two seconds later."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost: seconds, requests, and memory at its peak in MB."""

    wall: float
    cpu: float
    first_request: float
    requests: int
    memory: float


Words = Callable[[Server, str], Sequence[str]]


def suite(effort: str) -> Words:
    """The command line of the suite at an effort."""

    def words(server: Server, folder: str) -> Sequence[str]:
        asked = ("run", "--base-url", server.base_url, "--effort", effort, "--concurrency", "24")
        return sys.executable, "-m", "conformance", *asked, "--reports", folder

    return words


def peer(server: Server, _folder: str) -> Sequence[str]:
    """The command line of schemathesis with its defaults."""
    key = server.keys["DIFY_API_KEY"]
    document = str(specs_dir() / "stop-workflow-task.openapi.yaml")
    program = str(Path(sys.executable).with_name("schemathesis"))
    return program, "run", document, "--url", server.base_url, "-H", f"Authorization: Bearer {key}"


def thorough_peer(server: Server, folder: str) -> Sequence[str]:
    """The same, told not to end at the first failures, which it finds on a server that is right, too."""
    return *peer(server, folder), "--continue-on-failure"


def cost(make: type[Reference], words: Words) -> Cost:
    """Run a command against a server of its own, which does not count."""
    reference = make(round_seconds=ROUND)
    with tempfile.TemporaryDirectory() as folder, serve(reference) as server:
        used = Path(folder, "used")
        began = time.monotonic()
        subprocess.run(
            [*MEASURING, str(used), *words(server, folder)],
            cwd=folder,
            env={**os.environ, **server.keys, "PYTHONPATH": str(Path.cwd())},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
        wall = time.monotonic() - began
        cpu, memory = json.loads(used.read_text("ascii"))
    first = getattr(reference, "first", None) or began
    requests = getattr(reference, "requests", 0)
    return Cost(wall, cpu, first - began, requests, memory)


def medians(costs: Sequence[Cost]) -> dict[str, float]:
    """The median of each figure."""
    lines = [asdict(one) for one in costs]
    return {name: round(median(line[name] for line in lines), 2) for name in lines[0]}


def measure(times: int) -> dict[str, dict[str, float]]:
    """Everything, so many times, one after another."""
    cases: Mapping[str, tuple[type[Reference], Words]] = {
        "quick": (Instant, suite("quick")),
        "standard": (Instant, suite("standard")),
        "schemathesis run": (Instant, peer),
        "schemathesis run --continue-on-failure": (Instant, thorough_peer),
        "thorough": (Instant, suite("thorough")),
        "quick, stops take 2 s": (Slow, suite("quick")),
        "standard, stops take 2 s": (Slow, suite("standard")),
    }
    found: dict[str, list[Cost]] = {name: [] for name in cases}
    for turn in range(times):
        for name, (make, words) in cases.items():
            found[name].append(cost(make, words))
            print(f"{turn + 1} of {times}: {name}: {found[name][-1].wall:.1f} s", file=sys.stderr)
    return {name: medians(costs) for name, costs in found.items()}


def kinds(make: type[Reference]) -> frozenset[tuple[str, str]]:
    """Which kinds of failures, with which status, ``schemathesis run`` finds on a server when it goes on after each."""
    pace: dict[str, Any] = {"round_seconds": ROUND} | dict(getattr(make, "pace", {}))
    with tempfile.TemporaryDirectory() as folder, serve(make(**pace)) as server:
        done = subprocess.run(
            thorough_peer(server, folder),
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
    return frozenset(re.findall(r"^- (ST\d+ .*)$(?:\n\n +Received: (\d+))?", done.stdout, re.MULTILINE))


def rates() -> dict[str, int]:
    """How many specimens have failures of a kind that the reference has not."""
    known = kinds(Reference)
    with ThreadPoolExecutor(os.cpu_count()) as several:
        found = several.map(kinds, (one.make for one in specimens().values()))
        told = [one for one in found if one - known]
    return {"specimens": len(specimens()), "told from the reference": len(told)}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--rates", action="store_true")
    parser.add_argument("--json", type=Path, default=Path("reports/speed.json"))
    asked = parser.parse_args()
    found = measure(asked.times) if asked.times else {}
    print("| | wall s | CPU s | first request s | requests | MB |\n|---|---|---|---|---|---|")
    for name, figures in found.items():
        print(f"| {name} | " + " | ".join(f"{value:g}" for value in figures.values()) + " |")
    seen = rates() if asked.rates else {}
    if seen:
        print(", ".join(f"{name}: {number}" for name, number in seen.items()))
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps({"medians": found, "rates": seen}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
