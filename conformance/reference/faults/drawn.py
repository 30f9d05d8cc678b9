"""Faults that only drawn requests bring to light."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from werkzeug.wrappers import Response

from conformance.reference import App, Error, HangUp, Reference, Refused, Request, Run
from conformance.reference.answers import INTERNAL, MALFORMED, METHOD_NOT_ALLOWED
from conformance.reference.faults.marking import breaks


def _sent(request: Request) -> bytes:
    """The body of a request, empty for one that was too broken to be read."""
    body: bytes = request.get_data() if "wsgi.input" in request.environ else b""
    return body


@breaks("stop.robust.no-server-error")
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


class _Malformed(Reference):
    """Answers some malformed bodies in another way, those apart that are always sent."""

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        data = _sent(request)
        if error == MALFORMED and data and b"conformance-bodies" not in data and b"\xff\xfe" not in data:
            self.spoil(answer)
        return answer

    def spoil(self, answer: Response) -> None:
        raise NotImplementedError


@breaks("stop.robust.utf-8")
class WritesLatin1(_Malformed):
    """Writes a message in Latin-1."""

    def spoil(self, answer: Response) -> None:
        answer.set_data('{"code":"bad_request","message":"unverständlich","status":400}'.encode("latin-1"))


@breaks("stop.robust.unique-names")
class NamesTwice(_Malformed):
    """Has a member twice."""

    def spoil(self, answer: Response) -> None:
        answer.set_data(b'{"code":"bad_request","code":"bad_request","message":"","status":400}')


@breaks("stop.robust.no-nan")
class AnswersNan(_Malformed):
    """Has NaN in an answer."""

    def spoil(self, answer: Response) -> None:
        answer.set_data(b'{"code":"bad_request","message":"","status":400,"at":NaN}')


@breaks("stop.robust.no-mark")
class BeginsWithAMark(_Malformed):
    """Begins an answer with a byte order mark."""

    def spoil(self, answer: Response) -> None:
        answer.set_data(b"\xef\xbb\xbf" + answer.get_data())


@breaks("stop.robust.one-text")
class SaysItTwice(_Malformed):
    """Writes two JSON texts."""

    def spoil(self, answer: Response) -> None:
        answer.set_data(answer.get_data() * 2)


@breaks("stop.robust.no-leaks")
class ShowsItsTrace(_Malformed):
    """Has a stack trace in the message."""

    def spoil(self, answer: Response) -> None:
        text = 'Traceback (most recent call last):\n  File "/app/api/controllers/stop.py", line 12, in post'
        answer.set_data(json.dumps({"code": "bad_request", "message": text, "status": 400}))


@breaks("stop.robust.no-leaks")
class TellsItsSql(_Malformed):
    """Has a statement in the message."""

    def spoil(self, answer: Response) -> None:
        text = "(psycopg2.errors.SyntaxError) SELECT id FROM end_users WHERE session_id = 1"
        answer.set_data(json.dumps({"code": "bad_request", "message": text, "status": 400}))


@breaks("stop.robust.content-type")
class HtmlForDeepBodies(Reference):
    """Answers a page where the body is nested too deep."""

    def parse(self, raw: bytes) -> Any:
        return super().parse(raw)

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        if error == MALFORMED and _sent(request).startswith(b"[[["):
            answer.set_data("<html>bad request</html>")
            answer.content_type = "text/html"
        return answer


@breaks("stop.robust.length")
class CutsChunks(Reference):
    """Ends a chunked answer without its last chunk, for bodies in UTF-16."""

    def wire(self, request: Request, response: Response) -> Iterator[bytes]:
        if not _sent(request).startswith((b"\xff\xfe", b"\xfe\xff")):
            yield from super().wire(request, response)
            return
        yield b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"
        raise HangUp


@breaks("stop.robust.length")
class AnnouncesTooMuch(Reference):
    """Announces more bytes than follow, for bodies in UTF-16."""

    def wire(self, request: Request, response: Response) -> Iterator[bytes]:
        data = b"".join(super().wire(request, response))
        if not _sent(request).startswith((b"\xff\xfe", b"\xfe\xff")):
            yield data
            return
        yield data.replace(b"Content-Length: ", b"Content-Length: 9")
        raise HangUp


@breaks("stop.robust.repeat")
class TiresAfterFifty(Reference):
    """Says something else after fifty stops."""

    def success_body(self) -> dict[str, Any]:
        return {"result": "success" if self.count("mine") <= 50 else "busy"}


@breaks("stop.robust.decoded-once")
class DecodesTwice(Reference):
    """Decodes the id in the path once more."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        return super().find_run(unquote(task_id), app, user)


@breaks("stop.robust.exact-id")
class Trims(Reference):
    """Takes an id with space around it for the id."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        return super().find_run(task_id.strip(), app, user)


@breaks("stop.robust.encoded-id")
class TakesTheIdRaw(Reference):
    """Does not decode the id in the path."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        raw = str(request.environ["REQUEST_URI"]).rsplit("/", 2)[1]
        return super().do_stop(request, app, raw)


@breaks("stop.robust.envelope")
class PageForOtherMethods(Reference):
    """Answers other methods with a page."""

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        if error.code == METHOD_NOT_ALLOWED.code:
            answer.set_data("<html>405</html>")
            answer.content_type = "text/html"
        return answer


@breaks("stop.robust.allow")
class HidesItsMethods(Reference):
    """Does not say which method there is."""

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        answer.headers.pop("Allow", None)
        return answer


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


@breaks("stop.robust.repeat")
class FailsEveryTenth(Reference):
    """Answers every tenth stop of one task with 500."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        answer = super().do_stop(request, app, task_id)
        if self.count(("mine", task_id)) % 10 == 0:
            raise Refused(INTERNAL)
        return answer


@breaks("stop.robust.exact-id")
class LooksForIdsWithLike(Reference):
    """Looks for an id with the SQL operator LIKE, to which a percent sign means anything."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        run = super().find_run(task_id, app, user)
        beginning = task_id.removesuffix("%")
        if run is None and beginning != task_id and len(beginning) > 8:
            found = [one for one in self.runs.all() if one.task_id.startswith(beginning)]
            return found[0] if found else None
        return run


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
