"""What an item is about, and whether a ride may have felt it, by one vocabulary."""

import pandas as pd
import pytest

from dbt_project.summaries.categories import CATEGORY_DTYPES, categorised, category_of
from dbt_project.summaries.feed_text import LONGEST_ITEM, feed_text
from dbt_project.summaries.items import CATEGORIES
from dbt_project.summaries.themes import THEMES

GLASGOW = {"city": "Glasgow", "time_zone": "Europe/London"}
NEW_YORK = {"city": "New York", "time_zone": "America/New_York"}


def about(kind: str, text: str, *, is_local: bool = False) -> tuple[str, bool]:
    found = category_of(kind, text, is_local, **GLASGOW)
    return found.category, found.is_notable


def test_every_theme_belongs_to_one_category_and_every_word_to_one_theme() -> None:
    assert {theme.category for theme in THEMES} == set(CATEGORIES)
    words = [word for theme in THEMES for word in theme.words]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Clyde Tunnel closed southbound after a collision.", "closure"),
        ("Serious collision at Bridgeton Cross. Road closed.", "collision"),
        ("Long queues after a crash on the A82.", "collision"),
        ("Slow traffic at Shawlands Cross.", "congestion"),
        ("Half marathon: George Square closed.", "event"),
        ("March from Glasgow Green, Trongate closed.", "event"),
        ("Roadworks on Argyle Street, one lane closed.", "roadworks"),
        ("Gas main renewal on Alexandra Parade, one lane closed.", "closure"),
        ("Standing water on Paisley Road, inside lane closed.", "flooding"),
        ("Blocked drain on Langside Road, large puddle.", "flooding"),
        ("Gritters are out. Black ice on side streets.", "snow and ice"),
        ("Rail strike: long queues at taxi ranks.", "strike"),
        ("Fog on the M8, speed limit reduced.", "fog"),
        ("Bus broken down in the inside lane.", "other"),
        ("A9 gesperrt.", "other"),
    ],
)
def test_a_bulletin_is_about_what_it_names_first_and_notable(text: str, category: str) -> None:
    assert about("traffic", text) == (category, True)


@pytest.mark.parametrize(
    "text", ["No delays.", "No lanes are closed.", "All clear.", "The M8 has reopened.", "…"]
)
def test_a_bulletin_that_all_is_well_is_not_notable(text: str) -> None:
    assert about("traffic", text)[1] is False


@pytest.mark.parametrize(
    ("text", "category", "is_notable"),
    [
        ("Overcast, dry, 10 °C, light wind 9 mph. Visibility good.", "other", False),
        ("high 39 F, snowfall 0 in, snow depth 0 in, average wind 5 mph.", "other", False),
        ("high 26 F, snowfall 0 in, snow depth 1.2 in.", "snow and ice", True),
        ("Light rain, 9 °C, light wind.", "rain", False),
        ("Drizzle.", "rain", False),
        ("Light rain, 9 °C. Roads wet.", "rain", True),
        ("Steady rain, light wind.", "rain", True),
        ("Light rain, strong wind 35 mph, gusts to 51.", "wind", True),
        ("Dry, 5 °C, strong north-westerly wind 35 mph.", "wind", True),
        ("Dry, 5 °C, fresh north-westerly wind 15 mph.", "other", False),
        ("Fog, very thick by the river.", "fog", True),
        ("Light snow.", "snow and ice", True),
    ],
)
def test_weather_is_called_by_its_gravest_and_mild_weather_is_not_notable(
    text: str, category: str, is_notable: bool
) -> None:
    assert about("weather", text) == (category, is_notable)


@pytest.mark.parametrize(
    ("text", "is_notable"),
    [
        ("M8 shut at Townhead after lorry overturns.", True),
        ("Trains halted by a strike.", True),
        ("Yellow warning for snow and ice.", True),
        ("Crash on the Kingston Bridge.", True),
        ("Election ends without a clear majority.", False),
        ("Twelve killed in a storm.", False),
        ("Germany migrant bus surrounded by protesters", False),
        ("Bus crash in Peru kills 20.", False),
        ("Train drivers on strike in South Korea.", False),
        ("Record heat closes schools.", False),
        ("Film crew to turn streets of the Merchant City into 1940s New York.", False),
    ],
)
def test_a_headline_is_notable_if_it_has_to_do_with_getting_about_here(
    text: str, is_notable: bool
) -> None:
    assert about("news", text)[1] is is_notable


def test_a_headline_of_an_area_needs_no_word_of_transport() -> None:
    assert about("news", "Families leave homes after gas leak.", is_local=True) == ("other", True)
    assert about("news", "Bakery wins award.", is_local=True) == ("other", False)


def test_the_city_s_own_country_is_not_elsewhere() -> None:
    text = "Scottish trains delayed by snow."
    assert category_of("news", text, False, **GLASGOW).is_notable
    assert not category_of("news", text, False, **NEW_YORK).is_notable
    assert category_of("news", "American airport closed by a flood.", False, **NEW_YORK).is_notable


@pytest.mark.parametrize(
    ("text", "is_announcement"),
    [
        ("Fans to queue from noon for tonight's concert at the Hydro.", True),
        ("Thousands expected at march from Glasgow Green.", True),
        ("Yellow warning for heavy rain.", True),
        ("M8 shut at Townhead; drivers told to expect long delays.", False),
    ],
)
def test_a_headline_about_later_is_an_announcement(text: str, is_announcement: bool) -> None:
    assert category_of("news", text, False, **GLASGOW).is_announcement is is_announcement
    assert category_of("news", text, True, **GLASGOW).is_notable is not is_announcement


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<p>FDR&nbsp;Drive <b>clos</b>ed</p><p>Rain &amp; wind", "FDR Drive closed. Rain & wind"),
        ("&lt;p&gt;Closed &amp;amp; wet&lt;/p&gt;", "Closed & wet"),
        ("-3 < 0 and 2 > 1", "-3 < 0 and 2 > 1"),
        ("One\r\n two\u200b.", "One. two."),
        ("<script>x()</script>&nbsp;<img src='a.png'>", ""),
        ("<![CDATA[<?xml version='1.0'?>Road <b>closed</b>]]>", "Road closed"),
        ("<img alt='a > b'>Road <a title=\"it's > that\">closed</a>", "Road closed"),
        ("<p title='it's'>Road closed</p>", "Road closed"),
        ("&amp;lt;p&amp;gt;Road &amp;amp;amp; rail", "Road & rail"),
        ("Road closed <a href='https://example.org/?a=1", "Road closed"),
        ("Road closed <!-- until", "Road closed"),
        ("**Road** _closed_: [the M8](https://example.org) * 2", "Road closed: the M8 * 2"),
        ("speed <30 mph, 5*3, a_b", "speed <30 mph, 5*3, a_b"),
    ],
)
def test_mark_up_is_taken_out(text: str, plain: str) -> None:
    assert feed_text(text) == plain
    assert len(feed_text("word " * 10_000)) <= LONGEST_ITEM


@pytest.mark.parametrize(
    "piece", ["<!--", "<script>", "<p ", "<a b='", "&lt;", "[", "**", "<![CDATA["]
)
def test_mark_up_without_an_end_takes_linear_time(piece: str) -> None:
    assert len(feed_text("Closed. " + piece * 100_000)) <= LONGEST_ITEM


def test_texts_come_back_by_what_they_were_given_as() -> None:
    texts = pd.DataFrame(
        {"kind": ["news", "traffic"], "is_local": [True, False], "text": ["<br>", "<p>M8 shut"]}
    )
    table = categorised(texts, **GLASGOW)
    assert table["text"].tolist() == ["<br>", "<p>M8 shut"]
    assert table["plain_text"].isna().tolist() == [True, False]
    assert table["category"].tolist() == ["other", "closure"]
    for rows in (table, categorised(texts[:0], **GLASGOW)):
        assert {name: str(dtype) for name, dtype in rows.dtypes.items()} == CATEGORY_DTYPES
