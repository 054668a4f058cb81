"""The day hour by hour: rides beside the weather and the traffic of the same hours."""

import datetime
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import duckdb

from dbt_project.report.facts import LONGEST_NAME, LONGEST_TEXT, Row, cut, rows

HOUR = datetime.timedelta(hours=1)
OF_DAY = "timezone($time_zone, $ride_date::timestamp)"
"""SQL of the instant at which the day begins by the city's clocks."""
PICKUP_HOUR = f"floor(date_diff('second', {OF_DAY}, pickup_at) / 3600)::int"
"""SQL of the place of a pickup's hour in the day, from 0; outside the day for another day's."""


@dataclass
class Hour:
    """One hour of the day; on the day when the clocks go back an hour has the name of another."""

    label: str
    """Its beginning by the city's clocks."""
    rides: int = 0
    anomalous: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    weather: list[str] = field(default_factory=list)
    """The observation in force as the hour begins in each area, and those within it, as rides are
    told of them."""
    sky: str = ""
    """The category of notable weather, of the whole city before that of an area."""
    traffic: list[str] = field(default_factory=list)
    """The bulletins that hold in it; one without an end holds until the day's end."""
    bulletins: int = 0
    """Those of them that begin in it."""


@dataclass(frozen=True)
class Hours:
    """A day of hours, and the anomalous rides that have no place in it."""

    hours: list[Hour]
    without_pickup: int
    of_other_days: int
    has_weather: bool
    has_traffic: bool

    @property
    def change_of_clocks(self) -> str:
        """What the clocks did on the day, in words; empty if nothing."""
        match len(self.hours):
            case 24:
                return ""
            case fewer if fewer < 24:
                return f"The clocks went forward: the day has {fewer} hours."
            case more:
                return f"The clocks went back: the day has {more} hours."


def read_hours(
    connection: duckdb.DuckDBPyConnection, ride_date: datetime.date, time_zone: str
) -> Hours:
    """Count the day's rides by the hour of pickup, and put what was known beside them."""
    starts = hours_of_day(ride_date, time_zone)
    hours = [Hour(label) for label in _labels(starts, time_zone)]
    without_pickup = of_other_days = 0
    for row in rows(connection, RIDES_BY_HOUR, ride_date=ride_date, time_zone=time_zone):
        if row["hour"] is None:
            without_pickup += row["anomalous"]
        elif not 0 <= row["hour"] < len(hours):
            of_other_days += row["anomalous"]
        else:
            hour = hours[row["hour"]]
            hour.rides += row["rides"]
            hour.anomalous += row["anomalous"]
            if row["anomalous"]:
                hour.kinds[row["anomaly_kind"]] = row["anomalous"]
    weather = rows(connection, WEATHER, ride_date=ride_date, time_zone=time_zone)
    for row in weather:
        hour = hours[row["hour"]]
        hour.weather += [_told({**row, "text": text}) for text in row["text"].splitlines()]
        hour.sky = hour.sky or row["category"] or ""
    traffic = rows(connection, TRAFFIC, ride_date=ride_date, time_zone=time_zone)
    for row in traffic:
        for place, hour in enumerate(hours):
            begins, ends = row["begins"], row["ends"]
            if (begins is None or begins < place + 1) and (ends is None or ends > place):
                hour.traffic.append(_told(row))
            if begins is not None and place <= begins < place + 1:
                hour.bulletins += 1
    return Hours(hours, without_pickup, of_other_days, bool(weather), bool(traffic))


PLACE_AND_TEXT = f"{cut('area', LONGEST_NAME)}, {cut('text', LONGEST_TEXT)}"

RIDES_BY_HOUR = f"""
select {PICKUP_HOUR} as hour, anomaly_kind,
    count(*) as rides, count(*) filter (is_anomaly) as anomalous
from rides
where ride_date = $ride_date
group by all
order by all
"""

WEATHER = f"""
select date_diff('hour', {OF_DAY}, hour_start) as hour, category, {PLACE_AND_TEXT}
from weather_hours
where ride_date = $ride_date
order by hour_start, area nulls first
"""

TRAFFIC = f"""
select date_diff('second', {OF_DAY}, started_at) / 3600 as begins,
    date_diff('second', {OF_DAY}, ended_at) / 3600 as ends, {PLACE_AND_TEXT}
from stg_lake__traffic
where text is not null
order by started_at nulls first, record_number
"""


def hours_of_day(ride_date: datetime.date, time_zone: str) -> list[datetime.datetime]:
    """The instants at which the day's hours begin, 23 to 25 of them.

    >>> len(hours_of_day(datetime.date(2023, 10, 29), "Europe/London"))
    25
    """
    zone = ZoneInfo(time_zone)
    start, end = (
        datetime.datetime.combine(day, datetime.time(), zone).astimezone(datetime.UTC)
        for day in (ride_date, ride_date + datetime.timedelta(days=1))
    )
    hours = -((start - end) // HOUR)  # a piece of an hour counts as one
    return [start + place * HOUR for place in range(hours)]


def _labels(starts: list[datetime.datetime], time_zone: str) -> list[str]:
    """``01:00``, and ``01:00 again`` for the second of that name."""
    labels: list[str] = []
    for start in starts:
        label = f"{start.astimezone(ZoneInfo(time_zone)):%H:%M}"
        labels.append(f"{label} again" if label in labels else label)
    return labels


def _told(row: Row) -> str:
    return f"{row['area']}: {row['text']}" if row["area"] else row["text"]
