"""Parses JSON and YAML into plain values, within bounds."""

import json
import re
from typing import Any, NoReturn

import yaml

_SafeLoader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN_TAGS = frozenset({None, "!", *(f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq"))})
_SCALARS = (
    ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
    ("bool", r"true|True|TRUE|false|False|FALSE", tuple("tTfF")),
    ("int", r"-?(?:0|[1-9][0-9]*)", tuple("-0123456789")),
    ("float", r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?", tuple("-0123456789")),
    ("merge", r"<<", ("<",)),
)


class Malformed(ValueError):
    """A text is not what it should be; says where and why."""


def from_json(text: str) -> Any:
    """Parse one JSON text (RFC 8259); raises Malformed."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise Malformed("it is nested too deeply") from None
    except ValueError as error:
        raise Malformed(str(error)) from None


def from_yaml(text: str, max_values: int, max_depth: int) -> Any:
    """Parse one YAML document that stays within bounds once its aliases are expanded; raises Malformed."""
    loader = _loader()
    try:
        _check_bounds(yaml.parse(text, Loader=loader), max_values, max_depth)
        return yaml.load(text, Loader=loader)  # noqa: S506 - derived from the safe loader
    except yaml.MarkedYAMLError as error:
        at = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise Malformed(", ".join(filter(None, (error.context, error.problem))) + at) from None
    except (yaml.YAMLError, ValueError) as error:
        raise Malformed(str(error)) from None


def _loader() -> Any:
    """YAML as OpenAPI has it, with JSON's types: dates and `yes` are text, and numbers are decimal."""
    loader: Any = type("Loader", (_SafeLoader,), {"yaml_implicit_resolvers": {}})
    for kind, pattern, first in _SCALARS:
        loader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(f"^(?:{pattern})$"), list(first))
    return loader


def _check_bounds(events: Any, max_values: int, max_depth: int) -> None:
    """Walk the parser's events, which takes neither stack nor memory, before anything is built from them."""
    sizes: dict[str, int] = {}
    parents: list[tuple[str, int]] = []
    total = 0
    for event in events:
        anchor = getattr(event, "anchor", None) or ""
        match event:
            case yaml.AliasEvent() if anchor not in sizes:
                raise Malformed(f"the alias *{anchor} stands for nothing, or for what it is part of")
            case yaml.AliasEvent():
                total += sizes[anchor]
            case yaml.ScalarEvent(tag=tag) | yaml.CollectionStartEvent(tag=tag) if tag not in _PLAIN_TAGS:
                raise Malformed(f"the tag {tag} has no meaning in JSON")
            case yaml.ScalarEvent():
                total += 1
                sizes[anchor] = 1
            case yaml.CollectionStartEvent():
                sizes.pop(anchor, None)
                parents.append((anchor, total))
                total += 1
            case yaml.CollectionEndEvent():
                anchor, before = parents.pop()
                sizes[anchor] = total - before
        if total > max_values:
            raise Malformed(f"it holds more than {max_values:,} values once its aliases are expanded")
        if len(parents) > max_depth:
            raise Malformed(f"it is nested deeper than {max_depth} levels")


def _no_constant(constant: str) -> NoReturn:
    raise Malformed(f"{constant} is not JSON")
