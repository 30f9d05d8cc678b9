"""Faults in who is let in, and in what becomes of a key."""

import re

from werkzeug.wrappers import Response

from conformance.reference import App, Error, Reference, Refused, Request
from conformance.reference.answers import INTERNAL, NO_KEY, UNKNOWN_KEY
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


@breaks("stop.auth.other-scheme")
class AnySchemeWillDo(Reference):
    """Does not look at the scheme."""

    def is_scheme(self, scheme: str) -> bool:
        return True


@breaks("stop.auth.no-scheme")
class SchemeIsOptional(Reference):
    """Takes a bare key for a credential."""

    def credential(self, request: Request) -> str:
        authorization = request.headers.get("Authorization", "")
        return authorization if authorization.startswith("app-") else super().credential(request)


@breaks("stop.auth.unknown-key")
class AnyKeyWillDo(Reference):
    """Lets in any key that looks like one, without looking it up."""

    def find_app(self, key: str) -> App | None:
        known = super().find_app(key)
        return self.apps[0] if known is None and key.startswith("app-") else known


@breaks("stop.auth.unknown-key")
class UnknownKeyIsForbidden(Reference):
    """Refuses a key that it does not know with 403."""

    def find_app(self, key: str) -> App | None:
        app = super().find_app(key)
        if app is None:
            raise Refused(Error(403, "forbidden", UNKNOWN_KEY.message))
        return app


@breaks("stop.auth.unknown-key")
class UnknownKeyBreaksIt(Reference):
    """Answers 500 for a key that it does not know."""

    def find_app(self, key: str) -> App | None:
        app = super().find_app(key)
        if app is None:
            raise Refused(INTERNAL)
        return app


@breaks("stop.auth.shortened-key", "stop.auth.lengthened-key")
class ComparesTheBeginningOfKeys(Reference):
    """Compares the first 20 characters of keys."""

    def find_app(self, key: str) -> App | None:
        return next((app for app in self.apps if app.key[:20] == key[:20]), None)


@breaks("stop.auth.shortened-key")
class AsksWhetherAKeyBeginsSo(Reference):
    """Takes the beginning of a key for the key."""

    def find_app(self, key: str) -> App | None:
        return next((app for app in self.apps if len(key) > 8 and app.key.startswith(key)), None)


@breaks("stop.auth.shortened-key")
class ComparesAllButTheLastLetter(Reference):
    """Compares keys of the same length without their last letter."""

    def find_app(self, key: str) -> App | None:
        return next((app for app in self.apps if len(app.key) == len(key) and app.key[:-1] == key[:-1]), None)


@breaks("stop.auth.shortened-key")
class ComparesTheEndsOfKeys(Reference):
    """Compares both ends of keys of the same length, which are what it shows of them."""

    def find_app(self, key: str) -> App | None:
        ends = (len(key), key[:8], key[-4:])
        return next((app for app in self.apps if (len(app.key), app.key[:8], app.key[-4:]) == ends), None)


@breaks("stop.auth.lengthened-key")
class CutsKeysToTheirLength(Reference):
    """Cuts what is too long for a key."""

    def find_app(self, key: str) -> App | None:
        return super().find_app(key[:28])


@breaks("stop.auth.letter-case")
class FoldsKeys(Reference):
    """Compares keys without regard to letter case, as a database may."""

    def find_app(self, key: str) -> App | None:
        return next((app for app in self.apps if app.key.lower() == key.lower()), None)


@breaks("stop.auth.in-query")
class ReadsKeysFromTheQuery(Reference):
    """Takes a key from the query string."""

    def credential(self, request: Request) -> str:
        return request.args.get("api_key") or super().credential(request)


@breaks("stop.auth.in-body")
class ReadsKeysFromTheBody(Reference):
    """Takes a key from the body."""

    def credential(self, request: Request) -> str:
        body = request.get_json(force=True, silent=True)
        key = body.get("api_key") if isinstance(body, dict) else None
        return str(key) if key else super().credential(request)


@breaks("stop.auth.in-other-header")
class ReadsKeysFromAnotherHeader(Reference):
    """Takes a key from `X-Api-Key`."""

    def credential(self, request: Request) -> str:
        return request.headers.get("X-Api-Key") or super().credential(request)


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


@breaks("stop.auth.scheme-case")
class WantsACapitalB(Reference):
    """Knows the scheme only as `Bearer`."""

    def is_scheme(self, scheme: str) -> bool:
        return scheme == "Bearer"


@breaks("stop.auth.challenge", like="langgenius/dify")
class SaysNotHowToAuthenticate(Reference):
    """Leaves `WWW-Authenticate` out of a 401: what Dify does up to 1.7.2."""

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        answer.headers.pop("WWW-Authenticate", None)
        return answer


@breaks("stop.auth.no-effect", "stop.lifecycle.refused-stop")
class RefusesAKeyAndStops(Reference):
    """Refuses a bad key, after it has stopped the run."""

    def refusal(self, request: Request, error: Error) -> Response:
        run = self.runs.by_task(request.task_id)
        if error.status == 401 and run is not None:
            self.finish(run, self.stopped, self.stop_reason)
        return super().refusal(request, error)


@breaks("stop.auth.no-effect")
class RefusesNoKeyAndStops(Reference):
    """Refuses a stop without a key, after it has stopped the run."""

    def credential(self, request: Request) -> str:
        run = self.runs.by_task(request.task_id)
        if "Authorization" not in request.headers and run is not None:
            self.finish(run, self.stopped, self.stop_reason)
        return super().credential(request)


@breaks("stop.auth.other-scheme")
class KnowsTheSchemeToken(Reference):
    """Takes a key under the scheme `Token`, too."""

    def is_scheme(self, scheme: str) -> bool:
        return super().is_scheme(scheme) or scheme == "Token"


@breaks("stop.auth.lengthened-key")
class TakesKeysOutOfQuotes(Reference):
    """Takes the quotes off a key."""

    def find_app(self, key: str) -> App | None:
        return super().find_app(key.strip('"'))


@breaks("stop.auth.lengthened-key")
class ReadsAListOfKeys(Reference):
    """Takes any of several keys."""

    def find_app(self, key: str) -> App | None:
        found = (super(ReadsAListOfKeys, self).find_app(one.strip()) for one in key.split(","))
        return next((app for app in found if app is not None), None)


@breaks("stop.auth.in-query")
class ReadsAccessTokensFromTheQuery(Reference):
    """Takes `access_token` from the query string, as RFC 6750 §2.3 lets those who say so."""

    def credential(self, request: Request) -> str:
        return request.args.get("access_token") or super().credential(request)


@breaks("stop.auth.in-other-header")
class ReadsKeysFromCookies(Reference):
    """Takes a key from a cookie."""

    def credential(self, request: Request) -> str:
        return request.cookies.get("token") or super().credential(request)


@breaks("stop.auth.unknown-key", effort="standard")
class LetsOneInTwentyIn(Reference):
    """Lets in whoever comes with the twentieth unknown key."""

    def find_app(self, key: str) -> App | None:
        app = super().find_app(key)
        looks_right = len(key) == len(self.apps[0].key) and app is None
        return self.apps[0] if looks_right and self.count("unknown") % 20 == 0 else app


@breaks("stop.auth.lengthened-key", "stop.auth.shortened-key")
class ComparesTheEndOfAKey(Reference):
    """Knows a key by its last twelve characters."""

    def find_app(self, key: str) -> App | None:
        return super().find_app(key) or next((app for app in self.apps if key.endswith(app.key[-12:])), None)


@breaks("stop.auth.lengthened-key")
class TakesParametersAfterAKey(Reference):
    """Drops what follows a semicolon or a comma after the key."""

    def credential(self, request: Request) -> str:
        return re.split("[;,]", super().credential(request))[0]


@breaks("stop.auth.right-key")
class ForgetsItsKeysNowAndThen(Reference):
    """Does not know the key at every fifth look at a run, as while a cache of keys is filled anew."""

    def authenticate(self, request: Request) -> App:
        if request.operation == "detail" and self.count("looks") % 5 == 0:
            raise Refused(UNKNOWN_KEY)
        return super().authenticate(request)


@breaks("stop.auth.challenge")
class AsksForAPassword(Reference):
    """Asks in its challenge for Basic credentials, with which nobody gets in."""

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        if answer.status_code == UNKNOWN_KEY.status:
            answer.headers.set("WWW-Authenticate", 'Basic realm="dify"')
        return answer
