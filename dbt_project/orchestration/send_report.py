"""Sending a day's report as an Airflow task."""

from typing import Any

from dbt_project.orchestration.command import Command


class SendReport(Command):
    """E-mails the report of a day that was built, with the settings of `SMTP_HOST` and the others.

    Its command is ``python -m dbt_project.send_report``.
    """

    ui_color = "#f0ede4"

    def execute(self, context: Any) -> None:
        if context["dag_run"].run_type == "backfill":
            self.log.info("No e-mail of a backfill: its days are long known")
            return
        self.check(self.run_command(self.command, self.environment()))
