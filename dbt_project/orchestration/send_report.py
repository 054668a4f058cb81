"""Sending a day's report as an Airflow task."""

from pathlib import Path
from typing import Any

from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException

from dbt_project.orchestration.dbt_build import dbt_executable, environment_at


class SendReport(BaseOperator):
    """E-mails the report of a day that was built, with the settings of `SMTP_HOST` and the others.

    Parameters
    ----------
    date
        The day.
    project
        Root of the repository.
    places
        Environment variables that say where lake and warehouse are.
    """

    template_fields = ("date",)

    def __init__(self, *, date: str, project: str, places: dict[str, str], **options: Any) -> None:
        super().__init__(**options)
        self.date = date
        self.project = project
        self.places = places

    def execute(self, context: Any) -> None:
        if context["dag_run"].run_type == "backfill":
            self.log.info("No e-mail of a backfill: its days are long known")
            return
        python = Path(dbt_executable()).with_name("python")
        result = SubprocessHook().run_command(
            [str(python), "-m", "dbt_project.send_report", self.date],
            env=environment_at(self.places),
            cwd=self.project,
        )
        if result.exit_code:
            raise AirflowException(result.output.removeprefix("Error: "))
