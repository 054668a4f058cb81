"""The day that a run of the DAG builds: the day before its date, by the city's own clocks."""

import datetime
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException, ParamValidationError

from dbt_project.orchestration.dag_settings import DAY_PARAMETER
from dbt_project.orchestration.day import day_of_run, days_of_month


def day(
    logical_date: str | None, time_zone: str, *, run_after: str = "", date: object = None
) -> str:
    run = SimpleNamespace(
        logical_date=logical_date and datetime.datetime.fromisoformat(logical_date),
        run_after=run_after and datetime.datetime.fromisoformat(run_after),
    )
    return day_of_run(run, {"date": date}, time_zone)


@pytest.mark.parametrize(
    ("six_in_the_morning", "time_zone", "built"),
    [
        ("2023-05-02T05:00Z", "Europe/London", "20230501"),
        ("2023-01-02T06:00Z", "Europe/London", "20230101"),
        ("2024-03-01T06:00Z", "Europe/London", "20240229"),
        ("2023-03-01T06:00Z", "Europe/London", "20230228"),
        ("2023-05-02T10:00Z", "America/New_York", "20230501"),
        ("2023-05-01T18:00Z", "Pacific/Auckland", "20230501"),  # it is 2 May there
        ("2024-01-01T06:00Z", "Europe/London", "20231231"),
    ],
)
def test_a_run_builds_the_day_before_its_local_date(
    six_in_the_morning: str, time_zone: str, built: str
) -> None:
    assert day(six_in_the_morning, time_zone) == built


@pytest.mark.parametrize(
    ("six_in_the_morning", "built"),
    [
        ("2023-03-25T06:00Z", "20230324"),
        ("2023-03-26T05:00Z", "20230325"),  # the clocks went forward in this night
        ("2023-03-27T05:00Z", "20230326"),  # builds the day of 23 hours
        ("2023-10-28T05:00Z", "20231027"),
        ("2023-10-29T06:00Z", "20231028"),  # the clocks went back in this night
        ("2023-10-30T06:00Z", "20231029"),  # builds the day of 25 hours
    ],
)
def test_a_change_of_the_clocks_neither_skips_nor_repeats_a_day(
    six_in_the_morning: str, built: str
) -> None:
    assert day(six_in_the_morning, "Europe/London") == built


def test_minutes_around_midnight_belong_to_the_citys_date() -> None:
    assert day("2023-05-01T22:59Z", "Europe/London") == "20230430"
    assert day("2023-05-01T23:01Z", "Europe/London") == "20230501"  # 00:01 on 2 May


def test_a_run_without_a_logical_date_goes_by_the_moment_from_which_it_was_to_run() -> None:
    assert day(None, "Europe/London", run_after="2023-05-02T14:00Z") == "20230501"


@pytest.mark.parametrize("date", ["20160219", "2016-02-19"])
def test_the_parameter_date_stands_before_the_runs_date(date: str) -> None:
    assert day("2023-05-02T05:00Z", "Europe/London", date=date) == "20160219"


def test_a_parameter_that_is_no_day_fails_at_once_in_one_line() -> None:
    refusal = r"^date must be a day as YYYYMMDD, not '20230231'"
    with pytest.raises(AirflowFailException, match=refusal):
        day(None, "Europe/London", date="20230231")


@pytest.mark.parametrize(
    ("month", "refusal"),
    [
        ("2023-13", "^month must be a month as YYYY-MM, not '2023-13'"),
        ("9999-01", "^no day of 9999-01 is over in Europe/London"),
    ],
)
def test_a_parameter_that_is_no_month_fails_at_once_in_one_line(month: str, refusal: str) -> None:
    with pytest.raises(AirflowFailException, match=refusal):
        days_of_month(SimpleNamespace(), {"month": month}, "Europe/London")


@pytest.mark.parametrize("date", ["20230501", "2023-05-01", "20240229", "2023-12-31", None])
def test_the_form_takes_a_day_of_the_calendar(date: str | None) -> None:
    assert DAY_PARAMETER.resolve(date) == date


@pytest.mark.parametrize(
    "date",
    ["2023-13-45", "20231345", "2023-05-32", "2023-00-10", "202305", "1 May", ""],
)
def test_the_form_refuses_what_is_no_day(date: str) -> None:
    with pytest.raises(ParamValidationError):
        DAY_PARAMETER.resolve(date)
