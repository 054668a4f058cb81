"""The bytes of the lake's files: their beginnings and ends, and gzips read to their end."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import cached_property, partial
from typing import Any, BinaryIO, NamedTuple

import duckdb

from dbt_project.lake.files import LakeFile
from dbt_project.lake.s3 import HTTP_SETTINGS, S3
from dbt_project.settings.environment import S3Settings
from dbt_project.settings.lake_url import glob_text

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
GZIP = b"\x1f\x8b"
LONGEST_LINE = 16 << 20  # bytes; about the longest record that DuckDB's reader accepts

_BLOCK = 1 << 16
_CHUNK = 1 << 20
# Bits in a gzip's header that DuckDB's reader does not support: text, a checksum, a comment.
_UNKNOWN_FLAGS = 0b10011


class Ends(NamedTuple):
    """The beginning and the end of a file: at least its first and last line, if it has lines."""

    first: bytes
    last: bytes


class LakeContent:
    """Reads files of the lake, in a folder or in S3.

    Parameters
    ----------
    connection
        A connection that can read the lake.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def ends(self, file: LakeFile) -> Ends:
        """Read the beginning and the end of a file. A gzip is read to its end, to check it.

        Raises
        ------
        ValueError
            If the file is a gzip that is cut off, damaged, padded, or of a kind that DuckDB does
            not read. The message continues a sentence that begins with the file's name.
        OSError
            If the file cannot be read.
        """
        if not file.path.endswith(".gz"):
            return _ends_of_plain(partial(self._part, file.path), file.size)
        with self._open(file.path) as compressed:
            return _ends_of_pieces(_decompressed(compressed))

    def lines(self, path: str) -> Iterator[tuple[int, bytes]]:
        r"""Yield the lines of a file, without the blanks around them.

        DuckDB reads lines in the same way: only ``\n`` ends a line, and empty lines do not count.

        Yields
        ------
        tuple
            Number of the line in the file, from 1, and its bytes.

        Raises
        ------
        OSError
            If the file cannot be read.
        """
        with self._open(path) as opened:
            content = gzip.GzipFile(fileobj=opened) if path.endswith(".gz") else opened
            for number, line in enumerate(content, start=1):
                if text := line.strip():
                    yield number, text

    def _open(self, path: str) -> BinaryIO:
        if not path.startswith("s3://"):
            return open(path, "rb")
        query = "SELECT content FROM read_blob(?)"
        [(content,)] = self._connection.execute(query, [glob_text(path)]).fetchall()
        return io.BytesIO(content)

    def _part(self, path: str, start: int, length: int) -> bytes:
        if path.startswith("s3://"):
            return self._part_of_object(path, f"bytes={start}-{start + length - 1}")
        with open(path, "rb") as file:
            file.seek(start)
            return file.read(length)

    def _part_of_object(self, url: str, wanted: str) -> bytes:
        from botocore.exceptions import BotoCoreError, ClientError, ResponseStreamingError

        bucket, _, key = url.removeprefix("s3://").partition("/")
        for attempts_left in reversed(range(HTTP_SETTINGS["http_retries"] + 1)):
            try:
                part = self._client.get_object(Bucket=bucket, Key=key, Range=wanted)
                content: bytes = part["Body"].read()
                return content
            except (
                ResponseStreamingError
            ) as error:  # the transfer was cut off; the client does not retry
                if not attempts_left:
                    raise OSError(" ".join(str(error).split())) from None
            except (BotoCoreError, ClientError) as error:
                raise OSError(" ".join(str(error).split())) from None
        raise AssertionError("the last attempt has returned or raised")

    @cached_property
    def _client(self) -> Any:
        return S3(S3Settings.read()).client  # it handles dots in bucket names itself


def begins_array(content: bytes) -> bool:
    """Whether a file, or a line, begins with an array."""
    return content.removeprefix(BYTE_ORDER_MARK).lstrip().startswith(b"[")


def _has_first_line(content: bytes) -> bool:
    return begins_array(content) or b"\n" in content.removeprefix(BYTE_ORDER_MARK).lstrip()


def _has_last_line(content: bytes) -> bool:
    return b"\n" in content.rstrip()


def _ends_of_plain(part: Callable[[int, int], bytes], size: int) -> Ends:
    length = min(size, _BLOCK)
    first = part(0, length) if length else b""
    last = part(size - length, length) if length < size else first
    while len(first) < min(size, LONGEST_LINE) and not _has_first_line(first):
        first = part(0, min(size, 8 * len(first)))
    while len(last) < min(size, LONGEST_LINE) and not (begins_array(first) or _has_last_line(last)):
        length = min(size, 8 * len(last))
        last = part(size - length, length)
    return Ends(first, last)


def _ends_of_pieces(pieces: Iterable[bytes]) -> Ends:
    first, last = b"", bytearray()
    for piece in pieces:
        if len(first) < LONGEST_LINE and not _has_first_line(first):
            first += piece
        end_of_earlier_line = piece.rstrip().rfind(b"\n")
        if end_of_earlier_line >= 0:
            last = bytearray(piece[end_of_earlier_line:])
        else:
            last += piece
            del last[:-LONGEST_LINE]
    return Ends(first, bytes(last))


def _decompressed(compressed: BinaryIO) -> Iterator[bytes]:
    """Yield the content of a gzip, one member after the other."""
    data = compressed.read(_CHUNK)
    if not data:
        raise ValueError("is cut off or damaged: it is empty; write it again")
    while data:
        data += compressed.read(_CHUNK) if len(data) < _BLOCK else b""
        if not data.startswith(GZIP):
            raise ValueError("is no gzip, or has something else after its end; write it again")
        if data[3:4] and data[3] & _UNKNOWN_FLAGS:
            raise ValueError(
                "is a gzip with a comment or a checksum in its header, which DuckDB does not read: "
                "write it without"
            )
        data = yield from _member(compressed, data)
        data = data or compressed.read(_CHUNK)
        if data.startswith(b"\0"):
            raise ValueError(
                "has zeros after its end, which DuckDB does not read: write it without them"
            )


def _member(compressed: BinaryIO, data: bytes) -> Generator[bytes, None, bytes]:
    """Yield the content of a gzip member that begins with `data`; return the bytes beyond it."""
    member = zlib.decompressobj(wbits=31)
    try:
        while not member.eof:
            piece = member.decompress(data, _CHUNK)
            yield piece
            data = member.unconsumed_tail
            if not data and not member.eof:
                data = compressed.read(_CHUNK)
                if not data and not piece:
                    raise ValueError("is cut off or damaged: its end is missing; write it again")
    except zlib.error as error:
        what = str(error).rpartition(": ")[2]
        raise ValueError(f"is cut off or damaged: {what}; write it again") from None
    return member.unused_data
