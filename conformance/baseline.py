"""The baseline: failures that are known, each with its reason; pure, but for reading and writing the file.

A file has ``[[deviation]]`` entries, which must fail, and ``[[flaky]]`` ones, which may fail or pass. Each
names a requirement by ``id`` and says why it is listed in ``because``; ``issue`` (a reference), ``until``
(the last day on which it holds) and ``case`` (what the suite calls the request that fails) may be added.
Profiles have ``answer`` (what the target says), ``rate`` (how often) and ``source`` as well.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from conformance.requirements import Catalogue
from conformance.target import UsageError
from conformance.verdict import Result, Verdict

KINDS = ("deviation", "flaky")
TEXTS = ("id", "because", "issue", "case", "answer", "rate", "source")
HEAD = ("version", "about")


@dataclass(frozen=True, slots=True)
class Entry:
    """A requirement that is known not to hold, or not to hold always."""

    id: str
    because: str
    flaky: bool = False
    issue: str = ""
    case: str = ""
    until: date | None = None
    answer: str = ""
    rate: str = ""
    source: str = ""
    binding: bool = True  # whether what passes must be taken out; of a profile, nobody who uses it could

    def expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.until is not None and self.until < today

    def told(self) -> str:
        """Why it is listed."""
        often = f"fails {self.rate}: " if self.rate else "flaky: " if self.flaky else ""
        return often + self.because + (f" ({self.issue})" if self.issue else "")


@dataclass(frozen=True)
class Baseline:
    """What is known of a target, by requirement; the empty one knows nothing."""

    entries: tuple[Entry, ...] = ()

    def of(self, id_: str) -> list[Entry]:
        """The entries for one requirement."""
        return [entry for entry in self.entries if entry.id == id_]

    def over(self, other: "Baseline") -> "Baseline":
        """Both; where both speak of a requirement, this one is believed."""
        mine = {entry.id for entry in self.entries}
        return Baseline((*self.entries, *(entry for entry in other.entries if entry.id not in mine)))


NOTHING_KNOWN = Baseline()


def weigh(results: Iterable[Result], known: Baseline, today: date) -> list[Result]:
    """The results with what is known of them: failures as deviations, what is listed in vain as stale.

    An entry that is over excuses nothing, and what was neither seen to pass nor to fail stays what it is.
    """
    return [_weighed(result, known.of(result.id), today) for result in results]


def _weighed(result: Result, entries: Sequence[Entry], today: date) -> Result:
    if not entries or result.result not in {"pass", "fail"}:
        return result
    over = [entry for entry in entries if entry.expired(today)]
    if result.result == "pass":
        return _passed(result, entries, over)
    live = [entry for entry in entries if entry not in over]
    if _covered(live, result.cases):
        told = "; ".join(entry.told() for entry in live)
        return replace(result, result="deviation", reason=f"{told}; seen: {result.reason}")
    if over:
        listed = f"listed until {over[0].until} ({over[0].because}), which is over"
        return replace(result, reason=f"{result.reason}; {listed}")
    listed = ", ".join(f"“{entry.case}”" for entry in entries)
    return replace(result, reason=f"{result.reason}; listed only for {listed}")


def _covered(live: Sequence[Entry], cases: Sequence[str]) -> bool:
    """Whether the entries speak of every case that a failure shows itself in, or of all there may be."""
    listed = {entry.case for entry in live}
    return "" in listed or (bool(cases) and listed.issuperset(cases))


def _passed(result: Result, entries: Sequence[Entry], over: Sequence[Entry]) -> Result:
    if over:
        why = f"it passed, and was listed until {over[0].until}, which is over; take it out"
    elif any(not entry.flaky and entry.binding for entry in entries):
        why = f"listed ({entries[0].because}), but it passed; take it out"
    else:
        how = "held this time" if entries[0].flaky else "better than the profile"
        return replace(result, reason=f"{how}; {entries[0].told()}")
    return replace(result, result="stale", reason=why)


def load_baseline(path: Path, catalogue: Catalogue) -> Baseline:
    """The baseline in a file; raises UsageError for one that cannot be used."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The baseline {path} cannot be read: {error}. Write one with --write-baseline {path}."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"The baseline {path} is not valid TOML: {error}. Mend that place.") from error
    return read_baseline(table, catalogue, str(path))


def read_baseline(table: Mapping[str, Any], catalogue: Catalogue, source: str) -> Baseline:
    """The baseline in a table; raises UsageError for one that cannot be used."""
    if unknown := set(table) - {*KINDS, *HEAD}:
        raise UsageError(
            f"{source} has {', '.join(sorted(unknown))} at its top; known are [[deviation]] and [[flaky]]."
        )
    entries: list[Entry] = []
    for kind in KINDS:
        listed = table.get(kind, [])
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise UsageError(f"In {source}, each entry is a table of its own: [[{kind}]].")
        for number, one in enumerate(listed, 1):
            entries.append(_entry(one, kind, catalogue, f"{source}, {kind} {number}"))
    _check_once(entries, source)
    return Baseline(tuple(entries))


def _entry(one: Mapping[str, Any], kind: str, catalogue: Catalogue, where: str) -> Entry:
    if unknown := set(one) - {*TEXTS, "until"}:
        raise UsageError(f"{where} has {', '.join(sorted(unknown))}; known are {', '.join(TEXTS)} and until.")
    if wrong := [name for name in TEXTS if not isinstance(one.get(name, ""), str)]:
        raise UsageError(f"{where}: {wrong[0]} is not a text.")
    id_ = one.get("id", "")
    if id_ not in catalogue.by_id:
        close = get_close_matches(id_, catalogue.by_id) or ["dify-conformance list shows them all"]
        raise UsageError(f"{where} is for {id_!r}, which is no requirement. Near: {', '.join(close)}.")
    if not one.get("because", "").strip():
        raise UsageError(f"{where} ({id_}) has no because. Say why this failure is accepted.")
    until = one.get("until")
    if until is not None and type(until) is not date:
        raise UsageError(f"{where} ({id_}): until = {until!r} is no date. Write until = 2027-01-31.")
    texts = {name: one.get(name, "") for name in TEXTS}
    return Entry(**texts, until=until, flaky=kind == "flaky")


def _check_once(entries: Sequence[Entry], source: str) -> None:
    for id_ in {entry.id for entry in entries}:
        cases = [entry.case for entry in entries if entry.id == id_]
        if len(cases) > len(set(cases)) or ("" in cases and len(cases) > 1):
            raise UsageError(f"{source} has {id_} twice. Keep one entry, or one for each case.")


def check_writable(path: Path, known: Path | None) -> None:
    """Raise UsageError where no baseline can be written, or where one would be lost that was not given."""
    if path.exists() and path != known and path.stat().st_size:
        raise UsageError(
            f"{path} exists, and what was written in it by hand would be lost. Give it with --baseline {path} "
            "as well, or another file."
        )
    new = not path.exists() and not path.is_symlink()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a").close()
        if new:
            path.unlink()  # an empty one would look like a verdict without failures
    except OSError as error:
        raise UsageError(f"The baseline {path} cannot be written: {error}. Give another file.") from error


def write_baseline(path: Path, verdict: Verdict, known: Baseline, today: date) -> str:
    """Write what failed as a baseline, and tell in a line what is in it.

    What was known keeps its reason, what is stale is left out, and an entry that excuses a failure no more is
    renewed. Where nothing was decided there is nothing to write, and a file that was there stays what it is.
    """
    decided = verdict.of("pass", "fail", "deviation", "stale")
    if not decided or verdict.outcome in {"unreachable", "harness fault"}:
        return f"{path} was not written: {verdict.summary}"
    stale = {result.id for result in verdict.of("stale")}
    failed = {result.id: result for result in verdict.of("fail")}
    had = [id_ for id_ in dict.fromkeys(entry.id for entry in known.entries) if id_ not in stale]
    renewed = {id_: _renewed(known.of(id_), failed[id_].cases, today) for id_ in had if id_ in failed}
    kept = [entry for id_ in had for entry in renewed.get(id_, known.of(id_))]
    new = [(Entry(id_, ""), result) for id_, result in failed.items() if id_ not in had]
    lines = ["# Failures that are known. Say in each `because` why it is accepted; an empty one is refused."]
    for entry in kept:
        lines += ["", *_lines(entry)]
    for entry, result in new:
        lines += ["", *(f"# {result.level}: {line}" for line in result.reason.splitlines()), *_lines(entry)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return "; ".join(_written(path, len(kept) + len(new), tuple(renewed), len(new)))


def _renewed(entries: Sequence[Entry], cases: Sequence[str], today: date) -> list[Entry]:
    """The entries of a failure without days that are over; where they do not speak of all of it, one that does."""
    lasting = [replace(entry, until=None) if entry.expired(today) else entry for entry in entries]
    if _covered(lasting, cases):
        return lasting
    because = "; ".join(dict.fromkeys(entry.because for entry in lasting))
    flaky = any(entry.flaky for entry in lasting)
    return [replace(lasting[0], because=because, case="", flaky=flaky, answer="", rate="")]


def _written(path: Path, entries: int, renewed: Sequence[str], new: int) -> Iterator[str]:
    yield f"wrote {path} with {entries or 'no'} {'entries' if entries > 1 else 'entry'}"
    if renewed:
        yield f"renewed, for it no longer excused what failed: {', '.join(renewed)}"
    if new:
        yield f"fill in {new} because"


def _lines(entry: Entry) -> list[str]:
    texts = {name: getattr(entry, name) for name in TEXTS}
    return [
        "[[flaky]]" if entry.flaky else "[[deviation]]",
        *(f"{name} = {_text(text)}" for name, text in texts.items() if text or name == "because"),
        *([f"until = {entry.until.isoformat()}"] if entry.until else []),
    ]


def _text(text: str) -> str:
    """A TOML basic string; the escapes of JSON are among its own."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
