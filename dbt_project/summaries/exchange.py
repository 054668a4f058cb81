"""One request to a language model's server: the request, the response, the meaning of a failure.

The official client makes the request, with its own retries off. They would repeat a call that can
never succeed (a used-up quota), ignore the time and money that are left, and count no calls.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from dbt_project.settings.summaries import Model
from dbt_project.summaries.answers import (
    NoCompletionError,
    UnusableAnswerError,
    one_line,
    read_completion,
)
from dbt_project.summaries.complaints import Complaint, complaint_in, seconds_to_wait
from dbt_project.summaries.endpoint import Endpoint
from dbt_project.summaries.journal import Outcome
from dbt_project.summaries.prompts import Messages, Prompt
from dbt_project.summaries.scope import Scope, scope_of
from dbt_project.summaries.sentences import shorten

# The client takes more than a second to import, and a build without a model never needs it.
if TYPE_CHECKING:
    import openai

_ANSWER_BYTES = (
    4_000_000  # the most to read of a response, so that a broken server cannot fill the memory
)
_REASON_WIDTH = 200
_FORMAT = re.compile(
    r"response.?format|json.?(?:schema|object|mode)|structured.?output|guided|grammar|\bschema\b",
    re.IGNORECASE,
)


class Tokens(NamedTuple):
    """The tokens that a call has used. None if not known; the call then counts at its most."""

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
        Seconds that the server asks to wait before the next attempt. None if it does not say.
    is_reached : bool
        Whether the server itself has answered the call.
    is_about_format : bool
        Whether the server may not support the way in which the answer's format was asked for.
    """

    def __init__(
        self,
        reason: str,
        scope: Scope,
        tokens: Tokens = _UNKNOWN,
        *,
        wait: float | None = None,
        is_reached: bool = False,
        is_about_format: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.scope = scope
        self.tokens = tokens
        self.wait = wait
        self.is_reached = is_reached
        self.is_about_format = is_about_format


class Exchange:
    """The connection to the server. Many threads may use it.

    Parameters
    ----------
    endpoint : Endpoint
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._client: openai.OpenAI | None = None

    def open(self) -> openai.OpenAI:
        """Make the client, unless it exists.

        Raises
        ------
        CallFailedError
            If the address is not valid.
        """
        if not self._endpoint.public_url:
            raise CallFailedError("OPENAI_BASE_URL is no HTTP URL", Scope.RUN)
        with self._lock:
            if self._client is None:
                self._client = self._endpoint.client()
                _ = (
                    self._client.chat.completions
                )  # imported here, so that it does not take a call's time
            return self._client

    def close(self) -> None:
        """Close the connections."""
        with self._lock, contextlib.suppress(Exception):
            if self._client is not None:
                self._client.close()

    def ask(
        self, model: Model, prompt: Prompt, seconds: float, *, plainly: bool = False
    ) -> Outcome:
        """Send one request and read what comes back.

        Parameters
        ----------
        model : Model
        prompt : Prompt
        seconds : float
            The most that it may take.
        plainly : bool, default False
            Whether to ask for the answer's format only in the words of the prompt.

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

        parameters: dict[str, object] = {**model.parameters}
        if prompt.response_format and not plainly:
            parameters["response_format"] = prompt.response_format
        client, started = self.open(), time.monotonic()
        try:
            body, request_id = _post(client, model.name, prompt.messages, parameters, seconds)
        except openai.APITimeoutError as error:
            reason = f"no answer within {seconds:.3g} s"
            raise CallFailedError(reason, Scope.CALL, _unused_if_unsent(error)) from None
        except openai.APIConnectionError as error:
            raise CallFailedError("no connection", Scope.CALL, _unused_if_unsent(error)) from None
        except openai.APIStatusError as error:
            raise self._refused(model.name, parameters, error) from None
        latency_seconds = round(time.monotonic() - started, 3)
        try:
            completion = read_completion(body)
        except NoCompletionError as error:
            raise self._no_completion(model.name, parameters, error) from None
        tokens = Tokens(completion.prompt_tokens, completion.completion_tokens)
        try:
            summary = prompt.read(completion)
        except UnusableAnswerError as error:
            reason = shorten(self._endpoint.scrub(str(error)), _REASON_WIDTH)
            raise CallFailedError(reason, Scope.PROMPT, tokens, is_reached=True) from None
        return Outcome(
            summary=self._endpoint.scrub(summary.text),
            circumstance=summary.circumstance,
            item_ids=json.dumps(summary.item_ids),
            summary_support=summary.support,
            model_that_answered=self._label(completion.model) or model.name,
            request_id=self._label(request_id or completion.id),
            latency_seconds=latency_seconds,
            **usage(model, tokens),
        )

    def _refused(
        self, model: str, parameters: Mapping[str, object], error: openai.APIStatusError
    ) -> CallFailedError:
        """Read a response with a status other than 2xx."""
        status, headers = error.status_code, error.response.headers
        complaint = complaint_in(error.response.content)
        scope = scope_of(status, complaint, model, parameters)
        is_about_format = _is_about_format(parameters, complaint, scope)
        if scope is Scope.CALL and headers.get("x-should-retry") == "false":
            scope = Scope.PROMPT
        wait = seconds_to_wait(headers)
        return CallFailedError(
            self._quoted(f"HTTP {status}", complaint),
            scope,
            _UNUSED,
            wait=complaint.wait if wait is None else wait,
            is_reached=status < 500,
            is_about_format=is_about_format,
        )

    def _no_completion(
        self, model: str, parameters: Mapping[str, object], error: NoCompletionError
    ) -> CallFailedError:
        """Read a response with status 200 that is an error all the same, or is unknown."""
        scope = scope_of(200, error.complaint, model, parameters)
        if not error.is_error:
            what = "the answer is no chat completion"
            scope = Scope.CALL if scope is Scope.PROMPT else scope
        else:
            what = "HTTP 200 with an error"
        return CallFailedError(
            self._quoted(what, error.complaint),
            scope,
            _UNUSED if error.is_error and not error.is_begun else _UNKNOWN,
            wait=error.complaint.wait,
            is_reached=error.is_error and (error.complaint.status or 400) < 500,
            is_about_format=_is_about_format(parameters, error.complaint, scope),
        )

    def _quoted(self, what: str, complaint: Complaint) -> str:
        said = complaint.text or ", ".join(sorted(complaint.codes))
        return shorten(self._endpoint.scrub(f"{what}: {said}".rstrip(": ")), _REASON_WIDTH)

    def _label(self, text: object) -> str:
        return shorten(self._endpoint.scrub(one_line(text)), 100)


def usage(model: Model, tokens: Tokens) -> Usage:
    """Return the tokens that a call has used, and their cost."""
    if tokens.prompt is None or tokens.completion is None:
        cost_usd = None
    else:
        cost_usd = model.cost_usd(tokens.prompt, tokens.completion)
    return {
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.completion,
        "cost_usd": cost_usd,
    }


def _is_about_format(parameters: Mapping[str, object], complaint: Complaint, scope: Scope) -> bool:
    """Whether a refusal may be about the answer's format. Then it is asked for in words."""
    if "response_format" not in parameters:
        return False
    said = " ".join([complaint.text, *complaint.fields, *complaint.codes])
    return scope is Scope.ENTRY or bool(_FORMAT.search(said))


def _post(
    client: openai.OpenAI,
    model: str,
    messages: Messages,
    parameters: Mapping[str, object],
    seconds: float,
) -> tuple[bytes, str]:
    """Return the answer's body and request id.

    The body is read in pieces, because the client's timeout holds for each read: a server that
    sends one byte at a time would never meet it.
    """
    until = time.monotonic() + seconds
    body = bytearray()
    with client.chat.completions.with_streaming_response.create(
        model=model, messages=messages, extra_body=parameters, timeout=seconds
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
    """A call that never reached a server costs nothing. A call that was lost later may cost."""
    is_unsent = type(error.__cause__).__name__.startswith("Connect")
    return _UNUSED if is_unsent else _UNKNOWN
