"""What held in the area and the hours of rides, item by item, and what is told of it."""

from typing import Any

import duckdb
import pytest
from support.workplace import Build, Workplace

DATE = "20230501"
DECOMPOSED = "CAFE\u0301 ROW"
FAR = {  # anomalous by their distance, each half an hour
    "govan": ("Govan", "10:15"),
    "same": (" gOVAN\t", "10:20"),
    "cafe": ("Caf\u00e9 Row", "10:15"),
    "nowhere": (None, "10:15"),
    "quiet": ("Partick", "04:05"),
    "untimed": ("Govan", None),
}


def at(clock: str | None) -> str | None:
    return clock and f"2023-05-01T{clock}:00"


def ride(name: str, area: str | None, clock: str | None, miles: float) -> dict[str, Any]:
    fields = {"ride_id": name, "area": area, "pickup_at": at(clock)}
    return {**fields, "ride_dist": miles, "ride_time": 0.5}


def bulletin(text: str, area: str | None, start: str | None, end: str | None) -> dict[str, Any]:
    return {"text": text, "area": area, "started_at": at(start), "ended_at": at(end)}


def headline(text: str, area: str | None, clock: str | None) -> dict[str, Any]:
    return {"text": text, "area": area, "published_at": at(clock)}


TRAFFIC = [
    bulletin("Clyde Tunnel closed southbound. Very long queues.", "Govan", "09:00", "10:30"),
    bulletin("Clyde Tunnel closed southbound. Very long queues.", "Govan", "09:00", "10:30"),
    bulletin("Slow traffic on Govan Road.", "GOVAN", "08:10", None),
    bulletin("Crash at Ibrox.", "Govan", "11:00", "12:00"),
    bulletin("Bus broken down.", DECOMPOSED, "10:00", "10:40"),
    bulletin("Thornwood roundabout blocked.", "Partick", "10:00", "11:00"),
    bulletin("Surface water on the M8.", None, "10:10", "11:20"),
    bulletin("Speed check on the M8.", None, "16:00", None),
    bulletin("Rail strike, queues at ranks.", None, "06:30", "19:00"),
]
NEWS = [
    headline("<p>Three hurt in <b>tunnel</b>&nbsp;crash</p>", "Govan", "09:30"),
    headline("Govan bakery wins award.", "govan", "09:30"),
    headline("Govan street closed.", "Govan", "05:00"),
    headline("Fans to queue for tonight's concert.", None, "07:20"),
    headline("World chess title decided.", None, None),
    headline("Trains halted after a crash.", None, "09:00"),
    headline("&nbsp;", None, "09:00"),
]
WEATHER = [
    {"text": "Heavy rain, 9 °C.", "observed_at": at("09:00")},
    {"text": "Dry, 10 °C.", "observed_at": at("10:30")},
    {"text": "Fog.", "observed_at": at("11:00")},
    {"text": "Snow.", "observed_at": "soon"},
]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Build:
    workplace = Workplace(tmp_path_factory.mktemp("circumstances"))
    rides = [ride(f"normal-{number}", "Govan", "15:00", 2) for number in range(80)]
    rides += [ride(name, *FAR[name], 90 + 7 * number) for number, name in enumerate(FAR)]
    workplace.write(f"taxi-rides-{DATE}.json", rides)
    workplace.write(f"traffic-{DATE}.json", TRAFFIC)
    workplace.write(f"news-{DATE}.json", NEWS)
    workplace.write(f"weather-{DATE}.json", WEATHER)
    return workplace.build_day(DATE)


def items(day: Build, ride_id: str) -> list[tuple[Any, ...]]:
    """Text, category and whether it is notable, in the order of the ride's items."""
    return day.query(
        "select text, category, is_notable from ride_circumstances "
        f"where context_id = (select context_id from anomalous_rides where ride_id = '{ride_id}') "
        "order by item_number"
    )


CITY_AT_TEN = [
    ("Surface water on the M8.", "flooding", True),
    ("Heavy rain, 9 °C.", "rain", True),
    ("Trains halted after a crash.", "collision", True),
    ("Dry, 10 °C.", "other", False),
]


def test_a_ride_has_every_item_of_its_area_and_hours_and_no_other(day: Build) -> None:
    assert items(day, "govan") == [
        ("Clyde Tunnel closed southbound. Very long queues.", "closure", True),
        ("Slow traffic on Govan Road.", "congestion", True),
        ("Three hurt in tunnel crash", "collision", True),
        *CITY_AT_TEN[:3],
        ("Govan bakery wins award.", "other", False),
        *CITY_AT_TEN[3:],
    ]


def test_areas_are_the_same_whatever_their_case_accents_and_blanks(day: Build) -> None:
    contexts = dict(day.query("select ride_id, context_id from anomalous_rides"))
    assert contexts["same"] == contexts["govan"]
    assert items(day, "cafe") == [("Bus broken down.", "other", True), *CITY_AT_TEN]


def test_a_ride_without_an_area_is_told_what_holds_in_the_whole_city(day: Build) -> None:
    assert items(day, "nowhere") == CITY_AT_TEN


def test_a_ride_without_a_time_is_told_what_held_in_its_area_on_the_day(day: Build) -> None:
    texts = [text for text, _, _ in items(day, "untimed")]
    assert {"Crash at Ibrox.", "Govan street closed.", "Fog."} <= set(texts)
    assert not {"Snow.", "Thornwood roundabout blocked."} & set(texts)


def test_what_holds_for_the_city_and_the_day_is_told_once(day: Build) -> None:
    told = day.query(
        "select text, is_notable from ride_circumstances where context_id = '2023-05-01' "
        "order by item_number"
    )
    assert told == [
        ("Rail strike, queues at ranks.", True),
        ("Speed check on the M8.", True),
        ("Snow.", True),
        ("Fans to queue for tonight's concert.", True),
        ("World chess title decided.", False),
    ]
    assert day.query("select summary from daily_reports") == [
        (
            "Rail strike, queues at ranks, from 06:30 to 19:00. "
            "Speed check on the M8, from 16:00 on. Weather of the day: snow.",
        )
    ]


def test_summaries_are_about_the_ride_s_area_and_hours(day: Build) -> None:
    told = dict(day.query("select ride_id, summary from anomalous_rides"))
    assert told["govan"] == told["same"]
    assert told["govan"] == (
        "Clyde Tunnel closed southbound, from 09:00 to 10:30; very long queues. "
        "Slow traffic on Govan Road, from 08:10 on. Heavy rain at 09:00."
    )
    assert told["cafe"].startswith("Bus broken down, from 10:00 to 10:40. Surface water on the M8")
    assert told["quiet"] == (
        "No bulletin, event or notable weather is known for Partick between 04:00 and 05:00."
    )


def test_a_summary_says_what_it_rests_on_and_the_export_too(day: Build) -> None:
    query = (
        "select circumstance, item_ids, summary_support from anomalous_rides where ride_id = '{}'"
    )
    [(circumstance, item_ids, support)] = day.query(query.format("govan"))
    assert (circumstance, support) == ("closure", "extractive: its own items")
    named = "', '".join(item_ids)
    texts = day.query(f"select distinct text from ride_circumstances where item_id in ('{named}')")
    assert len(texts) == len(item_ids) == 3
    assert day.query(query.format("quiet")) == [(None, [], "extractive: no notable item")]
    exported = {one["ride_id"]: one for one in day.export("clustered_summarized", DATE)}
    assert exported["govan"]["item_ids"] == item_ids
    assert exported["govan"]["circumstance"] == "closure"
    assert exported["normal-0"]["item_ids"] == []


def test_a_context_has_its_texts_area_and_hours(day: Build) -> None:
    assert day.query(
        "select area, strftime(window_start at time zone 'Europe/London', '%H:%M'), traffic, news, "
        "anomalous_rides from ride_contexts where anomalous_rides = 2"
    ) == [
        (
            "Govan",
            "10:00",
            "Slow traffic on Govan Road.\nClyde Tunnel closed southbound. Very long queues.\n"
            "Surface water on the M8.",
            "Trains halted after a crash.\nThree hurt in tunnel crash\nGovan bakery wins award.",
            2,
        )
    ]


FLOOD = """
attach ':memory:' as staging;
create schema staging.intermediate;
create table staging.intermediate.int_items as select
    'news' as kind, md5(range::varchar) as item_id, range as relevance, null::varchar as area_key,
    timestamptz '2023-05-01 00:00:00+01' as holds_from,
    timestamptz '2023-05-02 00:00:00+01' as holds_until, false as is_of_the_day
from range(40000);
create table staging.intermediate.int_ride_windows as select
    'Govan' as area, 'govan' as area_key,
    timestamptz '2023-05-01 00:00:00+01' + to_hours(range) as window_start,
    timestamptz '2023-05-01 01:00:00+01' + to_hours(range) as window_end,
    null::varchar as news, null::varchar as weather, null::varchar as traffic
from range(24);
"""


def test_of_a_flood_of_news_no_hour_has_more_than_its_most_relevant(day: Build) -> None:
    compiled = day.lake.parent / "target" / "compiled" / "etml" / "models" / "intermediate"
    with duckdb.connect() as connection:
        connection.execute(FLOOD)
        contexts = connection.sql((compiled / "int_contexts.sql").read_text())
        hours = contexts.filter("context_id != '2023-05-01'").project("item_ids").fetchall()
        most = "select list(item_id order by relevance)[:500] from staging.intermediate.int_items"
        assert hours == connection.execute(most).fetchall() * 24
