"""Measure the clustering of a day's rides against its peers.

Run ``python benchmarks/clustering.py`` for a Markdown table of wall time and peak memory, by the
number of rides and by the density that makes a ride normal. Every measurement is a process of its
own: it loads the standardised rides, clusters them and reports the time of the clustering alone and
the peak memory of the whole process. Distances are those of the anomalies to the nearest core ride,
and are timed without the clustering before them. Peers are scikit-learn's DBSCAN and, if it is
installed, the ``dbscan`` package, which is compiled and uses every core. Nothing gets more than
`--memory-limit` and `--time-limit`.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

EPS = 0.3
MIN_SAMPLES = 10
MIN_SAMPLES_SHARE = 0.002
SIZES = "1e3,1e4,1e5,1e6,1e7"
GIB = 2**30
Labels = NDArray[np.int64]


def simulated_rides(n_rides: int, seed: int = 0) -> NDArray[np.float64]:
    """Simulate a day: distance in miles and duration in hours, as a taximeter rounds them.

    Distances and speeds are lognormal, so that distance and duration are correlated; 0.5 % of the
    rides are anomalies: hours long, far away, or both.
    """
    random = np.random.default_rng(seed)
    miles = random.lognormal(np.log(1.9), 0.8, n_rides)
    miles_per_hour = random.lognormal(np.log(11), 0.35, n_rides) * np.maximum(miles, 0.2) ** 0.2
    hours = miles / miles_per_hour + random.gamma(2, 1 / 60, n_rides)
    anomalies = np.flatnonzero(random.random(n_rides) < 0.005)
    kind = random.integers(0, 3, len(anomalies))
    long, far = anomalies[kind != 0], anomalies[kind != 1]
    hours[long] = random.uniform(2, 24, len(long))
    miles[far] = random.uniform(20, 120, len(far))
    rides = np.empty((n_rides, 2), order="F")  # columns, as a table hands them over
    rides[:, 0] = miles.round(2)
    rides[:, 1] = (hours * 3600).round() / 3600
    return rides


def with_grid(points: NDArray[np.float64], min_samples: int) -> Callable[[], Labels]:
    """Prepare this project's clustering."""
    from dbt_project.clustering.estimator import GridDBSCAN

    return lambda: GridDBSCAN(eps=EPS, min_samples=min_samples).fit_predict(points)


def with_distances(points: NDArray[np.float64], min_samples: int) -> Callable[[], Any]:
    """Prepare this project's distances from normal, clustering included."""
    from dbt_project.clustering.dbscan import dbscan
    from dbt_project.clustering.dbscan.nearest import distance_to_core

    labels, core = dbscan(points, EPS, min_samples)
    return lambda: distance_to_core(points, core, np.flatnonzero(labels == -1), EPS)


def with_scikit_learn(points: NDArray[np.float64], min_samples: int) -> Callable[[], Labels]:
    """Prepare scikit-learn's clustering."""
    from sklearn.cluster import DBSCAN

    return lambda: DBSCAN(eps=EPS, min_samples=min_samples).fit_predict(points)


def with_dbscan_package(points: NDArray[np.float64], min_samples: int) -> Callable[[], Labels]:
    """Prepare the clustering of the ``dbscan`` package."""
    package = importlib.import_module("dbscan")
    rows = np.ascontiguousarray(points)
    return lambda: package.DBSCAN(rows, eps=EPS, min_samples=min_samples)[0]


METHODS = {
    "GridDBSCAN": with_grid,
    "distances": with_distances,
    "scikit-learn": with_scikit_learn,
    "dbscan": with_dbscan_package,
}
OURS = ("GridDBSCAN", "distances")


@dataclass
class Measurement:
    """One clustering: seconds, peak bytes and labels, or why there are none."""

    seconds: float = 0.0
    peak: int = 0
    labels: Labels | None = None
    failure: str = ""

    def __str__(self) -> str:
        """Format as a cell of the table."""
        return self.failure or f"{self.seconds:.2f} s, {self.peak / GIB:.2f} GiB"


def measure(
    method: str, points: Path, min_samples: int, memory_limit: float, time_limit: float
) -> Measurement:
    """Cluster in a process of its own."""
    labels = points.with_suffix(".labels.npy")
    command = [sys.executable, __file__, "--worker", method, str(points), str(labels)]
    command += [str(min_samples), str(memory_limit)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=time_limit, check=False
        )
    except subprocess.TimeoutExpired:
        return Measurement(failure=f"more than {time_limit:.0f} s")
    if done.returncode:
        reasons = ("MemoryError", "bad_alloc", "Cannot allocate")
        if any(reason in done.stderr for reason in reasons) or done.returncode < 0:
            return Measurement(failure=f"more than {memory_limit:g} GiB")
        raise RuntimeError(f"{method} failed:\n{done.stderr}")
    return Measurement(**json.loads(done.stdout), labels=np.load(labels))


def work(method: str, points: str, labels: str, min_samples: str, memory_limit: str) -> None:
    """Cluster in this process and print what it took."""
    limit = int(float(memory_limit) * GIB)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    cluster = METHODS[method](np.load(points), int(min_samples))
    start = time.perf_counter()
    found = cluster()
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    np.save(labels, found)
    print(json.dumps({"seconds": seconds, "peak": peak}))


def agreement(ours: Measurement, peer: Measurement) -> str:
    """Say whether a peer's labels are ours."""
    if ours.labels is None or peer.labels is None:
        return ""
    if np.array_equal(ours.labels, peer.labels):
        return ", same labels"
    differing = int(((ours.labels < 0) != (peer.labels < 0)).sum())
    return f", {differing} other anomalies" if differing else ", same anomalies"


def main() -> None:
    """Print the table."""
    from dbt_project.clustering.rides import effective_min_samples, standardize

    options = parsed_options()
    methods = [name for name in METHODS if name != "dbscan" or importlib.util.find_spec("dbscan")]
    print("| rides | min_samples | " + " | ".join(methods) + " |")
    print("|---:|---:|" + "---|" * len(methods))
    with tempfile.TemporaryDirectory() as folder:
        for n_rides in (int(float(size)) for size in options.sizes.split(",")):
            points = Path(folder) / "points.npy"
            np.save(points, standardize(simulated_rides(n_rides)))
            share = effective_min_samples(n_rides, 1, MIN_SAMPLES_SHARE)
            for min_samples in sorted({MIN_SAMPLES, max(MIN_SAMPLES, share)}):
                row = measured_row(methods, points, n_rides, min_samples, options)
                print(f"| {n_rides:,} | {min_samples:,} | " + " | ".join(row) + " |", flush=True)
    if "dbscan" not in methods:
        print("\nThe `dbscan` package is not installed, so it was not measured.")


def measured_row(
    methods: list[str], points: Path, n_rides: int, min_samples: int, options: argparse.Namespace
) -> list[str]:
    """Measure every method on the same rides, the best of several runs each."""
    row = []
    ours = Measurement()
    for method in methods:
        if method == "scikit-learn" and n_rides > options.largest_for_scikit_learn:
            row.append("not tried")
            continue
        limits = options.memory_limit, options.time_limit
        runs: list[Any] = []
        while len(runs) < options.repeat and not (runs and runs[-1].failure):
            runs.append(measure(method, points, min_samples, *limits))
        best = min(runs, key=lambda run: run.seconds) if not runs[-1].failure else runs[-1]
        ours = best if method == "GridDBSCAN" else ours
        row.append(str(best) + ("" if method in OURS else agreement(ours, best)))
    return row


def parsed_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", default=SIZES, help="numbers of rides (default %(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="runs, the best counts (%(default)s)")
    parser.add_argument("--memory-limit", type=float, default=8, help="GiB (default %(default)s)")
    parser.add_argument("--time-limit", type=float, default=300, help="s (default %(default)s)")
    parser.add_argument(
        "--largest-for-scikit-learn",
        type=float,
        default=1e5,
        help="beyond this its memory is hopeless (default %(default)s)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(*sys.argv[2:])
    else:
        main()
