"""One request to a language model's server: what is sent, what comes back, what a failure means.

The official client does the talking, with its own retries off: they repeat a call that can never
succeed (a used-up quota), know nothing of the time and the money that are left, and do not count.
"""

from __future__ import annotations

import contextlib
import threading
import time
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from dbt_project.settings.summaries import Model
from dbt_project.summaries.answers import (
    UnusableAnswerError,
    complaint,
    one_line,
    read_completion,
    seconds_to_wait,
    summary_of,
)
from dbt_project.summaries.endpoint import Endpoint
from dbt_project.summaries.journal import Outcome
from dbt_project.summaries.prompts import Messages
from dbt_project.summaries.sentences import shorten

# The client takes more than a second to import, and a build without a model never needs it.
if TYPE_CHECKING:
    import openai

_ANSWER_BYTES = 4_000_000  # read of a response: a server gone mad must not fill the memory
_REASON_WIDTH = 200

_OUT_OF_MONEY = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
_UNSUPPORTED = {"unsupported_parameter", "unsupported_value", "unknown_parameter"}


class Scope(Enum):
    """How far a failure reaches."""

    CALL = "this call; another attempt may do better"
    PROMPT = "this prompt with this model; the next model may do better"
    MODEL = "this model, for the rest of the run"
    RUN = "every model, for the rest of the run"


class Tokens(NamedTuple):
    """What a call has used; None if it is not known, and then it counts at its most."""

    prompt: int | None
    completion: int | None


class Usage(TypedDict):
    """The part of an outcome that the budget counts."""

    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None


_UNKNOWN, _UNUSED = Tokens(None, None), Tokens(0, 0)


class CallFailedError(Exception):
    """A call that gave no usable answer, or was not made at all.

    Attributes
    ----------
    reason : str
    scope : Scope
    tokens : Tokens
    wait : float or None
        Seconds that the server asks to wait before the next attempt; None if it does not say.
    is_reached : bool
        Whether the server has said something of its own about the call.
    """

    def __init__(
        self,
        reason: str,
        scope: Scope,
        tokens: Tokens = _UNKNOWN,
        *,
        wait: float | None = None,
        is_reached: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.scope = scope
        self.tokens = tokens
        self.wait = wait
        self.is_reached = is_reached


class Exchange:
    """The way to the server. Many threads may use it.

    Parameters
    ----------
    endpoint : Endpoint
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._client: openai.OpenAI | None = None

    def open(self) -> openai.OpenAI:
        """Make the client, unless it is there.

        Raises
        ------
        CallFailedError
            If the address is none.
        """
        if not self._endpoint.public_url:
            raise CallFailedError("OPENAI_BASE_URL is no HTTP URL", Scope.RUN)
        with self._lock:
            if self._client is None:
                self._client = self._endpoint.client()
                _ = self._client.chat.completions  # imported now, on no call's time
            return self._client

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock, contextlib.suppress(Exception):
            if self._client is not None:
                self._client.close()

    def ask(self, model: Model, messages: Messages, seconds: float) -> Outcome:
        """Send one request and read what comes back.

        Parameters
        ----------
        model : Model
        messages : list of chat messages
        seconds : float
            The most that it may take.

        Returns
        -------
        Outcome
            With a summary.

        Raises
        ------
        CallFailedError
            If there is no usable answer.
        """
        import openai

        client, started = self.open(), time.monotonic()
        try:
            body, request_id = _post(client, model, messages, seconds)
        except openai.APITimeoutError as error:
            reason = f"no answer within {seconds:.3g} s"
            raise CallFailedError(reason, Scope.CALL, _unused_if_unsent(error)) from None
        except openai.APIConnectionError as error:
            raise CallFailedError("no connection", Scope.CALL, _unused_if_unsent(error)) from None
        except openai.APIStatusError as error:
            raise self._refused(model, error) from None
        latency_seconds = round(time.monotonic() - started, 3)
        completion = read_completion(body)
        if completion is None:
            raise CallFailedError("the answer is no chat completion", Scope.CALL)
        tokens = Tokens(completion.prompt_tokens, completion.completion_tokens)
        try:
            summary = summary_of(completion)
        except UnusableAnswerError as error:
            raise CallFailedError(str(error), Scope.PROMPT, tokens, is_reached=True) from None
        return Outcome(
            summary=self._endpoint.scrub(summary),
            model_that_answered=self._label(completion.model) or model.name,
            request_id=self._label(request_id or completion.id),
            latency_seconds=latency_seconds,
            **usage(model, tokens),
        )

    def _refused(self, model: Model, error: openai.APIStatusError) -> CallFailedError:
        """Say how far an HTTP status other than 2xx reaches."""
        status, codes = error.status_code, {str(error.code), str(error.type)}
        reason = f"HTTP {status}: {complaint(error.body)}".rstrip(": ")
        reason = shorten(self._endpoint.scrub(reason), _REASON_WIDTH)
        again = error.response.headers.get("x-should-retry") != "false"
        wait = None
        if codes & _OUT_OF_MONEY or status == 402:
            scope = Scope.RUN
        elif "model_not_found" in codes or status in {404, 410}:
            scope = Scope.MODEL
        elif status in {401, 403}:
            scope = Scope.RUN
        elif codes & _UNSUPPORTED or str(error.param) in model.parameters:
            scope = Scope.MODEL
        elif again and (status in {408, 409, 429} or status >= 500):
            scope, wait = Scope.CALL, seconds_to_wait(error.response.headers)
        else:
            scope = Scope.PROMPT
        return CallFailedError(reason, scope, _UNUSED, wait=wait, is_reached=status < 500)

    def _label(self, text: object) -> str:
        return shorten(self._endpoint.scrub(one_line(text)), 100)


def usage(model: Model, tokens: Tokens) -> Usage:
    """Say what a call has used, and what that costs."""
    if tokens.prompt is None or tokens.completion is None:
        cost_usd = None
    else:
        cost_usd = model.cost_usd(tokens.prompt, tokens.completion)
    return {
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.completion,
        "cost_usd": cost_usd,
    }


def _post(
    client: openai.OpenAI, model: Model, messages: Messages, seconds: float
) -> tuple[bytes, str]:
    """Return the answer's body and request id.

    The body is read in pieces, because the client's timeout holds for each read: a server that
    sends one byte at a time would never meet it.
    """
    until = time.monotonic() + seconds
    body = bytearray()
    with client.chat.completions.with_streaming_response.create(
        model=model.name, messages=messages, extra_body=model.parameters, timeout=seconds
    ) as response:
        try:
            for piece in response.iter_bytes():
                body += piece
                if time.monotonic() > until or len(body) > _ANSWER_BYTES:
                    break
            else:
                return bytes(body), response.headers.get("x-request-id", "")
        except Exception as error:  # of the HTTP library, which the client hides elsewhere
            reason = f"the answer broke off ({type(error).__name__})"
            raise CallFailedError(reason, Scope.CALL) from None
    if len(body) > _ANSWER_BYTES:
        raise CallFailedError("the answer has no end", Scope.PROMPT)
    raise CallFailedError(f"no whole answer within {seconds:.3g} s", Scope.CALL)


def _unused_if_unsent(error: openai.APIConnectionError) -> Tokens:
    """A call that never reached a server costs nothing; one that was lost on the way may."""
    is_unsent = type(error.__cause__).__name__.startswith("Connect")
    return _UNUSED if is_unsent else _UNKNOWN
