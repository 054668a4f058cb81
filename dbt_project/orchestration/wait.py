"""The wait for a day's rides, in a folder or in S3."""

from typing import Any

from dbt_project.orchestration.rides_in_folder import RidesInFolder
from dbt_project.settings.environment import AirflowSettings, S3Settings

# One file or parts, plain or gzip, as in lake.list_files. Airflow fills in the day.
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
        Whether it is S3.
    city
        Name of the city, if a DAG is mapped over several. Templates use it as ``task.city``.
    **options
        The options of any sensor, such as ``timeout`` and ``poke_interval`` in seconds.
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
        # boto supports only AWS_DEFAULT_REGION; a build also takes AWS_REGION
        region_name=S3Settings.read().region,
        **options,
    )
