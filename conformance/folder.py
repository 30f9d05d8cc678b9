"""What the suite writes into a reports directory, by name; what an earlier run left there is removed."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

RECORDING = "run.jsonl"
VERDICT = "verdict.json"
PAGE = "report.html"
HAR = "run.har"
BADGE = "badge.json"
CTRF = "ctrf.json"
JUNIT = "junit.xml"
TABLE = "targets.json"  # of several targets
OUTPUT = "output.txt"  # of each of them
OWN = (VERDICT, PAGE, HAR, BADGE, CTRF, JUNIT, TABLE)


def remove(reports: Path, recording: bool) -> None:
    """Remove what an earlier run left, so that nobody takes it for the verdict of this one; raises OSError.

    Only files that the suite writes are removed, the ``recording`` only if asked.
    """
    for name in (*OWN, RECORDING) if recording else OWN:
        if not (reports / name).is_dir():  # which no run of ours made
            (reports / name).unlink(missing_ok=True)


def unwritable(reports: Path, error: OSError) -> str:
    """What is said where nothing can be written into it."""
    return f"Nothing can be written to {reports}: {error}. Give another directory with --reports."


def put(path: Path, text: str) -> str:
    """Write a file whole or not at all; why it could not be written, empty if it was."""
    try:
        path.write_text(text, "utf-8", "replace", "\n")
    except OSError as error:
        with suppress(OSError):  # half of it would be taken for all
            path.unlink()
        return reason(error)
    return ""


def not_written(lost: Mapping[Path, str]) -> list[str]:
    """What is said of files that could not be written, by why; all that share a reason in one line."""
    return [
        f"{', '.join(str(path) for path in lost if lost[path] == why)} could not be written: {why}"
        for why in dict.fromkeys(filter(None, lost.values()))
    ]


def reason(error: OSError) -> str:
    """What is wrong, without the number that the system has for it."""
    return error.strerror or str(error)
