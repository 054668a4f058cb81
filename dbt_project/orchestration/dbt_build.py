"""One part of a day's `dbt build` as an Airflow task."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dbt_project.orchestration.command import Command

OTHER_DAY = "the working tables hold"  # macros/working_day.sql


class DbtBuild(Command):
    """Runs dbt over a part of the graph, alone in the warehouse's folder.

    Parameters
    ----------
    whole_command
        The same for all of the graph: run instead when the first part's tables hold another day,
        because another run of the DAG came between the two parts.
    **options
        Of any `Command`; its places name ``WAREHOUSE_DIR``.
    """

    template_fields = (*Command.template_fields, "whole_command")
    template_fields_renderers = Command.template_fields_renderers | {"whole_command": "bash"}

    def __init__(self, *, whole_command: str, **options: Any) -> None:
        super().__init__(**options)
        self.whole_command = whole_command

    def execute(self, context: Any) -> None:
        folder = Path(self.places["WAREHOUSE_DIR"])
        folder.mkdir(parents=True, exist_ok=True)
        with self._alone_in(folder):
            environment = self.environment() | self.folders_of_run(context)
            result = self.run_command(self.command, environment)
            if result.exit_code and OTHER_DAY in result.output:
                self.log.info("Another day was built in between: building all of this one")
                result = self.run_command(self.whole_command, environment)
        self.check(result)

    @contextmanager
    def _alone_in(self, folder: Path) -> Iterator[None]:
        """Wait for another task that builds in this warehouse: runs of a backfill may overlap."""
        with (folder / "airflow.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.log.info("Waiting for another task that builds in %s", folder)
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
