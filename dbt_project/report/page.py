"""The page itself: a day's figures, pictures and table put into the template."""

import base64
import datetime
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
from markupsafe import Markup

from dbt_project.report import charts, figures, report_name, words
from dbt_project.report.exports import Exports
from dbt_project.report.facts import HISTORY_DAYS, LONGEST_NAME, Facts, Row, cut, read_facts, rows
from dbt_project.report.hours import Hours, read_hours
from dbt_project.report.kinds import ANOMALY_KINDS
from dbt_project.report.rides import MARKS, Picture, read_contexts, read_picture, read_table
from dbt_project.report.templating import asset, in_words, template

LARGEST_PAGE = 1_900_000  # bytes
MOST_RIDES = 1_000
"""In the table; of a day with more the most extreme ones, and fewer if the page would not fit."""
STORIES = MARKS // MOST_RIDES
"""Marks with a story for each ride in the table: fewer of both if the page would not fit."""

PRINTED_RIDES = 40

KIND_OF = {kind.name: kind for kind in ANOMALY_KINDS}


@dataclass
class RideGroup:
    """Rides of the table that share one text."""

    summary: str
    incident: Row | None
    """What they have in common; None if nothing."""
    name: str | None
    """Where a link to the incident leads; None if it leads to another group of the same."""
    rides: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class DayPage:
    """What the page of a day shows, read and drawn once for all places where the page goes."""

    facts: Facts
    picture: Picture
    hours: Hours
    table: list[Row]
    contexts: list[Row]
    rides_svg: Markup | None
    city: str
    eps: float

    def render(self, exports: Exports) -> str:
        """Make the page for one place.

        Returns
        -------
        str
            HTML that needs nothing but itself, under `LARGEST_PAGE`.
        """
        most = MOST_RIDES
        while True:
            page = self._render(exports, most)
            if len(page.encode()) <= LARGEST_PAGE or not most:
                return page
            most = most * 4 // 5

    def _render(self, exports: Exports, most: int) -> str:
        """Make the page with at most so many rides in the table."""
        ride_date = self.facts.ride_date
        table = sorted(self.table[:most], key=lambda row: -row["extremeness"])
        told = {row["context_id"] for row in table}
        contexts = [row for row in self.contexts if row["context_id"] in told]
        groups = group_rides(table, self.facts.incidents)
        return template("report.html.j2").render(
            **in_words(self.facts),
            city=self.city,
            rides_svg=self.rides_svg,
            facts=self.facts,
            hours=self.hours,
            hours_chart=charts.hours_chart(self.hours) if self._has_hours else None,
            hour_told=charts.hour_told,
            weeks_chart=charts.weeks_chart(self.facts.history, ride_date),
            day_told=charts.day_told,
            labels=_named_groups(self.facts),
            table=table,
            groups=groups,
            printed=PRINTED_RIDES,
            anchors={words.anchor(row) for row in table},
            incidents_in_table={group.name for group in groups},
            contexts=contexts,
            places={row["context_id"]: place for place, row in enumerate(contexts, 1)},
            marks=_stories(self.picture, table, ride_date, STORIES * most),
            shared_marks=sum(row["others"] for row in self.picture.marks),
            eps=self.eps,
            exports=exports,
            labelled=f"clustered_data_{ride_date:%Y%m%d}.json",
            verdicts=f"ride-verdicts-{ride_date:%Y%m%d}",
            summarised=f"clustered_summarized_{ride_date:%Y%m%d}.json",
            kinds=ANOMALY_KINDS,
            kind_of=KIND_OF,
            points={kind.slug: figures.mark_points(kind.marker) for kind in ANOMALY_KINDS},
            style=asset("style.css"),
            script=asset("report.js"),
            script_hash=_content_hash(asset("report.js")),
        )

    @property
    def _has_hours(self) -> bool:
        return any(hour.rides for hour in self.hours.hours)


def read_page(
    connection: duckdb.DuckDBPyConnection,
    ride_date: datetime.date,
    city: str,
    time_zone: str,
    eps: float,
) -> DayPage:
    """Read and draw what the page of a day that has been built shows.

    Parameters
    ----------
    connection
        Finds the marts and the staging tables by their plain names.
    date
        The day.
    city, time_zone
        What the configuration calls them.
    eps
        The clustering's radius in standard deviations.

    Raises
    ------
    UserError
        If the day has not been built.
    """
    facts = read_facts(connection, ride_date)
    picture = read_picture(connection, ride_date)
    hours = read_hours(connection, ride_date, time_zone)
    incidents = [row["incident_id"] for row in facts.incidents]
    table = read_table(connection, ride_date, time_zone, incidents, MOST_RIDES)
    contexts = read_contexts(connection, ride_date, sorted({row["context_id"] for row in table}))
    rides_svg = None
    if facts.report["rides"]:
        with figures.in_style():
            rides_svg = Markup(figures.draw_rides(picture, eps))
    return DayPage(facts, picture, hours, table, contexts, rides_svg, city, eps)


def group_rides(table: Sequence[Row], incidents: Sequence[Row]) -> list[RideGroup]:
    """Put rides that share an incident and a summary together, in the order of their first ones.

    Groups of one incident stay together; the first of them has its name.
    """
    of_id = {row["incident_id"]: (place, row) for place, row in enumerate(incidents, 1)}
    groups: dict[object, dict[str, RideGroup]] = {}
    for ride in table:
        place, incident = of_id.get(ride["incident_id"], (None, None))
        alike = groups.setdefault(place or ride["summary"], {})
        if ride["summary"] not in alike:
            name = f"incident-{place}" if place and not alike else None
            alike[ride["summary"]] = RideGroup(ride["summary"], incident, name)
        alike[ride["summary"]].rides.append(ride)
    return [group for alike in groups.values() for group in alike.values()]


def render_index(connection: duckdb.DuckDBPyConnection, city: str, names: Iterable[str]) -> str:
    """Make the page of all days; a day has a link if the name of its page is among `names`."""
    there = set(names)
    days = rows(connection, DAYS)
    highest = max((row["anomalous_share"] or 0 for row in days), default=0)
    for day in days:
        name = report_name(day["ride_date"])
        day["page"] = name if name in there else None
        day["month"] = f"{day['ride_date']:%Y-%m}"
        day["name"] = f"{day['ride_date']:%a} {day['ride_date'].day} {day['ride_date']:%b}"
        day["chart"] = charts.range_chart(day, highest)
    return template("index.html.j2").render(
        city=city,
        days=days,
        chart=charts.weeks_chart(days[:HISTORY_DAYS][::-1]),
        style=asset("style.css"),
        script=asset("index.js"),
        script_hash=_content_hash(asset("index.js")),
    )


DAYS = f"""
with worst_areas as (
    select ride_date, arg_max(area, beyond_city) as area
    from area_days
    where stands_out
    group by ride_date
)
select days.ride_date, rides, anomalous_rides, anomalous_share, verdict, usual_share_low,
    usual_share_high, times_usual, warnings, coalesce(caveats, []) as caveats,
    {cut("area", LONGEST_NAME)}
from daily_reports as days
left join worst_areas on days.ride_date = worst_areas.ride_date
order by days.ride_date desc
"""


def _named_groups(facts: Facts) -> list[tuple[str, Any]]:
    """The lines of the table of normal and anomalous rides."""
    named = [("Normal", facts.normal), ("Anomalous", facts.anomalous)]
    if len(facts.groups) > 1:
        named[1:1] = [
            (f"Normal, group {place}", group) for place, group in enumerate(facts.groups, 1)
        ]
    return [(name, group) for name, group in named if group]


def _stories(picture: Picture, table: list[Row], ride_date: datetime.date, most: int) -> Row | None:
    """What each mark tells, in the order in which the marks are drawn; 0 for one without a story.

    The most extreme marks have one, at most so many.
    """
    if not picture.marks:
        return None
    in_table = {row["record_number"] for row in table}
    extreme = sorted(picture.marks, key=lambda row: row["extremeness"], reverse=True)
    told = {row["record_number"] for row in extreme[:most]}
    summaries: dict[str, int] = {}
    kinds: dict[str, list[list[Any] | int]] = {}
    for row in picture.marks:
        stories = kinds.setdefault(KIND_OF[row["anomaly_kind"]].slug, [])
        if row["record_number"] not in told:
            stories.append(0)
            continue
        pickup = words.clock(row["pickup_local"], ride_date) if row["pickup_local"] else ""
        facts = [words.miles(row["ride_dist"]) + " in " + words.duration(row["ride_time"])]
        facts += [text for text in (pickup, row["area"]) if text]
        why = [row["severity"], row["likely_reason"], words.speed(row)]
        stories.append(
            [
                row["ride_id"],
                ", ".join(facts),
                ", ".join(text for text in why if text),
                summaries.setdefault(row["summary"], len(summaries)),
                row["others"],
                words.anchor(row) if row["record_number"] in in_table else 0,
            ]
        )
    names = {kind.slug: kind.name for kind in ANOMALY_KINDS}
    return {"names": names, "summaries": list(summaries), "kinds": kinds}


def _content_hash(text: str) -> str:
    """What names an inline script to the browser's content security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
