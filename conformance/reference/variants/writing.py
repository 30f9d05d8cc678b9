"""Unusual ways to write an answer, and to treat a connection."""

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import Error, HangUp, Reference, Request
from conformance.reference.variants.marking import unusual
from conformance.reference.wire import encode


@unusual()
class NamesTheCharset(Reference):
    """Says `charset=utf-8` in every media type."""

    json_type = "application/json; charset=utf-8"


@unusual()
class ShoutsTheCharset(Reference):
    """Writes media type and charset in capitals, without the blank."""

    json_type = "Application/JSON;charset=UTF-8"


@unusual()
class PrettyPrints(Reference):
    """Indents its JSON."""

    def dumps(self, body: dict[str, Any]) -> bytes:
        return json.dumps(body, indent=4).encode() + b"\r\n"


@unusual()
class OrdersMembersOtherwise(Reference):
    """Writes the members of its answers in another order."""

    def dumps(self, body: dict[str, Any]) -> bytes:
        return super().dumps(dict(reversed(body.items())))


@unusual()
class EscapesEverything(Reference):
    """Writes whatever is not ASCII as an escape, in answers and streams."""

    def dumps(self, body: dict[str, Any]) -> bytes:
        return json.dumps(body, ensure_ascii=True).encode()

    def frame(self, event: dict[str, Any]) -> bytes:
        return b"data:" + json.dumps(event).encode() + b"\n\n" if "data" in event else super().frame(event)


@unusual()
class ClosesConnections(Reference):
    """Closes the connection after every answer."""

    def respond(self, request: Request, response: Response) -> Response:
        response.headers["Connection"] = "close"
        return super().respond(request, response)


@unusual()
class ChunksEverything(Reference):
    """Sends every answer in chunks of a few bytes."""

    def respond(self, request: Request, response: Response) -> Response:
        response = super().respond(request, response)
        if not response.is_streamed and response.get_data():
            data = response.get_data()
            response.response = (data[at : at + 7] for at in range(0, len(data), 7))
            del response.headers["Content-Length"]
        return response


@unusual()
class CompressesWhenAsked(Reference):
    """Compresses its answers for clients that accept it."""

    def respond(self, request: Request, response: Response) -> Response:
        response = super().respond(request, response)
        if not response.is_streamed and "gzip" in request.headers.get("Accept-Encoding", ""):
            response.set_data(gzip.compress(response.get_data()))
            response.headers["Content-Encoding"] = "gzip"
            response.headers["Vary"] = "Accept-Encoding"
        return response


@unusual()
class CompressesStreams(Reference):
    """Compresses streams, too, event by event."""

    def respond(self, request: Request, response: Response) -> Response:
        response = super().respond(request, response)
        if response.is_streamed and "gzip" in request.headers.get("Accept-Encoding", ""):
            response.response = self.compressed(iter(response.response))
            response.headers["Content-Encoding"] = "gzip"
        return response

    def compressed(self, chunks: Iterator[Any]) -> Iterator[bytes]:
        packer = zlib.compressobj(wbits=31)
        for chunk in chunks:
            yield packer.compress(chunk) + packer.flush(zlib.Z_SYNC_FLUSH)
        yield packer.flush()


@unusual()
class CompressionHoldsStreams(CompressesStreams):
    """Compresses streams for whoever accepts it, and lets nothing of those through before the run is over."""

    def compressed(self, chunks: Iterator[Any]) -> Iterator[bytes]:
        yield gzip.compress(b"".join(chunks))


@unusual()
class CompressionHoldsSomeStreams(CompressesStreams):
    """Compresses streams for whoever accepts it, and lets nothing of every third through before its run is over."""

    def compressed(self, chunks: Iterator[Any]) -> Iterator[bytes]:
        if self.count("compressed") % 3:
            yield from super().compressed(chunks)
        else:
            yield gzip.compress(b"".join(chunks))


@unusual()
class CompressionLetsTheFirstThrough(CompressesStreams):
    """Compresses and holds back all streams but the first, which it leaves as it is."""

    def respond(self, request: Request, response: Response) -> Response:
        if response.is_streamed and self.count("streams") == 1:
            return Reference.respond(self, request, response)
        return super().respond(request, response)

    def compressed(self, chunks: Iterator[Any]) -> Iterator[bytes]:
        yield gzip.compress(b"".join(chunks))


@unusual()
class ManyHeaders(Reference):
    """Sends the headers of a proxy, and some twice."""

    def respond(self, request: Request, response: Response) -> Response:
        response = super().respond(request, response)
        for number in range(30):
            response.headers.add(f"X-Trace-{number}", "0" * 64)
        response.headers.add("Set-Cookie", "a=1; Path=/")
        response.headers.add("Set-Cookie", "b=2; Path=/")
        response.headers["Cache-Control"] = "no-store"
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response


@unusual()
class ListsLineByLine(Reference):
    """Writes each method of `Allow` in a header line of its own."""

    def respond(self, request: Request, response: Response) -> Response:
        response = super().respond(request, response)
        if allowed := response.headers.pop("Allow", None):
            for method in allowed.split(","):
                response.headers.add("Allow", method.strip())
        return response


@unusual()
class SmallHeaders(Reference):
    """Writes header names small and the reason phrase not at all."""

    def wire(self, request: Request, response: Response) -> Iterator[bytes]:
        for number, data in enumerate(encode(request, response)):
            if number:
                yield data
                continue
            head, end, body = data.partition(b"\r\n\r\n")
            first, *lines = head.split(b"\r\n")
            small = [
                name.lower() + colon + value for name, colon, value in (x.partition(b":") for x in lines)
            ]
            status = b" ".join(first.split(b" ")[:2]) + b" "
            yield b"\r\n".join([status, *small]) + end + body


@unusual()
class NoDate(Reference):
    """Sends neither `Date` nor `Server`, nor any header of Dify."""

    def respond(self, request: Request, response: Response) -> Response:
        return response

    def wire(self, request: Request, response: Response) -> Iterator[bytes]:
        for data in encode(request, response):
            yield (
                b"\r\n".join(
                    line for line in data.split(b"\r\n") if not line.startswith((b"Date: ", b"Server: "))
                )
                if data.startswith(b"HTTP/")
                else data
            )


@unusual()
class SendsEarlyHints(Reference):
    """Sends interim answers before each answer, which every client must be able to read (RFC 9110 §15.2)."""

    def wire(self, request: Request, response: Response) -> Iterator[bytes]:
        if request.environ.get("SERVER_PROTOCOL", "HTTP/1.1") >= "HTTP/1.1":
            yield b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </>; rel=preload\r\n\r\n"
        yield from super().wire(request, response)


@unusual()
class SpeaksOldHttp(Reference):
    """Answers as HTTP/1.0, and ends every answer by closing the connection."""

    def respond(self, request: Request, response: Response) -> Response:
        response.headers["Connection"] = "close"
        return super().respond(request, response)

    def wire(self, request: Request, response: Response) -> Iterator[bytes]:
        request.environ["SERVER_PROTOCOL"] = "HTTP/1.0"
        for data in encode(request, response):
            yield data.replace(b"HTTP/1.1", b"HTTP/1.0", 1) if data.startswith(b"HTTP/") else data


@unusual()
class DropsIdleConnections(Reference):
    """Closes a connection after an answer without having said so."""

    def wire(self, request: Request, response: Response) -> Iterator[bytes]:
        yield from super().wire(request, response)
        raise HangUp


@unusual()
class ResetsWhatItsParserRefuses(Reference):
    """Refuses an unknown method or a path that is none while the body is still coming, which resets the connection."""

    def wire(self, request: Request, response: Response) -> Iterator[bytes]:
        known = request.method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
        if known and not re.search("%(?![0-9A-Fa-f]{2})", request.environ.get("REQUEST_URI", "")):
            yield from super().wire(request, response)
            return
        yield b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n400 Bad Request"
        raise HangUp(reset=True)


@unusual()
class TakesFormsApartFirst(Reference):
    """Refuses forms whose parts it cannot tell apart without a word, before anything else is read."""

    def exchange(self, request: Request) -> Response:
        if request.mimetype == "multipart/form-data" and not request.get_data().startswith(b"--"):
            response = Response(status=400)
            del response.headers["Content-Type"]
            return response
        return super().exchange(request)


@unusual()
class LetsIdsThroughOnly(Reference):
    """Has a gateway that answers with a page where what should be the id of a task is no UUID."""

    def answer(self, request: Request) -> Response:
        found = re.search("/tasks/([^/]*)/stop$", request.path)
        if found and not re.fullmatch("[0-9a-f-]{36}", found[1]):
            return Response("<h1>404 Not Found</h1>", 404, content_type="text/html")
        return super().answer(request)


@unusual()
class SignsItsAnswers(Reference):
    """Has a header of 6,000 letters in every answer, as signatures and sessions may be."""

    def respond(self, request: Request, response: Response) -> Response:
        response.headers["X-Signature"] = "conformance" * 546
        return super().respond(request, response)


@unusual()
class SpeaksOfProblems(Reference):
    """Declares refusals that the document does not know as a kind of JSON of their own (RFC 9457)."""

    def refusal(self, request: Request, error: Error) -> Response:
        response = super().refusal(request, error)
        if error.status != 400:
            response.content_type = "application/problem+json"
        return response


@unusual()
class KnowsMethodsInAnyLetterCase(Reference):
    """Takes `post` for POST, as many a framework does."""

    def route(self, request: Request) -> tuple[str, dict[str, str]]:
        request.environ["REQUEST_METHOD"] = request.environ["REQUEST_METHOD"].upper()
        return super().route(request)
