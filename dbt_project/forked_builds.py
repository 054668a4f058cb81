"""Build many days after one start.

A process imports dbt and reads the project once, which takes most of the time of a small day. For
each day it forks, and the copy builds that day alone. So a day that is killed, or runs out of
memory, fails alone, and leaves the same state as a build of its own would.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from types import TracebackType
from typing import Any, NamedTuple

from dbt_project.errors import UserError

USED_BY_BUILDS = (
    "dbt_project.clustering.rides",
    "dbt_project.plugin.report",
    "dbt_project.summaries.ledger",
    "matplotlib.backends.backend_svg",
    "scipy.sparse.csgraph",
    "scipy.spatial",
)
"""Modules that models import only when they run."""

Variables = dict[str, object]


class Built(NamedTuple):
    """The end of a build: its status (negative for the signal that killed it) and its output."""

    status: int
    lines: list[str]


class ForkedBuilds:
    """Builds days one after the other. A context manager, which ends the process behind it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._server: subprocess.Popen[str] | None = None

    def __enter__(self) -> ForkedBuilds:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def build(self, variables: Variables) -> Built:
        """Build the day that the variables of dbt name.

        Raises
        ------
        UserError
            One line, if the project cannot be read.
        """
        with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as output:
            request = {"variables": variables, "output": output.name}
            status = self._ask(json.dumps(request), variables)
            return Built(status, output.read().rstrip().splitlines())

    def _ask(self, request: str, variables: Variables) -> int:
        server = self._server or self._begin(variables)
        assert server.stdin is not None
        assert server.stdout is not None
        answer = ""
        with contextlib.suppress(BrokenPipeError):
            print(request, file=server.stdin, flush=True)
            answer = server.stdout.readline()
        if not answer:
            self._end()
            raise UserError("the process that starts the builds was killed: start again")
        return int(answer)

    def _begin(self, variables: Variables) -> subprocess.Popen[str]:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
            server = subprocess.Popen(
                [sys.executable, "-m", __name__, json.dumps(variables)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                env=self._environment,
            )
            assert server.stdout is not None
            if not server.stdout.readline():
                server.wait()
                said.seek(0)
                lines = said.read().rstrip().splitlines()
                raise UserError(lines[-1].removeprefix("Error: ") if lines else "dbt did not start")
        self._server = server
        return server

    def _end(self) -> None:
        if server := self._server:
            self._server = None
            assert server.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                server.stdin.close()
            server.wait()


def serve(variables: str) -> None:
    """Read the project, then build each day that the input asks for. End with the input.

    Each line of the input is an object with ``variables`` of dbt and the file for the ``output``.
    The answer is a line with the build's status. A first answer, before any question, says that the
    project is read.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # printed text must not mix with the answers
    # Ctrl-C also reaches the build, which ends its day first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    manifest = read_project(variables)
    for name in USED_BY_BUILDS:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            os._exit(build(manifest, **json.loads(line)))
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), file=answers, flush=True)


def read_project(variables: str) -> Any:
    """Parse the project. Exit with dbt's status if that is not possible."""
    from dbt.cli.main import dbtRunner

    parsed = dbtRunner().invoke(["--log-level", "none", "parse", "--vars", variables])
    if not parsed.success:
        sys.exit(2)
    return parsed.result


def build(manifest: Any, variables: Variables, output: str) -> int:
    """Build a day in a process of its own, with its output in a file. Return its status."""
    from dbt.cli.main import dbtRunner

    signal.signal(signal.SIGINT, signal.default_int_handler)
    file = os.open(output, os.O_WRONLY)
    os.dup2(file, 1)
    os.dup2(file, 2)
    arguments = ["--log-level", "none", "--no-write-json", "build", "--vars", json.dumps(variables)]
    done = dbtRunner(manifest=manifest).invoke(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    return 0 if done.success else 2 if done.exception else 1


if __name__ == "__main__":
    serve(sys.argv[1])
