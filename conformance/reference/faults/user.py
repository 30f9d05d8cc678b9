"""Faults in what is taken for a user."""

from dataclasses import replace
from typing import Any

from werkzeug.wrappers import Response

from conformance.reference import Error, Reference, Refused, Request, Run
from conformance.reference.answers import INTERNAL, NO_USER
from conformance.reference.apps import App
from conformance.reference.faults.marking import breaks


@breaks("stop.user.missing")
class UserIsOptional(Reference):
    """Does a stop in which nobody is named."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        return "somebody" if "user" not in body else super().read_user(request, body)


@breaks("stop.user.missing")
class MissingUserIsUnprocessable(Reference):
    """Refuses a missing user with 422."""

    def refusal(self, request: Request, error: Error) -> Response:
        return super().refusal(request, replace(error, status=422) if error == NO_USER else error)


@breaks("stop.user.missing")
class MissingUserBreaksIt(Reference):
    """Runs into a missing key and answers 500."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        if "user" not in body:
            raise Refused(INTERNAL)
        return super().read_user(request, body)


@breaks("stop.user.missing")
class MissingUserHasAnotherCode(Reference):
    """Refuses a missing user as `bad_request`."""

    def refusal(self, request: Request, error: Error) -> Response:
        return super().refusal(request, replace(error, code="bad_request") if error == NO_USER else error)


@breaks("stop.user.missing")
class CodeInCapitals(Reference):
    """Writes `INVALID_PARAM` where the document writes it small."""

    def refusal(self, request: Request, error: Error) -> Response:
        return super().refusal(
            request, replace(error, code=error.code.upper()) if error == NO_USER else error
        )


@breaks("stop.user.message")
class MissingUserInOtherWords(Reference):
    """Says of a missing user what the error guide says, not the reference."""

    def refusal(self, request: Request, error: Error) -> Response:
        said = replace(error, message="user is required") if error == NO_USER else error
        return super().refusal(request, said)


class _Takes(Reference):
    """Takes values of one more type for a user."""

    kind: type = type(None)

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        taken = "user" in body and type(body["user"]) is self.kind
        return "somebody" if taken else super().read_user(request, body)


@breaks("stop.user.null")
class TakesNull(_Takes):
    """Takes null for a user."""


@breaks("stop.user.number", like="langgenius/dify")
class TakesNumbers(_Takes):
    """Takes a number for a user."""

    kind = int


@breaks("stop.user.boolean")
class TakesBooleans(_Takes):
    """Takes true for a user."""

    kind = bool


@breaks("stop.user.array")
class TakesArrays(_Takes):
    """Takes a list of users."""

    kind = list


@breaks("stop.user.object")
class TakesObjects(_Takes):
    """Takes an object for a user."""

    kind = dict


@breaks("stop.user.number", "stop.user.boolean", "stop.user.array", "stop.user.object")
class WritesUsersAsText(Reference):
    """Takes whatever is true for a user, and writes it as text: what Dify does up to 1.16.1."""

    def is_user(self, value: object) -> bool:
        return bool(value)


@breaks("stop.user.empty")
class TakesTheEmptyUser(Reference):
    """Takes an empty string for a user."""

    def is_user(self, value: object) -> bool:
        return isinstance(value, str)


@breaks("stop.user.number")
class NumberBreaksIt(Reference):
    """Looks for the length of a number and answers 500."""

    def is_user(self, value: object) -> bool:
        if isinstance(value, int) and not isinstance(value, bool):
            raise Refused(INTERNAL)
        return super().is_user(value)


@breaks("stop.user.object")
class ObjectHasAnotherStatus(Reference):
    """Refuses an object as user with 422, anything else with 400."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        if isinstance(body.get("user"), dict):
            raise Refused(replace(NO_USER, status=422))
        return super().read_user(request, body)


@breaks("stop.user.in-query")
class ReadsTheQuery(Reference):
    """Takes a user from the query string."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        return request.args.get("user") or super().read_user(request, body)


@breaks("stop.user.other-name")
class KnowsTheUserByOtherNames(Reference):
    """Takes `user_id` for `user`."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        return super().read_user(request, {"user": body.get("user_id")} | body)


@breaks("stop.user.other-name")
class InheritsTheUser(Reference):
    """Takes what stands under `__proto__` for members of the body, as objects of JavaScript do."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        inherited = body.get("__proto__")
        return super().read_user(request, (inherited if isinstance(inherited, dict) else {}) | body)


@breaks("stop.user.letter-case")
class ReadsMembersInAnyCase(Reference):
    """Takes `User` for `user`."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        return super().read_user(request, {name.lower(): value for name, value in body.items()})


class _RefusesStopsOf(Reference):
    """Refuses to stop runs of users whose names it does not like; they may start them."""

    def dislikes(self, user: str) -> bool:
        raise NotImplementedError

    def find_run(self, task_id: str, app: App, user: str) -> Run | None:
        if self.dislikes(user):
            raise Refused(NO_USER)
        return super().find_run(task_id, app, user)


@breaks("stop.user.any-string")
class WantsAscii(_RefusesStopsOf):
    """Refuses users outside ASCII."""

    def dislikes(self, user: str) -> bool:
        return not user.isascii()


@breaks("stop.user.any-string")
class WantsShortNames(_RefusesStopsOf):
    """Refuses users of more than 64 characters."""

    def dislikes(self, user: str) -> bool:
        return len(user) > 64


@breaks("stop.user.any-string")
class FearsQuotes(_RefusesStopsOf):
    """Takes a quote in a name for an attack."""

    def dislikes(self, user: str) -> bool:
        return "'" in user


@breaks("stop.user.any-string")
class TakesDigitsForANumber(_RefusesStopsOf):
    """Refuses a user who is all digits, as if it were a number."""

    def dislikes(self, user: str) -> bool:
        return user.isdigit()


@breaks("stop.user.any-string")
class TakesTheWordNullForNull(_RefusesStopsOf):
    """Refuses the user whose name is `null`."""

    def dislikes(self, user: str) -> bool:
        return user == "null"


@breaks("stop.user.any-string")
class FearsMailAddresses(_RefusesStopsOf):
    """Refuses a user with an `@` in it."""

    def dislikes(self, user: str) -> bool:
        return "@example" in user


@breaks("stop.user.any-string")
class FearsSlashes(_RefusesStopsOf):
    """Refuses a user with a slash in it."""

    def dislikes(self, user: str) -> bool:
        return "a/b" in user


@breaks("stop.user.any-string")
class ZeroIsNobody(_RefusesStopsOf):
    """Takes the user `0` for none, as a language does to which that text is false."""

    def dislikes(self, user: str) -> bool:
        return user == "0"


@breaks("stop.user.in-query")
class NullMeansTheQuery(Reference):
    """Looks for the user in the query string where the one in the body is null."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        other = request.args.get("user")
        return other if other and body.get("user", "") is None else super().read_user(request, body)


@breaks("stop.user.any-string")
class KnowsNoMailAddresses(Reference):
    """Refuses a user who is a mail address, whether to start a run or to stop it."""

    def is_user(self, value: object) -> bool:
        return super().is_user(value) and "@example" not in str(value)


@breaks("stop.user.any-string")
class WantsNoUnderscore(Reference):
    """Takes a user with an underscore for none, in stops only."""

    def read_user(self, request: Request, body: dict[str, Any]) -> str:
        user = super().read_user(request, body)
        if request.operation == "stop" and "_" in user:
            raise Refused(NO_USER)
        return user


@breaks("stop.lifecycle.any-user")
class LosesTheEndsOfTheFarAway(Reference):
    """Never records the end of a run whose user has letters that take four bytes."""

    def detail(self, run: Run) -> dict[str, Any]:
        told = super().detail(run)
        is_lost = run.has_ended and any(ord(letter) > 0xFFFF for letter in run.user)
        return told | ({"status": "running", "finished_at": None} if is_lost else {})
