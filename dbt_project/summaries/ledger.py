"""Summarise the circumstances of rides: contexts go in, rows of the ledger come out.

A prompt that a model of the chain has answered, on any day, is never asked again: the journal
(`dbt_project.summaries.journal`) has the answer, and every row is made from it. If no model answers
(none is configured, all failed, the budget is used up), the summary is extractive. So every context
has a summary.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd
from dbt_common.events.base_types import EventLevel
from dbt_common.events.functions import fire_event
from dbt_common.events.types import Note

from dbt_project.settings.summaries import Settings
from dbt_project.summaries.chain import Result, ask_all
from dbt_project.summaries.endpoint import Endpoint
from dbt_project.summaries.gate import Gate
from dbt_project.summaries.items import contexts_with_items
from dbt_project.summaries.journal import Call, Journal
from dbt_project.summaries.prompts import (
    EXTRACTIVE_MODEL,
    EXTRACTIVE_PARAMETERS,
    Prompt,
    prompts_of,
)
from dbt_project.summaries.questions import questions_of

LEDGER_DTYPES = {
    "prompt_hash": "string",
    "template_version": "string",
    "model": "string",
    "model_that_answered": "string",
    "base_url": "string",
    "parameters": "string",
    "status": "string",
    "reason": "string",
    "summary": "string",
    "summary_source": "string",
    "summary_support": "string",
    "circumstance": "string",
    "item_ids": "string",
    "prompt_tokens": "Int64",
    "completion_tokens": "Int64",
    "cost_usd": "Float64",
    "attempts": "Int64",
    "latency_seconds": "Float64",
    "request_id": "string",
    "created_at": "datetime64[us]",
}
"""Columns of the ledger. `created_at` is UTC without an offset; `prompt_hash` is the key.
`item_ids` is a list as JSON."""

_PROGRESS_SECONDS = 5.0


def summarise(
    contexts: pd.DataFrame,
    circumstances: pd.DataFrame,
    ledger: pd.DataFrame,
    settings: Settings,
    *,
    journal_file: str | os.PathLike[str],
    city: str,
    time_zone: str,
    ride_date: dt.date,
    endpoint: Endpoint | None,
) -> pd.DataFrame:
    """Find or make the summary of every context, asking a model only what the journal lacks.

    Parameters
    ----------
    contexts : DataFrame
        A row for each context, columns `context_id`, `area`, `window_start`, `window_end`, and
        `news`, `weather`, `traffic`. A text has one item on each line, and is empty or NULL if
        there is none. The day as a whole is a context too, with the date as its id.
    circumstances : DataFrame
        A row for each context and item; see `dbt_project.summaries.items.contexts_with_items`. Its
        `record_number` is NULL for a text that a ride carries itself. The question about a context
        with such a text uses its three texts; any other question uses items.
    ledger : DataFrame
        `context_summaries` as earlier builds left it, for a journal that was lost.
    settings : Settings
    journal_file : path
        See `dbt_project.summaries.journal`.
    city, time_zone : str
        The city's name in prompts and summaries, and its time zone by its IANA name.
    ride_date : date
        The day that is built. The calls count for this day.
    endpoint : Endpoint or None
        The models' server. None if there is none to ask.

    Returns
    -------
    DataFrame
        `context_id` and the columns of `LEDGER_DTYPES`, one row for each context, ordered by id.
        Contexts with the same prompt have the same answer. A summary without a model belongs to its
        context alone. No language model's server can make this function raise.
    """
    in_order = contexts_with_items(
        contexts, circumstances, city=city, ride_date=ride_date, time_zone=time_zone
    )
    of_rides = set(circumstances.loc[circumstances["record_number"].isna(), "context_id"])
    by_texts = [context for context in in_order if context.context_id in of_rides]
    by_items = [context for context in in_order if context.context_id not in of_rides]
    prompts = prompts_of(contexts, by_texts, settings) | questions_of(by_items, settings)
    distinct = {prompt.question: prompt for prompt in prompts.values()}
    with Journal(journal_file) as journal:
        journal.restore(ledger)
        known = _Known(journal, distinct.values())
        results = {}
        if endpoint is not None:
            to_ask = [
                prompt
                for prompt in distinct.values()
                if not prompt.is_empty and known.answer_to(prompt) is None
            ]
            results = _ask(to_ask, settings, journal, endpoint, ride_date)
            known = _Known(journal, distinct.values())
    # contexts with the same texts ask the same question, and may differ in place and hours
    summaries = {(prompt.question, prompt.extractive_hash): prompt for prompt in prompts.values()}
    rows = {
        key: asdict(_row(prompt, known, results.get(prompt.question), settings, endpoint))
        for key, prompt in summaries.items()
    }
    records = [
        {"context_id": context_id, **rows[prompt.question, prompt.extractive_hash]}
        for context_id, prompt in sorted(prompts.items())
    ]
    table = pd.DataFrame(records, columns=["context_id", *LEDGER_DTYPES])
    return table.astype({"context_id": contexts["context_id"].dtype, **LEDGER_DTYPES})


def calls_of_day(journal_file: str | os.PathLike[str], ride_date: dt.date) -> pd.DataFrame:
    """List the calls to language models that were made for a day, in whatever build.

    Parameters
    ----------
    journal_file : path
    ride_date : date

    Returns
    -------
    DataFrame
        Columns and dtypes as in `dbt_project.summaries.journal.CALLS_DTYPES`, in the order of the
        calls.
    """
    with Journal(journal_file) as journal:
        return journal.of_day(ride_date)


def _ask(
    prompts: Sequence[Prompt],
    settings: Settings,
    journal: Journal,
    endpoint: Endpoint,
    ride_date: dt.date,
) -> dict[str, Result]:
    """Ask for every prompt. Afterwards the answers are in the journal."""
    if not prompts:
        return {}
    gate = Gate(journal, settings.budget, settings.limits)
    results: dict[str, Result] = {}
    shown_at = time.monotonic()

    def show(at_least_after: float = _PROGRESS_SECONDS) -> None:
        nonlocal shown_at
        if time.monotonic() - shown_at >= at_least_after:
            shown_at = time.monotonic()
            _say(_progress(results.values(), len(prompts), gate.spent_usd))

    for index, result in ask_all(
        endpoint, settings.models, settings.limits, prompts, gate, ride_date, show
    ):
        results[prompts[index].question] = result
        show()
    show(at_least_after=0)
    return results


def _progress(results: Iterable[Result], wanted: int, spent_usd: float) -> str:
    """Print the progress: "summaries: 37 of 120, 2 failed, $0.01"."""
    counts = Counter(_status_without_answer(one) for one in results if not one.is_answered)
    done = counts.total() + sum(one.is_answered for one in results)
    parts = [f"summaries: {done} of {wanted}"]
    parts += [f"{counts['failed']} failed"] if counts["failed"] else []
    parts += [f"{counts['budget']} over the budget"] if counts["budget"] else []
    return ", ".join([*parts, f"${spent_usd:.4f}"])


def _say(line: str) -> None:
    """Put a line into dbt's output and log."""
    fire_event(Note(msg=line), level=EventLevel.INFO)


class _Known:
    """The journal's calls by prompt.

    The calls about a question are its answers and, before each answer, the calls that led to it:
    failed attempts, other models, earlier builds. These belong to that answer, so that each call
    counts once.
    """

    def __init__(self, journal: Journal, prompts: Iterable[Prompt]) -> None:
        self._answers: dict[str, list[Call]] = {}
        self._open: dict[str, list[Call]] = {}
        for call in journal.about(key for prompt in prompts for key in prompt.model_hashes):
            calls = self._open.setdefault(call.question, [])
            calls.append(call)
            if call.summary:
                self._answers.setdefault(call.prompt_hash, calls)
                del self._open[call.question]

    def answer_to(self, prompt: Prompt) -> tuple[int, list[Call]] | None:
        """Find the first model of the chain that has answered, and the calls that it took."""
        for position, key in enumerate(prompt.model_hashes):
            if key in self._answers:
                return position, self._answers[key]
        return None

    def calls_in_vain(self, prompt: Prompt) -> list[Call]:
        """Find the calls that have not led to an answer yet."""
        return self._open.get(prompt.question, [])


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


@dataclass(frozen=True, kw_only=True)
class _Row:
    """A row of the ledger; the columns are explained in `models/marts`."""

    prompt_hash: str
    template_version: str = ""
    model: str
    model_that_answered: str = ""
    base_url: str = ""
    parameters: str
    status: str
    reason: str
    summary: str
    summary_source: str
    summary_support: str
    circumstance: str
    item_ids: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    attempts: int = 0
    latency_seconds: float | None = None
    request_id: str = ""
    created_at: dt.datetime = field(default_factory=_now)


def _row(
    prompt: Prompt,
    known: _Known,
    result: Result | None,
    settings: Settings,
    endpoint: Endpoint | None,
) -> _Row:
    """Make the current row of a prompt."""
    answer = known.answer_to(prompt)
    if answer is not None:
        return _answered_row(prompt, *answer, settings)
    if result is not None and endpoint is not None:
        return _unanswered_row(prompt, known.calls_in_vain(prompt), result, settings, endpoint)
    return _extractive_row(prompt)


def _answered_row(prompt: Prompt, position: int, calls: Sequence[Call], settings: Settings) -> _Row:
    call, model = calls[-1], settings.models[position]
    return _Row(
        prompt_hash=call.prompt_hash,
        template_version=prompt.template_version,
        model=model.name,
        model_that_answered=call.model_that_answered,
        base_url=call.base_url,
        parameters=model.parameters_json,
        status="fallback" if position else "ok",
        reason=call.reason,
        summary=call.summary,
        summary_source="llm",
        summary_support=call.summary_support,
        circumstance=call.circumstance,
        item_ids=call.item_ids,
        **_totals(calls),
        latency_seconds=call.latency_seconds,
        request_id=call.request_id,
        created_at=call.called_at,
    )


def _unanswered_row(
    prompt: Prompt, calls: Sequence[Call], result: Result, settings: Settings, endpoint: Endpoint
) -> _Row:
    first = settings.models[0]
    return _Row(
        prompt_hash=prompt.model_hashes[0],
        template_version=prompt.template_version,
        model=first.name,
        base_url=endpoint.public_url,
        parameters=first.parameters_json,
        status=_status_without_answer(result),
        reason=result.reason,
        **_made_here(prompt),
        **_totals(calls),
    )


def _status_without_answer(result: Result) -> str:
    return "budget" if result.is_over_budget else "failed"


def _extractive_row(prompt: Prompt) -> _Row:
    return _Row(
        prompt_hash=prompt.extractive_hash,
        model=EXTRACTIVE_MODEL,
        parameters=EXTRACTIVE_PARAMETERS,
        status="extractive",
        reason="no text" if prompt.is_empty else "",
        **_made_here(prompt),
    )


def _made_here(prompt: Prompt) -> dict[str, Any]:
    """Make the part of a row that is a summary without a model."""
    summary = prompt.without_model()
    return {
        "summary": summary.text,
        "summary_source": "extractive",
        "summary_support": summary.support,
        "circumstance": summary.circumstance,
        "item_ids": json.dumps(summary.item_ids),
    }


def _totals(calls: Sequence[Call]) -> dict[str, Any]:
    """Add up what is known of calls."""
    totals: dict[str, Any] = {"attempts": len(calls)}
    for column in ("prompt_tokens", "completion_tokens", "cost_usd"):
        known = [value for call in calls if (value := getattr(call, column)) is not None]
        totals[column] = sum(known) if known else None
    return totals
