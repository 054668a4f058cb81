"""The lake of `make lakehouse-demo`, and the check of the lakehouse at its end."""

import datetime
import json
from pathlib import Path
from typing import NamedTuple

from dbt_project.demo.servers import Servers
from dbt_project.lakehouse.place import Lakehouse, schema_of
from dbt_project.simulate.day import write_day
from dbt_project.simulate.options import Options

CITIES = (
    *("Aberdeen", "Dundee", "Edinburgh", "Glasgow"),
    *("Inverness", "Leith", "Perth", "Stirling"),
)
DAYS = tuple(datetime.date(2023, 5, day) for day in (1, 2, 3))
COUNT = """
SELECT
    ride_date,
    count(*),
    count(DISTINCT record_number),
    list(ride_id),
    count(*) FILTER (is_anomaly),
    (SELECT count(*) FROM anomalous_rides AS a WHERE a.ride_date = rides.ride_date),
    (SELECT count(*) FROM daily_reports AS r WHERE r.ride_date = rides.ride_date),
    (SELECT count(*) FROM day_builds AS b WHERE b.ride_date = rides.ride_date)
FROM rides
GROUP BY ride_date
ORDER BY ride_date
"""


class Day(NamedTuple):
    """What the lakehouse has of a day of a city, as `COUNT` has it."""

    date: datetime.date
    rides: int
    records: int
    ids: list[str]
    anomalous: int
    anomalous_rows: int
    reports: int
    builds: int


class DemoError(RuntimeError):
    """What went wrong, for the last line."""


def rides_of(city: str, day: datetime.date) -> int:
    """Return how many rides a day has. No two days have the same number."""
    return 200 + 10 * CITIES.index(city) + DAYS.index(day)


def fill_lake(servers: Servers, folder: Path) -> None:
    """Simulate every city's days and deliver them to the lake."""
    s3 = servers.s3()
    for seed, city in enumerate(CITIES):
        lake = folder / "lake" / city.lower()
        for day in DAYS:
            rides = rides_of(city, day)
            write_day(Options(day=day, rides=rides, seed=seed, lake=lake, truth=folder / "truth"))
        for file in sorted(lake.iterdir()):
            s3.upload_file(str(file), "lake", f"{city.lower()}/{file.name}")


def check_lakehouse(servers: Servers, folder: Path) -> tuple[int, int]:
    """Print the counts of each city. Return the rides and the anomalous rides of all cities.

    Raises
    ------
    DemoError
        If something is missing, or is there twice.
    """
    lakehouse, problems, totals = Lakehouse.of_environment(), [], (0, 0)
    print(f"\n{'city':12}{'days':>5}{'rides':>7}{'anomalous':>11}{'day_builds':>12}")
    for city in CITIES:
        with lakehouse.open(schema_of(city)) as connection:
            days = [Day(*row) for row in connection.execute(COUNT).fetchall()]
        rides, anomalous = sum(day.rides for day in days), sum(day.anomalous for day in days)
        builds = sum(day.builds for day in days)
        print(f"{city:12}{len(days):5}{rides:7}{anomalous:11}{builds:12}")
        totals = (totals[0] + rides, totals[1] + anomalous)
        problems += [f"{city} has {len(days)} days"] if len(days) != len(DAYS) else []
        problems += [
            f"{city} {day.date}" for day in days if not is_right(servers, folder, city, day)
        ]
    print(flush=True)
    if problems:
        raise DemoError(f"not exactly once: {', '.join(problems)}")
    return totals


def is_right(servers: Servers, folder: Path, city: str, day: Day) -> bool:
    """Whether a day in the lakehouse, and its export, match the day in the lake."""
    date = f"{day.date:%Y%m%d}"
    file = folder / "lake" / city.lower() / f"taxi-rides-{date}.json"
    records = json.loads(file.read_text(encoding="utf-8"))
    delivered = {str(record.get("ride_id")) for record in records if isinstance(record, dict)}
    key = f"{city.lower()}/clustered_summarized_{date}.json"
    exported = json.load(servers.s3().get_object(Bucket="lake", Key=key)["Body"])
    return (
        day.rides == day.records == len(set(day.ids)) == rides_of(city, day.date) == len(exported)
        and set(map(str, day.ids)) <= delivered
        and day.anomalous == day.anomalous_rows
        and day.reports == day.builds == 1
    )
