"""Whole runs of the DAG: dbt for real, rides from a folder and from an S3 server."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import boto3
import pytest
from support.airflow_process import Airflow, environment
from support.chat_server import ChatServer
from support.workplace import EMBEDDED_DAY, ROOT, Workplace, copy_embedded_day, read_strict_json


def test_a_failure_of_the_second_part_repeats_only_the_second(
    airflow: Airflow, workplace: Workplace
) -> None:
    workplace.fill_with_embedded_day()
    calls = workplace.folder / "calls"
    stand_in = workplace.folder / "dbt"  # what is looked at is Airflow's part
    stand_in.write_text(
        f"""#!/bin/sh
echo "$DBT_TARGET_PATH $*" >> {calls}
if [ $(wc -l < {calls}) = 2 ]; then echo "Error: the disk is full"; exit 2; fi
""",
        encoding="utf-8",
    )
    stand_in.chmod(0o755)
    told, output = airflow.run(
        """
dag.task_dict["extract_summarize"].retry_delay = datetime.timedelta(seconds=1)
finished = run("20230501")
tell([finished.state, {ti.task_id: ti.try_number for ti in finished.get_task_instances()}])
""",
        LAKE_URL=str(workplace.lake),
        WAREHOUSE_DIR=str(workplace.warehouse),
        DBT_EXECUTABLE=str(stand_in),
    )
    assert told == [
        "success",
        {"wait_for_rides": 1, "extract_cluster_save": 1, "extract_summarize": 2},
    ]
    lines = calls.read_text().splitlines()
    assert [line.split()[-2:] for line in lines] == [
        ["--select", "+clustered_data"],
        ["--exclude", "+clustered_data"],
        ["--exclude", "+clustered_data"],
    ]
    (run_folder,) = (workplace.warehouse / "runs").iterdir()
    assert {line.split()[0] for line in lines} == {str(run_folder / "target")}
    assert "the disk is full (exit status 2)" in output


def test_a_second_part_whose_first_parts_tables_are_gone_builds_the_whole_day(
    airflow: Airflow, workplace: Workplace
) -> None:
    for day in ("20230501", "20230502"):
        workplace.simulate(day, "--rides", "80")
    workplace.build_day(
        "20230502", "--indirect-selection", "cautious", "--select", "+clustered_data"
    )
    _, output = airflow.run(
        """
from types import SimpleNamespace
at = datetime.datetime(2023, 5, 2, 5, tzinfo=datetime.UTC)
task = dag.task_dict["extract_summarize"]
task.render_template_fields({"dag_run": SimpleNamespace(logical_date=at),
                             "params": {"full_refresh": False}, **dag.user_defined_macros})
task.execute({"run_id": "somebody cleared the second part of 1 May"})
tell("")
""",
        LAKE_URL=str(workplace.lake),
        WAREHOUSE_DIR=str(workplace.warehouse),
    )
    assert "the working tables hold 2023-05-02, not 2023-05-01" in output
    assert "What the first part left is not there: building all of the day" in output
    exported = read_strict_json(workplace.lake / "clustered_summarized_20230501.json")
    assert len(exported) == 80
    assert {ride["pickup_at"][:10] for ride in exported} == {"2023-05-01"}


@pytest.fixture
def bucket(s3_server: dict[str, str]) -> Iterator[str]:
    s3 = client(s3_server)
    s3.create_bucket(
        Bucket="rides-of-airflow", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    yield "rides-of-airflow"
    for item in s3.list_objects_v2(Bucket="rides-of-airflow").get("Contents", []):
        s3.delete_object(Bucket="rides-of-airflow", Key=item["Key"])
    s3.delete_bucket(Bucket="rides-of-airflow")


def client(s3_server: dict[str, str]):
    return boto3.client(
        "s3",
        endpoint_url=s3_server["AWS_ENDPOINT_URL"],
        region_name=s3_server["AWS_REGION"],
        aws_access_key_id=s3_server["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=s3_server["AWS_SECRET_ACCESS_KEY"],
    )


WAIT_WHILE_SOMEBODY_DELIVERS = """
import threading, boto3
from airflow.sdk.bases.operator import TriggerFailureReason
from airflow.sdk.exceptions import AirflowSensorTimeout
wait = dag.task_dict["wait_for_rides"]
wait.poke_interval = 0.5
s3 = boto3.client("s3", region_name="eu-west-2")
states, sensor, arrivals = {}, type(wait), iter(NAMES)
defer = sensor._defer

def defer_and_deliver(self):
    delivery = {"Bucket": "rides-of-airflow", "Key": next(arrivals), "Body": b"[]"}
    threading.Timer(1, s3.put_object, kwargs=delivery).start()
    defer(self)

sensor._defer = defer_and_deliver
for day, name in enumerate(NAMES, start=1):
    states[name] = run(f"202305{day:02}", dag, ["wait_for_rides"]).state
# what the triggerer answers at the limit; in dag.test() it knows none
wait.timeout, wait.bucket_key = 7200, "s3://lake/taxi-rides-20230531[-.]*"
try:
    wait.resume_execution("__fail__", {"error": TriggerFailureReason.TRIGGER_TIMEOUT}, {})
except AirflowSensorTimeout as error:
    tell([states, str(error)])
"""

LOOK_ONCE = """
from airflow.sdk.exceptions import AirflowSensorTimeout
wait = dag.task_dict["wait_for_rides"].prepare_for_execution()
wait.bucket_key = "s3://rides-of-airflow/raw/taxi-rides-20230531[-.]*"
try:
    wait.execute({"params": {"date": "20230531"}})
except AirflowSensorTimeout as error:
    tell(str(error))
"""


def test_the_wait_in_s3_is_deferred_until_rides_of_any_form_arrive_or_the_limit(
    airflow: Airflow, s3_server: dict[str, str], bucket: str
) -> None:
    s3 = client(s3_server)
    names = ["raw/taxi-rides-20230501.json", "raw/taxi-rides-20230502.json.gz"]
    names.append("raw/taxi-rides-20230503-0001.json")
    s3.put_object(Bucket=bucket, Key="raw/taxi-rides-202305010.json", Body=b"of no day")
    s3.put_object(Bucket=bucket, Key="raw/news-20230501.json", Body=b"[]")
    server = {**s3_server, "AWS_ENDPOINT_URL_S3": s3_server["AWS_ENDPOINT_URL"]}
    del server["AWS_ENDPOINT_URL"]
    told, output = airflow.run(
        f"NAMES = {names!r}" + WAIT_WHILE_SOMEBODY_DELIVERS, LAKE_URL=f"s3://{bucket}/raw", **server
    )
    states, message = told
    assert states == dict.fromkeys(names, "success")
    assert output.count("Pausing task as DEFERRED") == len(names)
    assert message.startswith(
        "no rides: nothing in the lake is named s3://lake/taxi-rides-20230531[-.]* "
        "after a wait of 120 minutes."
    )

    told, _ = airflow.run(LOOK_ONCE, LAKE_URL=f"s3://{bucket}/raw", **server)
    assert told.startswith(
        f"no rides: nothing in the lake is named s3://{bucket}/raw/taxi-rides-20230531[-.]*. Ask"
    )


def test_secrets_of_connections_reach_dbt_and_are_seen_nowhere(
    airflow: Airflow, workplace: Workplace, s3_server: dict[str, str], bucket: str
) -> None:
    s3 = client(s3_server)
    for file in EMBEDDED_DAY:
        s3.upload_file(str(file), bucket, file.name)
    canaries = ["canary-of-the-lake", "canary-of-the-llm", "canary-of-the-webhook"]
    lake_connection = {
        "conn_type": "aws",
        "login": "key-of-the-test",
        "password": "canary-of-the-lake",
        "extra": {"endpoint_url": s3_server["AWS_ENDPOINT_URL"], "region_name": "eu-west-2"},
    }
    with ChatServer() as server:
        llm_connection = {
            "conn_type": "openai",
            "password": "canary-of-the-llm",
            "host": server.base_url,
        }
        told, output = airflow.run(
            """
finished = run("20230501")
from airflow.models.renderedtifields import RenderedTaskInstanceFields
from airflow.utils.session import create_session
with create_session() as session:
    rendered = [row.rendered_fields for row in session.query(RenderedTaskInstanceFields)]
tell([finished.state, rendered])
""",
            LAKE_URL=f"s3://{bucket}",
            WAREHOUSE_DIR=str(workplace.warehouse),
            LAKE_CONNECTION="lake",
            LLM_CONNECTION="llm",
            AIRFLOW_CONN_LAKE=json.dumps(lake_connection),
            AIRFLOW_CONN_LLM=json.dumps(llm_connection),
            ALERT_WEBHOOK_URL="http://127.0.0.1:9/canary-of-the-webhook",
        )
        assert told[0] == "success", output[-6000:]
        assert {call.headers["Authorization"] for call in server.calls} == {
            "Bearer canary-of-the-llm"
        }
    written = {item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert {"clustered_data_20230501.json", "clustered_summarized_20230501.json"} <= written
    seen = {"output": output.encode(), "rendered": json.dumps(told[1]).encode()}
    for folder in (airflow.home, workplace.warehouse):
        seen |= {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert any("runs" in name and "target" in name for name in seen)
    assert [
        (name, canary)
        for name, content in seen.items()
        for canary in canaries
        if canary.encode() in content
    ] == []


def test_the_file_runs_by_itself_for_every_city_and_ends_in_exports_and_published_warehouses(
    airflow: Airflow, workplace: Workplace
) -> None:
    for city in ("glasgow", "leith"):
        copy_embedded_day(workplace.lake / city)
    completed = subprocess.run(
        [sys.executable, ROOT / "dags" / "etml_dag.py", "20230501"],
        env=environment(
            airflow.home,
            LAKE_URL=str(workplace.lake),
            WAREHOUSE_DIR=str(workplace.warehouse),
            CITIES="Glasgow=Europe/London, Leith=Europe/London",
            PATH=os.environ["PATH"],
        ),
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert completed.returncode == 0, completed.stdout[-4000:] + completed.stderr[-4000:]
    for city in ("glasgow", "leith"):
        for name in ("clustered_data", "clustered_summarized"):
            export = workplace.lake / city / f"{name}_20230501.json"
            assert len(read_strict_json(export)) == 400
        assert (workplace.warehouse / city / "taxi.duckdb").exists()
        (run_folder,) = (workplace.warehouse / city / "runs").iterdir()
        assert {path.name for path in run_folder.iterdir()} == {"target", "logs"}
