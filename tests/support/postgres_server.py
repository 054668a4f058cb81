"""A PostgreSQL server of the tests' own, with nothing in it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dbt_project.demo.postgres import PostgresServer
from dbt_project.demo.processes import Processes

__all__ = ["PostgresServer", "postgres_server"]


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a server, and stop it at the end."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as logs:
        server = PostgresServer(Path(folder), Processes(Path(logs)))
        server.start()
        try:
            yield server
        finally:
            server.stop()
