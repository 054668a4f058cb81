"""The DAG as Airflow reads it: its shape, what its tasks run for each kind of run, its messages."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from support.airflow_process import Airflow
from support.warm_python import run_script
from support.workplace import DBT, ROOT, Workplace

RENDER = """
from types import SimpleNamespace
from airflow.sdk.execution_time import macros

def render(dag, task_id, logical_date=None, run_after=None, **params):
    at = lambda text: text and datetime.datetime.fromisoformat(text)
    run = SimpleNamespace(logical_date=at(logical_date), run_after=at(run_after))
    task = dag.task_dict[task_id]
    context = {"dag_run": run, "params": {"date": None, "full_refresh": False, **params},
               "macros": macros, **(dag.user_defined_macros or {})}
    field = "filepath" if task_id == "wait_for_rides" else "command"
    return task.render_template(getattr(task, field), context, dag.get_template_env())
"""


def test_the_dag_waits_clusters_and_summarises_one_run_at_a_time(airflow: Airflow) -> None:
    told, _ = airflow.run(
        """
build = dag.task_dict["extract_summarize"]
tell({
    "dags": list(bag.dags),
    "order": {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks},
    "one run at a time": dag.max_active_runs == 1 and not dag.catchup,
    "retries": [build.retries, build.retry_delay.seconds, build.retry_exponential_backoff,
                build.max_retry_delay.seconds],
    "limits": [dag.task_dict["wait_for_rides"].timeout, build.execution_timeout.seconds],
    "tags": sorted(dag.tags),
    "schedule": [dag.timetable.expression, str(dag.timetable.timezone)],
    "documented": [bool(dag.doc_md), *(bool(task.doc_md) for task in dag.tasks)],
    "params": {name: param.value for name, param in dag.params.items()},
    "outlets": [asset.uri for task in dag.tasks for asset in task.outlets],
    "tells of failures": [len(task.on_failure_callback) for task in dag.tasks],
    "deadline": [(alert.reference.reference_name, alert.interval.seconds)
                 for alert in dag.deadline],
})
""",
        LAKE_URL="s3://rides",
        WAREHOUSE_DIR="/data",
    )
    assert told == {
        "dags": ["etml_dag"],
        "order": {
            "wait_for_rides": ["extract_cluster_save"],
            "extract_cluster_save": ["extract_summarize"],
            "extract_summarize": [],
        },
        "one run at a time": True,
        "retries": [3, 60, 2.0, 900],
        "limits": [7200, 3600],
        "tags": ["dbt", "taxi"],
        "schedule": ["0 6 * * *", "Europe/London"],
        "documented": [True, True, True, True],
        "params": {"date": None, "full_refresh": False},
        "outlets": [
            "s3://rides/clustered_data",
            "s3://rides/clustered_summarized",
            "file:///data/taxi.duckdb",
        ],
        "tells of failures": [1, 1, 1],
        "deadline": [["DagRunLogicalDateDeadline", 10800]],
    }


def test_commands_are_rendered_for_every_kind_of_run(airflow: Airflow) -> None:
    told, _ = airflow.run(
        RENDER
        + """
part = "extract_cluster_save"
tell([
    render(dag, part, logical_date="2023-05-02T05:00Z"),
    render(dag, "extract_summarize", logical_date="2023-05-02T05:00Z"),
    render(dag, part, run_after="2023-05-02T14:00Z"),
    render(dag, part, logical_date="2023-03-27T05:00Z"),
    render(dag, part, run_after="2023-05-02T14:00Z", date="2016-02-19", full_refresh=True),
    render(dag, "wait_for_rides", logical_date="2023-10-30T06:00Z"),
])
""",
        LAKE_URL="/data/lake",
    )
    cautious = "--indirect-selection cautious"
    select = f"{cautious} --select +clustered_data"
    assert [" ".join(command.split()) for command in told] == [
        f"""dbt build --vars '{{"date": "20230501"}}' {select}""",
        f"""dbt build --vars '{{"date": "20230501"}}' {cautious} --exclude +clustered_data""",
        f"""dbt build --vars '{{"date": "20230501"}}' {select}""",
        f"""dbt build --vars '{{"date": "20230326"}}' {select}""",
        f"""dbt build --vars '{{"date": "20160219"}}' --full-refresh {select}""",
        "/data/lake/taxi-rides-20231029[-.]*",
    ]


def test_each_city_has_a_dag_that_goes_by_its_own_clocks(airflow: Airflow) -> None:
    told, _ = airflow.run(
        RENDER
        + """
auckland = bag.dags["etml_dag_auckland"]
tell([
    sorted(bag.dags), str(auckland.timetable.timezone), auckland.task_dict["wait_for_rides"].queue,
    render(auckland, "extract_summarize", logical_date="2023-05-01T18:00Z"),
    render(auckland, "wait_for_rides", logical_date="2023-05-01T18:00Z"),
])
""",
        LAKE_URL="/data/lake",
        CITIES="Auckland=Pacific/Auckland, Glasgow=Europe/London",
        QUEUE_PER_CITY="true",
    )
    *shape, command, waited_for = told
    assert shape == [["etml_dag_auckland", "etml_dag_glasgow"], "Pacific/Auckland", "auckland"]
    variables = '{"date": "20230501", "city": "Auckland", "time_zone": "Pacific/Auckland"}'
    assert f"--vars '{variables}'" in command
    assert waited_for == "/data/lake/auckland/taxi-rides-20230501[-.]*"


def test_reading_the_file_starts_nothing_and_opens_no_connection(airflow: Airflow) -> None:
    told, _ = airflow.run(
        """
import socket, subprocess, sys
def refuse(*arguments, **options):
    raise AssertionError("something was started while the file was read")
subprocess.Popen.__init__ = socket.socket.connect = socket.create_connection = refuse
again = BundleDagBag(dag_folder=str(folder), bundle_path=folder, bundle_name="dags-folder")
tell([again.import_errors, sorted(again.dags),
      [name for name in ("dbt", "duckdb", "sklearn", "boto3", "openai") if name in sys.modules]])
"""
    )
    assert told == [{}, ["etml_dag"], []]


def test_the_two_parts_together_build_and_test_everything_once(workplace: Workplace) -> None:
    def listed(*options: str) -> list[str]:
        completed = run_script(
            DBT,
            *("--quiet", "ls", "--vars", "date: 20230501", *options),
            *("--target-path", workplace.folder, "--log-path", workplace.folder),
            cwd=ROOT,
            env=workplace.environment(),
        )
        assert completed.returncode == 0, completed.stdout
        return completed.stdout.split()

    cautious = ("--indirect-selection", "cautious")
    first = listed(*cautious, "--select", "+clustered_data")
    second = listed(*cautious, "--exclude", "+clustered_data")
    assert sorted(first + second) == sorted(listed())


class Webhook(HTTPServer):
    """Takes messages as a chat program would."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

        class Handler(BaseHTTPRequestHandler):
            server: Webhook

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.server.messages.append(json.loads(body))
                self.send_response(200 if self.path == "/hook" else 403)
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    server = Webhook()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_missed_deadline_is_told_except_for_backfills(airflow: Airflow, webhook: Webhook) -> None:
    airflow.run(
        """
warn = dag.deadline[0].callback
import importlib
call = getattr(importlib.import_module(warn.path.rpartition(".")[0]), "warn_of_deadline")
for run_type in ("backfill", "scheduled"):
    call(context={"dag_run": {"dag_id": "etml_dag", "run_id": run_type, "run_type": run_type},
                  "deadline": {"deadline_time": "2023-05-02T08:00:00Z"}})
tell("")
""",
        ALERT_WEBHOOK_URL=f"http://127.0.0.1:{webhook.server_port}/hook",
    )
    (message,) = webhook.messages
    assert message["text"] == (
        "etml_dag: scheduled is not done at its deadline, 2023-05-02T08:00:00Z. "
        "The report of the day before will be late"
    )


def test_a_day_that_a_person_has_named_is_looked_for_once_and_no_mistake_is_tried_again(
    airflow: Airflow, workplace: Workplace
) -> None:
    workplace.lake.mkdir()
    told, output = airflow.run(
        """
def by_hand(date):
    part = dag.partial_subset(["wait_for_rides"])
    part.deadline = None
    finished = part.test(run_conf={"date": date})
    (wait,) = finished.get_task_instances()
    return [finished.state, wait.try_number]

tell([by_hand("20230501"), by_hand("2023-02-30")])
""",
        LAKE_URL=str(workplace.lake),
    )
    assert told == [["failed", 1], ["failed", 1]]
    assert (
        f"no rides: nothing in the lake is named {workplace.lake}/taxi-rides-20230501[-.]*. Ask who"
    ) in output
    assert "date must be a day as YYYYMMDD, not '2023-02-30'" in output


def test_rides_that_never_come_are_told_in_words(
    airflow: Airflow, webhook: Webhook, workplace: Workplace
) -> None:
    workplace.lake.mkdir()
    told, output = airflow.run(
        """
wait = dag.task_dict["wait_for_rides"]
wait.timeout = wait.poke_interval = 3
tell(run("20230501", dag, ["wait_for_rides"]).state)
""",
        LAKE_URL=str(workplace.lake),
        # refuses, and is secret: neither may fail the callback nor be seen
        ALERT_WEBHOOK_URL=f"http://127.0.0.1:{webhook.server_port}/secret-of-the-webhook",
    )
    assert told == "failed"
    (message,) = webhook.messages
    assert message["text"].startswith("etml_dag: wait_for_rides failed in ")
    assert (
        f"no rides: nothing in the lake is named {workplace.lake}/taxi-rides-20230501[-.]* "
        "after a wait of 0.05 minutes"
    ) in message["text"]
    assert "did not take the message: HTTPError" in output
    assert "secret-of-the-webhook" not in output
