"""Sentences are cut where they end and nowhere else, and marked-up text becomes plain."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_project.summaries.plain_text import plain_text, printable
from dbt_project.summaries.sentences import (
    end_properly,
    first_sentences,
    is_whole,
    shorten,
    split_sentences,
)

# Text that is rich in what a splitter can trip over.
PIECES = """
    Mr. St. 8.15 a.m. U.S. J. No. 5 ... … ?! "Go!" (So.) the The rain Rain 1. . — «x» é. Ünder 。
"""
TRICKY = st.lists(st.sampled_from([*PIECES.split(), "\n", "\x85", "\x1c"])).map(" ".join)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Mr. Smith met Dr. Jones. It rained.", ["Mr. Smith met Dr. Jones.", "It rained."]),
        ("Closed at St. Enoch. Use Hope St. The queue is long.",
         ["Closed at St. Enoch.", "Use Hope St.", "The queue is long."]),
        ("Bus No. 5 is late. Take No. X4.", ["Bus No. 5 is late.", "Take No. X4."]),
        ("Is it open? No. The road is shut.", ["Is it open?", "No.", "The road is shut."]),
        ("Shut from 8.15 a.m. until 9 p.m. today.", ["Shut from 8.15 a.m. until 9 p.m. today."]),
        ("Shut until 8.15 a.m. Roads are clear.", ["Shut until 8.15 a.m.", "Roads are clear."]),
        ("Open at 8.15 a.m. Monday.", ["Open at 8.15 a.m. Monday."]),
        ("The U.S. Army left the U.S. The end.", ["The U.S. Army left the U.S.", "The end."]),
        ("J. K. Rowling spoke. All listened.", ["J. K. Rowling spoke.", "All listened."]),
        ("It is 11 C. Wind 5.37 mph.", ["It is 11 C.", "Wind 5.37 mph."]),
        ("On Jan. 5 it froze. Prices rose by 3.5 per cent.",
         ["On Jan. 5 it froze.", "Prices rose by 3.5 per cent."]),
        ("Wait... what? Then… nothing. Yes... No.",
         ["Wait... what?", "Then… nothing.", "Yes...", "No."]),
        ('"Is it shut?" he asked. "Yes!" She left.',
         ['"Is it shut?" he asked.', '"Yes!"', "She left."]),
        ("(The road is shut.) Drivers wait.", ["(The road is shut.)", "Drivers wait."]),
        ("Really?! Yes.", ["Really?!", "Yes."]),
        ("M8 closed\nSnow on the M77", ["M8 closed", "Snow on the M77"]),
        ("Use e.g. Duke Street vs. High Street.", ["Use e.g. Duke Street vs. High Street."]),
        ("1. Rain. 2 cars.", ["1. Rain.", "2 cars."]),
        ("  one  \t two  ", ["one two"]),
        (" \n \t ", []),
    ],
)  # fmt: skip
def test_a_sentence_ends_where_a_reader_ends_it(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


@given(st.one_of(st.text(), TRICKY))
def test_no_visible_character_is_lost_or_moved(text: str) -> None:
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())


@given(st.one_of(st.text(), TRICKY))
def test_sentences_are_neither_blank_nor_padded(text: str) -> None:
    assert all(sentence == " ".join(sentence.split()) != "" for sentence in split_sentences(text))


@pytest.mark.parametrize(
    "piece", ["a. ", ".", '."', "…)", "U.S.", "Mr. ", "a", "1. ", "\n", "<", "[", "*a"]
)
def test_long_text_takes_linear_time(piece: str) -> None:
    started = time.monotonic()
    split_sentences(piece * 100_000)
    plain_text(piece * 10_000)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("sentence", "whole"),
    [
        ("Rain fell.", True),
        ("Rain fell", False),
        ("He went to St.", False),
        ('"Stop!"', True),
        ("", False),
    ],
)
def test_a_sentence_cut_off_is_told_from_a_whole_one(sentence: str, whole: bool) -> None:
    assert is_whole(sentence) is whole


def test_only_the_first_sentences_are_kept() -> None:
    text = "One fell.\nTwo fell. Three fell. Four fell."
    assert first_sentences(text, 3, 1000) == "One fell. Two fell. Three fell."


def test_a_line_break_inside_prose_ends_no_sentence() -> None:
    assert first_sentences("Rain fell on\nthe city.", 3, 1000) == "Rain fell on the city."


def test_text_that_breaks_off_keeps_its_whole_sentences() -> None:
    assert first_sentences("Rain fell. Roads we", 3, 1000, cut_short=True) == "Rain fell."
    assert first_sentences("Roads we", 3, 1000, cut_short=True) == ""


@given(st.one_of(st.text(), TRICKY), st.integers(20, 80))
def test_no_more_is_kept_than_asked_for(text: str, width: int) -> None:
    kept = first_sentences(text, 3, width)
    assert len(kept) <= width
    assert len(split_sentences(kept)) <= 3


@given(st.text(), st.integers(2, 40))
def test_shortened_text_fits(text: str, width: int) -> None:
    assert len(shorten(text, width)) <= width


def test_text_is_shortened_at_a_word() -> None:
    assert shorten("Closed in both directions", 20) == "Closed in both…"
    assert shorten("Closed", 20) == "Closed"


@pytest.mark.parametrize(
    ("sentence", "ended"),
    [
        ("M8 closed", "M8 closed."),
        ("Go!", "Go!"),
        ('He said "go."', 'He said "go."'),
        ("Rain,", "Rain."),
        ("", ""),
    ],
)
def test_a_sentence_gets_the_stop_that_it_lacks(sentence: str, ended: str) -> None:
    assert end_properly(sentence) == ended


@pytest.mark.parametrize(
    ("markup", "plain"),
    [
        ("**Heavy** rain, _slow_ roads and `M8`.", "Heavy rain, slow roads and M8."),
        ("## Summary\n\nRain fell.", "Rain fell."),
        ("**Summary**\n- Rain fell\n- Roads were slow.\n", "Rain fell. Roads were slow."),
        ("Here is the summary:\n\nRain fell.", "Rain fell."),
        ("**Rain fell.**\nRoads were slow.", "Rain fell. Roads were slow."),
        ("1. Rain fell\n2) Roads were slow", "Rain fell. Roads were slow."),
        ("```text\nRain fell.\n```", "Rain fell."),
        ("> Rain fell.", "Rain fell."),
        ("See [the map](https://x.example/a) or https://y.example now.", "See the map or now."),
        ("<b>Rain</b> fell.<script>", "Rain fell."),
        ("Of course! Here are the roads:\n- M8 closed\n- M77 closed", "M8 closed. M77 closed."),
        ("Rain &amp; snow, 5 < 6.", "Rain & snow, 5 < 6."),
        ("Rain\u200b fell\u202e.\x00", "Rain fell."),
        ("# Rain fell", "Rain fell"),
        ("snake_case and 2*3*4 stay.", "snake_case and 2*3*4 stay."),
    ],
)
def test_markup_becomes_plain_text(markup: str, plain: str) -> None:
    assert plain_text(markup).rstrip(".") == plain.rstrip(".")


@given(st.text(st.characters()))
def test_printable_text_can_always_be_encoded(text: str) -> None:
    printable(text).encode()
    assert "\x00" not in plain_text(text)
