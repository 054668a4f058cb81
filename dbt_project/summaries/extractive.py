"""Summarise a context without a language model: tell its gravest items in sentences of their own.

What is told is decided by the vocabulary (`dbt_project.summaries.categories`) and by the order of
the items, which is that of `ride_circumstances`: bulletins of the area first, the gravest first.
The same items always give the same summary, and nothing is downloaded.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dbt_project.summaries.items import ALL_DAY, Context, Item
from dbt_project.summaries.sentences import (
    TERMINATORS,
    end_properly,
    shorten,
    split_sentences,
)
from dbt_project.summaries.themes import (
    NO_REASON,
    OTHER,
    THEME_OF,
    lexicon,
    mentions_of,
    themes_of,
    words_of,
)

MODEL = "extractive"
VERSION = "3"
"""Part of each summary's key in the ledger: raise it when the same items get another summary."""

SENTENCE_WIDTH = 240
"""The most characters of one sentence; a longer one is cut at a word."""

MANY = 4
"""So many notable bulletins of one category are counted before the gravest of them are told."""

ITS_OWN_ITEMS = "extractive: its own items"
NO_NOTABLE_ITEM = "extractive: no notable item"

_MAX_SENTENCES = 3
_LONGEST_BULLETIN = 4  # sentences; an item with more is running text, and tells its gravest one
_NEAR_REPEAT = 0.9  # of their words in common, by cosine
_ORDINARY = lexicon(
    "a an the this that it there and but very expect expected avoid allow use all both some one "
    "two several many police recovery diverted diversions vehicles long short in on at by for "
    "from with after before until visibility"
)


@dataclass(frozen=True)
class ExtractiveSummary:
    """A summary and what it rests on.

    Attributes
    ----------
    key : str
        What decides it, as a hash: place, hours, items and `VERSION`.
    text : str
        One line of at most three sentences.
    circumstance : str or None
        Category of the item that is told first.
    item_ids : tuple of str
        The items that it tells, in the order of its sentences.
    support : str
    """

    key: str
    text: str
    circumstance: str | None
    item_ids: tuple[str, ...]
    support: str


@dataclass(frozen=True)
class _Sentence:
    text: str
    category: str
    item_ids: tuple[str, ...]


def summarise_extractively(context: Context, *, is_of_the_day: bool = False) -> ExtractiveSummary:
    """Summarise what held in an area and some hours with sentences of the items themselves.

    Notable traffic bulletins and headlines are told in the order of the items, with their times,
    and notable weather after them; one sentence in three is kept for it. What is notable in no item
    has no sentence. Bulletins of one category that are `MANY` are counted first.

    Parameters
    ----------
    context : Context
        Its items are in the order of relevance.
    is_of_the_day : bool
        Whether it is the day as a whole.

    Returns
    -------
    ExtractiveSummary
        Without a notable item its text says that nothing is known.
    """
    chosen = _chosen(_without_repeats([item for item in context.items if item.is_notable]))
    sentences = _sentences(chosen, context)[:_MAX_SENTENCES]
    told = " ".join(sentence.text for sentence in sentences)
    # an item's own full stops may make several sentences of one
    text = " ".join(split_sentences(told)[:_MAX_SENTENCES])
    key = _key(context)
    if not text:
        return ExtractiveSummary(key, _nothing(context, is_of_the_day), None, (), NO_NOTABLE_ITEM)
    item_ids = dict.fromkeys(item_id for sentence in sentences for item_id in sentence.item_ids)
    return ExtractiveSummary(key, text, sentences[0].category, tuple(item_ids), ITS_OWN_ITEMS)


def _key(context: Context) -> str:
    decides = [MODEL, VERSION, context.city, context.area, context.hours, str(context.date)]
    items = [[item.item_id, item.category, item.is_notable] for item in context.items]
    canonical = json.dumps([decides, items], ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", errors="replace")).hexdigest()


def _without_repeats(items: Sequence[Item]) -> list[Item]:
    """Keep the first of items with nearly the same words; one told again has another number."""
    kept: list[tuple[Item, set[str]]] = []
    for item in items:
        words = set(words_of(item.text))
        if not words or any(
            other.kind == item.kind
            and len(words & others) >= _NEAR_REPEAT * math.sqrt(len(words) * len(others))
            for other, others in kept[:_MOST_COMPARED]
        ):
            continue
        kept.append((item, words))
    return [item for item, _ in kept]


_MOST_COMPARED = 100


def _chosen(items: Sequence[Item]) -> list[Item]:
    """Take bulletins and headlines as they come, then one observation for each sort of weather."""
    weather = [item for item in items if item.kind == "weather"]
    sorts = list({item.category: item for item in reversed(weather)}.values())[::-1]
    bulletins = [item for item in items if item.kind != "weather"]
    room = _MAX_SENTENCES - min(len(sorts), 1)
    return bulletins[:room] + sorts[: _MAX_SENTENCES - min(len(bulletins), room)]


def _sentences(chosen: Sequence[Item], context: Context) -> list[_Sentence]:
    sentences = [
        _Sentence(text, item.category, (item.item_id,))
        for item in chosen
        if (text := _told(item, context.date))
    ]
    return _counted(context) + sentences


def _counted(context: Context) -> list[_Sentence]:
    """Say how many bulletins there are of the commonest category, if they are many."""
    bulletins = [item for item in context.items if item.kind == "traffic" and item.is_notable]
    counts = Counter(item.category for item in bulletins if item.category != OTHER)
    category, count = next(iter(counts.most_common(1)), (OTHER, 0))
    if count < MANY:
        return []
    item_ids = tuple(item.item_id for item in bulletins if item.category == category)
    text = f"{count} traffic bulletins tell of {_PLURAL.get(category, category)}."
    return [_Sentence(text, category, item_ids)]


_PLURAL = {"closure": "closures", "collision": "collisions", "event": "events", "strike": "strikes"}


def _told(item: Item, date: dt.date) -> str:
    """Tell an item in one sentence, with its times; empty for an item without a word."""
    sentences = [
        sentence
        for sentence in split_sentences(item.text)
        if any(character.isalnum() for character in sentence)
    ]
    if not sentences:
        return ""
    if len(sentences) > _LONGEST_BULLETIN:
        sentences = [max(sentences, key=_gravity)]
    before, after = _times(item, date)
    # first what the item says first, then its times, then what else makes a ride unusual
    width = SENTENCE_WIDTH - len(before) - len(after)
    joined = before + shorten(_open_ended(sentences[0]), width) + after
    for sentence in sentences[1:]:
        longer = f"{joined}; {_uncapitalised(_open_ended(sentence))}"
        if themes_of(sentence) - NO_REASON and len(longer) <= SENTENCE_WIDTH:
            joined = longer
    return end_properly(joined)


def _gravity(sentence: str) -> int:
    return sum(mention.theme.weight for mention in mentions_of(sentence))


def _times(item: Item, date: dt.date) -> tuple[str, str]:
    """Say when an item holds: what stands before it, and what after its first sentence.

    A text that the ride carries itself has no time and no area, and is told as it stands; so is
    what holds for the day.
    """
    start, end = _clock(item.starts_at, date), _clock(item.ends_at, date)
    if item.kind == "weather":
        return (f"Weather at {start}: " if start else ""), ""
    if item.kind == "news":
        return (f"In the news at {start}: " if start else ""), ""
    if item.starts_at is not None and item.starts_at.date() < date:
        start = ""  # it was there before the day began
    if start and end:
        return "", f", from {start} to {end}"
    if start:
        return "", f", from {start} with no end given"
    if end:
        return "", f", until {end}"
    return "", ", with no time given" if item.area else ""


def _clock(time: dt.datetime | None, date: dt.date) -> str:
    if time is None:
        return ""
    next_day = date + dt.timedelta(days=1)
    if time == dt.datetime.combine(next_day, dt.time()):
        return "midnight"
    if time.date() == next_day:
        return f"{time:%H:%M} the next day"
    return f"{time:%H:%M}" if time.date() == date else f"{time:%H:%M} on {time.day} {time:%B}"


def _open_ended(sentence: str) -> str:
    """Take its stop off a sentence, so that more can follow."""
    return sentence.rstrip("".join(TERMINATORS) + " ") or sentence


def _uncapitalised(sentence: str) -> str:
    """Write the first word small if it is an ordinary word and not a name."""
    word = sentence.partition(" ")[0].rstrip(",")
    ordinary = word.lower() in _ORDINARY or word.lower() in THEME_OF
    return sentence[0].lower() + sentence[1:] if ordinary and word[1:].islower() else sentence


def _nothing(context: Context, is_of_the_day: bool) -> str:
    if is_of_the_day:
        return f"Nothing is known that held in all of {context.city} for most of the day."
    what = "No bulletin, event or notable weather is known for"
    if context.hours == ALL_DAY:
        return f"{what} {context.place} on this day."
    start, end = _clock(context.starts_at, context.date), _clock(context.ends_at, context.date)
    return f"{what} {context.place} between {start} and {end}."
