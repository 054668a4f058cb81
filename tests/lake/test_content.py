"""How a file begins and ends, and what is in its lines: the same for plain files and gzips."""

import gzip
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dbt_project.lake.content import LakeContent
from dbt_project.lake.files import RIDES, FileToRead, LakeFile, files_sql
from dbt_project.lake.lines import malformed_lines

LONG = b'{"track": "' + b"7" * 700_000 + b'"}'  # more than is read at once


def lake_file(folder: Path, content: bytes, *, is_gzip: bool) -> LakeFile:
    file = folder / ("taxi-rides-20230501.json" + (".gz" if is_gzip else ""))
    file.write_bytes(gzip.compress(content, mtime=0) if is_gzip else content)
    return LakeFile(str(file), file.stat().st_size, pd.Timestamp(0).to_pydatetime())


@pytest.mark.parametrize("is_gzip", [False, True])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n \n",
        b"a\nb",
        b"\n\na\n\nb\n \n",
        LONG,
        LONG + b"\n" + LONG + b"x\n\n",
        b"a\n" * 50_000 + LONG,
        b"[" + LONG + b"]",
    ],
)
def test_the_ends_of_a_file_have_its_first_and_its_last_line(
    tmp_path: Path, content: bytes, is_gzip: bool
) -> None:
    ends = LakeContent(duckdb.connect()).ends(lake_file(tmp_path, content, is_gzip=is_gzip))
    lines = content.strip().split(b"\n")
    assert content.startswith(ends.first)
    assert content.endswith(ends.last)
    if content.startswith(b"["):
        assert ends.first
        assert ends.last
    else:
        assert ends.first.lstrip().partition(b"\n")[0] == lines[0]
        assert ends.last.rstrip().rpartition(b"\n")[2] == lines[-1]


# Bytes that readers of lines disagree about: other line ends, marks of no width, half letters.
LINE_ENDS = [b"\n", b"\r", b"\v", b"\f", b"\x1c", b"\x85", b"\xe2\x80\xa8"]
LETTERS = [b" ", b"\x00", b"\xc3", b"\x80", b"\xef\xbb\xbf", "\u2019".encode()]
SIGNS = [b"no", b"{", b"}", b"[", b'"', b",", b"\\"]
LINES = [b"\n{}\n", b'\n{"a": 1}\n', b'\n{"b": "\xc3\x89"}\r\n', b"\n[1]\n"]
pieces = st.sampled_from([*LINE_ENDS, *LETTERS, *SIGNS, *LINES])


@settings(max_examples=150, deadline=None)
@given(content=st.lists(pieces, max_size=30).map(b"".join))
@example(content=b'{"a": 1,\r "b": 2}\nno\n\v\n{"c": 3}\n\xe9\n')
def test_the_lines_of_a_file_are_the_records_that_duckdb_reads(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    content = b'{"first": 1}\n' + content + b'\n{"last": 1}'
    file = lake_file(tmp_path_factory.mktemp("lines"), content, is_gzip=False)
    connection = duckdb.connect()
    read = "newline_delimited"
    files = files_sql([FileToRead(RIDES, file.path, read)])
    connection.execute(f"SET VARIABLE lake_files = {files}")
    records = connection.sql(
        "SELECT parse_filename(filename) AS source_file, json AS record, "
        "row_number() OVER () AS record_number FROM read_json_objects("
        f"'{file.path}', format = '{read}', filename = true, ignore_errors = true)"
    )
    found = malformed_lines(connection, records)
    lines = [line for line in (line.strip() for line in content.split(b"\n")) if line]
    texts = [record for (record,) in records.project("record").fetchall()]
    assert len(texts) == len(lines)
    told = found.itertuples(index=False, name=None)
    malformed = {number: (line_number, line) for number, line_number, line in told}
    for number, (text, line) in enumerate(zip(texts, lines, strict=True), start=1):
        assert (text is None) == (number in malformed)
        if text is None:
            line_number, said = malformed[number]
            assert said == line.decode(errors="backslashreplace")
            assert content.split(b"\n")[line_number - 1].strip() == line
        else:
            assert text.encode() == line


def test_a_file_that_changes_while_it_is_read_is_named(tmp_path: Path) -> None:
    file = lake_file(tmp_path, b"{}\nno\n{}\n", is_gzip=True)
    connection = duckdb.connect()
    files = files_sql([FileToRead(RIDES, file.path, "newline_delimited")])
    connection.execute(f"SET VARIABLE lake_files = {files}")
    records = connection.sql(
        "SELECT * FROM (VALUES ('taxi-rides-20230501.json.gz', 1, '{}'), "
        "('taxi-rides-20230501.json.gz', 2, NULL)) AS t (source_file, record_number, record)"
    )
    with pytest.raises(ValueError, match="has changed while it was read: 2 records then, 3 lines"):
        malformed_lines(connection, records)
