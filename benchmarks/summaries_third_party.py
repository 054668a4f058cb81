"""Try the summaries against a server that somebody else has written, well and badly behaved.

The server is aimock, which speaks OpenAI's protocol and injects faults; it needs Node 20:

    npm install --prefix /tmp/aimock @copilotkit/aimock@1.43
    python benchmarks/summaries_third_party.py /tmp/aimock

Prints a Markdown table of what came of 60 prompts with each kind of fault, and by the server's own
journal how many calls it received. Every context has a summary, whatever the fault: if one has
not, or a prompt is asked again that was answered before, the exit status is 1.
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

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dbt_project.settings.summaries import Settings, load_settings
from dbt_project.summaries.endpoint import Endpoint
from dbt_project.summaries.ledger import summarise

PROMPTS = 60
ANSWER = "Heavy rain fell. **The M8 was closed** at Jct. 15. Queues reached Parkhead. A fourth."
FAULTS = {
    "none": [],
    "half of the calls: 500": ["--chaos-drop", "0.5"],
    "half of the calls: malformed JSON": ["--chaos-malformed", "0.5"],
    "half of the calls: connection cut": ["--chaos-disconnect", "0.5"],
    "half of the calls: 429 with Retry-After": ["--chaos-ratelimit", "0.5"],
    "every call: 500": ["--chaos-drop", "1"],
}


@contextmanager
def aimock(folder: Path, faults: list[str]) -> Iterator[str]:
    """Run the server; yields its address."""
    with socket.socket() as free, tempfile.TemporaryDirectory() as fixtures:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        fixture = {"match": {"userMessage": "taxi journeys"}, "response": {"content": ANSWER}}
        Path(fixtures, "summaries.json").write_text(json.dumps({"fixtures": [fixture]}))
        free.close()
        command = [folder / "node_modules" / ".bin" / "llmock", "-p", str(port), "-f", fixtures]
        server = subprocess.Popen([*command, "--log-level", "silent", *faults])
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def calls_received(address: str) -> int:
    """Ask the server's own journal."""
    url = f"{address}/__aimock/journal?path=/v1/chat/completions&limit=1"
    with urllib.request.urlopen(url, timeout=10) as response:
        return int(response.headers["X-Total-Count"])


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
    contexts = pd.DataFrame(
        {
            "context_id": range(PROMPTS),
            "news": None,
            "weather": "Heavy rain.",
            "traffic": [f"Road {number} closed." for number in range(PROMPTS)],
        }
    )
    return summarise(
        contexts,
        pd.DataFrame({"prompt_hash": [], "status": []}, dtype="string"),
        patient_settings(),
        journal_file=journal_file,
        city="Glasgow",
        ride_date=dt.date(2023, 5, 1),
        endpoint=Endpoint(f"{address}/v1"),
    )


def main() -> int:
    """Print the table."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    is_good = True
    table = ["| fault | statuses | calls | calls when built again |", "|---|---|--:|--:|"]
    for name, options in FAULTS.items():
        with tempfile.TemporaryDirectory() as folder, aimock(Path(sys.argv[1]), options) as address:
            wait_for(address)
            rows = build(address, Path(folder, "summaries.sqlite"))
            received = calls_received(address)
            unanswered = int((rows["summary_source"] == "extractive").sum())
            build(address, Path(folder, "summaries.sqlite"))
            again = calls_received(address) - received
        statuses = ", ".join(
            f"{count} {status}" for status, count in rows["status"].value_counts().items()
        )
        table.append(f"| {name} | {statuses} | {received} | {again} |")
        is_good &= bool((rows["summary"].str.len() > 0).all()) and (again == 0 or unanswered > 0)
    print("\n".join(table))
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
