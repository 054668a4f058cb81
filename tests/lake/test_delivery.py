"""An export in a folder: there whole, or the old one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dbt_project.lake.delivery import DeliveryError, deliver


@pytest.fixture
def another_disk(tmp_path: Path) -> Iterator[Path]:
    folder = Path("/dev/shm") / tmp_path.name
    folder.mkdir()
    yield folder
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def test_a_file_replaces_the_one_in_its_place_and_is_gone_from_its_own(
    tmp_path: Path, another_disk: Path
) -> None:
    for folder in (tmp_path, another_disk):
        (folder / "x.json").write_text("old")
        (tmp_path / "x.unfinished").write_text("new")
        deliver(tmp_path / "x.unfinished", str(folder / "x.json"))
        assert (folder / "x.json").read_text() == "new"
        assert {file.name for file in folder.iterdir()} == {"x.json"}
    assert {file.name for file in tmp_path.iterdir()} == {"x.json"}


def test_what_cannot_be_delivered_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "x.unfinished").write_text("new")
    place = tmp_path / "no folder" / "x.json"
    with pytest.raises(DeliveryError, match="was not replaced: No such file or directory"):
        deliver(tmp_path / "x.unfinished", str(place))
    assert list(tmp_path.iterdir()) == []
