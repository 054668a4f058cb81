"""The step of a build that writes the day's pages, once every test has passed."""

import datetime
import gc
from collections.abc import Sequence

import duckdb
import pandas as pd

from dbt_project.lake.pages import page_names, write_page
from dbt_project.report import INDEX, report_name


def write_report(
    connection: duckdb.DuckDBPyConnection,
    schemas: Sequence[str],
    folders: Sequence[str],
    exports: str,
    ride_date: datetime.date,
    city: str,
    time_zone: str,
    eps: float,
) -> pd.DataFrame:
    """Write a day's page and the index of all days.

    Parameters
    ----------
    connection
        A connection of its own to the database that dbt works in: it sees what is committed.
    schemas
        Where the marts and the staging tables are.
    folders
        Where the pages go: folders, or ``s3://bucket[/prefix]``.
    exports
        Where the exports are that the page leads to, likewise.
    ride_date, city, time_zone, eps
        See `dbt_project.report.page.read_page`.

    Returns
    -------
    pandas.DataFrame
        ``file`` and its size in ``bytes``, one row a page written.
    """
    # matplotlib makes many objects, and every search for garbage among them would go through all
    # of dbt's as well: without it this takes two thirds of the time
    gc.disable()
    try:
        # imported here, because the import takes half a second and only a build needs it
        from dbt_project.report.exports import Exports
        from dbt_project.report.page import read_page, render_index

        connection.execute(f"SET search_path = '{','.join(schemas)}'")
        day = read_page(connection, ride_date, city, time_zone, eps)
        written = []
        for folder in dict.fromkeys(folders):
            page = day.render(Exports.seen_from(folder, exports))
            written.append((write_page(folder, report_name(ride_date), page), page))
            index = render_index(connection, city, page_names(connection, folder))
            written.append((write_page(folder, INDEX, index), index))
    finally:
        gc.enable()
    return pd.DataFrame(
        {
            "file": [file for file, _ in written],
            "bytes": [len(html.encode()) for _, html in written],
        }
    )
