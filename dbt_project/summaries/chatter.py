"""Chatter: what a model says around its answer."""

from __future__ import annotations

import re
from collections.abc import Iterable

_INTERJECTION = (
    r"(?:sure(?: thing)?|certainly|of course|absolutely|definitely|okay|ok|alright|all right|great"
    r"|got it|understood|no problem|gladly|yes|thanks?(?: you)?|happy to help|with pleasure)"
)
_ABOUT_ITSELF = (
    r"(?:summary|summaries|summari[sz]ed?|overview|recap|rundown|synopsis|digest|answer|response"
    r"|sentences?|paragraph)"
)
# "Sure! Here's a concise summary of the conditions in Leith:", "I have summarised the data below."
_ANNOUNCEMENT = re.compile(
    rf"(?:{_INTERJECTION}\b[,!.:;\u2013\u2014-]*\s*)?"
    r"(?:here(?:'s| is| are|,)|below (?:is|are)|(?:the )?following (?:is|are)|this is|these are"
    r"|i(?:'ve| have| will|'ll| can)|please find)\b"
    rf"[^.!?:]{{0,160}}?\b{_ABOUT_ITSELF}\b[^.!?:]{{0,160}}(?:[:.!]|$)\s*",
    re.IGNORECASE,
)
# "Summary:", "Brief summary of the day -", "TL;DR:"
_LABEL = re.compile(
    r"(?:(?:the|a|my|final|brief|short|quick|concise|daily|traffic|weather|[1-3]-sentence"
    r"|(?:one|two|three)-sentence) ){0,4}"
    r"(?:summary|overview|recap|answer|response|conclusion|tl;?dr|synopsis|output|result)"
    r"(?: (?:of|for|in|on|about) [^.!?:]{0,120})?\s*[:\u2013\u2014]\s*",
    re.IGNORECASE,
)
_ALONE = re.compile(
    rf"(?:{_INTERJECTION}|(?:final )?(?:summary|overview|answer))\W*$", re.IGNORECASE
)
_CLOSING = re.compile(
    r"(?:please )?(?:let me know|feel free|don't hesitate|do not hesitate)\b"
    r"|(?:i )?hope (?:this|that|it|you)\b"
    r"|(?:if you(?:'d| would)?|would you|do you) (?:like|need|want|have|prefer|require) "
    r"(?:me|any|more|further|a|an|another|additional|help|questions?|to know)\b"
    r"|is there anything|(?:i'm|i am) (?:happy|glad|here) to|(?:happy|glad) to help"
    r"|(?:have|enjoy) (?:a|your) (?:great|good|nice|safe|pleasant|wonderful)"
    r"|(?:safe travels|stay safe|drive safe(?:ly)?|thank you|thanks|you're welcome)\b\W*$"
    r"|(?:please )?note:? (?:that )?(?:this|the above|my) (?:summary|answer|response|information)"
    r"|(?:this|the above|my) (?:summary|answer|response|overview) "
    r"(?:is|was|has|contains?|covers?|captures?|reflects?|includes?|provides?|follows?|uses?|meets?)"
    r"|\W*(?:word|character|sentence|token) count\b|\W*\d+ (?:words|sentences|characters)\W*$",
    re.IGNORECASE,
)


def without_chatter(sentences: Iterable[str]) -> list[str]:
    """Remove what an answer says about itself.

    Parameters
    ----------
    sentences : iterable of str
        Plain sentences, from `split_sentences`.

    Returns
    -------
    list of str
        The sentences with content. "Sure! Here is a summary: Rain fell." becomes "Rain fell.", and
        so do "Summary: Rain fell." and "Rain fell. Let me know if you need more!".
    """
    bare = (_without_opening(sentence) for sentence in sentences)
    return [sentence for sentence in bare if sentence and not _is_chatter(sentence)]


def _without_opening(sentence: str) -> str:
    spoken = sentence.replace("\u2019", "'")  # as long as the sentence itself
    for opening in (_ANNOUNCEMENT, _LABEL):
        if found := opening.match(spoken):
            return sentence[found.end() :].strip()
    return sentence


def _is_chatter(sentence: str) -> bool:
    spoken = sentence.replace("\u2019", "'").strip("*_()[] ")
    return bool(_ALONE.match(spoken) or _CLOSING.match(spoken))
