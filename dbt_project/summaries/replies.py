"""Replies: read an answer in JSON, whether it was asked for by a schema or in words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from dbt_project.summaries.items import CATEGORIES

NO_CATEGORY = "none"
"""The category of a reply without sentences."""

RESPONSE_FORMAT: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {
        "name": "summary",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {
                "sentences": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "text": {"type": "string"},
                            "items": {"type": "array", "items": {"type": "integer"}},
                        },
                        "required": ["text", "items"],
                        "additionalProperties": False,
                    },
                },
                "category": {"type": "string", "enum": [*CATEGORIES, NO_CATEGORY]},
            },
            "required": ["sentences", "category"],
            "additionalProperties": False,
        },
    },
}
"""The schema of the answer, for servers that support schemas."""

_MOST_OBJECTS = 50  # the most that are searched in an answer for the reply


class Claim(NamedTuple):
    """One or a few sentences, and the numbers of the items that they rest on."""

    text: str
    items: tuple[int, ...]


class Reply(NamedTuple):
    """What a model has answered."""

    claims: tuple[Claim, ...]
    category: str
    """One of `CATEGORIES`, or `NO_CATEGORY`."""


def read_reply(text: str) -> Reply | None:
    """Find the reply in an answer, alone, in a fenced block or among other words.

    Returns
    -------
    Reply or None
        None if there is none. If there are several, the last one counts, because the model has
        settled on it.
    """
    found = None
    for value in _objects(text):
        claims = _claims(value.get("sentences"))
        if claims is not None:
            found = Reply(claims, _category(value.get("category")))
    return found


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Find the outermost JSON objects in a text."""
    decoder = json.JSONDecoder()
    position = text.find("{")
    for _ in range(_MOST_OBJECTS):
        if position < 0:
            return
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            end = position + 1
        else:
            yield value
        position = text.find("{", end)


def _claims(sentences: object) -> tuple[Claim, ...] | None:
    if not isinstance(sentences, list):
        return None
    claims = []
    for one in sentences:
        if isinstance(one, str):
            claims.append(Claim(one, ()))
        elif isinstance(one, dict) and isinstance(one.get("text"), str):
            claims.append(Claim(one["text"], _numbers(one.get("items"))))
        else:
            return None
    return tuple(claims)


def _numbers(items: object) -> tuple[int, ...]:
    """Read the numbers of items: 1, [1, 3], ["1", "item 3"] or "1, 3"."""
    listed = items if isinstance(items, list) else [items]
    return tuple(int(number) for one in listed for number in re.findall(r"\d{1,6}", str(one)))


def _category(value: object) -> str:
    category = value.strip().lower() if isinstance(value, str) else ""
    if category in {*CATEGORIES, NO_CATEGORY}:
        return category
    return "other" if category else NO_CATEGORY
