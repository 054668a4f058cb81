"""The page itself: a day's figures, pictures and table put into the template."""

import base64
import datetime
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb
from markupsafe import Markup

from dbt_project.report import figures, report_name, words
from dbt_project.report.exports import Exports
from dbt_project.report.facts import Facts, Row, read_facts, rows
from dbt_project.report.hours import Hours, read_hours
from dbt_project.report.kinds import KINDS
from dbt_project.report.rides import MARKS, Picture, read_contexts, read_picture, read_table
from dbt_project.report.templating import asset, in_words, template

LARGEST_PAGE = 1_900_000  # bytes
MOST_RIDES = 1_000
"""In the table; of a day with more the most extreme ones, and fewer if the page would not fit."""
STORIES = MARKS // MOST_RIDES
"""Marks with a story for each ride in the table: fewer of both if the page would not fit."""

KIND_OF = {kind.name: kind for kind in KINDS}


@dataclass(frozen=True)
class DayPage:
    """What the page of a day shows, read and drawn once for all places where the page goes."""

    facts: Facts
    picture: Picture
    hours: Hours
    table: list[Row]
    contexts: list[Row]
    drawings: dict[str, Markup | None]
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
            most //= 2

    def _render(self, exports: Exports, most: int) -> str:
        """Make the page with at most so many rides in the table."""
        date, table = self.facts.date, self.table[:most]
        told = {row["context_id"] for row in table}
        contexts = [row for row in self.contexts if row["context_id"] in told]
        return template("report.html.j2").render(
            **in_words(self.facts),
            city=self.city,
            **self.drawings,
            facts=self.facts,
            hours=self.hours,
            groups=_named_groups(self.facts),
            table=table,
            contexts=contexts,
            places={row["context_id"]: place for place, row in enumerate(contexts, 1)},
            marks=_stories(self.picture, table, date, STORIES * most),
            shared_marks=sum(row["others"] for row in self.picture.marks),
            eps=self.eps,
            exports=exports,
            labelled=f"clustered_data_{date:%Y%m%d}.json",
            summarised=f"clustered_summarized_{date:%Y%m%d}.json",
            kinds=KINDS,
            kind_of=KIND_OF,
            points={kind.slug: figures.mark_points(kind.marker) for kind in KINDS},
            style=asset("style.css"),
            script=asset("report.js"),
            script_hash=_content_hash(asset("report.js")),
        )


def read_page(
    connection: duckdb.DuckDBPyConnection,
    date: datetime.date,
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
    facts = read_facts(connection, date)
    picture = read_picture(connection, date)
    hours = read_hours(connection, date, time_zone)
    table = read_table(connection, date, MOST_RIDES)
    contexts = read_contexts(connection, date, sorted({row["context_id"] for row in table}))
    has_rides = bool(facts.report["rides"])
    has_hours = any(hour.rides for hour in hours.hours)
    with figures.in_style():
        drawings = {
            "rides_svg": Markup(figures.draw_rides(picture, eps)) if has_rides else None,
            "hours_svg": Markup(figures.draw_hours(hours)) if has_hours else None,
            "trend_svg": Markup(figures.draw_trend(facts.history, date))
            if len(facts.history) > 1
            else None,
        }
    return DayPage(facts, picture, hours, table, contexts, drawings, city, eps)


def render_index(connection: duckdb.DuckDBPyConnection, city: str, names: Iterable[str]) -> str:
    """Make the page of all days; a day has a link if the name of its page is among `names`."""
    there = set(names)
    days = rows(
        connection,
        "select ride_date, rides, anomalous_rides, anomalous_share, rejected_rides, warnings "
        "from daily_reports order by ride_date desc",
    )
    for day in days:
        name = report_name(day["ride_date"])
        day["page"] = name if name in there else None
        day["month"] = f"{day['ride_date']:%Y-%m}"
        day["name"] = f"{day['ride_date']:%a} {day['ride_date'].day} {day['ride_date']:%b}"
    return template("index.html.j2").render(city=city, days=days, style=asset("style.css"))


def _named_groups(facts: Facts) -> list[tuple[str, Any]]:
    """The lines of the table of normal and anomalous rides."""
    named = [("Normal", facts.normal), ("Anomalous", facts.anomalous)]
    if len(facts.groups) > 1:
        named[1:1] = [
            (f"Normal, group {place}", group) for place, group in enumerate(facts.groups, 1)
        ]
    return [(name, group) for name, group in named if group]


def _stories(picture: Picture, table: list[Row], date: datetime.date, most: int) -> Row | None:
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
        pickup = words.clock(row["pickup_local"], date) if row["pickup_local"] else ""
        facts = [words.miles(row["ride_dist"]) + " in " + words.duration(row["ride_time"])]
        facts += [text for text in (pickup, row["area"]) if text]
        stories.append(
            [
                row["ride_id"],
                ", ".join(facts),
                summaries.setdefault(row["summary"], len(summaries)),
                row["others"],
                row["record_number"] if row["record_number"] in in_table else 0,
            ]
        )
    names = {kind.slug: kind.name for kind in KINDS}
    return {"names": names, "summaries": list(summaries), "kinds": kinds}


def _content_hash(text: str) -> str:
    """What names an inline script to the browser's content security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
