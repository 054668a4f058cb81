"""The wait for a day's rides in a folder: a task looks now and then."""

from typing import Any

from airflow.providers.standard.sensors.filesystem import FileSensor

from dbt_project.orchestration.wait_limit import is_named_day, limit_in_words


class RidesInFolder(FileSensor):
    """Looks for the rides in a folder now and then, without holding a worker."""

    template_fields = ("city", *FileSensor.template_fields)

    def __init__(self, *, city: Any, **options: Any) -> None:
        super().__init__(**options)
        self.city = city

    @property
    def path(self) -> str:
        """The path itself: the folder needs no Airflow connection."""
        return str(self.filepath)

    def execute(self, context: Any) -> None:
        if is_named_day(context):
            self.timeout = 0
        with limit_in_words(self.filepath, self.timeout):
            super().execute(context)
