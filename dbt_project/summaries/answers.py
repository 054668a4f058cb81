"""What a server sends back, read with distrust: an answer in plain sentences, or what is wrong."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from dbt_project.summaries.plain_text import plain_text, printable
from dbt_project.summaries.sentences import first_sentences

MAX_SENTENCES = 3
SUMMARY_WIDTH = 1000
"""The most characters of a summary; three sentences of ordinary prose are half of it."""

_LONGEST_CONTENT = 20_000  # characters of an answer that are looked at
_REFUSAL = re.compile(
    r"(?:i'm sorry|i am sorry|sorry|i apologi[sz]e)\b[^.]*\b(?:can'?t|cannot|unable|won't)\b"
    r"|i (?:can'?t|cannot|won't|am unable to|am not able to) (?:help|assist|comply|do that)",
    re.IGNORECASE,
)


class UnusableAnswerError(ValueError):
    """There is no summary in an answer; the message says why."""


class Completion(NamedTuple):
    """What is used of a chat completion, whatever else the server sends."""

    content: str
    refusal: str
    finish_reason: str
    model: str
    id: str
    prompt_tokens: int | None
    completion_tokens: int | None


def read_completion(body: bytes) -> Completion | None:
    """Read a response's body; None if it is no chat completion."""
    try:
        answer = json.loads(body)
        choice = answer["choices"][0]
        message = choice["message"]
        content, refusal = message.get("content"), message.get("refusal")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    usage = answer.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    return Completion(
        content=content if isinstance(content, str) else "",
        refusal=refusal if isinstance(refusal, str) else "",
        finish_reason=one_line(choice.get("finish_reason")),
        model=one_line(answer.get("model")),
        id=one_line(answer.get("id")),
        prompt_tokens=_count(counts.get("prompt_tokens")),
        completion_tokens=_count(counts.get("completion_tokens")),
    )


def summary_of(completion: Completion) -> str:
    """Turn an answer into at most three plain sentences.

    Raises
    ------
    UnusableAnswerError
        If it is refused, empty or has no whole sentence.
    """
    text = plain_text(completion.content[:_LONGEST_CONTENT])
    if completion.finish_reason == "content_filter":
        raise UnusableAnswerError("refused by the content filter")
    if completion.refusal or _REFUSAL.match(text.replace("\u2019", "'")):
        raise UnusableAnswerError("refused by the model")
    cut_short = completion.finish_reason == "length"
    summary = first_sentences(text, MAX_SENTENCES, SUMMARY_WIDTH, cut_short=cut_short)
    if not any(character.isalnum() for character in summary):
        raise UnusableAnswerError("no whole sentence" if cut_short else "empty answer")
    return summary


def complaint(body: object) -> str:
    """Find the message in an error's body: an object with OpenAI, anything elsewhere."""
    if isinstance(body, Mapping):
        body = body.get("message") or body.get("detail") or body.get("error")
    return one_line(body)


def one_line(text: object) -> str:
    """Reduce to visible characters on one line; empty for what is no text."""
    return " ".join(printable(text[:2000]).split()) if isinstance(text, str) else ""


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that a response asks to wait: a number, or the time until a date."""
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


def _count(value: object) -> int | None:
    """Read a number of tokens; None if it is none that a table can hold."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    return value if is_count and isinstance(value, int) else None
