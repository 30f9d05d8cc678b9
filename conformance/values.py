"""The values of options and settings: what is wrong with one is said before anything is sent."""

import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any, TypeGuard, TypeVar
from urllib.parse import urlsplit

from conformance.target import Deadlines, UsageError

FEWEST_STREAMS = 3  # one run is stopped while an older and a younger one must be spared
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2: the name of a header
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What may be told of a base URL without a scheme, which may be a key in the wrong place.
HOST = re.compile(r"(?!app-)[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?(/.*)?")
QUOTES = "\"'`"
PROXIES = {"http", "https"}
MAY_BE_ZERO = {"rate", "grace"}

T = TypeVar("T")


def checked_url(url: str) -> str:
    """The base URL without a trailing slash; raises UsageError where it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(
            f"The base URL{_shown(url)} cannot be read. Give one such as https://dify.example/v1."
        ) from error
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or port == 0
        or any(c.isspace() for c in url)
    ):
        raise UsageError(
            f"The base URL{_shown(url)} is none. Give scheme, host and path, such as https://dify.example/v1."
        )
    if parts.username or parts.password:
        raise UsageError(
            "The base URL carries a user name or password. Leave them out; put extra credentials into "
            'the table headers of dify-conformance.toml as the name of a variable: X-Gateway-Token = "$TOKEN".'
        )
    if parts.query or parts.fragment:
        raise UsageError(
            f"The base URL{_shown(url)} has a query or fragment, which no path can be appended to. Leave it out."
        )
    return url.rstrip("/")


def _shown(url: str) -> str:
    """The URL as a message may have it: not where it may carry a password or a key, or be one."""
    telling = {"@", "?", "#"} & set(url) or not ("://" in url or HOST.fullmatch(url))
    return "" if telling else f" {url!r}"


def checked_key(name: str, value: str) -> str:
    """The key as it can stand in a header; raises UsageError where it cannot."""
    unfit = value != value.strip() or not value.isascii() or not value.isprintable() or " " in value
    if unfit or value != value.strip(QUOTES):
        raise UsageError(
            f"The value of {name} has characters that cannot stand in an Authorization header (a space, "
            "a line end, quotes around it, or something outside ASCII). Set the bare key, without quotes and without “Bearer”."
        )
    return value


def checked_header(name: str, value: str) -> str:
    """The value of an extra header; raises UsageError where it, or the name, cannot stand in a request."""
    if not TOKEN.fullmatch(name):
        raise UsageError(f"{name!r} in the table headers is no name of a header. Use letters, digits and -.")
    if name.lower() == "authorization":
        raise UsageError(
            "The table headers sets Authorization, in which the suite sends the keys of apps, right and wrong "
            "ones. Leave it out; a gateway that wants credentials of its own must take them in another header."
        )
    if value != value.strip() or not value.isascii() or not value.isprintable():
        raise UsageError(
            f"The value of {name} in the table headers cannot stand in a header (a line end, a space at its "
            "begin or end, or something outside ASCII). Mend it, or the variable that it names."
        )
    return value


def checked_proxy(value: object, environment: Mapping[str, str]) -> str:
    """The address of a proxy; raises UsageError where it is none, without telling it: it may carry a password."""
    url = expanded(value, environment) if isinstance(value, str) else ""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in PROXIES and parts.hostname and (parts.port or 1)
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            "proxy is no address of an HTTP proxy; others, such as those of SOCKS, are not spoken to. Write it like "
            'proxy = "http://proxy.example:3128", with http or https.'
        )
    return url


def checked_inputs(value: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Inputs of a run; raises UsageError where JSON has no way to write them."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"The inputs cannot be sent as JSON: {error}. Give texts, finite numbers, true, false, arrays, tables."
        ) from error
    return value


def checked_seconds(value: object) -> float | None:
    """How long a run lasts; raises UsageError where that is no time."""
    if value is None:
        return None
    if not _is_number(value) or value <= 0:
        raise UsageError(
            f"run_seconds = {value!r} (--run-seconds) is no time that a run lasts. Give seconds, such as 12."
        )
    return float(value)


def section(kind: type[T], table: object, where: str, given: Mapping[str, Any]) -> T:
    """A dataclass of settings from its table of the file and the options that override it; raises UsageError."""
    if not isinstance(table, dict):
        raise UsageError(f"{where} is not a table. Write [target.NAME.{where}].")
    members = {member.name: member for member in fields(kind)}  # type: ignore[arg-type]
    if unknown := set(table) - set(members):
        raise UsageError(
            f"The table {where} has {', '.join(sorted(unknown))}; known are {', '.join(members)}."
        )
    options = {name: given[name] for name in members if name in given}
    for name, value in {**table, **options}.items():
        told = f"{_flag(kind, name)} {value}" if name in options else f"{where}.{name} = {value!r}"
        _check(told, name, value, getattr(kind(), name))
    return kind(**{**table, **options})


def _flag(kind: type[Any], name: str) -> str:
    """The option that sets a member."""
    deadline = kind is Deadlines and name != "grace"
    return f"--{name.replace('_', '-')}{'-deadline' if deadline else ''}"


def _check(told: str, name: str, value: object, default: object) -> None:
    if isinstance(default, bool) or default is None:
        if not isinstance(value, bool if isinstance(default, bool) else str):
            raise UsageError(f"{told} is not {'true or false' if isinstance(default, bool) else 'a text'}.")
        return
    whole = isinstance(default, int)
    least = 0 if name in MAY_BE_ZERO else 1 if whole else 1e-9
    if not _is_number(value) or not least <= value < 1e9 or (whole and value != int(value)):
        kind = "whole number" if whole else "number"
        raise UsageError(f"{told} is not a {kind} {'of 0 or more' if name in MAY_BE_ZERO else 'above 0'}.")
    if name == "concurrency" and value < FEWEST_STREAMS:
        raise UsageError(
            f"{told} is too little: {FEWEST_STREAMS} runs must be alive at once to show that a stop spares the "
            "others. Leave it out; for a small deployment, --rate sends more slowly."
        )


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def texts(table: object, where: str) -> dict[str, str]:
    """A table of texts only; raises UsageError."""
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise UsageError(f"The table {where} must hold texts only.")
    return dict(table)


def variables(table: object, known: Collection[str]) -> dict[str, str]:
    """The table of keys: the names of variables by the names of keys; raises UsageError, without telling a key."""
    named = texts(table, "keys")
    if unknown := set(named) - set(known):
        told = ", ".join(sorted(filter(VARIABLE.fullmatch, unknown))) or "what is no name"
        raise UsageError(f"The table keys names {told}; known are {', '.join(known)}.")
    for name, source in named.items():
        if not VARIABLE.fullmatch(source):
            raise UsageError(
                f"{name} in the table keys is no name of a variable, which has letters, digits and _ only. Put the key "
                f'into a variable of the environment, and write its name, such as {name} = "STAGING_KEY".'
            )
    return named


def expanded(value: str, environment: Mapping[str, str]) -> str:
    """A value as it stands, or the variable that ``$NAME`` refers to; raises UsageError where that is not set."""
    if not value.startswith("$"):
        return value
    if not VARIABLE.fullmatch(value[1:]):
        raise UsageError(
            "The configuration has a value that begins with $ and is no name of a variable. Put it into a variable "
            "of the environment, and write $NAME."
        )
    if value[1:] not in environment:
        raise UsageError(
            f"The configuration refers to {value}, which is not set in the environment. Export it."
        )
    return environment[value[1:]]
