"""Ask a chain of language models through any OpenAI-compatible server, and survive the answer.

The models of the chain are asked in order until one gives a usable answer. Nothing that a server
does raises out of this module: whatever goes wrong becomes the reason in a result. What one call
learns about the server (credentials refused, a model that is gone) holds for the rest of the run.

The official client does the talking, with its own retries off: they repeat a call that can never
succeed (a used-up quota), know nothing of the time that is left, and do not count.
"""

from __future__ import annotations

import base64
import contextlib
import email.utils
import json
import math
import queue
import random
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal, NamedTuple, Self, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from dbt_project.sentences import first_sentences, plain_text, printable, shorten

# The client takes more than a second to import, and a build without a model never needs it.
if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletionMessageParam

OPENAI_URL = "https://api.openai.com/v1"

MAX_SENTENCES = 3
SUMMARY_WIDTH = 1000
"""The most characters of a summary; three sentences of ordinary prose are half of it."""

TIME_LIMIT = "time limit"
"""The reason of a prompt that was not answered before the step's time was over."""

_ANSWER_BYTES = 4_000_000  # read of a response: a server gone mad must not fill the memory
_ANSWER_CHARACTERS = 20_000  # of its text that are looked at
_REASON_WIDTH = 200
_GRACE_SECONDS = 1.0  # for calls to notice the deadline by themselves and say what they know
_PLACEHOLDER_KEY = "none"  # the client insists on a key, a server of one's own seldom does

_OUT_OF_MONEY = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
_UNSUPPORTED = {"unsupported_parameter", "unsupported_value", "unknown_parameter"}
_KEY_SHAPED = re.compile(r"\bsk-[\w*-]{4,}")  # servers quote keys, with asterisks in the middle
_REFUSAL = re.compile(
    r"(?:i'm sorry|i am sorry|sorry|i apologi[sz]e)\b[^.]*\b(?:can'?t|cannot|unable|won't)\b"
    r"|i (?:can'?t|cannot|won't|am unable to|am not able to) (?:help|assist|comply|do that)",
    re.IGNORECASE,
)


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Prices(_Settings):
    """What a model costs, in US dollars per million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class Model(_Settings):
    """One link of the chain: a model, what is sent with every call to it, and what it costs."""

    name: str = Field(min_length=1)
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    usd_per_million_tokens: Prices | None = None

    @field_validator("parameters")
    @classmethod
    def _leave_the_request_alone(cls, parameters: dict[str, JsonValue]) -> dict[str, JsonValue]:
        for name in ("model", "messages", "stream", "n", "tools"):
            if name in parameters:
                raise ValueError(
                    f"expected parameters of the model, {name!r} is set by the program"
                )
        return parameters

    @property
    def parameters_json(self) -> str:
        """The parameters as canonical JSON."""
        return json.dumps(self.parameters, sort_keys=True, ensure_ascii=False)


class Limits(_Settings):
    """How many at once, how often and how long; times in seconds."""

    concurrency: int = Field(default=8, ge=1, le=64)
    attempts: int = Field(default=3, ge=1, le=10)
    call_seconds: float = Field(default=30, gt=0)
    step_seconds: float = Field(default=600, gt=0)
    backoff_seconds: float = Field(default=1, ge=0)
    longest_wait_seconds: float = Field(default=60, ge=0)
    give_up_after: int = Field(default=5, ge=1)


@dataclass(frozen=True)
class Endpoint:
    """Where the models are, and the key to them."""

    base_url: str
    api_key: str = field(repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self | None:
        """Read `OPENAI_API_KEY` and `OPENAI_BASE_URL`; None if neither is set."""
        api_key = environ.get("OPENAI_API_KEY", "").strip()
        base_url = environ.get("OPENAI_BASE_URL", "").strip()
        if not api_key and not base_url:
            return None
        return cls(base_url or OPENAI_URL, api_key or _PLACEHOLDER_KEY)

    @property
    def public_url(self) -> str:
        """The base URL without user, password, query and fragment; empty if it is no HTTP URL."""
        try:
            parts = urlsplit(self.base_url)
        except ValueError:
            return ""
        if parts.scheme not in {"http", "https"}:
            return ""
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    def client(self) -> openai.OpenAI:
        """Make a client that does not retry by itself.

        A user and password in the URL go into a header, as the HTTP library would do it, but
        without the library's habit of logging them with the URL.
        """
        import openai

        parts = urlsplit(self.base_url)
        headers = {}
        if parts.username or parts.password:
            pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return openai.OpenAI(
            api_key=self.api_key,
            base_url=self.public_url,
            default_headers=headers,
            default_query=dict(parse_qsl(parts.query)),
            max_retries=0,
        )

    def scrub(self, text: str) -> str:
        """Take the key, and what the URL holds of secrets, out of a text."""
        for secret in self._secrets():
            text = text.replace(secret, "[secret]")
        return _KEY_SHAPED.sub("[secret]", text)

    def _secrets(self) -> Iterator[str]:
        if self.api_key != _PLACEHOLDER_KEY:
            yield self.api_key
        with contextlib.suppress(ValueError):
            parts = urlsplit(self.base_url)
            values = (value for _, value in parse_qsl(parts.query))
            yield from filter(None, (parts.query, *values, parts.password, parts.username))


@dataclass(frozen=True)
class Result:
    """What came of asking the chain for one prompt.

    Attributes
    ----------
    summary : str
        Empty if no model gave a usable answer.
    model : Model or None
        The model of the chain that answered.
    answered_by : str
        What the server calls the model that answered.
    reason : str
        What went wrong, model by model; empty if nothing did.
    attempts : int
        HTTP requests made, to all models.
    latency_seconds : float or None
        Of the call that answered.
    prompt_tokens, completion_tokens, cost_usd : number or None
        Of every answer that arrived, the unusable ones included, because all of them are billed.
        None if nothing is known.
    """

    summary: str = ""
    model: Model | None = None
    answered_by: str = ""
    request_id: str = ""
    reason: str = ""
    attempts: int = 0
    latency_seconds: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None


Messages: TypeAlias = "Sequence[ChatCompletionMessageParam]"


def ask_all(
    endpoint: Endpoint, models: Sequence[Model], limits: Limits, prompts: Sequence[Messages]
) -> Iterator[tuple[int, Result]]:
    """Ask the chain for every prompt, several at a time.

    Parameters
    ----------
    endpoint : Endpoint
    models : sequence of Model
        The chain, the first choice first.
    limits : Limits
    prompts : sequence of messages

    Yields
    ------
    index : int
        Position in `prompts`; each exactly once, in the order in which the results arrive.
    result : Result
    """
    deadline = time.monotonic() + limits.step_seconds
    chain = _Chain(endpoint, models, limits, deadline)
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
        while missing:
            left = deadline + _GRACE_SECONDS - time.monotonic()
            index, result = finished.get(timeout=max(0.0, left))
            del missing[index]
            yield index, result
    except queue.Empty:
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


class _FailedError(Exception):
    """A call that gave no usable answer."""

    def __init__(self, reason: str, scope: _Scope, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.scope = scope
        self.wait = wait
        """Seconds that the server asks to wait before the next attempt, None if it does not say."""


class _Reply(NamedTuple):
    """A usable answer."""

    summary: str
    answered_by: str
    request_id: str
    latency_seconds: float


@dataclass
class _Tally:
    """What one prompt has used up so far."""

    attempts: int = 0
    reasons: list[str] = field(default_factory=list)
    billed: list[tuple[Model, _Usage]] = field(default_factory=list)
    reached: bool = False

    def tokens(self, kind: Literal["prompt_tokens", "completion_tokens"]) -> int | None:
        counts = [getattr(usage, kind) for _, usage in self.billed]
        known = [count for count in counts if count is not None]
        return sum(known) if known else None

    def cost_usd(self) -> float | None:
        costs = [_cost_usd(model.usd_per_million_tokens, usage) for model, usage in self.billed]
        known = [cost for cost in costs if cost is not None]
        return round(sum(known), 10) if known and len(known) == len(costs) else None


class _Chain:
    """The models in order, and what this run has learnt about them. Many threads may use it."""

    def __init__(
        self, endpoint: Endpoint, models: Sequence[Model], limits: Limits, deadline: float
    ) -> None:
        self._endpoint = endpoint
        self._models = models
        self._limits = limits
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

    def ask(self, messages: Messages) -> Result:
        """Ask the models in order until one gives a usable answer; never raises."""
        tally = _Tally()
        for model in self._models:
            try:
                with self._turn(model):
                    reply = self._ask_model(model, messages, tally)
            except _FailedError as failure:
                tally.reasons.append(failure.reason)
                if failure.scope is _Scope.RUN:
                    break
            except Exception as error:  # its message might quote a secret, its type does not
                tally.reasons.append(f"{model.name}: cannot be asked ({type(error).__name__})")
            else:
                return self._result(tally, model, reply)
        return self._result(tally)

    def _result(
        self, tally: _Tally, model: Model | None = None, reply: _Reply | None = None
    ) -> Result:
        if tally.attempts:
            self._count_unreached(reached=tally.reached)
        summary, answered_by, request_id, latency_seconds = reply or ("", "", "", None)
        return Result(
            summary=summary,
            model=model,
            answered_by=answered_by,
            request_id=request_id,
            reason="; ".join(tally.reasons),
            attempts=tally.attempts,
            latency_seconds=latency_seconds,
            prompt_tokens=tally.tokens("prompt_tokens"),
            completion_tokens=tally.tokens("completion_tokens"),
            cost_usd=tally.cost_usd(),
        )

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

    def _ask_model(self, model: Model, messages: Messages, tally: _Tally) -> _Reply:
        """Call one model until it answers, it is no use, or the attempts are over."""
        for attempt in range(1, self._limits.attempts + 1):
            self._raise_what_is_known(model)
            try:
                return self._call(model, messages, tally)
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

    def _count_unreached(self, *, reached: bool) -> None:
        """Stop calling a server that has given several prompts in a row no answer at all."""
        with self._lock:
            self._unreached = 0 if reached else self._unreached + 1
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
        self._closed.wait(seconds)

    def _call(self, model: Model, messages: Messages, tally: _Tally) -> _Reply:
        """Make one HTTP request and read its answer."""
        import openai

        client = self._connection()
        tally.attempts += 1
        started = time.monotonic()
        seconds = max(0.1, min(self._limits.call_seconds, self._deadline - started))
        try:
            body, request_id = _post(client, model, messages, seconds)
        except openai.APITimeoutError:
            raise _FailedError(f"no answer within {seconds:.3g} s", _Scope.CALL) from None
        except openai.APIConnectionError:
            raise _FailedError("no connection", _Scope.CALL) from None
        except openai.APIStatusError as error:
            tally.reached |= error.status_code < 500
            raise self._refused(model, error) from None
        latency_seconds = round(time.monotonic() - started, 3)
        completion = _completion(body)
        tally.billed.append((model, completion.usage))
        tally.reached = True
        return _Reply(
            summary=self._endpoint.scrub(_summary(completion)),
            answered_by=self._label(completion.model) or model.name,
            request_id=self._label(request_id or completion.id),
            latency_seconds=latency_seconds,
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
        reason = f"HTTP {status}: {_complaint(error.body)}".rstrip(": ")
        reason = shorten(self._endpoint.scrub(reason), _REASON_WIDTH)
        if codes & _OUT_OF_MONEY or status == 402:
            return _FailedError(reason, _Scope.RUN)
        if "model_not_found" in codes or status in {404, 410}:
            return _FailedError(reason, _Scope.MODEL)
        if status in {401, 403}:
            return _FailedError(reason, _Scope.RUN)
        if codes & _UNSUPPORTED or str(error.param) in model.parameters:
            return _FailedError(reason, _Scope.MODEL)
        again = error.response.headers.get("x-should-retry") != "false"
        if again and (status in {408, 409, 429} or status >= 500):
            return _FailedError(reason, _Scope.CALL, _retry_after(error.response.headers))
        return _FailedError(reason, _Scope.PROMPT)

    def _label(self, text: object) -> str:
        return shorten(self._endpoint.scrub(_one_line(text)), 100)


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


class _Usage(NamedTuple):
    prompt_tokens: int | None
    completion_tokens: int | None


class _Completion(NamedTuple):
    """What is used of a chat completion, whatever else the server sends."""

    content: str
    refusal: str
    finish_reason: str
    model: str
    id: str
    usage: _Usage


def _completion(body: bytes) -> _Completion:
    """Read a response's body; servers differ in what they leave out."""
    try:
        answer = json.loads(body)
        choice = answer["choices"][0]
        message = choice["message"]
        content, refusal = message.get("content"), message.get("refusal")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise _FailedError("the answer is no chat completion", _Scope.CALL) from None
    usage = answer.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    return _Completion(
        content=content if isinstance(content, str) else "",
        refusal=refusal if isinstance(refusal, str) else "",
        finish_reason=_one_line(choice.get("finish_reason")),
        model=_one_line(answer.get("model")),
        id=_one_line(answer.get("id")),
        usage=_Usage(_count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))),
    )


def _summary(completion: _Completion) -> str:
    """Turn an answer into at most three plain sentences.

    Raises
    ------
    _FailedError
        If it is refused, empty or has no whole sentence.
    """
    text = plain_text(completion.content[:_ANSWER_CHARACTERS])
    if completion.finish_reason == "content_filter":
        raise _FailedError("refused by the content filter", _Scope.PROMPT)
    if completion.refusal or _REFUSAL.match(text.replace("\u2019", "'")):
        raise _FailedError("refused by the model", _Scope.PROMPT)
    cut_short = completion.finish_reason == "length"
    summary = first_sentences(text, MAX_SENTENCES, SUMMARY_WIDTH, cut_short=cut_short)
    if not any(character.isalnum() for character in summary):
        raise _FailedError("no whole sentence" if cut_short else "empty answer", _Scope.PROMPT)
    return summary


def _cost_usd(prices: Prices | None, usage: _Usage) -> float | None:
    if prices is None or usage.prompt_tokens is None or usage.completion_tokens is None:
        return None
    millionths = usage.prompt_tokens * prices.input + usage.completion_tokens * prices.output
    return millionths / 1_000_000


def _count(value: object) -> int | None:
    """Read a number of tokens; None if it is none that a table can hold."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    return value if is_count and isinstance(value, int) else None


def _complaint(body: object) -> str:
    """Find the message in an error's body: an object with OpenAI, anything elsewhere."""
    if isinstance(body, Mapping):
        body = body.get("message") or body.get("detail") or body.get("error")
    return _one_line(body)


def _one_line(text: object) -> str:
    return " ".join(printable(text[:2000]).split()) if isinstance(text, str) else ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a response asks to wait: a number, or the time until a date."""
    with contextlib.suppress(KeyError, ValueError):
        return _finite(float(headers["retry-after-ms"]) / 1000)
    with contextlib.suppress(KeyError, ValueError):
        return _finite(float(headers["retry-after"]))
    with contextlib.suppress(KeyError, ValueError, TypeError):
        date = email.utils.parsedate_to_datetime(headers["retry-after"])
        return _finite(date.timestamp() - time.time())
    return None


def _finite(seconds: float) -> float | None:
    return max(0.0, seconds) if math.isfinite(seconds) else None
