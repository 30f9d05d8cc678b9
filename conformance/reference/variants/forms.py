"""Unusual servers that refuse forms which others take, or have something in front that does."""

from werkzeug.wrappers import Response

from conformance.reference import App, Error, HangUp, Reference, Refused, Request
from conformance.reference.variants.marking import unusual


def _page(status: int, title: str) -> Response:
    return Response(f"<h1>{status} {title}</h1>", status, content_type="text/html")


@unusual()
class RefusesTheOldVersion(Reference):
    """Refuses HTTP/1.0 with 505."""

    def answer(self, request: Request) -> Response:
        if request.environ["SERVER_PROTOCOL"] == "HTTP/1.0":
            raise Refused(Error(505, "http_version_not_supported", "Speak HTTP/1.1."))
        return super().answer(request)


@unusual()
class RefusesOtherOrigins(Reference):
    """Has a gateway that refuses requests from pages of other origins with 403 and a page."""

    def answer(self, request: Request) -> Response:
        return _page(403, "Forbidden") if "Origin" in request.headers else super().answer(request)


@unusual()
class HasAnotherHost(Reference):
    """Has a second host on its address, which answers everything with the page of an application."""

    def answer(self, request: Request) -> Response:
        if request.headers.get("Host") == "localhost":
            return Response("<h1>Welcome</h1>", content_type="text/html")
        return super().answer(request)


@unusual(warns=("stop.robust.noise", "stop.robust.envelope"))
class WantsToKnowWhoAsks(Reference):
    """Has a firewall that refuses who does not say which client it is with 403 and a page."""

    def answer(self, request: Request) -> Response:
        return super().answer(request) if "User-Agent" in request.headers else _page(403, "Forbidden")


@unusual()
class OffersJsonAlone(Reference):
    """Refuses who accepts no JSON with 406."""

    def answer(self, request: Request) -> Response:
        if not request.accept_mimetypes.accept_json and "Accept" in request.headers:
            raise Refused(Error(406, "not_acceptable", "There is JSON only."))
        return super().answer(request)


@unusual()
class TakesSmallBodies(Reference):
    """Has a gateway that refuses a body of more than 8 KiB with 413 and a page."""

    def answer(self, request: Request) -> Response:
        return super().answer(request) if len(request.get_data()) <= 8192 else _page(413, "Too Large")


@unusual()
class KnowsItsNameAlone(Reference):
    """Hangs up on who asks for another host, as nginx does with 444."""

    def answer(self, request: Request) -> Response:
        if request.headers.get("Host") == "localhost":
            raise HangUp
        return super().answer(request)


@unusual()
class SendsBrowsersToALogin(Reference):
    """Redirects browsers to a page where they log in, unless they have a key."""

    def authenticate(self, request: Request) -> App:
        try:
            return super().authenticate(request)
        except Refused:
            if not request.headers.get("Accept", "").startswith("text/html"):
                raise
            raise Refused(Error(302, "found", "Log in.", (("Location", "/login"),))) from None
