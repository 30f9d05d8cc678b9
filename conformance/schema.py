"""Holds values against the schemas of an OpenAPI document."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from conformance import dialect
from conformance.document import Node, shortened, unusable

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

MAX_VIOLATIONS = 20


@dataclass(frozen=True, eq=False)
class Schema:
    """A schema in a document; it is compiled when a value is first held against it."""

    node: Node

    @property
    def pointer(self) -> str:
        """Where the schema is, as a JSON pointer into its document."""
        return self.node.pointer

    @property
    def raw(self) -> Any:
        """The schema as its document has it, past a reference."""
        return self.node.value

    @property
    def members(self) -> frozenset[str]:
        """The names of the members that the schema describes."""
        described = [part.child("properties") for part in self.parts()]
        return frozenset(name for node in described if node for name, _ in node.children())

    @cached_property
    def validator(self) -> "Draft202012Validator":
        """The schema, compiled; raises DocumentError when it is malformed."""
        return _compile(self.node)

    @cached_property
    def _quick(self) -> Callable[[object], bool] | None:
        """Tells quickly whether a value is valid; None for a schema that only `validator` can read."""
        import jsonschema_rs  # noqa: PLC0415 - takes its time to import

        bundle = self.validator.schema
        if not isinstance(bundle, dict) or _has_pattern(bundle):
            return None  # the two do not read the same regular expressions
        try:
            next(self.validator.iter_errors({}), None)
            return jsonschema_rs.Draft202012Validator(bundle).is_valid
        except (ValueError, RecursionError, jsonschema_rs.ValidationError):
            return None  # one that never comes to an end is told by the other

    def holds(self, instance: object) -> bool:
        """Whether a value is known to be valid, at a twentieth of the time that it takes to say what is wrong.

        False where it is not valid, and where only `violations` can tell.
        """
        if self._quick is None:
            return False
        try:
            return self._quick(instance)
        except (ValueError, OverflowError, RecursionError):
            return False

    def compile(self) -> None:
        """Make ready for values; raises DocumentError when the schema is malformed."""
        _ = self.validator

    def parts(self) -> Iterator[Node]:
        """Yield the schema itself and those that it joins by `allOf`."""
        yield from _parts(self.node, set())


def violations(schema: Schema, instance: object) -> list[str]:
    """Return what in a value breaks its schema, a line each: the path, and what is wrong there.

    `instance` is what a JSON text decodes to. At most `MAX_VIOLATIONS` lines; none when the value is valid.
    `format` is not judged. Raises DocumentError when the schema itself is of no use.
    """
    validator = schema.validator
    if schema.holds(instance):
        return []
    try:
        return [_told(error) for error in islice(validator.iter_errors(instance), MAX_VIOLATIONS)]
    except RecursionError:
        problem = f"has a schema that never comes to an end, at {shortened(schema.pointer)}. Mend it."
        return unusable(schema.node.document, problem)


def _compile(node: Node) -> "Draft202012Validator":
    from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415 - takes a second to import

    bundle = dialect.translated(node)
    try:
        if not _is_well_formed(bundle):
            Draft202012Validator.check_schema(bundle)  # takes a hundred times as long, and says what is wrong
    except SchemaError as error:
        problem = f"has a malformed schema at {shortened(node.pointer)}: {shortened(error.message)}. Mend it."
        unusable(node.document, problem)
    return Draft202012Validator(bundle)


def _is_well_formed(bundle: dict[str, Any]) -> bool:
    """Whether a schema is known to be one; False also where it has regular expressions."""
    import jsonschema_rs  # noqa: PLC0415 - as above

    try:
        return not _has_pattern(bundle) and jsonschema_rs.meta.is_valid(bundle)
    except ValueError:  # names that cannot be written as UTF-8
        return False


def _has_pattern(bundle: dict[str, Any]) -> bool:
    return '"pattern' in json.dumps(bundle)


def _told(error: "ValidationError") -> str:
    from jsonschema.exceptions import best_match  # noqa: PLC0415 - as above

    deepest = best_match([error]) if error.context else error
    return f"{shortened(deepest.json_path)}: {shortened(deepest.message, 200)}"


def _parts(node: Node, seen: set[str]) -> Iterator[Node]:
    if node.canonical in seen:
        return
    seen.add(node.canonical)
    yield node
    if joined := node.child("allOf"):
        for _, part in joined.children():
            yield from _parts(part, seen)
