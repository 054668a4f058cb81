"""A simulated day as JSON records: its rides, its unusable records, and its texts."""

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dbt_project.simulate.options import BAD_KINDS, Options
from dbt_project.simulate.rides import (
    DELAYED_BY_INCIDENT,
    INJECTED_KINDS,
    MINUTE,
    NATURALLY_UNUSUAL,
    NO_INCIDENT,
    NORMAL,
    PAYMENTS,
    Rides,
)
from dbt_project.simulate.texts import AREAS
from dbt_project.simulate.world import HOUR, WHOLE_CITY, Bulletin, LocalDay, World

Texts = NDArray[np.object_]


def to_json(record: object) -> str:
    """Return a record as one line of compact JSON."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def news_lines(world: World) -> list[str]:
    """Return the day's news as JSON records."""
    return [
        to_json(
            {
                "published_at": world.day.stamp(item.second),
                **named_area(item.area),
                "text": item.text,
            }
        )
        for item in world.news
    ]


def weather_lines(world: World) -> list[str]:
    """Return the day's hourly weather observations as JSON records."""
    return [
        to_json({"observed_at": world.day.stamp(hour.second), "text": hour.text})
        for hour in world.weather
    ]


def traffic_lines(world: World) -> list[str]:
    """Return the day's traffic bulletins as JSON records."""
    return [
        to_json(
            {
                **named_times(world.day, bulletin, "started_at", "ended_at"),
                **named_area(bulletin.area),
                "text": bulletin.text,
            }
        )
        for bulletin in world.traffic
    ]


def incident_lines(world: World, day_name: str) -> list[str]:
    """Return the planted incidents as JSON records, for the truth beside the rides'."""
    return [
        to_json(
            {
                "incident": incident_id(day_name, number),
                **named_area(bulletin.area),
                **named_times(world.day, bulletin, "starts_at", "ends_at"),
                "text": bulletin.text,
            }
        )
        for number, bulletin in enumerate(world.incidents)
    ]


def incident_id(day_name: str, number: int) -> str:
    """Return the name of a planted incident."""
    return f"{day_name}-incident-{number + 1}"


def named_times(day: LocalDay, bulletin: Bulletin, start: str, end: str) -> dict[str, str]:
    """Return the fields for when a bulletin holds; until further notice has no end."""
    times = {start: day.stamp(bulletin.start)}
    return times if bulletin.end is None else {**times, end: day.stamp(bulletin.end)}


def named_area(area: int) -> dict[str, str]:
    """Return the field for an area. A record about the whole city has none."""
    return {} if area == WHOLE_CITY else {"area": AREAS[area].name}


class RideLines:
    """Turns chunks of rides into lines of JSON, bad records among them.

    Parameters
    ----------
    world : World
        The day's circumstances.
    options : Options
        What to write.
    """

    def __init__(self, world: World, options: Options) -> None:
        self._options = options
        self._areas: Texts = np.array([area.name for area in AREAS], dtype=object)
        self._payments: Texts = np.array(PAYMENTS, dtype=object)
        if options.is_historical:
            self._inline = inline_texts(world)
        else:
            self._pickup_times = pickup_times(world.day)
        # A template is several times as fast as an encoder, and none of its texts needs escaping.
        self._template = (
            f'{{"ride_id":"{options.day_name}-%08d",%s,"area":"%s","ride_dist":%.2f,'
            '"ride_time":%.4f,"passengers":%d,"payment":"%s"}'
        )

    def records(self, rides: Rides) -> list[str]:
        """Return a chunk's rides in order, with the bad records that belong among them."""
        lines = self._usable(rides)
        bad = self._bad(rides, lines)
        for place in sorted(bad, reverse=True):
            lines[place:place] = bad[place]
        return lines

    def truth(self, rides: Rides) -> list[str]:
        """Return the chunk's anomalies, each with its kind, and its naturally unusual rides."""
        places = np.flatnonzero((rides.kind != NORMAL) | rides.is_unusual).tolist()
        return [to_json(self._true_of(rides, place)) for place in places]

    def _true_of(self, rides: Rides, place: int) -> dict[str, str]:
        """Return the truth about a ride that it names."""
        ride_id = {"ride_id": self._ride_id(rides.first + place)}
        kind, incident = int(rides.kind[place]), int(rides.incident[place])
        if incident != NO_INCIDENT:
            name = incident_id(self._options.day_name, incident)
            return {**ride_id, "kind": DELAYED_BY_INCIDENT, "incident": name}
        return {**ride_id, "kind": NATURALLY_UNUSUAL if kind == NORMAL else INJECTED_KINDS[kind]}

    def _ride_id(self, number: int) -> str:
        return f"{self._options.day_name}-{number + 1:08d}"

    def _usable(self, rides: Rides) -> list[str]:
        numbers = range(rides.first + 1, rides.first + len(rides.pickup) + 1)
        template = self._template
        return [
            template % fields
            for fields in zip(
                numbers,
                self._circumstances(rides).tolist(),
                self._areas[rides.area].tolist(),
                rides.distance.tolist(),
                rides.time.tolist(),
                rides.passengers.tolist(),
                self._payments[rides.payment].tolist(),
                strict=True,
            )
        ]

    def _circumstances(self, rides: Rides) -> Texts:
        """Return the fields that tell when a ride took place, or what was true then."""
        if self._options.is_historical:
            return self._inline[rides.pickup // HOUR, rides.area]
        return self._pickup_times[rides.pickup]

    def _bad(self, rides: Rides, lines: Sequence[str]) -> dict[int, list[str]]:
        """Return the bad records among a chunk's rides, by the place where they are inserted."""
        bad: dict[int, list[str]] = {}
        for number in bad_numbers(rides.first, rides.first + len(lines), self._options):
            place = ride_before(number, self._options) - rides.first
            sound = np.flatnonzero(rides.kind[: place + 1] == NORMAL)
            model = json.loads(lines[sound[-1] if len(sound) else place])
            new_id = self._ride_id(self._options.rides + number)
            record = spoil(model, new_id, BAD_KINDS[number % len(BAD_KINDS)])
            bad.setdefault(place + 1, []).append(to_json(record))
        return bad


def pickup_times(day: LocalDay) -> Texts:
    """Return the field for the pickup time, for each second of the day."""
    fields = []
    for second in range(0, day.seconds, MINUTE):
        stamp = day.stamp(second)
        to_the_minute, offset = stamp[:17], stamp[19:]
        fields += [f'"pickup_at":"{to_the_minute}{s:02d}{offset}"' for s in range(MINUTE)]
    return np.array(fields, dtype=object)


def inline_texts(world: World) -> Texts:
    """Return the fields for news, weather and traffic, for each hour of the day and area."""
    return np.array(
        [
            [inline_text(world, hour * HOUR, area) for area in range(len(AREAS))]
            for hour in range(world.day.hours)
        ],
        dtype=object,
    )


def inline_text(world: World, second: int, area: int) -> str:
    """Return the three texts for a ride that begins in the hour after `second`."""
    later = second + HOUR
    here = (WHOLE_CITY, area)
    known = [item for item in world.news if item.area in here]
    published = [item for item in known if item.second < later] or known[:1]
    traffic = [
        bulletin.text
        for bulletin in world.traffic
        if bulletin.start < later
        and (bulletin.end is None or bulletin.end > second)
        and bulletin.area in here
    ]
    texts = {
        "news": " ".join(item.text for item in published[-2:]),
        "weather": world.weather[second // HOUR].text,
        "traffic": " ".join(traffic),
    }
    return to_json(texts)[1:-1]


def ride_before(number: int, options: Options) -> int:
    """Return the number of the ride after which a bad record stands; they are spread evenly."""
    return max((number + 1) * options.rides // (options.bad_records + 1) - 1, 0)


def bad_numbers(first: int, last: int, options: Options) -> range:
    """Return which bad records stand after the rides from `first` up to, not including, `last`."""

    def before(ride: int) -> int:
        number = max(ride * (options.bad_records + 1) // options.rides - 2, 0)
        while number < options.bad_records and ride_before(number, options) < ride:
            number += 1
        return number

    return range(before(first), before(last))


def spoil(record: dict[str, object], new_id: str, kind: str) -> dict[str, object] | str:
    """Return a record that cannot be used.

    Parameters
    ----------
    record : dict
        A sound record.
    new_id : str
        An id that no ride has.
    kind : str
        One of the `BAD_KINDS`.

    Returns
    -------
    dict or str
        The record with one fault, or a text that is no record at all.
    """
    if kind == "no object":
        return "ride lost in transfer"
    if kind == "repeated id":
        return {**record, "ride_dist": 3.7, "ride_time": 0.4321}
    if kind == "missing distance":
        del record["ride_dist"]
        return {**record, "ride_id": new_id}
    faults: dict[str, dict[str, object]] = {
        "null id": {"ride_id": None},
        "distance as a word": {"ride_id": new_id, "ride_dist": "unknown"},
        "negative distance": {"ride_id": new_id, "ride_dist": -2.4},
        "time of zero": {"ride_id": new_id, "ride_time": 0.0},
        "impossible distance": {"ride_id": new_id, "ride_dist": 5000.0},
    }
    return {**record, **faults[kind]}
