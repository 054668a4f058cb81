"""Read a server's response with distrust: either an answer in plain sentences, or what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from dbt_project.summaries.chatter import without_chatter
from dbt_project.summaries.complaints import Complaint, complaint_in
from dbt_project.summaries.plain_text import plain_text, printable
from dbt_project.summaries.reasoning import NoAnswerError, reads_like_reasoning, visible_answer
from dbt_project.summaries.sentences import first_sentences, is_whole, split_sentences

MAX_SENTENCES = 3
SUMMARY_WIDTH = 1000
"""The most characters of a summary. Three ordinary sentences have about half as many."""

CUT_OFF = "cut off at the token limit"

_LONGEST_ANSWER = 20_000  # characters that are read after the reasoning was removed
_REFUSAL = re.compile(
    r"(?:i'm sorry|i am sorry|sorry|i apologi[sz]e)\b[^.]*\b(?:can'?t|cannot|unable|won't)\b"
    r"|i (?:can'?t|cannot|won't|am unable to|am not able to) (?:help|assist|comply|do that)",
    re.IGNORECASE,
)
_CUT_OFF = re.compile(r"length|max_?tokens|token_?limit", re.IGNORECASE)
_FILTERED = re.compile(r"filter|safety|prohibited|recitation|blocklist", re.IGNORECASE)
_ERROR_KEYS = re.compile(r"error\w*|detail|message|msg|code|fault|base_resp", re.IGNORECASE)
_REASONING_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")


@dataclass(frozen=True)
class Summary:
    """A summary as it is published, made from an answer or without one.

    Attributes
    ----------
    text : str
    circumstance : str
        The category that weighs most, one of `dbt_project.summaries.items.CATEGORIES`. Empty if
        there is none, or if a model was asked about texts.
    item_ids : tuple of str
        The items that it rests on.
    support : str
        The result of the check of its sentences. Empty if a model was asked about texts.
    """

    text: str
    circumstance: str = ""
    item_ids: tuple[str, ...] = ()
    support: str = ""


class UnusableAnswerError(ValueError):
    """An answer has no usable summary. The message says why."""


class NoCompletionError(ValueError):
    """A response with a good status is not a chat completion.

    Attributes
    ----------
    complaint : Complaint
    is_error : bool
        Whether it is an error in JSON, and not something else.
    is_begun : bool
        Whether the model had begun to answer. Such a call may have been billed.
    """

    def __init__(self, complaint: Complaint, *, is_error: bool, is_begun: bool = False) -> None:
        super().__init__(complaint.text)
        self.complaint = complaint
        self.is_error = is_error
        self.is_begun = is_begun


class Completion(NamedTuple):
    """The parts of a chat completion that the program uses."""

    content: str
    """What is written outside of the fields and parts that are for reasoning."""
    has_reasoning: bool
    """Whether there was anything in those."""
    refusal: str
    finish_reason: str
    model: str
    id: str
    prompt_tokens: int | None
    completion_tokens: int | None

    @property
    def is_cut_off(self) -> bool:
        """Whether the model stopped at its token limit."""
        return bool(_CUT_OFF.search(self.finish_reason))


def read_completion(body: bytes) -> Completion:
    """Read a response's body.

    Raises
    ------
    NoCompletionError
        If it is an error, or not a chat completion.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise NoCompletionError(complaint_in(body), is_error=False) from None
    if isinstance(answer, list):
        answer = next((one for one in answer if isinstance(one, dict)), answer)
    if not isinstance(answer, dict):
        raise NoCompletionError(complaint_in(answer), is_error=False)
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        said = [key for key, value in answer.items() if value not in (None, "", [], {})]
        is_error = any(map(_ERROR_KEYS.fullmatch, said))
        raise NoCompletionError(complaint_in(answer), is_error=is_error)
    error = choice.get("error") or answer.get("error")
    if error or choice.get("finish_reason") == "error":
        complaint = complaint_in(error or "the answer ended with an error")
        raise NoCompletionError(complaint, is_error=True, is_begun=True)
    return _completion(answer, choice)


def _completion(answer: Mapping[str, object], choice: Mapping[str, object]) -> Completion:
    message = choice["message"]
    assert isinstance(message, Mapping)
    content, refusal = message.get("content"), message.get("refusal")
    parts = list(_parts(content))
    usage = answer.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    return Completion(
        content="".join(text for kind, text in parts if kind == "text"),
        has_reasoning=any(kind == "reasoning" for kind, _ in parts)
        or any(message.get(field) for field in _REASONING_FIELDS),
        refusal="".join(text for kind, text in parts if kind == "refusal")
        or (refusal if isinstance(refusal, str) else ""),
        finish_reason=one_line(choice.get("finish_reason")),
        model=one_line(answer.get("model")),
        id=one_line(answer.get("id")),
        prompt_tokens=_count(counts.get("prompt_tokens")),
        completion_tokens=_count(counts.get("completion_tokens")),
    )


def _parts(content: object) -> Iterator[tuple[str, str]]:
    """Read a message's content, one text or a list of parts: "text", "refusal" or "reasoning"."""
    if isinstance(content, str):
        yield "text", content
    elif isinstance(content, list):
        for part in content:
            yield from _parts(part)
    elif isinstance(content, dict):
        kind = content.get("type", "text")
        text = content.get("text")
        if isinstance(text, dict):
            text = text.get("value")
        if kind == "refusal":
            yield "refusal", str(content.get("refusal") or text or "refused")
        elif kind in {"text", "output_text"} and not content.get("thought"):
            yield "text", text if isinstance(text, str) else ""
        else:
            yield "reasoning", ""


def summary_of(completion: Completion) -> Summary:
    """Turn an answer into at most three plain sentences.

    Raises
    ------
    UnusableAnswerError
        If it is a refusal, is empty, is cut off too early, or cannot be told from reasoning.
    """
    text = plain_text(answer_text(completion)[:_LONGEST_ANSWER])
    if is_refusal(text):
        raise UnusableAnswerError("refused by the model")
    sentences = without_chatter(split_sentences(text))
    if completion.is_cut_off and sentences and not is_whole(sentences[-1]):
        sentences.pop()
    summary = first_sentences(" ".join(sentences), MAX_SENTENCES, SUMMARY_WIDTH)
    if not any(character.isalnum() for character in summary):
        what = f"{CUT_OFF}, no whole sentence" if completion.is_cut_off else "empty answer"
        raise UnusableAnswerError(what)
    # Reasoning without marks and without an end was cut off.
    if completion.is_cut_off and len(sentences) > MAX_SENTENCES:
        raise UnusableAnswerError(f"{CUT_OFF}, which may be reasoning")
    if reads_like_reasoning(" ".join(sentences)):
        raise UnusableAnswerError("reads like reasoning, not like an answer")
    return Summary(summary)


def answer_text(completion: Completion) -> str:
    """Return the part of an answer that is written for the reader, with its mark-up.

    Raises
    ------
    UnusableAnswerError
        If it is a refusal, is empty, or cannot be told from reasoning.
    """
    if _FILTERED.search(completion.finish_reason):
        raise UnusableAnswerError("refused by the content filter")
    if completion.refusal:
        raise UnusableAnswerError("refused by the model")
    try:
        text = visible_answer(completion.content)
    except NoAnswerError as error:
        why = str(error)
    else:
        if text.strip():
            return text
        why = "reasoning without an answer" if completion.has_reasoning else "empty answer"
    raise UnusableAnswerError(f"{CUT_OFF}, {why}" if completion.is_cut_off else why)


def is_refusal(text: str) -> bool:
    """Whether a model refuses in words."""
    return bool(_REFUSAL.match(text.replace("\u2019", "'").lstrip()))


def one_line(text: object) -> str:
    """Reduce a text to visible characters on one line. Anything else becomes empty."""
    return " ".join(printable(text[:2000]).split()) if isinstance(text, str) else ""


def _count(value: object) -> int | None:
    """Read a number of tokens. None if it is missing, not a number, or too large for a table."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    return value if is_count and isinstance(value, int) else None
