"""The text of a bulletin, an observation or a headline without what a feed has wrapped it in."""

from __future__ import annotations

import html
import re

from dbt_project.summaries.plain_text import printable, without_marks
from dbt_project.summaries.sentences import end_properly, shorten

LONGEST_ITEM = 4_000
"""The most characters of an item; a longer text is cut at a word."""

# Escaped by who wrote the text, by the feed, and by who has read the feed.
_MOST_ESCAPES = 4

# What has no end is hidden to the end, as in a browser: looked for again from every beginning, an
# end that is not there would cost the square of the text's length.
_UNSEEN = re.compile(
    r"<(script|style)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL | re.IGNORECASE
)
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
# A ">" in quotes ends no tag, unless quotes stand there by chance.
_TO_THE_END = r"""(?:(?:[^<>"']|"[^"<]*"|'[^'<]*')*|[^<>]*)>"""
_BREAKS = "p|br|li|ul|ol|div|tr|h[1-6]"
_WITHIN_WORDS = "a|b|em|font|i|mark|small|span|strong|sub|sup|u"
_BREAK = re.compile(rf"</?(?:{_BREAKS})\b{_TO_THE_END}", re.IGNORECASE)
_WITHIN_A_WORD = re.compile(rf"</?(?:{_WITHIN_WORDS})\b{_TO_THE_END}", re.IGNORECASE)
# The second is one that was cut off with its text.
_TAG = re.compile(
    rf"</?[a-z!?]{_TO_THE_END}|</?(?:{_BREAKS}|{_WITHIN_WORDS}|img)\b[^<>]*\Z", re.IGNORECASE
)


def feed_text(text: str) -> str:
    """Take HTML, Markdown's marks, invisible characters and line breaks out of a text.

    Parameters
    ----------
    text : str
        Text as a feed has it: plain, HTML, or HTML that was escaped a few times.

    Returns
    -------
    str
        Its words on one line of at most `LONGEST_ITEM` characters; empty if there are none. What
        stood on lines or in paragraphs of its own ends with a stop.
    """
    if "&" in text or "<" in text:
        for _ in range(_MOST_ESCAPES):
            text = html.unescape(text)
        seen = _UNSEEN.sub(" ", _CDATA.sub("", text))
        in_lines = _BREAK.sub("\n", _WITHIN_A_WORD.sub("", seen))
        text = _TAG.sub(" ", in_lines)
    if "*" in text or "_" in text or "](" in text:
        text = without_marks(text)
    if not text.isprintable():
        text = printable(text)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    lines = [line for line in lines if line]
    whole = " ".join([*map(end_properly, lines[:-1]), *lines[-1:]])
    return shorten(whole, LONGEST_ITEM)
