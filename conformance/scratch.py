"""Places for what libraries keep between runs, so that none of it is left in the caller's directory."""

import atexit
import gzip
import json
import os
import shutil
import sys
import tempfile
import unicodedata
from functools import cache
from pathlib import Path

VARIABLE = "HYPOTHESIS_STORAGE_DIRECTORY"
CACHE = Path(__file__).parent / "__pycache__"
CODEC = "codec-v2-utf-8.json.gz"
ENCODABLE = ((0x0, 0xD7FF), (0xE000, 0x10FFFF))  # all but surrogates
AMBIGUOUS = ()  # what is decoded as something else


@cache
def use_scratch() -> None:
    """Name the directory, unless the user did; to be called before Hypothesis is used.

    What it keeps are tables of characters: they are thrown away where nothing can be kept.
    """
    if VARIABLE in os.environ:
        return
    folder = kept("hypothesis")
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="dify-conformance-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[VARIABLE] = str(folder)
    _tell_what_utf_8_encodes(folder / "unicode_data" / unicodedata.unidata_version)


def kept(name: str) -> Path | None:
    """A directory beside the compiled modules, None where nothing can be kept there."""
    if sys.dont_write_bytecode or not CACHE.is_dir() or not os.access(CACHE, os.W_OK):
        return None
    folder = CACHE / name
    folder.mkdir(exist_ok=True)
    return folder


def _tell_what_utf_8_encodes(folder: Path) -> None:
    """Put there what Hypothesis would find out by encoding a million characters, with 200 MB; once."""
    if (folder / CODEC).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        file.write(gzip.compress(json.dumps((ENCODABLE, AMBIGUOUS)).encode("ascii")))
    Path(file.name).replace(folder / CODEC)  # for another process may read it at this moment
