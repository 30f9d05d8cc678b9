"""Faults by which the user of a stop is no longer the user of its run."""

import re
import unicodedata
from typing import Any
from urllib.parse import unquote, unquote_plus

from conformance.reference import App, Reference, Request, Run
from conformance.reference.faults.marking import breaks


class _Rewrites(Reference):
    """Writes the user of a stop in another way than that of a run."""

    def rewritten(self, user: str) -> str:
        raise NotImplementedError

    def may_stop(self, run: Run, app: App, user: str) -> bool:
        return super().may_stop(run, app, self.rewritten(user))


@breaks("stop.lifecycle.any-user", like="langgenius/dify#2254")
class LosesUsersOutsideAscii(_Rewrites):
    """Compares the user of a stop in another form than that of the run."""

    def rewritten(self, user: str) -> str:
        return user.encode("ascii", "replace").decode()


@breaks("stop.lifecycle.any-user")
class CutsLongUsers(_Rewrites):
    """Cuts the user of a stop to 128 characters, but not that of a run."""

    def rewritten(self, user: str) -> str:
        return user[:128]


@breaks("stop.lifecycle.any-user")
class EscapesQuotes(_Rewrites):
    """Escapes quotes in the user of a stop."""

    def rewritten(self, user: str) -> str:
        return user.replace("'", "''")


@breaks("stop.lifecycle.any-user")
class CutsUsersAtTheAt(_Rewrites):
    """Takes of a mail address only what stands before the `@`."""

    def rewritten(self, user: str) -> str:
        return user.partition("@")[0]


@breaks("stop.lifecycle.any-user")
class CutsUsersAtTheColon(_Rewrites):
    """Splits its keys at colons, those in users, too."""

    def rewritten(self, user: str) -> str:
        return user.partition(":")[0]


@breaks("stop.lifecycle.any-user")
class TakesUsersForPaths(_Rewrites):
    """Keeps of a user only what follows the last slash."""

    def rewritten(self, user: str) -> str:
        return user.rpartition("/")[2]


@breaks("stop.lifecycle.any-user")
class DecodesUsers(_Rewrites):
    """Decodes percent signs in the user of a stop."""

    def rewritten(self, user: str) -> str:
        return unquote(user)


@breaks("stop.lifecycle.any-user")
class TakesPlusForABlank(_Rewrites):
    """Reads a plus in the user of a stop as a blank."""

    def rewritten(self, user: str) -> str:
        return unquote_plus(user.replace("%", "%25"))


@breaks("stop.lifecycle.any-user")
class ComposesUsers(_Rewrites):
    """Brings the user of a stop into the composed form of Unicode, but not that of a run."""

    def rewritten(self, user: str) -> str:
        return unicodedata.normalize("NFC", user)


@breaks("stop.lifecycle.any-user")
class CountsUsers(_Rewrites):
    """Makes a number of a user who is all digits, and loses the zeros before it."""

    def rewritten(self, user: str) -> str:
        return str(int(user)) if user.isdecimal() else user


@breaks("stop.lifecycle.any-user")
class TrimsUsers(_Rewrites):
    """Takes blanks off the end of the user of a stop."""

    def rewritten(self, user: str) -> str:
        return user.rstrip(" ")


class _Forgets(Reference):
    """Finds the runs of everybody but of some users, whose stops are acknowledged nonetheless."""

    def overlooks(self, user: str) -> bool:
        raise NotImplementedError

    def may_stop(self, run: Run, app: App, user: str) -> bool:
        return super().may_stop(run, app, user) and not self.overlooks(user)


@breaks("stop.lifecycle.any-user")
class TakesUuidsForIds(_Forgets):
    """Takes a user whose name is a UUID for one of its own ids, of which it has no such."""

    def overlooks(self, user: str) -> bool:
        return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", user) is not None


@breaks("stop.lifecycle.any-user")
class ShortNamesAreNoNames(_Forgets):
    """Does not find the runs of users whose names are too short for its index."""

    def overlooks(self, user: str) -> bool:
        return len(user) < 3


@breaks("stop.lifecycle.any-user")
class ResolvesEntities(Reference):
    """Resolves character references in the user of a stop."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        user = super().read_user(request, body)
        return user.replace("&amp;", "&") if request.operation == "stop" else user


@breaks("stop.lifecycle.any-user")
class UsersEndWithTheirLine(Reference):
    """Takes the first line of the user of a stop, whatever ends it."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        user = super().read_user(request, body)
        return user.splitlines()[0] if request.operation == "stop" else user
