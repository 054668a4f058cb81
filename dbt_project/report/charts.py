"""Where the parts of the page's charts are: their templates, `*.svg.j2`, only write them down.

All lengths are in units of the charts' own width, `WIDTH`; colours and sizes of texts are the
page's.
"""

import datetime
import math
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from dbt_project.report import words
from dbt_project.report.facts import Row
from dbt_project.report.hours import Hour, Hours
from dbt_project.report.kinds import ANOMALY_KINDS

WIDTH = 480
LEFT = 36  # for the figures of an axis
RIGHT = 6

PANEL = 25  # height of the bars of one kind
NAME = 14  # and of its name above them
STRIP = 15
LONGEST_TEXT = 0.19  # characters for each unit that a strip's text may take

TREND = 130
RIDES = 46
GAP = 22  # between the two, for the days of the week
WEEKS_AT_LEAST = 2


def hours_chart(hours: Hours) -> Row:
    """The day: a panel for all rides, one for each kind, strips for weather and traffic.

    All kinds have one scale, so that their panels compare.
    """
    count, left = len(hours.hours), 2
    wide = (WIDTH - 2 * left) / count
    kinds = [
        (kind, [hour.kinds.get(kind.name, 0) for hour in hours.hours])
        for kind in ANOMALY_KINDS
        if any(kind.name in hour.kinds for hour in hours.hours)
    ]
    panels, foot = [], 0.0
    top = max((max(numbers) for _, numbers in kinds), default=1)
    rides = [hour.rides for hour in hours.hours]
    for name, slug, numbers, most in [
        ("all rides", "all", rides, max(rides)),
        *((kind.name, kind.slug, numbers, top) for kind, numbers in kinds),
    ]:
        foot += NAME + PANEL
        bars = [
            {
                "x": _r(left + (place + 0.08) * wide),
                "y": _r(foot - _height(number, most)),
                "height": _r(_height(number, most)),
            }
            for place, number in enumerate(numbers)
            if number
        ]
        told = f"{sum(numbers):,}, at most {max(numbers):,} in an hour"
        panels.append({"name": name, "slug": slug, "told": told, "foot": foot, "bars": bars})
    strips = []
    for name, texts in _strips(hours):
        foot += NAME + STRIP
        strips.append(
            {
                "name": name,
                "foot": foot,
                "pieces": [
                    {
                        "x": _r(left + start * wide + 0.4),
                        "width": _r((end - start) * wide - 0.8),
                        "text": text if len(text) <= LONGEST_TEXT * wide * (end - start) else "",
                        "is_said": bool(text),
                    }
                    for start, end, text in _stretches(texts)
                ],
            }
        )
    columns = [
        {
            "x": _r(left + place * wide),
            "place": place,
            "title": hour_told(hour),
            "anomalous": hour.anomalous,
        }
        for place, hour in enumerate(hours.hours)
    ]
    ticks = [
        {
            "x": _r(left + place * wide if place < count - 1 else WIDTH - left),
            "text": hours.hours[place].label.removesuffix(" again"),
        }
        for place in range(0, count, 3)
    ]
    return {
        "panels": panels,
        "strips": strips,
        "columns": columns,
        "ticks": ticks,
        "wide": _r(wide),
        "bar": _r(wide * 0.84),
        "foot": foot,
        "height": foot + 16,
    }


def hour_told(hour: Hour) -> str:
    """What happened in an hour, in a line."""
    told = f"{hour.label}: {words.plural(hour.rides, 'ride')}, {hour.anomalous:,} anomalous"
    if hour.kinds:
        told += f" ({', '.join(f'{number:,} {name}' for name, number in hour.kinds.items())})"
    if hour.sky:
        told += f". Weather: {hour.sky}"
    if hour.bulletins:
        told += f". {words.plural(hour.bulletins, 'traffic bulletin')} began"
    return f"{told}."


def _strips(hours: Hours) -> Iterable[tuple[str, list[str]]]:
    if hours.has_weather:
        yield "notable weather", [hour.sky for hour in hours.hours]
    if hours.has_traffic:
        yield "traffic bulletins that began", [f"{hour.bulletins or ''}" for hour in hours.hours]


def _height(number: int, most: int) -> float:
    """Of a bar: a single ride can still be seen."""
    return max(1.5, PANEL * number / most) if number else 0.0


def _stretches(texts: Sequence[str]) -> Iterable[tuple[int, int, str]]:
    """Runs of the same text: start, end and the text; a number stays an hour's own."""
    start = 0
    for text, run in groupby(texts):
        end = start + len(list(run))
        if text.isdigit():
            yield from ((place, place + 1, text) for place in range(start, end))
        else:
            yield start, end, text
        start = end


def weeks_chart(history: Sequence[Row], ride_date: datetime.date | None = None) -> Row | None:
    """The share of anomalous rides day by day over the usual range of each, and the rides.

    Parameters
    ----------
    history
        Days in their order: ride_date, rides, anomalous_share, usual_share_low and _high.
    date
        The day that is marked, and those of its weekday; none by default.

    Returns
    -------
    dict or None
        None for a single day, of which there is no course.
    """
    if len(history) < WEEKS_AT_LEAST:
        return None
    first, last = history[0]["ride_date"], history[-1]["ride_date"]
    first = min(first, last - datetime.timedelta(days=13))
    step = (WIDTH - LEFT - RIGHT) / ((last - first).days + 1)
    highest = max(
        0.002,
        *(row[name] or 0 for row in history for name in ("anomalous_share", "usual_share_high")),
    )
    ticks = _ticks(highest)
    top = max(highest * 1.06, ticks[-1])
    most = max(1, *(row["rides"] for row in history))

    def across(day: datetime.date) -> float:
        return _r(LEFT + ((day - first).days + 0.5) * step)

    def upward(share: float) -> float:
        return _r(8 + (TREND - 8) * (1 - share / top))

    days = []
    for row in history:
        day, share = row["ride_date"], row["anomalous_share"]
        days.append(
            {
                "x": across(day),
                "y": None if share is None else upward(share),
                "name": f"{day:%Y%m%d}",
                "height": _r(RIDES * row["rides"] / most),
                "is_the_day": day == ride_date,
                "is_its_weekday": ride_date is not None and day.weekday() == ride_date.weekday(),
                "title": day_told(row),
            }
        )
    return {
        "days": days,
        "line": " ".join(f"{day['x']},{day['y']}" for day in days if day["y"] is not None),
        "bands": [_band(run, across, upward, step) for run in _runs_with_usual(history)],
        "ticks": [{"y": upward(tick), "text": words.share(tick)} for tick in ticks],
        "dates": _dates(first, last, step, across),
        "step": _r(step),
        "bar": _r(max(0.6, step * 0.7)),
        "foot": TREND,
        "rides_top": TREND + GAP,
        "rides_foot": TREND + GAP + RIDES,
        "most": f"{most:,}",
        "height": TREND + GAP + RIDES + 16,
    }


def day_told(row: Row) -> str:
    """A day of the course in a line."""
    day = row["ride_date"]
    told = f"{words.day_name(day)}: "
    if not row["rides"]:
        return f"{told}no rides."
    told += f"{words.share(row['anomalous_share'])} of {words.plural(row['rides'], 'ride')}"
    if row["usual_share_low"] is None:
        return f"{told}."
    return f"{told}, usually {words.usual_range(row)}."


def _runs_with_usual(history: Sequence[Row]) -> Iterable[list[Row]]:
    """Days on end of which it is known what was usual."""
    for is_known, run in groupby(history, key=lambda row: row["usual_share_low"] is not None):
        if is_known:
            yield list(run)


def _band(
    run: list[Row],
    across: Callable[[datetime.date], float],
    upward: Callable[[float], float],
    step: float,
) -> str:
    """The corners of the usual range: along its upper edge and back along its lower one."""
    edges = []
    for name in ("usual_share_high", "usual_share_low"):
        edge = [(across(row["ride_date"]), upward(row[name])) for row in run]
        # half a day more at both ends, so that a single day can be seen
        edge = [(edge[0][0] - step / 2, edge[0][1]), *edge, (edge[-1][0] + step / 2, edge[-1][1])]
        edges.append(edge)
    corners = edges[0] + edges[1][::-1]
    return " ".join(f"{_r(x)},{y}" for x, y in corners)


def _dates(
    first: datetime.date,
    last: datetime.date,
    step: float,
    across: Callable[[datetime.date], float],
) -> list[Row]:
    """Dates under the axis, so many as have room, counted back from the last day in weeks."""
    weeks = next(weeks for weeks in (1, 2, 4, 8, 16, 32, 64, 10_000) if weeks * 7 * step >= 55)
    days = range(0, (last - first).days + 1, 7 * weeks)
    dates = [last - datetime.timedelta(days=days_before) for days_before in days]
    return [{"x": across(day), "text": f"{day:%a} {day.day} {day:%b}"} for day in dates]


def _ticks(highest: float) -> list[float]:
    """Round shares from 0 up to the first that is not below the highest, five at most."""
    size = 10 ** math.floor(math.log10(highest / 4))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor * 4 >= highest)
    return [place * step for place in range(math.ceil(round(highest / step, 6)) + 1)]


def range_chart(row: Row, highest: float) -> Row | None:
    """A day's share on a line of 0 to 100, over its usual range; None for a day without rides."""
    if row["anomalous_share"] is None:
        return None
    scale = 100 / max(highest, 1e-9)
    low, high = row["usual_share_low"], row["usual_share_high"]
    return {
        "at": _r(row["anomalous_share"] * scale),
        "low": None if low is None else _r(low * scale),
        "width": None if low is None else _r(max(1.5, (high - low) * scale)),
    }


def _r(length: float) -> float:
    """A tenth of a unit is nothing that can be seen."""
    return round(length, 1)
