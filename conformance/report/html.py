"""``report.html``: one file that shows what was judged and why, readable without JavaScript."""

import base64
import hashlib
import re
from collections.abc import Iterable
from functools import cache
from itertools import groupby

from jinja2 import Environment, FileSystemBytecodeCache, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from conformance.exchange import Exchange, Headers
from conformance.liveness import liveness
from conformance.report.cards import TOPICS, WORDS, Card, Shown, Topic, cards, count
from conformance.report.charts import latencies, stop_times
from conformance.report.curl import curl, lacking
from conformance.report.drawing import told
from conformance.report.evidence import Evidence, app_mode, seen_headers
from conformance.scratch import kept

MOST = 298_000  # bytes of a page
BODY = 700  # characters of a body that are shown
LINE = 240  # of a header, of a curl line
EVENTS = 14
FEW = 3  # answers of which nothing can be said in common
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
TEMPLATES = ("drawing.html.j2", "exchange.html.j2", "report.html.j2")  # the last is the page
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


def html(evidence: Evidence) -> str:
    """The page; with fewer exchanges and timelines where it would become too large, for run.jsonl has them all."""
    page = ""
    shown: tuple[Card, ...] | None = None
    few = (Shown(3, 1), Shown(2, 1), Shown(1, 1))
    fewest = (Shown(1, 1, drawn=("MUST",)), Shown(1, 1, drawn=()), Shown(1, 0, drawn=()))
    for most in (Shown(), *few, *fewest):
        before, shown = shown, tuple(cards(evidence, most))
        if shown == before:
            continue  # as where nothing failed, of which fewer could be shown
        page = _page(evidence, shown)
        if len(page.encode("utf-8", "replace")) <= MOST:
            break
    return page


def _page(evidence: Evidence, all_cards: tuple[Card, ...]) -> str:
    topics = tuple(
        Topic(name, TOPICS.get(name, name), tuple(group))
        for name, group in groupby(all_cards, key=lambda card: card.result.topic)
    )
    style, script = source("report.css"), source("report.js")
    return template().render(
        summary=evidence.summary,
        topics=topics,
        cards=all_cards,
        counts=count(all_cards),
        levels={
            level: count(tuple(c for c in all_cards if c.result.level == level))
            for level in ("MUST", "SHOULD", "MAY")
        },
        versions=seen_headers(evidence.traces, "X-Version"),
        servers=seen_headers(evidence.traces, "Server"),
        mode=app_mode(evidence.traces),
        common=common_headers(evidence.history.exchanges),
        deadlines=evidence.deadlines,
        shell=evidence.shell,
        how_soon=liveness(evidence.history.runs).sentence(),
        latency=latencies(evidence.history.exchanges),
        stops=stop_times(evidence.history.runs),
        style=Markup(style),  # noqa: S704 - our own files, not what a target said
        script=Markup(script),  # noqa: S704
        style_hash=digest(style),
        script_hash=digest(script),
    )


@cache
def template() -> Template:
    """The page, compiled with all that it includes."""
    *_, page = map(environment().get_template, TEMPLATES)
    return page


@cache
def environment() -> Environment:
    """The templates, with what they call."""
    made = Environment(
        loader=PackageLoader("conformance.report"),
        autoescape=True,
        bytecode_cache=FileSystemBytecodeCache(str(folder)) if (folder := kept("templates")) else None,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"ms": told, "visible": visible, "cut": cut, "quotes": quotes, "size": size}
    made.globals |= {
        "words": WORDS,
        "glyphs": GLYPHS,
        "curl": curl,
        "lacking": lacking,
        "headers": _headers,
        "EVENTS": EVENTS,
    }
    made.globals |= {"BODY": BODY, "LINE": LINE}
    return made


def source(name: str) -> str:
    """A style or a script, as it is put into a page."""
    loader = environment().loader
    assert loader is not None
    text, _, _ = loader.get_source(environment(), name)
    return text


def digest(text: str) -> str:
    """How a policy names a style or a script that it allows."""
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


def quotes(text: str) -> Markup:
    """The text for the inside of an element, where quotes need no escape, and there are thousands of them."""
    return Markup(str(escape(text)).replace("&#34;", '"').replace("&#39;", "'"))  # noqa: S704 - it is escaped


def size(number: int) -> str:
    """A number of bytes for people."""
    return f"{number} bytes" if number < 10_000 else f"{number / 1024:.0f} KiB"


def common_headers(exchanges: Iterable[Exchange]) -> tuple[tuple[str, str], ...]:
    """The headers that every answer had alike, so that they need to be shown once only."""
    answers = [x.response.headers for x in exchanges if x.response]
    if len(answers) < FEW:
        return ()
    alike = set(answers[0]).intersection(*answers[1:])
    return tuple(header for header in answers[0] if header in alike and header[0].lower() not in DULL)


def _headers(headers: Headers, known: Headers = ()) -> str:
    shown = [header for header in headers if header[0].lower() not in DULL and header not in known]
    return "\n".join(f"{name}: {cut(value, LINE)}" for name, value in shown)
