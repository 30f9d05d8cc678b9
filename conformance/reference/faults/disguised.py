"""Faults by which a check is left out, or a refusal said otherwise, in some of the forms that a stop comes in."""

from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Error, Reference, Refused, Request
from conformance.reference.answers import NO_USER
from conformance.reference.faults.marking import breaks

ID = "stop.robust.any-form-refused"


@breaks(ID)
class KnowsOldClients(Reference):
    """Lets anybody in who speaks HTTP/1.0, as if only its own proxy did."""

    def authenticate(self, request: Request) -> App:
        try:
            return super().authenticate(request)
        except Refused:
            if request.environ["SERVER_PROTOCOL"] != "HTTP/1.0":
                raise
            return self.apps[0]


class _TakesAnyMode(Reference):
    """Does not ask for the mode of an app in some stops."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        return super().do_stop(request, self.apps[0] if self.takes_any(request) else app, task_id)

    def takes_any(self, request: Request) -> bool:
        raise NotImplementedError


@breaks(ID)
class TakesAnyModeInChunks(_TakesAnyMode):
    """Asks for the mode of an app only where the body has a length."""

    def takes_any(self, request: Request) -> bool:
        return "Transfer-Encoding" in request.names


@breaks(ID)
class TakesAnyModeOfTheNameless(_TakesAnyMode):
    """Asks for the mode of an app only where a client says which it is."""

    def takes_any(self, request: Request) -> bool:
        return "User-Agent" not in request.headers


@breaks(ID)
class TakesAnyModeWithAQuery(_TakesAnyMode):
    """Asks for the mode of an app only where the path ends as documented, without a query."""

    def takes_any(self, request: Request) -> bool:
        return bool(request.query_string)


@breaks(ID)
class TakesAnybodyWithACharset(Reference):
    """Asks for the user only where the media type is written without a charset."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        if "charset" in request.headers.get("Content-Type", "") and not body.get("user"):
            return "nobody"
        return super().read_user(request, body)


@breaks(ID)
class TakesLargeTexts(Reference):
    """Looks at the media type of small bodies only, and streams others to what parses them."""

    def is_json(self, request: Request) -> bool:
        return super().is_json(request) or len(request.get_data()) > 8192


@breaks(ID)
class TranslatesItsCodes(Reference):
    """Translates the code of a missing user for whoever asks for German."""

    def refusal(self, request: Request, error: Error) -> Response:
        if error == NO_USER and request.headers.get("Accept-Language", "").startswith("de"):
            told = self.envelope(error) | {"code": "ungueltiger_parameter"}
            return self.json(told, error.status)
        return super().refusal(request, error)


@breaks(ID)
class RefusesInXml(Reference):
    """Writes a refusal in XML for whoever asks for that."""

    def refusal(self, request: Request, error: Error) -> Response:
        if "application/xml" in request.headers.get("Accept", "").split(","):
            text = f"<error><code>{error.code}</code></error>"
            return Response(text, error.status, dict(error.headers), content_type="application/xml")
        return super().refusal(request, error)


@breaks(ID)
class RefusesOldClientsInWords(Reference):
    """Says what is wrong in plain words to a client of HTTP/1.0, without the envelope."""

    def refusal(self, request: Request, error: Error) -> Response:
        if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
            return Response(error.message, error.status, dict(error.headers), content_type="text/plain")
        return super().refusal(request, error)
