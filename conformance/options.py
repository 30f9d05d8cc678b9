"""The options of the suite, for pytest and for the command line alike."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conformance.requirements import Requirement
from conformance.target import Target, UsageError, from_environment, read_target

EFFORTS = ("quick", "standard", "thorough")
SCOPES = ("all", "contract")

NUMBERS: Mapping[str, str] = {
    "run_seconds": "about how long a run lasts that nobody stops, in seconds",
    "max_requests": "how many requests are sent at most",
    "rate": "how many requests are sent a second at most (0: no limit)",
    "concurrency": "how many streams are open at once at most (default 4, at least 3)",
    "answer": "seconds to wait for an answer (default 15)",
    "stop": "seconds from the acknowledgement of a stop to the end of the stream (default 10)",
    "grace": "seconds in which a node may still start after the acknowledgement (default 1)",
    "detail": "seconds from the end of the stream to the run detail saying so (default 10)",
}
DEADLINES = ("answer", "stop", "grace", "detail")


def flag(name: str) -> str:
    """The option of the command line for a setting."""
    return f"--{name.replace('_', '-')}" + ("-deadline" if name in DEADLINES and name != "grace" else "")


def add_options(parser: pytest.Parser, base_url: bool) -> None:
    """Add the options; ``base_url`` unless another plugin has it already."""
    group = parser.getgroup("conformance", "Dify Workflow API conformance")
    if base_url:
        group.addoption(
            "--base-url",
            dest="base_url",
            metavar="URL",
            help="the API to judge, such as https://dify.example/v1",
        )
    group.addoption("--target", metavar="NAME", help="a target of dify-conformance.toml")
    group.addoption(
        "--config",
        dest="conformance_config",
        type=Path,
        metavar="FILE",
        help="the file with targets (default: dify-conformance.toml)",
    )
    group.addoption("--spec", type=Path, metavar="FILE", help="another edition of the OpenAPI document")
    group.addoption(
        "--reports",
        type=Path,
        default=Path("reports"),
        metavar="DIR",
        help="where reports are written (default: reports)",
    )
    group.addoption(
        "--only",
        action="append",
        default=[],
        metavar="ID",
        help="judge only requirements whose id begins so; may be repeated",
    )
    group.addoption(
        "--scope",
        choices=SCOPES,
        default="all",
        help="contract: only what the document itself says of one answer",
    )
    group.addoption(
        "--strict-should",
        action="store_true",
        dest="strict_should",
        help="a SHOULD that does not hold fails the run",
    )
    group.addoption("--inputs", metavar="JSON", help="the inputs of the workflow, as a JSON object")
    group.addoption(
        "--insecure", action="store_true", default=None, help="do not verify the target's certificate"
    )
    group.addoption(
        "--ca", metavar="FILE", help="a PEM file with the authority that signed the target's certificate"
    )
    for name, help_ in NUMBERS.items():
        group.addoption(flag(name), dest=f"setting_{name}", type=float, metavar="N", help=help_)


@dataclass(frozen=True, slots=True)
class Options:
    """What the session was asked to do, apart from the target."""

    reports: Path
    spec: Path | None
    only: tuple[str, ...]
    scope: str
    strict: bool
    effort: str = "standard"
    seed: int = 0

    def wants(self, requirement: Requirement) -> bool:
        """Whether the requirement is to be judged."""
        if self.only and not any(requirement.id.startswith(prefix) for prefix in self.only):
            return False
        return self.scope == "all" or requirement.in_document

    @property
    def narrowed(self) -> tuple[str, ...]:
        """What limits the meaning of the verdict."""
        return tuple(f"--only {prefix}" for prefix in self.only) + (
            (f"--scope {self.scope}",) if self.scope != "all" else ()
        )


def read_options(config: pytest.Config) -> Options:
    """The options as given."""
    get = config.getoption
    return Options(
        reports=get("reports"),
        spec=get("spec"),
        only=tuple(get("only")),
        scope=get("scope"),
        strict=get("strict_should"),
    )


def target_of(config: pytest.Config, embedded: str | None = None) -> Target | None:
    """The target that options, environment and file speak of, or the embedded one; raises UsageError."""
    get = config.getoption
    numbers = {name: _number(name, get(f"setting_{name}")) for name in NUMBERS}
    changes: dict[str, Any] = {
        **numbers,
        "insecure": get("insecure"),
        "ca": get("ca"),
        "inputs": _inputs(get("inputs")),
    }
    environment = from_environment()
    return read_target(
        environment,
        base_url=embedded or get("base_url"),
        name=get("target"),
        config=get("conformance_config"),
        changes=changes,
    )


def _number(name: str, value: float | None) -> float | int | None:
    if value is None:
        return None
    return int(value) if name in {"max_requests", "concurrency"} else value


def _inputs(text: str | None) -> Mapping[str, Any] | None:
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageError(
            f"--inputs is no JSON ({error}). Give an object, such as --inputs '{{\"rounds\": 100}}'."
        ) from error
    if not isinstance(value, dict):
        raise UsageError("--inputs is no JSON object. Give one, such as --inputs '{\"rounds\": 100}'.")
    return value
