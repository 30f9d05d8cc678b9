"""Unusual ids of runs and tasks."""

import secrets
import string
import time
from uuid import uuid4

from conformance.reference import App, Reference, Run
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
class IdsEndInAnUnderscore(_Ids):
    """Has ids of letters, digits and signs, the last of which is an underscore, as it is now and then."""

    def new_id(self) -> str:
        return f"{secrets.token_urlsafe(15)}_"


@unusual(opens=("stop.lifecycle.run-id", "stop.lifecycle.letter-case"))
class CountsTasksAndRunsApart(Reference):
    """Counts its runs by one counter and their tasks by another, and lets any user of an app stop them."""

    ahead = 9

    def on_start(self, run: Run) -> None:
        number = 1000 + self.count("runs begun")
        run.id, run.task_id = str(number), str(number + self.ahead)
        self.runs.add(run)

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = self.runs.by_task(task_id)
        return run if run is not None and run.app == app else None


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
