"""Run a command in a process of its own, and say what it took and on which machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

KIB, MIB, GIB = 2**10, 2**20, 2**30
VERSIONS = (
    *("dbt-core", "dbt-duckdb", "duckdb", "numpy", "scipy"),
    *("scikit-learn", "pandas", "boto3", "moto"),
)


@dataclass
class Run:
    """What a command took.

    Attributes
    ----------
    seconds : float
        Wall time from the start of the process to its end.
    peak : int
        Peak resident memory of the process in bytes, as the kernel counts it.
    failure : str
        Why the process was ended before it was done; empty if it was not.
    output : str
        What it printed.
    """

    seconds: float
    peak: int
    failure: str = ""
    output: str = ""


class Watchdog(threading.Thread):
    """Ends a process that takes more than it may.

    Resident memory is what is limited: a limit on addresses would also charge for what a library
    reserves and never touches.
    """

    def __init__(self, pid: int, memory_limit: float, time_limit: float) -> None:
        super().__init__(daemon=True)
        self.failure = ""
        self._pid = pid
        self._memory_limit = memory_limit
        self._deadline = time.monotonic() + time_limit
        self._time_limit = time_limit
        self._is_over = threading.Event()

    def run(self) -> None:
        """Look at the process again and again until it is over."""
        while not self._is_over.wait(0.02):
            if self._resident() > self._memory_limit:
                self._end(f"out of memory ({self._memory_limit / GIB:g} GiB)")
            elif time.monotonic() > self._deadline:
                self._end(f"more than {self._time_limit:g} s")

    def stop(self) -> None:
        """Stop looking."""
        self._is_over.set()
        self.join()

    def _resident(self) -> int:
        try:
            fields = Path(f"/proc/{self._pid}/statm").read_text().split()
        except OSError:
            return 0
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")

    def _end(self, failure: str) -> None:
        self.failure = failure
        os.kill(self._pid, 9)
        self._is_over.set()


def run(
    command: Sequence[object],
    environment: Mapping[str, str],
    folder: Path,
    memory_limit: float = float("inf"),
    time_limit: float = float("inf"),
) -> Run:
    """Run a command to its end, or to its limits.

    The kernel counts the memory of the process that starts another as the other's peak, so the
    caller should import nothing that is large.

    Parameters
    ----------
    command
        Program and arguments.
    environment
        All of its environment variables.
    folder
        Where it runs.
    memory_limit, time_limit
        Resident bytes and seconds at which it is ended.

    Raises
    ------
    RuntimeError
        With its output, if it failed by itself for want of anything but memory.
    """
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env=dict(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        watchdog = Watchdog(process.pid, memory_limit, time_limit)
        watchdog.start()
        # Waited for without being reaped, so that the watchdog never meets another with its number.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        seconds = time.perf_counter() - start
        watchdog.stop()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    failure = watchdog.failure
    if process.returncode and not failure:
        if "MemoryError" not in text:
            raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{text}")
        failure = "out of memory"
    return Run(seconds, usage.ru_maxrss * KIB, failure, text)


def machine() -> dict[str, str]:
    """Name the machine, its system and the versions of what is measured on it."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    return {
        "processor": f"{_processor()}, {cores} cores",
        "memory": f"{memory / GIB:.1f} GiB",
        "system": f"{system}, {platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        **{package: importlib.metadata.version(package) for package in VERSIONS},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return " ".join(value.split())
    return platform.machine()


def markdown_table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; columns after the first are aligned to the right."""
    lines = [heading, [":---", *["---:"] * (len(heading) - 1)], *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def seconds(value: float) -> str:
    """Format seconds with as many decimals as mean something."""
    return f"{value:.3f} s" if value < 0.1 else f"{value:.2f} s" if value < 1 else f"{value:.1f} s"


def memory(value: float) -> str:
    """Format bytes."""
    return f"{value / GIB:.1f} GiB" if value >= GIB else f"{value / MIB:.0f} MiB"
