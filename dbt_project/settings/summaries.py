"""The settings of `summaries.yml`: the prompts, the chain of models, limits and budget."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)

from dbt_project.errors import UserError
from dbt_project.settings.environment import PROJECT, of_project

_NAME = "dbt_project/summaries.yml"
SETTINGS_FILE = PROJECT / _NAME

TEXTS = ("news", "weather", "traffic")
PLACEHOLDER = re.compile(r"\{(\w*)\}")
MOST_TOKENS_PARAMETERS = ("max_completion_tokens", "max_tokens")
NEUTRAL_PARAMETERS = frozenset(
    {
        *("service_tier", "priority", "user", "safety_identifier", "metadata", "store"),
        *("prompt_cache_key", "prompt_cache_retention", "cache_prompt", "keep_alive", "timeout"),
    }
)
"""Parameters that change how, when or for whom an answer is made, and not the answer."""


class SettingsError(UserError):
    """The settings cannot be used; the message is one line that names the field."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Template(_Settings):
    """The prompt: a system message with the instructions, a user message with the data."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

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
        return _with_placeholders(user, needed=set(TEXTS), allowed={"city", *TEXTS})


class ItemsTemplate(_Settings):
    """The question about numbered items. The model answers in JSON."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    version: str = Field(min_length=1)
    system: str = Field(min_length=1)
    user: str = Field(min_length=1)
    longest: int = Field(default=24_000, ge=100)

    @field_validator("system")
    @classmethod
    def _no_data_in_the_instructions(cls, system: str) -> str:
        return _with_placeholders(system, needed=set(), allowed={"city", "categories"})

    @field_validator("user")
    @classmethod
    def _all_data_in_the_message(cls, user: str) -> str:
        needed = {"area", "hours", "items"}
        return _with_placeholders(user, needed=needed, allowed={"city", "date", *needed})


class Prices(_Settings):
    """What a model costs, in US dollars per million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class Model(_Settings):
    """One entry of the chain: a model, the parameters of every call to it, and its prices."""

    name: str = Field(min_length=1)
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    usd_per_million_tokens: Prices | None = None

    @field_validator("parameters")
    @classmethod
    def _leave_the_request_alone(cls, parameters: dict[str, JsonValue]) -> dict[str, JsonValue]:
        for name in ("model", "messages", "stream", "n", "tools", "response_format"):
            if name in parameters:
                raise ValueError(
                    f"expected parameters of the model, {name!r} is set by the program"
                )
        return parameters

    @property
    def parameters_json(self) -> str:
        """The parameters as canonical JSON."""
        return json.dumps(self.parameters, sort_keys=True, ensure_ascii=False)

    @property
    def deciding_parameters(self) -> dict[str, JsonValue]:
        """The parameters that change an answer. They are part of its key."""
        return {
            name: value for name, value in self.parameters.items() if name not in NEUTRAL_PARAMETERS
        }

    @property
    def most_completion_tokens(self) -> int | None:
        """The most tokens that an answer may have. None if the parameters set no limit."""
        given = (self.parameters.get(name) for name in MOST_TOKENS_PARAMETERS)
        return next((most for most in given if isinstance(most, int)), None)

    def cost_usd(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """Return the price of a call, or None for a model without prices."""
        if self.usd_per_million_tokens is None:
            return None
        prices = self.usd_per_million_tokens
        millionths = prompt_tokens * prices.input + completion_tokens * prices.output
        return round(millionths / 1_000_000, 10)


class Limits(_Settings):
    """How many calls at once, how often, and for how long. Times are in seconds."""

    concurrency: int = Field(default=8, ge=1, le=64)
    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)
    attempts: int = Field(default=3, ge=1, le=10)
    call_seconds: float = Field(default=30, gt=0)
    step_seconds: float = Field(default=600, gt=0)
    backoff_seconds: float = Field(default=1, ge=0)
    longest_wait_seconds: float = Field(default=60, ge=0)
    give_up_after: int = Field(default=5, ge=1)


class Allowance(_Settings):
    """The most that may be spent in a period. None means no limit."""

    calls: int | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    usd: float | None = Field(default=None, ge=0)


class Budget(_Settings):
    """What may be spent in a calendar day and in a calendar month, UTC."""

    day: Allowance = Field(default_factory=Allowance)
    month: Allowance = Field(default_factory=Allowance)

    @property
    def counts_tokens(self) -> bool:
        """Whether the largest number of tokens must be known before a call."""
        allowances = (self.day, self.month)
        return any(one.tokens is not None or one.usd is not None for one in allowances)


class Settings(_Settings):
    """All settings of `summaries.yml`."""

    template: Template
    items_template: ItemsTemplate
    models: tuple[Model, ...] = Field(min_length=1)
    limits: Limits = Field(default_factory=Limits)
    budget: Budget = Field(default_factory=Budget)

    @model_validator(mode="after")
    def _no_answer_without_an_end_on_a_budget(self) -> Self:
        for model in self.models:
            if self.budget.counts_tokens and model.most_completion_tokens is None:
                one_of = " or ".join(MOST_TOKENS_PARAMETERS)
                raise ValueError(
                    f"expected {one_of} among the parameters of {model.name}, "
                    "because there is a budget of tokens or money"
                )
        return self


def load_settings(path: str | os.PathLike[str] | None = None) -> Settings:
    """Read the settings from a YAML file.

    Parameters
    ----------
    path : path, optional
        The project's own `dbt_project/summaries.yml` by default.

    Returns
    -------
    Settings

    Raises
    ------
    SettingsError
        One line that names the file, the field and what was expected.
    """
    path = path or of_project(_NAME)
    try:
        raw = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"{path}: cannot be read ({type(error).__name__})") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a text that looks like a date
        raise SettingsError(f"{path}: is no YAML: {' '.join(str(error).split())}") from None
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        if where:
            message += f", found {' '.join(repr(first['input']).split())[:60]}"
        raise SettingsError(f"{path}: {where or 'the file'}: {message}") from None


def _with_placeholders(text: str, *, needed: set[str], allowed: set[str]) -> str:
    found = set(PLACEHOLDER.findall(text))
    if missing := sorted(needed - found):
        raise ValueError(f"expected the placeholders {_in_braces(missing)}")
    if unknown := sorted(found - allowed):
        expected = _in_braces(sorted(allowed))
        raise ValueError(f"expected no placeholder but {expected}, not {_in_braces(unknown)}")
    return text


def _in_braces(names: Sequence[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
