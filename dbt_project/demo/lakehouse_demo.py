"""`make lakehouse-demo`: build eight cities on two workers, and kill one worker.

It starts PostgreSQL, Redis, an S3 server and Airflow with Celery's executor in a temporary folder,
and fills a lake with three days of eight cities. Airflow builds them. It kills a worker in the
middle of its builds, and checks that everything is in the lakehouse exactly once. At the end, and
on Ctrl-C, it stops everything and removes the folder.
"""

import datetime
import json
import math
import os
import signal
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from dbt_project.demo.lake import CITIES, DAYS, DemoError, check_lakehouse, fill_lake
from dbt_project.demo.local_airflow import REQUESTS_TO_END, interrupt
from dbt_project.demo.processes import Processes, ProgramEndedError
from dbt_project.demo.servers import BUILDS_PER_WORKER, MissingProgramError, Servers
from dbt_project.lakehouse.place import LakehouseError

DAG_ID = "etml_lakehouse"
BUILDS_BEFORE_KILL = 3
SECONDS_OF_A_BUILD_TO_KILL = 3
SECONDS_TO_NEXT_WORKER = 30
SECONDS_TO_BUILD = 3600


def say(text: str) -> None:
    """Print a line with the time."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def ask(servers: Servers, path: str, body: Any = None) -> Any:
    """Ask Airflow's API."""
    request = urllib.request.Request(
        f"{servers.url}/api/v2{path}",
        data=json.dumps(body).encode() if body else None,
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as response:
        return json.load(response)


def builds_of_airflow(servers: Servers) -> list[dict[str, Any]]:
    """Return the build tasks of all runs, from Airflow's API."""
    tasks = ask(servers, f"/dags/{DAG_ID}/dagRuns/~/taskInstances?limit=1000")
    return [task for task in tasks["task_instances"] if task["task_id"] == "city.build"]


def builds_of_worker(processes: Processes, worker: str) -> dict[str, float]:
    """Return what a worker is building, city and day, and for how many seconds."""
    builds = {}
    for process in processes.family(worker):
        try:
            command, seconds = process.cmdline(), time.time() - process.create_time()
        except psutil.Error:  # it has just ended
            continue
        if "--vars" in command:
            variables = json.loads(command[command.index("--vars") + 1])
            builds[f"{variables['city']} {variables['date']}"] = seconds
    return builds


def run_days(servers: Servers, processes: Processes) -> list[str]:
    """Let Airflow build all days. Kill a worker meanwhile, and return what it was building."""
    first, last = DAYS[0] + datetime.timedelta(days=1), DAYS[-1] + datetime.timedelta(days=2)
    moments = {"from_date": f"{first}T00:00:00Z", "to_date": f"{last}T00:00:00Z"}
    ask(servers, "/backfills", {"dag_id": DAG_ID, **moments, "max_active_runs": 1})
    lost: list[str] = []
    done, next_worker_at, until = 0, math.inf, time.monotonic() + SECONDS_TO_BUILD
    while not is_over(servers):
        processes.check()
        succeeded = sum(task["state"] == "success" for task in builds_of_airflow(servers))
        if succeeded > done:
            done = succeeded
            say(f"{done} of {len(CITIES) * len(DAYS)} builds")
        if not lost and done >= BUILDS_BEFORE_KILL:
            # wait for two builds; after half of the days one is enough
            wanted = BUILDS_PER_WORKER if done < len(CITIES) * len(DAYS) / 2 else 1
            lost = kill_worker(processes, "worker 2", wanted)
            next_worker_at = time.monotonic() + SECONDS_TO_NEXT_WORKER if lost else math.inf
        if time.monotonic() > next_worker_at:
            say("Starting worker 3, with an empty disk")
            servers.start_worker("worker 3")
            next_worker_at = math.inf
        if time.monotonic() > until:
            raise DemoError(f"not done after {SECONDS_TO_BUILD} s")
        time.sleep(1)
    if not lost:
        raise DemoError("everything was done before a worker could be killed")
    return lost


def is_over(servers: Servers) -> bool:
    """Whether the runs of all days have ended.

    Raises
    ------
    DemoError
        If one has failed.
    """
    states = [run["state"] for run in ask(servers, f"/dags/{DAG_ID}/dagRuns")["dag_runs"]]
    if "failed" in states:
        raise DemoError("a run of Airflow's has failed")
    return states == ["success"] * len(DAYS)


def kill_worker(processes: Processes, worker: str, wanted: int) -> list[str]:
    """Kill a worker in the middle of this many builds. Return what it was building."""
    builds = builds_of_worker(processes, worker)
    if sum(seconds > SECONDS_OF_A_BUILD_TO_KILL for seconds in builds.values()) < wanted:
        return []
    processes.kill(worker)
    say(f"Killed {worker} in the middle of {' and '.join(builds)}")
    return list(builds)


def show_repeated(servers: Servers) -> None:
    """Say which builds took more than one try, and what Airflow says of the first."""
    for task in builds_of_airflow(servers):
        if task["try_number"] > 1:
            path = f"/dags/{DAG_ID}/dagRuns/{task['dag_run_id']}/taskInstances/city.build"
            tries = ask(servers, f"{path}/{task['map_index']}/tries")["task_instances"]
            tried = ", ".join(
                f"try {one['try_number']} {one['state']}"
                for one in sorted(tries, key=lambda one: one["try_number"])
            )
            say(f"{task['rendered_map_index']}, run of {task['logical_date'][:10]}: {tried}")


def demonstrate(folder: Path, processes: Processes) -> str:
    """Run all steps. Return the line of the result."""
    begun = time.monotonic()
    servers = Servers(folder, processes, ", ".join(f"{city}=Europe/London" for city in CITIES))
    os.environ.update(servers.environment)  # the lakehouse is looked at from here
    say(f"Starting PostgreSQL, Redis and S3 in {folder}")
    servers.start_stores()
    say(f"Filling the lake: {len(DAYS)} days of {len(CITIES)} cities")
    fill_lake(servers, folder)
    say("Starting Airflow; that takes a minute or two")
    servers.start_airflow()
    for worker in ("worker 1", "worker 2"):
        servers.start_worker(worker)
    say(f"Airflow is at {servers.url}/dags/{DAG_ID} (no password), its logs in {folder}/logs")
    lost = run_days(servers, processes)
    show_repeated(servers)
    rides, anomalous = check_lakehouse(servers, folder)
    return (
        f"Exactly once: {len(DAYS) * len(CITIES)} days of {len(CITIES)} cities, {rides:,} rides, "
        f"{anomalous} of them anomalous, builds lost with a worker and done again: {len(lost)}; "
        f"{time.monotonic() - begun:.0f} s"
    )


def run() -> int:
    """Run the demonstration in a folder of its own. Return the exit status."""
    with tempfile.TemporaryDirectory(
        prefix="lakehouse-demo-", ignore_cleanup_errors=True
    ) as temporary:
        folder = Path(temporary).resolve()
        folder.chmod(0o711)  # PostgreSQL's user has to pass through
        (folder / "logs").mkdir()
        processes = Processes(folder / "logs")
        result = ""
        try:
            result = demonstrate(folder, processes)
        except KeyboardInterrupt:
            print("\nStopping ...", flush=True)
            return 130
        except (
            DemoError,
            LakehouseError,
            MissingProgramError,
            OSError,
            ProgramEndedError,
            TimeoutError,
        ) as error:
            result = f"Error: {error}"
        finally:
            stop(processes)
    print(result, flush=True)
    return 1 if result.startswith("Error") else 0


def stop(processes: Processes) -> None:
    """Stop everything. Servers that others need are stopped last."""
    stores = ("s3", "redis", "postgres")
    processes.stop(*(name for name in processes.running if name not in stores))
    for name in stores:
        if name in processes.running:
            # PostgreSQL's fast shutdown
            processes.stop(name, by=signal.SIGINT if name == "postgres" else signal.SIGTERM)


if __name__ == "__main__":
    for request in REQUESTS_TO_END:
        signal.signal(request, interrupt)
    sys.exit(run())
