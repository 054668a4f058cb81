"""The cities that Airflow builds: where the lake and the warehouse of each are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dbt_project.settings.environment import CitySettings, LakeSettings, WarehouseSettings


@dataclass(frozen=True)
class City:
    """One city's DAG, places and build variables."""

    dag_id: str
    time_zone: str
    """The DAG runs by the clocks of this zone, and builds the day before."""
    lake_url: str
    lake_output_url: str
    warehouse_dir: str
    queue: str | None = None
    """The queue of its tasks, if each city has its own workers."""
    variables: dict[str, str] = field(default_factory=dict)
    """Variables of dbt, without the date."""

    @property
    def places(self) -> dict[str, str]:
        """Environment variables of a build of this city."""
        return {
            "LAKE_URL": self.lake_url,
            "LAKE_OUTPUT_URL": self.lake_output_url,
            "WAREHOUSE_DIR": self.warehouse_dir,
        }


def read_cities(environ: Mapping[str, str], project: Path, time_zone: str) -> list[City]:
    """Read the cities from environment variables.

    Without ``CITIES`` there is one city, that of ``dbt_project.yml``, in ``LAKE_URL`` itself. With
    it each city has its own DAG, its own prefix in the lake and its own folder in
    ``WAREHOUSE_DIR``.

    Parameters
    ----------
    environ
        ``LAKE_URL``, ``LAKE_OUTPUT_URL``, ``WAREHOUSE_DIR``, ``CITIES``, ``QUEUE_PER_CITY``.
    project
        Root of the repository; relative folders start there.
    time_zone
        IANA name, of the one city.

    Raises
    ------
    UserError
        One line, if one of these variables cannot be used.
    """
    lake, settings = LakeSettings.read(environ), CitySettings.read(environ)
    lake_url = place(lake.lake_url.text, project)
    output_url = place(lake.lake_output_url.text, project)
    warehouse_dir = place(WarehouseSettings.read(environ).warehouse_dir, project)
    if not settings.cities:
        return [City("etml_dag", time_zone, lake_url, output_url, warehouse_dir)]
    return [
        City(
            dag_id=f"etml_dag_{prefix.replace('-', '_')}",
            time_zone=zone,
            lake_url=f"{lake_url}/{prefix}",
            lake_output_url=f"{output_url}/{prefix}",
            warehouse_dir=f"{warehouse_dir}/{prefix}",
            queue=prefix if settings.queue_per_city else None,
            variables={"city": name, "time_zone": zone},
        )
        for prefix, (name, zone) in settings.cities.items()
    ]


def place(url: str, project: Path) -> str:
    """The lake's URL or a folder's absolute path."""
    return url if "://" in url else str(project / url)
