"""What all DAGs share: retries, the deadline, the messages, the parameters of a day."""

import datetime
import json
import logging
import urllib.request
from pathlib import Path
from typing import Any

import yaml
from airflow.sdk import Param
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from dbt_project.settings.environment import AirflowSettings

PROJECT = Path(__file__).resolve().parents[2]
VARS: dict[str, Any] = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]

START = "0 6 * * *"
FIRST_RUN = datetime.datetime(2023, 5, 1, tzinfo=datetime.UTC)
WAIT_LIMIT = datetime.timedelta(hours=2)
POKE_SECONDS = 60
BUILD_LIMIT = datetime.timedelta(hours=1)
MAIL_LIMIT = datetime.timedelta(minutes=5)
DEADLINE_AFTER_START = datetime.timedelta(hours=3)  # 09:00
DAY_PARAMETER = Param(
    None,
    type=["null", "string"],
    pattern="^[0-9]{4}-?(0[1-9]|1[0-2])-?(0[1-9]|[12][0-9]|3[01])$",
    title="Day to build",
    description="YYYYMMDD or YYYY-MM-DD; empty for the day before the run's date",
)
FULL_REFRESH_PARAMETER = Param(
    False,
    type="boolean",
    title="Full refresh",
    description="Pass --full-refresh to dbt; other days and summaries stay",
)


def tell_of_failure(context: Any) -> None:
    """Say which task of which run failed, and why, when no retry is left."""
    task = context["ti"]
    city = getattr(task, "rendered_map_index", None)
    alert(
        f"{task.dag_id}: {task.task_id}{f' of {city}' if city else ''} failed in "
        f"{context['dag_run'].run_id}, "
        f"try {task.try_number}: {context.get('exception')}\n{task.log_url}"
    )


def warn_of_deadline(context: dict[str, Any]) -> None:
    """Say that a run is late. A backfill never is: it builds days that were due long ago."""
    run = context["dag_run"]
    if run["run_type"] == "backfill":
        return
    alert(
        f"{run['dag_id']}: {run['run_id']} is not done at its deadline, "
        f"{context['deadline']['deadline_time']}. The report of the day before will be late"
    )


def deadline(callback: str) -> DeadlineAlert:
    """The deadline of a morning's run.

    Parameters
    ----------
    callback
        `warn_of_deadline` by its name in the DAG's file. Airflow reads that file before it calls
        the function; before that it cannot import this package.
    """
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_LOGICAL_DATE,
        interval=DEADLINE_AFTER_START,
        callback=SyncCallback(callback),
    )


def asset_uri(place: str, name: str) -> str:
    """Return the asset that other DAGs can follow. Its name is its place in the lake."""
    return f"{place}/{name}" if "://" in place else f"file://{place}/{name}"


def task_defaults(**more: Any) -> dict[str, Any]:
    """Return the defaults of every task: four tries, and a message when the last has failed."""
    return {
        "retries": 3,
        "retry_delay": datetime.timedelta(minutes=1),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": datetime.timedelta(minutes=15),
        "on_failure_callback": tell_of_failure,
        **more,
    }


log = logging.getLogger(__name__)


def alert(message: str) -> None:
    """Log a message, and post it to ``ALERT_WEBHOOK_URL`` if there is one.

    The body is ``{"text": message}``, which Slack, Mattermost and others take. If the message
    cannot be sent, the task does not fail.
    """
    log.error(message)
    url = AirflowSettings.read().alert_webhook_url
    if not url:
        return
    request = urllib.request.Request(
        url,
        data=json.dumps({"text": message}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        urllib.request.urlopen(request, timeout=10).close()
    except (OSError, ValueError) as error:
        # the URL is a secret, and some errors contain it
        log.error("ALERT_WEBHOOK_URL did not take the message: %s", type(error).__name__)
