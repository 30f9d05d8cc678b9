"""Faults in how a key is looked up, and in what is taken for one that is known."""

import base64
import re
from typing import Any

from conformance.reference import App, Error, Reference, Refused, Request
from conformance.reference.answers import INTERNAL, UNKNOWN_KEY
from conformance.reference.faults.marking import breaks


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


@breaks("stop.auth.unknown-key", effort="standard")
class LetsOneInTwentyIn(Reference):
    """Lets in whoever comes with the twentieth unknown key."""

    def find_app(self, key: str) -> App | None:
        app = super().find_app(key)
        looks_right = len(key) == len(self.apps[0].key) and app is None
        return self.apps[0] if looks_right and self.count("unknown") % 20 == 0 else app


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


@breaks("stop.auth.right-key")
class ForgetsItsKeysNowAndThen(Reference):
    """Does not know the key at every fifth look at a run, as while a cache of keys is filled anew."""

    def authenticate(self, request: Request) -> App:
        if request.operation == "detail" and self.count("looks") % 5 == 0:
            raise Refused(UNKNOWN_KEY)
        return super().authenticate(request)


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


@breaks("stop.auth.lengthened-key", "stop.auth.shortened-key")
class ComparesTheEndOfAKey(Reference):
    """Knows a key by its last twelve characters."""

    def find_app(self, key: str) -> App | None:
        return super().find_app(key) or next((app for app in self.apps if key.endswith(app.key[-12:])), None)


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


@breaks("stop.auth.shortened-key")
class LooksKeysUpByPattern(Reference):
    """Looks a key up as a pattern, in which a percent sign stands for any end."""

    def find_app(self, key: str) -> App | None:
        found = super().find_app(key)
        if found is None and key.endswith("%") and len(key) > 12:
            return next((app for app in self.apps if app.key.startswith(key[:-1])), None)
        return found


@breaks("stop.auth.shortened-key")
class AddsThePrefix(Reference):
    """Takes a key without the prefix that all of them have."""

    def find_app(self, key: str) -> App | None:
        return super().find_app(key) or super().find_app(f"app-{key}")


@breaks("stop.auth.shortened-key")
class DecodesKeys(Reference):
    """Takes a key in base64, as other APIs have it."""

    def find_app(self, key: str) -> App | None:
        found = super().find_app(key)
        try:
            return found or super().find_app(base64.b64decode(key, validate=True).decode())
        except ValueError:
            return found
