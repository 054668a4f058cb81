"""Complaints: a server's errors, in any shape.

An error is an object at OpenAI, a list at Google, a string at Ollama, `detail` at FastAPI, text or
HTML from a proxy. With some gateways its status is 200. All are read in the same way: the words,
and the codes.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from dbt_project.summaries.plain_text import printable
from dbt_project.summaries.themes import lexicon


@dataclass(frozen=True)
class Complaint:
    """What is wrong, in a server's own words.

    Attributes
    ----------
    text : str
        The words, on one line. Empty if there are none.
    codes : frozenset of str
        Codes, types and reasons, in small letters without anything between the words.
    fields : frozenset of str
        The parts of the request that it is about.
    status : int or None
        The HTTP status in the body. It may differ from the response's.
    wait : float or None
        Seconds that the body asks to wait before the next attempt.
    """

    text: str
    codes: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    status: int | None = None
    wait: float | None = None


_SAYS = lexicon(
    "message msg detail details error errors errormessage errormsg errordescription description "
    "title statusmsg fault faultstring raw reason exception"
)
_CODES = lexicon("code type status reason error errorcode errortype statuscode")
_FIELDS = frozenset({"param", "loc", "field"})
_WAITS = frozenset({"retrydelay", "retryafter", "retryafterseconds"})
_MOST_DEPTH, _MOST_PARTS, _MOST_TEXT = 8, 200, 2000
_TAG = re.compile(r"<(script|style)\b.*?</\1>|</?[a-zA-Z!][^<>]*>", re.DOTALL | re.IGNORECASE)


def complaint_in(body: bytes | str | object) -> Complaint:
    """Read an error.

    Parameters
    ----------
    body : bytes, str or parsed JSON
        Of any shape. If it is not JSON, its text is the complaint.
    """
    if isinstance(body, bytes):
        text = body.decode("utf-8", errors="replace")
        body = text
        with suppress(ValueError, RecursionError):
            body = json.loads(text)
    parts = list(_parts("", body, 0))[:_MOST_PARTS]
    strings = [(key, _one_line(value)) for key, value in parts if isinstance(value, str)]
    # A reason may be a sentence or a code: a code has no blanks.
    said = [text for key, text in strings if key in {"", *_SAYS} and (" " in text or key == "")]
    said = said or [text for key, text in strings if key in _SAYS]
    said = said or [f"{key}: {text}" for key, text in strings if text]
    fields = frozenset(text for key, text in strings if key in _FIELDS) - {"", "body", "query"}
    numbers = [int(str(value)) for key, value in parts if key in _CODES and _is_status(value)]
    text = ": ".join(_distinct(said))
    if missing := sorted(field for field in fields if field not in text):
        text += f" ({', '.join(missing)})"
    return Complaint(
        text=text[:_MOST_TEXT],
        codes=frozenset(bare(text) for key, text in strings if key in _CODES) - {""},
        fields=fields,
        status=numbers[0] if numbers else None,
        wait=_wait(text, [str(value) for key, value in parts if key in _WAITS]),
    )


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a response's headers ask to wait: a number, or until a date."""
    with suppress(KeyError, ValueError):
        return _finite(float(headers["retry-after-ms"]) / 1000)
    with suppress(KeyError, ValueError):
        return _finite(float(headers["retry-after"]))
    with suppress(KeyError, ValueError, TypeError):
        date = parsedate_to_datetime(headers["retry-after"])
        return _finite(date.timestamp() - time.time())
    return None


def _finite(seconds: float) -> float | None:
    return max(0.0, seconds) if math.isfinite(seconds) else None


def bare(name: str) -> str:
    """Reduce a name to its letters and digits: "reasoning_effort" to "reasoningeffort"."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _parts(key: str, value: object, depth: int) -> Iterator[tuple[str, object]]:
    """Yield the scalars of an error with their names, also those in lists."""
    if depth > _MOST_DEPTH:
        return
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _parts(bare(str(name)), inner, depth + 1)
    elif isinstance(value, list):
        for inner in value[:_MOST_PARTS]:
            yield from _parts(key, inner, depth + 1)
    elif isinstance(value, str) and (parsed := _json(value)) is not None:
        yield from _parts(key, parsed, depth + 1)
    elif value is not None:
        yield key, value


def _json(text: str) -> object | None:
    """Parse an object or a list; None for any other text. Some servers put JSON into a message."""
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    with suppress(ValueError, RecursionError):
        parsed: object = json.loads(text)
        return parsed
    return None


def _is_status(value: object) -> bool:
    return bool(re.fullmatch(r"[45]\d\d", str(value)))


def _distinct(texts: Collection[str]) -> list[str]:
    """Remove repetitions."""
    kept: list[str] = []
    for text in texts:
        if text and not any(text.lower() in other.lower() for other in kept):
            kept.append(text)
    return kept


def _one_line(text: str) -> str:
    return " ".join(printable(_TAG.sub(" ", text[:_MOST_TEXT])).split())


_TRY_AGAIN = re.compile(
    r"(?:try again|retry)\b.{0,20}?\b(?:in|after) "
    r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?) ?(ms|s|seconds?)?\b)?",
    re.IGNORECASE,
)


def _wait(text: str, given: Collection[str]) -> float | None:
    for value in given:
        with suppress(ValueError):
            return _finite(float(value.removesuffix("s")))
    if found := _TRY_AGAIN.search(text):
        hours, minutes, seconds, unit = found.groups()
        if hours or minutes or seconds:
            shortest = float(seconds or 0) / (1000 if unit == "ms" else 1)
            return int(hours or 0) * 3600 + int(minutes or 0) * 60 + shortest
    return None
