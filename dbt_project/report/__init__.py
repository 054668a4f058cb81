"""The morning report: what happened on a day, as a page for a manager and an analyst.

Hands out a day's page (`page`) and the e-mail (`templating`). Knows tables of the warehouse through
a connection, and nothing of the lake, of files or of dbt.
"""

import datetime

INDEX = "report_index.html"


def report_name(ride_date: datetime.date) -> str:
    """Name of a day's page."""
    return f"report_{ride_date:%Y%m%d}.html"
