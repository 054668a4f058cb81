"""The page itself: a day's figures, pictures and table put into the template."""

import base64
import datetime
import hashlib
from collections.abc import Iterable
from typing import Any

import duckdb
from markupsafe import Markup

from dbt_project.report import figures, report_name, words
from dbt_project.report.facts import Facts, Row, read_facts, rows
from dbt_project.report.hours import read_hours
from dbt_project.report.kinds import KINDS
from dbt_project.report.rides import Picture, read_contexts, read_picture, read_table
from dbt_project.report.templating import asset, in_words, template

LARGEST_PAGE = 1_900_000  # bytes
MOST_RIDES = 1_000
"""In the table; of a day with more the most extreme ones, and fewer if the page would not fit."""

KIND_OF = {kind.name: kind for kind in KINDS}


def render_report(
    connection: duckdb.DuckDBPyConnection,
    date: datetime.date,
    city: str,
    time_zone: str,
    eps: float,
) -> str:
    """Make the page of a day that has been built.

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

    Returns
    -------
    str
        HTML that needs nothing but itself, under `LARGEST_PAGE`.

    Raises
    ------
    UserError
        If the day has not been built.
    """
    facts = read_facts(connection, date)
    picture = read_picture(connection, date)
    hours = read_hours(connection, date, time_zone)
    table = read_table(connection, date, MOST_RIDES)
    has_rides = bool(facts.report["rides"])
    with figures.in_style():
        drawn = {
            "rides_svg": has_rides and Markup(figures.draw_rides(picture, eps)),
            "hours_svg": any(hour.rides for hour in hours.hours)
            and Markup(figures.draw_hours(hours)),
            "trend_svg": len(facts.history) > 1 and Markup(figures.draw_trend(facts.history, date)),
        }
    while True:
        contexts = read_contexts(connection, date, sorted({row["context_id"] for row in table}))
        page = template("report.html.j2").render(
            **in_words(facts),
            city=city,
            **drawn,
            facts=facts,
            hours=hours,
            groups=_named_groups(facts),
            table=table,
            contexts=contexts,
            places={row["context_id"]: place for place, row in enumerate(contexts, 1)},
            marks=_stories(picture, table, date),
            shared_marks=sum(row["others"] for row in picture.marks),
            eps=eps,
            compact_date=f"{date:%Y%m%d}",
            export=f"clustered_summarized_{date:%Y%m%d}.json",
            kinds=KINDS,
            kind_of=KIND_OF,
            points={kind.slug: figures.mark_points(kind.marker) for kind in KINDS},
            style=asset("style.css"),
            script=asset("report.js"),
            script_hash=_content_hash(asset("report.js")),
        )
        if len(page.encode()) <= LARGEST_PAGE or not table:
            return page
        table = table[: len(table) // 2]


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


def _stories(picture: Picture, table: list[Row], date: datetime.date) -> Row | None:
    """What each mark tells, in the order in which the marks are drawn."""
    if not picture.marks:
        return None
    in_table = {row["record_number"] for row in table}
    summaries: dict[str, int] = {}
    kinds: dict[str, list[list[Any]]] = {}
    for row in picture.marks:
        pickup = words.clock(row["pickup_local"], date) if row["pickup_local"] else ""
        told = [words.miles(row["ride_dist"]) + " in " + words.duration(row["ride_time"])]
        told += [text for text in (pickup, row["area"]) if text]
        kinds.setdefault(KIND_OF[row["anomaly_kind"]].slug, []).append(
            [
                row["ride_id"],
                ", ".join(told),
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
