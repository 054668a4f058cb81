"""Summarise a context from its notable items, without a language model.

The items say what happened in words of their own, and when; what is chosen is decided by their
order, the most relevant first, and by the vocabulary, which says what is notable.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from dbt_project.summaries.answers import MAX_SENTENCES, SUMMARY_WIDTH, Summary
from dbt_project.summaries.evidence import check
from dbt_project.summaries.items import ALL_DAY, Context, Item
from dbt_project.summaries.replies import Claim
from dbt_project.summaries.sentences import end_properly, shorten, split_sentences
from dbt_project.summaries.themes import IN_THE_AIR, lexicon, themes_of, words_of

VERSION = "1"
"""Part of each summary's key in the ledger: raise it when the same items get another summary."""

_WIDTH = 240  # characters of a sentence; a longer one is cut at a word
_REPEAT = 0.8  # share of the words of a bulletin that another one has as well
_IN_THE_AIR = frozenset(theme.label for theme in IN_THE_AIR) - {"heavy"}
_ARTICLES = lexicon("a an the this that it there two three several many some very")


def summarise_notable(context: Context) -> Summary:
    """Say in at most three sentences what was notable there and then.

    Parameters
    ----------
    context : Context

    Returns
    -------
    Summary
        Where nothing is notable, one sentence that says so.
    """
    chosen: list[Item] = []
    for item in context.items:
        if item.is_notable and not any(_repeats(item, other) for other in chosen):
            chosen.append(item)
    chosen = chosen[:MAX_SENTENCES]
    claims = [Claim(_sentence(item, context), (item.number,)) for item in chosen]
    if not claims:
        return nothing_fits(context)
    return Summary(
        text=shorten(" ".join(claim.text for claim in claims), SUMMARY_WIDTH),
        circumstance=chosen[0].category,
        item_ids=tuple(item.item_id for item in chosen),
        support=check(claims, context).text,
    )


def nothing_fits(context: Context) -> Summary:
    """Say that nothing is reported that would make a ride there and then unusual."""
    if context.hours == ALL_DAY:
        when = f"on {context.date.day} {context.date:%B}"
    else:
        when = "between {} and {}".format(*context.hours.split("-"))
    text = f"Nothing is reported for {context.place} {when} that would make a ride unusual."
    return Summary(text, support=check((), context).text)


def _repeats(item: Item, other: Item) -> bool:
    """Tell whether two items say the same in much the same words, at two hours or in two feeds."""
    words, others = set(words_of(item.text)), set(words_of(other.text))
    return len(words & others) >= _REPEAT * min(len(words), len(others))


def _sentence(item: Item, context: Context) -> str:
    if item.kind == "weather":
        return _weather(item, context)
    first, *more = split_sentences(item.text) or [item.text]
    when = _when(item, context.date) if item.kind == "traffic" else ""
    written = first.rstrip(".") + (f", {when}" if when else "")
    for sentence in more:
        longer = f"{written}; {_small(sentence.rstrip('.'))}"
        if themes_of(sentence) and len(longer) < _WIDTH:
            written = longer
    return end_properly(shorten(written, _WIDTH - 1))


def _weather(item: Item, context: Context) -> str:
    """Make a sentence of the parts of an observation that name what is notable."""
    parts = [part.strip() for part in _parts(item.text) if themes_of(part) & _IN_THE_AIR]
    if not parts:
        return end_properly(shorten(item.text, _WIDTH - 1))
    *before, last = [parts[0], *(_small(part) for part in parts[1:])]
    what = f"{', '.join(before)} and {last}" if before else last
    where = f" in {item.area}" if item.area else ""
    when = f" {item.when(context.date)}" if item.starts_at else ""
    return end_properly(shorten(f"{what[0].upper()}{what[1:]}{where}{when}", _WIDTH - 1))


def _parts(text: str) -> Iterator[str]:
    for sentence in split_sentences(text):
        for clause in sentence.rstrip(".").split(";"):
            yield from clause.split(", ")


def _when(item: Item, date: dt.date) -> str:
    """Say since when and until when, unless the text says so itself."""
    if item.starts_at is None and item.ends_at is None:
        return ""
    told = [time for time in item.when(date).replace(", no end given", "").split("-") if time]
    if any(time.removeprefix("from ").removeprefix("until ") in item.text for time in told):
        return ""
    if len(told) == 2:
        return f"from {told[0]} to {told[1]}"
    return told[0]


def _small(sentence: str) -> str:
    """Write the first word small if it is an ordinary word and no name."""
    word = sentence.partition(" ")[0]
    is_ordinary = word.lower() in _ARTICLES or bool(themes_of(word))
    return sentence[0].lower() + sentence[1:] if is_ordinary and word[1:].islower() else sentence
