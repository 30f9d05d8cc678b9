"""Unusual ids of runs and tasks."""

import secrets
import string
import time
from uuid import uuid4

from conformance.reference import Reference, Run
from conformance.reference.variants.marking import unusual


class _Ids(Reference):
    """Gives its runs other ids."""

    def on_start(self, run: Run) -> None:
        run.id, run.task_id = self.new_id(), self.new_id()
        self.runs.add(run)

    def new_id(self) -> str:
        raise NotImplementedError


@unusual()
class IdsInCapitals(_Ids):
    """Writes its UUIDs in capitals."""

    def new_id(self) -> str:
        return str(uuid4()).upper()


@unusual(opens=("stop.lifecycle.letter-case",))
class IdsAreNumbers(_Ids):
    """Counts its runs, beginning with large numbers."""

    def new_id(self) -> str:
        return str(7_000_000_000_000 + secrets.randbelow(10**12))


@unusual()
class IdsAreShort(_Ids):
    """Has ids of six letters."""

    def new_id(self) -> str:
        return "".join(secrets.choice(string.ascii_lowercase) for _ in range(6))


@unusual()
class IdsAreUlids(_Ids):
    """Has ULIDs for ids, whose beginnings are alike."""

    def new_id(self) -> str:
        alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
        moment = int(time.time() * 1000)
        head = "".join(alphabet[(moment >> shift) & 31] for shift in range(45, -5, -5))
        return head + "".join(secrets.choice(alphabet) for _ in range(16))


@unusual()
class IdsNeedEscapes(_Ids):
    """Has ids with characters that a path must escape."""

    def new_id(self) -> str:
        return f"task:{secrets.token_hex(4)}+ä%41@x y"


@unusual(opens=("stop.lifecycle.run-id",))
class TaskIdIsRunId(Reference):
    """Gives a run one id for both."""

    def on_start(self, run: Run) -> None:
        run.task_id = run.id
        self.runs.add(run)
