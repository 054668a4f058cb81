"""What the eval of summaries reads: the lake's items with their hours, and the hours of rides."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import duckdb
import page
import pytest
from summary_quality import (
    Day,
    foreign_to,
    hours_of,
    items_of,
    matters,
    said_to_be_delayed,
    truth_of,
)
from summary_scores import Item, Share

MIDNIGHT = dt.datetime(2023, 5, 1)
LEAK = "Gas leak on Duke Street."


def clock(time: dt.datetime | None) -> str | None:
    return time.strftime("%H:%M") if time else None


@pytest.fixture
def day(tmp_path: Path) -> Day:
    return Day(
        MIDNIGHT.date(),
        "Glasgow",
        "Europe/London",
        tmp_path,
        tmp_path,
        foreign_to("Glasgow"),
    )


def write(day: Day, name: str, *records: dict[str, Any]) -> None:
    (day.lake / f"{name}-{day.name}.json").write_text(json.dumps(records))


def test_items_have_the_hours_in_which_they_are_in_force_by_the_citys_clocks(day: Day) -> None:
    write(
        day,
        "traffic",
        {"text": LEAK, "area": "Dennistoun", "started_at": "2023-05-01T15:00:00Z"},
        {"text": "Roadworks.", "started_at": "2023-05-01T07:00", "ended_at": "2023-05-01T09:00"},
    )
    write(
        day,
        "weather",
        {"text": "Dry.", "observed_at": "2023-05-01T00:00:00+01:00"},
        {"text": "Rain.", "observed_at": "2023-05-01T01:00:00+01:00"},
    )
    write(
        day,
        "news",
        {"text": "Strike.", "published_at": "2023-05-01T06:30:00+01:00"},
        {"text": "Chess.", "published_at": "2023-05-01T00:00:00"},
    )
    read = items_of(day, news_minutes=180)
    assert [(item.text, clock(item.starts_at), clock(item.ends_at)) for item in read] == [
        (LEAK, "16:00", None),
        ("Roadworks.", "07:00", "09:00"),
        ("Dry.", "00:00", "01:00"),
        ("Rain.", "01:00", None),
        ("Strike.", "06:30", "09:30"),
        ("Chess.", None, None),
    ]


@pytest.mark.parametrize(
    ("pickup", "hours", "expected"),
    [
        ("17:10", 0.5, ("17:00", "18:00")),
        ("17:10", 0.9, ("17:00", "19:00")),
        ("17:00", 1.0, ("17:00", "18:00")),
        ("23:30", 1.0, ("23:00", "01:00")),
        (None, 0.5, ("00:00", "00:00")),
    ],
)
def test_a_ride_has_the_whole_hours_in_which_it_took_place(
    day: Day, pickup: str | None, hours: float, expected: tuple[str, str]
) -> None:
    picked_up = dt.datetime.fromisoformat(f"2023-05-01T{pickup}") if pickup else None
    start, end = hours_of(day, picked_up, hours, minutes=60)
    assert (clock(start), clock(end)) == expected
    assert end > start


def test_what_holds_in_the_city_all_day_is_not_a_rides(day: Day) -> None:
    def in_the_city(hours: int) -> Item:
        return Item("traffic", None, MIDNIGHT, MIDNIGHT + dt.timedelta(hours=hours), "M8 slow.")

    assert matters(in_the_city(3))
    assert not matters(in_the_city(12))
    assert not matters(Item("traffic", None, MIDNIGHT, None, "M8 slow."))
    assert not matters(Item("news", None, MIDNIGHT, None, "Chess."))
    assert matters(Item("traffic", "Govan", MIDNIGHT, None, "Tunnel closed."))


def test_headlines_are_world_news_unless_they_name_the_city_or_an_area(day: Day) -> None:
    def headline(text: str, area: str | None = None) -> Item:
        return Item("news", area, None, None, text)

    assert day.is_world_news(headline("Bus crash in Germany."))
    assert not day.is_world_news(headline("Fire in GLASGOW."))
    assert not day.is_world_news(headline("Fire in Duke Street.", "Dennistoun"))
    assert not day.is_world_news(Item("traffic", None, None, None, "Road closed."))


def test_the_truth_tells_the_bulletin_of_each_delayed_ride(day: Day) -> None:
    write(day, "incidents", {"incident": "one", "area": "Dennistoun", "text": LEAK})
    write(
        day,
        "truth",
        {"ride_id": "a", "kind": "delayed_by_incident", "incident": "one"},
        {"ride_id": "b", "kind": "long_time"},
    )
    assert truth_of(day) == {"a": LEAK}


def test_rides_are_said_to_be_delayed_by_the_kind_that_the_truth_names(day: Day) -> None:
    kinds = {"a": "delayed_by_incident", "b": "delayed_by_incident", "c": "long_time"}
    write(day, "truth", *({"ride_id": ride, "kind": kind} for ride, kind in kinds.items()))
    with duckdb.connect() as warehouse:
        warehouse.execute(
            "CREATE TABLE anomalous_rides AS FROM (VALUES ('a', 'delayed: closure'), "
            "('b', 'unexplained'), ('c', 'delayed: event'), ('d', 'delayed: event')) "
            "AS rides (ride_id, likely_reason) CROSS JOIN (SELECT DATE '2023-05-01' AS ride_date)"
        )
        assert said_to_be_delayed(day, warehouse, "delayed_by_incident") == Share(1, 2)
        assert said_to_be_delayed(day, warehouse, "long_time", "zero_distance") == Share(1, 1)


def test_the_table_shows_shares_and_what_is_not_known() -> None:
    scores = {"named": Share(3, 4), "nothing": Share(0, 0)}
    table = page.quality_table({"ways": {"extractive": {"scores": scores}}})
    cells = {row.split(" | ")[0]: row.rstrip(" |").split(" | ")[-1] for row in table.splitlines()}
    measured = {name: cells[f"| {what}"] for name, (what, _) in page.MEASURES.items()}
    assert measured["named"] == "3 of 4 (75.0%)"
    assert measured["nothing"] == "none"
    assert measured["shared"] == "not known"
