"""`make lakehouse-demo`: eight cities on two workers, of which one is killed, and Ctrl-C."""

import os
import re
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.workplace import ROOT, environment_without_settings

PATIENCE_SECONDS = 3600


class Demo:
    """The command, with its temporary files in a folder of the test's own."""

    def __init__(self, folder: Path, python: str = sys.executable, **environment: str) -> None:
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        # every folder on the way: PostgreSQL's own user has to pass
        for parent in (self.temporary, *self.temporary.parents):
            if not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o111)
        self.output = folder / "output"
        self.process = subprocess.Popen(
            [python, "-m", "dbt_project.demo.lakehouse_demo"],
            cwd=ROOT,
            env={**environment_without_settings(), "TMPDIR": str(self.temporary), **environment},
            stdout=self.output.open("w"),
            stderr=subprocess.STDOUT,
        )

    @property
    def lines(self) -> list[str]:
        return self.output.read_text().splitlines()

    def processes(self) -> list[str]:
        """Programs that know the folder: of the demo, or left over from it."""
        found = []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                content = environ.read_bytes()
                command = (environ.parent / "cmdline").read_bytes()
            except OSError:
                continue
            if str(self.temporary).encode() in content + command:
                found.append(command.replace(b"\0", b" ").decode())
        return found


@pytest.fixture
def demos() -> Iterator[list[Demo]]:
    started: list[Demo] = []
    yield started
    for demo in started:
        if demo.process.poll() is None:
            demo.process.terminate()
            demo.process.wait()


@pytest.mark.on_request
def test_a_killed_worker_leaves_every_day_of_every_city_there_exactly_once(
    tmp_path: Path, demos: list[Demo]
) -> None:
    demo = Demo(tmp_path)
    demos.append(demo)
    assert demo.process.wait(timeout=PATIENCE_SECONDS) == 0, demo.lines
    result = re.fullmatch(
        r"Exactly once: 24 days of 8 cities, 5,664 rides, (\d+) of them anomalous, "
        r"builds lost with a worker and done again: ([12]); \d+ s",
        demo.lines[-1],
    )
    assert result is not None, demo.lines
    anomalous, lost = map(int, result.groups())
    assert 100 < anomalous < 400
    killed = next(line for line in demo.lines if "Killed worker 2 in the middle of " in line)
    assert killed.count(" 202305") == lost
    repeated = [line for line in demo.lines if "try 1 failed, try 2 success" in line]
    assert len(repeated) >= lost
    table = dict(line.split(maxsplit=1) for line in demo.lines if re.match(r"[A-Z]\w+ +3 ", line))
    assert len(table) == 8
    assert {row.split()[0] + row.split()[3] for row in table.values()} == {"33"}
    assert list(demo.temporary.iterdir()) == []
    assert demo.processes() == []


@pytest.mark.on_request
def test_ctrl_c_stops_every_program_and_removes_the_folder(
    tmp_path: Path, demos: list[Demo]
) -> None:
    demo = Demo(tmp_path)
    demos.append(demo)
    until = time.monotonic() + PATIENCE_SECONDS
    while not any("no password" in line for line in demo.lines):
        assert demo.process.poll() is None, demo.lines
        assert time.monotonic() < until, demo.lines
        time.sleep(1)
    time.sleep(20)  # so that workers are at work
    assert any("celery" in command for command in demo.processes())
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(timeout=PATIENCE_SECONDS) == 130
    assert list(demo.temporary.iterdir()) == []
    assert demo.processes() == []


def test_a_machine_without_redis_is_told_what_to_install(tmp_path: Path, demos: list[Demo]) -> None:
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    python = nothing / "python"  # beside it there is no program of a package
    python.symlink_to(sys.executable)
    packages = sysconfig.get_path("purelib")
    demo = Demo(tmp_path, python=str(python), PATH=str(nothing), PYTHONPATH=packages)
    demos.append(demo)
    assert demo.process.wait(timeout=300) == 1
    assert demo.lines == [
        "Error: make lakehouse-demo needs redis-server, which is not installed "
        "(Debian: apt-get install redis-server; macOS: brew install redis)"
    ]
    assert os.listdir(demo.temporary) == []
