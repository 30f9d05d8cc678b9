"""Removes what an earlier run left in the reports directory, so that nobody takes it for the verdict of this one."""

from pathlib import Path

RECORDING = "run.jsonl"
OWN = ("verdict.json", "report.html", "run.har", "badge.json", "ctrf.json", "junit.xml", "targets.json")


def remove(reports: Path, recording: bool) -> None:
    """Remove the files that the suite writes, by name, the ``recording`` only if asked; raises OSError."""
    for name in (*OWN, RECORDING) if recording else OWN:
        if not (reports / name).is_dir():  # which no run of ours made
            (reports / name).unlink(missing_ok=True)
