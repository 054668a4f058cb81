"""Summarise a context without a language model: one sentence for each of its gravest items.

The vocabulary (`dbt_project.summaries.categories`) and the order of the items decide what is told.
The order is that of `ride_circumstances`: bulletins of the area first, the gravest first. The same
items always give the same summary, and nothing is downloaded.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from dbt_project.summaries.answers import MAX_SENTENCES, Summary
from dbt_project.summaries.items import ALL_DAY, Context, Item
from dbt_project.summaries.readings import (
    FUNCTION_WORDS,
    ORDINARY,
    WRITTEN_NUMBERS,
    Reading,
    readings_in,
)
from dbt_project.summaries.replies import Claim
from dbt_project.summaries.sentences import (
    TERMINATORS,
    end_properly,
    shorten,
    split_sentences,
)
from dbt_project.summaries.themes import (
    IN_THE_AIR,
    NO_REASON,
    OTHER,
    lexicon,
    mentions_of,
    themes_of,
    words_of,
)

VERSION = "4"
"""A part of each summary's key in the ledger. Raise it if the same items get another summary."""

SENTENCE_WIDTH = 240
"""The most characters of a sentence. A longer sentence is cut at a word."""

MANY = 4
"""From this many notable bulletins of one category on, their number is told first."""

ITS_OWN_ITEMS = "extractive: its own items"
NO_NOTABLE_ITEM = "extractive: no notable item"

_LONGEST_BULLETIN = 4  # sentences; from a longer item only the gravest sentence is told
_NEAR_REPEAT = 0.9  # of their words in common, by cosine
_SAME_STORY = 3  # words that a headline and a bulletin of the same story have in common
_MOST_COMPARED = 100  # the most items with which an item is compared
_PLURAL = {"closure": "closures", "collision": "collisions", "event": "events", "strike": "strikes"}
_HOLDS_FOR_HOURS = frozenset({"closure", "collision", "event"})
_IN_THE_AIR = frozenset(theme.label for theme in IN_THE_AIR) - {"heavy"}
_STOPS = "".join(TERMINATORS) + " "
_COLON = ": "
_HAS_HAPPENED = re.compile(r"\b(?:has|have|had)\b")  # at a moment, and not for hours
_ORDINARY = (
    ORDINARY
    | WRITTEN_NUMBERS
    | lexicon("black coaches crowds lorries nobody ramps recovery slip trees two")
)


def summarise_extractively(context: Context) -> Summary:
    """Summarise what held in an area and some hours with sentences of the items themselves.

    Parameters
    ----------
    context : Context
        A context with its items in the order of relevance.

    Returns
    -------
    Summary
        At most three sentences on one line. Without notable items it says that nothing is known.
    """
    claims = claims_of(context)
    # an item's own full stops may split one sentence into several
    told = split_sentences(" ".join(claim.text for claim in claims))
    if not told:
        return nothing_fits(context, NO_NOTABLE_ITEM)
    items = {item.number: item for item in context.items}
    numbers = dict.fromkeys(number for claim in claims for number in claim.items)
    return Summary(
        text=" ".join(told[:MAX_SENTENCES]),
        circumstance=items[claims[0].items[0]].category,
        item_ids=tuple(items[number].item_id for number in numbers),
        support=ITS_OWN_ITEMS,
    )


def claims_of(context: Context) -> list[Claim]:
    """Choose what is told. Each sentence has the numbers of its items.

    Notable bulletins and headlines come first, in the order of the items. Notable weather comes
    after them; one of the three sentences is reserved for it. If a road of the area was closed, or
    a crowd filled it, bulletins and headlines of the whole city are left out. If a category has
    `MANY` bulletins, their number is told first.
    """
    notable = _without_repeats([item for item in context.items if item.is_notable])
    told = [Claim(_told(item, context), (item.number,)) for item in _chosen(notable)]
    return [*_counted(context), *(claim for claim in told if claim.text)][:MAX_SENTENCES]


def nothing_fits(context: Context, support: str) -> Summary:
    """Say that nothing is known that could make rides unusual there and then."""
    if context.is_of_the_day:
        text = f"Nothing is known that held in all of {context.city} for most of the day."
    else:
        what = "No bulletin, event or notable weather is known"
        text = f"{what} for {context.place} {_window(context)}."
    return Summary(text, support=support)


def _window(context: Context) -> str:
    start, end = (_clock(time, context.ride_date) for time in (context.starts_at, context.ends_at))
    if context.hours == ALL_DAY:
        return "on this day"
    # the hour in which the clocks go back
    return f"in the hour from {start}" if start == end else f"between {start} and {end}"


def _without_repeats(items: Sequence[Item]) -> list[Item]:
    """Keep the first of items with nearly the same words. A repeated item has another number."""
    kept: list[tuple[Item, set[str]]] = []
    for item in items:
        words = set(words_of(item.text))
        is_repeat = any(
            other.kind == item.kind
            and len(words & others) >= _NEAR_REPEAT * math.sqrt(len(words) * len(others))
            for other, others in kept[:_MOST_COMPARED]
        )
        if words and not is_repeat:
            kept.append((item, words))
    return [item for item, _ in kept]


def _chosen(items: Sequence[Item]) -> list[Item]:
    """Take bulletins and headlines in order, then one observation for each sort of weather."""
    weather: dict[str, Item] = {}
    for item in items:
        if item.kind == "weather":
            weather.setdefault(item.category, item)
    bulletins = [item for item in items if item.kind == "traffic"]
    headlines = [item for item in items if item.kind == "news" and not _is_told(item, bulletins)]
    if any(item.area and item.category in _HOLDS_FOR_HOURS for item in bulletins):
        bulletins = [item for item in bulletins if item.area]
        headlines = [item for item in headlines if item.area]
    chosen = sorted(bulletins + headlines, key=lambda item: item.number)
    chosen = chosen[: MAX_SENTENCES - min(len(weather), 1)]
    return chosen + list(weather.values())[: MAX_SENTENCES - len(chosen)]


def _is_told(headline: Item, bulletins: Iterable[Item]) -> bool:
    """Whether a headline repeats a bulletin."""
    words = set(words_of(headline.text)) - FUNCTION_WORDS
    shared = [words.intersection(words_of(bulletin.text)) for bulletin in bulletins]
    # "road closed after crash" alone may be any road
    return any(len(common) >= _SAME_STORY and common - ORDINARY for common in shared)


def _counted(context: Context) -> list[Claim]:
    """Say how many bulletins the commonest category has, if there are many."""
    bulletins = [item for item in context.items if item.kind == "traffic" and item.is_notable]
    counts = Counter(item.category for item in bulletins if item.category != OTHER)
    category, count = next(iter(counts.most_common(1)), (OTHER, 0))
    if count < MANY:
        return []
    numbers = tuple(item.number for item in bulletins if item.category == category)
    return [Claim(f"{count} traffic bulletins tell of {_PLURAL.get(category, category)}.", numbers)]


def _told(item: Item, context: Context) -> str:
    """Tell an item in one sentence, with its times. Empty for an item without words."""
    sentences = [
        _open_ended(sentence)
        for sentence in split_sentences(item.text)
        if any(character.isalnum() for character in sentence)
    ]
    if not sentences:
        return ""
    if item.kind == "weather":
        return _weather(item, context)
    if len(sentences) > _LONGEST_BULLETIN:
        sentences = [max(sentences, key=_gravity)]
    # first the item's first sentence with its times, then what else makes rides unusual
    first, *others = sentences
    before = _appeared(item, context.ride_date)
    width = SENTENCE_WIDTH - len(before) - 1
    room = width - len(_with_times(first, _times(item, context.ride_date, first), width))
    rest = ""
    for sentence in others:
        further = f"; {_uncapitalised(sentence)}"
        if themes_of(sentence) - NO_REASON and len(rest + further) <= room:
            rest += further
    times = _times(item, context.ride_date, first + rest)
    return end_properly(before + _with_times(first, times, width) + rest)


def _appeared(item: Item, ride_date: dt.date) -> str:
    is_timed = item.kind == "news" and item.starts_at is not None
    return f"In the news at {_clock(item.starts_at, ride_date)}: " if is_timed else ""


def _with_times(sentence: str, times: str, width: int) -> str:
    """Put times into a sentence: before its colon if it has one, "M8 shut, from 16:40: a crash"."""
    what, colon, more = sentence.partition(_COLON)
    if times and _HAS_HAPPENED.search(what):
        times = times.replace(", ", ", reported ", 1)
    whole = f"{what}{times}{colon}{more}"
    if colon and len(whole) <= width:
        return whole
    return shorten(sentence, width - len(times)) + times


def _weather(item: Item, context: Context) -> str:
    """Make a sentence of the parts of an observation that name what is notable."""
    parts = [part for part in _parts(item.text) if _has_weather(part, even_mild=False)]
    parts = parts or [part for part in _parts(item.text) if _has_weather(part, even_mild=True)]
    first, *others = parts or [_open_ended(item.text)]
    where = f" in {item.area}" if item.area else ""
    when = f" at {_clock(item.starts_at, context.ride_date)}" if item.starts_at else ""
    if context.is_of_the_day and not when:
        first = f"Weather of the day: {_uncapitalised(first)}"
    first = shorten(f"{first[0].upper()}{first[1:]}", SENTENCE_WIDTH - len(where) - len(when) - 1)
    said = first + where + when
    for part in others:
        longer = f"{said}, {_uncapitalised(part)}"
        said = longer if len(longer) < SENTENCE_WIDTH else said
    return end_properly(said)


def _has_weather(part: str, *, even_mild: bool) -> bool:
    return any(
        mention.theme.label in _IN_THE_AIR and (even_mild or not mention.is_mild)
        for mention in mentions_of(part)
    )


def _parts(text: str) -> Iterator[str]:
    for sentence in split_sentences(text):
        for clause in _open_ended(sentence).split(";"):
            yield from filter(None, (part.strip() for part in clause.split(", ")))


def _gravity(sentence: str) -> int:
    return sum(mention.theme.weight for mention in mentions_of(sentence))


def _times(item: Item, ride_date: dt.date, said: str) -> str:
    """Say when a bulletin holds, unless its own words do, or when a headline appeared.

    A text that the ride carries itself has no time and no area. It is told as it is, like items
    that hold for the whole day.
    """
    if item.kind == "news":
        return ""
    told = readings_in(said)
    start, end = (
        "" if time is None or _minutes(time) in told else _clock(time, ride_date)
        for time in (item.starts_at, item.ends_at)
    )
    midnight = dt.datetime.combine(ride_date, dt.time())
    if item.starts_at is not None and item.starts_at <= midnight:
        start = ""  # it was there when the day began
    if start and end:
        return f", from {start} to {end}"
    if start:
        return f", from {start}" if item.ends_at else f", from {start} on"
    if end:
        return f", until {end}"
    has_times = item.starts_at is not None or item.ends_at is not None
    return ", with no time given" if item.area and not has_times else ""


def _minutes(time: dt.datetime) -> Reading:
    return "time", float(time.hour * 60 + time.minute)


def _clock(time: dt.datetime | None, ride_date: dt.date) -> str:
    if time is None:
        return ""
    next_day = ride_date + dt.timedelta(days=1)
    if time == dt.datetime.combine(next_day, dt.time()):
        return "midnight"
    if time.date() == next_day:
        return f"{time:%H:%M} the next day"
    return f"{time:%H:%M}" if time.date() == ride_date else f"{time:%H:%M} on {time.day} {time:%B}"


def _open_ended(sentence: str) -> str:
    """Remove the stop of a sentence, so that more can follow."""
    return sentence.rstrip(_STOPS) or sentence


def _uncapitalised(sentence: str) -> str:
    """Write the first word small, unless it is a part of a name, such as "High Street"."""
    word, _, others = sentence.partition(" ")
    is_ordinary = word.rstrip(",").lower() in _ORDINARY and word[1:].islower()
    is_name = others[:1].isupper() and not word.endswith(",")
    return sentence[0].lower() + sentence[1:] if is_ordinary and not is_name else sentence
