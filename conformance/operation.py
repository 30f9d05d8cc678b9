"""What an OpenAPI document says of one operation."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote

from conformance.document import Document, Node, shortened, unusable
from conformance.schema import Schema

_PARAMETER = re.compile(r"\{([^{}/]+)\}")
_STATUS = re.compile(r"[1-5](\d\d|XX)|default", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """An example of a body."""

    name: str
    value: Any
    pointer: str


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A response that an operation documents."""

    key: str
    """As documented: a status code (`200`), a class of them (`4XX`) or `default`."""
    media_types: tuple[str, ...]
    """In lower case and without parameters."""
    schemas: Mapping[str, Schema]
    """By media type; those without a schema are left out."""
    documented_examples: tuple[Example, ...]
    pointer: str

    @property
    def status(self) -> int:
        """The status code; the first of a class (400 of `4XX`), and 0 for `default`. See `matches`."""
        return 0 if self.key == "default" else int(self.key.replace("X", "0"))

    @property
    def schema(self) -> Schema | None:
        """The schema of the body in JSON; None when the document gives none."""
        return _of_json(self.schemas)

    @property
    def examples(self) -> dict[str, Any]:
        """The example bodies by name."""
        return {example.name: example.value for example in self.documented_examples}

    @property
    def is_success(self) -> bool:
        """Whether this is an answer to a request that was carried out (2xx)."""
        return self.status // 100 == 2

    def matches(self, status: int) -> bool:
        """Tell whether a response with this status code is one that is meant here."""
        return self.key in _keys(status)

    def declares(self, media_type: str) -> bool:
        """Tell whether the document has that media type, or a range that it is in (`application/*`)."""
        return any(fnmatchcase(media_type, known) for known in self.media_types)


REFUSALS = frozenset({"invalid_param", "not_workflow_app"})  # those that requirements ask for by name


@dataclass(frozen=True, slots=True, eq=False)
class DocumentedError:
    """What a document says of a refusal."""

    name: str
    status: int | None
    """The HTTP status; None when the document leaves it open."""
    code: str | None = None
    message: str | None = None
    body: Any = None
    """The whole example; None, like code and message, when the document has none for this refusal."""
    pointer: str = ""
    """The example, or the place nearest to where it is missing."""


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """An operation, as its document describes it."""

    method: str
    """In upper case."""
    path: str
    """The path template, to be appended to the base URL."""
    pointer: str
    document: Document = field(repr=False)
    required: tuple[str, ...]
    """The members that the request's JSON body must have."""
    request_schema: Schema | None
    request_media_types: tuple[str, ...]
    answers: tuple[Answer, ...]
    success: Answer
    """The documented 2xx answer, the lowest if there are several."""

    def url_path(self, *values: str, **named: str) -> str:
        """Fill the path template by position or by name; raises TypeError when the values do not fit it.

        Everything but unreserved characters (RFC 3986) is percent-encoded.
        """
        names = _PARAMETER.findall(self.path)
        given = dict(zip(names, values, strict=False)) | named
        if given.keys() != set(names) or len(values) + len(named) != len(names):
            raise TypeError(f"{self.path} takes {names}, not {len(values)} values and {sorted(named)}")
        return _PARAMETER.sub(lambda found: quote(given[found[1]], safe=""), self.path)

    def answer(self, status: int) -> Answer | None:
        """Return what is documented for a status code: itself, else its class (`4XX`), else the default."""
        documented = {answer.key: answer for answer in self.answers}
        return next((documented[key] for key in _keys(status) if key in documented), None)

    def error(self, name: str) -> DocumentedError:
        """Return what is documented of a refusal: its example of this name, else the one with this `code`.

        An edition may have renamed both: the only example that is of no refusal known to us is then meant. Where
        there is none, the result has no code and no message, and 400 for its status if documented.
        """
        refusals = [answer for answer in self.answers if not answer.is_success]
        examples = [(answer, example) for answer in refusals for example in answer.documented_examples]
        named = [pair for pair in examples if pair[1].name == name]
        coded = [pair for pair in examples if _text(pair[1].value, "code") == name]
        other = [pair for pair in examples if not {pair[1].name, _text(pair[1].value, "code")} & REFUSALS]
        for answer, example in named + coded + (other if len(other) == 1 else []):
            code, message = _text(example.value, "code"), _text(example.value, "message")
            return DocumentedError(
                name, _status(answer, example), code, message, example.value, example.pointer
            )
        for answer in refusals:
            if answer.key in {"400", "4XX"}:
                return DocumentedError(name, 400, pointer=answer.pointer)
        return DocumentedError(name, None, pointer=f"{self.pointer}/responses")


def read_operation(node: Node, method: str, path: str) -> Operation:
    """Read the operation at this place of a document; raises DocumentError when it has no 2xx answer."""
    answers = tuple(_answers(node))
    succeeding = sorted((answer for answer in answers if answer.is_success), key=lambda answer: answer.status)
    if not succeeding:
        unusable(
            node.document, f"has no 2xx response for {method} {shortened(path)}. Add one to `responses`."
        )
    content = node.find("requestBody", "content")
    schema = _of_json(_schemas(content))
    return Operation(
        method=method,
        path=path,
        pointer=node.pointer,
        document=node.document,
        required=tuple(_required(schema)),
        request_schema=schema,
        request_media_types=_media_types(content),
        answers=answers,
        success=succeeding[0],
    )


def _answers(operation: Node) -> Iterator[Answer]:
    responses = operation.child("responses")
    for status, response in responses.children() if responses else ():
        key = status if status == "default" else status.upper()
        if not _STATUS.fullmatch(key):
            continue
        content = response.child("content")
        yield Answer(
            key, _media_types(content), _schemas(content), tuple(_examples(content)), response.pointer
        )


def _examples(content: Node | None) -> Iterator[Example]:
    for _, media in content.children() if content else ():
        if (only := media.child("example")) is not None:
            yield Example("example", only.raw, only.pointer)
        several = media.child("examples")
        for name, example in several.children() if several else ():
            if (value := example.child("value")) is not None:
                yield Example(name, value.raw, example.pointer)


def _schemas(content: Node | None) -> dict[str, Schema]:
    media = content.children() if content else ()
    return {_essence(name): Schema(schema) for name, node in media if (schema := node.child("schema"))}


def _of_json(schemas: Mapping[str, Schema]) -> Schema | None:
    fitting = [name for name in schemas if name == "application/json" or name.endswith("+json")]
    fitting += [name for name in ("application/*", "*/*") if name in schemas]
    return schemas[fitting[0]] if fitting else None


def _keys(status: int) -> tuple[str, str, str]:
    return str(status), f"{status // 100}XX", "default"


def _essence(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _media_types(node: Node | None) -> tuple[str, ...]:
    names = node.value if node is not None and isinstance(node.value, dict) else ()
    return tuple(dict.fromkeys(_essence(name) for name in names))


def _required(schema: Schema | None) -> Iterator[str]:
    for part in schema.parts() if schema else ():
        names = part.child("required")
        yield from (str(name.value) for _, name in names.children()) if names else ()


def _status(answer: Answer, example: Example) -> int | None:
    if answer.key.isdecimal():
        return answer.status
    shown = example.value.get("status") if isinstance(example.value, dict) else None
    if isinstance(shown, int) and answer.matches(shown):
        return shown
    return answer.status or None


def _text(body: Any, name: str) -> str | None:
    value = body.get(name) if isinstance(body, dict) else None
    return value if isinstance(value, str) else None
