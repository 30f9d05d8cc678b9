"""Faults in how the Authorization header is read: its scheme, and what stands around the key."""

import re

from conformance.reference import App, Reference, Request
from conformance.reference.faults.marking import breaks


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


@breaks("stop.auth.scheme-case")
class WantsACapitalB(Reference):
    """Knows the scheme only as `Bearer`."""

    def is_scheme(self, scheme: str) -> bool:
        return scheme == "Bearer"


@breaks("stop.auth.other-scheme")
class KnowsTheSchemeToken(Reference):
    """Takes a key under the scheme `Token`, too."""

    def is_scheme(self, scheme: str) -> bool:
        return super().is_scheme(scheme) or scheme == "Token"


@breaks("stop.auth.other-scheme")
class KnowsTheSchemeApiKey(Reference):
    """Takes a key under the scheme `ApiKey`, too."""

    def is_scheme(self, scheme: str) -> bool:
        return super().is_scheme(scheme) or scheme == "ApiKey"


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


@breaks("stop.auth.lengthened-key")
class TakesParametersAfterAKey(Reference):
    """Drops what follows a semicolon or a comma after the key."""

    def credential(self, request: Request) -> str:
        return re.split("[;,]", super().credential(request))[0]


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


@breaks("stop.auth.no-scheme")
class TakesAColonForABlank(Reference):
    """Lets a colon or an equals sign stand between scheme and key."""

    def credential(self, request: Request) -> str:
        found = re.match(r"(?i)bearer[:=](.*)", request.headers.get("Authorization", ""))
        return found[1] if found else super().credential(request)


@breaks("stop.auth.lengthened-key")
class ReadsTokenParameters(Reference):
    """Lets in whoever writes the key as the parameter `token`, as another framework does."""

    def credential(self, request: Request) -> str:
        return re.sub(r'^token="?([^"]*)"?$', r"\1", super().credential(request))


@breaks("stop.auth.other-scheme")
class TakesTheKeyForAUserName(Reference):
    """Takes the user name of the scheme Basic for a key."""

    def credential(self, request: Request) -> str:
        basic = request.authorization
        if basic is not None and basic.type == "basic" and basic.username:
            return basic.username
        return super().credential(request)


@breaks("stop.auth.other-scheme")
class TakesTheKeyForAPassword(Reference):
    """Takes the password of the scheme Basic for a key."""

    def credential(self, request: Request) -> str:
        authorization = request.authorization
        password = authorization.password if authorization and authorization.type == "basic" else None
        return password or super().credential(request)
