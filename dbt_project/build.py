"""A day's build with a line for each step: ``python -m dbt_project.build 20230501``.

It is ``dbt build`` of that day, for ``make build``. dbt's own lines about its nodes are in its log,
``logs/dbt.log``. ``dbt build`` itself prints them on the terminal too.
"""

import json
import sys
import time
from collections import Counter
from typing import Any

from dbt.cli.main import dbtRunner

from dbt_project.errors import in_one_line, one_line
from dbt_project.folders import make_folders_of_dbt
from dbt_project.plugin.closing_lines import ClosingLines

STEPS = {
    "stg_lake__ride_records": "read the lake",
    "int_rides_checked": "check the rides",
    "int_rides_labelled": "cluster them by distance and duration",
    "int_contexts": "look up what was going on",
    "rides": "fill the tables",
    "clustered_data": "export the labels",
    "int_context_summaries": "summarise",
    "clustered_summarized": "export the summaries",
    "report": "write the report",
    "published_warehouse": "publish",
}
"""The step that begins with a model. The models after it belong to the same step."""


class Steps:
    """Listens to dbt's events and prints a line for each step, and dbt's warnings."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.tests: Counter[str] = Counter()

    def on_event(self, event: Any) -> None:
        """Handle an event of dbt."""
        match event.info.name, event.info.level:
            case "NodeStart", _ if event.data.node_info.node_name in STEPS:
                self._say(STEPS[event.data.node_info.node_name])
            case "NodeFinished", _ if event.data.node_info.resource_type.endswith("test"):
                self.tests[event.data.run_result.status] += 1
            case "CommandCompleted", _ if self.tests:
                self._say(f"{self.tests['pass']} of {self.tests.total()} tests passed")
            case "Note", "info":  # the package's own lines of progress
                self._say(event.info.msg)
            case _, "warn":
                warning = one_line(event.info.msg).removeprefix("[WARNING]: ")
                print(f"Warning    {warning}", flush=True)

    def _say(self, text: str) -> None:
        print(f"{time.monotonic() - self.begun:6.1f} s  {text}", flush=True)


def build(date: str) -> int:
    """Build a day. The status is that of ``dbt build``."""
    with in_one_line():
        make_folders_of_dbt()
    steps, closing_lines = Steps(), ClosingLines()
    dbt = dbtRunner(callbacks=[steps.on_event, closing_lines.on_event])
    arguments = ["--log-level", "none", "build", "--vars", json.dumps({"date": date})]
    done = dbt.invoke(arguments)
    if done.success:
        return 0
    return 2 if done.exception else 1


if __name__ == "__main__":
    sys.exit(build(sys.argv[1]))
