"""Faults in who is let in: keys and users that stand elsewhere, and ways past the question."""

import re
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import App, Error, Reference, Refused, Request
from conformance.reference.answers import INTERNAL, MALFORMED, NOT_JSON
from conformance.reference.faults.marking import breaks


@breaks("stop.auth.lengthened-key")
class TakesTheSchemeTwice(Reference):
    """Lets in whoever writes the scheme twice, as clients do that add it to a key which has it."""

    def credential(self, request: Request) -> str:
        return re.sub(r"(?i)^bearer +", "", super().credential(request))


@breaks("stop.auth.lengthened-key")
class DropsPadding(Reference):
    """Drops what pads a key before it compares it."""

    def credential(self, request: Request) -> str:
        return super().credential(request).rstrip("=")


@breaks("stop.auth.no-scheme")
class NeedsNoBlank(Reference):
    """Cuts the scheme off by its length, with what follows it or without."""

    def credential(self, request: Request) -> str:
        authorization = request.headers.get("Authorization", "")
        is_glued = re.match(r"(?i)bearer\S", authorization)
        return authorization[len("Bearer") :] if is_glued else super().credential(request)


@breaks("stop.auth.in-other-header")
class TrustsForwardedKeys(Reference):
    """Takes the key that a proxy would have handed on."""

    def credential(self, request: Request) -> str:
        forwarded = request.headers.get("X-Forwarded-Authorization", "")
        return forwarded.removeprefix("Bearer ") or super().credential(request)


@breaks("stop.auth.first")
class LooksAtFormsFirst(Reference):
    """Refuses a form as such before it asks for the key."""

    def authenticate(self, request: Request) -> App:
        if request.operation == "stop" and request.mimetype == "application/x-www-form-urlencoded":
            raise Refused(NOT_JSON)
        return super().authenticate(request)


@breaks("stop.auth.unknown-key")
class SlashNeedsNoKey(Reference):
    """Asks for no key where the path ends with a slash, and does what it names without."""

    def answer(self, request: Request) -> Response:
        path = request.environ["PATH_INFO"]
        if not path.endswith("/stop/"):
            return super().answer(request)
        return self.do_stop(request, self.apps[0], path.split("/")[-3])


@breaks("stop.auth.unknown-key")
class SessionBeatsKey(Reference):
    """Opens a session for a right key, whose cookie is enough from then on."""

    session = "5f3c9a"

    def authenticate(self, request: Request) -> App:
        if request.cookies.get("session") == self.session:
            return self.apps[0]
        return super().authenticate(request)

    def success(self) -> Response:
        answer = super().success()
        answer.set_cookie("session", self.session, httponly=True)
        return answer


@breaks("stop.auth.in-other-header")
class TakesKeysForTheProxy(Reference):
    """Takes the key that is for a proxy on the way."""

    def credential(self, request: Request) -> str:
        for_the_proxy = request.headers.get("Proxy-Authorization", "")
        return for_the_proxy.removeprefix("Bearer ") or super().credential(request)


@breaks("stop.lifecycle.refused-when-unknown")
class OtherModesBreakOnBadBodies(Reference):
    """Answers 500 when the app is no workflow and the body no JSON."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        if app.mode == "workflow":
            return super().do_stop(request, app, task_id)
        try:
            return super().do_stop(request, app, task_id)
        except Refused as refused:
            raise Refused(INTERNAL if refused.error == MALFORMED else refused.error) from refused


@breaks("stop.lifecycle.refused-when-unknown")
class TwoMistakesBreakIt(Reference):
    """Answers 500 when the app is no workflow and no user is named."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        if app.mode != "workflow" and not self.read_body(request).get("user"):
            raise Refused(INTERNAL)
        return super().do_stop(request, app, task_id)


@breaks("stop.lifecycle.other-app")
class ForeignTasksBreakIt(Reference):
    """Answers 500 to the stop of a task that another app has."""

    def do_stop(self, request: Request, app: App, task_id: str) -> Response:
        run = self.runs.by_task(task_id)
        if run is not None and app.mode == "workflow" and run.app is not app:
            raise Refused(INTERNAL)
        return super().do_stop(request, app, task_id)


@breaks("stop.user.other-name")
class TakesTheUserFromAHeader(Reference):
    """Takes the user that a proxy names where the body has none."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        named = request.headers.get("X-Forwarded-User", "")
        return super().read_user(request, body if body.get("user") else body | {"user": named})


@breaks("stop.user.in-query")
class NeedsNoBodyForAUserInTheQuery(Reference):
    """Takes the query for the body where there is none."""

    def read_body(self, request: Request) -> dict[str, Any]:
        return dict(request.args) if request.args and not request.get_data() else super().read_body(request)


@breaks("stop.body.form")
class TakesFormsInParts(Reference):
    """Takes a multipart form for a body."""

    def read_body(self, request: Request) -> dict[str, Any]:
        is_form = request.mimetype == "multipart/form-data" and "user" in request.form
        return dict(request.form) if is_form else super().read_body(request)


@breaks("stop.robust.users")
class ReadsYaml(Reference):
    """Takes users who are called as the truth values of YAML are for no strings."""

    def is_user(self, value: object) -> bool:
        return super().is_user(value) and value not in {"yes", "no", "on", "off", "true", "false", "~"}


@breaks("stop.lifecycle.any-user")
class ResolvesEntities(Reference):
    """Resolves character references in the user of a stop."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        user = super().read_user(request, body)
        return user.replace("&amp;", "&") if request.operation == "stop" else user


@breaks("stop.lifecycle.any-user")
class UsersEndWithTheirLine(Reference):
    """Takes the first line of the user of a stop, whatever ends it."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        user = super().read_user(request, body)
        return user.splitlines()[0] if request.operation == "stop" else user


@breaks("stop.robust.utf-8")
class TranslatesIntoLatin(Reference):
    """Writes messages in Latin-1 for whoever asks for another language."""

    def refusal(self, request: Request, error: Error) -> Response:
        answer = super().refusal(request, error)
        if request.headers.get("Accept-Language", "").startswith("de"):
            text = answer.get_data(as_text=True).replace(error.message, "Ungültig")
            answer.set_data(text.encode("latin-1"))
        return answer


@breaks("stop.auth.lengthened-key")
class ReadsTokenParameters(Reference):
    """Lets in whoever writes the key as the parameter `token`, as another framework does."""

    def credential(self, request: Request) -> str:
        return re.sub(r'^token="?([^"]*)"?$', r"\1", super().credential(request))


@breaks("stop.auth.no-header")
class TrustsWhoSaysInside(Reference):
    """Asks for no key where a header says that the request comes from its own machine."""

    def authenticate(self, request: Request) -> App:
        says_inside = request.headers.get("X-Forwarded-For") == "127.0.0.1"
        if says_inside and "Authorization" not in request.headers:
            return self.apps[0]
        return super().authenticate(request)


@breaks("stop.auth.unknown-key")
class KnowsWhomItRefused(Reference):
    """Keeps the keys that it looked up, those of nobody, too, and lets in whatever it has kept."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.kept: set[str] = set()

    def find_app(self, key: str) -> App | None:
        if key.startswith("app-") and key in self.kept:
            return self.apps[0]
        app = super().find_app(key)
        if app is None:
            self.kept.add(key)
        return app


class _PathNeedsNoKey(Reference):
    """Asks for no key where the path is spelled in another way than in its rules, and does what it names."""

    def is_spelled(self, path: str) -> bool:
        raise NotImplementedError

    def answer(self, request: Request) -> Response:
        path = str(request.environ["REQUEST_URI"])
        if not self.is_spelled(path):
            return super().answer(request)
        return self.do_stop(request, self.apps[0], path.split("/")[-2])


@breaks("stop.auth.unknown-key")
class TwoSlashesNeedNoKey(_PathNeedsNoKey):
    """Asks for no key where a slash of the path is doubled, and does what it names."""

    def is_spelled(self, path: str) -> bool:
        return "//workflows/" in path and path.endswith("/stop")


@breaks("stop.auth.unknown-key")
class EncodedPathsNeedNoKey(_PathNeedsNoKey):
    """Asks for no key where the path has a percent-encoded letter, and does what it names."""

    def is_spelled(self, path: str) -> bool:
        return path.endswith("/%73top")


@breaks("stop.auth.unknown-key")
class CapitalsNeedNoKey(_PathNeedsNoKey):
    """Asks for no key where the last word of the path is in capitals, and does what it names."""

    def is_spelled(self, path: str) -> bool:
        return path.endswith("/STOP")


@breaks("stop.auth.unknown-key")
class SuffixesNeedNoKey(_PathNeedsNoKey):
    """Asks for no key where the path has the suffix of a file, and does what it names."""

    def is_spelled(self, path: str) -> bool:
        return path.endswith("/stop.json")


@breaks("stop.auth.unknown-key")
class TheInnerPathNeedsNoKey(_PathNeedsNoKey):
    """Asks for no key where the path lacks its base, as if only its gateway could ask so."""

    def is_spelled(self, path: str) -> bool:
        return path.startswith("/workflows/tasks/") and path.endswith("/stop")


@breaks("stop.robust.credentials")
class LetsKeysOfDatasetsIn(Reference):
    """Lets in whatever begins like a key of the knowledge base."""

    def find_app(self, key: str) -> App | None:
        return self.apps[0] if key.startswith("dataset-") else super().find_app(key)


@breaks("stop.robust.credentials")
class TrustsUnsignedTokens(Reference):
    """Believes a token that says who it is for, whoever signed it."""

    def find_app(self, key: str) -> App | None:
        return self.apps[0] if re.fullmatch(r"eyJ[\w-]+\.[\w-]+\.[\w-]*", key) else super().find_app(key)


@breaks("stop.robust.credentials")
class LongKeysPass(Reference):
    """Lets in whoever has a key that is too long to be looked up."""

    def find_app(self, key: str) -> App | None:
        return self.apps[0] if len(key) > 4096 else super().find_app(key)


@breaks("stop.auth.before-body")
class ParsesBeforeItAsks(Reference):
    """Parses JSON before it asks for the key, as a parser in front of everything does."""

    def authenticate(self, request: Request) -> App:
        if request.operation == "stop" and self.is_json(request):
            self.parse(request.get_data() or b"null")
        return super().authenticate(request)


@breaks("stop.auth.other-scheme")
class TakesTheKeyForAUserName(Reference):
    """Takes the user name of the scheme Basic for a key."""

    def credential(self, request: Request) -> str:
        basic = request.authorization
        if basic is not None and basic.type == "basic" and basic.username:
            return basic.username
        return super().credential(request)


@breaks("stop.auth.in-other-header")
class TakesTheKeyOfItsGateway(Reference):
    """Takes the key from the header that a gateway calls `apikey`."""

    def credential(self, request: Request) -> str:
        return request.headers.get("apikey", "") or super().credential(request)
