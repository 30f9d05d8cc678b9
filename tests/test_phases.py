"""What schemathesis lists from the document, and what of it is sent."""

from pathlib import Path
from typing import Any

import pytest
from schemathesis import APIOperation, BaseSchema
from schemathesis.generation.hypothesis import examples

from conformance.contract import Contract, load_contract
from conformance.effort import Effort
from conformance.properties import generated, phases
from conformance.properties.amounts import AMOUNTS, READS
from conformance.properties.described import described
from conformance.reference import Reference
from tests.editions import Edition
from tests.test_properties import played


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract()


def test_what_is_called_and_not_published_is_still_there() -> None:
    """A failure here means a new version of schemathesis: mend ``phases``, nothing else."""
    for owner, name in (
        (APIOperation, "get_strategies_from_examples"),
        (BaseSchema, "iter_coverage_cases"),
        (examples, "generate_one"),
    ):
        assert hasattr(owner, name), f"schemathesis has no {name} any more"


def test_examples_come_first_and_then_the_borders_of_the_schema(contract: Contract) -> None:
    bodies = [shape.body for shape in generated.listed_stops(contract.stop, 100)]
    assert bodies[0] == b'{"user": "user_workflow_123"}'
    assert {b"{}", b"null", b'{"user": null}', b'{"user": 0}', b""} <= set(bodies)
    assert len(bodies) > 12


def test_nothing_is_listed_twice_and_no_more_than_asked(contract: Contract) -> None:
    everything = generated.listed_stops(contract.stop, 100)
    assert len(set(everything)) == len(everything)
    few = generated.listed_stops(contract.stop, 5)
    assert len(few) == 5
    assert everything.index(few[-1]) > len(everything) / 2


def test_other_methods_and_other_keys_are_not_listed(contract: Contract) -> None:
    for operation in (contract.stop, *contract.reading):
        listed = phases.listed(described(operation))
        assert listed
        assert {case.method for case in listed} == {operation.method}
        assert not any("authorization" in case.headers for case in listed)


def test_an_id_from_the_document_is_not_stopped(edition: Edition) -> None:
    def name_a_task(stop: dict[str, Any]) -> None:
        stop["parameters"][0]["example"] = "9da23599-e713-473b-982c-4328d4f5c78a"

    stop = load_contract(edition(name_a_task)).stop
    tasks = {shape.task for shape in generated.listed_stops(stop, 100)}
    assert tasks == {None}  # the one that the scenario made up


def test_a_configuration_in_the_working_directory_has_no_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "schemathesis.toml").write_text("[checks]\nenabled = false\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert described(load_contract().stop).schema.config.config_path is None


def test_standard_effort_sends_what_is_listed_and_keeps_to_its_amount(contract: Contract) -> None:
    trace = played("generated_requests", Reference(round_seconds=0.05), Effort())
    sent = [exchange.request.body for exchange in trace.exchanges if "example" not in exchange.about]
    listed = generated.listed_stops(contract.stop, AMOUNTS["standard"].listed)
    assert {shape.body for shape in listed} <= set(sent)
    probes = [x for x in trace.exchanges if ("Content-Type", "multipart/form-data") in x.request.headers]
    assert {x.about["family"] for x in probes} == {"generated", "supporting"}
    assert AMOUNTS["standard"].listed + len(contract.reading) * READS <= 40
    assert AMOUNTS["quick"].listed == 0
