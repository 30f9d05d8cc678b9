"""``dify-conformance serve``: the reference server alone, for those who write clients."""

import errno
import json
import signal
import sys
import threading
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from conformance.reference import Reference, Server


def _serve(port: int, host: str, version: str | None, fault: str | None, as_json: bool) -> None:
    from conformance.reference import serve  # noqa: PLC0415 - not needed for --help

    reference = _reference(version, fault)
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    try:
        server = serve(reference(), host, port)
    except (OSError, OverflowError) as error:
        _refuse(_not_bound(error, host, port))
    with server:
        for line in _told(server, version or fault, as_json):
            click.echo(line)
        sys.stdout.flush()
        over.wait()


def _reference(version: str | None, fault: str | None) -> "type[Reference]":
    """The kind of server that was asked for."""
    from conformance.reference import Reference  # noqa: PLC0415

    if version and fault:
        _refuse("Give --as or --fault, not both: a server has one way to be different.")
    if version:
        from conformance.reference.versions import VERSIONS  # noqa: PLC0415

        return VERSIONS[_known(version, VERSIONS, "version")]
    if fault:
        from conformance.reference.faults import specimens  # noqa: PLC0415

        found = specimens()
        return found[_known(fault, found, "fault")].make
    return Reference


def _known(name: str, names: Mapping[str, object], what: str) -> str:
    if name not in names:
        close = get_close_matches(name, names, n=3, cutoff=0.5)
        known = (
            "`dify-conformance list --faults` names them"
            if what == "fault"
            else f"known are {', '.join(names)}"
        )
        _refuse(
            f"There is no {what} {name!r}. " + (f"Did you mean {', '.join(close)}?" if close else f"{known}.")
        )
    return name


def _not_bound(error: OSError | OverflowError, host: str, port: int) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is taken. Give another with --port, or none for any that is free."
    return f"Nothing can listen at {host}, port {port}: {error}. Give another --host or --port."


def _refuse(text: str) -> NoReturn:
    from conformance.verdict import EXIT_USAGE  # noqa: PLC0415

    click.echo(text, err=True)
    sys.exit(EXIT_USAGE)


def _told(server: "Server", kind: str | None, as_json: bool) -> list[str]:
    settings = {"DIFY_BASE_URL": server.base_url, **server.keys}
    if as_json:
        return [json.dumps({"base_url": server.base_url, "as": kind, "environment": settings})]
    who = f"the reference server as {kind}" if kind else "the reference server"
    return [
        f"{who} listens at {server.base_url} until it is interrupted; its keys are new each time:",
        *(f"export {name}={value}" for name, value in settings.items()),
    ]


command = click.Command(
    "serve",
    callback=_serve,
    params=[
        click.Option(["--port"], type=click.IntRange(0, 65535), default=0, help="where; 0 for any free port"),
        click.Option(["--host"], default="127.0.0.1", show_default=True, help="at which address"),
        click.Option(
            ["--as", "version"], metavar="VERSION", help="as that version of Dify, such as dify-1.12"
        ),
        click.Option(
            ["--fault"], metavar="NAME", help="with that fault; dify-conformance list --faults names them"
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="print one line of JSON, for scripts"),
    ],
    help="""Run the reference server alone and print its base URL and keys.

    It honours the contract, on a real socket, until it is interrupted (exit code 0). With --as it has the real
    differences of a version of Dify, with --fault it lies in one way; both are for testing a client.

    \b
    Examples:
      dify-conformance serve --port 5001
      dify-conformance serve --as dify-1.12
      dify-conformance serve --fault acknowledges-and-carries-on --json

    \b
    Exit codes: 0 ended by SIGINT or SIGTERM, 2 usage, or a port that is taken.
    """,
)
