"""What only shows when runs begin and end beside each other is found, and told by a short sequence."""

import json
from collections.abc import Callable
from typing import Any

from conformance.reference import Reference, Run
from tests.judged import Judge

ONLY = ("--only", "stop.lifecycle.any-sequence")


class ForgetsStopsAfterAnUnknownOne(Reference):
    """Ignores every stop once somebody asked for a task that does not exist."""

    confused = False

    def find_run(self, *about: Any) -> Run | None:
        run = super().find_run(*about)
        self.confused = self.confused or run is None
        return None if self.confused else run


def test_the_reference_server_keeps_to_the_model(judge: Judge) -> None:
    judged = judge(*ONLY)
    assert judged.exit_code == 0, judged.output
    assert judged.results == {"stop.lifecycle.any-sequence": "pass"}


def test_a_run_that_ends_otherwise_is_told_by_its_sequence(
    judge: Judge, serving: Callable[[Reference], Any]
) -> None:
    server = serving(ForgetsStopsAfterAnUnknownOne())
    judged = judge("--base-url", server.base_url, *ONLY, env=server.keys)
    assert judged.failed == {"stop.lifecycle.any-sequence"}, judged.output
    assert "after the stop was acknowledged" in judged.output
    evidence = next(line["evidence"] for line in judged.verdict["requirements"])
    lines = map(json.loads, (judged.reports / "run.jsonl").read_text("utf-8").splitlines())
    told = [line for line in lines if line["type"] == "exchange" and line["id"] in evidence]
    assert {"run", "stop"} <= {line["operation"] for line in told}
    assert len({line["case"].partition(".")[0] for line in told if line["operation"] == "run"}) == 1
