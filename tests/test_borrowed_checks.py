"""What schemathesis' own checks find in what was recorded, and what they leave alone."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import schemathesis.checks
from schemathesis.generation import meta

from conformance.contract import Contract, load_contract
from conformance.exchange import Exchange, Fault, Headers, Request, Response
from conformance.properties import borrowed
from tests.commandline import command, surroundings
from tests.editions import Change, Edition, body_schema

TYPED: Headers = (("Content-Type", "application/json"),)
SUCCESS = b'{"result": "success"}'


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract()


def test_what_is_called_and_not_published_is_still_there() -> None:
    """A failure here means a new version of schemathesis: mend ``borrowed``, nothing else."""
    for name in ("CaseMetadata", "ComponentInfo", "FuzzingPhaseData", "GenerationInfo", "PhaseInfo"):
        assert hasattr(meta, name), f"schemathesis has no {name} any more"
    for name in borrowed.CHECKS:
        assert callable(getattr(schemathesis.checks, name)), f"schemathesis has no check {name} any more"


def answered(
    status: int,
    body: bytes = SUCCESS,
    sent: bytes = b'{"user": "a"}',
    media_type: str | None = "application/json",
) -> Exchange:
    """An exchange as a recording has it."""
    headers: Headers = (("Content-Type", media_type),) if media_type else ()
    request = Request("POST", "http://127.0.0.1:1/v1/workflows/tasks/0/stop", TYPED, sent, len(sent))
    response = Response(status, "", headers, body)
    return Exchange("1", "generated_requests", "drawn", "", request, 0.0, 1.0, response)


@pytest.mark.parametrize(
    ("check", "exchange", "told"),
    [
        ("not_a_server_error", answered(500), "Server error"),
        ("not_a_server_error", answered(503), "Server error"),
        ("status_code_conformance", answered(302), "Received: 302 Documented: 200, 400"),
        ("status_code_conformance", answered(204, b""), "Received: 204 Documented: 200, 400"),
        ("content_type_conformance", answered(200, media_type="text/html"), "Received: text/html"),
        ("content_type_conformance", answered(400, media_type=None), "Missing Content-Type"),
        ("response_schema_conformance", answered(200, b'{"result": "done"}'), '"done" is not'),
        ("response_schema_conformance", answered(200, b"[]"), '[] is not of type "object"'),
        ("negative_data_rejection", answered(200, sent=b'{"user": 5}'), "Invalid data"),
        ("negative_data_rejection", answered(200, sent=b"{}"), "Invalid data"),
        ("negative_data_rejection", answered(200, sent=b"null"), "Invalid data"),
        ("negative_data_rejection", answered(200, sent=b""), "Invalid data"),
    ],
)
def test_a_check_finds_what_is_wrong(check: str, exchange: Exchange, told: str, contract: Contract) -> None:
    found = borrowed.finding(check, exchange, contract.stop)
    assert found is not None
    assert told in found
    assert found.endswith(f"says {check}")


@pytest.mark.parametrize(
    ("check", "exchange"),
    [
        *(("status_code_conformance", answered(status)) for status in (401, 404, 405, 413, 415, 429, 500)),
        *(
            ("negative_data_rejection", answered(status, sent=b"{}"))
            for status in (302, 410, 413, 415, 431, 500)
        ),
        *((check, answered(400, b'{"code": "invalid_param"}', b'{"user": ""}')) for check in borrowed.CHECKS),
        *((check, answered(200)) for check in borrowed.CHECKS),
        ("negative_data_rejection", answered(200, sent=b'{"user": "a", "more": 1}')),
        ("negative_data_rejection", answered(200, sent=b'{"user": ')),
        (
            "negative_data_rejection",
            replace(answered(200), request=Request("POST", "http://a/", (), b"5", 1)),
        ),
        ("response_schema_conformance", answered(200, b"[]", media_type="text/html")),
        ("response_schema_conformance", answered(200, b'{"result"')),
        ("response_schema_conformance", replace(answered(200, b"[]"), fault=Fault("reset", 1.0, "reset"))),
        ("content_type_conformance", answered(200, media_type="Application/JSON; charset=UTF-8")),
        ("content_type_conformance", answered(404, media_type="text/html")),
        ("not_a_server_error", replace(answered(500), response=None)),
    ],
)
def test_a_check_leaves_a_sound_answer_alone(check: str, exchange: Exchange, contract: Contract) -> None:
    assert borrowed.finding(check, exchange, contract.stop) is None


def forbid_other_members(stop: dict[str, Any]) -> None:
    body_schema(stop)["additionalProperties"] = False


def leave_the_body_open(stop: dict[str, Any]) -> None:
    stop["requestBody"]["required"] = False


def allow_null(stop: dict[str, Any]) -> None:
    body_schema(stop)["nullable"] = True


def want_an_address(stop: dict[str, Any]) -> None:
    body_schema(stop)["properties"]["user"]["format"] = "email"


@pytest.mark.parametrize(
    ("change", "sent"),
    [
        (forbid_other_members, b'{"user": "a", "more": 1}'),
        (leave_the_body_open, b""),
        (allow_null, b"null"),
        (want_an_address, b'{"user": "a"}'),
    ],
)
def test_what_a_server_may_overlook_is_not_held_against_it(
    edition: Edition, change: Change, sent: bytes
) -> None:
    stop = load_contract(edition(change)).stop
    assert borrowed.finding("negative_data_rejection", answered(200, sent=sent), stop) is None


def want_a_prefix(stop: dict[str, Any]) -> None:
    body_schema(stop)["properties"]["user"]["pattern"] = "^user_"


def test_what_only_a_borrowed_check_sees_fails_its_requirement_and_is_judged_the_same_again(
    edition: Edition, tmp_path: Path
) -> None:
    reports = tmp_path / "reports"
    only = ("--only", "stop.robust.generated", "--effort", "standard")
    spec = ("--spec", str(edition(want_a_prefix)))
    first = command("run", *only, *spec, "--reports", str(reports), reports=reports)
    assert first.code == 1, first.out + first.err
    assert "says negative_data_rejection" in first.out
    again = command(
        "judge", str(reports / "run.jsonl"), *spec, "--reports", str(tmp_path / "again"), reports=reports
    )
    assert again.code == 1
    assert again.out.endswith("the same as recorded\n")


def test_a_quick_recording_is_judged_without_schemathesis(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    command("run", "--effort", "quick", "--only", "stop.robust", "--reports", str(reports), reports=reports)
    judging = f"main(['judge', {str(reports / 'run.jsonl')!r}, '--reports', {str(tmp_path / 'again')!r}])"
    script = f"""
import sys
from conformance.cli import main
try:
    {judging}
finally:
    print(sorted(name for name in sys.modules if name in ('schemathesis', 'hypothesis')))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], env=surroundings(), capture_output=True, encoding="utf-8", check=False
    )
    assert "the same as recorded" in done.stdout, done.stdout + done.stderr
    assert done.stdout.endswith("[]\n")
