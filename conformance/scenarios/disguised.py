"""Stops that must be refused, in the forms that other clients give them: a form lets nothing in."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from conformance.exchange import Headers, Json, Request
from conformance.masking import placeholder
from conformance.probe.reply import RawRequest
from conformance.scenarios.forms import LARGE
from conformance.scenarios.guises import (
    ASKING,
    BARE,
    BY_HAND,
    CHUNKED,
    GUISES,
    HOST,
    HTML,
    OLD,
    ORIGIN,
    OTHERS,
    Guise,
)
from conformance.scenarios.live import Unmet
from conformance.scenarios.mistakes import (
    NO_KEY,
    NO_USER,
    NULL_USER,
    TEXT_PLAIN,
    UNKNOWN_KEY,
    made_up_key,
    mode_keys,
)
from conformance.scenarios.refusals import Anvil
from conformance.scenarios.requests import json_bytes
from conformance.scenarios.stage import Stage
from conformance.target import OWNER_KEY

XML, SPELLED, QUERY = "asking for XML", "with a charset and capitals", "with a query"
SMALL, LARGE_BODY, LONG_NAME = "in small letters", "with a large body", "with a long name and other members"
SEPARATOR = ", "
RIGHT = "right stop of no task"  # which shows in what a server answers who asks for something else than JSON
NEGOTIATED = (HTML, XML)


@dataclass(frozen=True, slots=True)
class Form:
    """What a form changes of a stop, beside its ``guise``, and whether it is written by ``hand``.

    ``spelled`` is how the media type is written, ``members`` come into the body beside the user, whose name
    has a ``tail``, and ``small`` writes the scheme of the key in small letters.
    """

    guise: Guise = field(default_factory=Guise)
    query: str = ""
    members: Mapping[str, Json] = field(default_factory=dict)
    tail: str = ""
    spelled: Callable[[str], str] = str
    small: bool = False
    hand: str = ""

    def put_on(self, request: Request, fixed: frozenset[str]) -> Request | RawRequest:
        """The request in this form; the ``fixed`` headers stay as they are."""
        worn = self.guise.put_on(request, fixed)
        return BY_HAND[self.hand](worn) if self.hand else worn


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        SPELLED: Form(spelled=lambda media: f"{media.title()}; charset=utf-8"),
        QUERY: Form(query="?conformance=1"),
        SMALL: Form(Guise(small=True), small=True),
        LONG_NAME: Form(tail="-" + "u" * 180, members={"inputs": {}, "note": [1, None]}),
        LARGE_BODY: Form(members={"note": LARGE}),
        OTHERS: Form(GUISES[OTHERS]),
        HTML: Form(GUISES[HTML]),
        XML: Form(Guise((("Accept", "application/xml"),))),
        BARE: Form(GUISES[BARE]),
        ORIGIN: Form(GUISES[ORIGIN]),
        HOST: Form(GUISES[HOST]),
        OLD: Form(hand=OLD),
        CHUNKED: Form(hand=CHUNKED),
        ASKING: Form(hand=ASKING),
    }
)
WITH_TEXT = frozenset({SPELLED, QUERY, LARGE_BODY, OTHERS, BARE, OLD, CHUNKED})  # also sent as text/plain
MOST = 4 * len(FORMS) + 8  # requests, with the runs that are started anew after stops that were let in


def refused_forms(stage: Stage) -> None:
    """Stops without a key, without a user, for another mode and of another type, each in forms that change nothing."""
    if not stage.effort.reaches("standard"):
        raise Unmet("refused stops in other forms are sent from standard effort on")
    anvil = Anvil(stage)
    for number, (name, form) in enumerate(FORMS.items()):
        if form.hand and stage.target.proxy:
            continue
        for wrong in _wrongs(stage, number, name):
            put_on = partial(form.put_on, fixed=stage.fixed_headers)
            anvil.strike(f"{wrong}{SEPARATOR}{name}", put_on, **_parts(stage, wrong, form))
    anvil.unharmed()
    for name in NEGOTIATED:
        task = str(uuid.uuid4())
        asked = FORMS[name].put_on(stage.stop_request(task), stage.fixed_headers)
        stage.send_stop(f"{RIGHT}{SEPARATOR}{name}", asked, about={"task": task, "live": "no"})


def parted(case: str) -> tuple[str, str]:
    """What is wrong with a stop of that case, and its form; empty where it is none of these."""
    wrong, _, form = case.partition(SEPARATOR)
    return (wrong, form) if form in FORMS else ("", "")


def _wrongs(stage: Stage, number: int, name: str) -> Iterator[str]:
    """What is wrong in one form: all kinds of mistakes in each, but those of a kind in turns."""
    modes = [f"{mode} key" for mode in mode_keys(stage)]
    yield UNKNOWN_KEY if number % 2 or FORMS[name].small else NO_KEY
    if not FORMS[name].tail:
        yield NULL_USER if number % 4 > 1 else NO_USER
    if modes:
        yield modes[number % len(modes)]
    if name in WITH_TEXT:
        yield TEXT_PLAIN


def _parts(stage: Stage, wrong: str, form: Form) -> dict[str, Any]:
    """What the stop is made of, those headers apart that the form changes (see ``Stage.stop_request``)."""
    keys: dict[str, str | None] = {f"{mode} key": key for mode, key in mode_keys(stage).items()}
    keys |= {UNKNOWN_KEY: made_up_key(), NO_KEY: None}
    key = keys.get(wrong, placeholder(OWNER_KEY))
    media = "text/plain" if wrong == TEXT_PLAIN else "application/json"
    headers: Headers = (("Content-Type", form.spelled(media)),)
    if form.small:
        key, headers = None, (("Authorization", f"bearer {key}"), *headers)
    user = None if wrong == NULL_USER else stage.user + form.tail
    body = json_bytes({**form.members, **({} if wrong == NO_USER else {"user": user})})
    return {"key": key, "headers": headers, "body": body, "query": form.query}
