"""How a request is understood: who is there, and what they want."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from conformance.reference import answers, workflow
from conformance.reference.answers import Refused
from conformance.reference.apps import App
from conformance.reference.wire import Request


class Reading:
    """Reads requests; every method returns what it has understood, or refuses.

    Attributes:
        apps: who may be there.
        rounds: rounds of each loop when the client does not say.

    """

    apps: tuple[App, ...]
    rounds: int

    def authenticate(self, request: Request) -> App:
        """Find the app that the caller may use."""
        app = self.find_app(self.credential(request))
        if app is None:
            raise Refused(answers.UNKNOWN_KEY)
        return app

    def credential(self, request: Request) -> str:
        """Read the key from the `Authorization` header."""
        authorization = request.headers.get("Authorization", "").strip(" ")
        scheme, space, key = authorization.partition(" ")
        if not space:
            raise Refused(answers.NO_KEY)
        if not self.is_scheme(scheme):
            raise Refused(answers.OTHER_SCHEME)
        return key.strip(" ")

    def is_scheme(self, scheme: str) -> bool:
        """Say whether this is the scheme that we know (RFC 9110: in any letter case)."""
        return scheme.lower() == "bearer"

    def find_app(self, key: str) -> App | None:
        """Find the app of a key."""
        return next((app for app in self.apps if app.key == key), None)

    def read_body(self, request: Request) -> dict[str, Any]:
        """Read a body that must be a JSON object; its members are not checked."""
        if not self.is_json(request):
            raise Refused(answers.NOT_JSON)
        if request.is_too_large:
            raise Refused(answers.TOO_LARGE)
        body = self.parse(request.get_data())
        if not isinstance(body, dict):
            raise Refused(answers.NOT_AN_OBJECT)
        return body

    def is_json(self, request: Request) -> bool:
        """Say whether the body claims to be JSON, and not compressed."""
        coding = request.headers.get("Content-Encoding", "identity").strip().lower()
        return request.is_json and coding in ("", "identity")

    def parse(self, raw: bytes) -> Any:
        """Parse JSON strictly: UTF-8 without a mark, no NaN, no half of a surrogate pair."""
        try:
            value = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
            if b"\\ud" in raw.lower():
                json.dumps(value, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError):
            raise Refused(answers.MALFORMED) from None
        return value

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        """Read who asks."""
        user = body.get("user")
        if not self.is_user(user):
            raise Refused(answers.NO_USER)
        return str(user)

    def is_user(self, value: object) -> bool:
        """Say whether this can be a user: a string with something in it."""
        return isinstance(value, str) and value != ""

    def check_mode(self, app: App) -> None:
        """Refuse an app that is no workflow."""
        if app.mode != "workflow":
            raise Refused(answers.NOT_WORKFLOW_APP)

    def read_response_mode(self, body: dict[str, Any]) -> str:
        """Read how a run is to be answered; blocking when the client does not say."""
        mode = body.get("response_mode")
        if mode not in ("streaming", "blocking", None):
            raise Refused(answers.BAD_RESPONSE_MODE)
        return mode or "blocking"

    def read_rounds(self, body: dict[str, Any]) -> int:
        """Read how many rounds each loop is to take."""
        inputs = body.get("inputs")
        if not isinstance(inputs, dict):
            raise Refused(answers.BAD_INPUTS)
        return workflow.read_rounds(inputs.get("rounds"), self.rounds)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
