"""Sentences: cut text into them, and reduce marked-up text to the first few.

A full stop is ambiguous: it ends sentences, and it shortens words. The splitter here decides word
by word, from the word with the stop and the word after it. It follows Punkt (Kiss and Strunk,
"Unsupervised Multilingual Sentence Boundary Detection", 2006), but uses fixed word lists, so that
it needs no training data. If it is in doubt it does not cut: a sentence that is too long reads
better than half of one.
"""

from __future__ import annotations

import itertools


def _lexicon(words: str) -> frozenset[str]:
    return frozenset(words.split())


TERMINATORS = frozenset(".!?\u2026\u3002\uff01\uff1f")
# Straight and typographic quotes and brackets, at the start and at the end of a word.
_OPENERS = "\"'([{\u201c\u2018\u00ab\u2039\u00bf\u00a1"
_CLOSERS = "\"')]}\u201d\u2019\u00bb\u203a"
_SEPARATORS = ",;:-\u2013\u2014"  # and both dashes

# Short forms before a name or an explanation: a sentence practically never ends with one.
_NEVER_LAST = _lexicon(
    "mr mrs ms mx messrs dr prof rev fr hon gen col maj capt cmdr lt sgt cpl pte gov sen rep pres "
    "supt insp mt ft e.g i.e eg ie cf viz vs v approx"
)
# Short forms before a number ("No. 5", "Jan. 3", "Jct. 15"): no cut if a number follows.
_BEFORE_NUMBERS = _lexicon(
    "no nos nr p pp fig vol ch sec art rte hwy jct junc ext tel c ca "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun"
)
# Short forms after a name ("Main St.", "Smith & Sons Ltd."): they may end a sentence, so what
# follows must look like the start of one. "St." stands here as it is Saint as often as Street.
_AFTER_NAMES = _lexicon(
    "st ave av rd blvd ln sq hwy pkwy expy expwy inc ltd co corp bros plc jr sr dept govt est "
    "univ intl assn"
)
# Words that begin a sentence far more often than they follow an abbreviation inside one.
_STARTERS = _lexicon(
    "a an the this that these those it its he she they we you i there here his her their our your "
    "in on at by for from with after before during while when where if as since until because and "
    "but or so yet however meanwhile although despite police drivers motorists passengers "
    "commuters traffic delays expect use avoid allow roads buses trains flights taxis all both "
    "some many most several no not one two three four five what who why how"
)
# What may stand between "8.15 a.m." and the end of its sentence.
_AFTER_A_TIME = _lexicon(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december gmt utc bst cet cest ist et est edt ct "
    "cst cdt mt mst mdt pt pst pdt"
)


def split_sentences(text: str) -> list[str]:
    """Split text into its sentences.

    A line break always ends a sentence, because items (headlines, bulletins) have a line each.
    Runs of white space inside a sentence become one space.

    Parameters
    ----------
    text : str
        Any text, of any length.

    Returns
    -------
    list of str
        The sentences in order, none of them blank. Every character of `text` that is not white
        space is in exactly one of them. Time grows linearly with the text.

    Examples
    --------
    >>> split_sentences("Rain at St. Enoch. Queues on the M8")
    ['Rain at St. Enoch.', 'Queues on the M8']
    """
    return [sentence for line in text.splitlines() for sentence in _split_line(line)]


def first_sentences(text: str, at_most: int, width: int, *, cut_short: bool = False) -> str:
    """Keep the first sentences of a text that is one piece of prose.

    Parameters
    ----------
    text : str
        Plain text; a line break in it does not end a sentence.
    at_most : int
        The most sentences to keep.
    width : int
        The most characters to keep. Sentences that do not fit are left out; a first sentence that
        does not fit is cut at a word.
    cut_short : bool, default False
        True if the text is known to break off: a last sentence without its end is then left out.

    Returns
    -------
    str
        The sentences on one line, the last one ending with a stop; empty if there is none.
    """
    sentences = split_sentences(" ".join(text.split()))
    if cut_short and sentences and not is_whole(sentences[-1]):
        sentences.pop()
    kept = sentences[:at_most]
    while len(kept) > 1 and len(" ".join(kept)) >= width:
        kept.pop()
    return end_properly(shorten(" ".join(kept), width - 1))


def is_whole(sentence: str) -> bool:
    """Tell whether a sentence has its end, and was not cut off in the middle.

    Parameters
    ----------
    sentence : str
        One sentence of `split_sentences`.

    Returns
    -------
    bool
        True if it ends with a stop that is not the stop of an abbreviation.
    """
    words = sentence.split()
    return bool(words) and _ends_sentence(" ".join(words[-2:-1]), words[-1], "X")


def end_properly(sentence: str) -> str:
    """Give a sentence a full stop if it has none.

    Parameters
    ----------
    sentence : str
        One sentence; a headline or a bulletin often lacks its stop.

    Returns
    -------
    str
        The sentence without trailing separators, ending with a stop. Blank stays blank.

    Examples
    --------
    >>> end_properly("M8 closed -")
    'M8 closed.'
    """
    stripped = sentence.rstrip().rstrip(_SEPARATORS).rstrip()
    if not stripped or stripped.rstrip(_CLOSERS)[-1:] in TERMINATORS:
        return stripped
    return stripped + "."


def shorten(text: str, width: int) -> str:
    """Cut text that is too long at the end of a word, and mark the cut with an ellipsis.

    Parameters
    ----------
    text : str
        Text on one line.
    width : int
        The most characters allowed, the ellipsis included; at least 2.

    Returns
    -------
    str
        `text` itself if it fits.

    Examples
    --------
    >>> shorten("Queues on the M8 eastbound", 20)
    'Queues on the M8…'
    """
    if len(text) <= width:
        return text
    head = text[: width - 1]
    at_word = head if text[width - 1].isspace() else head.rpartition(" ")[0]
    return (at_word or head).rstrip(f" .{_SEPARATORS}") + "…"


def _split_line(line: str) -> list[str]:
    words = line.split()
    sentences: list[str] = []
    start = 0
    for position, (word, following) in enumerate(itertools.pairwise(words)):
        before = words[position - 1] if position > start else ""
        if _ends_sentence(before, word, following):
            sentences.append(" ".join(words[start : position + 1]))
            start = position + 1
    if start < len(words):
        sentences.append(" ".join(words[start:]))
    return sentences


def _ends_sentence(before: str, word: str, following: str) -> bool:
    """Decide whether `word` ends its sentence; `before` is empty at the start of one."""
    core = word.rstrip(_CLOSERS)
    if core[-1:] not in TERMINATORS:
        return False
    opening = _first_letter_or_digit(following)
    if not opening or opening.islower():
        return False
    if not core.endswith(".") or core.endswith(".."):
        return not core.endswith(("…", "..")) or opening.isupper()
    return _stop_ends_sentence(before, core[:-1].lstrip(_OPENERS), following)


def _stop_ends_sentence(before: str, stem: str, following: str) -> bool:
    """Decide for a single full stop; `stem` is its word without the stop and without quotes."""
    lowered = stem.lower()
    bare = following.strip(_OPENERS + _CLOSERS + ".,;:!?…").lower()
    if lowered in _NEVER_LAST:
        return False
    if lowered in {"a.m", "p.m", "am", "pm"}:
        return not bare[:1].isdigit() and bare not in _AFTER_A_TIME
    if lowered in _BEFORE_NUMBERS and any(character.isdigit() for character in bare):
        return False
    if lowered in _AFTER_NAMES or (_is_initials(stem) and not before[-1:].isdigit()):
        return bare in _STARTERS  # "J. Smith", "U.S. Army"; but "11 C." is a unit
    return bool(before) or not stem.isdigit()  # "1." at the start of a sentence numbers it


def _is_initials(stem: str) -> bool:
    """Tell whether a word is one letter, or letters with stops between them: "J", "U.S", "D.C"."""
    return all(len(part) == 1 and part.isalpha() for part in stem.split("."))


def _first_letter_or_digit(word: str) -> str:
    return next((character for character in word if character.isalnum()), "")
