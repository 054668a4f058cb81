"""The question about a context with items, and how its answer becomes a summary.

The question names area and hours and numbers the items. The answer is JSON: sentences with the
numbers of the items that they rest on, and a category. If a server does not support schemas, the
words of the question are enough. An answer counts only if its items support it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from dbt_project.settings.summaries import ItemsTemplate, Settings
from dbt_project.summaries.answers import (
    CUT_OFF,
    MAX_SENTENCES,
    SUMMARY_WIDTH,
    Completion,
    Summary,
    UnusableAnswerError,
    answer_text,
    is_refusal,
)
from dbt_project.summaries.chatter import without_chatter
from dbt_project.summaries.evidence import check
from dbt_project.summaries.extractive import nothing_fits, summarise_extractively
from dbt_project.summaries.items import CATEGORIES, Context, fitting
from dbt_project.summaries.plain_text import plain_text
from dbt_project.summaries.prompts import (
    Messages,
    Prompt,
    clean,
    extractive_hash,
    fill,
    harmless,
    hash_of,
    model_hashes,
)
from dbt_project.summaries.reasoning import reads_like_reasoning
from dbt_project.summaries.replies import NO_CATEGORY, RESPONSE_FORMAT, Claim, read_reply
from dbt_project.summaries.sentences import end_properly, first_sentences, split_sentences


def questions_of(contexts: Iterable[Context], settings: Settings) -> dict[str, Prompt]:
    """Make the prompt of each context.

    Parameters
    ----------
    contexts : iterable of Context
    settings : Settings

    Returns
    -------
    dict
        The prompt of each context id, in the order of the ids. Items that do not fit into it are
        left out whole, the least relevant first. A context without items has an empty prompt.
    """
    ordered = sorted(contexts, key=lambda context: context.context_id)
    return {context.context_id: _question(context, settings) for context in ordered}


def _question(context: Context, settings: Settings) -> Prompt:
    template = settings.items_template
    fitted = replace(
        context, items=tuple(fitting(context.items, context.ride_date, template.longest))
    )
    messages = render(template, fitted, left_out=len(context.items) - len(fitted.items))
    decides = {"answer": RESPONSE_FORMAT, "template_version": template.version}
    return Prompt(
        messages=messages,
        question=hash_of(messages=messages, **decides),
        model_hashes=model_hashes(settings, messages=messages, **decides),
        extractive_hash=extractive_hash(context),
        template_version=template.version,
        is_empty=not fitted.items,
        read=partial(_read, context=fitted),
        without_model=partial(summarise_extractively, context),
        response_format=RESPONSE_FORMAT,
    )


def render(template: ItemsTemplate, context: Context, left_out: int = 0) -> Messages:
    """Fill the template.

    Parameters
    ----------
    template : ItemsTemplate
    context : Context
    left_out : int, default 0
        How many further items there are.

    Returns
    -------
    list of chat messages
        As from `dbt_project.summaries.prompts.render`: a filled-in text cannot imitate the end of
        its block.
    """
    lines = [harmless(clean(item.line(context.ride_date))) for item in context.items]
    lines += [f"({left_out} further items are left out)"] if left_out else []
    values = {
        "city": harmless(clean(context.city)),
        "area": harmless(clean(context.area)) or "the whole city",
        "date": f"{context.ride_date:%A}, {context.ride_date.day} {context.ride_date:%B %Y}",
        "hours": context.hours,
        "items": "\n".join(lines),
        "categories": ", ".join(CATEGORIES),
    }
    return [
        {"role": "system", "content": fill(template.system, values)},
        {"role": "user", "content": fill(template.user, values)},
    ]


def _read(completion: Completion, context: Context) -> Summary:
    """Turn an answer into a summary.

    Raises
    ------
    UnusableAnswerError
        If there is no answer in JSON, or its items do not support it.
    """
    text = answer_text(completion)
    reply = read_reply(text)
    if reply is None:
        if is_refusal(text):
            raise UnusableAnswerError("refused by the model")
        no_json = "no sentences in JSON"
        raise UnusableAnswerError(f"{CUT_OFF}, {no_json}" if completion.is_cut_off else no_json)
    claims = [
        Claim(end_properly(sentence), claim.items)
        for claim in reply.claims
        for sentence in without_chatter(split_sentences(plain_text(claim.text)))
    ][:MAX_SENTENCES]
    if reply.claims and not claims:
        raise UnusableAnswerError("empty answer")
    if not claims:
        return nothing_fits(context, check((), context).text)
    if reads_like_reasoning(" ".join(claim.text for claim in claims)):
        raise UnusableAnswerError("reads like reasoning, not like an answer")
    evidence = check(claims, context)
    if not evidence.is_supported:
        raise UnusableAnswerError(f"unsupported, {evidence.text}")
    named = dict.fromkeys(number for claim in claims for number in claim.items)
    items = {item.number: item for item in context.items}
    first = items[next(iter(named))]
    return Summary(
        text=first_sentences(" ".join(claim.text for claim in claims), len(claims), SUMMARY_WIDTH),
        circumstance=first.category if reply.category == NO_CATEGORY else reply.category,
        item_ids=tuple(items[number].item_id for number in named),
        support=evidence.text,
    )
