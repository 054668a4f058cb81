"""The day hour by hour: rides beside the weather and the traffic of the same hours."""

import datetime
from dataclasses import dataclass, field

import duckdb

from dbt_project.report.facts import LONGEST_NAME, LONGEST_TEXT, Row, cut, rows
from dbt_project.summaries.themes import IN_THE_AIR, themes_of

HOURS = range(24)  # by the city's clocks: on the day that they go back one is two hours long
_WEIGHTS = {theme.label: theme.weight for theme in IN_THE_AIR}


@dataclass
class Hour:
    """One clock hour."""

    hour: int
    rides: int = 0
    anomalous: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    weather: list[str] = field(default_factory=list)
    """The observation in force as the hour begins in each area, and those within it, as rides are
    told of them."""
    traffic: list[str] = field(default_factory=list)
    """The bulletins that hold in it; one without an end holds until the day's end."""

    @property
    def sky(self) -> str:
        """The gravest weather that is mentioned, as ``heavy rain``; empty if none is."""
        found = {theme for text in self.weather for theme in themes_of(text)} & set(_WEIGHTS)
        heavy = "heavy " if "heavy" in found else ""
        found.discard("heavy")
        gravest = max(sorted(found), key=lambda theme: _WEIGHTS[theme], default="")
        return gravest and heavy + gravest


@dataclass(frozen=True)
class Hours:
    """A day of hours, and the anomalous rides that have no place in it."""

    hours: list[Hour]
    without_pickup: int
    of_other_days: int
    has_weather: bool
    has_traffic: bool


def read_hours(connection: duckdb.DuckDBPyConnection, date: datetime.date, time_zone: str) -> Hours:
    """Count the day's rides by the hour of pickup, and put what was known beside them."""
    hours = [Hour(hour) for hour in HOURS]
    without_pickup = of_other_days = 0
    for row in rows(connection, RIDES_BY_HOUR, date=date):
        if row["day"] != date:
            if row["day"] is None:
                without_pickup += row["anomalous"]
            else:
                of_other_days += row["anomalous"]
            continue
        hour = hours[row["hour"]]
        hour.rides += row["rides"]
        hour.anomalous += row["anomalous"]
        if row["anomalous"]:
            hour.kinds[row["anomaly_kind"]] = row["anomalous"]
    weather = rows(connection, WEATHER, date=date)
    traffic = rows(connection, TRAFFIC, time_zone=time_zone)
    for row in weather:
        for text in row["text"].splitlines():
            hours[row["hour"]].weather.append(_told({**row, "text": text}))
    _tell_traffic(hours, traffic, date)
    return Hours(hours, without_pickup, of_other_days, bool(weather), bool(traffic))


PLACE_AND_TEXT = f"{cut('area', LONGEST_NAME)}, {cut('text', LONGEST_TEXT)}"

RIDES_BY_HOUR = """
select pickup_local::date as day, hour(pickup_local) as hour, anomaly_kind,
    count(*) as rides, count(*) filter (is_anomaly) as anomalous
from rides
where ride_date = $date
group by all
order by all
"""

WEATHER = f"""
select hour(hour_local) as hour, {PLACE_AND_TEXT}
from weather_hours
where ride_date = $date
order by hour_start, area nulls first
"""

TRAFFIC = f"""
select timezone($time_zone, started_at) as started_at, timezone($time_zone, ended_at) as ended_at,
    {PLACE_AND_TEXT}
from stg_lake__traffic
where text is not null
order by started_at nulls first, record_number
"""


def _tell_traffic(hours: list[Hour], traffic: list[Row], date: datetime.date) -> None:
    for row in traffic:
        for hour in hours:
            start, end = _limits(hour, date)
            has_begun = row["started_at"] is None or row["started_at"] < end
            if has_begun and (row["ended_at"] is None or row["ended_at"] > start):
                hour.traffic.append(_told(row))


def _limits(hour: Hour, date: datetime.date) -> tuple[datetime.datetime, datetime.datetime]:
    start = datetime.datetime.combine(date, datetime.time(hour.hour))
    return start, start + datetime.timedelta(hours=1)


def _told(row: Row) -> str:
    return f"{row['area']}: {row['text']}" if row["area"] else row["text"]
