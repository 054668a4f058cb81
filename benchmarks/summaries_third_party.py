"""Try the summaries against a server that somebody else has written, well and badly behaved.

The server is aimock, which speaks OpenAI's protocol and injects faults; it needs Node 20:

    npm install --prefix /tmp/aimock @copilotkit/aimock@1.43
    python benchmarks/summaries_third_party.py /tmp/aimock

Prints a Markdown table of what came of 60 prompts with each kind of fault, and by the server's own
journal how many calls it received. Every context has a summary, whatever the fault: if one has
not, or a prompt is asked again that was answered before, the exit status is 1. So it is if what a
model thought aloud is in a summary, or a refusal cost more calls than it reaches prompts.
"""

from __future__ import annotations

import datetime as dt
import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dbt_project.settings.summaries import Settings, load_settings
from dbt_project.summaries.endpoint import Endpoint
from dbt_project.summaries.ledger import LEDGER_DTYPES, summarise

PROMPTS = 60
ANSWER = "Heavy rain fell. **The M8 was closed** at Jct. 15. Queues reached Parkhead. A fourth."
THOUGHT = "Okay, the user wants to know about the roads."
FAULTS = {
    "none": [],
    "half of the calls: 500": ["--chaos-drop", "0.5"],
    "half of the calls: malformed JSON": ["--chaos-malformed", "0.5"],
    "half of the calls: connection cut": ["--chaos-disconnect", "0.5"],
    "half of the calls: 429 with Retry-After": ["--chaos-ratelimit", "0.5"],
    "every call: 500": ["--chaos-drop", "1"],
}


class Answer(NamedTuple):
    """What the first model of the chain answers to every call; the second answers well."""

    response: dict[str, Any]
    calls_of_first: int
    """How many calls it gets for that."""


ANSWERS = {
    "reasoning, both marks": Answer({"content": f"<think>{THOUGHT}</think>{ANSWER}"}, PROMPTS),
    "reasoning, closing mark only": Answer({"content": f"{THOUGHT}</think>{ANSWER}"}, PROMPTS),
    "reasoning, opening mark only": Answer({"content": f"<thought>{THOUGHT}"}, 5),
    "reasoning in its own field": Answer({"content": ANSWER, "reasoning": THOUGHT}, PROMPTS),
    "reasoning in its own field, no answer": Answer({"content": "", "reasoning": THOUGHT}, 5),
    "cut off while reasoning": Answer(
        {"content": f"<think>{THOUGHT}", "finishReason": "length"}, 5
    ),
    "Sure! Here is a summary": Answer({"content": f"Sure! Here is a summary:\n{ANSWER}"}, PROMPTS),
    "404, model unknown": Answer(
        {"error": {"message": "no", "code": "model_not_found"}, "status": 404}, 1
    ),
    "400, model unknown in words": Answer(
        {"error": {"message": "gpt-6-luna is not a valid model ID"}, "status": 400}, 1
    ),
    "400, parameter unknown": Answer(
        {"error": {"message": "no", "param": "reasoning_effort"}, "status": 400}, 1
    ),
    "400, key wrong": Answer({"error": {"message": "API key not valid."}, "status": 400}, 1),
    "429, quota used up": Answer(
        {"error": {"message": "no", "code": "insufficient_quota"}, "status": 429}, 1
    ),
    "400, words that nobody knows": Answer({"error": {"message": "x y z"}, "status": 400}, 5),
}


@contextmanager
def aimock(folder: Path, faults: list[str], first: dict[str, Any] | None = None) -> Iterator[str]:
    """Run the server; yields its address."""
    with socket.socket() as free, tempfile.TemporaryDirectory() as fixtures:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        asked = {"userMessage": "taxi journeys"}
        entries: list[dict[str, Any]] = [{"match": asked, "response": {"content": ANSWER}}]
        if first is not None:
            model = load_settings().models[0].name
            entries.insert(0, {"match": {**asked, "model": model}, "response": first})
        Path(fixtures, "summaries.json").write_text(json.dumps({"fixtures": entries}))
        free.close()
        command = [folder / "node_modules" / ".bin" / "llmock", "-p", str(port), "-f", fixtures]
        server = subprocess.Popen([*command, "--log-level", "silent", *faults])
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def calls_received(address: str) -> list[str]:
    """Ask the server's own journal which models were asked for."""
    url = f"{address}/__aimock/journal?path=/v1/chat/completions&limit=1000"
    with urllib.request.urlopen(url, timeout=10) as response:
        return [entry["body"]["model"] for entry in json.load(response)]


def wait_for(address: str) -> None:
    for _ in range(100):
        try:
            calls_received(address)
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit(f"no server at {address}")


def patient_settings() -> Settings:
    """Take the default settings, but do not wait long between attempts."""
    settings = load_settings()
    update = {"backoff_seconds": 0.05, "attempts": 5}
    return settings.model_copy(update={"limits": settings.limits.model_copy(update=update)})


def build(address: str, journal_file: Path) -> pd.DataFrame:
    """Summarise texts that rides carry themselves, which are answered in plain text."""
    start = pd.Timestamp("2023-05-01 08:00")
    texts = [f"Road {number} closed." for number in range(PROMPTS)]
    contexts = pd.DataFrame(
        {
            "context_id": list(map(str, range(PROMPTS))),
            "area": None,
            "window_start": start,
            "window_end": start + pd.Timedelta(hours=1),
            "news": None,
            "weather": "Heavy rain.",
            "traffic": texts,
        }
    )
    items = pd.DataFrame(
        {
            "context_id": contexts["context_id"],
            "item_number": 1,
            "item_id": contexts["context_id"],
            "kind": "traffic",
            "record_number": None,
            "area": None,
            "starts_at": pd.NaT,
            "ends_at": pd.NaT,
            "text": texts,
            "category": "closure",
            "is_notable": True,
        }
    )
    return summarise(
        contexts,
        items,
        pd.DataFrame(columns=list(LEDGER_DTYPES)).astype(LEDGER_DTYPES),
        patient_settings(),
        journal_file=journal_file,
        city="Glasgow",
        time_zone="Europe/London",
        ride_date=dt.date(2023, 5, 1),
        endpoint=Endpoint(f"{address}/v1"),
    )


def statuses_of(rows: pd.DataFrame) -> str:
    counts = rows["status"].value_counts()
    return ", ".join(f"{count} {status}" for status, count in counts.items())


def try_fault(folder: Path, name: str, options: list[str]) -> tuple[str, bool]:
    """Build twice against a server that misbehaves; a row of the table, and if it is good."""
    with tempfile.TemporaryDirectory() as kept, aimock(folder, options) as address:
        wait_for(address)
        rows = build(address, Path(kept, "summaries.sqlite"))
        received = len(calls_received(address))
        unanswered = int((rows["summary_source"] == "extractive").sum())
        build(address, Path(kept, "summaries.sqlite"))
        again = len(calls_received(address)) - received
    is_good = bool((rows["summary"].str.len() > 0).all()) and (again == 0 or unanswered > 0)
    return f"| {name} | {statuses_of(rows)} | {received} | {again} |", is_good


def try_answer(folder: Path, name: str, first: Answer) -> tuple[str, bool]:
    """Build against a first model that answers oddly; a row of the table, and if it is good."""
    with tempfile.TemporaryDirectory() as kept, aimock(folder, [], first.response) as address:
        wait_for(address)
        rows = build(address, Path(kept, "summaries.sqlite"))
        models = calls_received(address)
    calls = models.count(models[0])
    # Calls that were under way when the fifth alike came back had been made.
    most = first.calls_of_first + load_settings().limits.concurrency * (first.calls_of_first == 5)
    is_good = first.calls_of_first <= calls <= most
    is_good &= not rows["summary"].str.contains("the user|Sure|think", regex=True).any()
    reason = rows["reason"][0].partition(" (to ")[0].replace("not asked, ", "") or "-"
    return f"| {name} | {statuses_of(rows)} | {calls} | {reason} |", is_good


def main() -> int:
    """Print the tables."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    faults = [try_fault(folder, name, options) for name, options in FAULTS.items()]
    answers = [try_answer(folder, name, answer) for name, answer in ANSWERS.items()]
    print("| fault | statuses | calls | calls when built again |", "|---|---|--:|--:|", sep="\n")
    print(*(row for row, _ in faults), "", sep="\n")
    print("| first model | statuses | its calls | reason |", "|---|---|--:|---|", sep="\n")
    print(*(row for row, _ in answers), sep="\n")
    return 0 if all(is_good for _, is_good in [*faults, *answers]) else 1


if __name__ == "__main__":
    sys.exit(main())
