"""The text of a bulletin, an observation or a headline without what a feed has wrapped it in."""

from __future__ import annotations

import html
import re

from dbt_project.summaries.plain_text import printable
from dbt_project.summaries.sentences import end_properly, shorten

LONGEST_ITEM = 4_000
"""The most characters of an item; a longer text is cut at a word."""

_UNSEEN = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_BREAK = re.compile(r"</?(?:p|br|li|ul|ol|div|tr|h[1-6])\b[^<>]*>", re.IGNORECASE)
_WITHIN_A_WORD = re.compile(
    r"</?(?:a|b|em|font|i|mark|small|span|strong|sub|sup|u)\b[^<>]*>", re.IGNORECASE
)
_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")


def feed_text(text: str) -> str:
    """Take HTML, invisible characters and line breaks out of a text.

    Parameters
    ----------
    text : str
        Text as a feed has it: plain, HTML, or HTML that was escaped once more.

    Returns
    -------
    str
        Its words on one line of at most `LONGEST_ITEM` characters; empty if there are none. What
        stood on lines or in paragraphs of its own ends with a stop.
    """
    if "&" in text or "<" in text:
        unseen = _UNSEEN.sub(" ", html.unescape(text))
        in_lines = _BREAK.sub("\n", _WITHIN_A_WORD.sub("", unseen))
        text = html.unescape(_TAG.sub(" ", in_lines))
    if not text.isprintable():
        text = printable(text)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    lines = [line for line in lines if line]
    whole = " ".join([*map(end_properly, lines[:-1]), *lines[-1:]])
    return shorten(whole, LONGEST_ITEM)
