"""The summary without a language model says what a logistics manager needs, and always the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from dbt_project.summaries.extractive import (
    NOTHING_KNOWN,
    SENTENCE_WIDTH,
    summarise_extractively,
    tf_idf,
)
from dbt_project.summaries.sentences import end_properly, split_sentences
from dbt_project.summaries.themes import THEMES

WEATHER = "Heavy rain, 9 C, fresh wind 15 mph."
TRAFFIC = "Clyde Tunnel closed southbound after a collision. Very long queues. The sky is blue."
ROAD_NEWS = "Twelve thousand runners line up for the half marathon."
WORLD_NEWS = "Election in southern Europe ends without a clear majority."
WORLD = f"{WORLD_NEWS}\nGold price close to its record.\nTwelve killed in a storm abroad."

TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from([WEATHER, TRAFFIC, ROAD_NEWS, WORLD_NEWS, "Mr.", "1.", "!?", "no"])
    ).map("\n".join),
)


def collisions(number: int) -> str:
    return "\n".join(
        f"Collision at {street} STREET. Injured {street % 2}, killed 0. Factors: not given."
        for street in range(1, number + 1)
    )


@settings(deadline=None, max_examples=50)
@given(TEXTS, TEXTS, TEXTS, st.integers(1, 4))
def test_there_are_never_more_sentences_than_asked_for(
    news: str, weather: str, traffic: str, max_sentences: int
) -> None:
    summary = summarise_extractively(news, weather, traffic, max_sentences)
    assert 1 <= len(split_sentences(summary)) <= max_sentences
    assert "\n" not in summary


@settings(deadline=None, max_examples=50)
@given(TEXTS, TEXTS, TEXTS)
def test_the_same_texts_give_the_same_summary(news: str, weather: str, traffic: str) -> None:
    assert summarise_extractively(news, weather, traffic) == summarise_extractively(
        news, weather, traffic
    )


@settings(deadline=None, max_examples=50)
@given(TEXTS, TEXTS, TEXTS)
def test_it_ends_with_a_stop(news: str, weather: str, traffic: str) -> None:
    summary = summarise_extractively(news, weather, traffic)
    assert end_properly(summary) == summary


def test_each_source_has_its_sentence_in_the_order_weather_traffic_news() -> None:
    assert summarise_extractively(ROAD_NEWS, WEATHER, TRAFFIC) == (
        "Heavy rain, 9 C, fresh wind 15 mph. "
        "Clyde Tunnel closed southbound after a collision; very long queues. "
        "Twelve thousand runners line up for the half marathon."
    )


def test_world_news_is_left_out_where_traffic_and_weather_say_enough() -> None:
    summary = summarise_extractively(WORLD, WEATHER, TRAFFIC)
    assert "Election" not in summary
    assert "killed" not in summary
    assert "Gold" not in summary


def test_world_news_has_one_sentence_where_little_else_is_known() -> None:
    assert len(split_sentences(summarise_extractively(WORLD, WEATHER, ""))) == 2
    assert len(split_sentences(summarise_extractively(WORLD, "", ""))) == 1


def test_news_of_the_roads_comes_before_graver_news_of_the_world() -> None:
    assert summarise_extractively(f"{WORLD}\n{ROAD_NEWS}", "", "") == ROAD_NEWS


def test_traffic_and_weather_come_before_news_when_room_is_short() -> None:
    assert summarise_extractively(ROAD_NEWS, WEATHER, TRAFFIC, 1).startswith("Clyde Tunnel")
    assert "runners" not in summarise_extractively(ROAD_NEWS, WEATHER, TRAFFIC, 2)


def test_what_blocks_the_road_comes_before_what_does_not() -> None:
    minor = "Roadworks on Argyle Street.\nSlow traffic at Shawlands Cross."
    assert "Clyde Tunnel" in summarise_extractively("", WEATHER, f"{minor}\n{TRAFFIC}", 2)


def test_many_bulletins_are_counted_by_what_they_are_about() -> None:
    summary = summarise_extractively("", "", collisions(98), 1)
    assert summary.startswith("98 traffic bulletins (collisions 98, injuries 49), among them: ")
    assert "Collision at" in summary
    assert "injured 1" in summary


def test_a_repeated_bulletin_is_counted_and_told_once() -> None:
    summary = summarise_extractively("", "", f"{collisions(5)}\n{collisions(5).upper()}")
    assert summary.startswith("5 traffic bulletins")
    assert summarise_extractively("", "", f"{TRAFFIC}\n{TRAFFIC}") == summarise_extractively(
        "", "", TRAFFIC
    )


def test_near_repeats_do_not_use_up_the_sentences() -> None:
    text = "M8 closed westbound at Townhead junction after lorry fire, long delays until {}."
    traffic = (
        "\n".join(text.format(hour) for hour in ("10:00", "10:30")) + "\nRoadworks on Duke Street."
    )
    assert "Duke Street" in summarise_extractively("", "", traffic, 2)


def test_the_same_weather_at_several_hours_counts_as_several_reports() -> None:
    assert summarise_extractively("", "Dry.\nDry.\nDry.\nRain.\nRain.", "").startswith(
        "5 weather reports (rain 2), among them: Rain."
    )


@pytest.mark.parametrize(
    "calm",
    ["Snowfall 0 in, snow depth 0 in.", "No delays.", "Without rain.", "No lanes are closed."],
)
def test_what_a_text_denies_is_not_counted(calm: str) -> None:
    different = "\n".join(f"{calm} Report {number}." for number in range(5))
    assert summarise_extractively("", different, "", 1).startswith("5 weather reports, among them")


def test_a_long_sentence_is_cut_at_a_word() -> None:
    text = "Closed " + "between the bridges " * 50
    summary = summarise_extractively("", "", text)
    assert len(summary) <= SENTENCE_WIDTH
    assert summary.endswith("…")
    assert text.startswith(summary.removesuffix("…") + " ")


def test_running_text_gives_single_sentences() -> None:
    prose = "It was grey. The M8 was closed. People slept. Snow fell. Cats ran. Trains were late."
    summary = summarise_extractively("", "", prose, 2)
    assert "The M8 was closed." in summary
    assert "Cats" not in summary


def test_without_any_text_it_says_so() -> None:
    assert summarise_extractively("", " \n ", "…") == NOTHING_KNOWN


def test_no_word_belongs_to_two_themes() -> None:
    words = [word for theme in THEMES for word in theme.words]
    assert len(words) == len(set(words))


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1), min_size=1))
def test_words_weigh_what_scikit_learn_lets_them_weigh(documents: list[list[str]]) -> None:
    vectorizer = TfidfVectorizer(analyzer=list)
    expected = vectorizer.fit_transform(documents).toarray()
    in_order_of_use = list(dict.fromkeys(word for words in documents for word in words))
    columns = [vectorizer.vocabulary_[word] for word in in_order_of_use]
    np.testing.assert_allclose(tf_idf(documents), expected[:, columns])
