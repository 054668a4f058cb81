"""The servers of `make lakehouse-demo`: PostgreSQL, Redis, S3, and Airflow with Celery's executor.

Only this machine can reach them. They use free ports, and keep their data in one folder.
"""

import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

from dbt_project.demo.local_airflow import DAGS, answers
from dbt_project.demo.postgres import HERE, OWNER, PostgresServer
from dbt_project.demo.processes import Processes, free_port

NEEDED = (
    "make lakehouse-demo needs redis-server, which is not installed "
    "(Debian: apt-get install redis-server; macOS: brew install redis)"
)
SECONDS_TO_START = 600
BUILDS_PER_WORKER = 2
DATABASES = ("airflow", "lakehouse")
BUCKETS = ("lake", "lakehouse")
BIN = Path(sys.executable).parent


class MissingProgramError(RuntimeError):
    """A server is not installed."""


def find_redis() -> Path:
    """Return Redis's server: from a package, if there is one for this machine, or the system's.

    Raises
    ------
    MissingProgramError
        One line that says what to install.
    """
    found = shutil.which("redis-server", path=f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}")
    if not found:
        raise MissingProgramError(NEEDED)
    return Path(found)


class Servers:
    """All servers, in a folder.

    Parameters
    ----------
    folder
        An empty folder. Other users than its owner must be able to pass through it.
    processes
        The processes to which the servers are added.
    cities
        Value of the setting ``CITIES``.
    """

    def __init__(self, folder: Path, processes: Processes, cities: str) -> None:
        self.redis = find_redis()
        self.folder, self.processes = folder, processes
        self.postgres = PostgresServer(folder / "postgres", processes)
        self.ports = {name: free_port() for name in ("redis", "s3", "airflow")}
        self.url = f"http://localhost:{self.ports['airflow']}"
        self.environment = self._environment(cities)

    def _environment(self, cities: str) -> dict[str, str]:
        """The environment of every component and build, without anything that was set before."""
        kept = {n: v for n, v in os.environ.items() if n in ("HOME", "LANG", "USER")}
        server, key = self.postgres, secrets.token_urlsafe(12)
        login = f"{OWNER}:{server.password}@{HERE}:{server.port}"
        database = f"postgresql+psycopg://{login}/airflow"
        return {
            **kept,
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
            "TMPDIR": str(self.folder),
            # the project's
            "CITIES": cities,
            "LAKE_URL": "s3://lake",
            "LAKEHOUSE_CATALOG": f"postgres:{server.place('lakehouse')}",
            "LAKEHOUSE_DATA_URL": "s3://lakehouse",
            "PGPASSWORD": server.password,
            "WAREHOUSE_MEMORY_LIMIT": "1GB",
            "AWS_ENDPOINT_URL": f"http://{HERE}:{self.ports['s3']}",
            "AWS_REGION": "eu-west-2",
            "AWS_ACCESS_KEY_ID": "demo",
            "AWS_SECRET_ACCESS_KEY": key,
            # Airflow's
            "AIRFLOW_HOME": str(self.folder / "airflow"),
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": database,
            "AIRFLOW__API__HOST": HERE,
            "AIRFLOW__API__PORT": str(self.ports["airflow"]),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "AIRFLOW__CELERY__BROKER_URL": f"redis://{HERE}:{self.ports['redis']}/0",
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{database}",
            "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(BUILDS_PER_WORKER),
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",
            # notice after one minute that a worker is gone; by default after five
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
            # queue a task again after three minutes if its worker has not begun it
            "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "180",
            "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "15",
        }

    def start_stores(self) -> None:
        """Start PostgreSQL with two databases, Redis, and S3 with two buckets."""
        self.postgres.folder.mkdir()
        self.postgres.start()
        self.postgres.execute(*(f"CREATE DATABASE {name}" for name in DATABASES))
        redis = ("--port", str(self.ports["redis"]), "--bind", HERE, "--save", "")
        self.processes.start("redis", self.redis, *redis, env={}, cwd=self.folder)
        s3 = ("-H", HERE, "-p", str(self.ports["s3"]))
        self.processes.start("s3", BIN / "moto_server", *s3, env=self.environment)
        self.wait_until(lambda: answers(f"{self.environment['AWS_ENDPOINT_URL']}/moto-api/"))
        for bucket in BUCKETS:
            self.s3().create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
            )

    def s3(self) -> Any:
        """Return a client of the S3 server."""
        return boto3.client(
            "s3",
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    def start_airflow(self) -> None:
        """Start Airflow without workers. Return when it knows the DAG."""
        self.processes.run("migrate", *self._airflow("db", "migrate"), env=self.environment)
        for part in ("api-server", "dag-processor", "scheduler"):
            self.processes.start(part, *self._airflow(part), env=self.environment)
        self.wait_until(lambda: answers(f"{self.url}/api/v2/dags/etml_lakehouse"))

    def start_worker(self, name: str) -> None:
        """Start a worker with a disk of its own, as if on another machine."""
        disk = self.folder / name.replace(" ", "-")
        disk.mkdir()
        self.processes.start(
            name,
            *self._airflow("celery", "worker", "--skip-serve-logs", "--without-gossip"),
            *("--celery-hostname", f"{disk.name}@%h", "--pid", str(disk / "pid")),
            env={**self.environment, "WAREHOUSE_DIR": str(disk / "warehouse")},
        )

    def _airflow(self, *arguments: str) -> tuple[str, ...]:
        return (sys.executable, "-m", "airflow", *arguments)

    def wait_until(self, is_there: Callable[[], bool]) -> None:
        """Wait for a server that has been started."""
        until = time.monotonic() + SECONDS_TO_START
        while not is_there():
            self.processes.check()
            if time.monotonic() > until:
                raise TimeoutError(f"a server does not answer after {SECONDS_TO_START} s")
            time.sleep(0.5)
