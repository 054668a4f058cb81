"""Files of JSON records that appear together, when all of them are whole."""

import gzip
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from dbt_project.simulate.options import Options


class JsonFile:
    """A file of JSON records, one per line, that is written beside its path until `publish`.

    Parameters
    ----------
    path : Path
        The file.
    is_ndjson : bool
        Leave out the brackets and commas of an array.
    is_gzip : bool
        Compress.
    """

    def __init__(self, path: Path, is_ndjson: bool = False, is_gzip: bool = False) -> None:
        self.path = path
        self._temporary = path.with_name(f".{path.name}.tmp")
        self._opening, self._separator, self._closing = (
            (b"", "\n", b"\n") if is_ndjson else (b"[\n", ",\n", b"\n]\n")
        )
        self._is_gzip = is_gzip
        self._is_empty = True
        self._is_finished = False
        self._file: BinaryIO | None = None
        self._sink: BinaryIO | gzip.GzipFile | None = None

    def write(self, lines: Sequence[str]) -> None:
        """Add records, each of them JSON text."""
        if lines:
            sink = self._open()
            sink.write(self._opening if self._is_empty else self._separator.encode())
            sink.write(self._separator.join(lines).encode())
            self._is_empty = False

    def finish(self) -> None:
        """Write what belongs after the last record, and close; nothing the second time."""
        if self._is_finished:
            return
        ending = self._closing
        if self._is_empty:
            ending = self._opening.rstrip() + self._closing.lstrip()
        self._open().write(ending)
        self._close()
        self._is_finished = True

    def publish(self) -> None:
        """Give the finished file its name."""
        self._temporary.replace(self.path)

    def discard(self) -> None:
        """Remove what was written and not published."""
        # With a full disk closing fails too. The first failure is reported.
        with suppress(OSError):
            self._close()
        self._temporary.unlink(missing_ok=True)

    def _open(self) -> BinaryIO | gzip.GzipFile:
        if self._sink is None:
            self._file = self._temporary.open("wb")
            # No name and no time in the header: the same day gives the same bytes.
            self._sink = (
                gzip.GzipFile("", "wb", 6, self._file, mtime=0) if self._is_gzip else self._file
            )
        return self._sink

    def _close(self) -> None:
        for stream in (self._sink, self._file):
            if stream is not None:
                stream.close()


@contextmanager
def published_together(files: Sequence[JsonFile]) -> Iterator[None]:
    """Publish all the files when the block ends, or none of them when it fails."""
    try:
        yield
        for file in files:
            file.finish()
        for file in files:
            file.publish()
    finally:
        for file in files:
            file.discard()


def write_evenly(batches: Iterable[Sequence[str]], files: Sequence[JsonFile], records: int) -> None:
    """Spread records over files in their order, `records` being how many there are in all."""
    ends = [records * (number + 1) // len(files) for number in range(len(files))]
    written = current = 0
    for batch in batches:
        done = 0
        while done < len(batch):
            while written == ends[current]:
                files[current].finish()
                current += 1
            take = min(len(batch) - done, ends[current] - written)
            files[current].write(batch[done : done + take])
            done += take
            written += take


def remove_other_forms(options: Options, written: Sequence[JsonFile]) -> None:
    """Remove the day's files of an earlier run in another format, which would be read too."""
    kept = {file.path for file in written}
    name = re.compile(
        rf"(taxi-rides-{options.day_name}(-\d+)?|(news|weather|traffic)-{options.day_name})"
        r"\.json(\.gz)?"
    )
    for path in options.lake.iterdir():
        if name.fullmatch(path.name) and path not in kept:
            path.unlink()
