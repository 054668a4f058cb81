"""Score the summaries of a day against what its lake holds, without asking the product.

What a sentence is about is told by its words: the item with the most of them is the one that it
rests on. That suits summaries that keep to the words of their items, which a check of the product
asks of every model as well.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from dbt_project.summaries.sentences import split_sentences

LEAST_RIDES = 3
"""A sentence of a day with fewer anomalous rides stands in more than half of them too easily."""

_LEAST_SHARED = 0.5  # of a sentence's words, with the item that it rests on
_SAYS_NOTHING = re.compile(r"(Nothing|No)\b")


class Share(NamedTuple):
    """So many of so many."""

    hits: int
    of: int


@dataclass(frozen=True)
class Item:
    """A bulletin, an observation or a headline of the lake; times are local.

    Attributes
    ----------
    kind : str
        "traffic", "weather" or "news".
    area : str or None
        None for the whole city.
    starts_at, ends_at : datetime or None
        None where nothing is said.
    text : str
    matters : bool
        Whether it is known to make rides unusual.
    """

    kind: str
    area: str | None
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    text: str
    matters: bool = False

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of its text, its times and its area."""
        clocks = (f"{time:%H:%M}" for time in (self.starts_at, self.ends_at) if time)
        return words_of(" ".join([self.text, self.area or "", *clocks]))


@dataclass(frozen=True)
class Ride:
    """An anomalous ride; times are local.

    Attributes
    ----------
    area : str or None
        None if the lake does not say it.
    starts_at, ends_at : datetime
        The whole periods in which it took place.
    summary : str
    bulletin : str or None
        The text of the incident that delayed it.
    """

    area: str | None
    starts_at: dt.datetime
    ends_at: dt.datetime
    summary: str
    bulletin: str | None = None


def words_of(text: str) -> frozenset[str]:
    """Return the words of three letters or more, and the numbers."""
    found = re.findall(r"\w+", text.casefold())
    return frozenset(word for word in found if len(word) > 2 or word.isdigit())


def says_nothing(summary: str) -> bool:
    """Tell whether a summary is one sentence that says that there is nothing to say."""
    return len(split_sentences(summary)) == 1 and bool(_SAYS_NOTHING.match(summary))


def told(ride: Ride) -> list[str]:
    """Return the sentences that tell of something."""
    return [] if says_nothing(ride.summary) else split_sentences(ride.summary)


def holds(item: Item, ride: Ride) -> bool:
    """Tell whether an item is about the area and the hours of a ride."""
    is_there = None in (item.area, ride.area) or same_area(item.area, ride.area)
    has_begun = item.starts_at is None or item.starts_at < ride.ends_at
    is_over = item.ends_at is not None and item.ends_at <= ride.starts_at
    return is_there and has_begun and not is_over


def same_area(one: str | None, other: str | None) -> bool:
    """Tell whether two areas are the same, however they are written."""
    return (one or "").strip().casefold() == (other or "").strip().casefold()


def closest(sentence: str, items: Iterable[Item]) -> list[Item]:
    """Return the items with the most of a sentence's words; none if none has half of them."""
    words = words_of(sentence)
    shared = {item: len(words & item.words) for item in items}
    most = max(shared.values(), default=0)
    if not words or most < _LEAST_SHARED * len(words):
        return []
    return [item for item, count in shared.items() if count == most]


def names(summary: str, bulletin: str, others: Collection[str]) -> bool:
    """Tell whether a summary names a bulletin.

    It does if it has half of those words of one of the bulletin's sentences that no other text of
    the day has, of which there are two at least.
    """
    said = words_of(summary)
    common = frozenset[str]().union(*map(words_of, others))
    own = [words_of(sentence) - common for sentence in split_sentences(bulletin)]
    return any(len(words) > 1 and len(words & said) >= len(words) / 2 for words in own)


def shared_sentences(rides: Sequence[Ride]) -> Share:
    """Count the sentences of a day, and those of them that stand in more than half of its rides."""
    if len(rides) < LEAST_RIDES:
        return Share(0, 0)
    stands_in = Counter(sentence for ride in rides for sentence in set(told(ride)))
    everywhere = [count for count in stands_in.values() if count > len(rides) / 2]
    return Share(sum(everywhere), stands_in.total())


def named_bulletins(rides: Iterable[Ride], items: Collection[Item]) -> Share:
    """Count the rides that an incident delayed, and those of them whose summary names it."""
    delayed = [ride for ride in rides if ride.bulletin]
    texts = {item.text for item in items}
    named = [
        ride
        for ride in delayed
        if ride.bulletin and names(ride.summary, ride.bulletin, texts - {ride.bulletin})
    ]
    return Share(len(named), len(delayed))


def quiet_summaries(rides: Iterable[Ride], items: Collection[Item]) -> Share:
    """Count the rides for which nothing that matters holds, and the summaries that say so."""
    quiet = [
        ride for ride in rides if not any(item.matters and holds(item, ride) for item in items)
    ]
    return Share(sum(says_nothing(ride.summary) for ride in quiet), len(quiet))


def sentences_that(
    rides: Iterable[Ride], items: Collection[Item], fault: Callable[[Ride, list[Item]], bool]
) -> Share:
    """Count the sentences, and those whose ride and closest items have a fault."""
    faulty = [fault(ride, closest(sentence, items)) for ride in rides for sentence in told(ride)]
    return Share(sum(faulty), len(faulty))


def rests_on_nothing(_: Ride, found: list[Item]) -> bool:
    """Tell whether a sentence has no item."""
    return not found


def is_elsewhere(ride: Ride, found: list[Item]) -> bool:
    """Tell whether a sentence's items are all of other hours or areas than its ride."""
    return bool(found) and not any(holds(item, ride) for item in found)


def score_day(
    rides: Sequence[Ride], items: Collection[Item], is_world_news: Callable[[Item], bool]
) -> dict[str, Share]:
    """Score the summaries of a day.

    Parameters
    ----------
    rides : sequence of Ride
        All anomalous rides of the day.
    items : collection of Item
        All items of the day.
    is_world_news : callable
        Tells of an item whether it is news that have nothing to do with the city.

    Returns
    -------
    dict
        A share for each of the measures.
    """
    return {
        "shared": shared_sentences(rides),
        "named": named_bulletins(rides, items),
        "nothing": quiet_summaries(rides, items),
        "unsupported": sentences_that(rides, items, rests_on_nothing),
        "elsewhere": sentences_that(rides, items, is_elsewhere),
        "world": sentences_that(
            rides, items, lambda _, found: any(is_world_news(item) for item in found)
        ),
    }


def summed(days: Iterable[dict[str, Share]]) -> dict[str, Share]:
    """Add up the shares of days."""
    total: dict[str, Share] = {}
    for day in days:
        for name, share in day.items():
            before = total.get(name, Share(0, 0))
            total[name] = Share(before.hits + share.hits, before.of + share.of)
    return total
