"""What came of a run of the suites, as tests look at it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Judged:
    """One run of the command line: its exit code, what it printed, where it wrote, how many MB it took."""

    exit_code: int
    output: str
    reports: Path
    memory: float

    @property
    def verdict(self) -> dict[str, Any]:
        """The content of verdict.json."""
        found: dict[str, Any] = json.loads((self.reports / "verdict.json").read_text("utf-8"))
        return found

    @property
    def results(self) -> dict[str, str]:
        """The result of each requirement."""
        return {line["id"]: line["result"] for line in self.verdict["requirements"]}

    @property
    def failed(self) -> set[str]:
        """The requirements that failed."""
        return {id_ for id_, result in self.results.items() if result == "fail"}


Judge = Callable[..., Judged]
