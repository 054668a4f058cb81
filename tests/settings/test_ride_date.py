"""The variable `date`, in every form that it may have."""

import datetime

import pytest

from dbt_project.settings.ride_date import parse_ride_date


@pytest.mark.parametrize("value", [20230501, "20230501", "2023-05-01", datetime.date(2023, 5, 1)])
def test_every_form_of_a_day_is_the_same_day(value: object) -> None:
    assert parse_ride_date(value) == datetime.date(2023, 5, 1)


def test_a_leap_day_is_a_day_in_leap_years_only() -> None:
    assert parse_ride_date(20240229) == datetime.date(2024, 2, 29)
    with pytest.raises(ValueError, match="'20230229'"):
        parse_ride_date(20230229)


@pytest.mark.parametrize("value", ["", None, "  "])
def test_no_date_is_asked_for(value: object) -> None:
    with pytest.raises(ValueError, match="no date given"):
        parse_ride_date(value)


@pytest.mark.parametrize(
    "value",
    [
        20230231,
        230501,
        "2023-5-1",
        "2023-0501",
        "20230501\n1",
        "\uff12\uff10\uff12\uff13\uff10\uff15\uff10\uff11",  # digits, but not ASCII's
        [20230501],
        True,
        "20230501'; drop table rides; --",
    ],
)
def test_what_is_no_day_is_refused_in_one_line(value: object) -> None:
    with pytest.raises(ValueError, match=r"^date must be a day as YYYYMMDD, not .*") as refusal:
        parse_ride_date(value)
    assert "\n" not in str(refusal.value)
