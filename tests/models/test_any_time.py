"""A time in any form is read right, or is unreadable and counted: in rides and side files alike."""

import datetime
import json
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.staged_lake import DATE, GOOD, StagedLake
from support.workplace import Build, Workplace

UTC = datetime.UTC
TEN = datetime.datetime(2023, 5, 1, 10, tzinfo=UTC)  # eleven by the city's clocks
FIELDS = {
    "taxi-rides": ("stg_lake__rides", "pickup_at", "is_pickup_unreadable"),
    "news": ("stg_lake__news", "published_at", "is_time_unreadable"),
    "weather": ("stg_lake__weather", "observed_at", "is_time_unreadable"),
    "traffic": ("stg_lake__traffic", "ended_at", "is_time_unreadable"),
}
SAME_INSTANT: list[Any] = [
    "2023-05-01T10:00:00Z",
    "2023-05-01T11:00:00+01:00",
    "2023-05-01T11:00:00",  # local
    "2023-05-01 11:00:00",
    "2023-05-01T11:00",
    "2023-05-01 11",
    "20230501T110000",
    "2023-05-01T10:00Z",  # the Met Office's DataHub
    "2023-05-01T10Z",
    "2023-05-01 10:00:00 UTC",  # BigQuery
    "2023-05-01 10:00:00+00",  # PostgreSQL
    "2023-05-01 11:00:00 +0100",  # Ruby
    "2023-05-01T11:00:00+01:00[Europe/London]",  # Java
    "2023-05-01T10:00:00.000000000Z",
    "2023-05-01T10:00:00,000Z",
    "2023-05-01t10:00:00z",
    "2023-05-01T15:45:00+05:45",
    "2023-05-01T15:45+0545",
    "20230501T154500+0545",
    "20230501T1000Z",
    "2023-05-01T05:00:00-05",
    "2023-05-01T05:00:00\u221205:00",
    "2023/05/01 11:00:00",
    "Mon, 01 May 2023 10:00:00 GMT",  # RSS
    "Mon, 1 May 2023 11:00 +0100",
    "1 May 2023 10:00:00 UT",
    "Mon, 01 May 23 06:00:00 EDT",
    "Monday, 01-May-23 10:00:00 GMT",  # cookies
    "Mon, 01 May 2023 11:00:00 +0100 (BST)",
    "Mon, 01 May 2023 11:00:00",
    1682935200,
    1682935200.0,
    1682935200000,
    "\u00a02023-05-01T10:00:00Z\r\n",
]
NO_TIMES: list[Any] = [
    *("infinity", "-infinity", "epoch", "now", "today", "tomorrow"),
    "0001-01-01T00:00:00Z",  # Go and .NET's "none"
    "9999-12-31T23:59:59Z",  # "for ever"
    "20230-05-01T00:00:00Z",
    "294247-01-10T04:00:54Z",  # the last of DuckDB's calendar
    "290309-12-22 (BC) 00:00:00Z",  # and the first
    "2023-05-01 10:00:00 BC",
    "1969-12-31T23:59:59Z",
    "2101-01-01T00:00:00Z",
    "2023-05-01T10:00:00+99:00",
    "2023-05-01T10:00:00+15:00",
    "2023-05-01T10:00:00-99:59",
    "2023-02-29T10:00:00Z",
    "2023-05-01T25:00:00Z",
    "2023-05-01T10:60:00Z",
    "Mon, 31 Feb 2023 10:00:00 GMT",
    "Mon, 01 May 2023 10:00:00 BST",  # of which there are several
    "2023-05-01T10:00:00 Europe/London",
    "2023-05-01 10:00:00 AM",
    "01/05/2023 10:00",  # January or May
    "2023-05-01T10:00:00Z or later",
    *("half past eight", "10:00", "2023", "2023-05"),
    *("1682935200", "2023050110", "20230501100000"),  # digits that may be one thing or another
    *(0, -1, 20230501, 20230501100000, 1682935200000000, 1e300),
    *(True, [1], {"at": "2023-05-01T10:00:00Z"}),
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, embedded_day: Build) -> StagedLake:
    return StagedLake(tmp_path_factory.mktemp("times"), embedded_day)


def read_as(lake: StagedLake, kind: str, times: list[Any]) -> list[tuple[Any, bool]]:
    """What becomes of these times in a field of a kind of file, each in a record of its own."""
    model, field, is_unreadable = FIELDS[kind]
    records = [{**GOOD, "ride_id": n, "text": "x", field: time} for n, time in enumerate(times)]
    lake.read(json.dumps(records), kind)
    found = lake.query(
        f"select epoch_us({field}), {is_unreadable} from staging.staging.{model} "
        "order by record_number"
    )
    return [(us if us is None else instant(us), unreadable) for us, unreadable in found]


def instant(microseconds: int) -> datetime.datetime:
    return datetime.datetime(1970, 1, 1, tzinfo=UTC) + datetime.timedelta(microseconds=microseconds)


@pytest.mark.parametrize("kind", FIELDS)
def test_fault_29_a_time_in_any_form_is_that_instant(lake: StagedLake, kind: str) -> None:
    found = read_as(lake, kind, SAME_INSTANT)
    assert dict(zip(map(str, SAME_INSTANT), found, strict=True)) == dict.fromkeys(
        map(str, SAME_INSTANT), (TEN, False)
    )


@pytest.mark.parametrize("kind", FIELDS)
def test_fault_29_what_is_no_time_or_of_no_sane_year_is_unreadable(
    lake: StagedLake, kind: str
) -> None:
    found = read_as(lake, kind, NO_TIMES)
    assert dict(zip(map(str, NO_TIMES), found, strict=True)) == dict.fromkeys(
        map(str, NO_TIMES), (None, True)
    )


def test_fault_29_no_time_is_unreadable_for_weather_alone(lake: StagedLake) -> None:
    for kind in FIELDS:
        is_unreadable = kind == "weather"
        assert read_as(lake, kind, [None, "", " \t"]) == [(None, is_unreadable)] * 3


def test_a_day_alone_is_its_start_or_its_end_and_no_time_of_a_ride(lake: StagedLake) -> None:
    midnight = datetime.datetime(2023, 4, 30, 23, tzinfo=UTC)  # by the city's clocks
    for day in ("2023-05-01", "20230501"):
        assert read_as(lake, "taxi-rides", [day]) == [(None, True)]
        assert read_as(lake, "news", [day]) == [(midnight, False)]
        assert read_as(lake, "weather", [day]) == [(midnight, False)]
        assert read_as(lake, "traffic", [day]) == [(midnight + datetime.timedelta(days=1), False)]


def test_local_times_as_clocks_change_are_the_later_ones(lake: StagedLake) -> None:
    skipped, twice = "2023-03-26T01:30:00", "2023-10-29 01:30"
    assert read_as(lake, "taxi-rides", [skipped, twice]) == [
        (datetime.datetime(2023, 3, 26, 1, 30, tzinfo=UTC), False),
        (datetime.datetime(2023, 10, 29, 1, 30, tzinfo=UTC), False),
    ]


def test_a_bulletin_that_has_no_readable_start_begins_as_it_was_observed(lake: StagedLake) -> None:
    bulletins = [
        {"text": "a", "started_at": "0001-01-01T00:00:00Z", "observed_at": "2023-05-01T10:00Z"},
        {"text": "b", "started_at": "2023-05-01T10:00Z", "observed_at": "2023-05-01T12:00Z"},
        {"text": "c", "observed_at": 1682935200},
        {"text": "d"},
    ]
    lake.read(json.dumps(bulletins), "traffic")
    found = lake.query(
        "select epoch(started_at), is_time_unreadable from staging.staging.stg_lake__traffic "
        "order by record_number"
    )
    ten = TEN.timestamp()
    assert found == [(ten, True), (ten, False), (ten, False), (None, False)]


offsets = st.integers(-12 * 60, 14 * 60).map(
    lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes))
)
moments = st.datetimes(
    datetime.datetime(1970, 1, 2), datetime.datetime(2100, 12, 30), timezones=offsets
)
FORMS = (
    lambda time: (time, time.isoformat()),
    lambda time: (time.replace(microsecond=0), time.isoformat(" ", "seconds")),
    lambda time: (
        time.replace(second=0, microsecond=0),
        time.isoformat(timespec="minutes").replace("-", "", 2).replace(":", "", 1),
    ),
    lambda time: (time.replace(microsecond=0), format_datetime(time)),
    lambda time: (time.replace(microsecond=0), time.strftime("%Y%m%dT%H%M%S%z")),
    lambda time: (time, time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")),
)


@settings(max_examples=25, deadline=None)
@given(written=st.lists(st.tuples(moments, st.sampled_from(FORMS)), min_size=1, max_size=20))
def test_every_time_that_python_writes_is_read_as_the_same_instant(
    lake: StagedLake, written: list[tuple[datetime.datetime, Any]]
) -> None:
    expected, texts = zip(*(form(time) for time, form in written), strict=True)
    assert read_as(lake, "taxi-rides", list(texts)) == [(time, False) for time in expected]


@settings(max_examples=30, deadline=None)
@given(
    times=st.lists(
        st.text()
        | st.from_regex(
            r"\d{1,8}[-/ T]?\d{0,4}[-/ T:]?\d{0,4}[:T ]?\d{0,6}([.,]\d*)? ?[A-Z+-]{0,4}\d*"
        )
        | st.from_regex(r"([A-Z][a-z]{2,8},? )?\d{0,3} (Jan|Feb|May)\w* \d{0,5} \d\d:\d\d.*")
        | st.integers()
        | st.floats()
    )
)
@example(times=["99999-12-31T23:59:59+14:00", "0000-01-01T00:00:00", "0000-00-00 00:00:00"])
def test_any_text_at_all_is_a_time_of_a_sane_year_or_unreadable(
    lake: StagedLake, times: list[Any]
) -> None:
    for kind in ("taxi-rides", "traffic"):
        for time, (found, is_unreadable) in zip(times, read_as(lake, kind, times), strict=True):
            assert found is None or 1970 <= found.year <= 2100
            is_blank = isinstance(time, str) and not time.strip()
            assert is_unreadable == (found is None) or is_blank or is_invisible(str(time))


def is_invisible(text: str) -> bool:
    return not any(char.isprintable() and not char.isspace() for char in text)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A day of rides at noon and at ends of the calendar, each with something to be told of."""
    workplace = Workplace(tmp_path_factory.mktemp("odd_times"))
    usual = [
        {"ride_id": n, "ride_dist": 2 + n % 9 / 10, "ride_time": 0.25, "pickup_at": "20230501T1200"}
        for n in range(100)
    ]
    far = [
        {"ride_id": f"far {n}", "ride_dist": 90 + 20 * n, "ride_time": 9, "pickup_at": pickup}
        for n, pickup in enumerate(
            [
                "2023-05-01 11:20:00 UTC",
                1682940000,
                "infinity",
                "0001-01-01T00:00:00Z",
                "2023-05-01",
            ]
        )
    ]
    workplace.write(f"taxi-rides-{DATE}.json", usual + [ride | {"area": "Soho"} for ride in far])
    workplace.write(
        f"weather-{DATE}.json",
        [
            {"observed_at": "2023-05-01T00:00Z", "text": "Fog at midnight."},
            {"observed_at": "2023-05-01T11:00Z", "text": "Hail at noon."},
            *({"observed_at": time, "text": f"Never {time}."} for time in NO_TIMES),
        ],
    )
    traffic = [
        {"started_at": "20230501T1300", "ended_at": "2023-05-01", "text": "March until late."},
        {"started_at": "Mon, 01 May 2023 03:00:00 GMT", "ended_at": 1682917200, "text": "Early."},
        {"started_at": "20230-05-01T00:00:00Z", "ended_at": "epoch", "text": "Since for ever."},
    ]
    workplace.write(f"traffic-{DATE}.json", traffic)
    news = [{"published_at": "9999-12-31T23:59:59Z", "text": "News of the future."}]
    workplace.write(f"news-{DATE}.json", news)
    return workplace.build_day(DATE)


def test_fault_29_a_day_of_odd_times_is_built_and_tells_each_ride_of_its_own_hours(
    build: Build,
) -> None:
    told = build.query(
        "select ride_id, pickup_local::varchar, weather, traffic from anomalous_rides "
        "where ride_id in ('far 0', 'far 1', 'far 2') order by ride_id"
    )
    for ride_id, pickup, weather, traffic in told[:2]:
        assert (ride_id[:3], pickup) == ("far", "2023-05-01 12:20:00")
        assert (weather, traffic) == ("Hail at noon.", "March until late.")
    (_, pickup, weather, traffic) = told[2]  # no hour is known: it is told of the whole day
    assert pickup is None
    assert {"Fog at midnight.", "Hail at noon."} <= set(weather.splitlines())
    assert set(traffic.splitlines()) == {"Early.", "March until late."}


def test_fault_29_times_that_cannot_be_read_are_counted_in_the_report(build: Build) -> None:
    ((warnings,),) = build.query("select warnings from daily_reports")
    expected = {
        "news records whose time cannot be read: 1",
        f"weather records whose time cannot be read: {len(NO_TIMES)}",
        "traffic records whose time cannot be read: 1",
        "rides whose pickup time cannot be read: 3",
    }
    assert expected <= set(warnings)
    page = (build.warehouse / f"report_{DATE}.html").read_text()
    assert all(warning[1:] in page for warning in expected)  # the first letter is a capital there
