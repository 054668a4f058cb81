"""Disk full and memory used up: a clear line, and the old files as they were."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.workplace import Build, Workplace, read_strict_json

DATE = "20230501"
RIDES = f"taxi-rides-{DATE}.json"
NO_SPACE = ("No space left on device", "disk is full", "out of disk space", "disk I/O error")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, which `fill` leaves as much room in as is asked for."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"needs the right to mount a file system: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(folder: Path, room_bytes: int) -> None:
    used = sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())
    size = used + room_bytes
    subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)


def test_a_disk_that_is_full_leaves_the_old_exports_and_the_old_warehouse(
    workplace: Workplace, small_disk: Path, embedded_day: Build
) -> None:
    workplace.fill_with_copy_of(embedded_day)
    output = small_disk / "output"
    output.mkdir()
    for pattern in ("clustered_*", "report_*"):
        for file in workplace.lake.glob(pattern):
            shutil.move(file, output)
    places = {"LAKE_OUTPUT_URL": str(output)}
    rides = workplace.lake / RIDES
    rides.write_text(json.dumps(read_strict_json(rides)[50:]))
    published = workplace.warehouse / "taxi.duckdb"
    old_copy = published.read_bytes()
    old_exports = {file.name: file.read_bytes() for file in output.iterdir()}

    fill(small_disk, room_bytes=20_000)
    failed = workplace.build(f"date: {DATE}", **places)
    assert failed.completed.returncode != 0
    assert failed.last_line.startswith("Error: clustered_data: "), failed.last_line
    assert any(words in failed.last_line for words in NO_SPACE), failed.last_line
    assert {file.name: file.read_bytes() for file in output.iterdir()} == old_exports
    assert published.read_bytes() == old_copy

    fill(small_disk, room_bytes=10_000_000)
    healed = workplace.build_day(DATE, **places)
    assert healed.query("select rides from daily_reports") == [(351,)]


@pytest.mark.on_request
def test_a_disk_with_no_room_for_the_copy_leaves_the_published_warehouse(
    workplace: Workplace, small_disk: Path
) -> None:
    workplace.fill_with_embedded_day()
    workplace.warehouse = small_disk / "warehouse"
    workplace.build_day(DATE)
    published = workplace.warehouse / "taxi.duckdb"
    old_copy = published.read_bytes()
    fill(small_disk, room_bytes=600_000)
    failed = workplace.build(f"date: {DATE}")
    assert failed.completed.returncode != 0
    assert failed.last_line.startswith("Error: ")
    assert any(words in failed.last_line for words in NO_SPACE), failed.last_line
    assert published.read_bytes() == old_copy
    assert not list(workplace.warehouse.glob("taxi.unfinished*"))
    fill(small_disk, room_bytes=30_000_000)
    healed = workplace.build_day(DATE)
    assert healed.query("select rides from daily_reports") == [(400,)]


def test_memory_and_spill_that_are_used_up_are_one_line_and_nothing_is_written(
    workplace: Workplace,
) -> None:
    workplace.fill_with_embedded_day()
    limits = {"WAREHOUSE_MEMORY_LIMIT": "8MB", "WAREHOUSE_SPILL_LIMIT": "1MB"}
    build = workplace.build(f"date: {DATE}", **limits)
    assert build.completed.returncode != 0
    assert build.last_line.startswith("Error: ")
    assert "memory" in build.last_line.lower()
    assert not list(workplace.lake.glob("clustered_*"))
    assert not (workplace.warehouse / "taxi.duckdb").exists()


def test_a_limit_that_is_no_size_is_one_line(workplace: Workplace) -> None:
    workplace.fill_with_embedded_day()
    build = workplace.build(f"date: {DATE}", WAREHOUSE_MEMORY_LIMIT="a lot")
    assert build.completed.returncode != 0
    assert build.last_line == "Error: WAREHOUSE_MEMORY_LIMIT must be a size as 4GB, not 'a lot'"
    assert "Traceback" not in build.output
