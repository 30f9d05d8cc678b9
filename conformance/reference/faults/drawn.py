"""Faults that only drawn requests bring to light."""

import json
from dataclasses import replace
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Error, HangUp, Reference, Refused, Request
from conformance.reference.answers import INTERNAL, MALFORMED, NO_USER
from conformance.reference.faults.marking import breaks

FORBIDDEN = Error(403, "forbidden", "Access from this program is not allowed.")


@breaks("stop.robust.no-server-error", "stop.user.any-string")
class StumblesOverEmoji(Reference):
    """Answers 500 to a user with a character beyond the first plane."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        user = super().read_user(request, body)
        if any(ord(character) > 0xFFFF for character in user):
            raise Refused(INTERNAL)
        return user


@breaks("stop.robust.long-user")
class HangsOnLongUsers(Reference):
    """Never answers a user of more than 255 characters."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        user = super().read_user(request, body)
        if len(user) > 255:
            self.pause(60)
        return user


@breaks("stop.robust.long-user")
class BreaksOnLongUsers(Reference):
    """Answers 500 to a user of more than 255 characters, as a column of that width does."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        user = super().read_user(request, body)
        if len(user) > 255:
            raise Refused(INTERNAL)
        return user


@breaks("stop.robust.rejects", "stop.robust.lenient")
class TakesWhatFollows(Reference):
    """Reads the first JSON text of a body and ignores what follows it."""

    def parse(self, raw: bytes) -> Any:
        try:
            return json.JSONDecoder().raw_decode(raw.decode("utf-8").strip())[0]
        except (ValueError, RecursionError):
            raise Refused(MALFORMED) from None


@breaks("stop.robust.noise")
class WantsPlainHeaders(Reference):
    """Knows the header Authorization only as it is usually written."""

    def credential(self, request: Request) -> str:
        if request.headers.get("X-Conformance") == "":
            raise Refused(replace(MALFORMED, code="odd"))
        return super().credential(request)


@breaks("stop.robust.charset")
class WantsNoCharset(Reference):
    """Takes the media type only without its charset."""

    def is_json(self, request: Request) -> bool:
        return request.headers.get("Content-Type", "").lower() == "application/json"


@breaks("stop.robust.lenient")
class TakesTrailingCommas(Reference):
    """Reads a comma before the end of an object as if it were not there."""

    def parse(self, raw: bytes) -> Any:
        return super().parse(raw.replace(b",}", b"}"))


@breaks("stop.robust.answers")
class ResetsOnNul(Reference):
    """Cuts the connection when a user has a NUL in it."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        user = super().read_user(request, body)
        if "\x00" in user:
            raise HangUp(reset=True)
        return user


@breaks("stop.robust.odd-bodies")
class TrustsTheCoding(Reference):
    """Answers 500 to a body that only claims to be compressed."""

    def answer(self, request: Request) -> Response:
        coding = request.headers.get("Content-Encoding")
        if coding == "gzip" and not request.get_data().startswith(b"\x1f\x8b"):
            return self.refuse(request, INTERNAL)
        return super().answer(request)


@breaks("stop.robust.odd-bodies")
class FallsIntoDepths(Reference):
    """Ends the connection where its parser of JSON gives up a body that is nested too deep."""

    def parse(self, raw: bytes) -> Any:
        if raw.count(b"[") + raw.count(b'{"') > 990:
            raise HangUp
        return super().parse(raw)


@breaks("stop.robust.odd-bodies")
class OverlooksLongNumbers(Reference):
    """Answers 500 to a number of more than 4,300 digits, which Python refuses to read."""

    def parse(self, raw: bytes) -> Any:
        if b"9" * 4301 in raw:
            raise Refused(INTERNAL)
        return super().parse(raw)


@breaks("stop.robust.status")
class MovesWhenCompressed(Reference):
    """Redirects whoever sends a compressed body."""

    def answer(self, request: Request) -> Response:
        if "gzip" in request.headers.get("Content-Encoding", ""):
            return Response(status=302, headers={"Location": "/"})
        return super().answer(request)


@breaks("stop.robust.media-types")
class ReadsAnyOtherType(Reference):
    """Reads whatever is declared as neither text nor form as if it were JSON."""

    def is_json(self, request: Request) -> bool:
        other = request.mimetype and "text" not in request.mimetype and "form" not in request.mimetype
        return bool(other) or super().is_json(request)


@breaks("stop.robust.credentials", "stop.auth.shortened-key")
class LetsForeignKeysIn(Reference):
    """Takes a key that does not look like one of its own for one of another make, and lets it in."""

    def find_app(self, key: str) -> App | None:
        return super().find_app(key) if "app-" in key.lower() else self.apps[0]


@breaks("stop.robust.credentials")
class LetsNothingIn(Reference):
    """Lets in the words that scripts write for a key that they do not have."""

    def find_app(self, key: str) -> App | None:
        return self.apps[0] if key in ("null", "undefined") else super().find_app(key)


@breaks("stop.robust.methods")
class StopsByGet(Reference):
    """Does a stop by GET, too."""

    def answer(self, request: Request) -> Response:
        if request.method == "GET" and request.path.endswith("/stop"):
            return self.success()
        return super().answer(request)


@breaks("stop.robust.methods")
class DeletesTasks(Reference):
    """Takes DELETE for a stop."""

    def answer(self, request: Request) -> Response:
        if request.method == "DELETE" and request.path.endswith("/stop"):
            return Response(status=204)
        return super().answer(request)


@breaks("stop.robust.users")
class RefusesRareCharacters(Reference):
    """Refuses a user with a character of a plane that only scholars write in."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        user = super().read_user(request, body)
        if any(ord(character) > 0x1FFFF for character in user):
            raise Refused(NO_USER)
        return user


@breaks("stop.robust.generated")
class StumblesOverShortUsers(Reference):
    """Answers 500 to a user of one or two characters that are no digits."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        user = super().read_user(request, body)
        if len(user) < 3 and not user.isdigit():
            raise Refused(INTERNAL)
        return user


@breaks("stop.robust.rejects", effort="standard")
class TakesZeroForAUser(Reference):
    """Takes the number 0 for a user."""

    def is_user(self, value: object) -> bool:
        return value == 0 or super().is_user(value)


@breaks("stop.robust.rejects", effort="standard")
class TakesLargeNumbersForUsers(Reference):
    """Takes a number of more than 32 bits for a user, which its database knows as text."""

    def is_user(self, value: object) -> bool:
        return (isinstance(value, int) and value >= 2**31) or super().is_user(value)


@breaks("stop.robust.no-server-error")
class PreflightsBreakIt(Reference):
    """Answers 500 to OPTIONS, which it has no route for."""

    def answer(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            raise Refused(INTERNAL)
        return super().answer(request)


@breaks("stop.robust.users", "stop.robust.members")
class PairsOfEscapesBreakIt(Reference):
    """Refuses a body with the two escapes of a sign beyond 16 bits."""

    def parse(self, raw: bytes) -> Any:
        if rb"\ud83d" in raw:
            raise Refused(MALFORMED)
        return super().parse(raw)


@breaks("stop.robust.noise")
class KnowsRanges(Reference):
    """Takes a range for one of any answer."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        if "Range" in request.headers:
            raise Refused(replace(MALFORMED, status=416, code="range_not_satisfiable"))
        return super().do_stop(request, app, task_id)


@breaks("stop.robust.noise")
class WantsToKnowItsClients(Reference):
    """Refuses whoever does not say which program asks."""

    def answer(self, request: Request) -> Response:
        if "User-Agent" not in request.headers:
            raise Refused(FORBIDDEN)
        return super().answer(request)


@breaks("stop.robust.noise")
class FearsScripts(Reference):
    """Refuses programs that scripts are written with."""

    def answer(self, request: Request) -> Response:
        if request.headers.get("User-Agent", "").startswith("python-"):
            raise Refused(FORBIDDEN)
        return super().answer(request)


@breaks("stop.robust.no-server-error")
class TwoKeysBreakIt(Reference):
    """Answers 500 to a request that comes with two keys."""

    def authenticate(self, request: Request) -> App:
        if [name.lower() for name in request.names].count("authorization") > 1:
            raise Refused(INTERNAL)
        return super().authenticate(request)
