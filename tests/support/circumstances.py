"""A context with items, as tests of what is asked about it need one."""

import datetime as dt
from typing import Any

import pandas as pd

from dbt_project.summaries.items import Context, contexts_with_items

DATE = dt.date(2023, 5, 1)
LEAK = "Gas leak on Great Junction Street, road closed between Bonnington Rd and Taylor Gardens."
RAIN = "Heavy rain, 9 °C, wind 22 mph."
MARCH = "March of 1,200 people from the Shore to the M8; two lanes shut."
CHESS = "World chess title to be decided in rapid games."


def item(number: int, kind: str, text: str, **others: Any) -> dict[str, Any]:
    """Return a row of `ride_circumstances`; times as "17:00"."""
    times = {
        name: pd.Timestamp(f"{DATE}T{clock}") if clock else pd.NaT
        for name in ("starts_at", "ends_at")
        for clock in (others.pop(name, None),)
    }
    row = {
        "context_id": "leith-17",
        "item_number": number,
        "item_id": f"item-{number}",
        "kind": kind,
        "record_number": number,
        "area": None,
        "text": text,
        "category": "other",
        "is_notable": True,
    }
    return {**row, **times, **others}


ITEMS = (
    item(1, "traffic", LEAK, area="Leith", starts_at="16:40", ends_at="19:10", category="closure"),
    item(2, "weather", RAIN, starts_at="17:00", ends_at="18:00", category="rain"),
    item(3, "news", MARCH, starts_at="11:08", ends_at="14:08", category="event"),
    item(4, "news", CHESS, starts_at="14:27", ends_at="17:27", is_notable=False),
)
WINDOW = {
    "context_id": "leith-17",
    "area": "Leith",
    "window_start": pd.Timestamp(f"{DATE}T17:00"),
    "window_end": pd.Timestamp(f"{DATE}T19:00"),
}


def circumstances(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows or ITEMS)


def windows(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return contexts as `summarise` takes them."""
    texts = {"news": None, "weather": None, "traffic": None}
    return pd.DataFrame([{**WINDOW, **texts, **row} for row in rows or [{}]])


def context(*rows: dict[str, Any], **window: Any) -> Context:
    [only] = contexts_with_items(
        windows(window),
        circumstances(*rows),
        city="Edinburgh",
        ride_date=DATE,
        time_zone="Europe/London",
    )
    return only
