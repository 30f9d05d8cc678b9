"""Faults by which somebody gets past the question for a key: other spellings of the path, a session, a place inside."""

from werkzeug.wrappers import Response

from conformance.reference import App, Reference, Request
from conformance.reference.faults.marking import breaks


@breaks("stop.auth.unknown-key")
class SlashNeedsNoKey(Reference):
    """Asks for no key where the path ends with a slash, and does what it names without."""

    def answer(self, request: Request) -> Response:
        path = request.environ["PATH_INFO"]
        if not path.endswith("/stop/"):
            return super().answer(request)
        return self.do_stop(request, self.apps[0], path.split("/")[-3])


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


@breaks("stop.auth.unknown-key")
class TheOldPathNeedsNoKey(_PathNeedsNoKey):
    """Asks for no key at the path that this operation had in earlier versions, and does what it names."""

    def is_spelled(self, path: str) -> bool:
        return "/tasks/" not in path and "/workflows/" in path and path.endswith("/stop")


@breaks("stop.auth.unknown-key")
class SlashesWithinNeedNoKey(_PathNeedsNoKey):
    """Asks for no key where a slash within the path of the operation is doubled, and does what it names."""

    def is_spelled(self, path: str) -> bool:
        return "/workflows//tasks/" in path and path.endswith("/stop")


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


@breaks("stop.auth.no-header")
class TrustsWhoSaysInside(Reference):
    """Asks for no key where a header says that the request comes from its own machine."""

    def authenticate(self, request: Request) -> App:
        says_inside = request.headers.get("X-Forwarded-For") == "127.0.0.1"
        if says_inside and "Authorization" not in request.headers:
            return self.apps[0]
        return super().authenticate(request)


@breaks("stop.auth.unknown-key")
class ParametersNeedNoKey(_PathNeedsNoKey):
    """Asks for no key where the path ends with parameters, which it cuts off before it does what is named."""

    def is_spelled(self, path: str) -> bool:
        return "/stop;" in path


@breaks("stop.auth.unknown-key")
class DotSegmentsNeedNoKey(_PathNeedsNoKey):
    """Asks for no key where the path goes up and down again, and does what it names."""

    def is_spelled(self, path: str) -> bool:
        return "/../" in path and path.endswith("/stop")


@breaks("stop.auth.unknown-key")
class TrustsWhoNamesThePath(Reference):
    """Asks for no key where a header names another path, as if only its gateway could do so."""

    def answer(self, request: Request) -> Response:
        path = request.headers.get("X-Rewrite-Url", "")
        if not path.endswith("/stop"):
            return super().answer(request)
        return self.do_stop(request, self.apps[0], path.split("/")[-2])
