"""The options of the suite: one table, from which both pytest and the command line take theirs."""

import json
from argparse import ArgumentTypeError
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from conformance.effort import EFFORTS, Effort
from conformance.requirements import Requirement
from conformance.settings import from_environment, read_target
from conformance.target import Target, UsageError

SCOPES = ("all", "contract")
FEW = 6  # what is more than that is counted, not listed
ROOT = "stop."  # what the id of every requirement begins with
DEADLINES = ("answer", "stop", "grace", "detail")

NO_FOLDER = (
    "it is empty: is a variable not set where it comes from? Give a directory, such as --reports reports."
)

Kind = Literal["text", "file", "folder", "number", "count", "flag", "many"]


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its name on the command line, what it takes, and what it is for."""

    flag: str
    help: str
    kind: Kind = "text"
    metavar: str = ""
    default: Any = None
    choices: tuple[str, ...] = ()
    dest: str = ""

    @property
    def name(self) -> str:
        """The name under which its value is kept; told apart from pytest's own."""
        return self.dest or "conformance_" + self.flag.strip("-").replace("-", "_")


OPTIONS = (
    Option("--base-url", "the API to judge, such as https://dify.example/v1", metavar="URL", dest="base_url"),
    Option("--target", "a target of dify-conformance.toml; run takes several", metavar="NAME"),
    Option("--config", "the file with targets (default: dify-conformance.toml)", "file", "FILE"),
    Option("--spec", "another edition of the OpenAPI document (JSON or YAML, 3.0 or 3.1)", "file", "FILE"),
    Option("--recording", "judge this run.jsonl instead of a target", "file", "FILE"),
    Option("--reports", "where reports are written (default: reports)", "folder", "DIR", Path("reports")),
    Option("--only", "judge only requirements whose id begins so; may be repeated", "many", "ID"),
    Option(
        "--scope",
        "contract: only what the document itself says of single answers",
        choices=SCOPES,
        default="all",
    ),
    Option("--baseline", "a file with failures that are known, each with its reason", "file", "FILE"),
    Option("--write-baseline", "write what fails as a baseline, its reasons to be filled in", "file", "FILE"),
    Option(
        "--profile",
        "what a version of Dify is known to do is no failure: dify-1.12, auto (by the header X-Version) or none",
        metavar="NAME",
        default="none",
    ),
    Option("--strict-should", "a SHOULD that does not hold fails the run, too", "flag"),
    Option("--effort", "how much is tried", choices=EFFORTS, default="standard"),
    Option("--seed", "what is drawn at random begins here", "count", "N", 0),
    Option("--inputs", "the inputs of the workflow, as a JSON object", metavar="JSON"),
    Option("--run-seconds", "about how long a run lasts that nobody stops", "number", "SECONDS"),
    Option("--max-requests", "how many requests are sent at most (default 3000)", "count", "N"),
    Option("--rate", "how many requests are sent a second at most (0: no limit)", "number", "N"),
    Option(
        "--concurrency", "how many streams are open at once at most (default 4; 3 is the least)", "count", "N"
    ),
    Option("--answer-deadline", "seconds to wait for an answer (default 15)", "number", "SECONDS"),
    Option(
        "--stop-deadline",
        "from the acknowledgement to the end of the stream (default 10)",
        "number",
        "SECONDS",
    ),
    Option(
        "--grace",
        "in which a node may still start after the acknowledgement (default 1)",
        "number",
        "SECONDS",
    ),
    Option(
        "--detail-deadline", "until the run detail says how the run ended (default 10)", "number", "SECONDS"
    ),
    Option("--insecure", "do not verify the target's certificate", "flag"),
    Option("--ca", "a PEM file with the authority that signed the target's certificate", metavar="FILE"),
)
# What is judged and where it is written, as opposed to who is asked.
ABOUT_THE_VERDICT = frozenset(
    {
        "--recording", "--reports", "--only", "--scope", "--baseline", "--write-baseline", "--profile",
        "--strict-should",
    }
)  # fmt: skip
ABOUT_THE_REQUESTS = ("--spec", "--effort", "--seed")  # what is asked, of whomever
BY_FLAG: Mapping[str, Option] = {option.flag: option for option in OPTIONS}

Getter = Callable[[str], Any]


def add_options(add: Callable[..., None], base_url: bool) -> None:
    """Add the options to a parser of pytest; ``base_url`` unless another plugin has that one already."""
    types: dict[Kind, Any] = {"file": Path, "folder": _folder, "number": float, "count": int}
    for option in OPTIONS:
        if option.flag == "--base-url" and not base_url:
            continue
        match option.kind:
            case "flag":
                how: dict[str, Any] = {"action": "store_true", "default": None}
            case "many":
                how = {"action": "append", "default": [], "metavar": option.metavar}
            case _:
                how = {
                    "default": option.default,
                    "metavar": option.metavar or None,
                    "type": types.get(option.kind, str),
                }
        if option.choices:
            how = {"default": option.default, "choices": option.choices}
        add(option.flag, dest=option.name, help=option.help, **how)


def _folder(name: str) -> Path:
    """The directory of that name; raises ArgumentTypeError for no name, which would be the current one."""
    if not name.strip():
        raise ArgumentTypeError(NO_FOLDER)
    return Path(name)


@dataclass(frozen=True, slots=True)
class Options:
    """What the session was asked to do, apart from the target."""

    reports: Path = Path("reports")
    spec: Path | None = None
    recording: Path | None = None
    only: tuple[str, ...] = ()
    scope: str = "all"
    strict: bool = False
    effort: str = "standard"
    seed: int = 0
    baseline: Path | None = None
    write_baseline: Path | None = None
    profile: str = "none"
    given: tuple[str, ...] = ()  # the words that say who is asked
    requests: tuple[str, ...] = ()  # those that say what

    @property
    def trying(self) -> Effort:
        """The effort as scenarios know it."""
        return Effort(self.effort, self.seed)  # type: ignore[arg-type]

    def wants(self, requirement: Requirement) -> bool:
        """Whether the requirement is to be judged."""
        if self.only and not any(requirement.id.startswith(prefix) for prefix in self.only):
            return False
        if not self.trying.reaches(requirement.effort):
            return False
        return self.scope == "all" or (requirement.in_document and requirement.of_single_answers)

    @property
    def narrowed(self) -> tuple[str, ...]:
        """What limits the meaning of the verdict."""
        few = len(self.only) <= FEW
        narrowed = tuple(f"--only {prefix}" for prefix in self.only) if few else (f"{len(self.only)} ids",)
        return narrowed + ((f"--scope {self.scope}",) if self.scope != "all" else ())


def read_options(get: Getter) -> Options:
    """The options as given; ``get`` gives the value of an option by its flag."""
    return Options(
        reports=get("--reports"),
        spec=get("--spec"),
        recording=get("--recording"),
        only=tuple(map(whole_id, get("--only"))),
        scope=get("--scope"),
        strict=bool(get("--strict-should")),
        effort=get("--effort"),
        seed=get("--seed"),
        baseline=get("--baseline"),
        write_baseline=get("--write-baseline"),
        profile=get("--profile"),
        given=tuple(_given(get, BY_FLAG.keys() - ABOUT_THE_VERDICT - set(ABOUT_THE_REQUESTS))),
        requests=tuple(_given(get, ABOUT_THE_REQUESTS)),
    )


def whole_id(prefix: str) -> str:
    """The beginning of an id, to which the word that all begin with may be lacking."""
    return prefix if not prefix or ROOT.startswith(prefix) or prefix.startswith(ROOT) else ROOT + prefix


def no_such_id(prefix: str) -> str:
    """What is said of a beginning that no requirement's id has."""
    several = " Give several as --only ID --only ID." if "," in prefix or " " in prefix else ""
    return (
        f"--only {prefix or '(nothing)'}: no requirement's id begins so. "
        f"`dify-conformance list` shows them.{several}"
    )


def _given(get: Getter, flags: Collection[str]) -> Iterator[str]:
    """The options of these flags, in words, as far as they are not what they are by themselves."""
    for option in OPTIONS:
        value = get(option.flag) if option.flag in flags else None
        if value is not None and value != option.default:
            yield from (option.flag,) if option.kind == "flag" else (option.flag, str(value))


def target_of(get: Getter, embedded: str | None = None) -> Target | None:
    """The target that options, environment and file speak of, or the embedded one; raises UsageError."""
    changes = {
        "inputs": read_inputs(get("--inputs")),
        "insecure": get("--insecure"),
        "ca": get("--ca"),
        **{
            name: get(f"--{name.replace('_', '-')}")
            for name in ("run_seconds", "max_requests", "rate", "concurrency")
        },
        **{name: get(f"--{name}-deadline" if name != "grace" else "--grace") for name in DEADLINES},
    }
    return read_target(
        from_environment(),
        base_url=embedded or get("--base-url"),
        name=get("--target"),
        config=get("--config"),
        changes=changes,
    )


def read_inputs(text: str | None) -> Mapping[str, Any] | None:
    """The inputs of a workflow from the command line; raises UsageError."""
    if text is None:
        return None
    example = """--inputs '{"rounds": 100}'"""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageError(f"--inputs is no JSON ({error}). Give an object, such as {example}.") from error
    if not isinstance(value, dict):
        raise UsageError(f"--inputs is no JSON object. Give one, such as {example}.")
    return value
