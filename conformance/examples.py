"""The examples that ship with the catalogue: of each requirement, how it looks where it holds and where it does not."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from conformance.resources import specs_dir

FILE = "examples.json"
PLACEHOLDERS = "TASK, RUN, ID and USER stand for what differs from run to run"


@dataclass(frozen=True, slots=True)
class Example:
    """A few lines of one run: what was sent (→), what came back (←), and where it goes wrong (✗).

    ``server`` is the faulty server that it was seen on, empty for an example that holds; ``seen`` is what the
    check said, or observed.
    """

    lines: tuple[str, ...]
    server: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Examples:
    """Both sides of one requirement; None where no server is known that shows that side."""

    passing: Example | None = None
    failing: Example | None = None


@cache
def load_examples() -> Mapping[str, Examples]:
    """The examples by the ids of their requirements."""
    file = specs_dir() / FILE
    table: dict[str, dict[str, Any]] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return {id_: Examples(_example(one.get("pass")), _example(one.get("fail"))) for id_, one in table.items()}


def examples_of(id_: str) -> Examples:
    """The examples of one requirement."""
    return load_examples().get(id_, Examples())


def _example(line: Mapping[str, Any] | None) -> Example | None:
    if line is None:
        return None
    return Example(tuple(line["lines"]), str(line.get("server", "")), str(line.get("seen", "")))
