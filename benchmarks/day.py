"""Measure whole days: this project's build, the same with the peer, and a bare read of the rides.

Run ``python benchmarks/day.py``. Every measurement is a process of its own, in a temporary folder.
The figures go to ``docs/benchmarks/day.json``, and the page and the plot are made anew from it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import page
from measure import GIB, Run, machine, run
from workplace import BUCKET, DATE, ROOT, S3Server, Workplace, environment, s3_server

HERE = Path(__file__).resolve().parent
SIZES = "400,10000,30000,50000,100000,1000000"
EMPTY_BUILDS = 3


@dataclass
class Limits:
    """How far the peer and the S3 server are pushed."""

    memory: float
    time: float
    largest_on_s3: int


def figures(measured: Run) -> dict[str, Any]:
    """Return what is kept of a run."""
    return {"seconds": measured.seconds, "peak": measured.peak, "failure": measured.failure}


def median_run(runs: list[Run]) -> Run:
    """Return the run of median time."""
    middle = statistics.median_low([each.seconds for each in runs])
    return next(each for each in runs if each.seconds == middle)


def measure_empty_project(workplace: Workplace) -> dict[str, Any]:
    """Measure what dbt takes by itself; a first build, which is not counted, warms the caches."""
    runs = [workplace.build_empty_project() for _ in range(EMPTY_BUILDS + 1)]
    return figures(median_run(runs[1:]))


def measure_peer(server: S3Server, limits: Limits) -> dict[str, Any]:
    """Measure the peer's build of the day that the server holds."""
    command = [sys.executable, HERE / "peer.py", "--bucket", BUCKET, "--date", DATE]
    place = environment(**server.settings)
    return figures(run(command, place, ROOT, limits.memory, limits.time))


def measure_peers_imports() -> dict[str, Any]:
    """Measure what the peer takes to start: Python and its libraries."""
    command = [sys.executable, HERE / "peer.py", "--help"]
    return figures(median_run([run(command, environment(), ROOT) for _ in range(3)]))


def measure_bare_read(workplace: Workplace) -> dict[str, Any]:
    """Measure a bare read of the rides: the time of the query and the memory of its process."""
    done = run([sys.executable, HERE / "bare_read.py", workplace.rides], environment(), ROOT)
    return {**figures(done), "seconds": float(done.output)}


def measure_in_folder(workplace: Workplace, warehouse: str) -> dict[str, Any]:
    """Measure the build into a new warehouse, then once more into the same, and the bare read."""
    bare_read = measure_bare_read(workplace)
    fresh = workplace.build(warehouse)
    steps = workplace.steps()
    again = workplace.build(warehouse)
    return {
        "bare_read": bare_read,
        "fresh": figures(fresh),
        "steps": steps,
        "again": figures(again),
    }


def measure_on_s3(
    workplace: Workplace, server: S3Server, is_peer_tried: bool, limits: Limits
) -> dict[str, Any]:
    """Measure the build into a new warehouse and the peer, both on the same S3 server."""
    server.hold(workplace.lake)
    peer = measure_peer(server, limits) if is_peer_tried else None
    ours = workplace.build("warehouse_of_s3", f"s3://{BUCKET}", **server.settings)
    return {"s3": figures(ours), "peer": peer}


def measure_day(
    folder: Path, rides: int, server: S3Server, is_peer_tried: bool, limits: Limits
) -> dict[str, Any]:
    """Measure a day of so many rides in every way, and remove it."""
    workplace = Workplace(folder / "day")
    workplace.simulate(rides)
    measured = {
        "rides": rides,
        "bytes": workplace.rides.stat().st_size,
        **measure_in_folder(workplace, "warehouse"),
    }
    if rides <= limits.largest_on_s3:
        measured |= measure_on_s3(workplace, server, is_peer_tried, limits)
    shutil.rmtree(workplace.folder)
    return measured


def measure_days(sizes: list[int], limits: Limits) -> dict[str, Any]:
    """Measure days of growing size; the peer is given up at the first that it does not survive."""
    days: list[dict[str, Any]] = []
    is_peer_alive = True
    with tempfile.TemporaryDirectory() as name, s3_server(environment()) as server:
        empty = measure_empty_project(Workplace(Path(name)))
        peers_imports = measure_peers_imports()
        for rides in sorted(sizes):
            day = measure_day(Path(name), rides, server, is_peer_alive, limits)
            is_peer_alive &= not (day.get("peer") or {}).get("failure")
            days.append(day)
            print(f"{rides:,} rides: {day['fresh']['seconds']:.1f} s", flush=True)
    return {
        "machine": machine(),
        "command": f"python benchmarks/day.py --sizes {','.join(map(str, sorted(sizes)))}",
        "memory_limit": limits.memory,
        "time_limit": limits.time,
        "empty": empty,
        "peers_imports": peers_imports,
        "days": days,
    }


def parsed_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--sizes", default=SIZES, help="numbers of rides (default %(default)s)")
    add("--memory-limit", type=float, default=8, help="the peer's, GiB (default %(default)s)")
    add("--time-limit", type=float, default=300, help="the peer's, s (default %(default)s)")
    add(
        "--largest-on-s3",
        type=int,
        default=1_000_000,
        help="rides beyond which the S3 server, a simulated one, is left out (default %(default)s)",
    )
    add("--docs", type=Path, default=page.DOCS, help="where the results go (default docs)")
    return parser.parse_args()


def main() -> None:
    """Measure, keep the figures, and make the page."""
    options = parsed_options()
    sizes = [int(float(size)) for size in options.sizes.split(",")]
    limits = Limits(options.memory_limit * GIB, options.time_limit, options.largest_on_s3)
    results = measure_days(sizes, limits)
    file = page.results_folder(options.docs) / "day.json"
    file.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    page.write(options.docs)


if __name__ == "__main__":
    main()
