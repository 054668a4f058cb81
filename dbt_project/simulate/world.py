"""The circumstances of one simulated day in Glasgow: weather, traffic and news that fit together.

Only the date and a seed decide a day, so it is the same day with four hundred rides or ten million.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from dbt_project.simulate import texts
from dbt_project.simulate.texts import AREAS, Event, Incident

CITY_TIME_ZONE = "Europe/London"
HOUR = 3600
"""Seconds in an hour."""

AREA_NUMBERS = {area.name: number for number, area in enumerate(AREAS)}
WHOLE_CITY = -1

CLOSURE_SLOTS = ((6.0, 8.0), (9.5, 12.0), (14.0, 16.5), (18.0, 20.5))
"""Clock hours in which the day's four closures start. At almost any time of the day one holds."""

INCIDENT_STARTS = (6.5, 19.0)
"""Clock hours between which an incident is planted that may happen at any hour."""
MOST_INCIDENTS = 6
"""A day has at least this many areas without a closure or a crowd of their own."""

CLOSURE_PACE = 1.3
"""Rides in a closure's area take this many times as long. A few get stuck for hours."""
DELAY_PACE = 1.08
CITY_WIDE_PACE = 1.04
RAIN_PACE = (1.0, 1.05, 1.12, 1.2)

T = TypeVar("T")


def pick(rng: np.random.Generator, choices: Sequence[T]) -> T:
    """Return one of `choices`, each as likely as the others.

    Only ``rng.random`` is used in this package's simulator: it is the one stream that numpy keeps
    the same from release to release, and the embedded lake is compared byte for byte.
    """
    return choices[int(rng.random() * len(choices))]


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a number drawn evenly from `low` to `high`."""
    return low + (high - low) * float(rng.random())


def shuffled(rng: np.random.Generator, items: Sequence[T]) -> list[T]:
    """Return `items` in random order."""
    return [items[number] for number in np.argsort(rng.random(len(items)), kind="stable")]


class LocalDay:
    """A calendar day by Glasgow's clocks, measured in seconds since its midnight.

    Parameters
    ----------
    day : date
        The day. It has 23 or 25 hours when the clocks change.

    Attributes
    ----------
    seconds : int
        Length of the day, seconds.
    hours : int
        Length of the day, hours.
    """

    def __init__(self, day: date) -> None:
        self.date = day
        self.zone = ZoneInfo(CITY_TIME_ZONE)
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        tomorrow = (midnight + timedelta(days=1)).replace(hour=0)
        self._midnight = midnight.astimezone(UTC)
        self.seconds = round((tomorrow.astimezone(UTC) - self._midnight).total_seconds())
        self.hours = self.seconds // HOUR

    def at(self, second: float) -> datetime:
        """Return the local time, with its offset, `second` seconds after midnight."""
        return (self._midnight + timedelta(seconds=int(second))).astimezone(self.zone)

    def stamp(self, second: float) -> str:
        """Return the same as ISO 8601 text, to the second."""
        return self.at(second).isoformat()

    def clock_hour(self, second: float) -> float:
        """Return what the clock on the wall shows, hours after midnight."""
        local = self.at(second)
        return local.hour + local.minute / 60

    def second_at(self, clock_hour: float) -> int:
        """Return the seconds from midnight to a time on the wall, given in hours (25 is 01:00)."""
        naive = datetime(self.date.year, self.date.month, self.date.day)
        on_the_wall = (naive + timedelta(hours=clock_hour)).replace(tzinfo=self.zone)
        return round((on_the_wall.astimezone(UTC) - self._midnight).total_seconds())

    @property
    def is_holiday(self) -> bool:
        """Whether Scotland has a bank holiday (Good Friday and substitute days left out)."""
        month_and_day = (self.date.month, self.date.day)
        fixed = month_and_day in {(1, 1), (1, 2), (11, 30), (12, 25), (12, 26)}
        first_monday = self.date.weekday() == 0 and self.date.day <= 7
        return fixed or (first_monday and self.date.month in {5, 8})

    @property
    def weekday(self) -> int:
        """Monday is 0, Sunday 6, a bank holiday `texts.HOLIDAY`."""
        return texts.HOLIDAY if self.is_holiday else self.date.weekday()


class Weather(NamedTuple):
    """What the weather is like from one full hour to the next."""

    second: int
    """When it is observed, seconds after midnight."""
    temperature: int
    """Degrees Celsius."""
    rain: int
    """0 none, 1 light, 2 moderate, 3 heavy."""
    wind: int
    """Miles per hour."""
    is_foggy: bool
    text: str

    @property
    def is_snow(self) -> bool:
        """Whether what falls is snow."""
        return self.rain > 0 and self.temperature <= 1

    @property
    def conditions(self) -> frozenset[str]:
        """The names under which `texts` keeps bulletins and warnings."""
        holds = {
            "rain": self.rain == 2 and not self.is_snow,
            "heavy rain": self.rain == 3 and not self.is_snow,
            "ice": self.is_snow or self.temperature <= 0,
            "fog": self.is_foggy,
            "gale": self.wind >= 34,
        }
        return frozenset(name for name, is_so in holds.items() if is_so)

    @property
    def pace(self) -> float:
        """How many times as long as on a dry hour a ride takes."""
        slippery = 1.12 if "ice" in self.conditions else 1.0
        return RAIN_PACE[self.rain] * slippery * (1.1 if self.is_foggy else 1.0)


class Bulletin(NamedTuple):
    """One traffic bulletin of the day; times in seconds after midnight."""

    start: int
    end: int | None
    """None for a bulletin until further notice."""
    area: int
    """Number of the area in `AREAS`, or `WHOLE_CITY`."""
    text: str
    is_closure: bool
    """Whether rides may be stuck in it for hours."""
    headline: str = ""


class News(NamedTuple):
    """One item of news, published so many seconds after midnight."""

    second: int
    area: int
    text: str


@dataclass(frozen=True)
class World:
    """Everything outside the taxis that belongs to a day.

    Attributes
    ----------
    day : LocalDay
        The calendar day.
    weather : tuple of Weather
        One observation for each hour of the day, in order.
    bulletins : tuple of Bulletin
        Eight to twelve, by start.
    news : tuple of News
        Eight to ten, by time of publication.
    incidents : tuple of Bulletin
        Bulletins on top of `bulletins`, by start: each delays rides that the truth names.
    """

    day: LocalDay
    weather: tuple[Weather, ...]
    bulletins: tuple[Bulletin, ...]
    news: tuple[News, ...]
    incidents: tuple[Bulletin, ...] = ()

    @property
    def traffic(self) -> tuple[Bulletin, ...]:
        """All bulletins of the day, by start."""
        return in_order([*self.bulletins, *self.incidents])


def make_world(day: date, seed: int, incidents: int = 0) -> World:
    """Draw the circumstances of a day.

    Parameters
    ----------
    day : date
        The calendar day.
    seed : int
        Another seed gives the same date other weather, traffic and news.
    incidents : int
        Number of incidents to plant, up to `MOST_INCIDENTS`. They change nothing else of the day.

    Returns
    -------
    World
    """
    local_day = LocalDay(day)
    # Each has its own stream, so that a new bulletin text does not change the weather of every day.
    streams = [np.random.default_rng([seed, day.toordinal(), number]) for number in range(5)]
    weather = make_weather(local_day, streams[0])
    events = choose_events(local_day, streams[1])
    bulletins = make_bulletins(local_day, weather, events, streams[2])
    news = make_news(local_day, weather, events, bulletins, streams[3])
    planted = plant_incidents(local_day, events, bulletins, incidents, streams[4])
    return World(local_day, weather, bulletins, news, planted)


# Weather ------------------------------------------------------------------------------------------


def make_weather(day: LocalDay, rng: np.random.Generator) -> tuple[Weather, ...]:
    """Draw a course of the weather: a settled day, showers, a passing front, a gale or fog."""
    year_day = day.date.timetuple().tm_yday
    summer = -math.cos(2 * math.pi * (year_day - 25) / 365)
    kind = pick(rng, ["front"] * 6 + ["showers"] * 5 + ["settled"] * 5 + ["gale"] * 2 + ["fog"] * 2)
    mean_temperature = 9.0 + 5.5 * summer + between(rng, -2.5, 2.5)
    has_front = kind in {"front", "gale"}
    swing = between(rng, 1.0, 2.0) if has_front else between(rng, 2.5, 4.5)
    usual_wind = {"gale": 33.0, "front": 15.0, "showers": 12.0}.get(kind, 5.0)
    mean_wind = usual_wind * between(rng, 0.8, 1.2)
    direction = pick(rng, texts.WIND_DIRECTIONS)
    passing = between(rng, 5, 20)
    width = between(rng, 2.5, 5.5)
    strongest = between(rng, 1.6, 3.4)
    fog_lifts = between(rng, 8, 11)

    observations = []
    for number in range(day.hours):
        hour = day.clock_hour(number * HOUR)
        front = math.exp(-(((hour - passing) / width) ** 2)) if has_front else 0.0
        is_foggy = kind == "fog" and hour < fog_lifts
        if has_front:
            rain = min(3, round(strongest * front))
        elif kind == "showers":
            rain = pick(rng, (0, 0, 0, 1, 1, 2) if 7 <= hour <= 20 else (0, 0, 0, 0, 0, 1))
        else:
            rain = 0
        warmth = math.cos(2 * math.pi * (hour - 15) / 24)
        temperature = round(mean_temperature + swing * warmth - 0.6 * rain - 1.5 * is_foggy)
        wind = round(mean_wind * (0.75 + 0.15 * warmth + 0.3 * front))
        cloud = 3 if rain >= 2 or front > 0.6 else pick(rng, cloud_cover(kind))
        text = describe_weather(
            rng, temperature, rain, wind, direction, cloud, is_foggy, is_daylight(day, hour, summer)
        )
        observations.append(Weather(number * HOUR, temperature, rain, wind, is_foggy, text))
    return tuple(observations)


def cloud_cover(kind: str) -> tuple[int, ...]:
    """Return the likely cloud covers, 0 clear to 3 overcast, on a day of this kind of weather."""
    return {"settled": (0, 0, 1), "showers": (1, 2, 2), "fog": (0, 1, 1)}.get(kind, (2, 2, 3))


def is_daylight(day: LocalDay, hour: float, summer: float) -> bool:
    """Tell whether it is light in Glasgow at a clock hour; days last from 7 hours to 17.5."""
    offset = day.at(day.seconds // 2).utcoffset() or timedelta(0)
    noon = 12.3 + offset.total_seconds() / HOUR
    return abs(hour - noon) < 6.2 + 2.6 * summer


def describe_weather(
    rng: np.random.Generator,
    temperature: int,
    rain: int,
    wind: int,
    direction: str,
    cloud: int,
    is_foggy: bool,
    is_light: bool,
) -> str:
    """Return an hour's weather in an observer's words."""
    is_snow = rain > 0 and temperature <= 1
    if is_foggy:
        sky = "Fog, very thick by the river"
    elif rain:
        words = pick(rng, (texts.SNOW_WORDS if is_snow else texts.RAIN_WORDS)[rain])
        sky = f"{words[0].upper()}{words[1:]}"
    else:
        sky = (texts.SKY_BY_DAY if is_light else texts.SKY_BY_NIGHT)[cloud] + ", dry"
    if wind < 4:
        air = "hardly any wind"
    elif wind < 13:
        air = f"light {direction} wind {wind} mph"
    elif wind < 25:
        air = f"fresh {direction} wind {wind} mph"
    else:
        air = f"strong {direction} wind {wind} mph, gusts to {round(wind * 1.45)}"
    return f"{sky}, {temperature} °C, {air}. {describe_visibility(rain, is_snow, is_foggy)}"


def describe_visibility(rain: int, is_snow: bool, is_foggy: bool) -> str:
    """Return how far one can see."""
    if is_foggy:
        return "Visibility under 200 yards."
    if is_snow and rain >= 2:
        return "Visibility poor, half a mile, roads slippery."
    return (
        "Visibility good, over 10 miles.",
        "Visibility fair, about 6 miles.",
        "Visibility moderate, about 3 miles, roads wet.",
        "Visibility poor, about a mile, water on the roads.",
    )[rain]


# Traffic ------------------------------------------------------------------------------------------


def choose_events(day: LocalDay, rng: np.random.Generator) -> tuple[Event, ...]:
    """Choose up to two of the events that this weekday and month allow."""
    chosen: list[Event] = []
    for event in shuffled(rng, possible_events(day)):
        is_likely = rng.random() < (0.15 if not event.crowd.area else 0.7)
        is_elsewhere = all(event.crowd.area != other.crowd.area for other in chosen)
        if is_likely and is_elsewhere and len(chosen) < 2:
            chosen.append(event)
    return tuple(chosen)


def possible_events(day: LocalDay) -> list[Event]:
    """Return the events that this weekday and month allow."""
    return [
        event
        for event in texts.EVENTS
        if day.weekday in event.weekdays and day.date.month in event.months
    ]


def make_bulletins(
    day: LocalDay,
    weather: tuple[Weather, ...],
    events: tuple[Event, ...],
    rng: np.random.Generator,
) -> tuple[Bulletin, ...]:
    """Draw the day's bulletins: crowds, four closures, what the weather does, and small delays."""
    bulletins = [issue(day, event.crowd, event.crowd.starts, rng, True) for event in events]
    for slot in CLOSURE_SLOTS:
        taken = {bulletin.area for bulletin in bulletins}
        free = [closure for closure in texts.CLOSURES if AREA_NUMBERS[closure.area] not in taken]
        bulletins.append(issue(day, pick(rng, free), slot, rng, True))
    for condition in sorted(set().union(*(hour.conditions for hour in weather))):
        hours = [hour for hour in weather if condition in hour.conditions]
        starts = day.clock_hour(pick(rng, hours).second)
        delay = pick(rng, texts.WEATHER_DELAYS[condition])
        bulletins.append(issue(day, delay, (starts, starts + 0.9), rng, False))
    wanted = 8 + int(rng.random() * 5)
    for delay in shuffled(rng, texts.DELAYS)[: max(0, wanted - len(bulletins))]:
        bulletins.append(issue(day, delay, delay.starts, rng, False))
    return in_order(bulletins)


def in_order(bulletins: Sequence[Bulletin]) -> tuple[Bulletin, ...]:
    """Return bulletins by their start."""
    return tuple(sorted(bulletins, key=lambda bulletin: (bulletin.start, bulletin.text)))


def plant_incidents(
    day: LocalDay,
    events: tuple[Event, ...],
    bulletins: tuple[Bulletin, ...],
    wanted: int,
    rng: np.random.Generator,
) -> tuple[Bulletin, ...]:
    """Draw closures and crowds for areas that have neither, one for each of as many areas."""
    crowds = [event.crowd for event in possible_events(day) if event not in events]
    taken = {bulletin.area for bulletin in bulletins if bulletin.is_closure} | {WHOLE_CITY}
    planted: list[Bulletin] = []
    for incident in shuffled(rng, [*texts.CLOSURES, *crowds]):
        area = AREA_NUMBERS.get(incident.area, WHOLE_CITY)
        if area not in taken and len(planted) < wanted:
            starts = INCIDENT_STARTS if incident.starts == texts.AT_ANY_HOUR else incident.starts
            planted.append(issue(day, incident, starts, rng, True))
            taken.add(area)
    return in_order(planted)


def issue(
    day: LocalDay,
    incident: Incident,
    starts: tuple[float, float],
    rng: np.random.Generator,
    is_closure: bool,
) -> Bulletin:
    """Let an incident happen: draw its start, between two clock hours, and its duration."""
    five_minutes = 300
    start = day.second_at(between(rng, *starts)) // five_minutes * five_minutes
    lasts = round(between(rng, *incident.lasts) * HOUR / five_minutes) * five_minutes
    end = start + lasts if lasts else None
    until = day.at(end).strftime("%H:%M") if end is not None else ""
    area = AREA_NUMBERS.get(incident.area, WHOLE_CITY)
    # A crowd that concerns the whole city slows every ride a little, and delays no ride for hours.
    can_hold = is_closure and area != WHOLE_CITY
    text = incident.text.format(until=until)
    return Bulletin(start, end, area, text, can_hold, incident.headline)


# News ---------------------------------------------------------------------------------------------


def make_news(
    day: LocalDay,
    weather: tuple[Weather, ...],
    events: tuple[Event, ...],
    bulletins: tuple[Bulletin, ...],
    rng: np.random.Generator,
) -> tuple[News, ...]:
    """Draw the day's news: what happens on the roads, in the city, and far away from both."""
    news = [News(publish(day, rng, 6, 8), WHOLE_CITY, event.headline) for event in events]
    if day.is_holiday:
        text = pick(rng, texts.HOLIDAY_NEWS)
        news.append(News(publish(day, rng, 6, 8), WHOLE_CITY, text))
    conditions = set().union(*(hour.conditions for hour in weather))
    for condition, warning in texts.WARNINGS.items():
        if condition in conditions and len(news) < 4:
            news.append(News(publish(day, rng, 5, 6), WHOLE_CITY, warning))
    reported = [bulletin for bulletin in bulletins if bulletin.is_closure and bulletin.headline]
    for bulletin in shuffled(rng, reported)[:2]:
        second = bulletin.start + int(between(rng, 20, 70)) * 60
        news.append(News(min(second, day.seconds - 60), bulletin.area, bulletin.headline))
    world, local = shuffled(rng, texts.WORLD_NEWS), shuffled(rng, texts.LOCAL_NEWS)
    fillers = world[:2] + local[:2] + world[2:]
    wanted = 8 + int(rng.random() * 3)
    for text in fillers[: wanted - len(news)]:
        news.append(News(publish(day, rng, 5, 22), WHOLE_CITY, text))
    return tuple(sorted(news))


def publish(day: LocalDay, rng: np.random.Generator, earliest: float, latest: float) -> int:
    """Return a full minute between two clock hours, seconds after midnight."""
    return day.second_at(between(rng, earliest, latest)) // 60 * 60
