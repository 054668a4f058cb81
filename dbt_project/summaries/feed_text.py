"""Take the text of a bulletin, an observation or a headline out of a feed's mark-up."""

from __future__ import annotations

import html
import re

from dbt_project.summaries.plain_text import printable, without_marks
from dbt_project.summaries.sentences import end_properly, shorten

LONGEST_ITEM = 4_000
"""The most characters of an item. A longer text is cut at a word."""

# A text may be escaped by its writer, by the feed, and by the reader of the feed.
_MOST_ESCAPES = 4

# Mark-up without an end hides the rest of the text, as in a browser. Searching for a missing end
# from every beginning would take quadratic time.
_UNSEEN = re.compile(
    r"<(script|style)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL | re.IGNORECASE
)
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
# A ">" in quotes does not end a tag, unless the quotes are there by chance.
_TO_THE_END = r"""(?:(?:[^<>"']|"[^"<]*"|'[^'<]*')*|[^<>]*)>"""
_BREAKS = "p|br|li|ul|ol|div|tr|h[1-6]"
_WITHIN_WORDS = "a|b|em|font|i|mark|small|span|strong|sub|sup|u"
_BREAK = re.compile(rf"</?(?:{_BREAKS})\b{_TO_THE_END}", re.IGNORECASE)
_WITHIN_A_WORD = re.compile(rf"</?(?:{_WITHIN_WORDS})\b{_TO_THE_END}", re.IGNORECASE)
# The second pattern finds an escape that was cut off with its text.
_TAG = re.compile(
    rf"</?[a-z!?]{_TO_THE_END}|</?(?:{_BREAKS}|{_WITHIN_WORDS}|img)\b[^<>]*\Z", re.IGNORECASE
)


def feed_text(text: str) -> str:
    """Take HTML, Markdown's marks, invisible characters and line breaks out of a text.

    Parameters
    ----------
    text : str
        Text from a feed: plain, HTML, or HTML that was escaped a few times.

    Returns
    -------
    str
        Its words on one line of at most `LONGEST_ITEM` characters. Empty if there are none. Each
        line or paragraph ends with a stop.
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
