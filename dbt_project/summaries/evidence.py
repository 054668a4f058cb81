"""Evidence: check that a sentence is supported by the items that it names.

The check needs no understanding of the sentence: it looks at numbers, clock times and names. Each
of them must stand in the items of the sentence, or in the question (city, area, date, hours).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dbt_project.summaries.items import Context, Item
from dbt_project.summaries.readings import Mark, Reading, marks_in, readings_in
from dbt_project.summaries.replies import Claim

_SUFFIX = re.compile(r"(?<=....)(?:ings?|ed|es|s|ers?|ions?|ly|ures?|ages?)$")


@dataclass(frozen=True)
class Evidence:
    """The result of a check.

    Attributes
    ----------
    is_supported : bool
    text : str
        "all 3 sentences supported", or the first thing that is not supported: "sentence 2: 18:30 is
        in none of its items".
    """

    is_supported: bool
    text: str


def check(claims: Sequence[Claim], context: Context) -> Evidence:
    """Check every sentence against the items that it names.

    Parameters
    ----------
    claims : sequence of Claim
    context : Context
        The context, with the items that sentences may name.

    Returns
    -------
    Evidence
    """
    items = {item.number: item for item in context.items}
    of_question = _readings_of_question(context)
    for number, claim in enumerate(claims, 1):
        if problem := _problem(claim, items, of_question, context):
            return Evidence(False, f"sentence {number}: {problem}")
    if not claims:
        return Evidence(True, "no sentence to support")
    what = "1 sentence" if len(claims) == 1 else f"all {len(claims)} sentences"
    return Evidence(True, f"{what} supported")


def _problem(
    claim: Claim, items: dict[int, Item], of_question: frozenset[Reading], context: Context
) -> str:
    """Say what is wrong with a claim. Empty if nothing is."""
    if not claim.items:
        return "it names no item"
    if unknown := [number for number in claim.items if number not in items]:
        return f"there is no item {unknown[0]}"
    named = [items[number] for number in claim.items]
    texts = [text for item in named for text in _texts_of(item, context)]
    held = of_question.union(*(readings_in(text) for text in texts))
    if len(named) > 1:
        held |= {("number", float(len(set(claim.items))))}  # "two collisions", of two items
    for mark in marks_in(claim.text):
        if mark.readings.isdisjoint(held) and not _is_a_form_of(mark, held):
            return f"{mark.text} is in none of its items"
    return ""


def _texts_of(item: Item, context: Context) -> Iterator[str]:
    yield item.text
    yield item.area or ""
    yield item.when(context.ride_date)


def _readings_of_question(context: Context) -> frozenset[Reading]:
    ride_date = context.ride_date
    texts = [
        context.city,
        context.area or "",
        context.hours,
        f"{ride_date:%A}, {ride_date.day} {ride_date:%B %Y}",
    ]
    return frozenset[Reading]().union(*(readings_in(text) for text in texts))


def _is_a_form_of(mark: Mark, held: frozenset[Reading]) -> bool:
    """Whether a first word is another form of a word of the items: "Flooding", "flooded"."""
    if not mark.is_first:
        return False
    name = mark.text.casefold()
    stem = _SUFFIX.sub("", name)
    return stem != name and any(
        kind == "name" and str(word).startswith(stem) for kind, word in held
    )
