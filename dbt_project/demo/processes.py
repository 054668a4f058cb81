"""Programs that run together on this machine, each with its own log, and end together."""

import signal
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

SECONDS_TO_END = 20


class ProgramEndedError(RuntimeError):
    """A program that the others need has ended. The message has the last lines of its log."""


class Processes:
    """Programs by their names.

    Parameters
    ----------
    logs
        Folder of their logs. It exists.
    """

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(
        self, name: str, *command: str | Path, env: Mapping[str, str], **options: Any
    ) -> subprocess.Popen[bytes]:
        """Start a program, away from this terminal's Ctrl-C."""
        with self._log(name).open("ab") as log:
            self.running[name] = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **options,
            )
        return self.running[name]

    def run(self, name: str, *command: str | Path, env: Mapping[str, str], **options: Any) -> None:
        """Run a program to its end."""
        status = self.start(name, *command, env=env, **options).wait()
        if status:
            raise self._ended(name)
        del self.running[name]

    def check(self) -> None:
        """Check that all of them are running.

        Raises
        ------
        ProgramEndedError
            If one is not.
        """
        for name, process in self.running.items():
            if process.poll() is not None:
                raise self._ended(name)

    def family(self, name: str) -> list[psutil.Process]:
        """Return a program's process and all its descendants, also those in other sessions."""
        try:
            process = psutil.Process(self.running[name].pid)
            return [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def kill(self, name: str) -> None:
        """End a program and its descendants at once, as if its machine had lost power."""
        family = self.family(name)
        for process in family:  # first stop all of them, so that they start no others
            _signal(process, signal.SIGSTOP)
        for process in {*family, *self.family(name)}:
            _signal(process, signal.SIGKILL)
        self.running.pop(name).wait()

    def stop(self, *names: str, by: signal.Signals = signal.SIGTERM) -> None:
        """Ask programs to end, and kill those that do not."""
        families = [process for name in names for process in self.family(name)]
        for name in names:
            if self.running[name].poll() is None:
                self.running[name].send_signal(by)
        _, alive = psutil.wait_procs(families, timeout=SECONDS_TO_END)
        for process in alive:
            _signal(process, signal.SIGKILL)
        for name in names:
            self.running.pop(name).wait()

    def _log(self, name: str) -> Path:
        return self.logs / f"{name.replace(' ', '-')}.log"

    def _ended(self, name: str) -> ProgramEndedError:
        lines = self._log(name).read_text(errors="replace").splitlines()[-15:]
        return ProgramEndedError("\n".join([f"{name} has ended. Its last lines:", *lines]))


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def free_port() -> int:
    """Return a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
