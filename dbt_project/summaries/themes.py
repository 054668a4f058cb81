"""The vocabulary: which words say what a bulletin, an observation or a headline is about."""

from __future__ import annotations

import re
from typing import NamedTuple


class Theme(NamedTuple):
    """One kind of circumstance, and the words that give it away."""

    label: str
    """What a count of it is called."""
    weight: int
    """How much it matters to a ride; 0 says only that something is about transport."""
    words: frozenset[str]


def lexicon(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _theme(label: str, weight: int, words: str) -> Theme:
    return Theme(label, weight, lexicon(words))


# The whole vocabulary. English; another language needs its own table and nothing else.
ON_THE_ROAD = (
    _theme(
        "closures",
        3,
        "closed closes closing closure closures shut shuts blocked cordon cordoned impassable",
    ),
    _theme(
        "collisions",
        2,
        "collision collisions crash crashes crashed accident accidents overturned overturns",
    ),
    _theme(
        "delays",
        2,
        "delay delays delayed queue queues queuing queueing congestion congested tailback "
        "tailbacks gridlock gridlocked standstill stationary jam jams slow slowing diversion "
        "diversions diverted disruption disrupted gridlocks",
    ),
    _theme(
        "injuries", 2, "injured injury injuries killed dead fatal fatality casualty casualties hurt"
    ),
    _theme("flooding", 2, "flood floods flooded flooding"),
    _theme("roadworks", 1, "roadworks roadwork resurfacing repaving"),
    _theme("breakdowns", 1, "breakdown breakdowns stalled disabled"),
)
IN_THE_AIR = (
    _theme("snow", 3, "snow snowfall snowing sleet blizzard hail"),
    _theme("ice", 3, "ice icy frost freezing gritters"),
    _theme("fog", 2, "fog foggy mist haze smog"),
    _theme(
        "storm",
        3,
        "storm storms stormy thunder thunderstorm thunderstorms lightning hurricane gale gales",
    ),
    _theme("rain", 2, "rain rainy showers shower drizzle downpour downpours wet"),
    _theme("gusts", 2, "gust gusts gusty windy"),
    _theme("heavy", 1, "heavy severe torrential dense strong extreme"),
)
IN_THE_CITY = (
    _theme(
        "events",
        2,
        "marathon parade procession carnival concert stadium arena kick-off kickoff match fans "
        "supporters crowd crowds runners spectators marchers",
    ),
    _theme("strikes", 1, "strike strikes walkout"),
    _theme(
        "transport",
        0,
        "road roads street streets motorway motorways highway freeway expressway bridge tunnel "
        "junction lane lanes traffic taxi taxis cab cabs bus buses train trains rail railway "
        "subway tram trams ferry ferries airport flights driver drivers motorist motorists "
        "commuter commuters passenger passengers lorry truck fuel petrol gasoline diesel parking",
    ),
)
THEMES = ON_THE_ROAD + IN_THE_AIR + IN_THE_CITY
LABELS = {word: theme.label for theme in THEMES for word in theme.words}

# A headline is about the roads if it mentions one of these; "killed" or "storm" alone happens
# anywhere in the world.
ROAD_NEWS = frozenset(
    {"collisions", "delays", "flooding", "roadworks", "events", "transport"},
)
NOT_COUNTED = frozenset({"heavy", "transport"})
_DENIALS = lexicon("no not without nil none zero never unlikely 0 0.0 0.00")
_WORD = re.compile(r"\d+(?:\.\d+)?|\w+(?:[-'\u2019]\w+)*")


def words_of(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.lower()))


def themes_of(sentence: str) -> frozenset[str]:
    """Label what a sentence mentions and does not deny, as in "no delays" and "snow 0 in"."""
    clauses = [words_of(clause) for clause in re.split("[,;:]", sentence)]
    return frozenset(
        theme.label
        for words in clauses
        for position, word in enumerate(words)
        for theme in THEMES
        if word in theme.words and _DENIALS.isdisjoint(words[max(0, position - 3) : position + 3])
    )
