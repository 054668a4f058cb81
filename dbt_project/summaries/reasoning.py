"""Reasoning: separate what a model thinks aloud from its answer.

Models mark their reasoning in many ways, and servers pass on both marks, one, or none. If the chat
template writes the opening mark, the answer has only the closing one. So marks are read by the
meaning of their words, not from a list of models. If reasoning and answer cannot be told apart,
there is no answer.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from enum import Enum, auto

from dbt_project.summaries.plain_text import printable
from dbt_project.summaries.themes import lexicon


class NoAnswerError(ValueError):
    """There is no answer, or it cannot be told from reasoning. The message says which."""


class _Mark(Enum):
    """What a mark in a text says."""

    REASONING_BEGINS = auto()
    REASONING_ENDS = auto()
    ANSWER_BEGINS = auto()
    ANSWER_ENDS = auto()
    TURN_ENDS = auto()
    """Whatever follows is no part of the answer."""
    NOTHING = auto()
    """Mark-up of ordinary text, or no mark at all."""
    UNKNOWN = auto()


# <think>, </seed:think>, <|START_THINKING|>, ◁/think▷, {thinking}; the words are looked at.
_TAG = re.compile(
    r"[<\uff1c\u25c1]\s*[|\uff5c]?\s*/?\s*[^\W\d_][^<>\uff1c\uff1e\u25c1\u25b7\n]*[>\uff1e\u25b7]"
    r"|[\[{\u3008\u3010\u00ab]/?[A-Za-z_]*(?:THINK|THOUGHT|REASON)[A-Za-z_]*"
    r"[\]}\u3009\u3011\u00bb](?!\()",
    re.IGNORECASE,
)
# "...done thinking.", where Ollama's command line stands behind a server.
_DONE_THINKING = re.compile(
    r"^[^\w\n]{0,9}done thinking[^\w\n]{0,9}$", re.IGNORECASE | re.MULTILINE
)
_REASONING = re.compile(
    r"think|thought|reason|reflect|analy[sz]|scratch|monologue|deliberat|contemplat|ruminat|ponder"
    r"|introspect|brainstorm|working_?out|^cot|^inner|^internal|^plan|^details$"
)
_ANSWER = re.compile(r"answer|response|reply|output|final|solution|summary")
_ENDING = frozenset({"end", "stop", "close", "suffix", "off"})
_END_OF_TURN = frozenset({"end", "eot", "eom", "eos", "endoftext", "return", "pad"})
_ORDINARY = lexicon(
    "a abbr b blockquote body br code dd del div dl dt em font h1 h2 h3 h4 h5 h6 head hr html i "
    "img ins li mark ol p pre q s script section small span strong style sub sup table tbody td "
    "th thead tr tt u ul weather news traffic text content sentence sentences paragraph message"
)

_FENCED = re.compile(
    r"^[ \t]*(```|~~~)[ \t]*(?:think|thought|reason|reflect|analy|scratch)\w*[ \t]*$"
    r".*?(?:^[ \t]*\1[ \t]*$|\Z)",
    re.DOTALL | re.IGNORECASE | re.MULTILINE,
)
_FINAL_CHANNEL = re.compile(r"<\|channel\|>\s*final\b(?:<\|constrain\|>|[^<])*<\|message\|>")
_OTHER_CHANNEL = re.compile(r"<\|(?:channel|message)\|>")
# The same, if the server has dropped the special tokens and kept the text between them.
_BARE_CHANNEL = re.compile(
    r"\s*(?:analysis|commentary)(?:(?=[A-Z\"'\u201c])|(?=.*assistantfinal))", re.S
)
_BARE_FINAL = "assistantfinal"
_OPEN_CHANNEL = re.compile(r"<\|channel>\s*\w*")  # and its end, of another family of models
_CLOSED_CHANNEL = "<channel|>"

# "Reasoning: ...", "**My thought process:**" and "## Thinking".
_LABEL = (
    r"^(?:[^\w\n]*(?:[\w'\u2019 -]{{0,60}}\b)?(?:{0})(?: [\w ]{{0,60}})?[^\w\n]*?:(?!\d)[*_]*"
    r"|(?:#{{1,6}}|\*\*)[^\w\n]*(?:\w+ )?(?:{0})(?: process)?[^\w\n]*$)"
)
_REASONING_LABEL = re.compile(
    _LABEL.format("thinking|thoughts?|reasoning|analysis|rationale|scratchpad|reflections?"),
    re.IGNORECASE | re.MULTILINE,
)
_ANSWER_LABEL = re.compile(
    _LABEL.format("answer|response|summary|output|result|conclusion"), re.IGNORECASE | re.MULTILINE
)
_DELIBERATION = re.compile(
    r"\b(?:the user(?:'s)? (?:wants?|asks?|asked|is|has|needs?|provided|request|question|prompt)"
    r"|(?:i|we) (?:should|must|(?:will |'ll )?(?:need|have|want|ought) to)"
    r"|i(?:'ll| will| can| could)"
    r"|(?:the|my) (?:prompt|task|question) (?:says?|asks?|wants?|is|requires?)"
    r"|as an ai)\b"
    r"|(?:^|[.!?] )(?:let me|let's|hmm+)\b"
    r"|(?:^|[.!?] )(?:(?:wait|okay|ok|alright),|(?:first|now|so),? (?:i|we)(?!-))\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\"[^\"]*\"|\u201c[^\u201d]*\u201d|(?<!\w)'[^']*'(?!\w)")


def visible_answer(content: str) -> str:
    """Remove the reasoning from a model's text.

    Parameters
    ----------
    content : str
        The content of a chat completion.

    Returns
    -------
    str
        The answer. Empty only if the model has written nothing.

    Raises
    ------
    NoAnswerError
        If there is reasoning and no answer, or if the two cannot be told apart.
    """
    written = _DONE_THINKING.sub("</think>", printable(html.unescape(content)))
    answer = _after_labels(_outside_of_marks(_final_channel(_FENCED.sub("", written))))
    if written.strip() and not answer.strip():
        raise NoAnswerError("reasoning without an answer")
    return answer


def reads_like_reasoning(text: str) -> bool:
    """Whether a text without marks talks about its own writing, which no summary does."""
    return bool(_DELIBERATION.search(_QUOTED.sub(" ", text).replace("\u2019", "'")))


def _final_channel(text: str) -> str:
    """Keep the channel of the answer, if the text is parted into channels."""
    if _OTHER_CHANNEL.search(text):
        *_, final = _FINAL_CHANNEL.split(text)
        if not _FINAL_CHANNEL.search(text):
            raise NoAnswerError("reasoning without an answer")
        return final.partition("<|")[0]
    if _BARE_CHANNEL.match(text):
        _, mark, final = text.rpartition(_BARE_FINAL)
        if not mark:
            raise NoAnswerError("reasoning without an answer")
        return final
    return _OPEN_CHANNEL.sub("<think>", text).replace(_CLOSED_CHANNEL, "</think>")


def _outside_of_marks(text: str) -> str:
    """Keep the text outside of blocks of reasoning, and inside the answer's block if it has one."""
    kept: list[str] = []
    depth, in_answer = 0, False
    for mark, piece in _pieces(text):
        if mark is _Mark.REASONING_BEGINS:
            depth += 1
        elif mark is _Mark.REASONING_ENDS and depth:
            depth -= 1
        elif mark is _Mark.REASONING_ENDS:
            kept.clear()  # everything before was reasoning; its opening mark was lost
        elif depth:
            continue
        elif mark is _Mark.ANSWER_BEGINS:
            kept.clear()
            in_answer = True
        elif mark is _Mark.ANSWER_ENDS and in_answer:
            break
        elif mark in {_Mark.ANSWER_ENDS, _Mark.UNKNOWN}:
            raise NoAnswerError(f"{piece[:40]} tells no answer from reasoning")
        elif mark is _Mark.TURN_ENDS:
            if "".join(kept).strip():
                break
        else:
            kept.append(piece)
    if depth:
        raise NoAnswerError("reasoning without an end")
    return "".join(kept)


def _pieces(text: str) -> Iterator[tuple[_Mark, str]]:
    """Cut a text at its marks."""
    end = 0
    for tag in _TAG.finditer(text):
        yield _Mark.NOTHING, text[end : tag.start()]
        yield _meaning(tag[0]), tag[0]
        end = tag.end()
    yield _Mark.NOTHING, text[end:]


def _meaning(tag: str) -> _Mark:
    inside = tag[1:-1].strip("|\uff5c ")
    name = inside.strip("/ ").partition(" ")[0].lower()
    words = set(re.findall(r"[a-z0-9]+", name))
    ends = inside.startswith("/") or bool(words & _ENDING)
    if _REASONING.search(name):
        return _Mark.REASONING_ENDS if ends else _Mark.REASONING_BEGINS
    if name in _ORDINARY or inside.endswith("/"):
        return _Mark.NOTHING
    if _ANSWER.search(name):
        return _Mark.ANSWER_ENDS if ends else _Mark.ANSWER_BEGINS
    if words & _END_OF_TURN:
        return _Mark.TURN_ENDS
    # "5 < limit and wind > 30" compares, and is no mark.
    return _Mark.NOTHING if tag[1].isspace() else _Mark.UNKNOWN


def _after_labels(text: str) -> str:
    """Keep the text after "Answer:" if a part before it is called "Reasoning:"."""
    *_, reasoning = [None, *_REASONING_LABEL.finditer(text)]
    if reasoning is None:
        return text
    *_, answer = [None, *_ANSWER_LABEL.finditer(text, reasoning.end())]
    if answer is None:
        raise NoAnswerError("reasoning without an answer")
    return text[answer.end() :]
