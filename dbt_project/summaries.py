"""Summarise the circumstances of rides: who is asked what, and what is kept of the answers.

Contexts go in, rows of the ledger come out. The ledger (`context_summaries` in the warehouse) has a
row for each distinct prompt and model, and is the cache as well: a prompt that a model of the chain
has answered, on any day, is never asked again. Its key is a hash of all that decides the answer:
the messages, the model, its parameters and the template's version; not the server's address. What
was not answered by a model (no model configured, or all of them failed) is summarised extractively,
so that every context has a summary.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dbt_project import extractive
from dbt_project.llm import Endpoint, Limits, Messages, Model, Result, ask_all
from dbt_project.sentences import printable

SETTINGS_FILE = Path(__file__).with_name("summaries.yml")

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
    "prompt_tokens": "Int64",
    "completion_tokens": "Int64",
    "cost_usd": "Float64",
    "attempts": "Int64",
    "latency_seconds": "Float64",
    "request_id": "string",
    "created_at": "datetime64[us]",
}
"""Columns of the ledger. `created_at` is UTC without an offset; `prompt_hash` is the key."""

ANSWERED = frozenset({"ok", "fallback"})
"""The statuses that are served from the ledger: a model has answered."""

EXTRACTIVE_MODEL = "extractive"
_TEXTS = ("news", "weather", "traffic")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_NOTHING = "(none)"


class SettingsError(ValueError):
    """The settings cannot be used; the message is one line that names the field."""


class Template(BaseModel):
    """The prompt: a system message with the instructions, a user message with the data."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    version: str = Field(min_length=1)
    system: str = Field(min_length=1)
    user: str = Field(min_length=1)
    longest_text: int = Field(default=24_000, ge=100)

    @field_validator("system")
    @classmethod
    def _no_data_in_the_instructions(cls, system: str) -> str:
        return _with_placeholders(system, needed=set(), allowed={"city"})

    @field_validator("user")
    @classmethod
    def _all_data_in_the_message(cls, user: str) -> str:
        return _with_placeholders(user, needed=set(_TEXTS), allowed={"city", *_TEXTS})


class Settings(BaseModel):
    """Everything that `summaries.yml` says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    template: Template
    models: tuple[Model, ...] = Field(min_length=1)
    limits: Limits = Field(default_factory=Limits)


def load_settings(path: str | os.PathLike[str] = SETTINGS_FILE) -> Settings:
    """Read the settings from a YAML file.

    Parameters
    ----------
    path : path
        `summaries.yml` beside this module unless told otherwise.

    Returns
    -------
    Settings

    Raises
    ------
    SettingsError
        One line that names the file, the field and what was expected.
    """
    try:
        raw = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"{path}: cannot be read ({type(error).__name__})") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: is no YAML: {' '.join(str(error).split())}") from None
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        message = first["msg"].removeprefix("Value error, ")
        found = " ".join(repr(first["input"]).split())[:60]
        raise SettingsError(f"{path}: {where}: {message}, found {found}") from None


def summarise(
    contexts: pd.DataFrame,
    answered: pd.DataFrame | None,
    settings: Settings,
    *,
    city: str,
    environ: Mapping[str, str] = os.environ,
) -> pd.DataFrame:
    """Summarise contexts, asking a model only what the ledger does not answer.

    Parameters
    ----------
    contexts : DataFrame
        A row for each context, columns `context_id`, `news`, `weather`, `traffic`; a text has one
        item a line, and is empty or NULL if there is none.
    answered : DataFrame or None
        The ledger so far (`prompt_hash` and `status` are read), possibly without rows.
    settings : Settings
    city : str
        Its name, for the prompt.
    environ : mapping of str to str
        Where `OPENAI_API_KEY` and `OPENAI_BASE_URL` are looked up.

    Returns
    -------
    DataFrame
        New rows of the ledger, columns and dtypes as in `LEDGER_DTYPES`, `prompt_hash` distinct, in
        the order of the contexts' ids. A new row replaces a row with the same hash. Nothing that
        a language model's server does raises.
    """
    endpoint = Endpoint.from_environment(environ)
    statuses = _statuses(answered)
    unanswered = [
        prompt
        for prompt in _prompts(contexts, settings, city).values()
        if prompt.answered(statuses) is None
    ]
    to_ask = {
        prompt.asked_hash: prompt for prompt in unanswered if endpoint and not prompt.is_empty
    }
    to_extract = {
        prompt.extractive_hash: prompt
        for prompt in unanswered
        if prompt.asked_hash not in to_ask and prompt.extractive_hash not in statuses
    }
    rows = [_extractive_row(prompt) for prompt in to_extract.values()]
    if endpoint and to_ask:
        rows += _asked_rows(list(to_ask.values()), settings, endpoint)
    return _ledger(rows)


def counting_rows(
    contexts: pd.DataFrame,
    ledger: pd.DataFrame,
    settings: Settings,
    *,
    city: str,
    environ: Mapping[str, str] = os.environ,
) -> pd.DataFrame:
    """Find the row of the ledger that counts for each context, given the settings of today.

    That is the answer of the first model of the chain that has one; without any, the row of the
    failure if a model is configured, else the extractive row.

    Parameters
    ----------
    contexts, settings, city, environ
        As given to `summarise`.
    ledger : DataFrame
        The ledger with the rows that `summarise` returned.

    Returns
    -------
    DataFrame
        `context_id` as in `contexts` and in its order, and `prompt_hash`, which is NULL for a
        context that the ledger knows nothing of.
    """
    configured = Endpoint.from_environment(environ) is not None
    statuses = _statuses(ledger)
    counting = {}
    for context_id, prompt in _prompts(contexts, settings, city).items():
        others = [prompt.asked_hash, prompt.extractive_hash]
        known = [one for one in (others if configured else others[::-1]) if one in statuses]
        counting[context_id] = prompt.answered(statuses) or next(iter(known), None)
    context_ids = contexts["context_id"]
    hashes = [counting[context_id] for context_id in context_ids]
    return pd.DataFrame(
        {
            "context_id": context_ids.reset_index(drop=True),
            "prompt_hash": pd.array(hashes, dtype="string"),
        }
    )


@dataclass(frozen=True)
class _Prompt:
    """One distinct question, and the keys under which the ledger may know its answer."""

    texts: tuple[str, str, str]
    messages: Messages
    model_hashes: tuple[str, ...]
    """One for each model of the chain."""
    extractive_hash: str

    @property
    def is_empty(self) -> bool:
        return not any(self.texts)

    @property
    def asked_hash(self) -> str:
        """The key of the question itself: that of the first model, which is asked first."""
        return self.model_hashes[0]

    def answered(self, statuses: Mapping[str, str]) -> str | None:
        """Find the key of the answer that the ledger has from a model, in order of the chain."""
        return next((key for key in self.model_hashes if statuses.get(key) in ANSWERED), None)


@dataclass(frozen=True)
class _Row:
    """A row of the ledger; the columns are explained in `models/marts`."""

    prompt_hash: str
    template_version: str
    model: str
    model_that_answered: str
    base_url: str
    parameters: str
    status: str
    reason: str
    summary: str
    summary_source: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    attempts: int
    latency_seconds: float | None
    request_id: str
    created_at: dt.datetime


def _asked_rows(prompts: Sequence[_Prompt], settings: Settings, endpoint: Endpoint) -> list[_Row]:
    """Ask for every prompt; the rows stand in the order of the prompts, not of the answers."""
    messages = [prompt.messages for prompt in prompts]
    rows = {
        index: _asked_row(prompts[index], result, settings, endpoint)
        for index, result in ask_all(endpoint, settings.models, settings.limits, messages)
    }
    return [rows[index] for index in range(len(prompts))]


def _asked_row(prompt: _Prompt, result: Result, settings: Settings, endpoint: Endpoint) -> _Row:
    model = result.model or settings.models[0]
    position = settings.models.index(model)
    status = "failed" if result.model is None else "fallback" if position else "ok"
    return _Row(
        prompt_hash=prompt.model_hashes[position],
        template_version=settings.template.version,
        model=model.name,
        model_that_answered=result.answered_by,
        base_url=endpoint.public_url,
        parameters=model.parameters_json,
        status=status,
        reason=result.reason,
        summary=result.summary or _summarise_extractively(prompt.texts),
        summary_source="extractive" if status == "failed" else "llm",
        prompt_tokens=result.prompt_tokens,
        completion_tokens=result.completion_tokens,
        cost_usd=result.cost_usd,
        attempts=result.attempts,
        latency_seconds=result.latency_seconds,
        request_id=result.request_id,
        created_at=_now(),
    )


def _extractive_row(prompt: _Prompt) -> _Row:
    return _Row(
        prompt_hash=prompt.extractive_hash,
        template_version="",
        model=EXTRACTIVE_MODEL,
        model_that_answered="",
        base_url="",
        parameters=_canonical({"version": extractive.VERSION}),
        status="extractive",
        reason="no text" if prompt.is_empty else "",
        summary=_summarise_extractively(prompt.texts),
        summary_source="extractive",
        prompt_tokens=None,
        completion_tokens=None,
        cost_usd=None,
        attempts=0,
        latency_seconds=None,
        request_id="",
        created_at=_now(),
    )


def _prompts(contexts: pd.DataFrame, settings: Settings, city: str) -> dict[Any, _Prompt]:
    """One prompt for each context id, in the order of the ids."""
    rows = contexts[["context_id", *_TEXTS]].itertuples(index=False, name=None)
    return {
        context_id: _prompt((_clean(news), _clean(weather), _clean(traffic)), settings, city)
        for context_id, news, weather, traffic in sorted(rows, key=lambda row: str(row[0]))
    }


def _prompt(texts: tuple[str, str, str], settings: Settings, city: str) -> _Prompt:
    template = settings.template
    messages = render(template, texts, city)
    return _Prompt(
        texts=texts,
        messages=messages,
        model_hashes=tuple(
            _hash(
                messages=messages,
                model=model.name,
                parameters=model.parameters,
                template_version=template.version,
            )
            for model in settings.models
        ),
        extractive_hash=_hash(
            texts=texts, model=EXTRACTIVE_MODEL, parameters={"version": extractive.VERSION}
        ),
    )


def render(template: Template, texts: tuple[str, str, str], city: str) -> Messages:
    """Fill the template.

    Parameters
    ----------
    template : Template
    texts : tuple of str
        News, weather and traffic.
    city : str

    Returns
    -------
    sequence of chat messages
        A system message and a user message. What is filled in is never looked at for placeholders,
        and holds no "<" and no ">", so that it cannot imitate the end of its block.
    """
    fitted = (_fit(text.translate(_HARMLESS), template.longest_text) for text in texts)
    values = {"city": _clean(city).translate(_HARMLESS)}
    values |= zip(_TEXTS, (text or _NOTHING for text in fitted), strict=True)
    return [
        {"role": "system", "content": _fill(template.system, values)},
        {"role": "user", "content": _fill(template.user, values)},
    ]


_HARMLESS = str.maketrans({"<": "\u2039", ">": "\u203a"})


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text).strip()


def _fit(text: str, longest: int) -> str:
    """Leave out the last items of a text that is too long, and say how many."""
    if len(text) <= longest:
        return text
    kept = text[:longest].splitlines()
    left_out = len(text.splitlines()) - len(kept)
    if left_out:
        kept[-1] = f"({left_out + 1} further items are left out)"
    return "\n".join(kept)


def _with_placeholders(text: str, *, needed: set[str], allowed: set[str]) -> str:
    found = set(_PLACEHOLDER.findall(text))
    if missing := sorted(needed - found):
        raise ValueError(f"expected the placeholders {_in_braces(missing)}")
    if unknown := sorted(found - allowed):
        expected = _in_braces(sorted(allowed))
        raise ValueError(f"expected no placeholder but {expected}, not {_in_braces(unknown)}")
    return text


def _in_braces(names: Sequence[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


def _clean(text: object) -> str:
    """Reduce a text to visible characters, one item a line; empty for NULL."""
    if not isinstance(text, str):
        return ""
    lines = (" ".join(line.split()) for line in printable(text).splitlines())
    return "\n".join(line for line in lines if line)


def _summarise_extractively(texts: tuple[str, str, str]) -> str:
    news, weather, traffic = texts
    return extractive.summarise_extractively(news, weather, traffic)


def _statuses(ledger: pd.DataFrame | None) -> dict[str, str]:
    """Map each key of the ledger to its status."""
    if ledger is None or ledger.empty:
        return {}
    return dict(zip(ledger["prompt_hash"], ledger["status"], strict=True))


def _ledger(rows: Iterable[_Row]) -> pd.DataFrame:
    """Rows as a table whose types do not depend on what is in them."""
    records = [asdict(row) for row in rows]
    return pd.DataFrame(records, columns=list(LEDGER_DTYPES)).astype(LEDGER_DTYPES)


def _hash(**what_decides: object) -> str:
    return hashlib.sha256(_canonical(what_decides).encode()).hexdigest()


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)
