"""A PostgreSQL server of the tests' own, of Debian's packages, with nothing in it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from dbt_project.demo.processes import free_port

OWNER, PASSWORD = "owner", "password-of-the-test"


@dataclass(frozen=True)
class PostgresServer:
    """A running server, reached over TCP with a password."""

    port: int
    programs: Path

    def place(self, database: str, user: str = OWNER) -> str:
        """What libpq takes."""
        return f"host=127.0.0.1 port={self.port} user={user} dbname={database}"

    def execute(self, *statements: str, database: str = "postgres") -> None:
        place = self.place(database)
        with psycopg.connect(place, password=PASSWORD, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def run(self, program: str, *arguments: str | Path) -> None:
        """Run one of PostgreSQL's own programs as the owner, with its password."""
        place = ["-h", "127.0.0.1", "-p", str(self.port), "-U", OWNER]
        subprocess.run(
            [self.programs / program, *place, *arguments],
            env={**os.environ, "PGPASSWORD": PASSWORD},
            check=True,
            capture_output=True,
        )


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a server; fail in words where there is none."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = shutil.which("initdb") or (installed[-1] if installed else None)
    if initdb is None:
        pytest.fail("these tests need PostgreSQL: apt-get install postgresql", pytrace=False)
    with tempfile.TemporaryDirectory() as folder:
        yield from _run(Path(initdb).resolve().parent, Path(folder))


def _run(programs: Path, folder: Path) -> Iterator[PostgresServer]:
    # it refuses to run as root
    user = "postgres" if os.getuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    data, password_file, port = folder / "data", folder / "password", free_port()
    password_file.write_text(PASSWORD)
    password_file.chmod(0o644)
    settings = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"

    def run(program: str, *arguments: str | Path) -> None:
        command = [programs / program, "-D", data, *arguments]
        subprocess.run(
            command, cwd=folder, check=True, stdout=subprocess.DEVNULL, user=user, group=user
        )

    run("initdb", "-A", "scram-sha-256", "-U", OWNER, f"--pwfile={password_file}", "--no-sync")
    run("pg_ctl", "-l", folder / "log", "-w", "-o", settings, "start")
    try:
        yield PostgresServer(port, programs)
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
