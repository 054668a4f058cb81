"""Readings: what the times, dates, numbers and names of a text may mean.

Texts may be in any language. So readings are compared, not spellings: "5 pm", "17:00" and "17h00"
are one time, "1,200" and "1 200" are one number, and so are "two" and "zwei". "Étoile's" is
"etoile". An ambiguous text ("5:30", "1.200") has several readings. Two texts agree if they have one
reading in common.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from dbt_project.summaries.sentences import split_sentences
from dbt_project.summaries.themes import THEMES, lexicon

Reading: TypeAlias = "tuple[str, float | str]"
"""One way to read something: ("time", 1020.0) in minutes, ("number", 1200.0), ("name", "leith")."""


class Mark(NamedTuple):
    """A time, number, date or name in a sentence."""

    text: str
    readings: frozenset[Reading]
    is_first: bool = False
    """For a name: whether it is the first word of its sentence, which always has a capital."""


def readings_in(text: str) -> frozenset[Reading]:
    """Collect all readings of a text, including its words in any case."""
    plain = _plain(text)
    quantities, rest = _quantities(plain)
    words = [_fold(word) for word in _WORD.findall(f"{plain} {rest}")]
    readings: set[Reading] = {("name", word) for word in words}
    readings |= {("number", float(_NUMBER_WORDS[word])) for word in words if word in _NUMBER_WORDS}
    return frozenset(readings.union(*(found for _, found in quantities)))


def marks_in(text: str) -> Iterator[Mark]:
    """Find the times, dates, numbers and names of a sentence."""
    quantities, rest = _quantities(_plain(text))
    for written, readings in quantities:
        yield Mark(written, readings)
    for word in map(_fold, _WORD.findall(rest)):
        if word in _COUNTED:
            yield Mark(word, frozenset({("number", float(_NUMBER_WORDS[word]))}))
        elif word in _LARGE:  # a number word above twelve is not converted
            yield Mark(word, frozenset({("name", word)}))
    for sentence in split_sentences(rest):
        yield from _names(sentence)


_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_MONTH = "|".join(_MONTHS)
_DATE = re.compile(
    r"\b(?P<iso>\d{4})-(?P<month1>0\d|1[0-2])-(?P<day1>[0-3]\d)\b"
    rf"|\b(?P<day2>[1-3]?\d)(?:st|nd|rd|th)?\.? (?:of )?(?P<month2>{_MONTH})\b"
    r"(?:,? (?P<year2>\d{4}))?"
    rf"|\b(?P<month3>{_MONTH}) (?P<day3>[1-3]?\d)(?:st|nd|rd|th)?\b(?![:.]\d)"
    r"(?:,? (?P<year3>\d{4}))?",
    re.IGNORECASE,
)
# Of a script without capitals or spaces only digits and separators must not stand before a number.
_ALONE = r"(?<![a-zA-Z\d.,:])"
_HALF = r"\s?(?P<{}>[ap])(?:\.\s?m\.|\s?m\b)"
_OCLOCK = r"\s?(?:h|hrs|uhr|heures?|horas?|uur|o'clock)\b"
_CLOCK = re.compile(
    # "5-7 pm", "between 5 and 7:30 pm": the second time's half of the day is the first one's too
    rf"{_ALONE}(?P<h1>\d{{1,2}})(?:[:.](?P<m1>[0-5]\d))?\s*(?:-|\u2013|to|and|until|till)\s*"
    rf"(?P<second>(?P<h2>\d{{1,2}})(?:[:.](?P<m2>[0-5]\d))?{_HALF.format('half2')})"
    # "5 pm", "5.30 p.m.", "5:30pm"
    rf"|{_ALONE}(?P<h3>\d{{1,2}})(?:[:.](?P<m3>[0-5]\d))?{_HALF.format('half3')}"
    # "17:00", "17:00:00", "17h00", "17 h 30", "17 Uhr 30", "17.00 Uhr"
    rf"|{_ALONE}(?P<h4>\d{{1,2}})(?::|\s?h\s?|\s?uhr\s?)(?P<m4>[0-5]\d)(?::[0-5]\d)?(?!\d)(?:{_OCLOCK})?"
    rf"|{_ALONE}(?P<h5>\d{{1,2}})\.(?P<m5>[0-5]\d){_OCLOCK}"
    # "1730 hrs"
    rf"|{_ALONE}(?P<h6>\d{{2}})(?P<m6>[0-5]\d)\s?(?:h|hrs|hours)\b"
    # "17h", "17 Uhr"
    rf"|{_ALONE}(?P<h7>\d{{1,2}}){_OCLOCK}"
    r"|\b(?:12\s)?(?P<noon>noon|midday|mittag|midi)\b"
    r"|\b(?:12\s)?(?P<midnight>midnight|mitternacht|minuit)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![a-zA-Z\d])\d+(?:[.,'\u2019 ]\d{3}(?!\d))*(?:[.,]\d+)?")
_GROUPED = re.compile(r"\d{1,3}(?:[.,]\d{3})+")


def _quantities(text: str) -> tuple[list[tuple[str, frozenset[Reading]]], str]:
    """Find dates, clock times and numbers. Return them, and the text without dates and times."""
    found: list[tuple[str, frozenset[Reading]]] = []

    def blank(match: re.Match[str], read: Iterable[tuple[str, frozenset[Reading]]]) -> str:
        before = len(found)
        found.extend(read)
        return " " * len(match[0]) if len(found) > before else match[0]

    rest = _DATE.sub(lambda match: blank(match, _dates(match)), text)
    rest = _CLOCK.sub(lambda match: blank(match, _times(match)), rest)
    return [*found, *_numbers(rest)], rest


def _dates(found: re.Match[str]) -> Iterator[tuple[str, frozenset[Reading]]]:
    groups = found.groupdict()
    if groups["iso"]:
        month, day = int(groups["month1"]), int(groups["day1"])
    else:
        month = _MONTHS.index((groups["month2"] or groups["month3"]).lower()) + 1
        day = int(groups["day2"] or groups["day3"])
    yield found[0], frozenset({("date", f"{month}-{day}")})
    if year := groups["iso"] or groups["year2"] or groups["year3"]:
        yield found[0], frozenset({("number", float(year))})


def _numbers(text: str) -> Iterator[tuple[str, frozenset[Reading]]]:
    for found in _NUMBER.finditer(text):
        readings = set(_values(found[0]))
        before = text[max(0, found.start() - 4) : found.start()]
        if road := re.search(r"\b([A-Za-z]{1,2})[ -]$", before):
            readings.add(("name", _fold(road[1] + found[0])))  # "M 8" and "I-95"
        yield found[0], frozenset(readings)


def _times(found: re.Match[str]) -> Iterator[tuple[str, frozenset[Reading]]]:
    groups = found.groupdict()
    if groups["noon"]:
        yield found[0], _time(12, 0)
    elif groups["midnight"]:
        yield found[0], _time(0, 0)
    elif groups["half2"]:
        first = _time_of_day(int(groups["h1"]), int(groups["m1"] or 0), "ap")
        # "junction 3 and 5 pm" has a number and a time.
        as_number = () if groups["m1"] else (("number", float(groups["h1"])),)
        yield found[0], first.union(as_number)
        second = _time_of_day(int(groups["h2"]), int(groups["m2"] or 0), groups["half2"].lower())
        yield groups["second"], second
    elif groups["half3"]:
        half = groups["half3"].lower()
        yield found[0], _time_of_day(int(groups["h3"]), int(groups["m3"] or 0), half)
    else:
        written = groups["h4"] or groups["h5"] or groups["h6"] or groups["h7"]
        hour = int(written)
        minute = int(groups["m4"] or groups["m5"] or groups["m6"] or 0)
        if hour <= 24:
            # "5:30" may be of the afternoon; "05:30" is not.
            is_open = len(written) == 1
            readings = _time_of_day(hour, minute, "ap") if is_open else _time(hour, minute)
            # "5h" may be five hours.
            yield found[0], readings.union([("number", float(hour))] if groups["h7"] else ())


def _time_of_day(hour: int, minute: int, halves: str) -> frozenset[Reading]:
    if not 1 <= hour <= 12:
        return _time(hour, minute)
    return frozenset().union(*(_time(hour % 12 + 12 * (half == "p"), minute) for half in halves))


def _time(hour: int, minute: int) -> frozenset[Reading]:
    return frozenset({("time", float((hour * 60 + minute) % (24 * 60)))})


def _values(written: str) -> Iterator[Reading]:
    """Read a number: "1.200" is more than a thousand in one country, and about one in another."""
    digits = re.sub(r"['\u2019 ]", "", written)
    if _GROUPED.fullmatch(digits):
        yield ("number", float(re.sub("[.,]", "", digits)))
    separators = re.findall("[.,]", digits)
    if len(set(separators)) == 2 and separators.count(separators[-1]) == 1:
        digits = digits.replace(separators[0], "")
    if len(re.findall("[.,]", digits)) <= 1:
        yield ("number", float(digits.replace(",", ".")))
    else:
        yield ("name", digits)
    # "17.30" may be a time.
    if clock := re.fullmatch(r"(\d{1,2})\.([0-5]\d)", digits):
        yield from _time(int(clock[1]), int(clock[2])) if int(clock[1]) <= 24 else ()


_COUNTED = lexicon("two three four five six seven eight nine ten eleven twelve")
_LARGE = lexicon(
    "thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty "
    "seventy eighty ninety hundred hundreds thousand thousands million dozen dozens"
)
WRITTEN_NUMBERS = _COUNTED | _LARGE
_NUMBER_WORDS = {
    word: number
    for words in (
        "one two three four five six seven eight nine ten eleven twelve",
        "ein zwei drei vier funf sechs sieben acht neun zehn elf zwolf",
        "une deux trois quatre cinq six sept huit neuf dix onze douze",
        "una dos tres cuatro cinco seis siete ocho nueve diez once doce",
        "uno due tre quattro cinque sei sette otto nove dieci undici dodici",
        "een twee drie vier vijf zes zeven acht negen tien elf twaalf",
        "um dois tres quatro cinco seis sete oito nove dez onze doze",
    )
    for number, word in enumerate(words.split(), 1)
}

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W\d_]+)?")
_SAME = {"saint": "st", "street": "st", "road": "rd", "avenue": "ave", "junction": "jct"}
FUNCTION_WORDS = lexicon(
    "a an the this that these those it its there here he she they we you his her their our your "
    "and but or nor so yet if as at by for from in into near of off on onto over past per since "
    "than then through throughout to toward towards under until up upon via while with within "
    "without after against along around before behind below between beyond both during each "
    "either every few many more most much neither no none not nothing now once one only other "
    "others outside because although though however meanwhile also all any another some several "
    "such same is are was were be been being has have had may might can could will would should "
    "when where who which what why how i gmt bst utc "
    "der die das ein eine im am auf bei nach wegen zwischen seit vom und es le la les un une des "
    "du de dans sur au aux en entre depuis il el los las por desde hay se lo gli nel nella sul "
    "sulla tra da het een op van o os as um uma em no na nos nas"
)
ORDINARY = FUNCTION_WORDS | lexicon(
    "access accidents additional adverse affected allow alternative anyone approach arrivals "
    "attendance avoid bad beginning bus buses bystanders car cars cabs city clearance close cold "
    "commuters conditions congestion consequently considerable continued crews cyclists "
    "deliveries departures despite difficult disruption diversions drivers dry due early earlier "
    "emergency engineers evening everyone expect expected extra fans fire firefighters flights "
    "following freezing further gas general generally hazardous heavy high hot hours icy "
    "incidents increased intermittent journey journeys lane lanes large late later light lighting "
    "likely local long low major maintenance midday minor moderate morning motorists movement "
    "multiple nearby night noon normal numerous obstruction officers officials ongoing overall "
    "overnight overturned part partial passengers pedestrians people persistent police poor "
    "possible potential power public queues rail reduced repairs repeated reports residents "
    "restrictions roads road route routes rush scattered school serious service services severe "
    "shoppers short significant signal signals skies slippery slow snow some speeds spectators "
    "standing still stop storm street streets strong sudden surface taxi taxis temperatures "
    "temporary thick thousands hundreds dozens traffic train trains trams travel travellers "
    "vehicles very visibility visitors water weather wet wind winds workers works"
)
ORDINARY |= lexicon(
    "accordingly additionally amid amidst apparently approximately around attendees beyond "
    "combined coming concertgoers considering crossing currently debris demonstrators driving "
    "elsewhere especially essentially extensive furthermore getting given going heading heavily "
    "including lastly leaving lengthy limited localised localized mainly moreover mostly moving "
    "nearly notably notable owing parallel particularly passing planned possibly previously "
    "primarily probably prolonged protesters reaching reportedly reported revellers roughly "
    "runners separately shortly significantly similarly simultaneously slowly specifically "
    "spillage sporadic steady subsequently substantial supporters taking therefore thereafter "
    "thus tailbacks together torrential travelling traveling typical unfortunately unplanned "
    "unusual using warm widespread wintry"
)
ORDINARY |= lexicon(" ".join(word for theme in THEMES for word in theme.words))


def _names(sentence: str) -> Iterator[Mark]:
    """Find the words that are written like names."""
    for word in _WORD.finditer(sentence):
        folded = _fold(word[0])
        before = sentence[: word.start()].rstrip("\"'([\u201c\u2018 ")
        is_first = not before or before[-1] in ":;"
        is_ordinary = folded in _NUMBER_WORDS or folded in (
            ORDINARY if is_first else FUNCTION_WORDS
        )
        # "M 8" and "I-95" are told by their numbers.
        is_road = len(folded) <= 2 and re.match(r"[ -]\d", sentence[word.end() :])
        if word[0][0].isupper() and not is_ordinary and not is_road:
            readings: set[Reading] = {("name", folded)}
            if junction := re.fullmatch(r"j(\d+)[a-z]?", folded):
                readings.add(("number", float(junction[1])))
            yield Mark(word[0], frozenset(readings), is_first)


def _fold(word: str) -> str:
    """Reduce a word to the form that all its spellings share: "Étoile's" to "etoile"."""
    bare = re.sub(r"['\u2019]s$", "", word.casefold())
    letters = unicodedata.normalize("NFKD", bare)
    folded = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _SAME.get(folded, folded)


def _plain(text: str) -> str:
    """Write digits and spaces of any script in ASCII, and compose letters."""
    composed = unicodedata.normalize("NFKC", text)
    return "".join(
        str(unicodedata.digit(letter)) if unicodedata.category(letter) == "Nd" else letter
        for letter in composed
    )
