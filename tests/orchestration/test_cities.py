"""The cities that Airflow builds, as environment variables name them."""

from pathlib import Path

import pytest

from dbt_project.orchestration.city import City, read_cities

PROJECT = Path("/opt/taxi")


def read(**environ: str) -> list[City]:
    return read_cities(environ, PROJECT, "Europe/London")


def test_without_a_setting_there_is_one_city_in_the_lake_itself() -> None:
    (city,) = read()
    assert city.dag_id == "etml_dag"
    assert city.time_zone == "Europe/London"
    assert city.variables == {}
    assert city.places == {
        "LAKE_URL": "/opt/taxi/lake",
        "LAKE_OUTPUT_URL": "/opt/taxi/output",
        "WAREHOUSE_DIR": "/opt/taxi/warehouse",
    }


def test_each_city_has_a_dag_a_prefix_of_the_lake_and_a_warehouse() -> None:
    glasgow, new_york = read(
        CITIES="Glasgow=Europe/London, New York=America/New_York",
        LAKE_URL="s3://rides/raw/",
        LAKE_OUTPUT_URL="s3://results",
        WAREHOUSE_DIR="/data",
    )
    assert (glasgow.dag_id, new_york.dag_id) == ("etml_dag_glasgow", "etml_dag_new_york")
    assert new_york.time_zone == "America/New_York"
    assert new_york.variables == {"city": "New York", "time_zone": "America/New_York"}
    assert new_york.queue is None
    assert new_york.places == {
        "LAKE_URL": "s3://rides/raw/new-york",
        "LAKE_OUTPUT_URL": "s3://results/new-york",
        "WAREHOUSE_DIR": "/data/new-york",
    }


def test_a_city_can_have_workers_of_its_own() -> None:
    cities = read(CITIES="Glasgow=Europe/London, New York=America/New_York", QUEUE_PER_CITY="true")
    assert [city.queue for city in cities] == ["glasgow", "new-york"]


@pytest.mark.parametrize(
    ("cities", "message"),
    [
        ("Glasgow", "'Glasgow' is no name and time zone"),
        ("Glasgow=Europe/Lundon", "'Glasgow=Europe/Lundon' is no name and time zone"),
        ("=Europe/London", "'=Europe/London' is no name and time zone"),
        ("New York=America/New_York, new-york=America/New_York", "share the prefix 'new-york'"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(cities: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refusal:
        read(CITIES=cities)
    assert "\n" not in str(refusal.value)
