"""Stops with keys that must not be let in, each for a run that is alive, and with one that must be."""

from functools import partial
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from conformance.exchange import Headers
from conformance.masking import as_user_name, placeholder, with_another_letter
from conformance.scenarios.mistakes import MALFORMED, TEXT, made_up_key, mode_keys
from conformance.scenarios.refusals import FORM, Anvil, for_a_run
from conformance.scenarios.requests import JSON_HEADERS, json_bytes
from conformance.scenarios.stage import Stage
from conformance.target import OWNER_KEY

KEY_TRIES = 24  # unknown keys in a row; a lock that gives way now and then is none

# Where servers look for a key that the document does not know: by other names, and with something around it.
KEY_NAMES = ("api_key", "access_token", "token", "key", "apikey", "api-key")
DECORATED = {
    "key in quotes": '"KEY"',
    "key among others": "conformance, KEY",
    "key and a word": "KEY conformance",
    "key and parameters": "KEY;conformance=1",
    "key before others": "KEY, conformance",
    "something before the key": "xKEY",
    "key after the scheme twice": "Bearer KEY",
    "key and padding": "KEY==",
    "key as a parameter": 'token="KEY"',
}
SLASH, COOKIE = "unknown key, slash at the end", "unknown key, cookie of a right one"
SLASHES, ENCODED = "unknown key, slash doubled", "unknown key, path percent-encoded"
CAPITALS, SUFFIX = "unknown key, path in capitals", "unknown key, path with a suffix"
WITHOUT_BASE = "unknown key, path without its base"
OTHER_PATHS = (
    *(SLASH, SLASHES, ENCODED),
    *(CAPITALS, SUFFIX, WITHOUT_BASE),
)  # to many a server they are not those of this operation
FROM_INSIDE = "no header, as if from inside"
INSIDE = tuple((name, "127.0.0.1") for name in ("X-Forwarded-For", "X-Real-IP", "X-Client-IP"))
AGAIN = "again"
BEFORE_PARSING = "unknown key, malformed JSON"
FIRST_OF_ALL = ("unknown key, no user", BEFORE_PARSING, "unknown key, text/plain", "unknown key, form")
BASIC = "key as a user name"
SHORTENED, OTHER_CASE = "shortened key", "key in other letter case"
OTHER_LETTERS = ("key with another letter within", "key with another last letter")
GLUED = "key glued to the scheme"
SMALL_SCHEME: Headers = (("Authorization", f"bearer {placeholder(OWNER_KEY)}"), *JSON_HEADERS)


def _other_headers(key: str) -> Headers:
    plain = ("Api-Key", "apikey", "X-Auth-Token", "X-Access-Token", "X-Token")
    like_ours = (
        *("X-Authorization", "X-Forwarded-Authorization", "X-Original-Authorization"),
        "Proxy-Authorization",
    )
    cookie = "; ".join(f"{name}={key}" for name in KEY_NAMES)
    bearers = ((name, f"Bearer {key}") for name in like_ours)
    return (*((name, key) for name in plain), *bearers, ("Cookie", cookie))


def credentials(stage: Stage) -> None:
    """Stops with no key, with something that is none, and with a key where it does not belong."""
    anvil = Anvil(stage)
    own = placeholder(OWNER_KEY)
    basic: Headers = (("Authorization", f"Basic {own}"), *JSON_HEADERS)
    token: Headers = (("Authorization", f"Token {own}"), *JSON_HEADERS)
    anvil.strike("no header", key=None)
    anvil.strike(FROM_INSIDE, key=None, headers=(*INSIDE, *JSON_HEADERS))
    anvil.strike("empty header", key=None, headers=(("Authorization", ""), *JSON_HEADERS))
    anvil.strike("scheme only", key=None, headers=(("Authorization", "Bearer"), *JSON_HEADERS))
    anvil.strike("other scheme", key=None, headers=basic)
    user_name = f"Basic {as_user_name(OWNER_KEY)}"
    anvil.strike(BASIC, key=None, headers=(("Authorization", user_name), *JSON_HEADERS))
    anvil.strike("scheme Token", key=None, headers=token)
    anvil.strike("key without scheme", key=None, headers=(("Authorization", own), *JSON_HEADERS))
    anvil.strike(GLUED, key=None, headers=(("Authorization", f"Bearer{own}"), *JSON_HEADERS))
    unknown = made_up_key()
    anvil.strike("unknown key", key=unknown)
    anvil.strike("unknown key again", key=unknown)
    for _ in range(stage.effort.pick(0, KEY_TRIES, KEY_TRIES * 3)):
        anvil.strike("unknown key again", key=made_up_key())
    if len(stage.keys.get(OWNER_KEY, "")) > 1:
        anvil.strike(SHORTENED, key=f"${{{OWNER_KEY}%?}}")
        changed = with_another_letter(OWNER_KEY, stage.keys[OWNER_KEY])
        for case, key in zip(OTHER_LETTERS, changed, strict=True):
            anvil.strike(case, key=key)
    anvil.strike("lengthened key", key=f"${{{OWNER_KEY}}}x")
    for case, about in DECORATED.items():
        anvil.strike(case, key=about.replace("KEY", own))
    if stage.keys.get(OWNER_KEY, "").swapcase() != stage.keys.get(OWNER_KEY, ""):
        other = "^^" if stage.keys[OWNER_KEY] != stage.keys[OWNER_KEY].upper() else ",,"
        anvil.strike(OTHER_CASE, key=f"${{{OWNER_KEY}{other}}}")
    query = "&".join(f"{name}={own}" for name in KEY_NAMES)
    anvil.strike("key in the query", key=None, query=f"?{query}")
    body = json_bytes({"user": stage.user, **dict.fromkeys(KEY_NAMES, own)})
    anvil.strike("key in the body", key=None, body=body)
    anvil.strike("key in another header", key=None, headers=(("X-Api-Key", own), *JSON_HEADERS))
    anvil.strike("key in other headers", key=None, headers=(*_other_headers(own), *JSON_HEADERS))
    wrong: tuple[dict[str, Any], ...] = (
        {"body": b"{}"},
        {"body": MALFORMED},
        {"headers": TEXT},
        {"body": f"user={stage.user}".encode(), "headers": FORM},
    )
    for case, parts in zip(FIRST_OF_ALL, wrong, strict=True):
        anvil.strike(case, key=made_up_key(), **parts)
    anvil.strike(SLASH, key=made_up_key(), query="/")
    two_slashes = partial(_with_two_slashes, segments=stage.contract.stop.path.count("/"))
    anvil.strike(SLASHES, two_slashes, key=made_up_key())
    anvil.strike(ENCODED, _with_an_encoded_letter, key=made_up_key())
    anvil.strike(CAPITALS, _in_capitals, key=made_up_key())
    anvil.strike(SUFFIX, "{}.json".format, key=made_up_key())
    if base := urlsplit(stage.target.base_url).path.rstrip("/"):  # which a gateway may add, and guard
        anvil.strike(WITHOUT_BASE, partial(_without, base=base), key=made_up_key())
    if cookies := _cookies(stage):
        anvil.strike(COOKIE, key=made_up_key(), headers=(("Cookie", cookies), *JSON_HEADERS))
    anvil.unharmed()


def _with_two_slashes(url: str, segments: int) -> str:
    """The URL with two slashes before its last segments, which many a server takes for one."""
    base, *path = url.rsplit("/", segments)
    return "/".join((base, "", *path))


def _with_an_encoded_letter(url: str) -> str:
    """The URL with a letter of its last segment percent-encoded, which means the same (RFC 3986 §6.2.2.2)."""
    path, _, last = url.rpartition("/")
    return f"{path}/%{ord(last[0]):02X}{last[1:]}"


def _in_capitals(url: str) -> str:
    """The URL with its last segment in capitals: another path, but not to every server."""
    path, _, last = url.rpartition("/")
    return f"{path}/{last.upper()}"


def _without(url: str, base: str) -> str:
    """The URL without the path that the operation's own begins with."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.removeprefix(base)))


def _cookies(stage: Stage) -> str:
    """The cookies that the target set for whoever came with the right key."""
    answers = [exchange.response for exchange in stage.seen("plain").exchanges if exchange.response]
    set_ = [value for answer in answers for name, value in answer.headers if name.lower() == "set-cookie"]
    pairs = (value.partition(";")[0].strip().partition("=") for value in set_)
    return "; ".join(f"{name}={value}" for name, value in {name: value for name, _, value in pairs}.items())


def scheme_in_lower_case(stage: Stage) -> None:
    """A stop whose header says ``bearer``."""
    for_a_run(stage, "scheme in lower case", key=None, headers=SMALL_SCHEME)


def app_modes(stage: Stage) -> None:
    """Stops with the keys of apps of other modes, as far as they were given, each twice."""
    anvil = Anvil(stage)
    given = mode_keys(stage)
    for mode, key in given.items():
        anvil.strike(f"{mode} key", key=key)
    for mode, key in given.items():
        anvil.strike(f"{mode} key {AGAIN}", key=key)
    anvil.unharmed()
