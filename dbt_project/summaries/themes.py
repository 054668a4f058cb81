"""The vocabulary: the words that show what a bulletin, an observation or a headline is about."""

from __future__ import annotations

import re
from typing import NamedTuple


class Theme(NamedTuple):
    """One kind of circumstance, and the words that show it."""

    label: str
    category: str
    """The category by which analysts group. `OTHER` if it is not a reason by itself."""
    weight: int
    """How much it matters to a ride. 0 means only that the text is about transport."""
    words: frozenset[str]


OTHER = "other"


def lexicon(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _theme(label: str, category: str, weight: int, words: str) -> Theme:
    return Theme(label, category, weight, lexicon(words))


# The whole vocabulary, in English. Another language needs only its own table. A hyphen also stands
# for a space: "surface-water".
ON_THE_ROAD = (
    _theme(
        "closures",
        "closure",
        3,
        "closed closes closing closure closures shut shuts blocked cordon cordoned impassable",
    ),
    _theme(
        "collisions",
        "collision",
        2,
        "collision collisions crash crashes crashed accident accidents overturned overturns "
        "pile-up derailed derails derailment",
    ),
    _theme(
        "delays",
        "congestion",
        2,
        "delay delays delayed queue queues queuing queueing congestion congested tailback "
        "tailbacks gridlock gridlocked standstill stationary jam jams slow slowing diversion "
        "diversions diverted disruption disrupted gridlocks walking-pace barely-moves "
        "barely-moving",
    ),
    _theme(
        "injuries",
        OTHER,
        2,
        "injured injury injuries killed dead fatal fatality casualty casualties hurt",
    ),
    _theme(
        "flooding",
        "flooding",
        2,
        "flood floods flooded flooding surface-water standing-water blocked-drain blocked-drains "
        "puddle puddles",
    ),
    _theme("roadworks", "roadworks", 1, "roadworks roadwork resurfacing repaving"),
    _theme("breakdowns", OTHER, 1, "breakdown breakdowns broken-down stalled disabled"),
    _theme(
        "hazards",
        OTHER,
        1,
        "leak leaks burst collapse collapses collapsed sinkhole blaze explosion evacuated "
        "evacuation",
    ),
)
IN_THE_AIR = (
    _theme("snow", "snow and ice", 3, "snow snowfall snowing sleet blizzard hail"),
    _theme("ice", "snow and ice", 3, "ice icy frost freezing gritters slippery"),
    _theme("fog", "fog", 2, "fog foggy mist haze smog"),
    _theme(
        "storm",
        "wind",
        3,
        "storm storms stormy thunder thunderstorm thunderstorms lightning hurricane gale gales",
    ),
    _theme("rain", "rain", 2, "rain rainy showers shower drizzle downpour downpours wet"),
    _theme("gusts", "wind", 2, "gust gusts gusty windy high-winds strong-winds warning-for-wind"),
    _theme("heavy", OTHER, 1, "heavy severe torrential dense strong extreme"),
)
IN_THE_CITY = (
    _theme(
        "events",
        "event",
        2,
        "marathon parade procession carnival concert stadium arena kick-off kickoff match fans "
        "supporters crowd crowds runners spectators marchers march-from march-through "
        "march-against protest-march",
    ),
    _theme("strikes", "strike", 1, "strike strikes walkout"),
    _theme("warnings", OTHER, 0, "warning warnings"),
    _theme(
        "transport",
        OTHER,
        0,
        "road roads street streets motorway motorways highway freeway expressway bridge tunnel "
        "junction lane lanes traffic taxi taxis cab cabs bus buses train trains rail railway "
        "subway tram trams ferry ferries airport flights driver drivers motorist motorists "
        "commuter commuters passenger passengers lorry truck fuel petrol gasoline diesel parking",
    ),
)
THEMES = ON_THE_ROAD + IN_THE_AIR + IN_THE_CITY
THEME_OF = {word: theme for theme in THEMES for word in theme.words}

# A headline is about the roads if it mentions one of these; "killed" or "storm" alone happens
# anywhere in the world.
ROAD_NEWS = frozenset(
    {"collisions", "delays", "flooding", "roadworks", "events", "warnings", "transport"}
)
NO_REASON = frozenset({"heavy", "warnings", "transport"})
"""Labels of themes that by themselves do not slow a ride."""
_DENIALS = lexicon("no not without nil none zero never unlikely 0 0.0 0.00")
# Before a word for rain or wind they say that there is little of it.
_LITTLE = lexicon("light slight little few spots patchy isolated occasional")
_MILD = frozenset({"rain", "gusts"})

# "Gas leak on Alexandra Parade" is not about a parade.
_STREET = re.compile(r"\b(?:on|at|along|off|into|from|to) (?:[A-Z][\w'-]* )+Parade\b")
# Only strong winds are told: "strong north-westerly wind".
_STRONG_WIND = re.compile(r"\b(?:strong|high|severe) (?:[\w-]+ )?winds?\b", re.IGNORECASE)
_WORD = re.compile(r"\d+(?:\.\d+)?|\w+(?:[-'\u2019]\w+)*")
_CLAUSE_END = re.compile(r"[,;:]|[.!?](?:\s|$)")
_PHRASE = re.compile(
    "|".join(sorted(word.replace("-", " ") for word in THEME_OF if "-" in word)),
)


class Mention(NamedTuple):
    """A theme that a text names, in the order in which it names them."""

    theme: Theme
    is_mild: bool
    """Whether it is said to be little, as in "light rain" and "drizzle"."""


def words_of(text: str) -> tuple[str, ...]:
    one_by_one = _PHRASE.sub(lambda phrase: phrase[0].replace(" ", "-"), text.lower())
    return tuple(_WORD.findall(one_by_one))


def mentions_of(text: str) -> list[Mention]:
    """Find what a text mentions and does not deny, as in "no delays" and "snow 0 in"."""
    found = []
    for clause in _CLAUSE_END.split(_STREET.sub("on a street", text)):
        clause = _STRONG_WIND.sub("strong-winds", clause)
        words = words_of(clause)
        for position, word in enumerate(words):
            theme = THEME_OF.get(word)
            if theme is None:
                continue
            if _DENIALS.isdisjoint(words[max(0, position - 3) : position + 3]):
                before = words[max(0, position - 2) : position]
                is_little = word == "drizzle" or not _LITTLE.isdisjoint(before)
                found.append(Mention(theme, is_little and theme.label in _MILD))
    return found


def themes_of(sentence: str) -> frozenset[str]:
    """Label what a sentence mentions and does not deny."""
    return frozenset(mention.theme.label for mention in mentions_of(sentence))
