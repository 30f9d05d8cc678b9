"""What schemathesis sends in its phases *examples* and *coverage*, listed instead of sent.

schemathesis publishes how to draw (``as_strategy``) and not how it lists; what it calls itself to do so is
called here and nowhere else, and ``tests/test_phases.py`` says at once when a new version has it no more.

Left out are cases with another method (``stop.robust.methods`` sends those). Cases without a key, or with
another, are not among them: the security of the operation is taken out of what schemathesis reads, and each
request has the key of the app (``stop.auth.*`` send the others).
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeVar

from hypothesis.errors import Unsatisfiable
from jsonschema_rs import ValidationError
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.errors import SchemathesisError
from schemathesis.generation.hypothesis.examples import generate_one

Described = APIOperation[Any, Any, Any, Any]
T = TypeVar("T")

MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
MOST = 2_000  # cases that are looked at; what a large document has beyond them is left to the draw
UNUSABLE = (SchemathesisError, Unsatisfiable, ValidationError)


def listed(operation: Described) -> list[Case[Any]]:
    """The examples of the document, then each value at a border of a schema, in both modes."""
    cases = [*_as_far_as_possible(_examples(operation)), *_as_far_as_possible(_coverage(operation))]
    return [case for case in cases if case.method.upper() == operation.method.upper()]


def spread(things: list[T], most: int) -> list[T]:
    """At most so many of these things, each once, and evenly from all over the list."""
    once = list(dict.fromkeys(things))
    if len(once) <= most:
        return once
    return [once[number * len(once) // most] for number in range(most)]


def _examples(operation: Described) -> Iterator[Case[Any]]:
    for strategy in operation.get_strategies_from_examples():
        yield generate_one(strategy)


def _coverage(operation: Described) -> Iterator[Case[Any]]:
    schema = operation.schema
    config = schema.config.generation_for(operation=operation, phase="coverage")
    yield from schema.iter_coverage_cases(operation, generation_modes=list(MODES), generation_config=config)


def _as_far_as_possible(cases: Iterator[Case[Any]]) -> Iterator[Case[Any]]:
    """The cases up to the first that cannot be made, as where an example fits no schema."""
    try:
        yield from islice(cases, MOST)
    except UNUSABLE:
        return
