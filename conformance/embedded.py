"""The embedded reference server: a process of its own, as any other target is."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

ROUND = 0.04  # seconds; a run that nobody stops takes sixty
STREAMS = 24  # at once; it has no ten connections to share


class NotStarted(Exception):
    """The server does not run; the text says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where it listens, and the keys of its apps by the names of their variables."""

    base_url: str
    keys: Mapping[str, str]


class Embedded:
    """The server from its start; a context manager that ends it."""

    def __init__(self) -> None:
        """Start it, and go on without waiting for it; raises NotStarted where there can be no such process."""
        package = Path(__file__).resolve().parent.parent
        paths = [str(package), *filter(None, [os.environ.get("PYTHONPATH")])]
        caching = {"PYTHONDONTWRITEBYTECODE": "1"} if sys.dont_write_bytecode else {}
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "conformance.reference", str(ROUND)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)} | caching,
            )
        except OSError as error:
            raise NotStarted(_not_started(str(error))) from error

    def address(self) -> Address:
        """Where it listens, once it does; raises NotStarted when it ends instead."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise NotStarted(_not_started(f"its process ended with exit code {self._process.wait()}"))
        return Address(**json.loads(line))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()  # it keeps nothing that would be lost
        self._process.communicate()


def _not_started(why: str) -> str:
    return f"The embedded reference server could not be started: {why}. Name a target with --base-url."
