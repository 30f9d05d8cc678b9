"""Values are held against the schemas of OpenAPI documents, old dialect and new."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.contract import Contract, DocumentError, Schema, load_contract, violations

DATA = Path(__file__).parent / "data"
RUN = {"task_id": "t", "workflow_run_id": "r"}

Judge = Callable[..., list[str]]


def recorded(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text().splitlines()]


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract()


def written(folder: Path, schema: Any, version: str = "3.0.1", **components: Any) -> Schema:
    """A schema that was written into a document, read from it."""
    document = {
        "openapi": version,
        "info": {"title": "Test", "version": "1"},
        "paths": {
            "/workflows/tasks/{id}/stop": {
                "post": {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}
            }
        },
        "components": {"schemas": components},
    }
    path = folder / "document.json"
    path.write_text(json.dumps(document))
    read = load_contract(path).stop.success.schema
    assert read is not None
    return read


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Hold a value against a schema that is written into a document."""

    def load(schema: Any, value: object, version: str = "3.0.1", **components: Any) -> list[str]:
        return violations(written(tmp_path, schema, version, **components), value)

    return load


def event_schema(contract: Contract, name: str) -> Schema:
    schema = contract.event_schema(name)
    assert schema is not None, f"no schema for {name}"
    return schema


class TestRecordings:
    @pytest.mark.parametrize(
        "line", recorded("recorded-events.jsonl"), ids=lambda r: f"{r['version']}-{r['event']['event']}"
    )
    def test_events_of_real_servers_are_valid(self, contract: Contract, line: dict[str, Any]) -> None:
        event = line["event"]
        assert violations(event_schema(contract, event["event"]), event) == []
        assert violations(contract.run.success.schemas["text/event-stream"], event) == []

    @pytest.mark.parametrize(
        "line", recorded("recorded-answers.jsonl"), ids=lambda r: f"{r['version']}-{r['operation']}"
    )
    def test_answers_of_real_servers_are_valid(self, contract: Contract, line: dict[str, Any]) -> None:
        schema = getattr(contract, line["operation"]).success.schema
        assert violations(schema, line["body"]) == []


class TestEvents:
    @pytest.mark.parametrize("missing", ["event", "task_id", "workflow_run_id", "data"])
    @pytest.mark.parametrize(
        "name", ["workflow_started", "node_finished", "loop_next", "text_chunk", "agent_log"]
    )
    def test_every_event_names_its_run(self, contract: Contract, name: str, missing: str) -> None:
        data = {"id": "1", "node_id": "n", "status": "succeeded", "text": ""}
        event = {"event": name, **RUN, "data": data}
        schema = event_schema(contract, name)
        assert violations(schema, event) == []
        del event[missing]
        assert violations(schema, event) == [f"$: '{missing}' is a required property"]

    @pytest.mark.parametrize("member", ["task_id", "workflow_run_id"])
    def test_names_are_strings(self, contract: Contract, member: str) -> None:
        event = {"event": "node_started", **RUN, "data": {"id": "1", "node_id": "n"}, member: None}
        found = violations(event_schema(contract, "node_started"), event)
        assert found == [f"$.{member}: None is not of type 'string'"]

    def test_the_end_has_a_status(self, contract: Contract) -> None:
        schema = event_schema(contract, "workflow_finished")
        event = {"event": "workflow_finished", **RUN, "data": {"id": "r", "status": "stopped", "new": [1]}}
        assert violations(schema, event) == []
        event["data"] = {"id": "r"}
        assert violations(schema, event) == ["$.data: 'status' is a required property"]

    @pytest.mark.parametrize("event", [None, {"event": "ping"}, {}])
    def test_a_ping_need_not_say_anything(self, contract: Contract, event: object) -> None:
        assert violations(event_schema(contract, "ping"), event) == []

    @pytest.mark.parametrize(
        "event",
        [
            {"event": "error", "status": 400, "code": "invalid_param", "message": "Run failed"},
            {"event": "error"},
            {"event": "tts_message", "task_id": "t", "audio": "AA=="},
            {"event": "tts_message_end", "task_id": "t", "audio": ""},
        ],
    )
    def test_some_events_need_not_name_the_run(self, contract: Contract, event: dict[str, Any]) -> None:
        assert violations(event_schema(contract, event["event"]), event) == []

    def test_an_event_is_not_taken_for_another(self, contract: Contract) -> None:
        event = {"event": "node_started", **RUN, "data": {"id": "1", "node_id": "n"}}
        found = violations(event_schema(contract, "node_retry"), event)
        assert found == ["$.event: 'node_started' is not one of ['node_retry']"]

    def test_an_unknown_event_is_told_by_the_stream(self, contract: Contract) -> None:
        stream = contract.run.success.schemas["text/event-stream"]
        assert violations(stream, {"event": "surprise"})[0].startswith("$.event: 'surprise' is not one of")
        assert violations(stream, {}) == ["$: 'event' is a required property"]


class TestOpenApi30:
    @pytest.mark.parametrize(
        ("schema", "valid", "invalid"),
        [
            ({"type": "string", "nullable": True}, [None, "a"], [1]),
            ({"type": "string"}, ["a"], [None]),
            ({"type": "string", "nullable": False}, ["a"], [None]),
            ({"type": "string", "enum": ["a"], "nullable": True}, [None, "a"], ["b"]),
            ({"enum": ["a"], "nullable": True}, [None, "a"], ["b"]),
            ({"$ref": "#/components/schemas/Text", "nullable": True}, [None, "a"], [1]),
            ({"allOf": [{"$ref": "#/components/schemas/Text"}], "nullable": True}, [None, "a"], [1]),
            ({"type": "string", "allOf": [{"minLength": 1}], "nullable": True}, [None, "a"], ["", 1]),
            ({"nullable": True, "anyOf": [{"type": "string"}, {"type": "object"}]}, [None, "a", {}], [1]),
            ({"type": "array", "items": {"type": "integer", "nullable": True}}, [[1, None]], [["a"]]),
            ({"properties": {"nullable": {"type": "string"}}}, [{"nullable": "a"}], [{"nullable": True}]),
            ({"$ref": "#/components/schemas/Text", "maxLength": 1}, ["abc"], [1]),
            ({"minimum": 1, "exclusiveMinimum": True}, [2], [1, 0]),
            ({"minimum": 1, "exclusiveMinimum": False}, [1], [0]),
            ({"maximum": 1, "exclusiveMaximum": True}, [0.5], [1]),
            ({"exclusiveMaximum": True}, [5], []),
            ({"type": "string", "example": {"$ref": "nowhere"}, "xml": {"name": "x"}}, ["a"], [1]),
            ({"type": "string", "format": "uuid"}, ["no uuid"], [1]),
            ({"additionalProperties": {"$ref": "#/components/schemas/Text"}}, [{"a": "b"}], [{"a": 1}]),
            ({"additionalProperties": False, "properties": {"a": {}}}, [{"a": 1}], [{"b": 1}]),
            ({"not": {"type": "string"}}, [1], ["a"]),
            (
                {"$ref": "#/components/schemas/Tree"},
                [{"children": [{"children": []}]}],
                [{"children": [{"children": 1}]}],
            ),
        ],
    )
    def test_is_translated(self, judge: Judge, schema: Any, valid: list[Any], invalid: list[Any]) -> None:
        tree = {
            "type": "object",
            "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
        }
        components = {"Text": {"type": "string"}, "Tree": tree}
        for value in valid:
            assert judge(schema, value, **components) == [], value
        for value in invalid:
            assert judge(schema, value, **components), value

    def test_the_inner_reason_is_told(self, judge: Judge) -> None:
        schema = {"properties": {"a": {"$ref": "#/components/schemas/Deep", "nullable": True}}}
        deep = {"type": "object", "properties": {"b": {"type": "integer"}}}
        assert judge(schema, {"a": {"b": "x"}}, Deep=deep) == ["$.a.b: 'x' is not of type 'integer'"]


class TestOpenApi31:
    @pytest.mark.parametrize(
        ("schema", "valid", "invalid"),
        [
            ({"type": ["string", "null"]}, [None, "a"], [1]),
            ({"type": "string", "nullable": True}, ["a"], [None]),
            ({"exclusiveMinimum": 1}, [2], [1]),
            ({"const": "a"}, ["a"], ["b"]),
            ({"$ref": "#/components/schemas/Text", "maxLength": 1}, ["a"], ["ab", 1]),
            ({"prefixItems": [{"type": "string"}], "items": False}, [["a"]], [["a", 1], [1]]),
            ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, [{}, {"a": 1, "b": 1}], [{"a": 1}]),
            ({"patternProperties": {"^x-": {"type": "string"}}}, [{"x-a": "b", "a": 1}], [{"x-a": 1}]),
            (True, [1], []),
            (False, [], [1]),
        ],
    )
    def test_is_taken_as_it_is(self, judge: Judge, schema: Any, valid: list[Any], invalid: list[Any]) -> None:
        for value in valid:
            assert judge(schema, value, "3.1.0", Text={"type": "string"}) == [], value
        for value in invalid:
            assert judge(schema, value, "3.1.0", Text={"type": "string"}), value


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
class TestDiscriminator:
    components = {  # noqa: RUF012
        "Cat": {
            "required": ["lives"],
            "properties": {"kind": {"type": "string"}, "lives": {"type": "integer"}},
        },
        "Dog": {"required": ["tricks"], "properties": {"tricks": {"type": "array"}}},
    }
    references = [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]  # noqa: RUF012

    def test_the_named_schema_is_the_one_that_decides(self, judge: Judge, version: str) -> None:
        mapping = {"cat": "#/components/schemas/Cat", "dog": "Dog"}
        schema = {"oneOf": self.references, "discriminator": {"propertyName": "kind", "mapping": mapping}}
        found = [judge(schema, value, version, **self.components) for value in (
            {"kind": "cat", "lives": 9, "tricks": []},
            {"kind": "cat", "tricks": []},
            {"kind": "dog", "lives": 9},
            {"kind": "cow"},
            {"lives": 9},
            9,
        )]  # fmt: skip
        assert found == [
            [],
            ["$: 'lives' is a required property"],
            ["$: 'tricks' is a required property"],
            ["$.kind: 'cow' is not one of ['cat', 'dog']"],
            ["$: 'kind' is a required property"],
            ["$: 9 is not of type 'object'"],
        ]

    def test_without_a_mapping_the_schemas_go_by_their_names(self, judge: Judge, version: str) -> None:
        schema = {"anyOf": self.references, "discriminator": {"propertyName": "kind"}}
        assert judge(schema, {"kind": "Cat", "lives": 9}, version, **self.components) == []
        assert judge(schema, {"kind": "cat", "lives": 9}, version, **self.components)

    def test_a_base_that_others_join_chooses_nothing(self, judge: Judge, version: str) -> None:
        mapping = {"cow": "#/components/schemas/Cow"}
        base = {"required": ["kind"], "discriminator": {"propertyName": "kind", "mapping": mapping}}
        cow = {"allOf": [{"$ref": "#/components/schemas/Base"}, {"required": ["milk"]}]}
        schema = {"$ref": "#/components/schemas/Cow"}
        assert judge(schema, {"kind": "cow", "milk": 1}, version, Base=base, Cow=cow) == []
        assert judge(schema, {"kind": "cow"}, version, Base=base, Cow=cow) == [
            "$: 'milk' is a required property"
        ]


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
class TestUnusableSchemas:
    @pytest.mark.parametrize(
        ("schema", "sentence"),
        [
            ({"type": "strnig"}, "has a malformed schema at #/paths/.*'strnig'"),
            ({"required": "user"}, "has a malformed schema"),
            ({"properties": {"a": "string"}}, "has no schema where one belongs, at #/paths/.*/properties/a"),
            ({"items": [{"type": "string"}]}, "has no schema where one belongs"),
            ({"$ref": "#/components/schemas/Gone"}, "which is not in it"),
            ({"properties": {"a": {"$ref": "https://example.com/a.json"}}}, "outside the file"),
            ({"$ref": "#/components/schemas/Loop"}, "never comes to an end|leads back to itself"),
            (
                {"allOf": [{"$ref": "#/components/schemas/Loop"}]},
                "never comes to an end|leads back to itself",
            ),
            ({"$ref": "#/components/schemas/Join"}, "has a schema that never comes to an end, at #/paths/"),
            ({"pattern": "("}, "has a malformed schema at #/paths/.*'\\(' is not a 'regex'"),
            ({"patternProperties": {"(": {}}}, "has a malformed schema at #/paths/.*'\\(' is not a 'regex'"),
        ],
    )
    def test_are_told_in_a_sentence(self, judge: Judge, version: str, schema: Any, sentence: str) -> None:
        loop = {"$ref": "#/components/schemas/Loop"}
        join = {"allOf": [{"$ref": "#/components/schemas/Join"}]}
        with pytest.raises(DocumentError, match=sentence) as caught:
            judge(schema, "text", version, Loop=loop, Join=join)
        assert str(caught.value).startswith("document.json")


@pytest.mark.parametrize("value", ["\ud800", ["\ud800"], {"\ud800": 1}])
def test_what_cannot_be_written_as_utf_8_is_held_against_the_schema(judge: Judge, value: object) -> None:
    assert judge({"type": ["string", "array", "object"]}, value, "3.1.0") == []
    assert judge({"type": "boolean"}, value, "3.1.0")[0].endswith("is not of type 'boolean'")


@pytest.mark.parametrize("name", ["a", "\ud800"])
def test_whatever_the_names_in_it_a_schema_is_looked_at(judge: Judge, name: str) -> None:
    assert judge({name: 1, "type": "string"}, "text") == []
    with pytest.raises(DocumentError, match="has a malformed schema"):
        judge({name: 1, "type": "strnig"}, "text")


def test_regular_expressions_are_those_of_python(judge: Judge) -> None:
    assert judge({"pattern": r"^\d\Z"}, "٣") == []
    assert judge({"properties": {"a": {"pattern": r"^\d\Z"}}}, {"a": "x"})


def test_what_joins_itself_has_the_members_of_what_it_joins(tmp_path: Path) -> None:
    part = {
        "properties": {"a": {}},
        "allOf": [{"$ref": "#/components/schemas/Part"}, {"properties": {"b": {}}}],
    }
    assert written(tmp_path, {"allOf": [{"$ref": "#/components/schemas/Part"}]}, Part=part).members == {
        "a",
        "b",
    }


def test_lines_stay_short_and_few(judge: Judge) -> None:
    values = [{"text": "x" * 10_000}] * 100
    found = judge({"items": {"type": "string"}}, values)
    assert len(found) == 20
    assert all(len(line) < 400 for line in found)


def test_a_schema_is_compiled_once_in_a_contract(contract: Contract) -> None:
    schema = event_schema(contract, "node_started")
    assert schema.validator is event_schema(contract, "node_started").validator
