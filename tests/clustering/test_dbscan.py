"""The rides' clustering gives scikit-learn's labels, for every shape of data and any density."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.cluster import DBSCAN
from sklearn.preprocessing import StandardScaler
from support.point_sets import (
    POINT_SETS,
    TIED_SETS,
    Points,
    Random,
    moons,
    points_of,
    rides,
    standardized_rides,
)

from dbt_project.clustering.estimator import GridDBSCAN
from dbt_project.clustering.rides import cluster_rides, effective_min_samples, standardize

SETS_OF_A_KIND = 24


def by_brute_force(points: Points, eps: float, min_samples: int) -> DBSCAN:
    """Let scikit-learn cluster by a matrix of who is whose neighbour under the stated test."""
    dx = points[:, None, 0] - points[None, :, 0]
    dy = points[:, None, 1] - points[None, :, 1]
    apart = (dx * dx + dy * dy > eps * eps).astype(np.float64)
    return DBSCAN(eps=0.5, min_samples=min_samples, metric="precomputed").fit(apart)


def assert_same(points: Points, expected: DBSCAN, eps: float, min_samples: int) -> None:
    found = GridDBSCAN(eps=eps, min_samples=min_samples).fit(points)
    np.testing.assert_array_equal(found.labels_, expected.labels_)
    np.testing.assert_array_equal(found.core_sample_indices_, expected.core_sample_indices_)


def assert_like_scikit_learn(points: Points, eps: float, min_samples: int) -> None:
    expected = DBSCAN(eps=eps, min_samples=min_samples).fit(points)
    assert_same(points, expected, eps, min_samples)


def assert_like_brute_force(points: Points, eps: float, min_samples: int) -> None:
    assert_same(points, by_brute_force(points, eps, min_samples), eps, min_samples)


def some_min_samples(random: Random, n: int) -> int:
    """Choose a threshold: of a small day, of a large day, or beyond the number of points."""
    return int(random.choice([1, 2, 4, 10, 10, n // 20 + 1, n // 8 + 1, n // 3 + 1, n, n + 1]))


class TestLabels:
    """Labels and core points are scikit-learn's, element by element."""

    @pytest.mark.parametrize("kind", POINT_SETS)
    def test_random_sets(self, kind: str) -> None:
        random = np.random.default_rng(list(POINT_SETS).index(kind))
        for _ in range(SETS_OF_A_KIND):
            points = POINT_SETS[kind](random, int(random.choice([30, 200, 600, 1200])))
            eps = float(random.choice([0.05, 0.1, 0.3, 0.3, 1.0]))
            assert_like_scikit_learn(points, eps, some_min_samples(random, len(points)))

    @pytest.mark.parametrize("kind", TIED_SETS)
    def test_random_sets_with_pairs_at_exactly_eps(self, kind: str) -> None:
        random = np.random.default_rng(list(TIED_SETS).index(kind))
        for _ in range(SETS_OF_A_KIND):
            eps = float(random.choice([0.1, 0.3, 0.5, 1.0, 2.5]))
            points = TIED_SETS[kind](random, int(random.choice([30, 150, 400])), eps)
            assert_like_brute_force(points, eps, some_min_samples(random, len(points)))

    @settings(max_examples=300, deadline=None)
    @given(
        points=hnp.arrays(
            np.float64,
            st.tuples(st.integers(0, 40), st.just(2)),
            elements=st.integers(-6, 6).map(float),
        ),
        eps=st.sampled_from([1.0, 2**0.5, 2.0, 5**0.5, 5.0]),
        min_samples=st.integers(1, 12),
    )
    def test_any_small_lattice(self, points: Points, eps: float, min_samples: int) -> None:
        if len(points):
            assert_like_brute_force(points, eps, min_samples)
        else:
            assert GridDBSCAN(eps, min_samples).fit(points).labels_.shape == (0,)

    @settings(max_examples=300, deadline=None)
    @given(
        points=hnp.arrays(
            np.float64,
            st.tuples(st.integers(1, 25), st.just(2)),
            elements=st.floats(-1e300, 1e300) | st.floats(-3, 3),
        ),
        eps=st.floats(1e-140, 1e150) | st.floats(0.1, 3),
        min_samples=st.integers(1, 8),
    )
    def test_any_numbers(self, points: Points, eps: float, min_samples: int) -> None:
        with np.errstate(over="ignore", under="ignore"):
            expected = by_brute_force(points, eps, min_samples)
        assert_same(points, expected, eps, min_samples)

    @pytest.mark.parametrize("cells", [2**11, 46_338, 46_341, 2**16, 2**31 - 1, 2**31, 2**40])
    def test_any_number_of_cells(self, cells: int) -> None:
        random = np.random.default_rng(16)
        corners = random.integers(0, 2, (60, 2)) * (cells - 1.0) / np.sqrt(2)
        assert_like_brute_force(corners + random.uniform(0, 0.5, (60, 2)), 1.0, 12)
        assert_like_brute_force(corners + random.uniform(0, 2, (60, 2)), 1.0, 3)

    @pytest.mark.parametrize("min_samples", [10, 120, 700, 3100])
    def test_a_day_of_rides_at_any_density(self, min_samples: int) -> None:
        points = standardized_rides(np.random.default_rng(1), 6000)
        assert_like_scikit_learn(points, 0.3, min_samples)

    @pytest.mark.parametrize("min_samples", [40, 400, 3100])
    def test_a_dense_day_with_pairs_at_exactly_eps(self, min_samples: int) -> None:
        points = np.random.default_rng(2).integers(0, 80, (4000, 2)) * 0.125
        assert_like_brute_force(points, 5.0 if min_samples > 1000 else 1.25, min_samples)

    def test_critical_density_everywhere(self) -> None:
        points = np.random.default_rng(3).uniform(0, 10, (5000, 2))
        for min_samples in (150, 157, 164):
            assert_like_scikit_learn(points, 1.0, min_samples)

    @pytest.mark.parametrize("gap", [1.0 - 1e-6, 1.0, 1.0 + 1e-13, 1.0 + 1e-6, 1.2])
    def test_dense_clusters_that_almost_touch(self, gap: float) -> None:
        random = np.random.default_rng(4)
        side = random.integers(0, 2, 3000)
        x = np.where(side, gap + random.exponential(0.05, 3000), -random.exponential(0.05, 3000))
        x[:2], y = [0, gap], random.uniform(0, 0.3, 3000)
        y[:2] = 0.1
        assert_like_brute_force(np.column_stack([x, y]), 1.0, 10)

    @pytest.mark.parametrize("gap", [1.0, 1.0 + 1e-13, 1.0 + 1e-6])
    def test_facing_walls(self, gap: float) -> None:
        random = np.random.default_rng(5)
        walls = np.column_stack([random.integers(0, 2, 3000) * gap, random.uniform(0, 2, 3000)])
        assert_like_brute_force(walls, 1.0, 10)

    @pytest.mark.parametrize("kind", [*POINT_SETS, *TIED_SETS])
    @pytest.mark.parametrize(
        "limits",
        [
            {"arrays.CHUNK": 7, "arrays.SMALL_TABLE": 0, "clusters.FEW_PAIRS": 0},
            {
                "arrays.CHUNK": 1000,
                "grid.DIVISION_POINTS": 0.1,
                "clusters.FEW_PAIRS": 0,
                "clusters.MANY_PAIRS": 0,
            },
            {"grid.DIVISION_POINTS": 1, "arrays.SMALL_TABLE": 0, "grid.LARGEST_STRIPE": 0},
        ],
        ids=["in small chunks", "in many sub-cells", "by bisection"],
    )
    def test_what_large_days_take_gives_the_same(
        self, kind: str, limits: dict[str, float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in limits.items():
            monkeypatch.setattr(f"dbt_project.clustering.dbscan.{name}", value)
        random = np.random.default_rng(15)
        for _ in range(6):
            n = int(random.choice([30, 150, 300]))
            points = points_of(kind, random, n, 0.5)
            eps = 0.3 if kind in POINT_SETS else 0.5
            assert_like_brute_force(points, eps, some_min_samples(random, len(points)))

    def test_a_million_identical_rides(self) -> None:
        found = GridDBSCAN(0.3, 2000).fit(np.ones((1_000_000, 2)))
        assert not found.labels_.any()
        assert len(found.core_sample_indices_) == 1_000_000

    def test_lumps_of_identical_rides(self) -> None:
        points = np.random.default_rng(6).integers(0, 12, (4000, 2)) * 0.1
        for min_samples in (200, 800, 1500, 4000):
            assert_like_brute_force(points, 0.35, min_samples)


class TestOrder:
    """Clusters are numbered, and shared border points given, in the order of the input."""

    def test_clusters_are_numbered_by_their_first_core_point(self) -> None:
        points = np.array([[5.5, 0], [0, 0], [5, 0], [0.1, 0], [5.1, 0], [0.2, 0], [5.2, 0]])
        labels = GridDBSCAN(eps=0.35, min_samples=3).fit_predict(points)
        np.testing.assert_array_equal(labels, [1, 0, 1, 0, 1, 0, 1])

    @pytest.mark.parametrize("left_first", [True, False])
    def test_a_shared_border_point_joins_the_lowest_cluster(self, left_first: bool) -> None:
        left = [[-1, 0], [-1.5, 0.2], [-1.5, -0.2], [-1.5, 0]]
        right = [[1, 0], [1.5, 0.2], [1.5, -0.2], [1.5, 0]]
        points = [[0, 0], *(left + right if left_first else right + left)]
        labels = GridDBSCAN(eps=1.0, min_samples=4).fit_predict(points)
        np.testing.assert_array_equal(labels, [0] * 5 + [1] * 4)

    def test_shuffled_points(self) -> None:
        random = np.random.default_rng(7)
        points = np.vstack([moons(random, 400), random.uniform(-1, 2, (60, 2))])
        for _ in range(20):
            assert_like_scikit_learn(random.permutation(points), 0.12, 6)

    def test_the_memory_layout_does_not_matter(self) -> None:
        points = np.random.default_rng(8).normal(size=(500, 2))
        expected = GridDBSCAN().fit_predict(points)
        np.testing.assert_array_equal(GridDBSCAN().fit_predict(np.asfortranarray(points)), expected)
        np.testing.assert_array_equal(GridDBSCAN().fit_predict(points.tolist()), expected)


class TestEstimator:
    """The estimator behaves as scikit-learn's do."""

    def test_attributes(self) -> None:
        found = GridDBSCAN(eps=1.0, min_samples=3).fit([[0, 0], [0, 1], [1, 0], [9, 9]])
        assert found.labels_.dtype == found.core_sample_indices_.dtype == np.int64
        np.testing.assert_array_equal(found.labels_, [0, 0, 0, -1])
        np.testing.assert_array_equal(found.core_sample_indices_, [0])
        assert found.n_features_in_ == 2

    def test_parameters_can_be_cloned(self) -> None:
        copy = clone(GridDBSCAN(eps=0.7, min_samples=3)).set_params(min_samples=4)
        assert copy.get_params() == {"eps": 0.7, "min_samples": 4}

    @pytest.mark.parametrize("points", [[], np.empty((0, 2))])
    def test_no_points(self, points: ArrayLike) -> None:
        found = GridDBSCAN().fit(points)
        assert found.labels_.shape == found.core_sample_indices_.shape == (0,)

    @pytest.mark.parametrize(("min_samples", "label"), [(1, 0), (2, -1)])
    def test_one_point(self, min_samples: int, label: int) -> None:
        assert GridDBSCAN(min_samples=min_samples).fit_predict([[1e15, -1e15]]).tolist() == [label]

    def test_the_input_stays_as_it_is(self) -> None:
        points = np.random.default_rng(9).normal(size=(300, 2))
        before = points.copy()
        GridDBSCAN().fit(points)
        np.testing.assert_array_equal(points, before)

    @pytest.mark.parametrize(
        "points", [[1.0, 2.0], [[1.0]], [[1.0, 2.0, 3.0]], np.zeros((2, 2, 2))]
    )
    def test_other_shapes_are_refused(self, points: ArrayLike) -> None:
        with pytest.raises(ValueError, match=r"expected points of shape \(n, 2\)"):
            GridDBSCAN().fit(points)

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_values_that_are_not_finite_are_refused(self, value: float) -> None:
        with pytest.raises(ValueError, match="finite"):
            GridDBSCAN().fit([[0.0, value]])

    @pytest.mark.parametrize("eps", [0.0, -1.0, np.nan, np.inf, 1e-200])
    def test_impossible_eps_is_refused(self, eps: float) -> None:
        with pytest.raises(ValueError, match="eps must be"):
            GridDBSCAN(eps=eps).fit([[0.0, 0.0]])

    @pytest.mark.parametrize("min_samples", [0, -5, 2.5])
    def test_impossible_min_samples_is_refused(self, min_samples: Any) -> None:
        with pytest.raises(ValueError, match="min_samples must be"):
            GridDBSCAN(min_samples=min_samples).fit([[0.0, 0.0]])


class TestStandardize:
    """Standardised values are those of scikit-learn's StandardScaler to the last bit."""

    @pytest.mark.parametrize(
        "values",
        [
            rides(np.random.default_rng(10), 5000),
            np.asfortranarray(rides(np.random.default_rng(11), 5000)),
            np.full((100, 2), 0.1),
            1e9 + np.random.default_rng(12).normal(0, 1e-7, (1000, 2)),
            np.array([[1.5, 2.5]]),
        ],
        ids=["rows", "columns", "constant", "near-constant", "one ride"],
    )
    def test_bit_by_bit(self, values: Points) -> None:
        expected = StandardScaler().fit_transform(values)
        np.testing.assert_array_equal(standardize(values), expected)

    def test_one_dimension(self) -> None:
        values = np.random.default_rng(13).lognormal(size=1000)
        expected = StandardScaler().fit_transform(values[:, None])[:, 0]
        np.testing.assert_array_equal(standardize(values), expected)

    @pytest.mark.parametrize("shape", [(0,), (0, 2)])
    def test_no_values(self, shape: tuple[int, ...]) -> None:
        assert standardize(np.empty(shape)).shape == shape

    def test_a_constant_column_becomes_zeros(self) -> None:
        assert not standardize(np.full(7, 0.3)).any()


class TestShare:
    """The density that makes a ride normal is the same share of every large day."""

    @pytest.mark.parametrize(
        ("n_rides", "expected"),
        [(0, 10), (400, 10), (5_000, 10), (5_001, 11), (10_000, 20), (1_000_000, 2_000)],
    )
    def test_default_share(self, n_rides: int, expected: int) -> None:
        assert effective_min_samples(n_rides, 10, 0.002) == expected

    @given(n_rides=st.integers(0, 10**8), thousandths=st.integers(0, 1000))
    def test_rounds_up_the_decimal_that_is_written(self, n_rides: int, thousandths: int) -> None:
        expected = max(10, -(-thousandths * n_rides // 1000))
        assert effective_min_samples(n_rides, 10, thousandths / 1000) == expected

    def test_a_small_share_of_ten_million_rides_is_no_ride_too_many(self) -> None:
        assert effective_min_samples(10_000_000, 10, 1e-05) == 100

    @pytest.mark.parametrize("share", [-0.1, 1.5, np.nan])
    def test_impossible_shares_are_refused(self, share: float) -> None:
        with pytest.raises(ValueError, match="min_samples_share must be"):
            effective_min_samples(100, 10, share)


class TestClusterRides:
    """A day's rides are standardised, then clustered with the density of the day's size."""

    @pytest.mark.parametrize("n_rides", [1, 400, 7000])
    def test_is_scikit_learn_s_pipeline(self, n_rides: int) -> None:
        features = rides(np.random.default_rng(14), n_rides)
        expected = StandardScaler().fit_transform(features)
        min_samples = {1: 10, 400: 10, 7000: 14}[n_rides]
        found = cluster_rides(features, 0.3, 10, 0.002)
        np.testing.assert_array_equal(found.standardized, expected)
        np.testing.assert_array_equal(
            found.labels, DBSCAN(0.3, min_samples=min_samples).fit(expected).labels_
        )

    def test_no_rides(self) -> None:
        found = cluster_rides(np.empty((0, 2)), 0.3, 10, 0.002)
        assert found.labels.shape == found.distance_from_normal.shape == (0,)
        assert found.standardized.shape == (0, 2)

    def test_a_missing_distance_is_refused(self) -> None:
        with pytest.raises(ValueError, match="finite"):
            cluster_rides([[np.nan, 0.5]], 0.3, 10, 0.002)
