"""Measure whether summaries are about the rides that they belong to.

Run ``python benchmarks/summary_quality.py [FOLDER]``. Simulated days, half of them with planted
incidents, are built with dbt twice: without a language model, and with a scripted server that
quotes the bulletins of the ride's area. FOLDER holds real days, as the lake has them, which are
built without a model. What is published is scored against the lake. The figures go to
``docs/benchmarks/summary_quality.json``, and the page is made anew from it; those of real days stay
as they are without a folder.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import page
import yaml
from measure import machine, run
from workplace import DBT, ROOT, environment

sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "tests"))

from summary_scores import Item, Ride, Share, holds, same_area, says_nothing, score_day, summed
from support.chat_server import ChatServer, Handler, answer

from dbt_project.simulate.rides import DELAYED_BY_INCIDENT
from dbt_project.simulate.texts import WORLD_NEWS
from dbt_project.simulate.world import CITY_TIME_ZONE, make_world
from dbt_project.summaries.sentences import split_sentences

FIRST_DAY = dt.date(2023, 1, 18)
DAYS_APART = 37
"""So that days differ in weekday and season."""
FIRST_SEED = 101
INCIDENTS = 3
NEVER_DELAYED = ("long_distance", "long_time", "zero_distance")
"""Kinds of injected rides that no bulletin has to do with."""
STRONG_WIND = 25
"""What the simulator calls a strong wind, miles per hour."""

HALF_A_DAY = dt.timedelta(hours=12)
"""What holds in the whole city for so long is told of the day and not of a ride."""

SIDE_FILES = ("traffic", "weather", "news")
STARTS = ("started_at", "observed_at", "published_at")
NUMBERED_BULLETIN = re.compile(r"^(\d+)\. \[traffic, (?!city-wide)[^\]]*\] (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Day:
    """A day to build and score.

    Attributes
    ----------
    date : date
    city : str
    time_zone : str
        By its IANA name.
    lake, truth : Path
        Folders.
    is_world_news : callable
        Tells of an item whether it has nothing to do with the city.
    seed : int or None
        Of the simulator; None for a real day.
    """

    date: dt.date
    city: str
    time_zone: str
    lake: Path
    truth: Path
    is_world_news: Callable[[Item], bool]
    seed: int | None = None

    @property
    def name(self) -> str:
        """The date as file names have it."""
        return self.date.strftime("%Y%m%d")

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.time_zone)


# The days -----------------------------------------------------------------------------------------


def simulated_days(folder: Path, days: int, rides: int) -> Iterator[Day]:
    """Write days of other seeds, every other one with incidents."""
    for number in range(days):
        date = FIRST_DAY + dt.timedelta(days=DAYS_APART * number)
        day = Day(
            date,
            "Glasgow",
            CITY_TIME_ZONE,
            folder / "lake",
            folder / "truth",
            lambda item: item.text in WORLD_NEWS,
            FIRST_SEED + number,
        )
        options = {
            "--date": day.name,
            "--rides": rides,
            "--seed": day.seed,
            "--incidents": 0 if number % 2 else INCIDENTS,
            "--lake": day.lake,
            "--truth": day.truth,
        }
        words = [str(word) for option in options.items() for word in option]
        run([sys.executable, "-m", "dbt_project.simulate", *words], environment(), ROOT)
        yield day


def real_days(source: Path, folder: Path, city: str, time_zone: str) -> Iterator[Day]:
    """Copy real days, so that nothing is written beside them."""
    lake = folder / "real_lake"
    lake.mkdir()
    for file in sorted(source.glob("*-*.json*")):
        shutil.copy(file, lake)
    dates = {re.sub(r".*-(\d{8}).*", r"\1", file.name) for file in lake.glob("taxi-rides-*")}
    for name in sorted(dates):
        date = dt.datetime.strptime(name, "%Y%m%d").date()
        yield Day(date, city, time_zone, lake, folder / "no_truth", foreign_to(city))


def foreign_to(city: str) -> Callable[[Item], bool]:
    """Return what tells headlines that name neither the city nor an area of it."""
    return lambda item: (
        item.kind == "news" and not item.area and city.casefold() not in item.text.casefold()
    )


def build(day: Day, folder: Path, **variables: str) -> None:
    """Build a day into the warehouse of a folder."""
    places = {
        "LAKE_URL": str(day.lake),
        "LAKE_OUTPUT_URL": str(folder / "output"),
        "WAREHOUSE_DIR": str(folder / "warehouse"),
    }
    settings = {"date": day.name, "city": day.city, "time_zone": day.time_zone}
    folders = ["--target-path", folder / "target", "--log-path", folder / "logs"]
    command = [DBT, "build", "--vars", json.dumps(settings), *folders]
    run(command, environment(**places, **variables), ROOT)


def quote_bulletins(handler: Handler) -> None:
    """Answer as a model that repeats the first three bulletins of the area."""
    bulletins = NUMBERED_BULLETIN.findall(handler.call.text)[:3]
    sentences = [
        {"text": split_sentences(text)[0], "items": [int(number)]} for number, text in bulletins
    ]
    category = "closure" if sentences else "none"
    answer(json.dumps({"sentences": sentences, "category": category}))(handler)


# What the lake holds ------------------------------------------------------------------------------


def items_of(day: Day, news_minutes: int) -> list[Item]:
    """Read the items of a day's files, and what the simulator knows of them."""
    items = [item for kind in SIDE_FILES for item in read_items(day, kind, news_minutes)]
    if day.seed is None:
        return items
    weather = iter(make_world(day.date, day.seed).weather)
    return [
        replace(item, matters=is_bad(next(weather)) if item.kind == "weather" else matters(item))
        for item in items
    ]


def matters(item: Item) -> bool:
    """Tell whether a bulletin or a headline is more than what holds in the city all day."""
    if item.area is not None:
        return True
    lasts = item.ends_at - item.starts_at if item.starts_at and item.ends_at else None
    return item.kind == "traffic" and lasts is not None and lasts < HALF_A_DAY


def is_bad(hour: Any) -> bool:
    """Tell whether an hour of simulated weather may be told of."""
    return bool(hour.rain or hour.conditions or hour.wind >= STRONG_WIND)


def read_items(day: Day, kind: str, news_minutes: int) -> list[Item]:
    """Read a file of the lake; a time that is the day's midnight is no time."""
    file = day.lake / f"{kind}-{day.name}.json"
    records = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    midnight = dt.datetime.combine(day.date, dt.time())
    starts = [local_time(record, STARTS, day.zone) for record in records]
    ends = [local_time(record, ["ended_at"], day.zone) for record in records]
    if kind == "weather":
        # An observation is in force until the next one; the only one of a day is the day's.
        ends = [*starts[1:], None]
        starts = starts if len(starts) > 1 else [None] * len(starts)
    items = []
    for record, start, end in zip(records, starts, ends, strict=True):
        start = None if kind != "weather" and start == midnight else start
        if kind == "news" and start:
            end = start + dt.timedelta(minutes=news_minutes)
        items.append(Item(kind, record.get("area"), start, end, record["text"]))
    return items


def local_time(record: dict[str, Any], names: Iterable[str], zone: ZoneInfo) -> dt.datetime | None:
    """Read the first of the fields that is there, by the city's clocks."""
    written = next((record[name] for name in names if record.get(name)), None)
    if written is None:
        return None
    time = dt.datetime.fromisoformat(written)
    return time.astimezone(zone).replace(tzinfo=None) if time.tzinfo else time


# What is published --------------------------------------------------------------------------------


def rides_of(day: Day, warehouse: duckdb.DuckDBPyConnection, minutes: int) -> list[Ride]:
    """Read a day's anomalous rides and the incidents that the truth names for them."""
    bulletins = truth_of(day)
    query = (
        "SELECT ride_id, area, pickup_local, ride_time, summary FROM anomalous_rides "
        "WHERE ride_date = ? ORDER BY record_number"
    )
    return [
        Ride(area, *hours_of(day, pickup, hours, minutes), summary, bulletins.get(ride_id))
        for ride_id, area, pickup, hours, summary in warehouse.execute(query, [day.date]).fetchall()
    ]


def truth_of(day: Day) -> dict[str, str]:
    """Return the bulletin of each ride that a planted incident delayed."""
    planted = {row["incident"]: row["text"] for row in read_truth(day, "incidents")}
    return {
        row["ride_id"]: planted[row["incident"]]
        for row in read_truth(day, "truth")
        if "incident" in row
    }


def read_truth(day: Day, name: str) -> list[dict[str, str]]:
    """Read a file of the truth; empty if there is none."""
    file = day.truth / f"{name}-{day.name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else []


def hours_of(
    day: Day, pickup: dt.datetime | None, hours: float, minutes: int
) -> tuple[dt.datetime, dt.datetime]:
    """Return the whole periods of a ride, as contexts have them; the day if nobody knows."""
    midnight = dt.datetime.combine(day.date, dt.time())
    if pickup is None:
        return midnight, midnight + dt.timedelta(days=1)
    period = dt.timedelta(minutes=minutes)
    end = pickup + dt.timedelta(hours=hours) - midnight
    return midnight + (pickup - midnight) // period * period, midnight - (-end // period) * period


def product_scores(
    day: Day, warehouse: duckdb.DuckDBPyConnection, minutes: int
) -> dict[str, Share]:
    """Score what the product says itself of items, incidents and reasons."""
    return {
        "without_items": summaries_without_items(day, warehouse),
        "strange_items": strange_items(day, warehouse, minutes),
        "incidents": found_incidents(day, warehouse),
        "delayed": said_to_be_delayed(day, warehouse, DELAYED_BY_INCIDENT),
        "not_delayed": said_to_be_delayed(day, warehouse, *NEVER_DELAYED),
    }


def summaries_without_items(day: Day, warehouse: duckdb.DuckDBPyConnection) -> Share:
    """Count the summaries that tell of something, and those of them that name no item."""
    query = "SELECT summary, len(item_ids) FROM anomalous_rides WHERE ride_date = ?"
    telling = [
        count
        for summary, count in warehouse.execute(query, [day.date]).fetchall()
        if not says_nothing(summary)
    ]
    return Share(sum(not count for count in telling), len(telling))


def strange_items(day: Day, warehouse: duckdb.DuckDBPyConnection, minutes: int) -> Share:
    """Count the items of anomalous rides, and those of other hours or areas."""
    query = """
        SELECT
            rides.area, rides.pickup_local, rides.ride_time,
            items.kind, items.area, items.starts_at AT TIME ZONE ?, items.ends_at AT TIME ZONE ?
        FROM anomalous_rides AS rides
        INNER JOIN ride_circumstances AS items USING (ride_date, context_id)
        WHERE ride_date = ?
    """
    found = warehouse.execute(query, [day.time_zone, day.time_zone, day.date]).fetchall()
    strange = [
        not holds(Item(*item, ""), Ride(area, *hours_of(day, pickup, hours, minutes), ""))
        for area, pickup, hours, *item in found
    ]
    return Share(sum(strange), len(strange))


def found_incidents(day: Day, warehouse: duckdb.DuckDBPyConnection) -> Share:
    """Count the planted incidents with two anomalous rides or more, and those published."""
    ids = "SELECT ride_id FROM anomalous_rides WHERE ride_date = ?"
    anomalous = {ride_id for (ride_id,) in warehouse.execute(ids, [day.date]).fetchall()}
    delayed = [
        row["incident"]
        for row in read_truth(day, "truth")
        if "incident" in row and row["ride_id"] in anomalous
    ]
    planted = [row for row in read_truth(day, "incidents") if delayed.count(row["incident"]) > 1]
    query = "SELECT area, what FROM incidents WHERE ride_date = ?"
    published = warehouse.execute(query, [day.date]).fetchall()
    found = [
        any(same_area(area, row["area"]) and what == row["text"] for area, what in published)
        for row in planted
    ]
    return Share(sum(found), len(found))


def said_to_be_delayed(day: Day, warehouse: duckdb.DuckDBPyConnection, *kinds: str) -> Share:
    """Count the anomalous rides of some kinds, and those that are said to be delayed."""
    kind_of = {row["ride_id"]: row["kind"] for row in read_truth(day, "truth")}
    query = "SELECT ride_id, likely_reason FROM anomalous_rides WHERE ride_date = ?"
    reasons = [
        reason
        for ride_id, reason in warehouse.execute(query, [day.date]).fetchall()
        if kind_of.get(ride_id) in kinds
    ]
    return Share(sum(reason.startswith("delayed") for reason in reasons), len(reasons))


# The measurement ----------------------------------------------------------------------------------


def score(days: Iterable[Day], folder: Path, **variables: str) -> dict[str, Any]:
    """Build days into a folder's warehouse and score what is published."""
    settings = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    minutes = int(settings["context_minutes"])
    news_minutes = int(settings["news_minutes"])
    scores, rides_in_all, count = [], 0, 0
    for day in days:
        print(f"{folder.name}: {day.name}", flush=True)
        build(day, folder, **variables)
        with duckdb.connect(str(folder / "warehouse" / "taxi.duckdb"), read_only=True) as warehouse:
            rides = rides_of(day, warehouse, minutes)
            items = items_of(day, news_minutes)
            scores.append(score_day(rides, items, day.is_world_news))
            scores.append(product_scores(day, warehouse, minutes))
        rides_in_all += len(rides)
        count += 1
    return {"days": count, "rides": rides_in_all, "scores": summed(scores)}


def parsed_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("folder", type=Path, nargs="?", help="real days, as the lake has them")
    add("--city", default="New York", help="of the real days (default %(default)s)")
    add("--time-zone", default="America/New_York", help="of the real days (default %(default)s)")
    add("--days", type=int, default=8, help="simulated days (default %(default)s)")
    add("--rides", type=int, default=1000, help="rides of each (default %(default)s)")
    add("--docs", type=Path, default=page.DOCS, help="where the results go (default docs)")
    return parser.parse_args()


def measured_ways(
    options: argparse.Namespace, folder: Path
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Score each way on the days that it is tried on."""
    days = list(simulated_days(folder, options.days, options.rides))
    yield "extractive", score(days, folder / "extractive")
    with ChatServer(otherwise=quote_bulletins) as server:
        model = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "of-the-scripted-server"}
        yield "scripted", score(days, folder / "scripted", **model)
    if options.folder:
        real = real_days(options.folder, folder, options.city, options.time_zone)
        figures = score(real, folder / "real")
        # Nobody knows what delayed a real ride, and what did not.
        for unknown in ("named", "nothing", "incidents", "delayed", "not_delayed"):
            figures["scores"].pop(unknown)
        yield "real", figures


def main() -> None:
    """Measure, keep the figures, make the page and print its table."""
    options = parsed_options()
    file = page.results_folder(options.docs) / "summary_quality.json"
    ways = json.loads(file.read_text(encoding="utf-8"))["ways"] if file.exists() else {}
    results = {
        "machine": machine(),
        "command": "python benchmarks/summary_quality.py",
        "rides": options.rides,
        "ways": ways,
    }
    with tempfile.TemporaryDirectory() as folder:
        for way, figures in measured_ways(options, Path(folder)):
            ways[way] = figures
            file.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    page.write(options.docs)
    print(page.quality_table(results))


if __name__ == "__main__":
    main()
