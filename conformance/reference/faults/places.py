"""Faults in where a key or a user is looked for: in the query, the body, a cookie or another header."""

from typing import Any

from conformance.reference import Reference, Request
from conformance.reference.faults.marking import breaks


@breaks("stop.auth.in-query")
class ReadsKeysFromTheQuery(Reference):
    """Takes a key from the query string."""

    def credential(self, request: Request) -> str:
        return request.args.get("api_key") or super().credential(request)


@breaks("stop.auth.in-query")
class ReadsAccessTokensFromTheQuery(Reference):
    """Takes `access_token` from the query string, as RFC 6750 §2.3 lets those who say so."""

    def credential(self, request: Request) -> str:
        return request.args.get("access_token") or super().credential(request)


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


@breaks("stop.auth.in-other-header")
class ReadsKeysFromCookies(Reference):
    """Takes a key from a cookie."""

    def credential(self, request: Request) -> str:
        return request.cookies.get("token") or super().credential(request)


@breaks("stop.auth.in-other-header")
class TrustsForwardedKeys(Reference):
    """Takes the key that a proxy would have handed on."""

    def credential(self, request: Request) -> str:
        forwarded = request.headers.get("X-Forwarded-Authorization", "")
        return forwarded.removeprefix("Bearer ") or super().credential(request)


@breaks("stop.auth.in-other-header")
class TakesKeysForTheProxy(Reference):
    """Takes the key that is for a proxy on the way."""

    def credential(self, request: Request) -> str:
        for_the_proxy = request.headers.get("Proxy-Authorization", "")
        return for_the_proxy.removeprefix("Bearer ") or super().credential(request)


@breaks("stop.auth.in-other-header")
class TakesTheKeyOfItsGateway(Reference):
    """Takes the key from the header that a gateway calls `apikey`."""

    def credential(self, request: Request) -> str:
        return request.headers.get("apikey", "") or super().credential(request)


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
