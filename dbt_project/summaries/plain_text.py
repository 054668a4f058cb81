"""Plain text from the mark-up of a language model or a feed."""

from __future__ import annotations

import html
import re
import unicodedata

from dbt_project.summaries.sentences import end_properly


def plain_text(markup: str) -> str:
    """Remove Markdown, HTML tags, links and invisible characters from a text.

    Parameters
    ----------
    markup : str
        Text as a language model writes it.

    Returns
    -------
    str
        Its words on one line. Headings, and lines that only announce what follows, are dropped
        unless there is nothing else. List items without a stop get one.
    """
    visible = printable(html.unescape(markup))
    for pattern, replacement in _INLINE_MARKS:
        visible = pattern.sub(replacement, visible)
    lines = [line.strip() for line in visible.splitlines()]
    prose = [line for line in lines if line and not _RULE_OR_FENCE.match(line)]
    body = [line for line in prose if not _HEADING.match(line)] or prose
    return " ".join(" ".join(_without_bullet(line) for line in body).split())


def printable(text: str) -> str:
    """Drop characters that cannot be seen, and lone surrogates; keep white space and "\\n"."""
    return "".join(
        character if character == "\n" or not character.isspace() else " "
        for character in text
        if character.isspace() or unicodedata.category(character)[0] != "C"
    )


def without_marks(text: str) -> str:
    """Remove Markdown's links and emphasis from a text. Their words stay."""
    return _EMPHASIS.sub("", _LINK.sub(r"\1", text))


_RULE_OR_FENCE = re.compile(r"```|~~~|[-*_=|: ]{3,}$")
# The last: "Here are the roads that are closed:", also after a short "Sure!" in any language.
_HEADING = re.compile(
    r"#{1,6}\s|\*\*[^*]*[^*.!?]\*\*$|(?:[^.!?]{1,20}!\s*)?[^.!?]*:(?:\*\*)?$"
    r"|(?i:(?:\w+ )?(?:summary|overview))$"
)
_BULLET = re.compile(r"(?:#{1,6}|>+|[-*+•‣\u2013]|\d{1,2}[.)])\s+")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_INLINE_MARKS = (
    (re.compile(r"</?[a-zA-Z!][^<>]*>"), " "),
    (_LINK, r"\1"),
    (re.compile(r"\(?\bhttps?://\S+"), " "),
    (re.compile(r"(?<!`)`([^`\n]+)`(?!`)"), r"\1"),
)
_EMPHASIS = re.compile(r"(?<![\w*_])[*_]{1,3}(?=\w)|(?<=[\w.,;:!?…)])[*_]{1,3}(?![\w*_])")


def _without_bullet(line: str) -> str:
    bullet = _BULLET.match(line)
    bare = _EMPHASIS.sub("", line[bullet.end() :] if bullet else line)
    return end_properly(bare) if bullet else bare
