"""Simulated days, builds of them, and an S3 server, all in a folder that is removed afterwards."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from measure import Run, run

ROOT = Path(__file__).resolve().parent.parent
DATE = "20230501"
BUCKET = "lake"
DBT = Path(sys.executable).with_name("dbt")
# What the user has set must not change what is measured, nor may a language model be paid for it.
SETTINGS = ("AWS_", "DBT_", "LAKE_", "OPENAI_", "WAREHOUSE_")


def environment(**variables: str) -> dict[str, str]:
    """Return the user's environment without this project's settings, and with `variables`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(SETTINGS) and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {**kept, **variables}


@dataclass
class Workplace:
    """A lake and a warehouse of a measurement's own."""

    folder: Path

    @property
    def lake(self) -> Path:
        """The folder that holds the day's files."""
        return self.folder / "lake"

    @property
    def rides(self) -> Path:
        """The file of the day's rides."""
        return self.lake / f"taxi-rides-{DATE}.json"

    @property
    def truth(self) -> Path:
        """The file that tells which rides are anomalies."""
        return self.folder / "truth" / f"truth-{DATE}.json"

    def simulate(self, rides: int, seed: int = 1) -> None:
        """Write a day without bad records into the lake."""
        what = ["--date", DATE, "--rides", str(rides), "--seed", str(seed), "--bad-records", "0"]
        where = ["--lake", self.lake, "--truth", self.truth.parent]
        command = [sys.executable, "-m", "dbt_project.simulate", *what, *where]
        run(command, environment(), ROOT)

    def build(self, warehouse: str, lake_url: str = "", **variables: str) -> Run:
        """Build the day as on any night: the project is parsed anew, because its date is new."""
        places = {
            "LAKE_URL": lake_url or str(self.lake),
            "WAREHOUSE_DIR": str(self.folder / warehouse),
        }
        command = [DBT, "build", "--vars", f"date: {DATE}", "--no-partial-parse"]
        return run([*command, *self._dbt_folders()], environment(**places, **variables), ROOT)

    def build_empty_project(self) -> Run:
        """Build a project of one trivial model with this project's settings of DuckDB."""
        project = self.folder / "empty"
        write_empty_project(project)
        place = environment(WAREHOUSE_DIR=str(project))
        command = [DBT, "build", "--no-partial-parse", *self._dbt_folders()]
        return run(command, place, project)

    def steps(self) -> dict[str, float]:
        """Return the seconds of each model of the last build, and of its tests together."""
        text = (self.folder / "target" / "run_results.json").read_text(encoding="utf-8")
        steps = {"tests": 0.0}
        for result in json.loads(text)["results"]:
            kind, _, name, *_ = result["unique_id"].split(".")
            step = name if kind == "model" else "tests"
            steps[step] = steps.get(step, 0.0) + result["execution_time"]
        return steps

    def _dbt_folders(self) -> list[str | Path]:
        return ["--target-path", self.folder / "target", "--log-path", self.folder / "logs"]


def write_empty_project(project: Path) -> None:
    """Write a dbt project of one trivial model."""
    import yaml

    profiles = yaml.safe_load((ROOT / "profiles.yml").read_text(encoding="utf-8"))
    output = profiles["etml"]["outputs"]["local"]
    # These load this project's own code.
    del output["plugins"], output["module_paths"]
    (project / "models").mkdir(parents=True, exist_ok=True)
    (project / "models" / "one.sql").write_text("select 1 as one\n", encoding="utf-8")
    files = {
        "profiles.yml": {"etml": {"target": "local", "outputs": {"local": output}}},
        "dbt_project.yml": {
            "name": "empty",
            "profile": "etml",
            "flags": {"send_anonymous_usage_stats": False},
        },
    }
    for name, content in files.items():
        (project / name).write_text(yaml.safe_dump(content), encoding="utf-8")


class S3Server:
    """An S3 server process on this machine, with one bucket.

    Attributes
    ----------
    settings : dict
        AWS's settings that reach it.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.settings = {
            "AWS_ENDPOINT_URL": url,
            "AWS_REGION": "eu-west-2",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }

    def hold(self, folder: Path) -> None:
        """Hold a folder's files and nothing else."""
        self._request("POST", "/moto-api/reset")
        self._request("PUT", f"/{BUCKET}")
        for path in folder.iterdir():
            with path.open("rb") as file:
                self._request("PUT", f"/{BUCKET}/{path.name}", file, path.stat().st_size)

    def is_up(self) -> bool:
        """Tell whether it answers yet."""
        try:
            self._request("GET", "/moto-api/")
        except OSError:
            return False
        return True

    def _request(self, method: str, path: str, body: BinaryIO | None = None, size: int = 0) -> None:
        # Without a type, a body is sent as a form, and the server reads it as one.
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        request = urllib.request.Request(self._url + path, body, headers, method=method)
        urllib.request.urlopen(request, timeout=600).close()


@contextmanager
def s3_server(environ: Mapping[str, str]) -> Iterator[S3Server]:
    """Start an S3 server, and end it afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)],
        env=dict(environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = S3Server(f"http://127.0.0.1:{port}")
    try:
        while not server.is_up():
            if process.poll() is not None:
                raise RuntimeError("moto_server did not start")
            time.sleep(0.2)
        yield server
    finally:
        process.terminate()
        process.wait()
