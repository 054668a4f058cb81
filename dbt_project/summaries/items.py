"""Items: what held in an area and some hours, one bulletin, observation or headline each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

CATEGORIES = (
    "closure",
    "collision",
    "congestion",
    "roadworks",
    "flooding",
    "snow and ice",
    "rain",
    "wind",
    "fog",
    "event",
    "strike",
    "other",
)
"""What an item, and a summary, may be about."""

CITY_WIDE = "city-wide"
ALL_DAY = "all day"


@dataclass(frozen=True)
class Item:
    """One circumstance.

    Attributes
    ----------
    number : int
        Its number in the question, from 1, the most relevant first.
    item_id : str
    kind : str
        "news", "weather" or "traffic".
    area : str or None
        None for the whole city.
    starts_at, ends_at : datetime or None
        Local times without an offset. None if not known.
    text : str
        Plain text on one line.
    category : str
        One of `CATEGORIES`.
    is_notable : bool
        Whether it may have made a ride unusual, by the vocabulary.
    """

    number: int
    item_id: str
    kind: str
    area: str | None
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    text: str
    category: str
    is_notable: bool

    def when(self, ride_date: dt.date) -> str:
        """Say when it held, as far as its record says: "16:40-19:10", "at 11:08".

        For a headline or an observation this is the time when it was made. Its end is not told,
        because the record does not say it.
        """
        start, end = _clock(self.starts_at, ride_date), _clock(self.ends_at, ride_date)
        if self.kind != "traffic":
            return f"at {start}" if start else "no time given"
        if start and end:
            return f"{start}-{end}"
        if start:
            return f"from {start}, no end given"
        return f"until {end}" if end else "no time given"

    def line(self, ride_date: dt.date) -> str:
        """Write it on one line, for the question."""
        where_and_when = f"{self.area or CITY_WIDE}, {self.when(ride_date)}"
        return f"{self.number}. [{self.kind}, {where_and_when}] {self.text}"


@dataclass(frozen=True)
class Context:
    """An area and some hours of a day, and the items that held there and then.

    Attributes
    ----------
    context_id : str
    city : str
    ride_date : date
    area : str or None
        None for rides without an area, and for the day as a whole.
    starts_at, ends_at : datetime
        Local times without an offset.
    items : tuple of Item
        The most relevant first.
    """

    context_id: str
    city: str
    ride_date: dt.date
    area: str | None
    starts_at: dt.datetime
    ends_at: dt.datetime
    items: tuple[Item, ...]

    @property
    def is_of_the_day(self) -> bool:
        """Whether it is the day as a whole, whose id is the date."""
        return self.context_id == self.ride_date.isoformat()

    @property
    def place(self) -> str:
        """The area, else the city."""
        return self.area or self.city

    @property
    def hours(self) -> str:
        """The hours, as in "17:00-19:00"; "all day" for the day as a whole."""
        midnight = dt.datetime.combine(self.ride_date, dt.time())
        if self.starts_at <= midnight and self.ends_at >= midnight + dt.timedelta(days=1):
            return ALL_DAY
        start, end = _clock(self.starts_at, self.ride_date), _clock(self.ends_at, self.ride_date)
        # the hour in which the clocks go back
        return f"the hour from {start}" if start == end else f"{start}-{end}"


def contexts_with_items(
    contexts: pd.DataFrame,
    circumstances: pd.DataFrame,
    *,
    city: str,
    ride_date: dt.date,
    time_zone: str,
) -> list[Context]:
    """Make contexts with their items.

    Parameters
    ----------
    contexts : DataFrame
        A row for each context, columns `context_id`, `area`, `window_start`, `window_end`.
    circumstances : DataFrame
        A row for each context and item, columns `context_id`, `item_number`, `item_id`, `kind`,
        `area`, `starts_at`, `ends_at`, `text`, `category`, `is_notable`. Rows of other contexts are
        ignored.
    city : str
    ride_date : date
    time_zone : str
        The city's time zone, by its IANA name. Times with an offset are converted to it.

    Returns
    -------
    list of Context
        In the order of `contexts`, the items of each in the order of their numbers.
    """
    items: dict[object, list[Item]] = {}
    columns = ["context_id", "item_number", "item_id", "kind", "area", "starts_at", "ends_at"]
    columns += ["text", "category", "is_notable"]
    ordered = _with_local_times(circumstances.sort_values("item_number"), time_zone)
    for row in ordered[columns].itertuples(index=False, name=None):
        context_id, number, item_id, kind, area, starts_at, ends_at, text, category, notable = row
        item = Item(
            number=int(number),
            item_id=str(item_id),
            kind=str(kind),
            area=_known(area),
            starts_at=_time(starts_at),
            ends_at=_time(ends_at),
            text=str(text),
            category=str(category),
            is_notable=bool(notable),
        )
        items.setdefault(context_id, []).append(item)
    midnight = dt.datetime.combine(ride_date, dt.time())
    windows = _with_local_times(contexts, time_zone)
    windows = windows[["context_id", "area", "window_start", "window_end"]]
    return [
        Context(
            context_id=str(context_id),
            city=city,
            ride_date=ride_date,
            area=_known(area),
            starts_at=_time(start) or midnight,
            ends_at=_time(end) or midnight + dt.timedelta(days=1),
            items=tuple(items.get(context_id, ())),
        )
        for context_id, area, start, end in windows.itertuples(index=False, name=None)
    ]


def fitting(items: Iterable[Item], ride_date: dt.date, longest: int) -> Sequence[Item]:
    """Keep the items that fit, whole, from the first one on.

    Parameters
    ----------
    items : iterable of Item
        The most relevant first.
    ride_date : date
    longest : int
        The most characters of all lines together.
    """
    kept: list[Item] = []
    room = longest
    for item in items:
        needed = len(item.line(ride_date)) + 1
        if needed <= room:
            kept.append(item)
            room -= needed
    return kept


def _clock(time: dt.datetime | None, ride_date: dt.date) -> str:
    """Write a time as a clock shows it, with its day if it is another day."""
    if time is None:
        return ""
    if time == dt.datetime.combine(ride_date, dt.time()) + dt.timedelta(days=1):
        return "24:00"
    clock = f"{time:%H:%M}"
    return clock if time.date() == ride_date else f"{clock} on {time.day} {time:%B}"


def _known(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _with_local_times(table: pd.DataFrame, time_zone: str) -> pd.DataFrame:
    """Convert the times of a table to the city's clocks, a column at once: a tenth of the cost."""
    changed = {}
    for name in ("starts_at", "ends_at", "window_start", "window_end"):
        if name in table:
            times = pd.to_datetime(table[name])
            is_instant = times.dt.tz is not None
            changed[name] = (
                times.dt.tz_convert(time_zone).dt.tz_localize(None) if is_instant else times
            )
    return table.assign(**changed)


def _time(time: object) -> dt.datetime | None:
    return time.to_pydatetime() if isinstance(time, pd.Timestamp) else None
