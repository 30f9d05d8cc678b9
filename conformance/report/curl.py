"""A request as a curl line that repeats it, with keys as variables of the shell."""

import re
import shlex
from collections.abc import Sequence
from urllib.parse import urlsplit

from conformance.exchange import Request
from conformance.target import Shell

DROPPED = {"accept", "accept-encoding", "user-agent"}
_REFERENCE = re.compile(r"(\$\{?)((?:DIFY|HEADER)_\w+)", re.ASCII)
# As a whole, which the shell is to put a value in the place of; all else is to be taken as it is.
_EXPANDED = re.compile(
    r"(\$(?:DIFY|HEADER)_\w+|\$\{(?:DIFY|HEADER)_\w+[^{}]*\}|\$\(printf :?%s:? \$DIFY_\w+ \| base64\))",
    re.ASCII,
)
_PATTERN = set("[]{}")  # of which curl makes several URLs


def curl(request: Request, between: str = " ", shell: Shell = Shell()) -> str:
    """The line, with ``between`` its options; a body that is not text, or was cut, is described instead.

    Names that the user has other variables for are told by those.
    """
    line = _bytes(request) if request.raw else _words(request, between, shell.options)
    return _REFERENCE.sub(lambda found: found[1] + shell.variables.get(found[2], found[2]), line)


def lacking(line: str, shell: Shell) -> str:
    """What is to be said of a line whose headers have values that no variable of the user has; else empty."""
    names = dict.fromkeys(found[2] for found in _REFERENCE.finditer(line))
    unknown = [
        f"${name}" for name in names if name.startswith("HEADER_") and name not in shell.variables.values()
    ]
    if not unknown:
        return ""
    return f"for {', '.join(unknown)} put in what the table headers of the target has there"


def _words(request: Request, between: str, options: Sequence[str]) -> str:
    # After -X HEAD, curl would wait for the body that is announced.
    method = "--head" if request.method == "HEAD" and not request.body else f"-X {request.method}"
    literally = "--path-as-is -g" if _PATTERN.intersection(request.url) else "--path-as-is"
    words = [" ".join((f"curl -sS -i {literally} {method}", *map(shlex.quote, options)))]
    words += [
        f"-H {_quoted(f'{name}: {value}' if value else f'{name};')}"
        for name, value in request.headers
        if name.lower() not in DROPPED
    ]
    before, body = _body(request)
    if body and not any(name.lower() == "content-type" for name, _ in request.headers):
        words.append("-H Content-Type:")  # or curl would say that it is a form
    return before + between.join([*words, *body, _quoted(request.url)])


def _bytes(request: Request) -> str:
    """What no curl would send: the bytes themselves, piped to the host."""
    parts = urlsplit(request.url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    peer = f"{parts.hostname}:{port}"
    to = f"openssl s_client -quiet -connect {peer}" if secure else f"nc {parts.hostname} {port}"
    if request.cut:
        return f"(the first {len(request.body)} of {request.size} bytes) | {to}"
    return f"{_printed(request.body)} | {to}"


def _body(request: Request) -> tuple[str, Sequence[str]]:
    """What is written in front of a line for its body, and the words in it."""
    if request.cut:
        return "", (f"--data-binary @body-of-{request.size}-bytes",)
    if not request.body:
        return "", ()
    text = request.body.decode("utf-8", "replace")
    if text.encode() != request.body or not all(one.isprintable() or one in "\n\t" for one in text):
        return f"{_printed(request.body)} | ", ("--data-binary @-",)  # a word can have no NUL in it
    option = "--data-raw" if text.startswith("@") else "--data-binary"  # the former reads no file
    return "", (f"{option} {_quoted(text)}",)


def _printed(body: bytes) -> str:
    """The command that prints these bytes, whatever they are."""
    parts = _EXPANDED.split(body.decode("latin-1"))
    told = "".join(part if number % 2 else _escaped(part) for number, part in enumerate(parts))
    return f'printf {"-- " if told.startswith("-") else ""}"{told}"'


def _escaped(text: str) -> str:
    """For the format of printf in double quotes."""
    return "".join(
        one if " " <= one <= "~" and one not in '\\%"`!$' else f"\\\\{ord(one):03o}" for one in text
    )


def _quoted(text: str) -> str:
    """Quoted for the shell so that ``$NAME`` of ours is still expanded."""
    parts = _EXPANDED.split(text)
    if len(parts) == 1:
        return shlex.quote(text)
    ours = (part if number % 2 else re.sub(r'([\\"`$])', r"\\\1", part) for number, part in enumerate(parts))
    return f'"{"".join(ours)}"'
