"""The rides of a simulated day, drawn in chunks of numpy arrays.

A ride's number, from 0, is its place in the day: rides come in order of pickup. Chunks have a
limited size, so memory does not grow with the day. Each has its own random stream, so a day is the
same however it is written.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dbt_project.simulate.texts import AREAS, HOLIDAY
from dbt_project.simulate.world import (
    AREA_NUMBERS,
    CITY_WIDE_PACE,
    CLOSURE_PACE,
    DELAY_PACE,
    HOUR,
    WHOLE_CITY,
    Bulletin,
    World,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

RIDES_PER_CHUNK = 50_000
MINUTE = 60
"""Seconds in a minute."""

INJECTED_KINDS = ("long_distance", "long_time", "stuck_in_traffic", "zero_distance")
"""The kinds of anomaly that are injected."""
NATURALLY_UNUSUAL = "naturally_unusual"
"""The class of rides that were not injected but are unusual all the same."""
DELAYED_BY_INCIDENT = "delayed_by_incident"
"""The class of rides that a planted incident delays."""
NORMAL = -1
LONG_DISTANCE, LONG_TIME, STUCK_IN_TRAFFIC, ZERO_DISTANCE, DELAYED = range(5)

FRIDAY, SATURDAY, SUNDAY = 4, 5, 6

# How many rides begin in each clock hour, 00 to 23, relative to the other hours of the day.
WORKDAY_DEMAND: Floats = np.array(
    [
        *(1.2, 0.8, 0.6, 0.5, 0.6, 1.2, 2.6, 5.0, 6.6, 5.4, 4.2, 4.0),
        *(4.4, 4.4, 4.4, 5.0, 6.2, 7.2, 6.6, 5.4, 4.6, 4.2, 3.8, 2.6),
    ]
)
SATURDAY_DEMAND: Floats = np.array(
    [
        *(4.5, 4.2, 3.5, 2.2, 1.0, 0.8, 1.0, 1.6, 2.4, 3.4, 4.2, 4.8),
        *(5.2, 5.2, 5.2, 5.2, 5.4, 5.8, 6.4, 6.6, 6.4, 6.2, 6.4, 6.0),
    ]
)
SUNDAY_DEMAND: Floats = np.array(
    [
        *(4.6, 4.2, 3.4, 2.0, 1.0, 0.7, 0.9, 1.3, 2.0, 3.0, 4.0, 4.6),
        *(5.0, 5.0, 4.8, 4.8, 4.8, 4.8, 4.6, 4.2, 3.8, 3.2, 2.6, 1.8),
    ]
)
FRIDAY_NIGHT: Floats = np.array([1.0] * 17 + [1.1, 1.2, 1.3, 1.4, 1.5, 1.7, 2.0])

# How many times as long as at noon on a quiet day a ride takes, by clock hour.
WORKDAY_PACE: Floats = np.array(
    [
        *(0.80, 0.78, 0.76, 0.76, 0.78, 0.84, 0.95, 1.15, 1.28, 1.15, 1.04, 1.00),
        *(1.04, 1.04, 1.04, 1.12, 1.24, 1.32, 1.20, 1.04, 0.96, 0.92, 0.88, 0.84),
    ]
)
WEEKEND_PACE: Floats = np.array(
    [
        *(0.84, 0.82, 0.80, 0.78, 0.76, 0.76, 0.78, 0.82, 0.86, 0.92, 1.00, 1.05),
        *(1.08, 1.08, 1.08, 1.08, 1.08, 1.08, 1.05, 1.00, 0.96, 0.92, 0.90, 0.88),
    ]
)

LEAST_STUCK_HOURS = 0.75
"""Hours. No ride gets stuck in a closure that ends sooner than this after the pickup."""

OUT_OF_TOWN_SHARE = 0.004
"""Share of the ordinary rides that go to a town nearby."""
WAITING_SHARE = 0.01
"""Share of the ordinary rides that wait on the way, with the meter running."""
LONG_WAIT = 0.25
"""A ride that waits for longer than this is naturally unusual, hours."""

DELAYED_SHARE = (0.4, 0.7)
"""Least and greatest share of the rides that an incident delays, of those long enough for it."""
DELAY = (3.0, 8.0)
"""A delayed ride takes this many times as long: the least and the most."""
LEAST_DELAYED_HOURS = 1.0
"""A delayed ride takes at least this long. This is unusual for every trip in the city."""

AIRPORT = AREA_NUMBERS["Airport"]


class Rides(NamedTuple):
    """A chunk of rides as columns of equal length."""

    first: int
    """Number of the first ride."""
    pickup: Integers
    """Seconds after midnight."""
    area: Integers
    """Number of the area in `AREAS`."""
    distance: Floats
    """Miles."""
    time: Floats
    """Hours."""
    passengers: Integers
    payment: Integers
    """Number of the means of payment in `PAYMENTS`."""
    kind: Integers
    """Number of the kind of anomaly in `INJECTED_KINDS`, `DELAYED` or `NORMAL`."""
    is_unusual: Booleans
    """Which of the other rides are naturally unusual."""
    incident: Integers
    """Number of the incident in `World.incidents` that delays the ride, or `NO_INCIDENT`."""


PAYMENTS = ("card", "cash", "account")
NO_INCIDENT = -1


def anomalies_of_a_day(rides: int, share: float | None = None) -> Integers:
    """Return how many anomalies of each of the `INJECTED_KINDS` a day has.

    Parameters
    ----------
    rides : int
        Rides of the day.
    share : float, optional
        Share of them that are anomalies, 0 to 0.5. If omitted, 0.5 % of the rides but at least
        8, two of each kind, and on a day of under 80 rides a tenth.

    Returns
    -------
    numpy.ndarray of shape (4,)
    """
    wanted = max(8, round(0.005 * rides)) if share is None else round(share * rides)
    total = min(wanted, rides // 10) if share is None else wanted
    return np.array([total // 4 + (kind < total % 4) for kind in range(4)], dtype=np.int64)


class RideModel:
    """Draws the rides of one day.

    Parameters
    ----------
    world : World
        The day's circumstances.
    seed : int
        Another seed gives other rides.
    rides : int
        Number of rides of the day.
    anomalies : numpy.ndarray of shape (4,)
        Number of them that are anomalies of each of the `INJECTED_KINDS`.
    """

    def __init__(self, world: World, seed: int, rides: int, anomalies: Integers) -> None:
        self.world = world
        self.seed = seed
        self.rides = rides
        self.anomalies = anomalies
        self.closures = [bulletin for bulletin in world.bulletins if bulletin.is_closure]
        day = world.day
        self._minutes = np.arange(day.seconds // MINUTE + 1) * MINUTE
        clock = np.array([day.clock_hour(second) for second in self._minutes[:-1].tolist()])
        rng = np.random.default_rng([seed, day.date.toordinal(), 100])
        demand = demand_by_hour(day.weekday) * (0.9 + 0.2 * rng.random(24))
        rush = WORKDAY_PACE if day.weekday <= FRIDAY else WEEKEND_PACE
        by_minute = interpolate_hours(demand, clock)
        self._demand = cumulative_share(by_minute)
        self._can_get_stuck = self._minutes_with_a_closure()
        self._stuck_demand = cumulative_share(by_minute * self._can_get_stuck)
        self._pace = self._pace_by_minute_and_area(interpolate_hours(rush, clock))
        self._area = cumulative_areas(clock)
        low, high = DELAYED_SHARE
        rng = np.random.default_rng([seed, day.date.toordinal(), 102])
        self._delayed_shares = low + (high - low) * rng.random(len(world.incidents))

    def chunks(self) -> Iterator[Rides]:
        """Yield the day's rides in order of pickup, at most `RIDES_PER_CHUNK` at a time."""
        # Of equal size: a last chunk of a few rides could not hold its share of anomalies.
        chunks = -(-self.rides // RIDES_PER_CHUNK)
        for first, last in pairwise(self.rides * number // chunks for number in range(chunks + 1)):
            yield self._chunk(first, last)

    def _chunk(self, first: int, last: int) -> Rides:
        """Draw the rides from number `first` up to, not including, `last`."""
        count = last - first
        stream = [self.seed, self.world.day.date.toordinal(), 101, first]
        rng = np.random.default_rng(stream)
        # One ride in each of as many equal shares of the day's demand: sorted without sorting.
        place = (np.arange(first, last) + rng.random(count)) / self.rides
        latest = self.world.day.seconds - 1
        pickup = np.minimum(np.interp(place, self._demand, self._minutes), latest).astype(np.int64)
        minute = pickup // MINUTE
        area = (rng.random(count)[:, None] > self._area[minute]).sum(axis=1)
        kind = self._place_anomalies(first, last, minute, rng)
        self._move_into_closures(kind == STUCK_IN_TRAFFIC, pickup, area, rng)
        distance, hours, is_unusual = draw_trips(area, self._pace[pickup // MINUTE, area], rng)
        draw_anomalies(kind, distance, hours, rng)
        is_ordinary = (kind == NORMAL) & ~is_unusual
        incident = self._delay_rides(first, pickup, area, is_ordinary, hours)
        kind[incident != NO_INCIDENT] = DELAYED
        return Rides(
            first,
            pickup,
            area,
            np.round(distance, 2),
            np.round(hours, 4),
            np.searchsorted([0.62, 0.85, 0.93, 0.98], rng.random(count)) + 1,
            np.searchsorted([0.71, 0.9], rng.random(count)),
            kind,
            is_unusual & (kind == NORMAL),
            incident,
        )

    def _delay_rides(
        self, first: int, pickup: Integers, area: Integers, is_ordinary: Booleans, hours: Floats
    ) -> Integers:
        """Let each incident delay ordinary rides of its area and hours; `hours` change in place.

        Returns
        -------
        numpy.ndarray of shape (n,)
            Number of the incident that delays a ride, or `NO_INCIDENT`.
        """
        # A stream of its own: without incidents, and beside them, the day is the same.
        rng = np.random.default_rng([self.seed, self.world.day.date.toordinal(), 103, first])
        order, position = rng.random((2, len(pickup)))
        shortest, longest = DELAY
        least = np.maximum(shortest, LEAST_DELAYED_HOURS / hours)
        can_be_delayed = is_ordinary & (least < longest)
        incident = np.full(len(pickup), NO_INCIDENT, dtype=np.int64)
        for number, bulletin in enumerate(self.world.incidents):
            # Until its very end, because a queue lasts longer than its cause.
            end = self.world.day.seconds if bulletin.end is None else bulletin.end
            is_there = (area == bulletin.area) & (bulletin.start <= pickup) & (pickup < end)
            is_delayed = can_be_delayed & is_there & (order < self._delayed_shares[number])
            incident[is_delayed] = number
        delayed = incident != NO_INCIDENT
        hours[delayed] *= (least * (longest / least) ** position)[delayed]
        return incident

    def _place_anomalies(
        self, first: int, last: int, minute: Integers, rng: np.random.Generator
    ) -> Integers:
        """Choose which rides of a chunk are anomalies, and of which kind."""
        begin, end = (self._share_before(number) for number in (first, last))
        # Whole anomalies so far, so that the chunks' numbers add up to the day's.
        quota = np.floor(self.anomalies * end + 1e-9) - np.floor(self.anomalies * begin + 1e-9)
        quota = quota.astype(np.int64)
        kind = np.full(last - first, NORMAL, dtype=np.int64)
        order = rng.random(last - first)
        first_those_in_time = order + ~self._can_get_stuck[minute]
        stuck = np.argsort(first_those_in_time, kind="stable")[: quota[STUCK_IN_TRAFFIC]]
        kind[stuck] = STUCK_IN_TRAFFIC
        order[stuck] = np.inf
        others = [number for number in range(len(INJECTED_KINDS)) if number != STUCK_IN_TRAFFIC]
        kinds = np.repeat(others, quota[others])
        kind[np.argsort(order, kind="stable")[: len(kinds)]] = kinds
        return kind

    def _share_before(self, number: int) -> Floats:
        """Return which share of each kind's anomalies comes before a ride."""
        share = np.full(len(INJECTED_KINDS), number / self.rides)
        if number < self.rides:
            second = np.interp(number / self.rides, self._demand, self._minutes)
            share[STUCK_IN_TRAFFIC] = np.interp(second, self._minutes, self._stuck_demand)
        return share

    def _move_into_closures(
        self, is_stuck: Booleans, pickup: Integers, area: Integers, rng: np.random.Generator
    ) -> None:
        """Let each stuck ride begin in the area of a closure, and while it lasts."""
        for ride in np.flatnonzero(is_stuck):
            open_then = [
                closure for closure in self.closures if holds_rides(closure, int(pickup[ride]))
            ]
            possible = open_then or self.closures
            closure = possible[int(rng.random() * len(possible))]
            area[ride] = closure.area
            if not open_then:
                span = last_to_be_stuck(closure) - closure.start
                moved = closure.start + int(rng.random() * span)
                pickup[ride] = min(moved, self.world.day.seconds - 1)

    def _minutes_with_a_closure(self) -> Booleans:
        """Tell for each minute of the day whether a ride that begins in it can get stuck."""
        return np.array(
            [
                any(holds_rides(closure, second) for closure in self.closures)
                and any(holds_rides(closure, second + MINUTE - 1) for closure in self.closures)
                for second in self._minutes[:-1].tolist()
            ]
        )

    def _pace_by_minute_and_area(self, rush: Floats) -> Floats:
        """Return how many times as long as usual rides take, by rush, weather and bulletins."""
        minutes = len(rush)
        hour = np.arange(minutes) * MINUTE // HOUR
        weather = np.array([observation.pace for observation in self.world.weather])
        pace = np.repeat((rush * weather[hour])[:, None], len(AREAS), axis=1)
        for bulletin in self.world.bulletins:
            end = minutes if bulletin.end is None else bulletin.end // MINUTE
            during = slice(bulletin.start // MINUTE, end)
            if bulletin.area == WHOLE_CITY:
                pace[during] *= CITY_WIDE_PACE
            else:
                pace[during, bulletin.area] *= CLOSURE_PACE if bulletin.is_closure else DELAY_PACE
        return pace


def last_to_be_stuck(closure: Bulletin) -> int:
    """Return the last second after midnight at which a ride into a closure gets stuck."""
    end = closure.end if closure.end is not None else closure.start + 4 * HOUR
    return round(end - LEAST_STUCK_HOURS * HOUR)


def holds_rides(closure: Bulletin, second: int) -> bool:
    """Tell whether a ride that begins then, in the closure's area, may get stuck."""
    return closure.start <= second <= last_to_be_stuck(closure)


def demand_by_hour(weekday: int) -> Floats:
    """Return how many rides begin in each clock hour, relative to each other.

    A bank holiday is half a Sunday, half a working day: many offices and shops open.
    """
    if weekday == HOLIDAY:
        return (WORKDAY_DEMAND + SUNDAY_DEMAND) / 2
    if weekday == FRIDAY:
        return WORKDAY_DEMAND * FRIDAY_NIGHT
    return {SATURDAY: SATURDAY_DEMAND, SUNDAY: SUNDAY_DEMAND}.get(weekday, WORKDAY_DEMAND)


def interpolate_hours(by_hour: Floats, clock: Floats) -> Floats:
    """Return values of the 24 clock hours, meant for their middles, at other clock times."""
    middles = np.arange(-1, 25) + 0.5
    around_the_clock = np.concatenate([by_hour[-1:], by_hour, by_hour[:1]])
    values: Floats = np.interp(clock, middles, around_the_clock)
    return values


def cumulative_share(weights: Floats) -> Floats:
    """Return the share of the total before each of `weights`, and 1 at the end."""
    sums = np.concatenate([[0.0], np.cumsum(weights)])
    shares: Floats = sums / sums[-1] if sums[-1] > 0 else sums
    return shares


def cumulative_areas(clock: Floats) -> Floats:
    """Return, by minute, the share of pickups in each area and those before it."""
    is_night = (clock >= 22) | (clock < 4)
    by_day, by_night = (
        np.cumsum(shares) / sum(shares)
        for shares in ([area.share for area in AREAS], [area.night_share for area in AREAS])
    )
    return np.where(is_night[:, None], by_night, by_day)[:, :-1]


def bounded_normal(rng: np.random.Generator, count: int, bound: float) -> Floats:
    """Return random numbers shaped like a normal distribution whose tails end at `bound`."""
    # Box and Muller's method: only rng.random keeps its stream in every release of numpy.
    radius = np.sqrt(-2.0 * np.log1p(-rng.random(count)))
    normal = radius * np.cos(2.0 * np.pi * rng.random(count))
    bounded: Floats = normal / np.sqrt(1.0 + (normal / bound) ** 2)
    return bounded


def draw_trips(
    area: Integers, pace: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats, Booleans]:
    """Draw ordinary rides: trips within the city, and runs to and from the airport.

    A few of them go to the next town, and a few wait for the passenger on the way. Those to the
    next town, and those that wait for longer than `LONG_WAIT`, are naturally unusual: no anomalies
    that were injected, and no mistake of a rule that flags them.

    Parameters
    ----------
    area : numpy.ndarray of shape (n,)
        Number of the area of the pickup.
    pace : numpy.ndarray of shape (n,)
        How many times as long as usual a ride takes there and then.
    rng : numpy.random.Generator

    Returns
    -------
    distance : numpy.ndarray of shape (n,)
        Miles.
    hours : numpy.ndarray of shape (n,)
        Hours.
    is_unusual : numpy.ndarray of shape (n,)
        Which rides are naturally unusual.
    """
    count = len(area)
    is_airport_run = rng.random(count) < np.where(area == AIRPORT, 0.85, 0.08)
    to_airport = np.array([each.airport_miles for each in AREAS])[area]
    city = 2.4 * np.exp(0.62 * bounded_normal(rng, count, 2.8))
    detour = np.exp(0.07 * bounded_normal(rng, count, 2.4))
    goes_out_of_town = rng.random(count) < OUT_OF_TOWN_SHARE
    city = np.where(goes_out_of_town, spread(rng, count, 9.0, 21.0), city)
    distance = np.where(is_airport_run, to_airport * detour, city)
    miles_per_hour = np.where(is_airport_run, 29.0, 12.5 + 1.1 * np.minimum(distance, 7.0))
    # The motorway to the airport feels the rush less than the streets do.
    felt_pace = np.where(is_airport_run, np.sqrt(pace), pace)
    driver = np.exp(0.17 * bounded_normal(rng, count, 3.0))
    waiting = np.where(rng.random(count) < WAITING_SHARE, spread(rng, count, 0.1, 0.7), 0.0)
    hours = 0.03 + distance / miles_per_hour * felt_pace * driver + waiting
    is_unusual = (goes_out_of_town & ~is_airport_run) | (waiting > LONG_WAIT)
    return distance, hours, is_unusual


def draw_anomalies(
    kind: Integers, distance: Floats, hours: Floats, rng: np.random.Generator
) -> None:
    """Replace distances and times of the anomalous rides in place.

    Each kind is spread over a wide range, evenly in its logarithm. Anomalies that resembled each
    other would form a cluster, and would no longer be anomalies.
    """
    far, long, stuck, zero = (
        np.flatnonzero(kind == number) for number in range(len(INJECTED_KINDS))
    )
    distance[far] = spread(rng, len(far), 28.0, 175.0)
    in_keeping = 0.1 + distance[far] / (36.0 + 16.0 * rng.random(len(far)))
    is_slow, is_too_fast = (rng.random((2, len(far))) < np.array([[0.25], [0.15]])).tolist()
    in_keeping = np.where(is_slow, in_keeping * spread(rng, len(far), 1.3, 2.5), in_keeping)
    hours[far] = np.where(is_too_fast, spread(rng, len(far), 0.2, 0.6), in_keeping)
    hours[long] = spread(rng, len(long), 2.6, 16.0)
    distance[stuck] = spread(rng, len(stuck), 0.5, 6.0)
    hours[stuck] = spread(rng, len(stuck), 1.6, 4.6)
    distance[zero] = 0.0
    hours[zero] = spread(rng, len(zero), 1.3, 9.0)


def spread(rng: np.random.Generator, count: int, low: float, high: float) -> Floats:
    """Return numbers from `low` to `high`, evenly spread in their logarithm."""
    numbers: Floats = low * np.exp(np.log(high / low) * rng.random(count))
    return numbers
