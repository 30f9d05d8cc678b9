"""Finds the files that ship with the suite."""

from pathlib import Path


def specs_dir() -> Path:
    """Return the directory of the OpenAPI documents, in an installed package as in a source checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "_specs"
    return installed if installed.is_dir() else package.parent / "specs"
