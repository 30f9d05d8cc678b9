"""Reads OpenAPI documents, from any hand, and finds places in them."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote

MAX_BYTES = 8 * 2**20
MAX_VALUES = 500_000
MAX_DEPTH = 200
MAX_HOPS = 50


class DocumentError(Exception):
    """An OpenAPI document is of no use; says to a person which one, why, and what to do."""


class PointerError(LookupError):
    """A JSON pointer leads nowhere in its document."""


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """An OpenAPI 3 document as read from a file."""

    name: str
    """The file's name, without its directory."""
    sha256: str
    """Of the file's bytes, in hexadecimal."""
    minor: int
    """0 for OpenAPI 3.0, 1 for 3.1."""
    root: dict[str, Any]
    text: str = field(repr=False)
    """The file as it stands."""

    def node(self, pointer: str) -> "Node":
        """Go to where an absolute pointer (`#/paths/...`) leads, following references on the way.

        Raises PointerError where it leads nowhere, DocumentError where a reference on the way does.
        """
        return self._locate(pointer, frozenset())

    def _locate(self, pointer: str, trail: frozenset[str]) -> "Node":
        node = Node(self, "#", "#", self.root, self.root)
        for token in tokens(pointer.removeprefix("#")):
            child = node.child(token, trail)
            if child is None:
                raise PointerError(f"{self.name} has nothing at {pointer}: {node.pointer} has no {token!r}")
            node = child
        return node

    def follow(self, reference: str, at: str, trail: frozenset[str] = frozenset()) -> "Node":
        """Go to where a `$ref`, found at the pointer `at`, leads; raises DocumentError if that is nowhere."""
        problem = f"{self.name}: {shortened(at)} refers to {shortened(reference)}, "
        if not reference.startswith("#/"):
            raise DocumentError(problem + "outside the file. Bundle the document into one file first.")
        if reference in trail or len(trail) >= MAX_HOPS:
            raise DocumentError(problem + "which leads back to itself. Let it end at a definition.")
        try:
            return self._locate("#" + unquote(reference[1:]), trail | {reference})
        except PointerError:
            raise DocumentError(problem + "which is not in it. Add it, or mend the reference.") from None


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A place in a document."""

    document: Document
    pointer: str
    """The way by which this place was reached."""
    canonical: str
    """The way to where the value is written, past all references."""
    raw: Any
    """What is written where `pointer` leads: the value, or a reference to it."""
    value: Any

    def child(self, token: str, trail: frozenset[str] = frozenset()) -> "Node | None":
        """Go to the member or element of this name; None when there is none."""
        match self.value:
            case dict() as members if token in members:
                raw = members[token]
            case list() as elements if re.fullmatch("[0-9]{1,9}", token) and int(token) < len(elements):
                raw = elements[int(token)]
            case _:
                return None
        pointer, canonical = f"{self.pointer}/{escaped(token)}", f"{self.canonical}/{escaped(token)}"
        if isinstance(raw, dict) and isinstance(reference := raw.get("$ref"), str):
            target = self.document.follow(reference, canonical, trail)
            return Node(self.document, pointer, target.canonical, raw, target.value)
        return Node(self.document, pointer, canonical, raw, raw)

    def find(self, *names: str) -> "Node | None":
        """Go down by these names, one below the other; None when one is missing."""
        node: Node | None = self
        for name in names:
            node = node and node.child(name)
        return node

    def children(self) -> Iterator[tuple[str, "Node"]]:
        """Yield the members of an object or the elements of an array, with their names."""
        names = range(len(self.value)) if isinstance(self.value, list) else self.value
        for name in map(str, names) if isinstance(self.value, dict | list) else ():
            if (child := self.child(name)) is not None:
                yield name, child

    def text(self, name: str) -> str:
        """Return the text or number that a member holds, as text; empty for any other value."""
        value = self.value.get(name) if isinstance(self.value, dict) else None
        return str(value) if isinstance(value, str | int | float) else ""


def tokens(pointer: str) -> list[str]:
    """Return the names of which a JSON pointer (RFC 6901) is made."""
    parts = pointer.removeprefix("/").split("/") if pointer else []
    return [part.replace("~1", "/").replace("~0", "~") for part in parts]


def escaped(token: str) -> str:
    """Return a name as it is written in a JSON pointer."""
    return token.replace("~", "~0").replace("/", "~1")


def shortened(text: object, limit: int = 120) -> str:
    """Return a text from a document, fit for one line of a message."""
    line = "".join(c if c.isprintable() else " " for c in str(text)[: limit + 1])
    return line if len(line) <= limit else line[: limit - 1] + "…"


def read_document(path: Path) -> Document:
    """Read an OpenAPI 3.0 or 3.1 document in JSON or YAML; raises DocumentError."""
    name = shortened(path.name or path)
    data = _bytes(path, name)
    root, text = _parsed(data, path, name)
    if not isinstance(root, dict):
        raise DocumentError(f"{name} holds {_kind(root)}, not an OpenAPI document. Give another file.")
    return Document(name, hashlib.sha256(data).hexdigest(), _minor_version(root, name), root, text)


def _bytes(path: Path, name: str) -> bytes:
    if re.match(r"https?:/", str(path)):
        raise DocumentError(f"{shortened(path)} is a web address. Download the document, then give the file.")
    try:
        if path.is_dir():
            raise DocumentError(f"{name} is a directory. Give the OpenAPI document in it.")
        if path.exists() and not path.is_file():
            raise DocumentError(f"{name} is no regular file. Save the document to a file first.")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise DocumentError(f"There is no file {shortened(path)}. Check the path that was given.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DocumentError(
            f"{name} cannot be read: {shortened(reason)}. Check the file's permissions."
        ) from None
    if len(data) > MAX_BYTES:
        raise DocumentError(f"{name} is larger than {MAX_BYTES >> 20} MiB. Give an OpenAPI document.")
    return data


def _parsed(data: bytes, path: Path, name: str) -> tuple[Any, str]:
    """What the document says, and in which text."""
    from conformance import loader  # noqa: PLC0415 - PyYAML is not needed before a document is read

    try:
        text = data.decode("utf-8-sig")
        suffix = path.suffix.lower()
        is_json = suffix == ".json" or (suffix not in {".yaml", ".yml"} and text.lstrip()[:1] in {"{", "["})
        value = loader.from_json(text) if is_json else loader.from_yaml(text, MAX_VALUES, MAX_DEPTH)
        return _plain(value, name), text
    except UnicodeDecodeError:
        raise DocumentError(f"{name} is not UTF-8 text. Save the document as UTF-8.") from None
    except loader.Malformed as error:
        kind = "JSON" if is_json else "YAML"
        raise DocumentError(f"{name} is no usable {kind}: {shortened(error, 240)}. Mend the file.") from None


def _plain(value: Any, name: str, depth: int = 0) -> Any:
    """Return the value with text for every name: YAML reads the `200` of a response as a number."""
    if depth > MAX_DEPTH:
        raise DocumentError(f"{name} is nested deeper than {MAX_DEPTH} levels. Give an OpenAPI document.")
    match value:
        case dict():
            return {
                k if isinstance(k, str) else json.dumps(k): _plain(v, name, depth + 1)
                for k, v in value.items()
            }
        case list():
            return [_plain(element, name, depth + 1) for element in value]
        case _:
            return value


def _minor_version(root: dict[str, Any], name: str) -> int:
    if "swagger" in root:
        version = shortened(root["swagger"], 20)
        raise DocumentError(
            f"{name} is a Swagger {version} document. Convert it to OpenAPI 3.0 or 3.1 first."
        )
    if "openapi" not in root:
        raise DocumentError(
            f"{name} is not an OpenAPI document: it has no `openapi` member. Give another file."
        )
    version = str(root["openapi"])
    if not (found := re.fullmatch(r"3\.([01])(\.\d+)?(-.+)?", version, re.ASCII)):
        version = shortened(version, 20)
        raise DocumentError(
            f"{name} says it is OpenAPI {version}; 3.0 and 3.1 can be read. Convert it first."
        )
    return int(found[1])


def _kind(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a single value"


def unusable(document: Document, what: str) -> NoReturn:
    """Refuse a document for what it says; raises DocumentError."""
    raise DocumentError(f"{document.name} {what}")
