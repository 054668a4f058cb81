"""`make airflow`: a clean Airflow on this machine with the project's DAG and nothing else.

Settings, database and logs are in a temporary folder that is removed when it stops. The days that
its runs build stay, in the same lake and warehouse that `make build` uses.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType

PROJECT = Path(__file__).resolve().parents[2]
DAGS = PROJECT / "dags"
SECONDS_TO_START = 300
REQUESTS_TO_END = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def settings(home: Path, port: int, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a local Airflow: no examples, no password, this machine only."""
    url = f"http://localhost:{port}"
    inherited = {n: v for n, v in environ.items() if not n.startswith("AIRFLOW__")}
    return {
        **inherited,
        # `airflow standalone` starts its parts by name
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', '')}",
        "AIRFLOW_HOME": str(home),
        "TMPDIR": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(port + 1),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(port + 2),
        # no scheduled runs, because the embedded lake does not have yesterday's rides
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
    }


def answers(url: str) -> bool:
    """Whether the server at the URL says that it is healthy."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def stop(process: subprocess.Popen[bytes]) -> None:
    """End Airflow and every process that it has started."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
            break
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def run(port: int) -> int:
    """Run Airflow until it is interrupted; return the exit status."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            print(f"port {port} is taken: make airflow PORT={port + 10}", file=sys.stderr)
            return 1
    with tempfile.TemporaryDirectory(prefix="airflow-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        log = home / "airflow.log"
        print(f"Starting Airflow in {home}; that takes about a minute ...", flush=True)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "airflow", "standalone"],
                env=settings(home, port, os.environ),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            return attend(process, port, log)
        except KeyboardInterrupt:
            print("\nStopping Airflow ...", flush=True)
            return 0
        finally:
            stop(process)


def attend(process: subprocess.Popen[bytes], port: int, log: Path) -> int:
    """Say when Airflow is ready, and wait until it ends."""
    dag_page = f"http://localhost:{port}/api/v2/dags/etml_dag"
    until = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < until:
        if answers(dag_page):
            print(
                f"\nAirflow   http://localhost:{port}/dags/etml_dag (no password)"
                f"\nLogs      {log.parent}, removed at the end"
                "\nStop      Ctrl-C\n",
                flush=True,
            )
            process.wait()
            break
        time.sleep(1)
    print("Airflow has ended, or never came up. Its last lines:\n", file=sys.stderr)
    print("\n".join(log.read_text(errors="replace").splitlines()[-20:]), file=sys.stderr)
    return 1


def interrupt(signal_number: int, frame: FrameType | None) -> None:
    """Treat the first request to end like Ctrl-C. Later ones must not stop the clean-up."""
    for number in REQUESTS_TO_END:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    for request in REQUESTS_TO_END:
        signal.signal(request, interrupt)
    sys.exit(run(int(sys.argv[1]) if len(sys.argv) > 1 else 8080))
