"""Translates the schemas of OpenAPI documents to JSON Schema 2020-12.

Those of OpenAPI 3.1 are JSON Schema already; those of 3.0 are a dialect of their own (`nullable`, boolean
`exclusiveMinimum`, references that silence what stands beside them). In both, a `discriminator` is obeyed.
"""

from typing import Any

from conformance.document import Node, escaped, shortened, unusable

Translated = dict[str, Any] | bool

_LITERALS = frozenset(
    {"type", "enum", "const", "required", "dependentRequired", "pattern", "uniqueItems", "multipleOf"}
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength"}
    | {"minItems", "maxItems", "minContains", "maxContains", "minProperties", "maxProperties"}
)
_SCHEMAS = frozenset(
    {"items", "contains", "not", "if", "then", "else", "additionalProperties", "propertyNames"}
    | {"unevaluatedItems", "unevaluatedProperties"}
)
_LISTS_OF_SCHEMAS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_MAPS_OF_SCHEMAS = frozenset({"properties", "patternProperties", "dependentSchemas"})


def translated(node: Node) -> dict[str, Any]:
    """Return the schema at this place, closed in itself: all that it refers to is under its `$defs`.

    Raises DocumentError where a reference leads nowhere or something else stands in a schema's place.
    """
    return _Translation(node).bundle()


def choices(raw: dict[str, Any]) -> dict[str, str]:
    """Return the references among which a schema's discriminator chooses, by the value that chooses each."""
    discriminator = raw.get("discriminator")
    mapping = discriminator.get("mapping") if isinstance(discriminator, dict) else None
    named = {value: _reference(name) for value, name in mapping.items()} if isinstance(mapping, dict) else {}
    options = raw.get("oneOf") or raw.get("anyOf")
    written = [o.get("$ref") for o in options if isinstance(o, dict)] if isinstance(options, list) else []
    references = [reference for reference in written if isinstance(reference, str)]
    return named | {ref.rsplit("/", 1)[-1]: ref for ref in references if ref not in named.values()}


class _Translation:
    """One schema on its way, with the references met so far."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._document = node.document
        self._targets: dict[str, Node] = {}
        self._definitions: dict[str, str] = {}

    def bundle(self) -> dict[str, Any]:
        top = self._schema(self._node.raw, self._node.pointer)
        done: dict[str, Translated] = {}
        while pending := self._targets.keys() - done.keys():
            for reference in sorted(pending):
                done[reference] = self._schema(self._targets[reference].raw, reference)
        definitions = {name: done[reference] for reference, name in self._definitions.items()}
        return {"allOf": [top], "$defs": definitions}

    def _schema(self, raw: Any, at: str) -> Translated:
        if isinstance(raw, bool):
            return raw
        if not isinstance(raw, dict):
            unusable(self._document, f"has no schema where one belongs, at {shortened(at)}. Mend it.")
        return self._openapi_30(raw, at) if self._document.minor == 0 else self._openapi_31(raw, at)

    def _openapi_31(self, raw: dict[str, Any], at: str) -> Translated:
        reference = raw.get("$ref")
        schema = self._keywords(raw, at)
        return schema | self._ref(reference, at) if isinstance(reference, str) else schema

    def _openapi_30(self, raw: dict[str, Any], at: str) -> Translated:
        reference = raw.get("$ref")
        schema = self._ref(reference, at) if isinstance(reference, str) else self._keywords(raw, at)
        for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if isinstance(is_exclusive := schema.get(exclusive), bool):
                del schema[exclusive]
                if is_exclusive and limit in schema:
                    schema[exclusive] = schema.pop(limit)
        return _nullable(schema) if raw.get("nullable") is True else schema

    def _keywords(self, raw: dict[str, Any], at: str) -> dict[str, Any]:
        schema: dict[str, Any] = {}
        for keyword, value in raw.items():
            place = f"{at}/{escaped(keyword)}"
            if keyword in _LITERALS:
                schema[keyword] = value
            elif keyword in _SCHEMAS:
                schema[keyword] = self._schema(value, place)
            elif keyword in _LISTS_OF_SCHEMAS and isinstance(value, list):
                schema[keyword] = [self._schema(item, f"{place}/{i}") for i, item in enumerate(value)]
            elif keyword in _MAPS_OF_SCHEMAS and isinstance(value, dict):
                schema[keyword] = {n: self._schema(v, f"{place}/{escaped(n)}") for n, v in value.items()}
        return self._discriminated(schema, raw, at)

    def _ref(self, reference: str, at: str) -> dict[str, Any]:
        if reference not in self._targets:
            self._targets[reference] = self._document.follow(reference, at)
            self._definitions[reference] = str(len(self._definitions))
        return {"$ref": f"#/$defs/{self._definitions[reference]}"}

    def _discriminated(self, schema: dict[str, Any], raw: dict[str, Any], at: str) -> dict[str, Any]:
        """Let the named member choose one of the alternatives, in place of trying them all.

        A base that others join by `allOf` has no alternatives, and chooses nothing.
        """
        discriminator = raw.get("discriminator")
        name = discriminator.get("propertyName") if isinstance(discriminator, dict) else None
        if not isinstance(name, str) or not schema.keys() & {"oneOf", "anyOf"}:
            return schema
        options = choices(raw)
        rest = {keyword: value for keyword, value in schema.items() if keyword not in {"oneOf", "anyOf"}}
        given = {"type": "object", "required": [name]}
        known = given | {"properties": {name: {"enum": list(options)}}}
        cases = [
            {"if": {"properties": {name: {"const": value}}} | given, "then": self._ref(reference, at)}
            for value, reference in options.items()
        ]
        return {"allOf": [rest, known, *cases]}


def _reference(name: object) -> str:
    return str(name) if "/" in str(name) or "#" in str(name) else f"#/components/schemas/{name}"


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if not isinstance(kind, str) or schema.keys() & {"$ref", "allOf", "anyOf", "oneOf", "not"}:
        return {"anyOf": [{"type": "null"}, schema]}
    values = schema.get("enum")
    more = {"enum": [*values, None]} if isinstance(values, list) and None not in values else {}
    return schema | {"type": [kind, "null"]} | more
