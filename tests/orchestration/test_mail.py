"""The DAG sends the report where a mail server is configured, but not of a backfill."""

from support.airflow_process import Airflow
from support.mail_server import Mailbox, mail_server
from support.workplace import Build

SEND = """
from types import SimpleNamespace
DAY = "{{ day(dag_run, params) }}"
task = dag.task_dict["send_report"]
task.command = task.command.replace(DAY, "20230501")
task.execute({"dag_run": SimpleNamespace(run_type=RUN_TYPE)})
tell([sorted(dag.task_dict["extract_summarize"].downstream_task_ids), list(task.template_fields)])
"""


def test_the_report_goes_out_after_the_build_but_not_for_a_backfill(
    airflow: Airflow, embedded_day: Build
) -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        settings = {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": port,
            "REPORT_FROM": "warehouse@example.com",
            "REPORT_TO": "manager@example.com",
            "WAREHOUSE_DIR": str(embedded_day.warehouse),
        }
        after, output = airflow.run(SEND.replace("RUN_TYPE", "'scheduled'"), **settings)
        assert after == [["send_report"], ["city", "command", "places", "assets"]]
        assert "Sent the report of 2023-05-01 to manager@example.com" in output
        airflow.run(SEND.replace("RUN_TYPE", "'backfill'"), **settings)
    (message,) = mailbox.received
    assert message["To"] == "manager@example.com"
