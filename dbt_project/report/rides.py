"""The anomalous rides one by one: the table's rows, and the marks in the picture."""

import datetime
from dataclasses import dataclass

import duckdb

from dbt_project.report.facts import EXTREMENESS, JUDGED, MEASURED, TOLD, VERDICTS, Row, cut, rows
from dbt_project.report.hours import PICKUP_HOUR

MARKS = 4_000
"""The most marks in the picture: anomalies closer than can be seen share one."""
OF_AN_INCIDENT = 3  # rides that are in the table whatever others there are
LONGEST_RECORD = 2_000  # characters of a raw record that are shown
LONGEST_ID = 1_000  # characters of a ride's id that a verdict can name
LONGEST_TEXTS = 12_000  # characters of a context's news, weather or traffic that are shown

# Both axes are linear near zero and logarithmic far away: a ride of no distance has its place as
# well as one of a hundred miles, 24 hours as well as five minutes.
LINEAR_MILES = 1.0
LINEAR_MINUTES = 10.0
ACROSS = f"asinh(ride_dist / {LINEAR_MILES})"
UPWARD = f"asinh(ride_time * 60 / {LINEAR_MINUTES})"

_FINEST_CELL = 0.02  # of the axes' units, less than a tenth of a mark


@dataclass(frozen=True)
class Picture:
    """What the picture of distance against time shows."""

    cells: list[Row]
    """across and upward, whole numbers of `cell`; label; rides; and their mean miles, hours."""
    cell: float
    marks: list[Row]
    """What was measured of a ride, ride_id, area, summary, extremeness, and others: rides that
    share the mark."""
    spread: Row
    """miles and hours: the standard deviations that the clustering divides by."""
    largest: Row
    """miles and hours of all rides; None without rides."""


def read_picture(connection: duckdb.DuckDBPyConnection, ride_date: datetime.date) -> Picture:
    """Read the day's rides, added up so that a million take no more room than some hundreds."""
    cell = 0.06
    cells = rows(
        connection,
        f"""
        select floor({ACROSS} / {cell})::int as across, floor({UPWARD} / {cell})::int as upward,
            label, count(*) as rides, avg(ride_dist) as miles, avg(ride_time) as hours
        from rides
        where ride_date = $ride_date and not is_anomaly
        group by across, upward, label
        order by label, across, upward
        """,
        ride_date=ride_date,
    )
    spread = rows(
        connection,
        "select stddev_pop(ride_dist) as miles, stddev_pop(ride_time) as hours, "
        "max(ride_dist) as largest_miles, max(ride_time) as largest_hours "
        "from rides where ride_date = $ride_date",
        ride_date=ride_date,
    )[0]
    largest = {"miles": spread.pop("largest_miles"), "hours": spread.pop("largest_hours")}
    return Picture(cells, cell, _marks(connection, ride_date), spread, largest)


def _marks(connection: duckdb.DuckDBPyConnection, ride_date: datetime.date) -> list[Row]:
    """One mark for each kind and cell, with the story of the most extreme ride in it."""
    cell = _FINEST_CELL
    while True:
        marks = rows(
            connection,
            f"""
            with ranked as (
                select *, {EXTREMENESS} as extremeness, count(*) over place - 1 as others,
                    row_number() over (place order by extremeness desc, record_number)
                        as rank_in_place
                from anomalous_rides
                where ride_date = $ride_date
                window place as (
                    partition by anomaly_kind, floor({ACROSS} / {cell}), floor({UPWARD} / {cell})
                )
            )
            select {MEASURED}, others, extremeness, {TOLD}
            from ranked
            where rank_in_place = 1
            order by anomaly_kind, record_number
            """,
            ride_date=ride_date,
        )
        if len(marks) <= MARKS:
            return marks
        cell *= 1.5


def read_table(
    connection: duckdb.DuckDBPyConnection,
    ride_date: datetime.date,
    time_zone: str,
    incidents: list[str],
    most: int,
) -> list[Row]:
    """The most extreme anomalous rides, each with its raw record and that record's line.

    Of each of these incidents some rides are among them, and first, so that it has a place in
    the table however short that is.

    The line is that of the day's clustered_summarized_D.json, whose records follow its first line,
    a line each, in the order in which they came.
    """
    return rows(
        connection,
        f"""
        with ranked as (
            select ride_id, {MEASURED}, ride_minutes, pickup_at, area, context_id, incident_id,
                summary, {EXTREMENESS} as extremeness,
                row_number() over (
                    partition by incident_id order by extremeness desc, record_number
                ) as place_in_incident
            from anomalous_rides
            where ride_date = $ride_date
        ),
        worst as (
            select * exclude place_in_incident, (
                place_in_incident <= {OF_AN_INCIDENT}
                and incident_id in (select unnest($incidents))
            ) is true as is_first_of_incident
            from ranked
            order by is_first_of_incident desc, extremeness desc, record_number
            limit $most
        ),
        -- a rejected record has no line in the export
        rejected as (
            select record_number, row_number() over (order by record_number) as records
            from rejected_rides
            where ride_date = $ride_date
        )
        select worst.* exclude (ride_id, area, summary, pickup_at), {PICKUP_HOUR} as hour, {TOLD},
            case when length(ride_id) <= {LONGEST_ID} then ride_id end as whole_id, {JUDGED},
            left(records.record, {LONGEST_RECORD}) as record,
            length(records.record) > {LONGEST_RECORD} as is_cut,
            1 + worst.record_number - coalesce(rejected.records, 0) as line
        from worst
        left join {VERDICTS} as verdicts using (ride_id)
        join stg_lake__ride_records as records on worst.record_number = records.record_number
        asof left join rejected on worst.record_number > rejected.record_number
        order by is_first_of_incident desc, extremeness desc, worst.record_number
        """,
        ride_date=ride_date,
        time_zone=time_zone,
        incidents=incidents,
        most=most,
    )


def read_contexts(
    connection: duckdb.DuckDBPyConnection, ride_date: datetime.date, identifiers: list[str]
) -> list[Row]:
    """The circumstances of these contexts, those of the most anomalous rides first."""
    texts = ", ".join(cut(name, LONGEST_TEXTS) for name in ("news", "weather", "traffic"))
    return rows(
        connection,
        f"select context_id, anomalous_rides as rides, {texts} from ride_contexts "
        "where ride_date = $ride_date and context_id in (select unnest($identifiers)) "
        "order by rides desc, context_id",
        ride_date=ride_date,
        identifiers=identifiers,
    )
