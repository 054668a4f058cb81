"""What several anomalous rides have in common is one row, with what it cost."""

import datetime as dt
from typing import Any

import pytest
from scipy.stats import binom
from support.workplace import Build, Workplace

DATE = "20230501"
LEAK = "Gas leak on Duke Street. Police have closed the road."


def ride(name: str, area: str, hour: int, miles: float, minutes: float) -> dict[str, Any]:
    return {
        "ride_id": name,
        "area": area,
        "pickup_at": f"2023-05-01T{hour:02}:10:00",
        "ride_dist": miles,
        "ride_time": minutes / 60,
    }


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A leak that holds five rides up, and an hour elsewhere of which nobody has reported."""
    workplace = Workplace(tmp_path_factory.mktemp("incidents"))
    rides = [
        ride(f"normal-{area}-{number}", area, 6 + number % 16, 2 + number % 3, 10 + number % 5)
        for area in ("Dennistoun", "Leith", "Govan")
        for number in range(160)
    ]
    # spread, because rides that are like each other are a group of their own
    rides += [ride(f"leak-{n}", "Dennistoun", 14 + n % 3, 3, 60 + 9 * n) for n in range(5)]
    rides += [ride("broken-meter", "Dennistoun", 15, 140, 20)]
    rides += [ride(f"crowd-{n}", "Leith", 9, 4, 70 + 11 * n) for n in range(4)]
    rides += [ride("alone", "Govan", 20, 3, 200)]
    workplace.write(f"taxi-rides-{DATE}.json", rides)
    bulletin = {"started_at": "2023-05-01T13:30:00", "ended_at": "2023-05-01T18:00:00"}
    workplace.write(
        f"traffic-{DATE}.json",
        [
            {"text": LEAK, "area": "Dennistoun", **bulletin},
            {"text": "Roadworks on Alexandra Parade.", "area": "Dennistoun", **bulletin},
            {"text": "Tunnel closed.", "area": "Govan", "started_at": "2023-05-01T20:00:00"},
            {"text": "Wet roads across the city.", **bulletin},
        ],
    )
    return workplace.build_day(DATE)


def test_rides_of_one_bulletin_are_one_incident_and_a_single_ride_is_none(day: Build) -> None:
    assert day.query(
        "select area, category, what, anomalous_rides from incidents order by starts_at"
    ) == [
        ("Leith", "other", "an unusual number of anomalous rides", 4),
        ("Dennistoun", "closure", LEAK, 5),
    ]


def test_an_incident_has_its_hours_its_rides_and_the_minutes_that_they_lost(day: Build) -> None:
    [(start, end, first, last, rides, lost, p_value)] = day.query(
        "select starts_at, ends_at, first_ride_at, last_ride_at, rides, minutes_lost, p_value "
        "from incidents where area = 'Dennistoun'"
    )
    hour = dt.timedelta(hours=1)
    assert end - start == 4.5 * hour
    assert last - first == 2 * hour
    assert first - start == hour * 2 / 3
    [(expected,)] = day.query(
        "select sum(ride_minutes - expected_minutes) from anomalous_rides "
        "where ride_id like 'leak-%'"
    )
    assert lost == pytest.approx(expected)
    # all of the area from 13:30 to 18:00: five hours of ten normal rides, less those that were over
    assert rides == 4 * 10 + 5 + 1
    assert p_value is None


def test_rides_say_to_which_incident_they_belong(day: Build) -> None:
    members = day.query(
        "select what, list(ride_id order by ride_id) from anomalous_rides "
        "join incidents using (ride_date, incident_id) group by all order by what"
    )
    assert members == [
        (LEAK, [f"leak-{number}" for number in range(5)]),
        ("an unusual number of anomalous rides", [f"crowd-{number}" for number in range(4)]),
    ]
    exported = {
        one["ride_id"]: one["incident_id"] for one in day.export("clustered_summarized", DATE)
    }
    [(incident,)] = day.query("select incident_id from incidents where area = 'Dennistoun'")
    assert exported["leak-0"] == incident
    assert exported["broken-meter"] is exported["alone"] is exported["normal-Govan-0"] is None


def test_a_crowd_is_told_from_chance_by_the_binomial_test(day: Build) -> None:
    [(rides, unexplained)] = day.query(
        "select count(*), count(*) filter (is_anomaly and ride_id not like 'leak-%') from rides"
    )
    [(hours,)] = day.query("select count(distinct (area, hour(pickup_local))) from rides")
    [(n,)] = day.query("select count(*) from rides where area = 'Leith' and hour(pickup_local) = 9")
    [(p_value,)] = day.query("select p_value from incidents where area = 'Leith'")
    assert p_value == pytest.approx(hours * binom.sf(4 - 1, n, unexplained / rides), rel=1e-9)


def test_what_a_bulletin_explains_reaches_the_summaries(day: Build) -> None:
    told = day.query("select distinct summary from anomalous_rides where ride_id like 'leak-%'")
    assert told
    for (summary,) in told:
        assert summary.startswith("Gas leak on Duke Street, from 13:30 to 18:00; police have")
