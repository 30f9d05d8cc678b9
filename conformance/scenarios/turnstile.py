"""Lets one scenario at a time draw, while the others wait for answers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turnstile:
    """Held by whoever draws, and let go of while a request is under way.

    Hypothesis reads the sources of functions with ``ast``, whose constructors fail in CPython 3.11 when several
    threads are in them ("AST constructor recursion depth mismatch", python/cpython#106905).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder: int | None = None

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Draw, as the only one."""
        self._take()
        try:
            yield
        finally:
            self._give()

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Let others draw meanwhile; nothing to do for whoever does not draw."""
        if self._holder != threading.get_ident():
            yield
            return
        self._give()
        try:
            yield
        finally:
            self._take()

    def _take(self) -> None:
        self._lock.acquire()
        self._holder = threading.get_ident()

    def _give(self) -> None:
        self._holder = None
        self._lock.release()
