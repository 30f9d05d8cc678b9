"""A target as options, environment and dify-conformance.toml describe it; what is wrong with them is said."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from conformance.target import KEYS, Deadlines, Limits, Target, Tls, UsageError

CONFIG = "dify-conformance.toml"
FEWEST_STREAMS = 3  # one run is stopped while an older and a younger one must be spared

T = TypeVar("T")


def read_target(
    environment: Mapping[str, str],
    *,
    base_url: str | None = None,
    name: str | None = None,
    config: Path | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Target | None:
    """The target that options, environment and file speak of; None where they speak of none.

    ``changes`` are options of the command line, by the names of the fields of Target, Deadlines, Limits
    and Tls; what is None is not given. Raises UsageError.
    """
    table = _table(_read_config(config), name, config)
    url = base_url or (None if name else environment.get("DIFY_BASE_URL")) or table.get("base_url")
    if not url:
        return None
    variables = {key: key for key in KEYS} | _strings(table.get("keys", {}), "keys")
    if unknown := set(variables) - set(KEYS):
        raise UsageError(f"The table keys names {', '.join(sorted(unknown))}; known are {', '.join(KEYS)}.")
    given = {key: value for key, value in (changes or {}).items() if value is not None}
    return Target(
        base_url=checked_url(str(url)),
        name=name or "",
        keys={
            key: _key(key, environment[source])
            for key, source in variables.items()
            if environment.get(source)
        },
        headers={
            key: _expand(value, environment)
            for key, value in _strings(table.get("headers", {}), "headers").items()
        },
        inputs=given.get("inputs", table.get("inputs")),
        run_seconds=given.get("run_seconds", table.get("run_seconds")),
        proxy=_expand(str(table["proxy"]), environment) if "proxy" in table else None,
        tls=_section(Tls, table.get("tls", {}), "tls", given),
        deadlines=_section(Deadlines, table.get("deadlines", {}), "deadlines", given),
        limits=_section(Limits, table.get("limits", {}), "limits", given),
    )


def checked_url(url: str) -> str:
    """The base URL without a trailing slash; raises UsageError where it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(
            f"The base URL {url!r} cannot be read: {error}. Give one such as https://dify.example/v1."
        ) from error
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or port == 0
        or any(c.isspace() for c in url)
    ):
        raise UsageError(
            f"The base URL {url!r} is none. Give scheme, host and path, such as https://dify.example/v1."
        )
    if parts.username or parts.password:
        raise UsageError(
            "The base URL carries a user name or password. Leave them out; put extra credentials into "
            f'the table headers of {CONFIG} as the name of a variable: X-Gateway-Token = "$TOKEN".'
        )
    if parts.query or parts.fragment:
        raise UsageError(
            f"The base URL {url!r} has a query or fragment, which no path can be appended to. Leave it out."
        )
    return url.rstrip("/")


def _key(name: str, value: str) -> str:
    """The key as it can stand in a header."""
    if value != value.strip() or not value.isascii() or not value.isprintable() or " " in value:
        raise UsageError(
            f"The value of {name} has characters that cannot stand in an Authorization header (a space, "
            "a line end, or something outside ASCII). Set the bare key, without quotes and without “Bearer”."
        )
    return value


def _read_config(path: Path | None) -> dict[str, Any]:
    source = path or Path(CONFIG)
    if path is None and not source.exists():
        return {}
    try:
        return tomllib.loads(source.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The configuration {source} cannot be read: {error}. Give a TOML file with --config."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"The configuration {source} is not valid TOML: {error}. Mend that place."
        ) from error


def _table(config: dict[str, Any], name: str | None, path: Path | None) -> dict[str, Any]:
    """The table of one target: the named one, the only one, or the one that ``default`` names."""
    source = path or CONFIG
    if unknown := set(config) - {"default", "target"}:
        raise UsageError(
            f"{source} has {', '.join(sorted(unknown))} at its top; known are default and [target.NAME]."
        )
    targets = config.get("target", {})
    if not isinstance(targets, dict) or not all(isinstance(table, dict) for table in targets.values()):
        raise UsageError(f"In {source}, each target is a table of its own: [target.staging].")
    chosen = name or config.get("default") or (next(iter(targets)) if len(targets) == 1 else None)
    if chosen is None:
        return {}
    if chosen not in targets:
        known = ", ".join(sorted(targets)) or "none"
        raise UsageError(f"There is no target {chosen!r} in {source}; it has: {known}.")
    table: dict[str, Any] = targets[chosen]
    if unknown := set(table) - _MEMBERS:
        raise UsageError(
            f"[target.{chosen}] in {source} has {', '.join(sorted(unknown))}; known are {', '.join(sorted(_MEMBERS))}."
        )
    if not isinstance(table.get("inputs", {}), dict):
        raise UsageError(f"inputs in [target.{chosen}] is not a table. Write inputs = {{ rounds = 100 }}.")
    return table


_MEMBERS = {"base_url", "keys", "headers", "inputs", "run_seconds", "proxy", "tls", "deadlines", "limits"}


def _section(kind: type[T], table: object, where: str, given: Mapping[str, Any]) -> T:
    """A dataclass of settings from its table of the file and the options that override it."""
    if not isinstance(table, dict):
        raise UsageError(f"{where} is not a table. Write [target.NAME.{where}].")
    members = {member.name: member for member in fields(kind)}  # type: ignore[arg-type]
    if unknown := set(table) - set(members):
        raise UsageError(
            f"The table {where} has {', '.join(sorted(unknown))}; known are {', '.join(members)}."
        )
    values = {**table, **{name: given[name] for name in members if name in given}}
    for name, value in values.items():
        _check_number(where, name, value, getattr(kind(), name))
    return kind(**values)


def _check_number(where: str, name: str, value: object, default: object) -> None:
    if isinstance(default, bool) or default is None:
        if not isinstance(value, bool if isinstance(default, bool) else str):
            raise UsageError(
                f"{where}.{name} = {value!r} is not {'true or false' if isinstance(default, bool) else 'a text'}."
            )
    elif (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0 <= value < 1e9
        or (value == 0 and name not in {"rate", "grace"})
    ):
        raise UsageError(f"{where}.{name} = {value!r} is not a positive number.")
    elif name == "concurrency" and value < FEWEST_STREAMS:
        raise UsageError(
            f"{where}.{name} = {value:g} (--concurrency) is too little: {FEWEST_STREAMS} runs must be alive at once to "
            "show that a stop spares the others. Leave it out; for a small deployment, --rate sends more slowly."
        )


def _strings(table: object, where: str) -> dict[str, str]:
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise UsageError(f"The table {where} must hold texts only.")
    return dict(table)


def _expand(value: str, environment: Mapping[str, str]) -> str:
    """A value as it stands, or the variable that ``$NAME`` refers to."""
    if not value.startswith("$"):
        return value
    if value[1:] not in environment:
        raise UsageError(
            f"The configuration refers to {value}, which is not set in the environment. Export it."
        )
    return environment[value[1:]]


def from_environment() -> Mapping[str, str]:
    """The process's environment."""
    return os.environ
