"""How much longer than its slowest scenario the lifecycle suite takes: ``python -m tests.benchmarks.lifecycle``.

Against the reference server, and against one that tells the end of a run two seconds after a stop. The scenarios
are played side by side, so that the whole is to cost at most 1.5 times its slowest part, given places for all of its
streams (``--concurrency 24``); with the four that a real Dify is asked for, they wait for each other.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from conformance.reference import Event, Reference, Run, serve

MOST = 1.5
SECONDS = 120


class EndsTwoSecondsLater(Reference):
    """Tells the end of a run two seconds after it was stopped."""

    def events(self, run: Run) -> Iterator[Event]:
        for event in super().events(run):
            if event["event"] == "workflow_finished" and run.status == "stopped":
                self.pause(2)
            yield event


def measure(reference: Reference, *arguments: str) -> tuple[float, str, float]:
    """Seconds of the whole session, and name and seconds of its slowest scenario."""
    with tempfile.TemporaryDirectory() as folder, serve(reference) as server:
        command = [
            sys.executable,
            "-m",
            "conformance",
            "run",
            "--base-url",
            server.base_url,
            "--reports",
            folder,
        ]
        environment = {**os.environ, **server.keys}
        subprocess.run(
            [*command, *arguments], env=environment, check=False, capture_output=True, timeout=SECONDS
        )
        whole = json.loads(Path(folder, "verdict.json").read_text("utf-8"))
        lines = map(json.loads, Path(folder, "run.jsonl").read_text("utf-8").splitlines())
        longest = max(
            (line["ended_at"] / 1000, line["scenario"]) for line in lines if line["type"] == "exchange"
        )
    return whole["seconds"], longest[1], longest[0]


def main() -> int:
    """Print a line for each server; 1 where one takes longer than it may."""
    beyond = 0
    for reference in (Reference(), EndsTwoSecondsLater()):
        whole, name, slowest = measure(reference, "--only", "stop.lifecycle", "--concurrency", "24")
        ratio = whole / slowest
        beyond |= ratio > MOST
        told = f"{whole:5.1f} s in all, slowest {name} {slowest:5.1f} s: ratio {ratio:.2f}"
        print(f"{type(reference).__name__:<22} {told} ({'within' if ratio <= MOST else 'beyond'} {MOST})")
    return int(beyond)


if __name__ == "__main__":
    sys.exit(main())
