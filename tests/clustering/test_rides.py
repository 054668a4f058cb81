"""The labels of a day's rides as a table."""

import duckdb
import numpy as np
import pytest
from sklearn.cluster import DBSCAN
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from dbt_project.clustering.rides import label_rides


def rides(n: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(5)
    return {
        "record_number": np.arange(n) * 2 + 1,
        "ride_dist": random.lognormal(1, 0.8, n).round(2),
        "ride_time": random.lognormal(-1, 0.8, n).round(3),
    }


@pytest.mark.parametrize("features", [["ride_dist", "ride_time"], ["ride_time"], ["ride_dist"]])
def test_labels_are_those_of_scikit_learn_on_the_features_chosen(features: list[str]) -> None:
    day = rides(600)
    table = label_rides(day, features, eps=0.3, min_samples=10, min_samples_share=0.002)
    chosen = np.column_stack([day[name] for name in features])
    expected = DBSCAN(eps=0.3, min_samples=10).fit_predict(StandardScaler().fit_transform(chosen))
    assert table["label"].tolist() == expected.tolist()
    assert table["record_number"].tolist() == day["record_number"].tolist()
    assert table["ride_time_standardized"].mean() == pytest.approx(0)
    assert table["ride_time_standardized"].std(ddof=0) == pytest.approx(1)


def test_the_density_in_effect_stands_with_the_labels() -> None:
    table = label_rides(rides(600), ["ride_dist"], eps=0.3, min_samples=10, min_samples_share=0.05)
    assert table["min_samples"].tolist() == [30] * 600


@pytest.mark.parametrize("features", [["ride_dist", "ride_time"], ["ride_time"], ["ride_dist"]])
def test_distance_from_normal_is_that_to_the_nearest_core_ride(features: list[str]) -> None:
    day = rides(3000)
    table = label_rides(day, features, eps=0.3, min_samples=10, min_samples_share=0.002)
    points = StandardScaler().fit_transform(np.column_stack([day[name] for name in features]))
    core = points[DBSCAN(eps=0.3, min_samples=10).fit(points).core_sample_indices_]
    to_core = NearestNeighbors(n_neighbors=1).fit(core).kneighbors(points)[0][:, 0]
    is_anomaly = table["label"] == -1
    assert is_anomaly.any()
    expected = np.where(is_anomaly, to_core, 0)
    assert table["distance_from_normal"].to_numpy() == pytest.approx(expected, rel=1e-12)


def test_labels_on_the_log_scale_are_those_of_scikit_learn_on_logarithms() -> None:
    day = rides(4000)
    day["ride_time"][::400] = 24
    day["ride_dist"][::300] = 0
    settings = {"eps": 0.4, "min_samples": 10, "min_samples_share": 0.002}
    table = label_rides(day, ["ride_dist", "ride_time"], **settings, scale="log")
    logarithms = np.log(np.column_stack([day["ride_dist"] + 0.1, day["ride_time"] + 1 / 60]))
    points = StandardScaler().fit_transform(logarithms)
    expected = DBSCAN(eps=0.4, min_samples=10).fit_predict(points)
    assert -1 in expected
    assert table["label"].tolist() == expected.tolist()
    np.testing.assert_array_equal(
        table[["ride_dist_standardized", "ride_time_standardized"]], points
    )
    standard = label_rides(day, ["ride_dist", "ride_time"], **settings)
    assert standard["label"].tolist() != expected.tolist()


def test_an_unknown_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="clustering_scale must be one of standard, log, not 'sq"):
        label_rides(rides(3), ["ride_dist", "ride_time"], 0.3, 10, 0.002, scale="square")


def test_without_a_core_ride_no_distance_is_known_to_sql() -> None:
    day = label_rides(rides(5), ["ride_dist", "ride_time"], 0.3, 10, 0.002)
    assert len(day) == 5
    known = duckdb.sql("select distinct label, distance_from_normal from day").fetchall()
    assert known == [(-1, None)]


def test_a_day_without_rides_has_no_labels() -> None:
    table = label_rides(rides(0), ["ride_dist", "ride_time"], 0.3, 10, 0.002)
    assert len(table) == 0


def test_speed_is_no_feature() -> None:
    with pytest.raises(ValueError, match="must name one or both of ride_dist, ride_time, not"):
        label_rides(rides(3), ["ride_dist", "speed"], 0.3, 10, 0.002)
