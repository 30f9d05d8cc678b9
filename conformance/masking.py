"""Keys by name: requests are written with ``$NAME``, and what comes back is searched for the values."""

import base64
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cached_property
from typing import Any, TypeVar, cast
from urllib.parse import quote

T = TypeVar("T")

SHORTEST = 8  # a shorter value occurs in ordinary text, and replacing it there would falsify the evidence
SHORTEST_ALONE = 4  # one that is no mere word, such as app-1, is replaced where it stands by itself
LONGEST_WORD = 20  # a longer value is no word, even if somebody wrote a key of theirs into a document

PREFIX = "app-"  # what the keys of Dify's apps begin with
BARE, USER_NAME, PASSWORD = PATTERNS = ("%s", "%s:", ":%s")  # what of a key is encoded

_REFERENCE = re.compile(
    r"\$\{(?P<part_of>[A-Za-z_][A-Za-z0-9_]*):(?P<first>\d+)(?::(?P<length>\d+))?\}"
    r"|\$\{?(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<change>%\?+|\^\^|,,)?\}?"
    r"|\$\(printf (?P<pattern>:?%s:?) \$(?P<encoded>[A-Za-z_][A-Za-z0-9_]*) \| base64\)"
)

_PHRASE = re.compile(r"([A-Za-z]+|[0-9]+)([-_.]([A-Za-z]+|[0-9]+))*")  # such as app-worker-1
_ALONE = re.compile(r"[\w-]+", re.ASCII)  # what may be a key, and what it would be part of
_ALONE_BYTES = re.compile(_ALONE.pattern.encode())


@dataclass(frozen=True)
class Secrets:
    """The values behind names; shows only the names.

    What occurs in ``ordinary``, the words that any server says, is searched for as little as what is short.
    """

    values: Mapping[str, str]
    ordinary: str = field(default="", repr=False)

    def __repr__(self) -> str:
        return f"Secrets({', '.join(sorted(self.values))})"

    def reveal(self, text: str) -> str:
        """The text with every ``$NAME`` and ``${NAME%?}``, ``${NAME^^}``, ``${NAME,,}``, ``${NAME:2:3}`` of ours put in.

        So is what ``in_base64`` makes of a name.
        """
        return _REFERENCE.sub(self._value, text)

    def _value(self, match: re.Match[str]) -> str:
        name, change = match["part_of"] or match["name"] or match["encoded"], match["change"] or ""
        if name not in self.values:
            return match.group(0)
        value = self.values[name]
        if match["part_of"]:
            first, length = int(match["first"]), int(match["length"] or len(value))
            return value[first : first + length]
        if match["encoded"]:
            return _encoded(match["pattern"], value)
        match change[:2]:
            case "":
                return value
            case "^^":
                return value.upper()
            case ",,":
                return value.lower()
        return value[: -(len(change) - 1)]

    def mask(self, text: str) -> str:
        """The text with every value of ours, also shortened or in other letter case, replaced by its name."""
        lower = text.lower()
        if any(sign in lower for sign in self._signs):
            for form, name in self._forms:
                text = text.replace(form, name)
        return (
            _ALONE.sub(lambda found: self._alone.get(found.group(), found.group()), text)
            if self._alone
            else text
        )

    def mask_bytes(self, data: bytes) -> bytes:
        """As ``mask``, for bytes of any encoding."""
        lower = data.lower()
        if any(sign.encode() in lower for sign in self._signs):
            for form, name in self._forms:
                data = data.replace(form.encode(), name.encode())
        return self._mask_alone(data) if self._alone else data

    def _mask_alone(self, data: bytes) -> bytes:
        names = {value.encode(): name.encode() for value, name in self._alone.items()}
        return _ALONE_BYTES.sub(lambda found: names.get(found.group(), found.group()), data)

    @property
    def unsearched(self) -> tuple[str, ...]:
        """Names whose values are too short, or too ordinary, to be searched for in answers."""
        searched = (name for name, value in self.values.items() if value in self._alone or self._tells(value))
        return tuple(sorted(self.values.keys() - set(searched)))

    def _tells(self, form: str) -> bool:
        """Whether it is that key's where it occurs, and no word of the API's."""
        return len(form) >= SHORTEST and (len(form) > LONGEST_WORD or form.lower() not in self._words)

    @cached_property
    def _words(self) -> str:
        """Those that must stay, in small letters; so must the names that are put in the place of values."""
        return "\n".join((self.ordinary, *self.values)).lower()

    @cached_property
    def _alone(self) -> dict[str, str]:
        """The short values that are no mere words, with what is put in their place."""
        return {
            value: f"${name}"
            for name, value in self.values.items()
            if SHORTEST_ALONE <= len(value) < SHORTEST
            and _ALONE.fullmatch(value)
            and not (value.isalpha() or value.isdigit() or value.lower() in self._words)
        }

    @cached_property
    def _forms(self) -> list[tuple[str, str]]:
        forms: dict[str, str] = {}
        for name, value in self.values.items():
            if not self._tells(value):
                continue
            forms |= {value.upper(): f"${{{name}^^}}", value.lower(): f"${{{name},,}}"}
            forms |= dict.fromkeys(_escaped(value), f"${name}")
            forms |= {self.reveal(changed): changed for changed in with_another_letter(name, value)}
            forms |= dict.fromkeys(_inside_base64(value), in_base64(name))
            for pattern in PATTERNS:  # what pads it may be left out, or escaped
                encoded = _encoded(pattern, value)
                forms |= dict.fromkeys((encoded.rstrip("="), encoded), in_base64(name, pattern))
            forms |= {part: told for part, told in _parts(name, value) if not _is_phrase(part)}
            forms |= {value: f"${name}"}
        telling = ((form, name) for form, name in forms.items() if self._tells(form))
        return sorted(telling, key=lambda form: -len(form[0]))

    @cached_property
    def _signs(self) -> tuple[str, ...]:
        """What is in any text, written in small letters, that has one of the forms in it; few, for most texts have none."""
        signs: list[str] = []
        for form, _ in reversed(self._forms):  # the shortest first, which most others have in them
            small = form.lower()
            if not any(sign in small for sign in signs):
                signs.append(small)
        return tuple(signs)


def in_base64(name: str, pattern: str = BARE) -> str:
    """How a request refers to that key in base64, alone or as a user name or password of Basic (RFC 7617)."""
    return f"$(printf {pattern} ${name} | base64)"


def _parts(name: str, value: str) -> Iterator[tuple[str, str]]:
    """What of a key is as good as the key, with what is put in its place."""
    yield from ((value[:-cut], f"${{{name}%{'?' * cut}}}") for cut in (4, 1))
    if value.startswith(PREFIX):
        bare = value.removeprefix(PREFIX)
        some = (bare.upper(), bare.lower(), bare[:-4], bare[:-1], bare)
        yield from ((part, without_prefix(name)) for part in some)


def _is_phrase(part: str) -> bool:
    """Whether the part of a key that people can read may stand in an answer that has no key in it."""
    return len(part) < LONGEST_WORD and _PHRASE.fullmatch(part) is not None


def _by_number(signs: str, pattern: str) -> dict[int, str]:
    return {ord(sign): pattern % ord(sign) for sign in signs}


_ESCAPES: tuple[Mapping[int, str], ...] = (
    {ord("/"): "\\/"},  # JSON of PHP
    _by_number("\"&'+<>`", "\\u%04X"),  # JSON of .NET
    _by_number("&'<=>", "\\u%04x"),  # JSON of Gson
    _by_number("&<>", "\\u%04x"),  # JSON of Go
    {**_by_number("'\"+", "&#%d;"), **str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})},  # HTML of Go
    {
        **_by_number("/=`'", "&#x%X;"),
        **str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}),
    },
)


def _escaped(value: str) -> Iterator[str]:
    """How JSON, addresses and HTML write it; one of letters, digits, - and _ is the same in all of them."""
    yield json.dumps(value)[1:-1]
    yield html.escape(value)
    yield from (value.translate(escapes) for escapes in _ESCAPES)
    for unescaped in ("", "/", "!'()*"):
        escaped = quote(value, safe=unescaped)
        yield from (escaped, re.sub("%..", lambda found: found.group().lower(), escaped))


def _inside_base64(value: str) -> Iterator[str]:
    """What base64 of a text has in it that has the key in it, wherever that begins: after ``user:``, or ``Bearer``."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + value.encode())
        of_its_own = encoded[-(-before * 8 // 6) : (before + len(value)) * 8 // 6].decode("ascii")
        yield from (of_its_own, of_its_own.translate(str.maketrans("+/", "-_")))


def _encoded(pattern: str, value: str) -> str:
    return base64.b64encode((pattern % value).encode()).decode("ascii")


def without_prefix(name: str) -> str:
    """How a request refers to the key without what those of all apps begin with."""
    return f"${{{name}:{len(PREFIX)}}}"


def with_another_letter(name: str, value: str) -> tuple[str, str]:
    """How requests refer to the key with another letter in its middle, and with another last one."""

    def changed(at: int) -> str:
        return f"${{{name}:0:{at}}}{'y' if value[at] == 'x' else 'x'}${{{name}:{at + 1}}}"

    return changed(len(value) // 2), changed(len(value) - 1)


def placeholder(name: str) -> str:
    """How a request refers to the key in the environment variable ``name``."""
    return f"${name}"


def masked(value: T, mask: Callable[[str], str]) -> T:
    """The value with all texts in it masked; the names of members, which a reader goes by, stay."""
    found: Any = value
    match found:
        case str():
            found = mask(found)
        case bytes():
            found = mask(found.decode("latin-1")).encode("latin-1")
        case Mapping():
            found = {name: masked(member, mask) for name, member in found.items()}
        case list() | tuple():
            found = type(found)(masked(member, mask) for member in found)
        case _ if is_dataclass(found) and not isinstance(found, type):
            members = {one.name: getattr(found, one.name) for one in fields(found) if one.init}
            found = replace(found, **masked(members, mask))
    return cast("T", found)
