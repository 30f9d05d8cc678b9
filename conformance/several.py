"""Several targets side by side: a process each with its own reports, one table, and the worst exit code."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import quote

from conformance.exchange import Json
from conformance.folder import OUTPUT, TABLE, VERDICT
from conformance.report.console import Console
from conformance.report.text import MARKS
from conformance.signals import endings
from conformance.verdict import Result

BY_GRAVITY = (0, 3, 1, 4, 2)  # a failure outweighs what is open, and who was not asked outweighs both


@dataclass(frozen=True)
class Judged:
    """What came of one target; ``verdict`` is empty where there is none."""

    name: str
    exit_code: int
    reports: Path
    verdict: Mapping[str, Json]

    @property
    def results(self) -> dict[str, str]:
        """The result of each requirement."""
        return {line["id"]: line["result"] for line in self.verdict.get("requirements", ())}

    @property
    def marks(self) -> dict[str, str]:
        """How each result is shown."""
        strict = self.verdict.get("strict", False)  # earlier editions did not say
        lines = self.verdict.get("requirements", ())
        results = (Result(x["id"], x["level"], x["title"], x["result"], strict=strict) for x in lines)
        return {result.id: MARKS[result.told] for result in results}

    @property
    def told(self) -> str:
        """The outcome in a line."""
        if not self.verdict:
            return (self.reports / OUTPUT).read_text("utf-8", "replace").strip().rpartition("\n")[2]
        return f"{self.verdict['outcome']}: {self.verdict['summary']}"


def judge_all(names: Sequence[str], asked: Sequence[str], reports: Path, console: Console) -> list[Judged]:
    """Judge the targets of these names at the same time, each with the same options of ``run``."""
    running: list[tuple[str, Path, subprocess.Popen[bytes]]] = []
    for name in names:
        folder = reports / quote(name, safe="").replace(".", "%2E")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / VERDICT).unlink(missing_ok=True)
        running.append((name, folder, _start(name, folder, asked)))
    _leave_signals_to([process for _, _, process in running])
    console.watch(
        lambda: "waiting for " + ", ".join(name for name, _, process in running if process.poll() is None)
    )
    return [_ended(name, folder, process) for name, folder, process in running]


def worst(judged: Iterable[Judged]) -> int:
    """The gravest of the exit codes."""
    codes = [one.exit_code if one.exit_code in BY_GRAVITY else 4 for one in judged]
    return max(codes, key=BY_GRAVITY.index)


def table(judged: Sequence[Judged]) -> Iterator[str]:
    """Requirements by targets, line by line, and the outcome of each."""
    shown = [one.marks for one in judged]
    ids = list(dict.fromkeys(id_ for marks in shown for id_ in marks))
    first = max(map(len, ids), default=0)
    widths = [max(len(one.name), 5) for one in judged]
    yield _row("", [one.name for one in judged], first, widths)
    for id_ in ids:
        yield _row(id_, [marks.get(id_, "-") for marks in shown], first, widths)
    yield ""
    for one in judged:
        yield f"{one.name}: {one.told} (reports in {one.reports}/)"


def write_table(judged: Sequence[Judged], reports: Path) -> None:
    """Write the same for programs."""
    targets = {
        one.name: {
            "outcome": one.verdict.get("outcome"),
            "exit_code": one.exit_code,
            "reports": str(one.reports),
            "results": one.results,
        }
        for one in judged
    }
    told = {"exit_code": worst(judged), "targets": targets}
    (reports / TABLE).write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _start(name: str, folder: Path, asked: Sequence[str]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "conformance", "run", "--target", name, "--reports", str(folder), *asked]
    with (folder / OUTPUT).open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)  # noqa: S603 - ourselves


def _leave_signals_to(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    """Let the targets end in order when the user interrupts: a terminal tells them itself, others tell us."""

    def tell(number: int, _: FrameType | None) -> None:
        for process in processes:
            if process.poll() is None:
                process.send_signal(number)

    told_by_itself = sys.stdin.isatty()
    for number in endings():
        signal.signal(number, signal.SIG_IGN if told_by_itself and number != signal.SIGTERM else tell)


def _ended(name: str, folder: Path, process: "subprocess.Popen[bytes]") -> Judged:
    code = process.wait()
    path = folder / VERDICT
    verdict = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return Judged(name, code, folder, verdict)


def _row(head: str, cells: Sequence[str], first: int, widths: Sequence[int]) -> str:
    line = "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"{head:<{first}}  {line}".rstrip()
