"""Decide the category of an item, and whether it is notable.

Only this module decides, for extractive summaries, `ride_circumstances`, incidents and effects. It
uses the vocabulary of `dbt_project.summaries.themes`, which is English. A bulletin in another
language is notable and has the category `other`, because every traffic bulletin is about getting
about. Weather and news in another language are not notable.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import pandas as pd

from dbt_project.summaries.feed_text import feed_text
from dbt_project.summaries.places import is_about_elsewhere
from dbt_project.summaries.themes import (
    IN_THE_AIR,
    NO_REASON,
    OTHER,
    ROAD_NEWS,
    THEME_OF,
    Mention,
    mentions_of,
    words_of,
)

CATEGORY_DTYPES = {
    "kind": "string",
    "is_local": "boolean",
    "text": "string",
    "plain_text": "string",
    "category": "string",
    "gravity": "Int64",
    "is_notable": "boolean",
    "is_announcement": "boolean",
}
"""Columns of `categorised`; `kind`, `is_local` and `text` are the key, as they were given."""

_NOT_ON_ITS_OWN = NO_REASON | {"injuries"}
_IN_THE_AIR = frozenset(theme.label for theme in IN_THE_AIR) - {"heavy"}
_CALM = re.compile(
    r"\b(?:all clear|moving (?:well|freely)|flowing|running (?:well|normally|as normal)|"
    r"(?:back to|as) normal|re-?opened|nothing to report|"
    r"no (?:incidents?|problems?|issues?|reports?))\b",
    re.IGNORECASE,
)
# A headline with one of these words is about another hour than the one in which it appeared.
_ANNOUNCES = re.compile(
    r"\b(?:today|tonight|tomorrow|later|weekend|noon|teatime|evening|will|planned|forecast|"
    r"warnings?|expected (?:at|for|in|to)|to go ahead)\b",
    re.IGNORECASE,
)


class Category(NamedTuple):
    """What is said about an item."""

    category: str
    """One of `dbt_project.summaries.items.CATEGORIES`."""
    gravity: int
    """How much it matters to a ride, 0 or more. It decides the order of items."""
    is_notable: bool
    """Whether it may have made a ride longer, slower or unusual."""
    is_announcement: bool = False
    """Whether it is a headline about a later time, such as "tonight's concert"."""


def categorised(texts: pd.DataFrame, *, city: str, time_zone: str) -> pd.DataFrame:
    """Categorise distinct texts.

    Parameters
    ----------
    texts : DataFrame
        A row for each distinct text: `kind` is news, weather or traffic, `is_local` says whether
        its record names an area, `text` is what the record has.
    city, time_zone : str
        Where the rides are, to recognise news from elsewhere.

    Returns
    -------
    DataFrame
        A row for each row of `texts`, with the columns of `CATEGORY_DTYPES`. If a text is empty
        without its mark-up, `plain_text` is NULL and `is_notable` is false.
    """
    records = []
    for kind, is_local, text in texts[["kind", "is_local", "text"]].itertuples(index=False):
        plain = feed_text(text)
        found = category_of(kind, plain, bool(is_local), city=city, time_zone=time_zone)
        records.append((kind, is_local, text, plain or None, *found))
    return pd.DataFrame(records, columns=list(CATEGORY_DTYPES)).astype(CATEGORY_DTYPES)


def category_of(kind: str, text: str, is_local: bool, *, city: str, time_zone: str) -> Category:
    """Categorise a text.

    Parameters
    ----------
    kind : str
        news, weather or traffic.
    text : str
        Plain text.
    is_local : bool
        Whether it is known to be about one area of the city.
    city, time_zone : str
        Where the rides are.

    Returns
    -------
    Category
        Weather has the gravest category that it mentions. Other texts have the first one that they
        name. Congestion follows from other causes, so it counts only if nothing else is named.
    """
    mentions = mentions_of(text)
    gravity = sum({mention.theme.label: mention.theme.weight for mention in mentions}.values())
    if kind == "weather":
        return _weather(mentions, gravity)
    category = _named_first(mentions)
    if kind == "traffic":
        return Category(category, gravity, _is_trouble(text, mentions))
    is_announcement = _ANNOUNCES.search(text) is not None
    # An announcement for an area has not happened yet; one for the city is told for the day.
    if is_local:
        is_notable = _is_road_news(mentions, is_local=True) and not is_announcement
    else:
        is_notable = _is_road_news(mentions, is_local=False) and not is_about_elsewhere(
            text, city, time_zone
        )
    return Category(category, gravity, is_notable, is_announcement)


def _weather(mentions: list[Mention], gravity: int) -> Category:
    in_the_air = [mention for mention in mentions if mention.theme.label in _IN_THE_AIR]
    if not in_the_air:
        return Category(OTHER, 0, is_notable=False)
    gravest = max(in_the_air, key=lambda mention: (not mention.is_mild, mention.theme.weight))
    return Category(gravest.theme.category, gravity, is_notable=not gravest.is_mild)


def _named_first(mentions: list[Mention]) -> str:
    named = [mention.theme.category for mention in mentions if mention.theme.category != OTHER]
    causes = [category for category in named if category != "congestion"]
    return next(iter(causes or named), OTHER)


def _is_trouble(text: str, mentions: list[Mention]) -> bool:
    """Whether a traffic bulletin reports trouble. Only a few say that all is well."""
    if not _reasons(mentions):
        has_words = any(character.isalnum() for character in text)
        denies = any(_is_reason(word) for word in words_of(text))
        return has_words and not denies and _CALM.search(text) is None
    return True


def _is_road_news(mentions: list[Mention], *, is_local: bool) -> bool:
    """Whether a headline has to do with getting about: it is about an area, or about roads."""
    labels = {mention.theme.label for mention in mentions}
    return bool(labels - _NOT_ON_ITS_OWN) and (is_local or not labels.isdisjoint(ROAD_NEWS))


def _reasons(mentions: list[Mention]) -> list[Mention]:
    return [mention for mention in mentions if mention.theme.label not in NO_REASON]


def _is_reason(word: str) -> bool:
    return word in THEME_OF and THEME_OF[word].label not in NO_REASON
