"""What the suite writes into a reports directory, by name; what an earlier run left there is removed."""

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
