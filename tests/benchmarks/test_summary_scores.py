"""The scores of summaries: what counts as shared, as named, as nothing, and as out of place."""

import datetime as dt

import pytest
from summary_scores import (
    Item,
    Ride,
    Share,
    closest,
    holds,
    names,
    says_nothing,
    score_day,
    shared_sentences,
    summed,
)

LEAK = (
    "Gas leak on Duke Street. Police have closed the road between Bellgrove and Cumbernauld Road "
    "until about 19:10; side streets are gridlocked."
)
MAIN = "Burst water main on Dumbarton Road at Partick Cross. Road closed until about 15:00."
CHESS = "World chess title to be decided in rapid games."
NOTHING = (
    "Nothing is reported for Dennistoun between 17:00 and 18:00 that would make a ride unusual."
)


def at(clock: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(f"2023-05-01T{clock}") if clock else None


def item(
    text: str,
    area: str | None = None,
    starts: str | None = None,
    ends: str | None = None,
    kind: str = "traffic",
    matters: bool = True,
) -> Item:
    return Item(kind, area, at(starts), at(ends), text, matters)


def ride(
    summary: str,
    area: str | None = "Dennistoun",
    starts: str = "17:00",
    ends: str = "18:00",
    bulletin: str | None = None,
) -> Ride:
    begins, is_over = at(starts), at(ends)
    assert begins
    assert is_over
    return Ride(area, begins, is_over, summary, bulletin)


ITEMS = [
    item(LEAK, "Dennistoun", "16:00", "19:10"),
    item(MAIN, "Partick", "11:00", "15:00"),
    item(CHESS, kind="news", matters=False),
]


def test_a_sentence_is_shared_if_it_stands_in_more_than_half_of_the_rides() -> None:
    rides = [ride("Gas leak. Rain at 17:00."), ride("Gas leak. Fog."), ride("Snow."), ride(NOTHING)]
    assert shared_sentences(rides) == Share(0, 5)
    assert shared_sentences([*rides, ride("Gas leak.")]) == Share(3, 6)


def test_sentences_that_say_nothing_are_not_shared_and_two_rides_share_nothing() -> None:
    assert shared_sentences([ride(NOTHING)] * 5) == Share(0, 0)
    assert shared_sentences([ride("Gas leak.")] * 2) == Share(0, 0)


@pytest.mark.parametrize(
    ("summary", "is_nothing"),
    [
        (NOTHING, True),
        ("No news, weather or traffic information was available for this time.", True),
        ("Nothing was closed. Rain fell.", False),
        ("North Street was closed.", False),
        (LEAK, False),
    ],
)
def test_a_summary_says_nothing_in_one_sentence(summary: str, is_nothing: bool) -> None:
    assert says_nothing(summary) is is_nothing


@pytest.mark.parametrize(
    ("summary", "is_named"),
    [
        (LEAK, True),
        ("Duke Street was shut between 16:00 and 19:10 for a gas leak.", True),
        ("Police have closed the road between Bellgrove and Cumbernauld Road.", True),
        ("A road was closed until about 15:00.", False),
        (MAIN, False),
        (NOTHING, False),
    ],
)
def test_a_summary_names_a_bulletin_by_the_words_that_are_its_own(
    summary: str, is_named: bool
) -> None:
    assert names(summary, LEAK, [MAIN, CHESS]) is is_named


@pytest.mark.parametrize(
    ("one", "is_held"),
    [
        (item(LEAK, "DENNISTOUN ", "16:00", "19:10"), True),
        (item(LEAK, "Partick", "16:00", "19:10"), False),
        (item(LEAK, None, "16:00", "19:10"), True),
        (item(LEAK, None, "18:00", "19:10"), False),
        (item(LEAK, None, "16:00", "17:00"), False),
        (item(LEAK, None, None, "17:01"), True),
        (item(LEAK, None, "17:59", None), True),
    ],
)
def test_an_item_holds_for_the_rides_of_its_area_and_hours(one: Item, is_held: bool) -> None:
    assert holds(one, ride("")) is is_held


def test_a_sentence_rests_on_the_item_that_has_most_of_its_words() -> None:
    assert closest("Police have closed Duke Street for a gas leak.", ITEMS) == [ITEMS[0]]
    assert closest("A burst main closed Dumbarton Road at 11:00.", ITEMS) == [ITEMS[1]]
    assert closest("Aliens landed on George Square.", ITEMS) == []


def test_a_day_is_scored_by_each_measure() -> None:
    rides = [
        ride("Gas leak on Duke Street.", bulletin=LEAK),
        ride(CHESS, bulletin=LEAK),
        ride("Burst water main on Dumbarton Road at Partick Cross."),
        ride("Aliens landed on George Square.", "Partick", "08:00", "09:00"),
        ride(NOTHING, "Partick", "08:00", "09:00"),
    ]
    scores = score_day(rides, ITEMS, lambda found: found.text == CHESS)
    assert scores == {
        "shared": Share(0, 4),
        "named": Share(1, 2),
        "nothing": Share(1, 2),
        "unsupported": Share(1, 4),
        "elsewhere": Share(1, 4),
        "world": Share(1, 4),
    }


def test_days_are_added_up() -> None:
    assert summed([{"named": Share(1, 2)}, {"named": Share(2, 3), "world": Share(0, 1)}]) == {
        "named": Share(3, 5),
        "world": Share(0, 1),
    }
