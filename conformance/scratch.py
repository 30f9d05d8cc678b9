"""A place for what Hypothesis keeps between runs, so that none of it is left in the caller's directory."""

import atexit
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

VARIABLE = "HYPOTHESIS_STORAGE_DIRECTORY"
CACHE = Path(__file__).parent / "__pycache__"


@cache
def use_scratch() -> None:
    """Name the directory, unless the user did; to be called before Hypothesis is used.

    What it keeps are constants that it found in our modules, which takes a second: they are kept beside the
    compiled modules, and thrown away where nothing can be kept there.
    """
    if VARIABLE in os.environ:
        return
    if CACHE.is_dir() and os.access(CACHE, os.W_OK) and not sys.dont_write_bytecode:
        os.environ[VARIABLE] = str(CACHE / "hypothesis")
    else:
        os.environ[VARIABLE] = folder = tempfile.mkdtemp(prefix="dify-conformance-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
