"""The question about a context, and the keys of its answer.

A key is a hash of everything that decides the answer: the messages, the model, its parameters and
the template's version. The server's address is not a part of it. Contexts with the same messages
share a key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from dbt_project.settings.summaries import PLACEHOLDER, TEXTS, Settings, Template
from dbt_project.summaries import extractive
from dbt_project.summaries.answers import Completion, Summary, summary_of
from dbt_project.summaries.items import Context
from dbt_project.summaries.plain_text import printable
from dbt_project.summaries.sentences import first_sentences

if TYPE_CHECKING:  # the client takes more than a second to import
    from openai.types.chat import ChatCompletionMessageParam

Messages: TypeAlias = "list[ChatCompletionMessageParam]"

EXTRACTIVE_MODEL = "extractive"
EXTRACTIVE_PARAMETERS = json.dumps({"version": extractive.VERSION})

_NOTHING = "(none)"
_HARMLESS = str.maketrans({"<": "\u2039", ">": "\u203a"})


@dataclass(frozen=True)
class Prompt:
    """One distinct question.

    Attributes
    ----------
    messages : list of chat messages
    question : str
        Key of the question, whichever model is asked.
    model_hashes : tuple of str
        Key of the answer of each entry of the chain.
    extractive_hash : str
        Key of the summary without a model.
    template_version : str
    is_empty : bool
        Whether there is nothing to summarise.
    read : callable
        Makes a summary from an answer, or raises `UnusableAnswerError`.
    without_model : callable
        Makes a summary without one.
    response_format : mapping or None
        The schema of the answer, for servers that support schemas. None for plain text.
    """

    messages: Messages
    question: str
    model_hashes: tuple[str, ...]
    extractive_hash: str
    template_version: str
    is_empty: bool
    read: Callable[[Completion], Summary] = field(repr=False, compare=False)
    without_model: Callable[[], Summary] = field(repr=False, compare=False)
    response_format: Mapping[str, Any] | None = None

    @property
    def most_tokens(self) -> int:
        """The most tokens that a server can count: one for each byte, and what a message adds.

        Today's tokenisers merge bytes, so a token is never less than one byte. The rest is for
        the server's own chat template around the messages.
        """
        written = "".join(str(message["content"]) for message in self.messages)
        written += json.dumps(self.response_format) if self.response_format else ""
        return len(written.encode("utf-8", errors="replace")) + _TEMPLATE_TOKENS


_TEMPLATE_TOKENS = 200


def prompts_of(
    texts: pd.DataFrame, contexts: Iterable[Context], settings: Settings
) -> dict[str, Prompt]:
    """Make the prompt of each context whose question uses texts.

    Parameters
    ----------
    texts : DataFrame
        A row for each of the contexts, and maybe for others. Columns `context_id`, `news`,
        `weather`, `traffic`.
    contexts : iterable of Context
    settings : Settings

    Returns
    -------
    dict
        The prompt of each context id.
    """
    rows = texts[["context_id", *TEXTS]].itertuples(index=False, name=None)
    by_id = {str(context_id): tuple(map(clean, three)) for context_id, *three in rows}
    return {
        context.context_id: _prompt(by_id[context.context_id], context, settings)
        for context in contexts
    }


def _prompt(texts: tuple[str, ...], context: Context, settings: Settings) -> Prompt:
    version = settings.template.version
    messages = render(settings.template, texts, context.city)
    return Prompt(
        messages=messages,
        question=hash_of(messages=messages, template_version=version),
        model_hashes=model_hashes(settings, messages=messages, template_version=version),
        extractive_hash=extractive_hash(context),
        template_version=version,
        is_empty=not any(texts),
        read=summary_of,
        without_model=partial(extractive.summarise_extractively, context),
    )


def render(template: Template, texts: tuple[str, ...], city: str) -> Messages:
    """Fill the template.

    Parameters
    ----------
    template : Template
    texts : tuple of str
        News, weather and traffic.
    city : str

    Returns
    -------
    list of chat messages
        A system message and a user message. Placeholders in a filled-in text are not replaced, and
        it has no "<" and no ">". So it cannot imitate the end of its block.
    """
    fitted = (_fit(harmless(text), template.longest_text) for text in texts)
    values = {"city": harmless(clean(city))}
    values |= zip(TEXTS, (text or _NOTHING for text in fitted), strict=True)
    return [
        {"role": "system", "content": fill(template.system, values)},
        {"role": "user", "content": fill(template.user, values)},
    ]


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace the placeholders of a template, but none in the texts that are filled in."""
    return PLACEHOLDER.sub(lambda match: values[match[1]], text).strip()


def _fit(text: str, longest: int) -> str:
    """Shorten a text that is too long: leave out its last items whole, and say how many.

    If the first item alone is too long, its first sentences are kept.
    """
    if len(text) <= longest:
        return text
    items = text.splitlines()
    room = longest - len(_left_out(len(items)))
    ends = accumulate(len(item) + 1 for item in items)
    whole = sum(1 for end in ends if end <= room)
    kept = items[:whole] or [first_sentences(items[0], len(items[0]), room)]
    left_out = len(items) - len(kept)
    return "\n".join([*kept, _left_out(left_out)] if left_out else kept)


def _left_out(items: int) -> str:
    return f"({items} further {'item is' if items == 1 else 'items are'} left out)"


def harmless(text: str) -> str:
    """Write "<" and ">" in another way, so that a text cannot close its block."""
    return text.translate(_HARMLESS)


def clean(text: object) -> str:
    """Reduce a text to visible characters, one item on each line. Empty for NULL."""
    if not isinstance(text, str):
        return ""
    lines = (" ".join(line.split()) for line in printable(text).splitlines())
    return "\n".join(line for line in lines if line)


def model_hashes(settings: Settings, **what_decides: object) -> tuple[str, ...]:
    """Make the key of the answer of each entry of the chain.

    Parameters that do not change an answer are not part of the key. So entries with different
    service tiers share it.
    """
    return tuple(
        hash_of(model=model.name, parameters=model.deciding_parameters, **what_decides)
        for model in settings.models
    )


def extractive_hash(context: Context) -> str:
    """Make the key of a context's summary without a model, from its place, hours and items."""
    return hash_of(
        context=json.dumps(asdict(replace(context, context_id="")), default=str),
        model=EXTRACTIVE_MODEL,
        parameters=EXTRACTIVE_PARAMETERS,
    )


def hash_of(**what_decides: object) -> str:
    """Make a key of everything that decides an answer."""
    canonical = json.dumps(what_decides, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
