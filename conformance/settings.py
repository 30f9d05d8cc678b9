"""A target as options, environment and dify-conformance.toml describe it."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.target import KEYS, Deadlines, Limits, Target, Tls, UsageError, header_name
from conformance.values import (
    checked_header,
    checked_inputs,
    checked_key,
    checked_proxy,
    checked_seconds,
    checked_url,
    expanded,
    section,
    texts,
    variables,
)

CONFIG = "dify-conformance.toml"
VARIABLE = "DIFY_BASE_URL"
MEMBERS = {"base_url", "keys", "headers", "inputs", "run_seconds", "proxy", "tls", "deadlines", "limits"}
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
OUR_OWN = "to judge the embedded reference server, leave out --base-url and --target, and unset DIFY_BASE_URL"


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
    _refuse_empty("--target", name)
    _refuse_empty("--base-url", base_url)
    told = base_url if base_url or name else environment.get(VARIABLE)
    _refuse_empty(VARIABLE, told)
    table, aside = _table(told, name, config)
    url = told or table.get("base_url")
    if url is None:
        return None
    target = _target(checked_url(str(url)), name, table, environment, changes or {})
    return replace(target, remarks=tuple(filter(None, (aside, _unused_proxy(target, environment)))))


def _refuse_empty(source: str, value: str | None) -> None:
    """Raise UsageError for what is given and says nothing, which would pass for what is not given."""
    if value is not None and not value.strip():
        raise UsageError(
            f"{source} is empty: is a variable not set where it comes from? Give the API to judge; {OUR_OWN}."
        )


def _target(
    url: str,
    name: str | None,
    table: Mapping[str, Any],
    environment: Mapping[str, str],
    changes: Mapping[str, Any],
) -> Target:
    sources = {key: key for key in KEYS} | variables(table.get("keys", {}), KEYS)
    given = {key: value for key, value in changes.items() if value is not None}
    headers = texts(table.get("headers", {}), "headers")
    return Target(
        base_url=url,
        name=name or "",
        keys={
            key: checked_key(key, environment[source])
            for key, source in sources.items()
            if environment.get(source)
        },
        headers={key: checked_header(key, expanded(value, environment)) for key, value in headers.items()},
        inputs=checked_inputs(given.get("inputs", table.get("inputs"))),
        run_seconds=checked_seconds(given.get("run_seconds", table.get("run_seconds"))),
        proxy=checked_proxy(table["proxy"], environment) if "proxy" in table else None,
        tls=section(Tls, table.get("tls", {}), "tls", given),
        deadlines=section(Deadlines, table.get("deadlines", {}), "deadlines", given),
        limits=section(Limits, table.get("limits", {}), "limits", given),
        variables=_variables(sources, headers),
    )


def _variables(keys: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, str]:
    """Where the user keeps what requests show by a name of ours; what stands in the file itself is kept nowhere."""
    renamed = {key: source for key, source in keys.items() if key != source}
    return renamed | {
        header_name(name): value[1:] for name, value in headers.items() if value.startswith("$")
    }


def _table(told: str | None, name: str | None, config: Path | None) -> tuple[Mapping[str, Any], str]:
    """The table of the target, and a remark where the one that would be meant is left alone.

    Its keys and headers are for its own server: where the URL comes from elsewhere, it must be asked for.
    """
    source = config or Path(CONFIG)
    targets, default = _targets(source, asked_for=config is not None)
    of_url = _of_url(targets, told)
    chosen = name or of_url or default or (next(iter(targets)) if len(targets) == 1 else None)
    if chosen is None:
        if config or (told is None and targets):
            raise UsageError(_undecided(source, targets))
        return {}, ""
    if chosen not in targets:
        known = ", ".join(sorted(targets)) or "none"
        raise UsageError(f"There is no target {chosen!r} in {source}; it has: {known}.")
    table = _checked_table(targets[chosen], f"[target.{chosen}] in {source}", needs_url=told is None)
    if told is not None and not name and config is None and chosen != of_url:
        return {}, (
            f"{source} is not used, for another URL is given; --base-url {told} --target {chosen} would send the "
            "keys and headers of that table there"
        )
    return table, ""


def _of_url(targets: Mapping[str, Any], url: str | None) -> str | None:
    """The target whose table has that URL, if any has."""
    if url is None:
        return None
    urls = {name: str(one.get("base_url", "")).rstrip("/") for name, one in targets.items()}
    return next((name for name, its_own in urls.items() if its_own == url.rstrip("/")), None)


def _unused_proxy(target: Target, environment: Mapping[str, str]) -> str:
    """A remark where the environment names a proxy, which would come between the suite and what it judges."""
    found = [name for name in PROXIES if environment.get(name) or environment.get(name.lower())]
    if not found or target.near or target.proxy:
        return ""
    return f"{found[0]} is not used; where the target is behind a proxy, name it by proxy = in {CONFIG}"


def _undecided(source: Path, targets: Mapping[str, Any]) -> str:
    if not targets:
        return f"{source} has no target. Add [target.NAME] with base_url, as `dify-conformance init` does."
    return f"{source} has several targets: {', '.join(sorted(targets))}. Choose with --target, or by default = NAME."


def _targets(source: Path, *, asked_for: bool) -> tuple[Mapping[str, Any], str | None]:
    """The tables of all targets, and the name of the one that is meant where none is named."""
    config = _read(source) if asked_for or source.exists() else {}
    if unknown := set(config) - {"default", "target"}:
        raise UsageError(
            f"{source} has {', '.join(sorted(unknown))} at its top; known are default and [target.NAME]."
        )
    targets = config.get("target", {})
    if not isinstance(targets, dict) or not all(isinstance(table, dict) for table in targets.values()):
        raise UsageError(f"In {source}, each target is a table of its own: [target.staging].")
    default = config.get("default")
    return targets, None if default is None else str(default)


def _read(source: Path) -> dict[str, Any]:
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


def _checked_table(table: dict[str, Any], where: str, *, needs_url: bool) -> dict[str, Any]:
    if unknown := set(table) - MEMBERS:
        raise UsageError(f"{where} has {', '.join(sorted(unknown))}; known are {', '.join(sorted(MEMBERS))}.")
    if needs_url and not table.get("base_url"):
        raise UsageError(f'{where} has no base_url. Write one, such as base_url = "https://dify.example/v1".')
    if not isinstance(table.get("inputs", {}), dict):
        raise UsageError(f"inputs of {where} is not a table. Write inputs = {{ rounds = 100 }}.")
    return table


def from_environment() -> Mapping[str, str]:
    """The process's environment."""
    return os.environ
