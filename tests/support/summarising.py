"""The step that summarises a day's contexts, as tests call it."""

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
from support.chat_server import ChatServer

from dbt_project.settings.environment import LanguageModelSettings
from dbt_project.settings.summaries import Settings, load_settings
from dbt_project.summaries.categories import category_of
from dbt_project.summaries.endpoint import Endpoint
from dbt_project.summaries.ledger import summarise

KEY = "very-secret-key-0123456789"
NO_LEDGER = pd.DataFrame({"prompt_hash": [], "status": []}, dtype="string")
FAST = {"call_seconds": 5.0, "step_seconds": 30.0, "backoff_seconds": 0.01, "attempts": 2}


def settings_with(**limits: float) -> Settings:
    """Return the default settings, in a hurry."""
    settings = load_settings()
    hurried = settings.limits.model_copy(update={**FAST, "give_up_after": 1000, **limits})
    return settings.model_copy(update={"limits": hurried})


def contexts_of(*traffic: str | None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "context_id": [f"context-{number:02}" for number in range(len(traffic))],
            "area": "Leith",
            "window_start": pd.Timestamp(2023, 5, 1, 6),
            "window_end": pd.Timestamp(2023, 5, 1, 7),
            "news": None,
            "weather": "Heavy rain.",
            "traffic": list(traffic),
        }
    )


def roads(number: int) -> pd.DataFrame:
    return contexts_of(*(f"Road {road} closed." for road in range(number)))


def items_of(contexts: pd.DataFrame) -> pd.DataFrame:
    """Make an item of each line of the contexts' texts, as of texts that rides carry."""
    rows = [
        {
            "context_id": context["context_id"],
            "item_id": f"{kind}: {' '.join(line.split())}",
            "kind": kind,
            "text": " ".join(line.split()),
            **category_of(kind, line, False, city="Glasgow", time_zone="Europe/London")._asdict(),
        }
        for context in contexts.to_dict("records")
        for kind in ("traffic", "weather", "news")
        for line in (context[kind] if isinstance(context[kind], str) else "").splitlines()
        if line.strip()
    ]
    columns = ["context_id", "item_id", "kind", "text", "category", "is_notable"]
    table = pd.DataFrame(rows, columns=columns)
    unsaid = dict.fromkeys(["record_number", "area", "starts_at", "ends_at"])
    return table.assign(item_number=range(1, len(table) + 1), **unsaid)


def summarised(
    contexts: pd.DataFrame,
    settings: Settings | None = None,
    *,
    journal: str | Path = ":memory:",
    ledger: pd.DataFrame = NO_LEDGER,
    **environ: str,
) -> pd.DataFrame:
    """Summarise with the variables that are given and no others."""
    return summarise(
        contexts,
        items_of(contexts),
        ledger,
        settings or settings_with(),
        journal_file=journal,
        city="Glasgow",
        time_zone="Europe/London",
        ride_date=dt.date(2023, 5, 1),
        endpoint=Endpoint.from_settings(LanguageModelSettings.read(environ)),
    )


def ask(
    server: ChatServer,
    contexts: pd.DataFrame | None = None,
    settings: Settings | None = None,
    **others: Any,
) -> pd.DataFrame:
    return summarised(
        contexts_of("M8 closed.") if contexts is None else contexts,
        settings,
        OPENAI_API_KEY=KEY,
        OPENAI_BASE_URL=server.base_url,
        **others,
    )
