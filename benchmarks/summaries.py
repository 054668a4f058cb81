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
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.chat_server import ChatServer, Handler, Reply, answer

from dbt_project.settings.summaries import load_settings
from dbt_project.summaries.endpoint import Endpoint
from dbt_project.summaries.ledger import summarise
from dbt_project.summaries.prompts import prompts_of

CITY = "Glasgow"
SUMMARY = "Heavy rain fell all day. The M8 was closed near Baillieston. Queues reached Parkhead."


def contexts(rides: int, distinct: int) -> pd.DataFrame:
    """Make the context of each ride; texts are as long as those of an ordinary day."""
    numbers = [ride % distinct for ride in range(rides)]
    return pd.DataFrame(
        {
            "context_id": numbers,
            "news": "\n".join(f"Headline {line} of the day about the city." for line in range(20)),
            "weather": [f"{number % 24:02}:00 light rain, 9 C, wind 12 mph." for number in numbers],
            "traffic": [
                "\n".join(f"Road {number}-{line} closed, queues." for line in range(10))
                for number in numbers
            ],
        }
    )


def answer_after(latency: float) -> Reply:
    """Answer as a server does that takes its time."""

    def reply(handler: Handler) -> None:
        time.sleep(latency)
        answer(SUMMARY)(handler)

    return reply


def one_call_per_ride(rides: pd.DataFrame, base_url: str) -> None:
    """Ask for every ride, one after the other, as the plainest program would."""
    settings = load_settings()
    client, model = Endpoint(base_url).client(), settings.models[0]
    prompts = prompts_of(rides.drop_duplicates("context_id"), settings, CITY)
    for context_id in rides["context_id"]:
        client.chat.completions.create(
            model=model.name, messages=prompts[context_id].messages, extra_body=model.parameters
        )


def step_of_a_build(rides: pd.DataFrame, base_url: str, journal_file: Path) -> None:
    """Do what a build does for the day."""
    summarise(
        rides.drop_duplicates("context_id"),
        pd.DataFrame({"prompt_hash": [], "status": []}, dtype="string"),
        load_settings(),
        journal_file=journal_file,
        city=CITY,
        ride_date=dt.date(2023, 5, 1),
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
    day = contexts(options.rides, options.contexts)
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder, "summaries.sqlite")
        ways: dict[str, Callable[[str], None]] = {
            "one call per ride, in sequence": lambda url: one_call_per_ride(day, url),
            "this step, first build": lambda url: step_of_a_build(day, url, journal),
            "this step, built again": lambda url: step_of_a_build(day, url, journal),
        }
        rows = [measure(name, options.latency, work) for name, work in ways.items()]
    print("| | calls | tokens in | tokens out | wall time |", "|---|--:|--:|--:|--:|", sep="\n")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
