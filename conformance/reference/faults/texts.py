"""Faults in what an answer to a drawn request consists of: its bytes, its JSON text, its headers."""

from collections.abc import Iterator
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Error, HangUp, Reference, Request
from conformance.reference.answers import MALFORMED, METHOD_NOT_ALLOWED
from conformance.reference.faults.marking import breaks


def _sent(request: Request) -> bytes:
    """The body of a request, empty for one that was too broken to be read."""
    body: bytes = request.get_data() if "wsgi.input" in request.environ else b""
    return body


class SpoilsRefusals(Reference):
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
class WritesLatin1(SpoilsRefusals):
    """Writes a message in Latin-1."""

    def spoil(self, answer: Response) -> None:
        answer.set_data('{"code":"bad_request","message":"unverständlich","status":400}'.encode("latin-1"))


@breaks("stop.robust.utf-8")
class CallsItsJsonUtf16(Reference):
    """Declares its success as UTF-16, which it is not."""

    def success(self) -> Response:
        answer = super().success()
        answer.headers["Content-Type"] = f"{self.json_type}; charset=utf-16"
        return answer


@breaks("stop.robust.utf-8")
class TranslatesIntoLatin(Reference):
    """Writes messages in Latin-1 for whoever asks for another language."""

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        if request.headers.get("Accept-Language", "").startswith("de"):
            text = answer.get_data(as_text=True).replace(error.message, "Ungültig")
            answer.set_data(text.encode("latin-1"))
        return answer


@breaks("stop.robust.unique-names")
class NamesTwice(SpoilsRefusals):
    """Has a member twice."""

    def spoil(self, answer: Response) -> None:
        answer.set_data(b'{"code":"bad_request","code":"bad_request","message":"","status":400}')


@breaks("stop.robust.unique-names")
class TellsTheResultTwice(Reference):
    """Has the result twice in the success for a run that goes on."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        run = self.runs.by_task(task_id)
        goes_on = run is not None and not run.has_ended
        answer = super().do_stop(request, app, task_id)
        if goes_on:
            answer.set_data(b'{"result":"failed",' + answer.get_data()[1:])
        return answer


@breaks("stop.robust.no-nan")
class AnswersNan(SpoilsRefusals):
    """Has NaN in an answer."""

    def spoil(self, answer: Response) -> None:
        answer.set_data(b'{"code":"bad_request","message":"","status":400,"at":NaN}')


@breaks("stop.robust.no-mark")
class BeginsWithAMark(SpoilsRefusals):
    """Begins an answer with a byte order mark."""

    def spoil(self, answer: Response) -> None:
        answer.set_data(b"\xef\xbb\xbf" + answer.get_data())


@breaks("stop.robust.one-text")
class SaysItTwice(SpoilsRefusals):
    """Writes two JSON texts."""

    def spoil(self, answer: Response) -> None:
        answer.set_data(answer.get_data() * 2)


@breaks("stop.robust.schema")
class FillsTemplates(Reference):
    """Evaluates a template that stands in the user, and answers with what comes out."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        answer = super().do_stop(request, app, task_id)
        return self.json({"result": 49}) if b"{{7*7}}" in _sent(request) else answer


@breaks("stop.robust.length")
class FramesTwice(Reference):
    """Sends refusals in chunks and with a Content-Length."""

    def wire(self, request: Request, response: Response) -> Iterator[bytes]:
        data = b"".join(super().wire(request, response))
        head, _, body = data.partition(b"\r\n\r\n")
        if response.status_code < 400 or not body or b"chunked" in head:
            yield data
            return
        yield head + b"\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


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
        if not _sent(request).startswith((b"\xff\xfe", b"\xfe\xff")):
            yield from super().wire(request, response)
            return
        data = b"".join(super().wire(request, response))
        yield data.replace(b"Content-Length: ", b"Content-Length: 9")
        raise HangUp


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


@breaks("stop.robust.noise")
class PagesForBrowsers(Reference):
    """Answers whoever likes pages best with one, and not with what the document knows."""

    def respond(self, request: Request, response: Response) -> Response:
        response = super().respond(request, response)
        if request.headers.get("Accept", "").startswith("text/html") and not response.is_streamed:
            response.set_data(b"<pre>" + response.get_data() + b"</pre>")
            response.content_type = "text/html"
        return response
