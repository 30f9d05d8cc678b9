"""What is said of a refusal that is not what it should be: what is not there is not null, and ``{}`` is an object."""

from dataclasses import replace

import pytest

from conformance.contract import load_contract
from conformance.exchange import Exchange, Request, Response
from conformance.properties.answers import no_envelope
from conformance.properties.known import Known
from conformance.trace import Trace
from tests.recorded import judge

GOOD = '"code": "invalid_param", "message": "Arg user must be provided."'


def refused(body: str) -> Exchange:
    answer = Response(400, "", (("Content-Type", "application/json"),), body.encode())
    request = Request("POST", "http://target.invalid/v1/workflows/tasks/t/stop")
    return Exchange("users/1", "users", "stop", "no user", request, 0.0, 9.0, answer)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (f'{{{GOOD}, "status": 400}}', {}),
        (f"{{{GOOD}}}", {"status": "no user: there is no status in an answer with 400"}),
        (f'{{{GOOD}, "status": null}}', {"status": "no user: status is null in an answer with 400"}),
        (f'{{{GOOD}, "status": true}}', {"status": "no user: status is true in an answer with 400"}),
        (
            "{}",
            {
                "code": "no user: there is no code",
                "message": "no user: there is no message",
                "status": "no user: there is no status in an answer with 400",
            },
        ),
        ("[]", {"object": 'no user: the body of a 400 is no JSON object: "[]"'}),
        ("", {"object": 'no user: the body of a 400 is no JSON object: ""'}),
    ],
)
def test_what_a_refusal_lacks_is_told_as_it_is(body: str, said: dict[str, str]) -> None:
    results = judge({"users": Trace("users", (refused(body),))})
    names = ("object", "code", "message", "status")
    found = {name: results[f"stop.error.{name}"] for name in names}
    assert {name: one.reason for name, one in found.items() if one.result == "fail"} == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (f'{{{GOOD}, "status": 400}}', None),
        (f"{{{GOOD}}}", "there is no status in an answer with 400"),
        (f'{{{GOOD}, "status": null}}', "status is null in an answer with 400"),
        (f'{{{GOOD}, "status": "400"}}', 'status is "400" in an answer with 400'),
        ("{}", "a 400 without code and message: 400 {}"),
        ("[]", "a 400 whose body is no JSON object: 400 []"),
    ],
)
def test_a_drawn_request_is_told_the_same(body: str, said: str | None) -> None:
    drawn = replace(refused(body), operation="drawn")
    assert no_envelope(drawn, Known(drawn, {}, load_contract().stop)) == said
