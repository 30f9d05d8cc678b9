"""Makes ``specs/examples.json`` anew: ``python -m tests.examples [ID]...`` for all, or for ids that begin so.

Passing examples come from the reference server, failing ones from the specimen that breaks least beside the
requirement. An example that differs from the one before in figures only is left as it was.
"""

import contextlib
import io
import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.contract import load_contract
from conformance.examples import FILE
from conformance.exchange import Json
from conformance.folder import RECORDING
from conformance.judge import Replay
from conformance.proving.cases import Case, all_cases, at_effort
from conformance.proving.pool import processes, trial_pool
from conformance.proving.trial import Settings, run_case
from conformance.recording import read_recording
from conformance.report.evidence import Evidence
from conformance.requirements import Catalogue, load_catalogue
from conformance.resources import specs_dir
from conformance.target import Deadlines
from tests.telling import said, told

REFERENCE = "reference"
TRIES = 3  # specimens that are tried before a requirement stays without example

Told = dict[str, dict[str, Any]]  # id → side → example


def main(prefixes: Sequence[str]) -> None:
    """Make the examples and write them."""
    catalogue = load_catalogue()
    wanted = [one.id for one in catalogue if not prefixes or one.id.startswith(tuple(prefixes))]
    file = specs_dir() / FILE
    before: Told = json.loads(file.read_text("utf-8")) if file.exists() else {}
    with trial_pool(processes()) as pool:
        passing = pool.submit(_attempt, REFERENCE, wanted)
        failing = _failing(pool, wanted, catalogue)
        found = {id_: {"pass": one} for id_, one in passing.result().items()}
    for id_, one in failing.items():
        found.setdefault(id_, {})["fail"] = one
    kept = {
        one.id: _kept(before.get(one.id, {}), found.get(one.id, {}), one.id in wanted) for one in catalogue
    }
    text = json.dumps({id_: one for id_, one in kept.items() if one}, indent=1, ensure_ascii=False)
    file.write_text(text + "\n", "utf-8")
    sys.stdout.write(f"{len(found)} examples told, {len(text.encode())} bytes in {file}\n")
    for id_ in wanted:
        needed = {"pass"} if catalogue[id_].level == "MAY" else {"pass", "fail"}
        if lacking := needed - set(found.get(id_, {})):
            sys.stdout.write(f"  {id_} has no example for: {', '.join(sorted(lacking))}\n")


def _failing(pool: ProcessPoolExecutor, wanted: Sequence[str], catalogue: Catalogue) -> Told:
    """A failure of each requirement, on the specimen that breaks least beside it, or on the next."""
    breakers = {id_: _breakers(id_, catalogue) for id_ in wanted}
    found: Told = {}
    for number in range(TRIES):
        of: dict[str, list[str]] = {}
        for id_ in wanted:
            if id_ not in found and number < len(breakers[id_]):
                of.setdefault(breakers[id_][number].name, []).append(id_)
        for one in pool.map(_attempt, of.keys(), of.values()):
            found |= one
    return found


def _breakers(id_: str, catalogue: Catalogue) -> list[Case]:
    cases = at_effort(all_cases(), catalogue, "standard").values()
    faults = (case for case in cases if case.kind == "fault" and id_ in case.ids)
    return sorted(faults, key=lambda case: (len(case.ids), case.name))


def _attempt(name: str, ids: Sequence[str]) -> Told:
    """The examples that one server gives for these requirements; played in a process of its own."""
    case = at_effort(all_cases(), load_catalogue(), "standard")[name]
    case = replace(case, effort="standard") if name == REFERENCE else case
    only = [word for id_ in ids for word in ("--only", id_)]
    with tempfile.TemporaryDirectory(prefix="examples-") as folder:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            run_case(case, Path(folder), Settings(), *only)
        kind = "pass" if name == REFERENCE else "fail"
        return dict(_examples(Path(folder) / RECORDING, ids, kind, "" if name == REFERENCE else name))


def _examples(
    recording: Path, ids: Iterable[str], kind: str, server: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    evidence = _evidence(recording)
    for result in evidence.results:
        if result.id in ids and result.result == kind:
            observed = str(evidence.summary["observations"].get(result.id, ""))
            seen = said(observed or result.reason, evidence)
            yield result.id, {"server": server, "seen": seen, "lines": told(result, evidence)}


def _evidence(recording: Path) -> Evidence:
    read = read_recording(recording)
    replay = Replay(read)
    traces = tuple(replay.trace(name) for name in replay.names)
    summary: dict[str, Json] = {"observations": dict(read.observations)}
    return Evidence(summary, tuple(read.results), traces, load_catalogue(), load_contract(), Deadlines())


def _kept(before: Mapping[str, Any], now: Mapping[str, Any], wanted: bool) -> dict[str, Any]:
    """Both sides of one requirement: as they were, where nothing but figures changed."""
    if not wanted:
        return dict(before)
    return {side: _steady(before.get(side), now[side]) for side in ("pass", "fail") if side in now}


def _steady(before: Any, now: dict[str, Any]) -> Any:
    now = {name: value for name, value in now.items() if value}
    return before if before and _without_figures(before) == _without_figures(now) else now


def _without_figures(example: Mapping[str, Any]) -> str:
    return re.sub(r"\d+", "0", json.dumps(example, sort_keys=True, ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1:])
