"""What the marts say about a day: the figures behind the page's words, pictures and table.

Every function takes a connection whose search path finds the marts by their plain names.
"""

import datetime
from dataclasses import dataclass
from typing import Any

import duckdb

from dbt_project.errors import UserError

HISTORY_DAYS = 12 * 7  # that the trend shows

INCIDENTS = 50  # that are shown, and
AREAS = 6
WORST = 6

# How far from the nearest core ride; on a day without one, from the day's average: in standard
# deviations both.
EXTREMENESS = (
    "coalesce(distance_from_normal, "
    "sqrt(ride_dist_standardized ** 2 + ride_time_standardized ** 2))"
)

# characters of each that are shown
LONGEST_NAME = 100  # of a ride's id, of an area
LONGEST_LINE = 240  # of an incident's bulletin
LONGEST_TEXT = 1_000  # of a summary, of an observation or a bulletin

Row = dict[str, Any]


@dataclass(frozen=True)
class Group:
    """Rides of one label; -1 for the anomalous ones."""

    label: int
    rides: int
    miles: float
    hours: float
    ride_miles: list[float]
    """Quantiles 5%, 50%, 95% and the largest."""
    ride_hours: list[float]


@dataclass(frozen=True)
class Facts:
    """A day's figures."""

    ride_date: datetime.date
    report: Row
    """The day's row of daily_reports."""
    history: list[Row]
    """ride_date, rides, anomalous_rides, anomalous_share, verdict and usual range of the days that
    the trend shows."""
    normal: Group | None
    """All normal rides together; None if there are none."""
    groups: list[Group]
    """The clusters of normal rides."""
    anomalous: Group | None
    kinds: dict[str, int]
    """Anomalous rides by kind."""
    worst: list[Row]
    """The rides to name first: the most extreme of each likely reason, then the next of any."""
    incidents: list[Row]
    """What several anomalous rides have in common, what cost most time first."""
    other_incidents: int
    """Incidents beyond these."""
    areas: list[Row]
    """The areas with the most anomalous rides beyond the city's share of their rides; usual range
    and `stands_out` as in area_days."""
    other_areas: Row
    """areas, rides and anomalous_rides of all others together."""
    rejected: dict[str, int]
    """Rejected records by reason, the most frequent first."""
    verdicts: list[Row]
    """dimension, value, judged_rides, confirmed_rides, confirmed_share of the last weeks; all rides
    first."""
    sources: list[Row]
    """status, model, summaries: how the summaries came about."""

    @property
    def worst_area(self) -> Row | None:
        """The first of the areas that stand out, if any does."""
        return next((area for area in self.areas if area["stands_out"]), None)


def read_facts(connection: duckdb.DuckDBPyConnection, ride_date: datetime.date) -> Facts:
    """Read the figures of a day that has been built.

    Raises
    ------
    UserError
        In one line, if the day has not been built.
    """
    report = rows(
        connection, "from daily_reports where ride_date = $ride_date", ride_date=ride_date
    )
    if not report:
        raise UserError(
            f"{ride_date} has not been built: dbt build --vars 'date: {ride_date:%Y%m%d}'"
        )
    groups = _groups(connection, ride_date)
    areas = rows(connection, AREAS_OF_DAY, ride_date=ride_date)
    incidents = rows(connection, INCIDENTS_OF_DAY, ride_date=ride_date)
    return Facts(
        ride_date=ride_date,
        report=report[0],
        history=rows(
            connection,
            "select ride_date, rides, anomalous_rides, anomalous_share, verdict, "
            "usual_share_low, usual_share_high from daily_reports "
            "where ride_date between $first and $ride_date order by ride_date",
            first=ride_date - datetime.timedelta(days=HISTORY_DAYS - 1),
            ride_date=ride_date,
        ),
        normal=next((group for group in groups if group.label is None), None),
        groups=[group for group in groups if group.label is not None and group.label >= 0],
        anomalous=next((group for group in groups if group.label == -1), None),
        kinds=_counts(connection, "anomalous_rides", "anomaly_kind", ride_date),
        worst=rows(connection, WORST_RIDES, ride_date=ride_date, most=WORST),
        incidents=incidents[:INCIDENTS],
        other_incidents=len(incidents[INCIDENTS:]),
        areas=areas[:AREAS],
        other_areas={
            "areas": len(areas[AREAS:]),
            "rides": sum(area["rides"] for area in areas[AREAS:]),
            "anomalous_rides": sum(area["anomalous_rides"] for area in areas[AREAS:]),
        },
        rejected=_counts(connection, "rejected_rides", "reason", ride_date),
        verdicts=rows(connection, VERDICTS_OF_WEEKS, ride_date=ride_date),
        sources=rows(
            connection,
            "select summary_status as status, summary_model as model, "
            "count(distinct context_id) as summaries from anomalous_rides "
            "where ride_date = $ride_date group by all order by summaries desc, status, model",
            ride_date=ride_date,
        ),
    )


def cut(column: str, longest: int) -> str:
    """SQL of a text column of which no more than so many characters are shown."""
    shown = f"left({column}, {longest}) || '…'"
    return f"case when length({column}) > {longest} then {shown} else {column} end as {column}"


TOLD = ", ".join(
    (cut("ride_id", LONGEST_NAME), cut("area", LONGEST_NAME), cut("summary", LONGEST_TEXT))
)
"""SQL of what a ride is told by."""

JUDGED = ", ".join(("verdict", cut("judged_by", LONGEST_NAME), cut("note", LONGEST_LINE)))
"""SQL of the last verdict on a ride; without one they are NULL."""

VERDICTS = (
    "(select ride_id, verdict, judged_by, note from ride_verdicts where ride_date = $ride_date)"
)
"""SQL of the verdicts on the day's rides."""

MEASURED = (
    "ride_dist, ride_time, mph, expected_minutes, times_expected, severity, likely_reason, "
    "pickup_local, anomaly_kind, record_number"
)
"""SQL of what was measured of a ride."""

WORST_RIDES = f"""
with ranked as (
    select *, {EXTREMENESS} as extremeness,
        row_number() over (
            partition by likely_reason order by extremeness desc, record_number
        ) as place_in_reason
    from anomalous_rides
    where ride_date = $ride_date
)
select {MEASURED}, extremeness, {TOLD}, {JUDGED}
from ranked
left join {VERDICTS} as verdicts using (ride_id)
order by place_in_reason > 1, extremeness desc, record_number
limit $most
"""

AREAS_OF_DAY = f"""
select {cut("area", LONGEST_NAME)}, rides, anomalous_rides, anomalous_share, times_city, stands_out,
    usual_share_low, usual_share_high
from area_days
where ride_date = $ride_date
order by stands_out desc, beyond_city desc, area
"""

VERDICTS_OF_WEEKS = """
select dimension, value, judged_rides, confirmed_rides, confirmed_share
from verdict_precision
where ride_date = $ride_date
order by array_position(['all', 'kind', 'severity', 'reason'], dimension), judged_rides desc, value
"""

INCIDENTS_OF_DAY = f"""
select incident_id, {cut("area", LONGEST_NAME)}, starts_local, ends_local, category, item_id,
    {cut("what", LONGEST_LINE)}, rides, anomalous_rides, minutes_lost
from incidents
where ride_date = $ride_date
order by minutes_lost desc nulls last, anomalous_rides desc, incident_id
"""


def rows(connection: duckdb.DuckDBPyConnection, query: str, **parameters: Any) -> list[Row]:
    """The rows of a query, each by its columns' names."""
    result = connection.execute(query, parameters)
    names = [column[0] for column in result.description]
    return [dict(zip(names, values, strict=True)) for values in result.fetchall()]


def _groups(connection: duckdb.DuckDBPyConnection, ride_date: datetime.date) -> list[Group]:
    """The clusters, and with the label NULL all of them together."""
    found = rows(
        connection,
        """
        select label, count(*) as rides, sum(ride_dist) as miles, sum(ride_time) as hours,
            quantile_cont(ride_dist, [0.05, 0.5, 0.95, 1]) as ride_miles,
            quantile_cont(ride_time, [0.05, 0.5, 0.95, 1]) as ride_hours
        from rides
        where ride_date = $ride_date
        group by grouping sets ((is_anomaly), (is_anomaly, label))
        having grouping(label) = 0 or not is_anomaly
        order by label nulls first
        """,
        ride_date=ride_date,
    )
    return [Group(**row) for row in found]


def _counts(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, ride_date: datetime.date
) -> dict[str, int]:
    counted = rows(
        connection,
        f"select {column} as name, count(*) as number from {table} where ride_date = $ride_date "
        "group by all order by number desc, name",
        ride_date=ride_date,
    )
    return {row["name"]: row["number"] for row in counted}
