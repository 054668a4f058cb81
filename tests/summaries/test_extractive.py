"""The summary without a model tells what was notable there and then, and always the same."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.circumstances import CHESS, DATE, ITEMS, LEAK, MARCH, RAIN, context, item

from dbt_project.summaries.evidence import check
from dbt_project.summaries.extractive import (
    ITS_OWN_ITEMS,
    NO_NOTABLE_ITEM,
    SENTENCE_WIDTH,
    claims_of,
    summarise_extractively,
)
from dbt_project.summaries.feed_text import feed_text
from dbt_project.summaries.sentences import end_properly, split_sentences

NOTHING = "No bulletin, event or notable weather is known for"
ROWS = st.lists(
    st.builds(
        lambda kind, text, area, start, end: (kind, text, area, start, end),
        st.sampled_from(["traffic", "weather", "news"]),
        st.one_of(
            st.text(max_size=200).map(feed_text),
            st.sampled_from([LEAK, RAIN, MARCH, CHESS, "Mr.", "!?"]),
        ),
        st.sampled_from([None, "Leith"]),
        st.sampled_from([None, "16:40", "00:00"]),
        st.sampled_from([None, "19:10", "23:59"]),
    ),
    min_size=1,
    max_size=8,
)


def told(*rows: dict[str, Any], **window: object) -> str:
    return summarise_extractively(context(*rows, **window)).text


def traffic(number: int, text: str, category: str = "closure", **others: Any) -> dict[str, Any]:
    times = {"starts_at": "16:40", "ends_at": "19:10", "area": "Leith"}
    return item(number, "traffic", text, category=category, **{**times, **others})


def test_bulletins_come_first_then_headlines_then_weather_each_with_its_time() -> None:
    rows = [{**row, "area": "Leith"} if row["text"] == MARCH else row for row in ITEMS]
    summary = summarise_extractively(context(*rows))
    assert summary.text == (
        "Gas leak on Great Junction Street, road closed between Bonnington Rd and Taylor Gardens, "
        "from 16:40 to 19:10. "
        "In the news at 11:08: March of 1,200 people from the Shore to the M8; two lanes shut. "
        "Heavy rain at 17:00."
    )
    assert summary.item_ids == ("item-1", "item-3", "item-2")
    assert (summary.circumstance, summary.support) == ("closure", ITS_OWN_ITEMS)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (traffic(1, "M8 shut.", ends_at=None), "M8 shut, from 16:40 on."),
        (traffic(1, "M8 shut.", starts_at=None), "M8 shut, until 19:10."),
        (traffic(1, "M8 shut.", starts_at=None, ends_at=None), "M8 shut, with no time given."),
        (
            traffic(1, "Crash on the M8. The road is closed. Crews are at work."),
            "Crash on the M8, from 16:40 to 19:10; the road is closed.",
        ),
        (
            traffic(1, "M8 shut at Townhead: a fuel spill. Ramps are blocked until about 19:10."),
            "M8 shut at Townhead, from 16:40: a fuel spill; ramps are blocked until about 19:10.",
        ),
        (
            traffic(1, "The concert has finished. Thirteen thousand people are leaving, M8 slow."),
            "The concert has finished, reported from 16:40 to 19:10; "
            "thirteen thousand people are leaving, M8 slow.",
        ),
        (traffic(1, "M8 shut from 16:40."), "M8 shut from 16:40, until 19:10."),
        (traffic(1, "M8 shut, 4.40-7.10 pm."), "M8 shut, 4.40-7.10 pm."),
        (
            traffic(1, "Crash at the Shore. Trongate is closed. High Street is closed."),
            "Crash at the Shore, from 16:40 to 19:10; Trongate is closed; High Street is closed.",
        ),
        (item(1, "traffic", "M8 shut."), "M8 shut."),
        (item(1, "weather", "Rain"), "Rain."),
        (
            item(1, "weather", "Overcast, heavy rain, 9 °C; surface flooding, gusts to 40 mph."),
            "Heavy rain, gusts to 40 mph.",
        ),
        (
            item(1, "weather", "Light rain, 9 °C, strong westerly wind 35 mph, gusts to 51."),
            "Strong westerly wind 35 mph, gusts to 51.",
        ),
        (
            item(1, "weather", "Dense fog, roads icy.", area="Leith", starts_at="17:00"),
            "Dense fog in Leith at 17:00, roads icy.",
        ),
        (
            item(1, "news", "Crash at the Shore", area="Leith", starts_at="11:08"),
            "In the news at 11:08: Crash at the Shore.",
        ),
    ],
)
def test_an_item_reads_like_a_sentence(row: dict[str, Any], sentence: str) -> None:
    assert told(row) == sentence


def test_times_of_other_days_are_said() -> None:
    midnight, night = dt.datetime.combine(DATE, dt.time()), dt.timedelta(hours=5)
    row = traffic(1, "M8 shut.")
    begun = {**row, "starts_at": midnight - night}
    assert told(begun) == "M8 shut, until 19:10."
    ends = {**row, "ends_at": midnight + dt.timedelta(days=1) + night}
    assert told(ends) == "M8 shut, from 16:40 to 05:00 the next day."
    assert told({**row, "ends_at": midnight + dt.timedelta(days=1)}).endswith("to midnight.")
    assert told({**row, "starts_at": midnight, "ends_at": None}) == "M8 shut."


def test_where_nothing_is_notable_one_short_sentence_says_so() -> None:
    row = item(1, "news", CHESS, is_notable=False)
    summary = summarise_extractively(context(row))
    assert summary.text == f"{NOTHING} Leith between 17:00 and 19:00."
    assert (summary.circumstance, summary.item_ids) == ("", ())
    assert summary.support == NO_NOTABLE_ITEM
    assert told(row, area=None) == f"{NOTHING} Edinburgh between 17:00 and 19:00."
    midnight = dt.datetime.combine(DATE, dt.time())
    whole_day = {"window_start": midnight, "window_end": midnight + dt.timedelta(days=1)}
    assert told(row, **whole_day) == f"{NOTHING} Leith on this day."
    one = midnight + dt.timedelta(hours=1)
    clocks_go_back = {"window_start": one, "window_end": one}
    assert told(row, **clocks_go_back) == f"{NOTHING} Leith in the hour from 01:00."
    assert context(row, **clocks_go_back).hours == "the hour from 01:00"
    assert told({**row, "context_id": "2023-05-01"}, context_id="2023-05-01", **whole_day) == (
        "Nothing is known that held in all of Edinburgh for most of the day."
    )


def test_what_is_told_twice_is_told_once() -> None:
    rows = [traffic(number, f"{LEAK} Update {number}.") for number in (1, 2)]
    assert summarise_extractively(context(*rows)).item_ids == ("item-1",)


def test_a_headline_about_what_a_bulletin_says_is_left_out() -> None:
    row = item(2, "news", "Homes left for gas leak in Great Junction Street.", area="Leith")
    assert summarise_extractively(context(traffic(1, LEAK), row)).item_ids == ("item-1",)
    other = item(2, "news", "Ferry Road closed, gas leak on the road.", area="Leith")
    assert summarise_extractively(context(traffic(1, LEAK), other)).item_ids == ("item-1", "item-2")


def test_bulletins_of_the_whole_city_are_told_where_the_area_has_no_closure() -> None:
    rows = [traffic(2, "Wet roads.", "rain", area=None), item(3, "news", MARCH)]
    assert summarise_extractively(context(*rows)).item_ids == ("item-2", "item-3")
    bus = traffic(1, "Bus broken down.", "other")
    assert summarise_extractively(context(bus, *rows)).item_ids == ("item-1", "item-2", "item-3")
    assert summarise_extractively(context(traffic(1, LEAK), *rows)).item_ids == ("item-1",)


def test_weather_that_the_day_as_a_whole_had_is_said_to_be_its() -> None:
    row = item(1, "weather", "high 26 F, snowfall 0 in, snow depth 1.2 in.", context_id=str(DATE))
    told_of_the_day = told(row, context_id=str(DATE))
    assert told_of_the_day == "Weather of the day: snow depth 1.2 in."


def test_one_sentence_of_three_is_kept_for_weather() -> None:
    rows = [traffic(number, f"{name} Road is shut.", "other") for number, name in enumerate("ABCD")]
    rows += [
        item(8, "weather", "Heavy rain.", category="rain", starts_at="18:00"),
        item(9, "weather", "Rain.", category="rain", starts_at="17:00"),
    ]
    assert told(*rows).endswith("B Road is shut, from 16:40 to 19:10. Heavy rain at 18:00.")
    assert told(*rows[4:]) == "Heavy rain at 18:00."


def test_many_bulletins_of_one_category_are_counted_before_the_gravest_are_told() -> None:
    rows = [
        traffic(number, f"Collision at {number} MAIN STREET.", "collision") for number in range(98)
    ]
    summary = summarise_extractively(context(*rows))
    counted, first, second = split_sentences(summary.text)
    assert counted == "98 traffic bulletins tell of collisions."
    assert first.startswith("Collision at 0 MAIN STREET, from")
    assert "MAIN STREET, from" in second
    assert (summary.circumstance, len(summary.item_ids)) == ("collision", 98)


def test_running_text_tells_its_gravest_sentence() -> None:
    prose = "It was grey. The M8 was closed. People slept. Cats ran. Trains were late."
    assert told(item(1, "news", prose)) == "The M8 was closed."


def test_a_long_sentence_is_cut_at_a_word_and_keeps_its_times() -> None:
    text = "Closed " + "between the bridges " * 50
    summary = told(traffic(1, text))
    assert len(summary) <= SENTENCE_WIDTH
    cut, times = summary.split("…")
    assert text.startswith(f"{cut} ")
    assert times == ", from 16:40 to 19:10."


@settings(deadline=None, max_examples=100)
@given(ROWS)
def test_there_are_never_more_than_three_sentences_on_one_line(rows: list[Any]) -> None:
    items = [
        item(number, kind, text, area=area, starts_at=start, ends_at=end)
        for number, (kind, text, area, start, end) in enumerate(rows, 1)
    ]
    summary = summarise_extractively(context(*items))
    assert 1 <= len(split_sentences(summary.text)) <= 3
    assert "\n" not in summary.text
    assert end_properly(summary.text) == summary.text
    assert summarise_extractively(context(*items)) == summary


@settings(deadline=None, max_examples=100)
@given(st.permutations([LEAK, RAIN, MARCH, "M8 closed at junction 15. Queues to 13."]))
def test_every_sentence_is_supported_by_its_items(texts: list[str]) -> None:
    kinds = {RAIN: "weather", MARCH: "news"}
    one = context(
        *(
            item(number, kinds.get(text, "traffic"), text, starts_at="16:40", ends_at="17:05")
            for number, text in enumerate(texts, 1)
        )
    )
    assert check(claims_of(one), one).is_supported
