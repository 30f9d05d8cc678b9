"""``report.html``: one file that shows what was judged and why, readable without JavaScript."""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from conformance.report.curl import curl
from conformance.report.drawing import Timeline, latencies, stop_times, timeline, told
from conformance.report.evidence import Evidence, app_mode, seen_headers
from conformance.trace import Exchange, Headers
from conformance.verdict import Result

BODY = 700  # characters of a body that are shown
LINE = 240  # of a header, of a curl line
SHOWN = {"fail": 4, "deviation": 4, "stale": 2}  # exchanges of one requirement; of others:
SHOWN_ELSE = 2
EVENTS = 14
LIKE = 2  # known faults that a failure is compared with
DULL = {
    "accept",
    "accept-encoding",
    "user-agent",
    "connection",
    "date",
    "keep-alive",
    "access-control-allow-origin",
    "access-control-expose-headers",
}
WORDS = {
    "fail": "fail",
    "error": "error",
    "stale": "stale",
    "warning": "warning",
    "deviation": "known",
    "inconclusive": "inconclusive",
    "untested": "untested",
    "pass": "pass",
    "observed": "observed",
}
GLYPHS = {
    "pass": "✓",
    "observed": "◦",
    "fail": "✗",
    "warning": "!",
    "deviation": "≈",
    "stale": "↺",
    "untested": "?",
    "inconclusive": "…",
    "error": "⚠",
}
TOPICS = {
    "success": "The answer to a stop",
    "user": "The user who stops",
    "body": "The body of the request",
    "app-mode": "The mode of the app",
    "error": "The shape of a refusal",
    "auth": "Authentication",
    "lifecycle": "What a stop does",
    "robustness": "Robustness",
}


def kind(result: Result) -> str:
    """The result as a reader takes it: a SHOULD that fails is a warning, a MAY that was seen an observation."""
    if result.level == "MAY" and result.result == "pass":
        return "observed"
    return "warning" if result.result == "fail" and result.level == "SHOULD" else result.result


@dataclass(frozen=True, slots=True)
class Card:
    """One requirement as the page shows it."""

    result: Result
    kind: str
    place: str
    why: str
    observation: str
    exchanges: tuple[Exchange, ...]
    again: tuple[tuple[Exchange, str], ...]
    more: int
    sample: bool
    drawing: Timeline | None
    like: tuple[tuple[str, str, str | None], ...]

    @property
    def is_open(self) -> bool:
        """Whether it is shown open at first."""
        return self.kind in {"fail", "error", "stale"}


@dataclass(frozen=True, slots=True)
class Topic:
    """The requirements of one topic."""

    name: str
    title: str
    cards: tuple[Card, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each kind."""
        return count(self.cards)


def count(cards: tuple[Card, ...]) -> dict[str, int]:
    """How many cards there are of each kind, in the order of gravity that the page uses."""
    return {name: n for name in WORDS if (n := sum(card.kind == name for card in cards))}


def html(evidence: Evidence) -> str:
    """The page."""
    cards = tuple(_cards(evidence))
    topics = tuple(
        Topic(name, TOPICS.get(name, name), tuple(group))
        for name, group in groupby(cards, key=lambda card: card.result.topic)
    )
    style, script = _source("report.css"), _source("report.js")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            summary=evidence.summary,
            topics=topics,
            cards=cards,
            counts=count(cards),
            levels={
                level: count(tuple(c for c in cards if c.result.level == level))
                for level in ("MUST", "SHOULD", "MAY")
            },
            versions=seen_headers(evidence.traces, "X-Version"),
            servers=seen_headers(evidence.traces, "Server"),
            mode=app_mode(evidence.traces),
            deadlines=evidence.deadlines,
            latency=latencies(evidence.history.exchanges),
            stops=stop_times(evidence.history.runs),
            style=Markup(style),  # noqa: S704 - our own files, not what a target said
            script=Markup(script),  # noqa: S704
            style_hash=_hash(style),
            script_hash=_hash(script),
        )
    )


def _order(result: Result) -> int:
    topics = list(TOPICS)
    return topics.index(result.topic) if result.topic in topics else len(topics)


def _cards(evidence: Evidence) -> Iterator[Card]:
    """The cards by topic; what one of them has shown, later ones that hold only refer to."""
    shown_by: dict[str, str] = {}
    for result in sorted(evidence.results, key=_order):
        found = evidence.of(result)
        chosen = _chosen(found, SHOWN.get(result.result, SHOWN_ELSE))
        again = [x for x in chosen if x.id in shown_by and result.result == "pass"]
        full = [x for x in chosen if x not in again]
        shown_by |= {x.id: result.id for x in full}
        yield _card(
            evidence, result, full, tuple((x, shown_by[x.id]) for x in again), len(found) - len(chosen)
        )


def _card(
    evidence: Evidence,
    result: Result,
    full: list[Exchange],
    again: tuple[tuple[Exchange, str], ...],
    more: int,
) -> Card:
    known = evidence.requirement(result)
    observed = {line["id"]: line["value"] for line in evidence.summary["observations"]}
    drawn = result.topic == "lifecycle" or result.result == "fail"
    return Card(
        result=result,
        kind=kind(result),
        place=evidence.place(result),
        why=known.why if known else "",
        observation=observed.get(result.id, ""),
        exchanges=tuple(full),
        again=again,
        more=more,
        sample=evidence.is_sample(result),
        drawing=timeline(evidence.runs_of(result), evidence.deadlines, result.at) if drawn else None,
        like=_like(result, frozenset(r.id for r in evidence.results if r.result == result.result)),
    )


def _chosen(found: list[Exchange], most: int) -> list[Exchange]:
    """Stops first, for they are what is judged; then as they come."""
    return sorted(found, key=lambda exchange: exchange.operation != "stop")[:most]


def _like(result: Result, failed: frozenset[str]) -> tuple[tuple[str, str, str | None], ...]:
    """The known faults that break this requirement, nearest first: name, sentence, issue."""
    if result.result not in {"fail", "deviation"}:
        return ()
    from conformance.reference.faults import specimens  # noqa: PLC0415 - not needed where nothing failed

    known = [one for one in specimens().values() if result.id in one.ids]
    known.sort(key=lambda one: -len(one.ids & failed) / len(one.ids | failed))
    return tuple((one.name, one.title, one.like) for one in known[:LIKE])


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("conformance.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"ms": told, "visible": visible, "cut": cut, "path": path, "size": size}
    environment.globals |= {
        "words": WORDS,
        "glyphs": GLYPHS,
        "curl": curl,
        "headers": _headers,
        "EVENTS": EVENTS,
    }
    environment.globals |= {"BODY": BODY, "LINE": LINE}
    return environment


def _source(name: str) -> str:
    loader = _environment().loader
    assert loader is not None
    source, _, _ = loader.get_source(_environment(), name)
    return source


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def visible(text: object) -> str:
    """The text with characters that cannot be seen, or turn others around, written out."""
    return _INVISIBLE.sub(lambda found: f"⟨U+{ord(found.group()):04X}⟩", str(text))


def cut(text: str, most: int) -> str:
    """The beginning of a text, with what is left out."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most} more characters)"


def path(url: str) -> str:
    """A URL without scheme and host."""
    return "/" + url.split("/", 3)[3] if url.count("/") >= 3 else url


def size(number: int) -> str:
    """A number of bytes for people."""
    return f"{number} bytes" if number < 10_000 else f"{number / 1024:.0f} KiB"


def _headers(headers: Headers) -> str:
    return "\n".join(f"{name}: {cut(value, LINE)}" for name, value in headers if name.lower() not in DULL)
