"""Files of the warehouse that cannot be used, and folders: the first error, in one line."""

import datetime
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from support.warm_python import run_script
from support.workplace import (
    DBT,
    EMBEDDED_DAY,
    ROOT,
    Build,
    Workplace,
    environment_without_settings,
    project_with_rule,
)

from dbt_project.errors import UserError, errors_of
from dbt_project.summaries import journal
from dbt_project.warehouse import days

DATE = "20230501"
DAY = datetime.date(2023, 5, 1)
# root may write to anything, unless this right is taken from it
AS_ANYBODY = (
    ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override"]
    if os.geteuid() == 0
    else []
)


@contextmanager
def in_use(file: Path) -> Iterator[int]:
    """Let another program look at a file of DuckDB's."""
    look = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print(flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{look}; sys.stdin.read()", file],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        yield program.pid
        program.kill()


def assert_refused(build: Build, message: str) -> None:
    assert build.completed.returncode != 0
    assert build.last_line.startswith(f"Error: {message}")
    assert "Traceback" not in build.output


def test_fault_28_a_file_that_cannot_be_used_stops_a_build_with_the_first_error(
    workplace: Workplace, embedded_day: Build
) -> None:
    workplace.fill_with_copy_of(embedded_day)
    warehouse = workplace.warehouse
    published = (warehouse / "taxi.duckdb").read_bytes()
    staging = warehouse / "staging.duckdb"
    with in_use(staging) as process:
        build = workplace.build(f"date: {DATE}")
        assert_refused(build, f"process {process} is using {staging}: try again when it has ended")
    for name, way_out in (
        ("staging.duckdb", "delete it, a build of the whole day makes it anew"),
        ("build.duckdb", "put a copy of taxi.duckdb in its place"),
        ("days.sqlite", "delete it, and put a copy of taxi.duckdb in the place of build.duckdb"),
        ("summaries.sqlite", "move it away, and the answers are taken from the warehouse"),
    ):
        file = warehouse / name
        whole = file.read_bytes()
        file.write_bytes(b"not what it was" * 1000)
        assert_refused(workplace.build(f"date: {DATE}"), f"{file} is damaged: {way_out}")
        file.write_bytes(whole)
    assert (warehouse / "taxi.duckdb").read_bytes() == published
    # as the line of build.duckdb says
    shutil.copyfile(warehouse / "taxi.duckdb", warehouse / "build.duckdb")
    part = workplace.build(f"date: {DATE}", "--select", "config.schema:exports")
    assert "the working tables hold no day" in part.last_line
    assert workplace.build_day(DATE).query("select rides from daily_reports") == [(400,)]


@pytest.mark.parametrize("name", ["build.lock", "staging.duckdb", "days.sqlite", ""])
def test_fault_28_what_this_user_may_not_write_is_named(
    workplace: Workplace, embedded_day: Build, name: str
) -> None:
    workplace.fill_with_copy_of(embedded_day)
    place = workplace.warehouse / name
    (workplace.warehouse / "summaries.sqlite").unlink()
    place.chmod(0o444 if place.is_file() else 0o555)
    completed = subprocess.run(
        [*AS_ANYBODY, DBT, *workplace.arguments(f"date: {DATE}")],
        cwd=ROOT,
        env=workplace.environment(),
        capture_output=True,
        text=True,
    )
    place.chmod(0o755)
    refused = Build(completed, workplace.lake, workplace.warehouse, workplace.published())
    assert_refused(refused, str(place))


def test_fault_28_a_damaged_file_of_duckdb_is_told_from_one_that_is_no_file(tmp_path: Path) -> None:
    file = tmp_path / "build.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create table numbers as select range from range(100000)")
    whole = file.read_bytes()
    half = len(whole) // 2
    for content in (whole[:half], whole[:4096] + bytes(8192) + whole[12288:], b"", b"x"):
        file.write_bytes(content)
        with pytest.raises(UserError, match=r"build\.duckdb is damaged: restore it \("):
            open_duckdb(file)
    file.unlink()
    file.mkdir()
    with pytest.raises(UserError, match=r"build\.duckdb: Is a directory$"):
        open_duckdb(file)


def open_duckdb(file: Path) -> None:
    with errors_of(file, "restore it"):
        duckdb.connect(str(file)).close()


def test_fault_28_a_file_of_sqlite_that_another_program_has_locked_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(days, "LOCK_SECONDS", 0)
    monkeypatch.setattr(journal, "LOCK_SECONDS", 0)
    days.open_day(tmp_path, DAY)
    file = tmp_path / "summaries.sqlite"
    journal.Journal(file).__exit__()
    for path, use in (
        (tmp_path / days.DAYS_FILE, lambda: days.open_day(tmp_path, DAY)),
        (file, lambda: journal.Journal.check(file)),
    ):
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UserError, match=f"{path.name} is in use by another program"):
            use()
        other.close()
        use()


def test_fault_28_a_build_is_the_same_from_another_folder(
    workplace: Workplace, embedded_day: Build
) -> None:
    project = project_with_rule(workplace.folder / "project", "select 1 where false")
    (project / "lake").mkdir()
    for file in EMBEDDED_DAY:
        shutil.copy(file, project / "lake")
    folders = ("--project-dir", "project", "--profiles-dir", "project")
    built = subprocess.run(
        [DBT, "build", "--vars", f"date: {DATE}", *folders],
        cwd=workplace.folder,
        env=environment_without_settings(),
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout
    name = f"clustered_summarized_{DATE}.json"
    assert (project / "output" / name).read_bytes() == (embedded_day.lake / name).read_bytes()
    assert (project / "warehouse" / "taxi.duckdb").exists()
    assert {file.name for file in workplace.folder.iterdir()} == {"project"}


def run(module: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", f"dbt_project.{module}", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_fault_28_what_dbt_needs_to_write_is_made_sure_of_before_it_says_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    message = f"Error: {tmp_path / 'file'} is a file, and a folder is needed; set DBT_LOG_PATH to "
    for command in (["build", DATE], ["backfill", DATE, DATE]):
        refused = run(*command, DBT_LOG_PATH=str(tmp_path / "file"))
        assert refused.returncode == 1
        assert refused.stderr.startswith(message)


def test_fault_28_the_site_and_a_query_say_what_they_lack(
    tmp_path: Path, embedded_day: Build
) -> None:
    missing = f"Error: {tmp_path / 'taxi.duckdb'} is not there yet: build a day first"
    for command in (["serve_docs", "8097"], ["query", "select 1"]):
        refused = run(*command, WAREHOUSE_DIR=str(tmp_path))
        assert (refused.returncode, refused.stderr.startswith(missing)) == (1, True), refused.stderr
    _, *folders = Workplace(tmp_path).arguments(f"date: {DATE}")
    shown = run_script(
        DBT,
        *("show", "--target", "published", "--select", "worst_rides"),
        *folders,
        cwd=ROOT,
        env={**os.environ, "WAREHOUSE_DIR": str(tmp_path)},
    )
    assert shown.stdout.rstrip().splitlines()[-1].startswith(missing)
    assert "Traceback" not in shown.stdout
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        refused = run("serve_docs", port, WAREHOUSE_DIR=str(embedded_day.warehouse))
    assert refused.stderr.startswith(f"Error: port {port}: address already in use")
    assert "Traceback" not in refused.stderr
