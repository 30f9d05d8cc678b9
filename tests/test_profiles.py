"""The profiles: they are what the recordings say through the checks, and what the versions here are like."""

import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import pytest

from conformance.baseline import Entry
from conformance.exchange import Event, Exchange, Request, Response
from conformance.profiles import choose_profile, load_profile, profile_names
from conformance.reference import Reference, Server
from conformance.reference.versions import VERSIONS
from conformance.target import UsageError
from conformance.verdict import Result
from tests.judged import Judge
from tests.recorded import CATALOGUE, checks, judge, lines, plain_run, traces_of, variants_of

PACE = {"round_seconds": 0.05, "rounds": 40}
HASTE = ("--concurrency", "12", "--detail-deadline", "2")
PROFILES = [load_profile(name, CATALOGUE) for name in profile_names()]

Serving = Callable[[Reference], Server]
everyone = pytest.mark.parametrize("name", VERSIONS)


def _failures(version: str) -> dict[str, list[Result]]:
    """What failed in anything that was recorded with a version, by requirement; consequences are left out."""
    found: dict[str, list[Result]] = defaultdict(list)
    for traces in variants_of(version):
        for result in judge(traces).values():
            if result.result == "fail":
                found[result.id].append(result)
    for result in _first_events(version):
        if result.result == "fail":
            found[result.id].append(result)
    return found


def _first_events(version: str) -> list[Result]:
    """What the check of the first event says of each stream of which the first event was recorded."""
    (check,) = (one for one in checks() if one.requirement.id == "stop.lifecycle.first-event")
    traces = traces_of(version)
    stream = plain_run(traces).stream
    names = [name for line in lines("first events", version) for name in line["names"]]
    streams = [replace(stream, events=(Event.of(0.0, name, None),)) for name in names]
    return [check.judge({"plain": replace(traces["plain"], exchanges=(one,))}) for one in streams]


def test_there_is_a_profile_for_each_version_that_can_be_served() -> None:
    assert profile_names() == list(VERSIONS)
    assert [profile.version for profile in PROFILES] == [one.version for one in VERSIONS.values()]


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_profile_is_what_the_recordings_say(profile: object) -> None:
    known = load_profile(getattr(profile, "name", ""), CATALOGUE)
    failures = _failures(known.version)
    recorded = [entry for entry in known.known.entries if not entry.source]
    assert {entry.id for entry in recorded} == set(failures)
    for entry in recorded:
        assert entry.answer
        assert all(entry.answer in result.reason for result in failures[entry.id]), entry.id
        if not entry.flaky:
            assert len(failures[entry.id]) == sum(1 for _ in variants_of(known.version)), entry.id


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_what_was_not_recorded_does_not_contradict_what_was(profile: object) -> None:
    known = load_profile(getattr(profile, "name", ""), CATALOGUE)
    results = judge(traces_of(known.version))
    inferred = [entry for entry in known.known.entries if entry.source]
    assert not [entry.id for entry in inferred if not entry.flaky and results[entry.id].result == "pass"]


def test_the_rate_of_lost_first_events_is_the_recorded_one() -> None:
    results = _first_events("1.16.1")
    lost = sum(result.result == "fail" for result in results)
    (entry,) = _entries("dify-1.16", "stop.lifecycle.first-event")
    assert entry.rate == f"{lost} of {len(results)}"


def _entries(name: str, id_: str) -> list[Entry]:
    return load_profile(name, CATALOGUE).known.of(id_)


@everyone
def test_a_version_is_as_good_as_its_profile(name: str, judge: Judge, serving: Serving) -> None:
    server = serving(VERSIONS[name](**PACE))  # type: ignore[arg-type]
    asked = ("--base-url", server.base_url, *HASTE)
    known = load_profile(name, CATALOGUE).known

    measured = judge(*asked, "--profile", "auto", env=server.keys)
    assert (measured.exit_code, measured.failed) == (0, set()), measured.output
    assert measured.verdict["profile"]["name"] == name
    assert f"profile {name}, by the header X-Version: {VERSIONS[name].version}" in measured.output

    again = (sys.executable, "-m", "conformance", "judge", str(measured.reports / "run.jsonl"))
    alone = judge("--profile", "none", program=again)
    assert alone.exit_code == 1
    assert {entry.id for entry in known.entries if not entry.flaky} <= alone.failed
    assert alone.failed <= {entry.id for entry in known.entries}


def test_a_version_is_not_as_good_as_another_profile(judge: Judge, serving: Serving) -> None:
    server = serving(VERSIONS["dify-1.9"](**PACE))  # type: ignore[arg-type]
    asked = (
        "--base-url",
        server.base_url,
        *HASTE,
        "--only",
        "stop.lifecycle.terminal",
        "--profile",
        "dify-1.16",
    )
    judged = judge(*asked, env=server.keys)
    assert (judged.exit_code, judged.failed) == (1, {"stop.lifecycle.terminal-status"})


def test_a_server_that_is_better_than_the_profile_passes(judge: Judge, serving: Serving) -> None:
    class Mended(VERSIONS["dify-1.16"]):  # type: ignore[misc]
        def is_user(self, value: object) -> bool:
            return isinstance(value, str) and value != ""

    server = serving(Mended(**PACE))
    asked = ("--base-url", server.base_url, *HASTE, "--only", "stop.user", "--profile", "auto")
    judged = judge(*asked, env=server.keys)
    assert (judged.exit_code, judged.failed) == (0, set()), judged.output
    better = next(line for line in judged.output.splitlines() if line.startswith("better than the profile: "))
    assert better.split(": ")[1].split(", ") == [
        "stop.user.number",
        "stop.user.boolean",
        "stop.user.array",
        "stop.user.object",
    ]


def _answer(version: str | None) -> Exchange:
    headers = (("X-Version", version),) if version else ()
    return Exchange(
        "1", "reach", "info", "info", Request("GET", "/"), 0.0, 1.0, Response(200, "", headers, b"")
    )


@pytest.mark.parametrize(
    ("versions", "name", "why"),
    [
        (("1.12.0", "1.12.0", None), "dify-1.12", "1.12.0"),
        (("1.16.1",), "dify-1.16", "1.16.1"),
        (("1.13.0",), "none", "there is none for 1.13.0"),
        (("1.1.2",), "none", "there is none for 1.1.2"),
        (("1.12.1", "1.16.1"), "none", "2 versions"),
        ((None,), "none", "no answer gives one"),
    ],
)
def test_auto_goes_by_the_version_in_the_answers(
    versions: tuple[str | None, ...], name: str, why: str
) -> None:
    choice = choose_profile("auto", CATALOGUE, map(_answer, versions))
    assert choice.name == name
    assert why in choice.why


def test_an_unknown_profile_is_refused(judge: Judge) -> None:
    with pytest.raises(UsageError, match=r"dify-1\.12"):
        load_profile("dify-1.11", CATALOGUE)
    refused = judge("--profile", "dify-2")
    assert refused.exit_code == 2
    assert "auto" in refused.output
