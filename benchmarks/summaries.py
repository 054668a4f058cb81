"""Measure the summaries of a day against one call per ride.

Run ``python benchmarks/summaries.py`` for a Markdown table of calls, tokens and wall time: a day of
200 anomalous rides in 20 contexts, summarised by the build's step for the first time and again, and
by one call per ride in sequence with the same prompts. Both talk through the same client to a
server on this machine, which answers after `--latency` seconds and counts a token for every four
characters.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.chat_server import ChatServer, Handler, Reply, answer

from dbt_project.settings.summaries import load_settings
from dbt_project.summaries.endpoint import Endpoint
from dbt_project.summaries.items import contexts_with_items
from dbt_project.summaries.ledger import LEDGER_DTYPES, summarise
from dbt_project.summaries.questions import questions_of

PLACE: dict[str, Any] = {
    "city": "Glasgow",
    "date": dt.date(2023, 5, 1),
    "time_zone": "Europe/London",
}
SUMMARY = json.dumps(
    {
        "sentences": [
            {"text": "A crash closed a road.", "items": [1]},
            {"text": "Heavy rain fell.", "items": [2]},
        ],
        "category": "closure",
    }
)


def contexts(rides: int, distinct: int) -> pd.DataFrame:
    """Make the context of each ride: an area and two hours."""
    numbers = [ride % distinct for ride in range(rides)]
    start = pd.Timestamp("2023-05-01 08:00")
    return pd.DataFrame(
        {
            "context_id": [str(number) for number in numbers],
            "area": [f"Area {number}" for number in numbers],
            "window_start": start,
            "window_end": start + pd.Timedelta(hours=2),
            "news": None,
            "weather": None,
            "traffic": None,
        }
    )


def circumstances(distinct: int) -> pd.DataFrame:
    """Make the items of each context: as many, and as long, as those of an ordinary day."""
    texts = [
        ("traffic", "Road {} closed by a crash, queues back to the bridge."),
        ("weather", "Heavy rain, 9 °C, light northerly wind 12 mph. Visibility poor."),
        ("weather", "Steady rain, 9 °C, light northerly wind 11 mph. Visibility fair."),
        ("news", "Council approves plan for 300 homes on derelict land."),
        ("news", "Central banks hint that interest rates are near their peak."),
    ]
    rows = [
        {
            "context_id": str(context),
            "item_number": number,
            "item_id": f"{context}-{number}",
            "kind": kind,
            "record_number": number,
            "area": f"Area {context}" if kind == "traffic" else None,
            "starts_at": pd.Timestamp("2023-05-01 07:30"),
            "ends_at": pd.Timestamp("2023-05-01 10:30"),
            "text": text.format(context),
            "category": "other",
            "is_notable": kind != "news",
        }
        for context in range(distinct)
        for number, (kind, text) in enumerate(texts, 1)
    ]
    return pd.DataFrame(rows)


def answer_after(latency: float) -> Reply:
    """Answer as a server does that takes its time."""

    def reply(handler: Handler) -> None:
        time.sleep(latency)
        answer(SUMMARY)(handler)

    return reply


def one_call_per_ride(rides: pd.DataFrame, items: pd.DataFrame, base_url: str) -> None:
    """Ask for every ride, one after the other, as the plainest program would."""
    settings = load_settings()
    client, model = Endpoint(base_url).client(), settings.models[0]
    distinct = contexts_with_items(rides.drop_duplicates("context_id"), items, **PLACE)
    prompts = questions_of(distinct, settings)
    for context_id in rides["context_id"]:
        client.chat.completions.create(
            model=model.name, messages=prompts[context_id].messages, extra_body=model.parameters
        )


def step_of_a_build(
    rides: pd.DataFrame, items: pd.DataFrame, base_url: str, journal_file: Path
) -> None:
    """Do what a build does for the day."""
    summarise(
        rides.drop_duplicates("context_id"),
        items,
        pd.DataFrame(columns=list(LEDGER_DTYPES)).astype(LEDGER_DTYPES),
        load_settings(),
        journal_file=journal_file,
        city=PLACE["city"],
        time_zone=PLACE["time_zone"],
        ride_date=PLACE["date"],
        endpoint=Endpoint(base_url),
    )


def measure(name: str, latency: float, work: Callable[[str], None]) -> str:
    """Do the work against a server of its own; one row of the table."""
    with ChatServer(otherwise=answer_after(latency)) as server:
        started = time.perf_counter()
        work(server.base_url)
        seconds = time.perf_counter() - started
        tokens_in = sum(len(call.text) // 4 for call in server.calls)
        tokens_out = len(server.calls) * (len(SUMMARY) // 4)
        calls = len(server.calls)
    return f"| {name} | {calls} | {tokens_in:,} | {tokens_out:,} | {seconds:.1f} s |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure the summaries of a day.")
    parser.add_argument("--rides", type=int, default=200, help="anomalous rides (200)")
    parser.add_argument("--contexts", type=int, default=20, help="distinct contexts (20)")
    parser.add_argument("--latency", type=float, default=0.5, help="seconds of a call (0.5)")
    options = parser.parse_args()
    day, items = contexts(options.rides, options.contexts), circumstances(options.contexts)
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder, "summaries.sqlite")
        ways: dict[str, Callable[[str], None]] = {
            "one call per ride, in sequence": lambda url: one_call_per_ride(day, items, url),
            "this step, first build": lambda url: step_of_a_build(day, items, url, journal),
            "this step, built again": lambda url: step_of_a_build(day, items, url, journal),
        }
        rows = [measure(name, options.latency, work) for name, work in ways.items()]
    print("| | calls | tokens in | tokens out | wall time |", "|---|--:|--:|--:|--:|", sep="\n")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
