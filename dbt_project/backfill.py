"""Build many days: ``python -m dbt_project.backfill 20230501 20230531``.

Each day is a ``dbt build`` in a process of its own, so a day that runs out of memory, or is killed,
fails alone. The days share one start. A day is skipped if it is published and its files in the lake
have not changed. So you can stop a backfill and start it again.
"""

import argparse
import datetime
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import duckdb
import yaml

from dbt_project.errors import caused_by_users, in_one_line, line_of
from dbt_project.folders import make_folders_of_dbt
from dbt_project.forked_builds import ForkedBuilds
from dbt_project.lake.connection import connect_lake
from dbt_project.lake.files import inputs_text, list_day
from dbt_project.published import published_warehouse
from dbt_project.settings.environment import LakeSettings
from dbt_project.settings.lake_url import glob_text
from dbt_project.settings.ride_date import parse_ride_date
from dbt_project.settings.variables import load_variables

EXPORTS = ("clustered_data_{}.json", "clustered_summarized_{}.json", "report_{}.html")
ERASE_LINE = "\x1b[K"
"""Clears the progress on a terminal, which is longer than a day's line may be."""

WAIT_SECONDS = 600
"""How long a day waits for another build of the warehouse, such as the nightly one."""


@dataclass(frozen=True)
class Outcome:
    """The result of a day: built, unchanged or failed, and its closing line."""

    word: str
    line: str = ""


def days_between(first: datetime.date, last: datetime.date) -> Iterator[datetime.date]:
    """Return every day from the first to the last. The last may be the earlier one."""
    step = datetime.timedelta(days=1 if first <= last else -1)
    while first != last + step:
        yield first
        first += step


def connect(lake: LakeSettings) -> duckdb.DuckDBPyConnection:
    """Open a connection that can list the lake."""
    connection = duckdb.connect()
    is_s3 = lake.lake_url.is_s3 or lake.lake_output_url.is_s3
    connect_lake(connection, ["httpfs", "aws"] if is_s3 else [])
    return connection


def is_up_to_date(
    connection: duckdb.DuckDBPyConnection,
    lake: LakeSettings,
    day: datetime.date,
    inputs: str | None,
) -> bool:
    """Whether a day's files are those that it was published from, and its exports exist.

    Raises
    ------
    UserError
        One line that names the path, if the lake has no rides for the day.
    """
    files = list_day(connection, lake.lake_url, day)
    if inputs != inputs_text(list(chain.from_iterable(files.values()))):
        return False
    names = [name.format(f"{day:%Y%m%d}") for name in EXPORTS]
    paths = [f"{glob_text(lake.lake_output_url.text)}/{name}" for name in names]
    return all(connection.execute("FROM glob(?)", [path]).fetchall() for path in paths)


def build(builds: ForkedBuilds, day: datetime.date, variables: dict[str, object]) -> Outcome:
    """Build one day in a process of its own."""
    status, lines = builds.build({**variables, "date": f"{day:%Y%m%d}"})
    if status == 0:
        said = [line.removeprefix(f"{day}: ") for line in lines if line.startswith(f"{day}: ")]
        return Outcome("built", said[-1] if said else "")
    if status < 0:
        return Outcome("failed", f"killed by signal {-status}")
    return Outcome("failed", lines[-1].removeprefix("Error: ") if lines else "no output")


def backfill(
    days: list[datetime.date], variables: dict[str, object], is_again: bool
) -> dict[datetime.date, Outcome]:
    """Build days one after the other, and print the result of each.

    Parameters
    ----------
    days
        The days, in the order in which they are built.
    variables
        Variables of dbt for all of them.
    is_again
        Whether to build also days that are published and unchanged.
    """
    lake = LakeSettings.read()
    environment = {"WAREHOUSE_WAIT_SECONDS": str(WAIT_SECONDS), **os.environ}
    known = published_warehouse(load_variables(variables).city).inputs_of_days()
    outcomes: dict[datetime.date, Outcome] = {}
    begun = time.monotonic()
    with connect(lake) as connection, ForkedBuilds(environment) as builds:
        for day in days:
            try:
                is_done = is_up_to_date(connection, lake, day, known.get(day)) and not is_again
                outcome = Outcome("unchanged") if is_done else build(builds, day, variables)
            except caused_by_users() as error:
                outcome = Outcome("failed", line_of(error))
            outcomes[day] = outcome
            is_watched = sys.stdout.isatty()
            erased = ERASE_LINE if is_watched else ""
            print(f"{erased}{day}  {outcome.word:9}  {outcome.line}".rstrip(), flush=True)
            if is_watched:
                progress = time_left(len(outcomes), len(days), time.monotonic() - begun)
                print(progress, end="\r", flush=True)
    return outcomes


def time_left(done: int, days: int, seconds: float) -> str:
    """Return the progress of a backfill and the time left.

    Examples
    --------
    >>> time_left(10, 40, 25.0)
    '10 of 40 days; about 75 s left'
    """
    left = f"; about {seconds / done * (days - done):.0f} s left" if done < days else ""
    return f"{done} of {days} days{left}"


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m dbt_project.backfill", description=__doc__)
    parser.add_argument("first", help="the first day, 20230501; may be later than the last")
    parser.add_argument("last", help="the last day, 20230531")
    parser.add_argument("--again", action="store_true", help="build unchanged days, too")
    parser.add_argument("--vars", default="{}", help="other variables of dbt, as YAML")
    arguments = parser.parse_args()
    try:
        arguments.days = list(
            days_between(parse_ride_date(arguments.first), parse_ride_date(arguments.last))
        )
        arguments.vars = yaml.safe_load(arguments.vars)
    except (ValueError, yaml.YAMLError) as error:  # ValueError: YAML takes 2023-02-30 for a date
        parser.error(" ".join(str(error).split()))
    if not isinstance(arguments.vars, dict):
        parser.error("--vars must be a mapping, as dbt takes it: '{city: Leith}'")
    return arguments


def main() -> int:
    """Build the days of the command line. The status is 1 if any day has failed."""
    arguments = parse_arguments()
    begun = time.monotonic()
    try:
        with in_one_line():
            make_folders_of_dbt()
            outcomes = backfill(arguments.days, arguments.vars, arguments.again)
    except KeyboardInterrupt:
        print("\nStopped; started again, it goes on from here.", flush=True)
        return 130
    counts = Counter(outcome.word for outcome in outcomes.values())
    words = ", ".join(f"{counts[word]} {word}" for word in ("built", "unchanged", "failed"))
    print(f"\n{len(outcomes)} days: {words}; {time.monotonic() - begun:.0f} s.", flush=True)
    failed = [str(day) for day, outcome in outcomes.items() if outcome.word == "failed"]
    if failed:
        print(f"Error: failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
