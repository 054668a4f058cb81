"""What is tried again, and what is red at once."""

import json
import logging
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException

from dbt_project.orchestration.mistakes import fail_at_once, is_mistake


def test_a_mistake_is_told_outside_of_what_airflow_folds_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(AirflowFailException, match=r"^no day$"):
        fail_at_once("no day")
    assert caplog.messages == ["::endgroup::"]


def noted(target: Path, status: str, message: str = "") -> Path:
    """What dbt notes of a command whose last node ended so."""
    results = [{"status": "success", "message": "OK"}, {"status": status, "message": message}]
    (target / "run_results.json").write_text(json.dumps({"results": results}))
    return target


def test_rows_that_break_a_rule_are_a_mistake(tmp_path: Path) -> None:
    last_line = "Error: is_key_rides_ride_id: 2 rows break this rule: ride_id A1"
    assert is_mistake(last_line, noted(tmp_path, "fail", "Got 2 results"))


def test_too_many_rejected_records_are_a_mistake(tmp_path: Path) -> None:
    message = "Runtime Error in model int_rides_repeated\n  Invalid Input Error: 9 of 10 records"
    target = noted(tmp_path, "error", message)
    assert is_mistake("Error: int_rides_repeated: 9 of 10 records", target)


@pytest.mark.parametrize(
    "message", ["IO Error: No space left on device", "HTTP Error: HTTP 503", "Out of Memory Error"]
)
def test_trouble_of_a_machine_in_the_middle_of_a_build_is_tried_again(
    tmp_path: Path, message: str
) -> None:
    assert not is_mistake(f"Error: rides: {message}", noted(tmp_path, "error", message))


@pytest.mark.parametrize(
    "refusal",
    [
        "date must be a day as YYYYMMDD, not '20230231': for example dbt build",
        "eps in --vars: Input should be greater than 0, found 0",
        "lake/taxi-rides-20230501.json.gz is cut off or damaged: write it again",
        "no credentials for S3 in AWS's credential chain (environment, profile, role)",
    ],
)
def test_what_is_refused_before_the_first_step_is_a_mistake(tmp_path: Path, refusal: str) -> None:
    assert is_mistake(f"Error: {refusal}", tmp_path)


@pytest.mark.parametrize(
    "trouble",
    [
        "another build has been building 2023-05-01 since 06:00: try again when it has ended",
        "HTTP Error: Unable to connect to URL s3://rides (HTTP code 503)",
        "the lakehouse's catalog: connection to server at 10.0.0.5 failed: timeout expired",
    ],
)
def test_trouble_before_the_first_step_is_tried_again(tmp_path: Path, trouble: str) -> None:
    assert not is_mistake(f"Error: {trouble}", tmp_path)


def test_a_killed_build_is_tried_again(tmp_path: Path) -> None:
    assert not is_mistake("12 of 65 OK created table model rides", tmp_path)
