"""Summarise a context without a language model: choose the sentences that say most about the roads.

What is chosen is decided by two things. The vocabulary below says what a bulletin, an observation
or a headline is about (a closure, ice, a concert) and how much that matters to a taxi. Among those
that matter equally, the most central one speaks for the others: the one closest to the centroid of
its source in TF-IDF space (Radev et al., "Centroid-based summarization of multiple documents",
2004). The same texts always give the same summary, and nothing is downloaded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from dbt_project.summaries.sentences import end_properly, shorten, split_sentences
from dbt_project.summaries.themes import (
    LABELS,
    NOT_COUNTED,
    ROAD_NEWS,
    THEMES,
    lexicon,
    themes_of,
    words_of,
)

VERSION = "2"
"""Part of each summary's key in the ledger: raise it when the same texts get another summary."""

NOTHING_KNOWN = "No news, weather or traffic information was available for this time."
"""The summary of a context without any text."""

SENTENCE_WIDTH = 240
"""The most characters of one sentence; a longer one is cut at a word."""

MANY = 4
"""From so many items on, a source also says how many there are and what they are about."""

_LONGEST_BULLETIN = 4  # sentences; an item with more is running text, each sentence on its own
_MOST_CANDIDATES = 400  # of a source; every pair of them is compared
_NEAR_REPEAT = 0.9  # of their words in common, by cosine
# Say nothing about what a sentence is about.
_FUNCTION_WORDS = lexicon(
    "a about above after again all also although am an and another any are around as at back be "
    "because been before being below between both but by can could did do does down during each "
    "either else even ever every few for from further had has have he hence her here him his how "
    "however i if in into is it its itself just least less many may me might more most much must "
    "my near neither no nor not now of off often on once one only onto or other others our out "
    "over own part per perhaps rather same several she should since so some still such than that "
    "the their them then there these they this those though through thus to together too toward "
    "towards two under until up upon us very was we well were what when where whether which while "
    "who whole whom whose why will with within without would yet you your"
)


@dataclass(frozen=True)
class _Item:
    """One candidate: a bulletin, an observation, a headline or a sentence of running text."""

    order: int
    sentence: str
    words: tuple[str, ...]
    themes: frozenset[str]

    @property
    def concerns_roads(self) -> bool:
        return bool(self.themes & ROAD_NEWS)

    @property
    def weight(self) -> int:
        return sum(theme.weight for theme in THEMES if theme.label in self.themes)


@dataclass(frozen=True)
class _Source:
    """What one of the three texts offers, the best first."""

    items: tuple[_Item, ...]
    opening: str
    """Says how many items there are and what about; empty if they are few."""


def summarise_extractively(news: str, weather: str, traffic: str, max_sentences: int = 3) -> str:
    """Summarise the circumstances of a ride with sentences of the texts themselves.

    Each text that has something to say gets a sentence, traffic and weather before news. News that
    has nothing to do with the roads has nothing to say as long as both traffic and weather do, and
    never more than one sentence. What is left of `max_sentences` goes to further traffic bulletins,
    then to news that concerns the roads, then to weather. The sentences stand in the order weather,
    traffic, news.

    Parameters
    ----------
    news, weather, traffic : str
        The texts, one item (headline, observation, bulletin) a line; running text works too.
        Empty if there is none.
    max_sentences : int, default 3
        The most sentences, at least 1.

    Returns
    -------
    str
        One line of at most `max_sentences` sentences. A short item of several sentences becomes one
        sentence: its first, and after semicolons those that name a circumstance. Without any text
        the answer is `NOTHING_KNOWN`.
    """
    sources = {
        "weather": _read("weather report", weather),
        "traffic": _read("traffic bulletin", traffic),
        "news": _read("news item", news),
    }
    chosen = _choose(sources, max_sentences)
    sentences = [
        _with_opening(sources[name], item, first=position == 0)
        for name in sources
        for position, item in enumerate(sorted(chosen.get(name, []), key=lambda item: item.order))
    ]
    whole = split_sentences(" ".join(sentences))[:max_sentences]
    return " ".join(whole) or NOTHING_KNOWN


def _choose(sources: dict[str, _Source], max_sentences: int) -> dict[str, list[_Item]]:
    """Take one item of each source in turn, then fill up."""
    traffic, weather, news = (sources[name].items for name in ("traffic", "weather", "news"))
    if traffic and weather:
        news = tuple(item for item in news if item.concerns_roads)
    by_rank = {"traffic": traffic, "weather": weather, "news": news}
    first = [(name, items[0]) for name, items in by_rank.items() if items]
    more = (
        [("traffic", item) for item in traffic[1:]]
        + [("news", item) for item in news[1:] if item.concerns_roads and item.weight > 0]
        + [("weather", item) for item in weather[1:] if item.weight > 0]
    )
    chosen: dict[str, list[_Item]] = {}
    for name, item in (first + more)[:max_sentences]:
        chosen.setdefault(name, []).append(item)
    return chosen


def _with_opening(source: _Source, item: _Item, *, first: bool) -> str:
    return source.opening + item.sentence if first else item.sentence


@lru_cache(maxsize=10_000)  # a day has thousands of contexts, of some dozens of distinct texts
def _read(name: str, text: str) -> _Source:
    """Cut a text into items, drop the repeated ones and put the most telling first."""
    given = [split_sentences(line) for line in text.splitlines()]
    running = any(len(sentences) > _LONGEST_BULLETIN for sentences in given)
    if running:
        given = [[one] for sentences in given for one in sentences]
    distinct = _items(_without_repeats(given))
    best = _best_first(distinct)
    opening = ""
    if name == "news item":  # the gravest news of the world is not the gravest for a taxi
        best.sort(key=lambda item: not item.concerns_roads)
    elif not running:
        # A bulletin told twice is one, but the same weather at two hours is two reports.
        opening = _opening(name, _items(given) if name == "weather report" else distinct)
    return _Source(tuple(best), opening)


def _items(bulletins: Iterable[list[str]]) -> list[_Item]:
    return [_item(order, sentences) for order, sentences in enumerate(filter(None, bulletins))]


def _without_repeats(bulletins: Iterable[list[str]]) -> list[list[str]]:
    """Keep the first of the bulletins that have the same words, and none that has no words."""
    distinct: dict[tuple[str, ...], list[str]] = {}
    for sentences in bulletins:
        words = words_of(" ".join(sentences))
        if words:
            distinct.setdefault(words, sentences)
    return list(distinct.values())


def _item(order: int, sentences: list[str]) -> _Item:
    words = tuple(word for sentence in sentences for word in words_of(sentence))
    themes = frozenset[str]().union(*(themes_of(sentence) for sentence in sentences))
    return _Item(order, _as_one_sentence(sentences), words, themes)


def _as_one_sentence(sentences: list[str]) -> str:
    """Join a bulletin's first sentence and those that name a circumstance, as far as they fit."""
    joined = sentences[0]
    for sentence in sentences[1:]:
        longer = joined.rstrip(".") + "; " + _uncapitalised(sentence)
        if themes_of(sentence) - NOT_COUNTED and len(longer) <= SENTENCE_WIDTH:
            joined = longer
    return end_properly(shorten(joined, SENTENCE_WIDTH))


def _uncapitalised(sentence: str) -> str:
    """Write the first word small if it is an ordinary word and not a name."""
    word = sentence.partition(" ")[0]
    ordinary = word.lower() in _ORDINARY or word.lower() in LABELS
    return sentence[0].lower() + sentence[1:] if ordinary and word[1:].islower() else sentence


_ORDINARY = lexicon(
    "a an the this that it there and but very expect expected avoid allow use all both some one "
    "two several many police recovery diverted diversions vehicles long short in on at by for "
    "from with after before until"
)


def _opening(name: str, items: Sequence[_Item]) -> str:
    """Say how many items there are, and how many of them mention each of the commonest themes."""
    if len(items) < MANY:
        return ""
    counts = [
        (sum(theme.label in item.themes for item in items), theme.label)
        for theme in THEMES
        if theme.label not in NOT_COUNTED
    ]
    commonest = sorted((pair for pair in counts if pair[0]), key=lambda pair: -pair[0])[:3]
    about = ", ".join(f"{label} {count}" for count, label in commonest)
    return f"{len(items)} {name}s{f' ({about})' if about else ''}, among them: "


def _best_first(items: Sequence[_Item]) -> list[_Item]:
    """Order by weight, then by centrality, then as they came; near-repeats are left out."""
    heaviest = sorted(items, key=lambda item: (-item.weight, item.order))[:_MOST_CANDIDATES]
    candidates: list[_Item] = []
    for item in sorted(heaviest, key=lambda item: item.order):
        if not any(_is_near_repeat(item, other) for other in candidates):
            candidates.append(item)
    centrality = dict(zip(candidates, _centrality(candidates), strict=True))
    return sorted(candidates, key=lambda item: (-item.weight, -centrality[item], item.order))


def _is_near_repeat(item: _Item, other: _Item) -> bool:
    """Compare which words two items use; a bulletin told again has another time or number."""
    words, others = set(item.words), set(other.words)
    return len(words & others) >= _NEAR_REPEAT * math.sqrt(len(words) * len(others))


def _centrality(items: Sequence[_Item]) -> list[float]:
    """Cosine similarity of each item with the sum of all, in TF-IDF space, times a constant."""
    if len(items) < 3:  # of two, none is more central
        return [0.0] * len(items)
    telling = [
        [word for word in item.words if word not in _FUNCTION_WORDS] or item.words for item in items
    ]
    vectors = tf_idf(telling)
    centrality = vectors @ vectors.sum(axis=0)
    # Rounded, so that the last bit of a sum never decides between two that are equally central.
    return [round(value, 9) for value in centrality.tolist()]


def tf_idf(documents: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """Vectors of length 1, one row a document: how often each word is used, the rarer the more.

    Weights are scikit-learn's, whose own takes longer to import than all summaries of a day take
    to make: ``tf * (ln((1 + n) / (1 + df)) + 1)``.
    """
    columns = {word: number for number, word in enumerate(dict.fromkeys(chain(*documents)))}
    counts = np.zeros((len(documents), len(columns)))
    for row, words in enumerate(documents):
        np.add.at(counts[row], [columns[word] for word in words], 1)
    documents_with = np.count_nonzero(counts, axis=0)
    weighted = counts * (np.log((1 + len(documents)) / (1 + documents_with)) + 1)
    lengths = np.linalg.norm(weighted, axis=1, keepdims=True)
    vectors: NDArray[np.float64] = weighted / np.where(lengths, lengths, 1)
    return vectors
