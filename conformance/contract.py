"""Answers what the checks ask of the contract; every answer is read from its documents."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from conformance.dialect import choices
from conformance.document import (
    Document,
    DocumentError,
    Node,
    PointerError,
    read_document,
    shortened,
    unusable,
)
from conformance.operation import Answer, DocumentedError, Operation, read_operation
from conformance.resources import specs_dir
from conformance.schema import Schema, violations

__all__ = [
    "Answer",
    "Contract",
    "DocumentError",
    "DocumentedError",
    "Operation",
    "PointerError",
    "Schema",
    "load_contract",
    "property_values",
    "violations",
]

STOP_DOCUMENT = "stop-workflow-task.openapi.yaml"
SUPPORTING_DOCUMENT = "supporting.openapi.yaml"

_STOP = r".*/workflows/tasks/\{[^{}/]+\}/stop"


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """What a server is held to: the stop operation, and those that make a run to stop."""

    title: str
    version: str
    source: str
    """The name of the file that describes the stop operation."""
    sha256: str
    """Of that file's bytes, in hexadecimal."""
    stop: Operation
    run: Operation
    detail: Operation
    info: Operation
    parameters: Operation
    supporting: Document = field(repr=False)
    """The suite's own document, for what the other leaves out."""
    _events: Mapping[str, Schema] = field(repr=False)

    @property
    def document(self) -> Mapping[str, Any]:
        """The document that describes the stop operation, parsed; not to be changed."""
        return self.stop.document.root

    @property
    def words(self) -> str:
        """All that the documents say, in which the words of the API are: names, statuses, codes, paths."""
        return f"{self.stop.document.text}\n{self.supporting.text}"

    @property
    def reading(self) -> tuple[Operation, ...]:
        """The operations that change nothing."""
        return self.detail, self.info, self.parameters

    @property
    def event_names(self) -> tuple[str, ...]:
        """The stream events for which there is a schema."""
        return tuple(self._events)

    def event_schema(self, name: str) -> Schema | None:
        """Return the schema for a stream event of this name; None for a name that no document knows."""
        return self._events.get(name)

    def compile(self) -> None:
        """Compile the schemas of the stop's answers; raises DocumentError where one is malformed.

        Those of events compile when such an event is first seen.
        """
        for answer in self.stop.answers:
            for schema in answer.schemas.values():
                schema.compile()

    def resolve(self, pointer: str) -> Any:
        """Return the value at a JSON pointer, past references; raises PointerError when there is none.

        `/responses/400` starts at the stop operation, `#/components` at the top of its document, and
        `supporting.openapi.yaml#/paths` at the top of the named one.
        """
        return self._node(pointer).value

    def uncovered(self, pointers: Iterable[str]) -> list[str]:
        """Return what the stop operation documents (responses, examples of refusals) and no pointer is for.

        A pointer is for the place that it leads to and for those around it; one that leads nowhere is for
        nothing. A 2xx example only shows what the schema says, and need not be covered by itself.
        """
        places = [
            self._node(pointer)
            for answer in self.stop.answers
            for pointer in (answer.pointer, *_refusal_pointers(answer))
        ]
        given = [node for pointer in pointers if (node := self._find(pointer))]
        return [place.pointer for place in places if not any(self._lies_in(node, place) for node in given)]

    def _lies_in(self, inner: Node, outer: Node) -> bool:
        # Two responses may refer to one component; a way through the operation is for one of them only.
        is_written_out = inner.pointer.startswith(f"{self.stop.pointer}/")
        here, there = (inner.pointer, outer.pointer) if is_written_out else (inner.canonical, outer.canonical)
        return inner.document is outer.document and f"{here}/".startswith(f"{there}/")

    def _find(self, pointer: str) -> Node | None:
        try:
            return self._node(pointer)
        except PointerError:
            return None

    def _node(self, pointer: str) -> Node:
        file, hash_, path = pointer.partition("#")
        if not hash_:
            relative = "/" + pointer.removeprefix("/") if pointer else ""
            return self.stop.document.node(self.stop.pointer + relative)
        for document in (self.stop.document, self.supporting):
            if Path(file).name in {"", document.name}:
                return document.node(f"#{unquote(path)}")
        raise PointerError(f"{shortened(pointer)} is neither in {self.source} nor in {self.supporting.name}")


def load_contract(spec: Path | None = None) -> Contract:
    """Read the contract; raises DocumentError.

    `spec` is another edition of the document that describes the stop operation: OpenAPI 3.0 or 3.1, JSON or
    YAML. What it says of the supporting operations counts too; what it leaves out, our own document says.
    """
    return _read(spec) if spec else _own()


@cache
def _own() -> Contract:
    """Our own edition, which does not change while it is used; its schemas are compiled once."""
    return _read(specs_dir() / STOP_DOCUMENT)


def _read(spec: Path) -> Contract:
    document = read_document(spec)
    supporting = read_document(specs_dir() / SUPPORTING_DOCUMENT)
    stop = _operation(document, "POST", _STOP) or unusable(document, _without_stop(document))
    prefix = stop.path[: stop.path.rindex("/workflows/tasks/")]

    def ours(method: str, path: str) -> Operation:
        return _operation(supporting, method, path, prefix) or unusable(supporting, f"lacks {method} {path}.")

    def best(method: str, path: str) -> Operation:
        return _operation(document, method, re.escape(prefix) + path) or ours(method, path)

    info = document.node("#").child("info")
    run = best("POST", "/workflows/run")
    return Contract(
        title=info.text("title") if info else "",
        version=info.text("version") if info else "",
        source=document.name,
        sha256=document.sha256,
        stop=stop,
        run=run,
        detail=best("GET", r"/workflows/run/\{[^{}/]+\}"),
        info=best("GET", "/info"),
        parameters=best("GET", "/parameters"),
        supporting=supporting,
        _events=_event_schemas(ours("POST", "/workflows/run")) | _event_schemas(run),
    )


def _refusal_pointers(answer: Answer) -> list[str]:
    return [] if answer.is_success else [example.pointer for example in answer.documented_examples]


def property_values(answer: Answer, name: str) -> tuple[Any, ...]:
    """Return the values that a member of an answer's body may have; none where the document is silent.

    Its schema's `enum` or `const` tells; without one, the values in the examples do.
    """
    found = (part.find("properties", name) for part in answer.schema.parts()) if answer.schema else ()
    parts = [part for node in found if node for part in Schema(node).parts()]
    schemas = [part for part in parts if isinstance(part.value, dict)]
    for schema in schemas:
        if isinstance(values := schema.value.get("enum"), list):
            return tuple(values)
        if "const" in schema.value:
            return (schema.value["const"],)
    shown = [body[name] for body in answer.examples.values() if isinstance(body, dict) and name in body]
    shown = shown or [schema.value["example"] for schema in schemas if "example" in schema.value]
    return tuple(value for index, value in enumerate(shown) if value not in shown[:index])


def _operation(document: Document, method: str, pattern: str, prefix: str = "") -> Operation | None:
    """Read the operation whose path fits the pattern; `prefix` is put before a path that lacks it."""
    top = document.node("#")
    fitting = [path for path in _names(top.child("paths")) if re.fullmatch(pattern, path)]
    found = [(path, node) for path in fitting if (node := top.find("paths", path, method.lower()))]
    if len(found) > 1:
        where = " and ".join(shortened(path) for path, _ in found[:2])
        unusable(document, f"describes one operation twice: {method} {where}. Remove what is not meant.")
    return read_operation(found[0][1], method, prefix + found[0][0]) if found else None


def _names(paths: Node | None) -> list[str]:
    return list(paths.value) if paths and isinstance(paths.value, dict) else []


def _without_stop(document: Document) -> str:
    paths = _names(document.node("#").child("paths"))
    if any(re.fullmatch(_STOP, path) for path in paths):
        what = "it has the path, but no POST"
    else:
        what = f"none of its {len(paths)} paths ends so" if paths else "it has no paths"
    return f"does not describe POST /workflows/tasks/{{task_id}}/stop: {what}. Give an edition that does."


def _event_schemas(run: Operation) -> dict[str, Schema]:
    """Read the schemas among which the `event` of a stream event chooses, by its value."""
    stream = run.success.schemas.get("text/event-stream")
    if stream is None or not isinstance(stream.raw, dict):
        return {}
    references = choices(stream.raw)
    return {name: Schema(run.document.follow(ref, stream.pointer)) for name, ref in references.items()}
