"""The contract is read from its documents, and from any other edition of them."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from conformance.contract import (
    Contract,
    DocumentError,
    PointerError,
    load_contract,
    property_values,
    violations,
)
from conformance.resources import specs_dir

STOP = "#/paths/~1workflows~1tasks~1{task_id}~1stop/post"
STOP_PATH = "/workflows/tasks/{task_id}/stop"
WRONG_MODE = "Please check if your app mode matches the right API route."
EXAMPLES_400 = "/responses/400/content/application~1json/examples"

PUBLISHED: dict[str, Any] = {
    "openapi": "3.0.1",
    "info": {"title": "Workflow App API", "version": "1.0.0"},
    "servers": [
        {"url": "{api_base_url}", "variables": {"api_base_url": {"default": "https://api.dify.ai/v1"}}},
    ],
    "security": [{"ApiKeyAuth": []}],
    "tags": [
        {"name": "Workflows"},
        {"name": "Files"},
        {"name": "End Users"},
        {"name": "TTS"},
        {"name": "Applications"},
        {"name": "Human Input"},
    ],
    "paths": {
        STOP_PATH: {
            "post": {
                "tags": ["Workflows"],
                "summary": "Stop Workflow Task",
                "operationId": "stopWorkflowTaskGeneration",
                "parameters": [
                    {"name": "task_id", "in": "path", "required": True, "schema": {"type": "string"}},
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["user"],
                                "properties": {"user": {"type": "string"}},
                            },
                            "examples": {
                                "example": {
                                    "summary": "Request Example",
                                    "value": {"user": "user_workflow_123"},
                                },
                            },
                        },
                    },
                },
                "responses": {
                    "200": {"$ref": "#/components/responses/SuccessResult"},
                    "400": {
                        "content": {
                            "application/json": {
                                "examples": {
                                    "not_workflow_app": {
                                        "summary": "not_workflow_app",
                                        "value": {
                                            "status": 400,
                                            "code": "not_workflow_app",
                                            "message": WRONG_MODE,
                                        },
                                    },
                                    "invalid_param": {
                                        "summary": "invalid_param",
                                        "value": {
                                            "status": 400,
                                            "code": "invalid_param",
                                            "message": "Arg user must be provided.",
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
    "components": {
        "responses": {
            "SuccessResult": {
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "properties": {"result": {"type": "string", "enum": ["success"]}},
                        },
                        "examples": {
                            "success": {"summary": "Response Example", "value": {"result": "success"}},
                        },
                    },
                },
            },
        },
        "securitySchemes": {"ApiKeyAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "API_KEY"}},
    },
}

Edition = Callable[..., Contract]


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract()


@pytest.fixture(params=["yaml-3.0", "yaml-3.1", "json-3.0", "json-3.1"])
def edition(request: pytest.FixtureRequest, tmp_path: Path) -> Edition:
    """Load an edited copy of the published document, in each format and version."""
    suffix, version = request.param.split("-")

    def load(edit: Callable[[dict[str, Any]], object] = lambda document: None) -> Contract:
        document = deepcopy(PUBLISHED) | {"openapi": f"{version}.1"}
        edit(document)
        path = tmp_path / f"edition.{suffix}"
        path.write_text(json.dumps(document) if suffix == "json" else yaml.safe_dump(document))
        return load_contract(path)

    return load


def stop_of(document: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = document["paths"][STOP_PATH]["post"]
    return operation


def refusal_of(document: dict[str, Any], name: str) -> dict[str, Any]:
    media_type = stop_of(document)["responses"]["400"]["content"]["application/json"]
    example: dict[str, Any] = media_type["examples"][name]
    return example


def without_prose(value: Any) -> Any:
    match value:
        case dict():
            return {name: without_prose(v) for name, v in value.items() if name != "description"}
        case list():
            return [without_prose(element) for element in value]
        case _:
            return value


@pytest.mark.parametrize("name", ["stop-workflow-task.openapi.yaml", "supporting.openapi.yaml"])
def test_the_documents_are_valid_openapi(name: str) -> None:
    validate(yaml.safe_load((specs_dir() / name).read_text()))


def test_the_stop_document_says_what_was_published() -> None:
    document = yaml.safe_load((specs_dir() / "stop-workflow-task.openapi.yaml").read_text())
    assert without_prose(document) == PUBLISHED


def test_the_stop_document_says_whose_user_may_stop_a_run(contract: Contract) -> None:
    assert (
        "started it"
        in contract.resolve("/requestBody/content/application~1json/schema/properties/user")["description"]
    )


class TestContract:
    def test_names_its_source(self, contract: Contract) -> None:
        assert (contract.title, contract.version) == ("Workflow App API", "1.0.0")
        assert contract.source == "stop-workflow-task.openapi.yaml"
        assert len(contract.sha256) == 64
        assert contract.document["openapi"] == "3.0.1"

    def test_describes_the_operations(self, contract: Contract) -> None:
        operations = [contract.stop, contract.run, contract.detail, contract.info, contract.parameters]
        assert [(operation.method, operation.path) for operation in operations] == [
            ("POST", STOP_PATH),
            ("POST", "/workflows/run"),
            ("GET", "/workflows/run/{workflow_run_id}"),
            ("GET", "/info"),
            ("GET", "/parameters"),
        ]
        assert contract.stop.pointer == STOP
        assert contract.stop.required == ("user",)
        assert contract.stop.request_media_types == ("application/json",)
        assert contract.run.required == ("inputs", "user")
        assert contract.run.success.media_types == ("text/event-stream", "application/json")
        assert contract.info.request_schema is None

    def test_resolves_pointers_past_references(self, contract: Contract) -> None:
        enum = "responses/200/content/application~1json/schema/properties/result/enum"
        assert contract.resolve(enum) == contract.resolve(f"{STOP}/{enum}") == ["success"]
        assert contract.resolve("/responses/200") is contract.resolve("#/components/responses/SuccessResult")
        assert (
            contract.resolve("#/paths/~1workflows~1tasks~1%7Btask_id%7D~1stop/post/summary")
            == "Stop Workflow Task"
        )
        assert contract.resolve("#/tags/5/name") == "Human Input"
        assert contract.resolve("specs/supporting.openapi.yaml#/paths/~1info/get/operationId") == "getAppInfo"
        assert contract.resolve("") is contract.resolve(STOP)

    @pytest.mark.parametrize(
        "pointer", ["/responses/418", "#/nowhere", "#/tags/6", "#/tags/-1", "other.yaml#/paths", "/summary/0"]
    )
    def test_says_where_a_pointer_breaks_off(self, contract: Contract, pointer: str) -> None:
        with pytest.raises(PointerError, match=r"openapi\.yaml"):
            contract.resolve(pointer)

    def test_names_the_file_that_it_does_not_know(self, contract: Contract) -> None:
        with pytest.raises(PointerError, match=r"^other\.yaml#/paths is neither in .* nor in "):
            contract.resolve("other.yaml#/paths")

    def test_lists_what_no_pointer_is_for(self, contract: Contract) -> None:
        refusals = [f"{STOP}{EXAMPLES_400}/{name}" for name in ("not_workflow_app", "invalid_param")]
        assert contract.uncovered([]) == [f"{STOP}/responses/200", f"{STOP}/responses/400", *refusals]
        assert contract.uncovered(["/responses/400"]) == [f"{STOP}/responses/200", *refusals]
        assert (
            contract.uncovered(["#/components/responses/SuccessResult/content", refusals[0]]) == refusals[1:]
        )
        assert contract.uncovered(["/responses/200", *refusals, "/nowhere"]) == []

    def test_does_not_take_a_shared_response_for_covered(self, edition: Edition) -> None:
        success = {"$ref": "#/components/responses/SuccessResult"}
        contract = edition(lambda document: stop_of(document)["responses"].update({"202": success}))
        assert f"{STOP}/responses/202" in contract.uncovered(["/responses/200/content"])

    def test_does_not_take_another_document_for_the_own(self, edition: Edition) -> None:
        def edit(document: dict[str, Any]) -> None:
            responses = document["components"]["responses"]
            responses["Refusal"] = responses.pop("SuccessResult")
            stop_of(document)["responses"]["200"] = {"$ref": "#/components/responses/Refusal"}

        contract = edition(edit)
        place = "#/components/responses/Refusal"
        assert f"{STOP}/responses/200" not in contract.uncovered([place])
        assert f"{STOP}/responses/200" in contract.uncovered([f"supporting.openapi.yaml{place}"])

    def test_finds_names_with_any_sign_in_them(self, edition: Edition) -> None:
        contract = edition(lambda document: document["components"].update({"schemas": {"a#b/c~%": True}}))
        assert contract.resolve("#/components/schemas/a#b~1c~0%25") is True

    def test_has_a_schema_for_each_event(self, contract: Contract) -> None:
        assert {"workflow_started", "node_started", "workflow_finished", "ping", "error"} <= set(
            contract.event_names
        )
        assert contract.event_schema("message_end") is None


class TestOperation:
    def test_fills_the_path_by_position_and_by_name(self, contract: Contract) -> None:
        assert contract.stop.url_path("abc-1.~_") == "/workflows/tasks/abc-1.~_/stop"
        assert (
            contract.stop.url_path(task_id="a/b?c#d%é +")
            == "/workflows/tasks/a%2Fb%3Fc%23d%25%C3%A9%20%2B/stop"
        )
        assert contract.info.url_path() == "/info"

    @pytest.mark.parametrize(
        ("values", "named"), [((), {}), (("a", "b"), {}), ((), {"id": "a"}), (("a",), {"task_id": "a"})]
    )
    def test_refuses_values_that_do_not_fit(
        self, contract: Contract, values: tuple[str, ...], named: dict[str, str]
    ) -> None:
        with pytest.raises(TypeError, match="task_id"):
            contract.stop.url_path(*values, **named)

    def test_finds_the_answer_that_is_documented_for_a_status(self, edition: Edition) -> None:
        def add(document: dict[str, Any]) -> None:
            stop_of(document)["responses"] |= {"4xx": {"description": "a"}, "default": {"description": "b"}}

        stop = edition(add).stop
        found = [stop.answer(status) for status in (200, 400, 404, 500)]
        assert [answer and answer.key for answer in found] == ["200", "400", "4XX", "default"]
        assert [answer and answer.status for answer in found] == [200, 400, 400, 0]
        assert [stop.success.matches(200), stop.success.matches(201)] == [True, False]

    def test_knows_no_answer_that_is_not_documented(self, contract: Contract) -> None:
        assert contract.stop.answer(401) is None

    def test_reads_refusals_from_their_examples(self, contract: Contract) -> None:
        error = contract.stop.error("not_workflow_app")
        assert (error.status, error.code) == (400, "not_workflow_app")
        assert error.message == WRONG_MODE
        assert contract.resolve(error.pointer)["value"] == error.body

    def test_reads_the_success_from_its_schema(self, contract: Contract) -> None:
        success = contract.stop.success
        assert (success.status, success.media_types) == (200, ("application/json",))
        assert success.schema is not None
        assert success.schema.members == {"result"}
        assert success.examples == {"success": {"result": "success"}}
        assert property_values(success, "result") == ("success",)
        assert property_values(success, "other") == ()


class TestOtherEditions:
    def test_an_unchanged_copy_says_the_same(self, edition: Edition) -> None:
        copy = edition()
        assert copy.stop.error("invalid_param").message == "Arg user must be provided."
        assert copy.source.startswith("edition.")
        assert copy.run.path == "/workflows/run"
        assert copy.run.required == ("inputs", "user")

    def test_the_success_value_decides(self, edition: Edition) -> None:
        def edit(document: dict[str, Any]) -> None:
            response = document["components"]["responses"]["SuccessResult"]
            response["content"]["application/json"]["schema"]["properties"]["result"]["enum"] = ["stopped"]

        success = edition(edit).stop.success
        assert success.schema is not None
        assert property_values(success, "result") == ("stopped",)
        assert violations(success.schema, {"result": "stopped"}) == []
        assert violations(success.schema, {"result": "success"}) == [
            "$.result: 'success' is not one of ['stopped']"
        ]

    def test_the_examples_decide_where_the_schema_lists_no_values(self, edition: Edition) -> None:
        def edit(document: dict[str, Any]) -> None:
            media = document["components"]["responses"]["SuccessResult"]["content"]["application/json"]
            del media["schema"]["properties"]["result"]["enum"]
            media["examples"] = {name: {"value": {"result": name}} for name in ("done", "gone")}
            media["examples"]["again"] = {"value": {"result": "done"}}

        assert property_values(edition(edit).stop.success, "result") == ("done", "gone")

    @pytest.mark.parametrize(
        ("schema", "shown", "values"),
        [
            ({"type": "string", "example": "done"}, [], ("done",)),
            ({"type": "string", "example": "done"}, [{"result": "gone"}], ("gone",)),
            (
                {"type": "string", "example": "done"},
                [{"other": "gone"}, ["result"], "result", None],
                ("done",),
            ),
            ({"type": "string"}, [], ()),
            ({"enum": "done", "const": None}, [], (None,)),
            ({"allOf": [{"type": "string"}, {"enum": ["a", "b"]}]}, [{"result": "c"}], ("a", "b")),
            ({"allOf": [{"example": "a"}, True]}, [], ("a",)),
            (True, [{"result": "gone"}], ("gone",)),
        ],
    )
    def test_what_a_member_may_say_is_looked_for_in_its_schema_and_then_in_examples(
        self, edition: Edition, schema: object, shown: list[object], values: tuple[object, ...]
    ) -> None:
        def edit(document: dict[str, Any]) -> None:
            media = document["components"]["responses"]["SuccessResult"]["content"]["application/json"]
            media["schema"] = {"properties": {"result": schema}}
            media["examples"] = {str(n): {"value": value} for n, value in enumerate(shown)}

        assert property_values(edition(edit).stop.success, "result") == values

    def test_examples_tell_where_there_is_no_schema_at_all(self, contract: Contract) -> None:
        refusal = contract.stop.answer(400)
        assert refusal is not None
        assert property_values(refusal, "code") == ("not_workflow_app", "invalid_param")
        assert property_values(refusal, "status") == (400,)

    def test_const_and_joined_schemas_are_read(self, edition: Edition) -> None:
        def edit(document: dict[str, Any]) -> None:
            document["components"]["schemas"] = {"Result": {"properties": {"result": {"const": "ended"}}}}
            media = document["components"]["responses"]["SuccessResult"]["content"]["application/json"]
            media["schema"] = {"allOf": [{"type": "object"}, {"$ref": "#/components/schemas/Result"}]}

        success = edition(edit).stop.success
        assert property_values(success, "result") == ("ended",)
        assert success.schema is not None
        assert success.schema.members == {"result"}

    def test_code_message_and_status_of_a_refusal_decide(self, edition: Edition) -> None:
        def edit(document: dict[str, Any]) -> None:
            body = {"status": 422, "code": "user_missing", "message": "Who are you?"}
            refusal_of(document, "invalid_param")["value"] = body
            responses = stop_of(document)["responses"]
            responses["422"] = responses.pop("400")

        stop = edition(edit).stop
        by_name, by_code = stop.error("invalid_param"), stop.error("user_missing")
        assert (by_name.status, by_name.code, by_name.message) == (422, "user_missing", "Who are you?")
        assert by_code.body == by_name.body
        assert stop.answer(400) is None

    def test_the_status_in_the_body_is_told_apart_from_that_of_the_response(self, edition: Edition) -> None:
        error = edition(lambda d: refusal_of(d, "invalid_param")["value"].update(status=422)).stop.error(
            "invalid_param"
        )
        assert (error.status, error.body["status"]) == (400, 422)

    @pytest.mark.parametrize(
        ("key", "status"), [("400", 400), ("4XX", 400), ("409", None), ("default", None)]
    )
    def test_a_refusal_without_an_example_has_the_status_only(
        self, edition: Edition, key: str, status: int | None
    ) -> None:
        def edit(document: dict[str, Any]) -> None:
            responses = stop_of(document)["responses"]
            del responses["400"]
            responses[key] = {"description": "refused"}

        error = edition(edit).stop.error("invalid_param")
        assert (error.status, error.code, error.message, error.body) == (status, None, None, None)

    def test_a_class_of_statuses_takes_the_one_in_its_example(self, edition: Edition) -> None:
        def edit(document: dict[str, Any]) -> None:
            responses = stop_of(document)["responses"]
            responses["4XX"] = responses.pop("400")
            refusal_of_4xx = responses["4XX"]["content"]["application/json"]["examples"]["invalid_param"]
            refusal_of_4xx["value"]["status"] = 422

        assert edition(edit).stop.error("invalid_param").status == 422

    def test_a_single_example_is_read(self, edition: Edition) -> None:
        def edit(document: dict[str, Any]) -> None:
            media = {"example": {"status": 400, "code": "odd", "message": "Odd."}}
            content = {"Application/Problem+JSON; charset=utf-8": media}
            stop_of(document)["responses"]["400"]["content"] = content

        stop = edition(edit).stop
        assert stop.error("odd").message == "Odd."
        assert [answer.media_types for answer in stop.answers][1] == ("application/problem+json",)

    @pytest.mark.parametrize(
        ("documented", "declared"),
        [
            ("application/json", ["application/json"]),
            ("application/*", ["application/json", "application/problem+json"]),
            ("*/*", ["application/json", "application/problem+json", "text/html"]),
        ],
    )
    def test_a_range_of_media_types_declares_all_in_it(
        self, edition: Edition, documented: str, declared: list[str]
    ) -> None:
        def edit(document: dict[str, Any]) -> None:
            stop_of(document)["responses"]["200"] = {"description": "Done.", "content": {documented: {}}}

        success = edition(edit).stop.success
        known = ("application/json", "application/problem+json", "text/html", "")
        assert [name for name in known if success.declares(name)] == declared

    def test_required_members_decide(self, edition: Edition) -> None:
        def edit(document: dict[str, Any]) -> None:
            body = {"schema": {"$ref": "#/components/schemas/Stop"}}
            stop_of(document)["requestBody"] = {"$ref": "#/components/requestBodies/Stop"}
            document["components"]["requestBodies"] = {"Stop": {"content": {"application/json": body}}}
            document["components"]["schemas"] = {
                "Stop": {"allOf": [{"required": ["user"]}, {"required": ["why"]}]}
            }

        assert edition(edit).stop.required == ("user", "why")

    @pytest.mark.parametrize("prefix", ["/api/v1", "/workflows/tasks/v1"])
    def test_a_path_may_have_a_prefix_and_another_parameter(self, edition: Edition, prefix: str) -> None:
        def edit(document: dict[str, Any]) -> None:
            document["paths"][f"{prefix}/workflows/tasks/{{id}}/stop"] = document["paths"].pop(STOP_PATH)

        contract = edition(edit)
        assert contract.stop.url_path("x") == f"{prefix}/workflows/tasks/x/stop"
        assert contract.stop.url_path(id="x") == contract.stop.url_path("x")
        assert contract.run.path == f"{prefix}/workflows/run"
        assert contract.detail.url_path("r") == f"{prefix}/workflows/run/r"

    def test_paths_that_only_look_alike_are_others(self, edition: Edition) -> None:
        def edit(document: dict[str, Any]) -> None:
            other = {"post": {"responses": {"299": {"description": "other"}}}}
            alike = (f"{STOP_PATH}/again", "/old/workflows/run", "/workflows/run/again")
            document["paths"] |= dict.fromkeys(alike, other)

        contract = edition(edit)
        assert contract.stop.path == STOP_PATH
        assert (contract.run.path, contract.run.success.status) == ("/workflows/run", 200)

    def test_a_document_need_not_say_what_it_is(self, edition: Edition) -> None:
        contract = edition(lambda document: document.pop("info"))
        assert (contract.title, contract.version) == ("", "")

    def test_supporting_operations_of_the_edition_come_first(self, edition: Edition) -> None:
        def edit(document: dict[str, Any]) -> None:
            started = {
                "properties": {"event": {"enum": ["workflow_started"]}},
                "required": ["event", "extra"],
            }
            document["components"]["schemas"] = {"Started": started}
            stream = {
                "oneOf": [{"$ref": "#/components/schemas/Started"}],
                "discriminator": {"propertyName": "event", "mapping": {"workflow_started": "Started"}},
            }
            run = {"responses": {"201": {"content": {"text/event-stream": {"schema": stream}}}}}
            document["paths"] |= {"/workflows/run": {"post": run}, "/info": {"post": run}}

        contract = edition(edit)
        assert contract.run.success.status == 201
        assert contract.info.success.status == 200
        started, ping = contract.event_schema("workflow_started"), contract.event_schema("ping")
        assert started is not None
        assert ping is not None
        assert violations(started, {"event": "workflow_started"}) == ["$: 'extra' is a required property"]
        assert violations(ping, {"event": "ping"}) == []

    @pytest.mark.parametrize(
        "content",
        [
            {},
            *(
                {"text/event-stream": {"schema": stream, "example": "data: {}"}}
                for stream in ({"type": "string"}, {"oneOf": True}, True)
            ),
        ],
    )
    def test_a_stream_that_chooses_nothing_leaves_the_events_as_they_are(
        self, edition: Edition, content: dict[str, Any]
    ) -> None:
        def edit(document: dict[str, Any]) -> None:
            document["paths"]["/workflows/run"] = {"post": {"responses": {"200": {"content": content}}}}

        assert edition(edit).event_names == load_contract().event_names

    def test_the_digest_is_that_of_the_file(self, edition: Edition) -> None:
        assert edition().sha256 == edition().sha256 != load_contract().sha256


class TestUnusableDocuments:
    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            ("", "holds nothing, not an OpenAPI document"),
            ("just text", "holds text, not an OpenAPI document"),
            ("[]", "holds a list"),
            ("a: b: c", "is no usable YAML: .*mapping values are not allowed in this context at line 1"),
            ('{"openapi": ', "is no usable JSON: Expecting value"),
            ('{"openapi": NaN}', "is no usable JSON: NaN is not JSON"),
            ("<!doctype html>", "holds text"),
            ("openapi: !!python/object/apply:os.getcwd []", "has no meaning in JSON"),
            (
                "openapi: 3.0.1\n---\nb: 1",
                "expected a single document in the stream, but found another document at line 2",
            ),
            ("a: *b", "stands for nothing"),
            ("a: &a [*a, *a]", "for what it is part of"),
            ("a: &a 1\nb: &a [*a, *a]", "for what it is part of"),
            ("[" * 5000, "nested deeper than 200 levels|nested too deeply"),
            ("a: " + "[" * 5000, "nested deeper than 200 levels"),
            ('{"a":' * 150_000, "nested too deeply"),
            ("info: {title: x}", "has no `openapi` member"),
            ("swagger: '2.0'", "is a Swagger 2.0 document. Convert it"),
            ("openapi: 3.2.0", "says it is OpenAPI 3.2.0; 3.0 and 3.1 can be read"),
            ("openapi: [3]", "3.0 and 3.1 can be read"),
            ("openapi: 3.0", "stop: it has no paths"),
            ("openapi: 3.1\npaths: {/info: {}}", "none of its 1 paths ends so"),
            ("openapi: 3.1\npaths: [1]", "it has no paths"),
            (
                "openapi: 3.1\npaths:\n  /workflows/tasks/{id}/stop: {get: {}}",
                "stop: it has the path, but no POST",
            ),
            (
                "openapi: 3.1\npaths:\n  /workflows/tasks/{id}/stop/now: {post: {}}",
                "none of its 1 paths ends so",
            ),
            (
                "openapi: 3.1\npaths:\n  /workflows/tasks/{id}/stop: {post: {}}",
                "has no 2xx response for POST",
            ),
            (
                "openapi: 3.1\npaths:\n  /workflows/tasks/{id}/stop: {post: {responses: 5}}",
                "has no 2xx response",
            ),
        ],
    )
    def test_is_told_in_a_sentence(self, tmp_path: Path, content: str, sentence: str) -> None:
        path = tmp_path / "document"
        path.write_text(content)
        with pytest.raises(DocumentError, match=sentence) as caught:
            load_contract(path)
        message = str(caught.value)
        assert message.startswith("document ")
        assert message.endswith(".")
        assert "\n" not in message
        assert len(message) < 400

    def test_a_malformed_schema_of_any_answer_is_told_when_compiled(self, edition: Edition) -> None:
        def edit(document: dict[str, Any]) -> None:
            content = {"application/json": {}, "application/problem+json": {"schema": {"type": "strnig"}}}
            stop_of(document)["responses"]["422"] = {"description": "no", "content": content}

        edition().compile()
        contract = edition(edit)
        with pytest.raises(DocumentError, match=r"malformed schema at .*/responses/422"):
            contract.compile()

    def test_aliases_may_not_multiply(self, tmp_path: Path) -> None:
        lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12))]
        path = tmp_path / "bomb.yaml"
        path.write_text("\n".join(lines))
        with pytest.raises(DocumentError, match="once its aliases are expanded"):
            load_contract(path)

    def test_merged_mappings_may_not_multiply(self, tmp_path: Path) -> None:
        lines = [
            "a0: &a0 {x: 1}",
            *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 12)),
        ]
        path = tmp_path / "bomb.yaml"
        path.write_text("\n".join(lines))
        with pytest.raises(DocumentError, match="once its aliases are expanded"):
            load_contract(path)

    def test_a_file_may_not_be_huge(self, tmp_path: Path) -> None:
        path = tmp_path / "huge.json"
        with path.open("wb") as file:
            file.truncate(9 * 2**20)
        with pytest.raises(DocumentError, match=r"huge\.json is larger than 8 MiB"):
            load_contract(path)

    def test_a_file_must_be_there_to_be_read(self, tmp_path: Path) -> None:
        with pytest.raises(DocumentError, match=r"There is no file .*absent\.yaml\. Check the path"):
            load_contract(tmp_path / "absent.yaml")
        with pytest.raises(DocumentError, match="is a directory"):
            load_contract(tmp_path)
        with pytest.raises(DocumentError, match=r"is a web address\. Download"):
            load_contract(Path("https://docs.dify.ai/openapi.json"))
        with pytest.raises(DocumentError, match="is no regular file"):
            load_contract(Path("/dev/null"))
        (tmp_path / "latin").write_bytes(b"openapi: \xe9")
        with pytest.raises(DocumentError, match="latin is not UTF-8 text"):
            load_contract(tmp_path / "latin")

    @pytest.mark.parametrize("prefixes", [("/v1",), ("/v1", "/v2")])
    def test_an_operation_must_not_be_described_twice(
        self, edition: Edition, prefixes: tuple[str, ...]
    ) -> None:
        def edit(document: dict[str, Any]) -> None:
            for prefix in prefixes:
                document["paths"][prefix + STOP_PATH] = document["paths"][STOP_PATH]

        with pytest.raises(DocumentError, match=r"twice: POST /[^ ]*/stop and /[^ ]*/stop\. Remove"):
            edition(edit)

    def test_an_event_must_be_described_where_the_stream_says(self, edition: Edition) -> None:
        def edit(document: dict[str, Any]) -> None:
            choice = {"propertyName": "event", "mapping": {"ping": "Gone"}}
            stream = {"schema": {"oneOf": [], "discriminator": choice}}
            answer = {"content": {"text/event-stream": stream}}
            document["paths"]["/workflows/run"] = {"post": {"responses": {"200": answer}}}

        with pytest.raises(DocumentError, match=r"workflows~1run/post/.*schemas/Gone.* not in it"):
            edition(edit)

    @pytest.mark.parametrize(
        ("reference", "sentence"),
        [
            ("#/components/responses/Gone", "which is not in it"),
            ("other.yaml#/responses/Success", "outside the file. Bundle the document"),
            ("#/components/responses/Loop", "which leads back to itself"),
            ("#/components/responses/Deeper/content", "which leads back to itself"),
        ],
    )
    def test_a_reference_must_lead_somewhere(self, edition: Edition, reference: str, sentence: str) -> None:
        def edit(document: dict[str, Any]) -> None:
            stop_of(document)["responses"]["200"] = {"$ref": reference}
            document["components"]["responses"] = {
                "Loop": {"$ref": "#/components/responses/Back"},
                "Back": {"$ref": "#/components/responses/Loop"},
                "Deeper": {"$ref": "#/components/responses/Deeper/content"},
            }

        with pytest.raises(DocumentError, match=sentence):
            edition(edit)

    def test_a_chain_of_references_may_not_be_endless(self, edition: Edition) -> None:
        def edit(document: dict[str, Any]) -> None:
            links = {f"R{n}": {"$ref": f"#/components/responses/R{n + 1}"} for n in range(5000)}
            document["components"]["responses"] = links
            stop_of(document)["responses"]["200"] = {"$ref": "#/components/responses/R0"}

        with pytest.raises(DocumentError, match="which leads back to itself"):
            edition(edit)


def test_yaml_is_read_as_json_would_be(tmp_path: Path) -> None:
    path = tmp_path / "edition.yaml"
    path.write_text(
        "openapi: 3.1\n"
        "info: {title: Test, version: 2026-03-23}\n"
        "paths:\n"
        "  /workflows/tasks/{id}/stop:\n"
        "    post:\n"
        "      responses:\n"
        "        200:\n"
        "          content:\n"
        "            application/json:\n"
        "              schema: {properties: {result: {enum: [yes, on, 010, 1:30, true, 1, 1.5, null]}}}\n"
    )
    contract = load_contract(path)
    assert contract.version == "2026-03-23"
    assert property_values(contract.stop.success, "result") == (
        "yes",
        "on",
        "010",
        "1:30",
        True,
        1,
        1.5,
        None,
    )
