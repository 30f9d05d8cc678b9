"""Servers with one fault that only drawn requests bring to light, for the tests of the properties."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from werkzeug.wrappers import Response

from conformance.reference import App, Error, HangUp, Reference, Refused, Request, Run
from conformance.reference.answers import INTERNAL, MALFORMED, METHOD_NOT_ALLOWED


class StumblesOverEmoji(Reference):
    """Answers 500 to a user with a character beyond the first plane."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        user = super().read_user(request, body)
        if any(ord(character) > 0xFFFF for character in user):
            raise Refused(INTERNAL)
        return user


class HangsOnLongUsers(Reference):
    """Never answers a user of more than 255 characters."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        user = super().read_user(request, body)
        if len(user) > 255:
            self.pause(60)
        return user


class BreaksOnLongUsers(Reference):
    """Answers 500 to a user of more than 255 characters, as a column of that width does."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        user = super().read_user(request, body)
        if len(user) > 255:
            raise Refused(INTERNAL)
        return user


class ResetsOnNul(Reference):
    """Cuts the connection when a user has a NUL in it."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        user = super().read_user(request, body)
        if "\x00" in user:
            raise HangUp(reset=True)
        return user


class _Malformed(Reference):
    """Answers a malformed body in another way."""

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        if error == MALFORMED:
            self.spoil(answer)
        return answer

    def spoil(self, answer: Response) -> None:
        raise NotImplementedError


class WritesLatin1(_Malformed):
    """Writes a message in Latin-1."""

    def spoil(self, answer: Response) -> None:
        answer.set_data('{"code":"bad_request","message":"unverständlich","status":400}'.encode("latin-1"))


class NamesTwice(_Malformed):
    """Has a member twice."""

    def spoil(self, answer: Response) -> None:
        answer.set_data(b'{"code":"bad_request","code":"bad_request","message":"","status":400}')


class AnswersNan(_Malformed):
    """Has NaN in an answer."""

    def spoil(self, answer: Response) -> None:
        answer.set_data(b'{"code":"bad_request","message":"","status":400,"at":NaN}')


class BeginsWithAMark(_Malformed):
    """Begins an answer with a byte order mark."""

    def spoil(self, answer: Response) -> None:
        answer.set_data(b"\xef\xbb\xbf" + answer.get_data())


class SaysItTwice(_Malformed):
    """Writes two JSON texts."""

    def spoil(self, answer: Response) -> None:
        answer.set_data(answer.get_data() * 2)


class ShowsItsTrace(_Malformed):
    """Has a stack trace in the message."""

    def spoil(self, answer: Response) -> None:
        text = 'Traceback (most recent call last):\n  File "/app/api/controllers/stop.py", line 12, in post'
        answer.set_data(json.dumps({"code": "bad_request", "message": text, "status": 400}))


class TellsItsSql(_Malformed):
    """Has a statement in the message."""

    def spoil(self, answer: Response) -> None:
        text = "(psycopg2.errors.SyntaxError) SELECT id FROM end_users WHERE session_id = 1"
        answer.set_data(json.dumps({"code": "bad_request", "message": text, "status": 400}))


class HtmlForDeepBodies(Reference):
    """Answers a page where the body is nested too deep."""

    def parse(self, raw: bytes) -> Any:
        return super().parse(raw)

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        if error == MALFORMED and request.get_data().startswith(b"[[["):
            answer.set_data("<html>bad request</html>")
            answer.content_type = "text/html"
        return answer


def in_utf_16(request: Request) -> bool:
    """Whether a request has a body that begins as UTF-16 does."""
    return "wsgi.input" in request.environ and request.get_data().startswith((b"\xff\xfe", b"\xfe\xff"))


class CutsChunks(Reference):
    """Ends a chunked answer without its last chunk, for bodies in UTF-16."""

    def wire(self, request: Request, response: Response) -> Iterator[bytes]:
        if not in_utf_16(request):
            yield from super().wire(request, response)
            return
        yield b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"
        raise HangUp


class AnnouncesTooMuch(Reference):
    """Announces more bytes than follow, for bodies in UTF-16."""

    def wire(self, request: Request, response: Response) -> Iterator[bytes]:
        data = b"".join(super().wire(request, response))
        if not in_utf_16(request):
            yield data
            return
        yield data.replace(b"Content-Length: ", b"Content-Length: 9")
        raise HangUp


class FailsEveryTenth(Reference):
    """Answers every tenth stop with 500."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        answer = super().do_stop(request, app, task_id)
        if self.count("mine") % 10 == 0:
            raise Refused(INTERNAL)
        return answer


class TiresAfterFifty(Reference):
    """Says something else after fifty stops."""

    def success_body(self) -> dict[str, Any]:
        return {"result": "success" if self.count("mine") <= 50 else "busy"}


class OneAtATime(Reference):
    """Does stops one after another."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        with self.lock:
            self.pause(0.15)
            return super().do_stop(request, app, task_id)


class RefusesCompany(Reference):
    """Refuses a stop while another is being done."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        try:
            if self.count("mine") > 1:
                raise Refused(Error(409, "conflict", "Another stop is under way."))
            self.pause(0.02)
            return super().do_stop(request, app, task_id)
        finally:
            self.count("mine", -1)


class RemembersMalformed(Reference):
    """Refuses the request after a malformed one."""

    hurt = False

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        if self.hurt:
            self.hurt = False
            raise Refused(replace(MALFORMED, code="still_hurt"))
        return super().do_stop(request, app, task_id)

    def refusal(self, request: Request, error: Error) -> Response:
        self.hurt = error == MALFORMED
        return super().refusal(request, error)


class DecodesTwice(Reference):
    """Decodes the id in the path once more."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        return super().find_run(unquote(task_id), app, user)


class Trims(Reference):
    """Takes an id with space around it for the id."""

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        return super().find_run(task_id.strip(), app, user)


class TakesTheIdRaw(Reference):
    """Does not decode the id in the path."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        raw = str(request.environ["REQUEST_URI"]).rsplit("/", 2)[1]
        return super().do_stop(request, app, raw)


class PageForOtherMethods(Reference):
    """Answers other methods with a page."""

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        if error.code == METHOD_NOT_ALLOWED.code:
            answer.set_data("<html>405</html>")
            answer.content_type = "text/html"
        return answer


class HidesItsMethods(Reference):
    """Does not say which method there is."""

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        answer.headers.pop("Allow", None)
        return answer


class StopsByGet(Reference):
    """Does a stop by GET, too."""

    def answer(self, request: Request) -> Response:
        if request.method == "GET" and request.path.endswith("/stop"):
            return self.success()
        return super().answer(request)


class TakesTrailingCommas(Reference):
    """Reads JSON leniently."""

    def parse(self, raw: bytes) -> Any:
        return super().parse(raw.replace(b",}", b"}"))


class TakesWhatFollows(Reference):
    """Reads the first JSON text of a body and ignores what follows it."""

    def parse(self, raw: bytes) -> Any:
        try:
            return json.JSONDecoder().raw_decode(raw.decode("utf-8").lstrip())[0]
        except (ValueError, RecursionError):
            raise Refused(MALFORMED) from None


class WantsPlainHeaders(Reference):
    """Knows the header Authorization only as it is usually written."""

    def credential(self, request: Request) -> str:
        if request.headers.get("X-Conformance") == "":
            raise Refused(replace(MALFORMED, code="odd"))
        return super().credential(request)


class WantsNoCharset(Reference):
    """Takes the media type only without its charset."""

    def is_json(self, request: Request) -> bool:
        return request.headers.get("Content-Type", "").lower() == "application/json"


class MovesWhenCompressed(Reference):
    """Redirects whoever sends a compressed body."""

    def answer(self, request: Request) -> Response:
        if "gzip" in request.headers.get("Content-Encoding", ""):
            return Response(status=302, headers={"Location": "/"})
        return super().answer(request)


class SplitsItsHeaders(Reference):
    """Writes the task id into a header as it stands."""

    def wire(self, request: Request, response: Response) -> Iterator[bytes]:
        head, _, body = b"".join(super().wire(request, response)).partition(b"\r\n\r\n")
        lines = ("".join(filter(str.isprintable, line)) for line in request.task_id.split("\r\n"))
        task = "\r\n".join(line for line in lines if line)
        yield head + b"\r\nX-Task: " + task.strip().encode("ascii", "replace") + b"\r\n\r\n" + body
