"""Faults in whether and when it is asked who is there, and in what a refusal says of how to tell."""

from werkzeug.wrappers import Response

from conformance.reference import App, Error, Reference, Refused, Request
from conformance.reference.answers import INTERNAL, NO_KEY, NOT_JSON, UNKNOWN_KEY
from conformance.reference.faults.marking import breaks


class _LetsIn(Reference):
    """Lets in one more way to say, or not to say, who one is."""

    def authenticate(self, request: Request) -> App:
        return self.apps[0] if self.lets_in(request) else super().authenticate(request)

    def lets_in(self, request: Request) -> bool:
        raise NotImplementedError


@breaks("stop.auth.no-header")
class KeyIsOptional(_LetsIn):
    """Lets anybody in who brings no key."""

    def lets_in(self, request: Request) -> bool:
        return "Authorization" not in request.headers


@breaks("stop.auth.no-header")
class NoKeyBreaksIt(Reference):
    """Answers 500 when there is no Authorization header."""

    def credential(self, request: Request) -> str:
        if "Authorization" not in request.headers:
            raise Refused(INTERNAL)
        return super().credential(request)


@breaks("stop.auth.no-header")
class NoKeyIsForbidden(Reference):
    """Answers 403 when there is no Authorization header."""

    def credential(self, request: Request) -> str:
        if "Authorization" not in request.headers:
            raise Refused(Error(403, "forbidden", NO_KEY.message))
        return super().credential(request)


@breaks("stop.auth.empty-header")
class EmptyKeyIsFine(_LetsIn):
    """Lets in whoever sends an empty Authorization header."""

    def lets_in(self, request: Request) -> bool:
        return request.headers.get("Authorization") == ""


@breaks("stop.auth.scheme-only")
class SchemeIsEnough(_LetsIn):
    """Lets in whoever says `Bearer` and nothing more."""

    def lets_in(self, request: Request) -> bool:
        return request.headers.get("Authorization", "").strip().lower() == "bearer"


@breaks("stop.auth.scheme-only")
class SchemeAloneBreaksIt(Reference):
    """Splits the header in two and answers 500 where there is only one part."""

    def credential(self, request: Request) -> str:
        if len(request.headers.get("Authorization", "a b").split()) == 1:
            raise Refused(INTERNAL if request.headers["Authorization"] == "Bearer" else NO_KEY)
        return super().credential(request)


@breaks("stop.auth.first")
class ReadsTheBodyFirst(Reference):
    """Looks at the body before it asks who is there."""

    def authenticate(self, request: Request) -> App:
        if request.method == "POST" and request.get_data():
            self.read_body(request)
        return super().authenticate(request)


@breaks("stop.auth.first")
class AsksForTheUserFirst(Reference):
    """Asks for the user before it asks for the key."""

    def authenticate(self, request: Request) -> App:
        body = request.get_json(force=True, silent=True)
        if request.operation == "stop" and body == {}:
            self.read_user(request, body)
        return super().authenticate(request)


@breaks("stop.auth.challenge", like="langgenius/dify")
class SaysNotHowToAuthenticate(Reference):
    """Leaves `WWW-Authenticate` out of a 401: what Dify does up to 1.7.2."""

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        answer.headers.pop("WWW-Authenticate", None)
        return answer


@breaks("stop.auth.challenge")
class AsksForAPassword(Reference):
    """Asks in its challenge for Basic credentials, with which nobody gets in."""

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        if answer.status_code == UNKNOWN_KEY.status:
            answer.headers.set("WWW-Authenticate", 'Basic realm="dify"')
        return answer


@breaks("stop.auth.first")
class LooksAtFormsFirst(Reference):
    """Refuses a form as such before it asks for the key."""

    def authenticate(self, request: Request) -> App:
        if request.operation == "stop" and request.mimetype == "application/x-www-form-urlencoded":
            raise Refused(NOT_JSON)
        return super().authenticate(request)


@breaks("stop.auth.before-body")
class ParsesBeforeItAsks(Reference):
    """Parses JSON before it asks for the key, as a parser in front of everything does."""

    def authenticate(self, request: Request) -> App:
        if request.operation == "stop" and self.is_json(request):
            self.parse(request.get_data() or b"null")
        return super().authenticate(request)
