"""The cities that Airflow builds: where the lake and the warehouse of each are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

EXAMPLE = "CITIES='Glasgow=Europe/London, New York=America/New_York'"


@dataclass(frozen=True)
class City:
    """One city's DAG, places and build variables."""

    dag_id: str
    time_zone: str
    """By its clocks the DAG runs, and the day before is built."""
    lake_url: str
    lake_output_url: str
    warehouse_dir: str
    queue: str | None = None
    """Queue of its tasks, where each city has workers of its own."""
    variables: dict[str, str] = field(default_factory=dict)
    """dbt variables beside the date."""

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

    Without ``CITIES`` there is one, that of ``dbt_project.yml``, in ``LAKE_URL`` itself. With it
    there is a DAG for each, and each has a prefix of its own in the lake and a folder of its own
    in ``WAREHOUSE_DIR``.

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
    ValueError
        In one line, if ``CITIES`` cannot be read.
    """
    lake_url = place(environ.get("LAKE_URL") or "lake", project)
    output_url = place(environ.get("LAKE_OUTPUT_URL") or lake_url, project)
    warehouse_dir = place(environ.get("WAREHOUSE_DIR") or "warehouse", project)
    cities = parse_cities(environ.get("CITIES", ""))
    if not cities:
        return [City("etml_dag", time_zone, lake_url, output_url, warehouse_dir)]
    has_queues = environ.get("QUEUE_PER_CITY", "").lower() in ("1", "true", "yes")
    return [
        City(
            dag_id=f"etml_dag_{prefix.replace('-', '_')}",
            time_zone=zone,
            lake_url=f"{lake_url}/{prefix}",
            lake_output_url=f"{output_url}/{prefix}",
            warehouse_dir=f"{warehouse_dir}/{prefix}",
            queue=prefix if has_queues else None,
            variables={"city": name, "time_zone": zone},
        )
        for prefix, (name, zone) in cities.items()
    ]


def parse_cities(text: str) -> dict[str, tuple[str, str]]:
    """Parse ``Name=Time/Zone, ...``: name and time zone by the prefix in the lake."""
    cities: dict[str, tuple[str, str]] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, zone = (part.strip() for part in entry.partition("="))
        prefix = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            zone = ""
        if not prefix or not zone:
            raise ValueError(f"CITIES: {entry!r} is no name and time zone: for example {EXAMPLE}")
        if prefix in cities:
            raise ValueError(f"CITIES: two cities would share the prefix {prefix!r} of the lake")
        cities[prefix] = (name, zone)
    return cities


def place(url: str, project: Path) -> str:
    """The lake's URL or a folder's absolute path, without a slash at the end."""
    return url.rstrip("/") if "://" in url else str(project / url)
