"""Stops with keys that must not be let in, each for a run that is alive, and with one that must be."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from conformance.exchange import Headers, Request
from conformance.masking import (
    PASSWORD,
    PREFIX,
    USER_NAME,
    in_base64,
    placeholder,
    with_another_letter,
    without_prefix,
)
from conformance.scenarios.mistakes import MALFORMED, TEXT, made_up_key, mode_keys
from conformance.scenarios.refusals import FORM, Anvil, for_a_run
from conformance.scenarios.requests import JSON_HEADERS, json_bytes
from conformance.scenarios.stage import Stage
from conformance.target import OWNER_KEY

KEY_TRIES = 24  # unknown keys in a row; a lock that gives way now and then is none
OWN = placeholder(OWNER_KEY)

SCHEME_API_KEY = "scheme ApiKey"
FROM_INSIDE = "no header, as if from inside"
BASIC = ("key as a user name", "key as a password")
GLUED = ("key glued to the scheme", "key after a colon", "key after an equals sign")
SHORTENED, OTHER_CASE = "shortened key", "key in other letter case"
PARTS = ("key without its prefix", "key with a wildcard for its end", "key in base64")
OTHER_LETTERS = ("key with another letter within", "key with another last letter")
BEFORE_PARSING = "unknown key, malformed JSON"
FIRST_OF_ALL = ("unknown key, no user", BEFORE_PARSING, "unknown key, text/plain", "unknown key, form")
SLASH, COOKIE = "unknown key, slash at the end", "unknown key, cookie of a right one"
SLASHES, ENCODED = "unknown key, slash doubled", "unknown key, path percent-encoded"
CAPITALS, SUFFIX = "unknown key, path in capitals", "unknown key, path with a suffix"
WITHOUT_BASE = "unknown key, path without its base"
PARAMETERS, DOTS = "unknown key, path with parameters", "unknown key, path with dot segments"
ELSEWHERE = "unknown key, path in other headers"
SHORTER, SLASHES_WITHIN = "unknown key, path without its tasks", "unknown key, slash doubled within"
OTHER_PATHS = (  # of this operation to few servers
    *(SLASH, SLASHES, ENCODED, CAPITALS, SUFFIX, WITHOUT_BASE),
    *(PARAMETERS, DOTS, ELSEWHERE, SHORTER, SLASHES_WITHIN),
)
AGAIN = "again"

SMALL_SCHEME: Headers = (("Authorization", f"bearer {OWN}"), *JSON_HEADERS)
INSIDE: Headers = tuple((name, "127.0.0.1") for name in ("X-Forwarded-For", "X-Real-IP", "X-Client-IP"))
AUTHORIZATIONS = {
    "empty header": "",
    "scheme only": "Bearer",
    "other scheme": f"Basic {OWN}",
    BASIC[0]: f"Basic {in_base64(OWNER_KEY, USER_NAME)}",  # as other APIs take theirs: with no password
    BASIC[1]: f"Basic {in_base64(OWNER_KEY, PASSWORD)}",
    "scheme Token": f"Token {OWN}",
    SCHEME_API_KEY: f"ApiKey {OWN}",
    "key without scheme": OWN,
    GLUED[0]: f"Bearer{OWN}",  # a server that cuts the scheme off by its length does not miss the blank
    GLUED[1]: f"Bearer:{OWN}",
    GLUED[2]: f"Bearer={OWN}",
}

# Headers that carry no credentials as the document knows them: case → headers.
NO_CREDENTIALS: Mapping[str, Headers] = {
    "no header": (),
    FROM_INSIDE: INSIDE,  # who sends these themselves must not be taken for the proxy that does
    **{case: (("Authorization", value),) for case, value in AUTHORIZATIONS.items()},
}

# What stands after the scheme, with the key in it: case → text.
DECORATED = {
    "key in quotes": f'"{OWN}"',
    "key among others": f"conformance, {OWN}",
    "key and a word": f"{OWN} conformance",
    "key and parameters": f"{OWN};conformance=1",
    "key before others": f"{OWN}, conformance",
    "something before the key": f"x{OWN}",
    "key after the scheme twice": f"Bearer {OWN}",  # of clients that add it to a key which has it
    "key and padding": f"{OWN}==",  # which the token of a Bearer may end with (RFC 6750 §2.1)
    "key as a parameter": f'token="{OWN}"',  # as Rails reads it
}

# Where servers look for a key that the document does not know: by other names.
KEY_NAMES = ("api_key", "access_token", "token", "key", "apikey", "api-key", "authorization", "Authorization")
PLAIN_NAMES = (
    *("Api-Key", "apikey", "X-Auth-Token", "X-Access-Token", "X-Token", "Token", "Key"),
    *("X-Goog-Api-Key", "X-Dify-Key", "X-Dify-Api-Key"),
)
LIKE_OURS = (
    "X-Authorization",
    "X-Forwarded-Authorization",
    "X-Original-Authorization",
    "Proxy-Authorization",
)
OTHER_HEADERS: Mapping[str, Headers] = {
    "key in another header": (("X-Api-Key", OWN),),
    "key in other headers": (
        *((name, OWN) for name in PLAIN_NAMES),
        *((name, f"Bearer {OWN}") for name in LIKE_OURS),
        ("Cookie", "; ".join(f"{name}={OWN}" for name in KEY_NAMES)),
    ),
}


def credentials(stage: Stage) -> None:
    """Stops with no key, with something that is none, and with a key where it does not belong."""
    anvil = Anvil(stage)
    for case, headers in NO_CREDENTIALS.items():
        anvil.strike(case, key=None, headers=(*headers, *JSON_HEADERS))
    for case, key in (*_unknown_keys(stage), *_changed_keys(stage)):
        anvil.strike(case, key=key)
    anvil.strike("key in the query", key=None, query="?" + "&".join(f"{name}={OWN}" for name in KEY_NAMES))
    body = json_bytes({"user": stage.user, **dict.fromkeys(KEY_NAMES, OWN)})
    anvil.strike("key in the body", key=None, body=body)
    for case, headers in OTHER_HEADERS.items():
        anvil.strike(case, key=None, headers=(*headers, *JSON_HEADERS))
    wrong: tuple[dict[str, Any], ...] = (
        {"body": b"{}"},
        {"body": MALFORMED},
        {"headers": TEXT},
        {"body": f"user={stage.user}".encode(), "headers": FORM},
    )
    for case, parts in zip(FIRST_OF_ALL, wrong, strict=True):
        anvil.strike(case, key=made_up_key(), **parts)
    for case, spelled in _other_paths(stage).items():
        anvil.strike(case, partial(_spelled, how=spelled), key=made_up_key())
    anvil.strike(ELSEWHERE, partial(_elsewhere, stage.contract.stop.path.count("/")), key=made_up_key())
    if cookies := _cookies(stage):
        anvil.strike(COOKIE, key=made_up_key(), headers=(("Cookie", cookies), *JSON_HEADERS))
    anvil.unharmed()


def _unknown_keys(stage: Stage) -> Iterator[tuple[str, str]]:
    """Keys that no app has, each with its case: the first one twice, for who keeps what it looked up."""
    first = made_up_key()
    yield "unknown key", first
    yield "unknown key again", first
    for _ in range(stage.effort.pick(0, KEY_TRIES, KEY_TRIES * 3)):
        yield "unknown key again", made_up_key()


def _changed_keys(stage: Stage) -> Iterator[tuple[str, str]]:
    """The right key, changed in ways in which it can be, each with its case; requests tell how by its name."""
    own = stage.keys.get(OWNER_KEY, "")
    if len(own) > 1:
        yield SHORTENED, f"${{{OWNER_KEY}%?}}"
        yield from zip(OTHER_LETTERS, with_another_letter(OWNER_KEY, own), strict=True)
        if own.startswith(PREFIX) and len(own) > len(PREFIX):
            yield PARTS[0], without_prefix(OWNER_KEY)
        yield PARTS[1], f"${{{OWNER_KEY}%?}}%"  # which a lookup by LIKE takes for any
        yield PARTS[2], in_base64(OWNER_KEY)
    yield "lengthened key", f"${{{OWNER_KEY}}}x"
    yield from DECORATED.items()
    if own.swapcase() != own:
        yield OTHER_CASE, f"${{{OWNER_KEY}{'^^' if own != own.upper() else ',,'}}}"


def _other_paths(stage: Stage) -> dict[str, Callable[[str], str]]:
    """Ways to write the URL of a stop that a server may take for it, and not ask for a key."""
    segments = stage.contract.stop.path.count("/")
    paths: dict[str, Callable[[str], str]] = {
        SLASH: "{}/".format,
        SLASHES: partial(_with_two_slashes, segments=segments),
        ENCODED: _with_an_encoded_letter,
        CAPITALS: _in_capitals,
        SUFFIX: "{}.json".format,
        PARAMETERS: "{};conformance=1".format,  # which Java's servers cut off, after a filter has looked
        DOTS: partial(_with_dot_segments, segments=segments),
        SHORTER: _without_the_segment_before_the_id,
        SLASHES_WITHIN: partial(_with_two_slashes, segments=segments - 1),
    }
    if base := urlsplit(stage.target.base_url).path.rstrip("/"):  # which a gateway may add, and guard
        paths[WITHOUT_BASE] = partial(_without, base=base)
    return paths


def _spelled(request: Request, how: Callable[[str], str]) -> Request:
    return replace(request, url=how(request.url))


def _elsewhere(segments: int, request: Request) -> Request:
    """The request for a path that is none, with its own in the headers by which some proxies hand it on."""
    path = urlsplit(request.url).path
    named = tuple((name, path) for name in ("X-Original-URL", "X-Rewrite-URL"))
    url = f"{request.url.rsplit('/', segments)[0]}/conformance"
    return replace(request, url=url, headers=(*request.headers, *named))


def _with_two_slashes(url: str, segments: int) -> str:
    """The URL with two slashes before its last segments, which many a server takes for one."""
    base, *path = url.rsplit("/", segments)
    return "/".join((base, "", *path))


def _with_dot_segments(url: str, segments: int) -> str:
    """The URL by way of another path, which means the same once that is resolved (RFC 3986 §5.2.4)."""
    base, *path = url.rsplit("/", segments)
    return "/".join((base, "conformance", "..", *path))


def _without_the_segment_before_the_id(url: str) -> str:
    """The URL without ``tasks``, as this operation was documented once."""
    base, _, *rest = url.rsplit("/", 3)
    return "/".join((base, *rest))


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
