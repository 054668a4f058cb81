"""The wait for a day's rides, in a folder or in S3."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.sdk.exceptions import AirflowSensorTimeout

from dbt_project.environment import AirflowSettings, S3Settings

# One file or parts, plain or gzip, as in lake.list_files; the day is filled in by Airflow.
RIDES = "taxi-rides-{day}[-.]*"


def wait_for_rides(
    lake_url: str, day: str, *, is_s3: bool, city: Any = None, **options: Any
) -> Any:
    """Return the sensor that waits for the first file of a day's rides.

    Parameters
    ----------
    lake_url
        A folder's absolute path, or ``s3://bucket[/prefix]``; may be a Jinja expression.
    day
        Jinja expression of the day.
    is_s3
        Which of the two it is.
    city
        Name of the city, where a DAG is mapped over several; templates know it as ``task.city``.
    **options
        Of any sensor: ``timeout`` and ``poke_interval`` in seconds among them.
    """
    pattern = f"{lake_url}/{RIDES.format(day=day)}"
    if not is_s3:
        return RidesInFolder(
            city=city, filepath=pattern, mode="reschedule", deferrable=False, **options
        )
    from dbt_project.orchestration.wait_s3 import RidesInS3  # boto is slow to import

    return RidesInS3(
        city=city,
        bucket_key=pattern,
        wildcard_match=True,
        deferrable=True,
        aws_conn_id=AirflowSettings.read().lake_connection,
        # as the build takes it, where boto knows the second name alone
        region_name=S3Settings.read().region,
        **options,
    )


@contextmanager
def limit_in_words(pattern: str, seconds: float) -> Iterator[None]:
    """Say what was waited for, where and how long, when a sensor has reached its limit."""
    try:
        yield
    except AirflowSensorTimeout as error:
        raise AirflowSensorTimeout(
            f"no rides: nothing in the lake is named {pattern} after a wait of "
            f"{seconds / 60:g} minutes. Ask who delivers them; when they are there, clear this task"
        ) from error


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
        with limit_in_words(self.filepath, self.timeout):
            super().execute(context)
