"""What is asked about a context, and the keys under which its answer is kept.

A key is a hash of all that decides the answer: the messages, the model, its parameters and the
template's version; not the server's address. Contexts that come to the same messages share them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from dbt_project.settings.summaries import PLACEHOLDER, TEXTS, Settings, Template
from dbt_project.summaries import extractive
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
    texts : tuple of str
        News, weather and traffic.
    messages : list of chat messages
    question : str
        Key of the question, whichever model is asked.
    model_hashes : tuple of str
        Key of the answer of each model of the chain.
    extractive_hash : str
        Key of the extractive summary.
    """

    texts: tuple[str, str, str]
    messages: Messages
    question: str
    model_hashes: tuple[str, ...]
    extractive_hash: str

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to summarise."""
        return not any(self.texts)

    @property
    def most_tokens(self) -> int:
        """The most tokens that a server can count: one for each byte, and what a message adds.

        Tokenisers of today work on bytes and merge them, so a token is never less than one. The
        rest is for what the server's own chat template wraps around the messages.
        """
        written = "".join(str(message["content"]) for message in self.messages)
        return len(written.encode("utf-8", errors="replace")) + _TEMPLATE_TOKENS


_TEMPLATE_TOKENS = 200


def prompts_of(contexts: pd.DataFrame, settings: Settings, city: str) -> dict[Any, Prompt]:
    """Make the prompt of each context.

    Parameters
    ----------
    contexts : DataFrame
        A row for each context, columns `context_id`, `news`, `weather`, `traffic`.
    settings : Settings
    city : str
        Its name, for the prompt.

    Returns
    -------
    dict
        The prompt of each context id, in the order of the ids.
    """
    rows = contexts[["context_id", *TEXTS]].itertuples(index=False, name=None)
    return {
        context_id: _prompt((_clean(news), _clean(weather), _clean(traffic)), settings, city)
        for context_id, news, weather, traffic in sorted(rows, key=lambda row: str(row[0]))
    }


def _prompt(texts: tuple[str, str, str], settings: Settings, city: str) -> Prompt:
    version = settings.template.version
    messages = render(settings.template, texts, city)
    return Prompt(
        texts=texts,
        messages=messages,
        question=_hash(messages=messages, template_version=version),
        model_hashes=tuple(
            _hash(
                messages=messages,
                model=model.name,
                parameters=model.parameters,
                template_version=version,
            )
            for model in settings.models
        ),
        extractive_hash=_hash(
            texts=texts, model=EXTRACTIVE_MODEL, parameters=EXTRACTIVE_PARAMETERS
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
    list of chat messages
        A system message and a user message. What is filled in is never looked at for placeholders,
        and holds no "<" and no ">", so that it cannot imitate the end of its block.
    """
    fitted = (_fit(text.translate(_HARMLESS), template.longest_text) for text in texts)
    values = {"city": _clean(city).translate(_HARMLESS)}
    values |= zip(TEXTS, (text or _NOTHING for text in fitted), strict=True)
    return [
        {"role": "system", "content": _fill(template.system, values)},
        {"role": "user", "content": _fill(template.user, values)},
    ]


def _fill(text: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: values[match[1]], text).strip()


def _fit(text: str, longest: int) -> str:
    """Leave out the last items of a text that is too long, whole, and say how many.

    Of a first item that is too long by itself, the first sentences are kept.
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


def _clean(text: object) -> str:
    """Reduce a text to visible characters, one item a line; empty for NULL."""
    if not isinstance(text, str):
        return ""
    lines = (" ".join(line.split()) for line in printable(text).splitlines())
    return "\n".join(line for line in lines if line)


def _hash(**what_decides: object) -> str:
    canonical = json.dumps(what_decides, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
