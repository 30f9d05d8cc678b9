"""Faults in acting on a stop that was read and found right: what acts reads less than what answers."""

from werkzeug.wrappers import Response

from conformance.reference import App, Reference, Request
from conformance.reference.faults.marking import breaks

NOBODY = "00000000-0000-4000-8000-000000000000"


class _Overlooks(Reference):
    """Answers some stops as it should, and does nothing."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        return super().do_stop(request, app, NOBODY if self.overlooks(request) else task_id)

    def overlooks(self, request: Request) -> bool:
        raise NotImplementedError


@breaks("stop.lifecycle.any-form")
class ChunkedStopsDoNothing(_Overlooks):
    """Looks for the body of a stop only where a length is given, once it has answered."""

    def overlooks(self, request: Request) -> bool:
        return "Transfer-Encoding" in request.names


@breaks("stop.lifecycle.any-form")
class EscapedStopsDoNothing(_Overlooks):
    """Finds the user of a stop by the bytes of the body, and no run of that user where they are escapes."""

    def overlooks(self, request: Request) -> bool:
        return b"\\u" in request.get_data()


@breaks("stop.lifecycle.any-form")
class StopsWithACharsetDoNothing(_Overlooks):
    """Hands a stop on only where its media type is written without a charset."""

    def overlooks(self, request: Request) -> bool:
        return "charset" in request.headers.get("Content-Type", "")


@breaks("stop.lifecycle.any-form")
class PrefersAnotherName(_Overlooks):
    """Looks for the run of whom `user_id` names, where there is one beside the user."""

    def overlooks(self, request: Request) -> bool:
        return b'"user_id"' in request.get_data()


@breaks("stop.lifecycle.any-form")
class StopsOfOldClientsDoNothing(_Overlooks):
    """Answers the stop of a client of HTTP/1.0, and takes the end of its connection for a change of mind."""

    def overlooks(self, request: Request) -> bool:
        return str(request.environ["SERVER_PROTOCOL"]) == "HTTP/1.0"


@breaks("stop.lifecycle.any-form")
class LargeStopsDoNothing(_Overlooks):
    """Hands on the first 8 KiB of a body, once it has answered, which is no JSON where there was more."""

    def overlooks(self, request: Request) -> bool:
        return len(request.get_data()) > 8192


@breaks("stop.lifecycle.any-form")
class StopsFromElsewhereDoNothing(_Overlooks):
    """Answers success to a stop that comes from a page of another origin, and does nothing."""

    def overlooks(self, request: Request) -> bool:
        return "Origin" in request.headers
