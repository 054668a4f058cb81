"""Ask a chain of language models through any OpenAI-compatible server, and survive the answer.

The models of the chain are asked in order until one gives a usable answer, which the journal has
before anybody else. Nothing that a server does raises out of this module: whatever goes wrong
becomes the reason in a result. What one call learns about the server (credentials refused, a model
that is gone) holds for the rest of the run.

The official client does the talking, with its own retries off: they repeat a call that can never
succeed (a used-up quota), know nothing of the time and the money that are left, and do not count.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from dbt_project.settings.summaries import Limits, Model
from dbt_project.summaries.answers import (
    UnusableAnswerError,
    complaint,
    one_line,
    read_completion,
    seconds_to_wait,
    summary_of,
)
from dbt_project.summaries.endpoint import Endpoint
from dbt_project.summaries.gate import Gate, TimeIsOverError
from dbt_project.summaries.journal import Intent, Outcome, OverBudgetError
from dbt_project.summaries.prompts import Messages, Prompt
from dbt_project.summaries.sentences import shorten

# The client takes more than a second to import, and a build without a model never needs it.
if TYPE_CHECKING:
    import openai

TIME_LIMIT = "time limit"
"""The reason of a prompt that was not answered before the step's time was over."""

_ANSWER_BYTES = 4_000_000  # read of a response: a server gone mad must not fill the memory
_REASON_WIDTH = 200
_GRACE_SECONDS = 1.0  # for calls to notice the deadline by themselves and say what they know
_TICK_SECONDS = 1.0

_OUT_OF_MONEY = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
_UNSUPPORTED = {"unsupported_parameter", "unsupported_value", "unknown_parameter"}


@dataclass(frozen=True)
class Result:
    """What came of asking the chain for one prompt. The answer itself is in the journal.

    Attributes
    ----------
    is_answered : bool
    is_over_budget : bool
        Whether there was a model that was not asked because of the budget.
    reason : str
        What went wrong, model by model; empty if nothing did.
    """

    is_answered: bool = False
    is_over_budget: bool = False
    reason: str = ""


def ask_all(
    endpoint: Endpoint,
    models: Sequence[Model],
    limits: Limits,
    prompts: Sequence[Prompt],
    gate: Gate,
    ride_date: dt.date,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[tuple[int, Result]]:
    """Ask the chain for every prompt, several at a time.

    Parameters
    ----------
    endpoint : Endpoint
    models : sequence of Model
        The chain, the first choice first.
    limits : Limits
    prompts : sequence of Prompt
    gate : Gate
        Lets calls through, and knows the journal.
    ride_date : date
        The day that is built, for the journal.
    tick : callable
        Called about once a second while nothing arrives.

    Yields
    ------
    index : int
        Position in `prompts`; each exactly once, in the order in which the results arrive.
    result : Result
    """
    deadline = time.monotonic() + limits.step_seconds
    chain = _Chain(endpoint, models, limits, gate, ride_date, deadline)
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    finished: queue.SimpleQueue[tuple[int, Result]] = queue.SimpleQueue()

    def work() -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                index = waiting.get_nowait()
                finished.put((index, chain.ask(prompts[index])))

    missing = dict.fromkeys(range(len(prompts)))
    for index in missing:
        waiting.put(index)
    # Daemons: a thread that hangs in somebody else's computer must not keep this process alive.
    for _ in range(min(limits.concurrency, len(prompts))):
        threading.Thread(target=work, daemon=True).start()
    try:
        while missing and (left := deadline + _GRACE_SECONDS - time.monotonic()) > 0:
            try:
                index, result = finished.get(timeout=min(left, _TICK_SECONDS))
            except queue.Empty:
                tick()
                continue
            del missing[index]
            yield index, result
        for index in missing:
            yield index, Result(reason=TIME_LIMIT)
    finally:
        chain.close()


class _Scope(Enum):
    """How far a failure reaches."""

    CALL = "this call; another attempt may do better"
    PROMPT = "this prompt with this model; the next model may do better"
    MODEL = "this model, for the rest of the run"
    RUN = "every model, for the rest of the run"


class _Tokens(NamedTuple):
    """What a call has used; None if it is not known, and then it counts at its most."""

    prompt: int | None
    completion: int | None


_UNKNOWN, _UNUSED = _Tokens(None, None), _Tokens(0, 0)


class _FailedError(Exception):
    """A call that gave no usable answer, or was not made at all."""

    def __init__(
        self,
        reason: str,
        scope: _Scope,
        tokens: _Tokens = _UNKNOWN,
        wait: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.scope = scope
        self.tokens = tokens
        self.wait = wait
        """Seconds that the server asks to wait before the next attempt, None if it does not say."""


@dataclass
class _Tally:
    """What has come of asking for one prompt so far."""

    reasons: list[str] = field(default_factory=list)
    is_over_budget: bool = False
    is_called: bool = False
    is_reached: bool = False


class _Chain:
    """The models in order, and what this run has learnt about them. Many threads may use it."""

    def __init__(
        self,
        endpoint: Endpoint,
        models: Sequence[Model],
        limits: Limits,
        gate: Gate,
        ride_date: dt.date,
        deadline: float,
    ) -> None:
        self._endpoint = endpoint
        self._models = models
        self._limits = limits
        self._gate = gate
        self._ride_date = ride_date
        self._deadline = deadline
        self._lock = threading.Lock()
        self._client: openai.OpenAI | None = None
        self._closed = threading.Event()
        self._first_call = {model.name: threading.Lock() for model in models}
        self._called: set[str] = set()
        self._gone: dict[str, str] = {}
        self._stopped = ""
        self._unreached = 0

    def close(self) -> None:
        """End waits between attempts, and let go of the connections."""
        self._closed.set()
        with self._lock, contextlib.suppress(Exception):
            if self._client is not None:
                self._client.close()

    def ask(self, prompt: Prompt) -> Result:
        """Ask the models in order until one gives a usable answer; never raises."""
        tally = _Tally()
        is_answered = False
        for model, prompt_hash in zip(self._models, prompt.model_hashes, strict=True):
            try:
                with self._turn(model):
                    self._ask_model(model, prompt, prompt_hash, tally)
            except _FailedError as failure:
                tally.reasons.append(failure.reason)
                if failure.scope is _Scope.RUN:
                    break
            except Exception as error:  # its message might quote a secret, its type does not
                tally.reasons.append(f"{model.name}: cannot be asked ({type(error).__name__})")
            else:
                is_answered = True
                break
        if tally.is_called:
            self._count_unreached(is_reached=tally.is_reached)
        return Result(is_answered, tally.is_over_budget, "; ".join(tally.reasons))

    @contextlib.contextmanager
    def _turn(self, model: Model) -> Iterator[None]:
        """Let the first call to a model go alone: a wrong key or name then costs one, not eight."""
        with self._first_call[model.name]:
            if model.name not in self._called:
                try:
                    yield
                finally:
                    self._called.add(model.name)
                return
        yield

    def _ask_model(self, model: Model, prompt: Prompt, prompt_hash: str, tally: _Tally) -> None:
        """Call one model until it answers, it is no use, or the attempts are over."""
        for attempt in range(1, self._limits.attempts + 1):
            self._raise_what_is_known(model)
            try:
                return self._call(model, prompt, prompt_hash, tally)
            except _FailedError as failure:
                failure.reason = f"{model.name}: {failure.reason}"
                self._learn(model, failure)
                if failure.scope is not _Scope.CALL or attempt == self._limits.attempts:
                    raise
                self._pause(attempt, failure)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _raise_what_is_known(self, model: Model) -> None:
        if self._stopped:
            raise _FailedError(f"not asked, {self._stopped}", _Scope.RUN)
        if self._closed.is_set() or time.monotonic() >= self._deadline:
            raise _FailedError(TIME_LIMIT, _Scope.RUN)
        if model.name in self._gone:
            raise _FailedError(self._gone[model.name], _Scope.MODEL)

    def _learn(self, model: Model, failure: _FailedError) -> None:
        with self._lock:
            if failure.scope is _Scope.MODEL:
                self._gone.setdefault(model.name, failure.reason)
            elif failure.scope is _Scope.RUN:
                self._stopped = self._stopped or failure.reason

    def _count_unreached(self, *, is_reached: bool) -> None:
        """Stop calling a server that has given several prompts in a row no answer at all."""
        with self._lock:
            self._unreached = 0 if is_reached else self._unreached + 1
            if self._unreached >= self._limits.give_up_after:
                self._stopped = self._stopped or f"no answer to {self._unreached} prompts in a row"

    def _pause(self, attempt: int, failure: _FailedError) -> None:
        """Wait as long as the server asks, else exponentially longer; give up if too long."""
        # Up to a quarter less, so that threads that failed together do not come back together.
        backoff = self._limits.backoff_seconds * 2 ** (attempt - 1) * random.uniform(0.75, 1)
        seconds = backoff if failure.wait is None else failure.wait
        if seconds > self._limits.longest_wait_seconds:
            raise _FailedError(f"{failure.reason} (asks to wait {seconds:.0f} s)", _Scope.PROMPT)
        if time.monotonic() + seconds >= self._deadline:
            raise _FailedError(f"{failure.reason}; {TIME_LIMIT}", _Scope.RUN)
        if failure.wait is not None:
            self._gate.hold(seconds)
        self._closed.wait(seconds)

    def _call(self, model: Model, prompt: Prompt, prompt_hash: str, tally: _Tally) -> None:
        """Make one HTTP request; on return its answer is in the journal."""
        client = self._connection()
        most = (prompt.most_tokens, model.most_completion_tokens or 0)
        intent = Intent(
            ride_date=self._ride_date.isoformat(),
            question=prompt.question,
            prompt_hash=prompt_hash,
            model=model.name,
            base_url=self._endpoint.public_url,
            most_tokens=sum(most),
            most_usd=model.cost_usd(*most) or 0,
        )
        try:
            passage = self._gate.enter(intent, self._deadline)
        except OverBudgetError as refusal:
            tally.is_over_budget = True
            raise _FailedError(str(refusal), _Scope.PROMPT) from None
        except TimeIsOverError:
            raise _FailedError(TIME_LIMIT, _Scope.RUN) from None
        outcome = Outcome(reason="the call was cut off")
        try:
            outcome = self._exchange(client, model, prompt.messages, tally)
        except _FailedError as failure:
            outcome = Outcome(reason=failure.reason, **_usage(model, failure.tokens))
            raise
        finally:
            self._gate.leave(passage, outcome)

    def _exchange(
        self, client: openai.OpenAI, model: Model, messages: Messages, tally: _Tally
    ) -> Outcome:
        """Send a request and read what comes back."""
        import openai

        tally.is_called = True
        started = time.monotonic()
        seconds = max(0.1, min(self._limits.call_seconds, self._deadline - started))
        try:
            body, request_id = _post(client, model, messages, seconds)
        except openai.APITimeoutError as error:
            reason = f"no answer within {seconds:.3g} s"
            raise _FailedError(reason, _Scope.CALL, _unused_if_unsent(error)) from None
        except openai.APIConnectionError as error:
            raise _FailedError("no connection", _Scope.CALL, _unused_if_unsent(error)) from None
        except openai.APIStatusError as error:
            tally.is_reached |= error.status_code < 500
            raise self._refused(model, error) from None
        latency_seconds = round(time.monotonic() - started, 3)
        completion = read_completion(body)
        if completion is None:
            raise _FailedError("the answer is no chat completion", _Scope.CALL)
        tally.is_reached = True
        tokens = _Tokens(completion.prompt_tokens, completion.completion_tokens)
        try:
            summary = summary_of(completion)
        except UnusableAnswerError as error:
            raise _FailedError(str(error), _Scope.PROMPT, tokens) from None
        return Outcome(
            summary=self._endpoint.scrub(summary),
            reason="; ".join(tally.reasons),
            model_that_answered=self._label(completion.model) or model.name,
            request_id=self._label(request_id or completion.id),
            latency_seconds=latency_seconds,
            **_usage(model, tokens),
        )

    def _connection(self) -> openai.OpenAI:
        if not self._endpoint.public_url:
            raise _FailedError("OPENAI_BASE_URL is no HTTP URL", _Scope.RUN)
        with self._lock:
            if self._client is None:
                self._client = self._endpoint.client()
                _ = self._client.chat.completions  # imported now, on no call's time
            return self._client

    def _refused(self, model: Model, error: openai.APIStatusError) -> _FailedError:
        """Say how far an HTTP status other than 2xx reaches."""
        status, codes = error.status_code, {str(error.code), str(error.type)}
        reason = f"HTTP {status}: {complaint(error.body)}".rstrip(": ")
        reason = shorten(self._endpoint.scrub(reason), _REASON_WIDTH)
        if codes & _OUT_OF_MONEY or status == 402:
            return _FailedError(reason, _Scope.RUN, _UNUSED)
        if "model_not_found" in codes or status in {404, 410}:
            return _FailedError(reason, _Scope.MODEL, _UNUSED)
        if status in {401, 403}:
            return _FailedError(reason, _Scope.RUN, _UNUSED)
        if codes & _UNSUPPORTED or str(error.param) in model.parameters:
            return _FailedError(reason, _Scope.MODEL, _UNUSED)
        again = error.response.headers.get("x-should-retry") != "false"
        if again and (status in {408, 409, 429} or status >= 500):
            wait = seconds_to_wait(error.response.headers)
            return _FailedError(reason, _Scope.CALL, _UNUSED, wait)
        return _FailedError(reason, _Scope.PROMPT, _UNUSED)

    def _label(self, text: object) -> str:
        return shorten(self._endpoint.scrub(one_line(text)), 100)


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
            raise _FailedError(reason, _Scope.CALL) from None
    if len(body) > _ANSWER_BYTES:
        raise _FailedError("the answer has no end", _Scope.PROMPT)
    raise _FailedError(f"no whole answer within {seconds:.3g} s", _Scope.CALL)


def _usage(model: Model, tokens: _Tokens) -> _Usage:
    if tokens.prompt is None or tokens.completion is None:
        cost_usd = None
    else:
        cost_usd = model.cost_usd(tokens.prompt, tokens.completion)
    return {
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.completion,
        "cost_usd": cost_usd,
    }


class _Usage(TypedDict):
    """The part of an outcome that the budget counts."""

    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None


def _unused_if_unsent(error: openai.APIConnectionError) -> _Tokens:
    """A call that never reached a server costs nothing; one that was lost on the way may."""
    is_unsent = type(error.__cause__).__name__.startswith("Connect")
    return _UNUSED if is_unsent else _UNKNOWN
