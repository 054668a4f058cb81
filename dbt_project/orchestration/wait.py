"""The wait for a day's rides, in a folder or in S3."""

from typing import Any

from dbt_project.orchestration.rides_in_folder import RidesInFolder
from dbt_project.settings.environment import AirflowSettings, S3Settings

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
    from dbt_project.orchestration.rides_in_s3 import RidesInS3  # boto is slow to import

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
