"""A request as a curl line that repeats it, with keys as variables of the shell."""

import re
import shlex
from collections.abc import Sequence
from urllib.parse import urlsplit

from conformance.exchange import Request
from conformance.target import Shell

DROPPED = {"accept", "accept-encoding", "user-agent"}
_REFERENCE = re.compile(r"(\$\{?)((?:DIFY|HEADER)_\w+)", re.ASCII)


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
    words = [" ".join((f"curl -sS -i --path-as-is {method}", *map(shlex.quote, options)))]
    words += [
        f"-H {_quoted(f'{name}: {value}' if value else f'{name};')}"
        for name, value in request.headers
        if name.lower() not in DROPPED
    ]
    if request.body:
        words.append(f"--data-binary {_body(request)}")
    return between.join([*words, _quoted(request.url)])


def _bytes(request: Request) -> str:
    """What no curl would send: the bytes themselves, piped to the host."""
    parts = urlsplit(request.url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    peer = f"{parts.hostname}:{port}"
    to = f"openssl s_client -quiet -connect {peer}" if secure else f"nc {parts.hostname} {port}"
    if request.cut:
        return f"(the first {len(request.body)} of {request.size} bytes) | {to}"
    escaped = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and chr(byte) not in '\\%"`' else f"\\\\{byte:03o}"
        for byte in request.body
    )
    ours = re.sub(r"\$(?!\{?(?:DIFY_|HEADER_))", r"\\\\044", escaped)
    return f'printf "{ours}" | {to}'


def _body(request: Request) -> str:
    if request.cut:
        return f"@body-of-{request.size}-bytes"
    try:
        return _quoted(request.body.decode("utf-8"))
    except UnicodeDecodeError:
        escaped = "".join(f"\\x{byte:02x}" for byte in request.body)
        return f"$'{escaped}'"


def _quoted(text: str) -> str:
    """Quoted for the shell so that ``$NAME`` of ours is still expanded."""
    if "$DIFY_" not in text and "${DIFY_" not in text and "$HEADER_" not in text:
        return shlex.quote(text)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`") + '"'
