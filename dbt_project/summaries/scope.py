"""Scope: how far a server's refusal reaches, from one call to the whole run.

If a refusal holds for every prompt, the other prompts must not be asked. If it passes, or concerns
only one prompt, it must not end the run. Servers agree on neither codes nor words. So status, codes
and words are read in an order that puts the most reliable sign first.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import Enum

from dbt_project.summaries.complaints import Complaint, bare


class Scope(Enum):
    """How far a failure reaches."""

    CALL = "this call; another attempt may do better"
    PROMPT = "this prompt with this entry of the chain; the next entry may do better"
    ENTRY = "this model with these parameters, for the rest of the run"
    MODEL = "this model, for the rest of the run"
    RUN = "every model, for the rest of the run"


def scope_of(status: int, complaint: Complaint, model: str, parameters: Collection[str]) -> Scope:
    """Decide how far a refusal reaches.

    Parameters
    ----------
    status : int
        The response's status. If it is less than 400, the status in the complaint counts.
    complaint : Complaint
    model : str
        The name that was asked for.
    parameters : collection of str
        The names of the parameters that were sent.

    Returns
    -------
    Scope
        `PROMPT` if nothing is recognised.
    """
    status = status if status >= 400 else complaint.status or status
    codes, said = complaint.codes, complaint.text.lower().replace("\u2019", "'")
    is_busy = status < 500 and (
        status == 429 or bool(codes & _BUSY_CODES) or bool(_BUSY.search(said))
    )
    if codes & _FILTER_CODES or _FILTERED.search(said):
        return Scope.PROMPT
    if status == 402 or codes & _MONEY_CODES:
        return Scope.RUN
    # A rate limit's message may also mention quotas; but it says when to come back.
    if _NO_MONEY.search(said) and not (is_busy and complaint.wait is not None):
        return Scope.RUN
    if codes & _MODEL_CODES or _NO_ACCESS_TO_MODEL.search(said):
        return Scope.MODEL
    is_named = _names(parameters, complaint, said)
    if status in {401, 403} or codes & _KEY_CODES or (_NO_KEY.search(said) and not is_named):
        return Scope.RUN
    if status == 413 or "request too large" in said:
        return Scope.PROMPT
    if is_busy:
        return Scope.MODEL if _USED_UP_FOR_LONG.search(said) else Scope.CALL
    if codes & _LENGTH_CODES or _TOO_LONG.search(said):
        return Scope.PROMPT
    if status < 500 and (is_named or codes & _PARAMETER_CODES or _NO_PARAMETER.search(said)):
        return Scope.ENTRY
    if _PASSING.search(said) and not 400 <= status < 500:
        return Scope.CALL
    if status in {404, 410} or "model" in complaint.fields or _NO_MODEL.search(said):
        return Scope.MODEL
    if status < 500 and model.lower() in said and _DENIES.search(said):
        return Scope.MODEL
    return Scope.CALL if status in {408, 409, 425} or status >= 500 else Scope.PROMPT


def _names(parameters: Collection[str], complaint: Complaint, said: str) -> bool:
    """Tell whether a complaint names a parameter that was sent."""
    # "reasoning_effort" may be written reasoningEffort, or stand in response_format.json_schema.
    words = re.findall(r"\w+", " ".join([said, *complaint.fields]))
    return not {bare(name) for name in parameters}.isdisjoint(bare(word) for word in words)


def _codes(*names: str) -> frozenset[str]:
    return frozenset(bare(name) for name in names)


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_FILTER_CODES = _codes("content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation")
_FILTERED = _any_of(
    r"content[ _](?:management )?(?:policy|filter)",
    r"\bflagged\b|\bmoderation\b",
    r"safety (?:system|filter)",
)
_MONEY_CODES = _codes(
    "insufficient_quota",
    "insufficient_balance",
    "insufficient_credits",
    "insufficient_user_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "budget_exceeded",
    "payment_required",
    "arrearage",
)
_NO_MONEY = _any_of(
    r"insufficient\W+(?:\w+\W+){0,2}(?:balance|funds?|credits?|quota)",
    r"(?:balance|credits?|funds)\W+(?:\w+\W+){0,2}(?:too low|insufficient|exhausted|depleted)",
    r"(?:exceed\w*|out of|no|not enough|more|reached|exhausted)\W+(?:\w+\W+){0,4}"
    r"(?:credits?|quota|billing|spend\w*|budget)\b",
    r"(?:quota|budget|credits?)\W+(?:\w+\W+){0,3}(?:exceeded|exhausted|used up|reached)",
    r"payment required|arrears|overdue",
)
_MODEL_CODES = _codes(
    "model_not_found",
    "model_not_exist",
    "model_not_available",
    "model_not_supported",
    "model_decommissioned",
    "model_terminated",
    "unknown_model",
    "invalid_model",
    "DeploymentNotFound",
    "key_model_access_denied",
)
_NO_ACCESS_TO_MODEL = _any_of(
    r"(?:no|not|n't)\b(?:\W+\w+){0,4}\W+access(?:\W+\w+){0,3}\W+models?\b",
    r"(?:no|not|n't)\b(?:\W+\w+){0,2}\W+allowed\W+to\W+(?:access|use|call)(?:\W+\w+){0,2}\W+models?\b",
)
_KEY_CODES = _codes(
    "invalid_api_key",
    "invalid_key",
    "api_key_invalid",
    "InvalidApiKey",
    "authentication_error",
    "invalid_authentication",
    "invalid_token",
    "unauthorized",
    "unauthenticated",
    "permission_denied",
    "access_denied",
    "account_deactivated",
)
_KEY = r"(?:api|access|subscription|auth\w*|secret|bearer)[ _-]?(?:key|token)s?"
_NO_KEY = _any_of(
    rf"{_KEY}\b.{{0,60}}?\b(?:not valid|invalid|incorrect|wrong|missing|required|expired|revoked"
    r"|not found|not provided|disabled|blocked|denied|rejected|does not|doesn't|mismatch)",
    r"(?:invalid|incorrect|wrong|missing|expired|no|bad|unknown|malformed|revoked|disabled|without"
    rf"|provide|require\w*)\b.{{0,30}}?\b{_KEY}",
    r"(?:invalid|incorrect|wrong|bad|expired|missing|no)(?: \w+){0,2} credentials?\b",
    r"(?:invalid|incorrect|wrong|bad|expired|missing) (?:key|token)\b",
    r"\bkey\b.{0,30}\b(?:invalid|incorrect|wrong|not valid|expired|revoked|rejected)\b",
    r"unauthori[sz]ed|unauthenticated|not authenticated|not authori[sz]ed",
    r"authenticat\w+ (?:fail|requir|err|cred)|invalid (?:authentication|bearer)",
    r"permission denied|access denied|^\W*(?:403\W+)?forbidden\b",
    r"(?:log|sign)[ -]?in (?:fail|requir)",
)
_BUSY_CODES = _codes(
    "rate_limit_exceeded", "rate_limit_error", "too_many_requests", "ThrottlingException"
)
_BUSY = _any_of(r"rate[ -]?limit|too many (?:\w+ )?requests|throttl")
_USED_UP_FOR_LONG = _any_of(r"per[ _-]?(?:day|month)\b|perday|permonth|\bdaily\b|\bmonthly\b")
_LENGTH_CODES = _codes(
    "context_length_exceeded",
    "exceed_context_size_error",
    "string_above_max_length",
    "request_too_large",
    "prompt_too_long",
    "ContextWindowExceededError",
)
_TOO_LONG = _any_of(
    r"context[ _](?:length|window|size|limit)|maximum context|max_model_len",
    r"too many (?:input )?tokens|tokens\b.{0,60}must be <",
    r"(?:prompt|input|request|messages?|content|payload|text|string)\W+(?:\w+\W+){0,6}"
    r"too (?:long|large|big)",
    r"(?:exceed\w*|longer than|greater than|larger than)\W+(?:\w+\W+){0,8}"
    r"(?:context|tokens?|maximum length|input length)\b",
    r"reduce (?:the|your) (?:length|prompt|input|messages)",
)
_PARAMETER_CODES = _codes(
    "unsupported_parameter",
    "unsupported_value",
    "unknown_parameter",
    "invalid_parameter",
    "extra_forbidden",
    "unrecognized_keys",
    "UnsupportedParamsError",
)
_NO_PARAMETER = _any_of(
    r"(?:unsupported|unknown|unrecogni[sz]ed|invalid|requested|extra|additional) (?:request )?"
    r"(?:param\w*|arguments?|keys?|fields?|inputs?|propert\w+)",
    r"cannot find field",
)
_PASSING = _any_of(
    r"overload|\bbusy\b|capacity|high (?:demand|load)|slow down|unavailable|\bloading\b",
    r"temporar|try again|retry|tim(?:e|ed)[ -]?out|deadline",
    r"(?:internal|server|unexpected) (?:server )?error|bad gateway|upstream|something went wrong",
)
_NO_MODEL = _any_of(
    r"\bmodels?\b.{0,80}?\b(?:not found|not exist|doesn't exist|not (?:\w+ )?(?:available|supported"
    r"|loaded|served|valid|recogni[sz]ed|deployed|enabled|accessible|permitted))\b",
    r"\bmodels?\b.{0,80}?\b(?:deprecated|decommissioned|retired|discontinued|removed|no longer)\b",
    r"\b(?:unknown|invalid|no such|unsupported|unrecogni[sz]ed) (?:\w+ )?models?\b",
    r"\bno (?:\w+ )?models? (?:\w+ ){0,2}(?:loaded|found|available|matching|named)\b",
    r"(?:could not|couldn't|cannot|can't|failed to|unable to) (?:\w+ )?"
    r"(?:load|find|access|locate|resolve)\b.{0,30}model",
    r"not a valid model|model (?:\w+ )?(?:is )?invalid|try pulling",
    r"no (?:\w+ )?(?:endpoint|deployment|provider|router)s?\b.{0,40}\b(?:found|for|available)",
    r"deployment\b.{0,60}\bnot (?:exist|found)|does not support (?:chat|generate|completion)",
)
_DENIES = _any_of(r"\b(?:not?|unknown|invalid|unavailable|unsupported|cannot)\b|n't\b")
