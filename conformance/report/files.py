"""Writes the reports of a session; one that fails is told, and loses none of the others."""

import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from conformance.folder import BADGE, CTRF, HAR, JUNIT, PAGE, not_written, put, reason
from conformance.masking import masked
from conformance.report.ci import annotations, badge, ctrf, markdown
from conformance.report.evidence import Evidence
from conformance.report.har import har
from conformance.report.html import html, template
from conformance.report.junit import junit

REPORTS: Mapping[str, Callable[[Evidence], str]] = {
    PAGE: html,
    HAR: har,
    BADGE: badge,
    CTRF: ctrf,
    JUNIT: junit,
}


def prepare() -> None:
    """Do what takes a moment and can be done before there is anything to report."""
    template()


def write_reports(folder: Path, evidence: Evidence, mask: Callable[[str], str]) -> list[str]:
    """Write every report into the folder, and what GitHub reads where it runs this; lines to be told."""
    lost = {folder / name: _written(folder / name, make, evidence, mask) for name, make in REPORTS.items()}
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        lost[Path(path)] = _written(Path(path), markdown, evidence, mask, write=_append)
    told = not_written(lost)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        told += map(mask, annotations(evidence))
    return told


def _written(
    path: Path,
    make: Callable[[Evidence], str],
    evidence: Evidence,
    mask: Callable[[str], str],
    write: Callable[[Path, str], str] = put,
) -> str:
    """Write one report; what went wrong, empty if nothing did."""
    try:
        return write(path, _masked(make, evidence, mask))
    except Exception as error:  # noqa: BLE001 - the verdict stands, whatever the target sent that a report cannot show
        where = traceback.extract_tb(error.__traceback__)[-1]
        return mask(f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})")


def _append(path: Path, text: str) -> str:
    """Add to what others wrote; as ``put``, but what is there stays."""
    try:
        with path.open("a", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(text)
    except OSError as error:
        return reason(error)
    return ""


def _masked(make: Callable[[Evidence], str], evidence: Evidence, mask: Callable[[str], str]) -> str:
    """The report without keys; one that is a word of its format is replaced in what the target said only."""
    text = make(evidence)
    if mask(text) == text:
        return text
    parts = {name: getattr(evidence, name) for name in ("summary", "results", "traces", "options", "shell")}
    return make(replace(evidence, **masked(parts, mask)))
