"""Standard streams whose reader may leave, as ``head`` does."""

import sys
from io import BufferedWriter, FileIO, TextIOWrapper, UnsupportedOperation
from typing import TextIO


class _Pipe(FileIO):
    """Takes what nobody reads any more for read; of what cannot be written otherwise, it tells once."""

    told = False

    def write(self, data: "bytes | bytearray | memoryview", /) -> int:  # type: ignore[override]
        try:
            return super().write(data)
        except OSError as error:
            if not self.told and not isinstance(error, BrokenPipeError):
                self.told = True
                raise
            return memoryview(data).nbytes


def patient(stream: TextIO) -> TextIO:
    """The stream, which a reader may leave without a word, and which tells what it has no letter for by its number."""
    if not isinstance(stream, TextIOWrapper):
        return stream
    stream.reconfigure(errors="backslashreplace")
    try:
        if stream.isatty():
            return stream
        pipe = _Pipe(stream.fileno(), "wb", closefd=False)
    except (UnsupportedOperation, ValueError):
        return stream  # it stands for a stream, as in tests
    stream.flush()
    return TextIOWrapper(
        BufferedWriter(pipe),  # type: ignore[type-var] # as any raw stream is one
        stream.encoding,
        "backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def be_patient() -> None:
    """Let nobody who stops reading change how a command ends."""
    sys.stdout, sys.stderr = patient(sys.stdout), patient(sys.stderr)
