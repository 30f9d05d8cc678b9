"""Writes the detection matrix as JSON and as a page that needs nothing else."""

import json
from pathlib import Path

from markupsafe import Markup

from conformance.proving.matrix import Matrix
from conformance.report.html import digest, environment, source

JSON = "prove.json"
HTML = "prove.html"


def write(matrix: Matrix, folder: Path) -> None:
    """Write both; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(matrix.as_json(), indent=2, ensure_ascii=False)
    (folder / JSON).write_text(text + "\n", "utf-8")
    (folder / HTML).write_text(page(matrix), "utf-8")


def page(matrix: Matrix) -> str:
    """The page."""
    style = source("prove.css")
    template = environment().get_template("prove.html.j2")
    return template.render(matrix=matrix, style=Markup(style), style_hash=digest(style))  # noqa: S704 - our own file
