"""What a target is, in plain words, from a few answers and one run; pure."""

from collections.abc import Iterable, Iterator, Mapping

from conformance.reachability import locked_out, unreachable
from conformance.requirements import Catalogue
from conformance.target import MODE_KEYS, OTHER_WORKFLOW_KEY, OWNER_KEY, Target
from conformance.trace import NotRecorded, Trace

SHORT_RUN = 5.0  # seconds; a stop of a shorter run may come too late
CALLED = {
    **{name: f"an app of mode {mode}" for mode, name in MODE_KEYS.items()},
    OTHER_WORKFLOW_KEY: "another workflow app",
}


def diagnose(target: Target, reach: Trace, finished: Trace, catalogue: Catalogue) -> Iterator[str]:
    """The findings, a sentence or two a line."""
    if why := unreachable((*reach.exchanges, *finished.exchanges), target.base_url):
        yield why
        return
    yield f"{target.base_url} answers{_version(reach)}."
    if OWNER_KEY not in target.keys:
        yield f"No key was given. Export the key of a workflow app as {OWNER_KEY}; specs/apps has one to import."
    elif why := locked_out(reach):
        yield f"But {why}"
        return
    else:
        yield from _app(reach)
        yield from _length(finished)
    yield from _testable(target, catalogue)


def _version(reach: Trace) -> str:
    versions = {x.response.header("x-version") for x in reach.exchanges if x.response} - {None}
    return f", and says that it is version {', '.join(sorted(map(str, versions)))}" if versions else ""


def _app(reach: Trace) -> Iterator[str]:
    info = _member(reach, "info")
    mode = info.get("mode")
    if mode == "workflow":
        yield f"{OWNER_KEY} is the key of the workflow app {str(info.get('name'))!r}."
    elif mode:
        yield f"{OWNER_KEY} is the key of an app of mode {mode}; give that of a workflow app."
    else:
        yield f"{OWNER_KEY} is accepted; GET /info does not tell the mode of its app."


def _length(finished: Trace) -> Iterator[str]:
    runs = [run for run in finished.runs if run.stream.status == 200]
    if not runs:
        yield f"But {finished.unmet or 'no run could be started'}."
        return
    run = runs[-1]
    if run.seconds is None:
        yield f"A run was started, but did not come to its end ({run.stream.ending})."
        return
    nodes = len(run.named("node_started"))
    yield f"A run with the shortest inputs lasts {run.seconds:.1f} s, shows {nodes} nodes, and ends as {run.final_status}."
    inputs = run.stream.request.body.decode("utf-8", "replace")
    if run.seconds < SHORT_RUN and "rounds" not in inputs:
        yield "That is short: stops may come too late. Give a workflow that runs at least 5 s, or one of specs/apps."


def _testable(target: Target, catalogue: Catalogue) -> Iterator[str]:
    if OWNER_KEY not in target.keys:
        return
    untested = {one.id: missing for one in catalogue if (missing := _missing(one.needs, target.keys))}
    yield f"{len(list(catalogue)) - len(untested)} of {len(list(catalogue))} requirements can be tested."
    for name in dict.fromkeys(name for missing in untested.values() for name in missing):
        ids = [id_ for id_, missing in untested.items() if name in missing]
        yield f"For {', '.join(ids)}: export {name}, the key of {CALLED.get(name, 'a workflow app')}."


def _missing(needs: Iterable[str], keys: Mapping[str, str]) -> list[str]:
    return [name for name in needs if name not in keys]


def _member(reach: Trace, case: str) -> Mapping[str, object]:
    try:
        response = reach.case(case).response
    except NotRecorded:
        return {}
    return response.member if response else {}
