"""Ask a chain of language models through any OpenAI-compatible server, whatever it answers.

The models are asked in order until one gives a usable answer. The journal gets the answer first. No
server can make this module raise: whatever goes wrong becomes the reason in a result. What one call
learns about the server (credentials refused, a missing model, an unknown parameter) holds for the
rest of the run.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import queue
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from dbt_project.settings.summaries import Limits, Model
from dbt_project.summaries.endpoint import Endpoint
from dbt_project.summaries.exchange import CallFailedError, Exchange, usage
from dbt_project.summaries.gate import Gate, TimeIsOverError
from dbt_project.summaries.journal import Intent, Outcome, OverBudgetError
from dbt_project.summaries.prompts import Prompt
from dbt_project.summaries.scope import Scope

TIME_LIMIT = "time limit"
"""The reason for a prompt without an answer when the step's time was over."""

_GRACE_SECONDS = 1.0  # time for calls to notice the deadline by themselves and report
_TICK_SECONDS = 1.0


@dataclass(frozen=True)
class Result:
    """The result of one prompt. The answer itself is in the journal.

    Attributes
    ----------
    is_answered : bool
    is_over_budget : bool
        Whether a model was not asked because of the budget.
    reason : str
        What went wrong, model by model. Empty if nothing did.
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
        The chain, in the order in which models are asked.
    limits : Limits
    prompts : sequence of Prompt
    gate : Gate
        Checks budget and rates of each call, and has the journal.
    ride_date : date
        The day that is built, for the journal.
    tick : callable
        Called about once a second while nothing arrives.

    Yields
    ------
    index : int
        Position in `prompts`. Each occurs exactly once, in the order in which results arrive.
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
    # Daemon threads, because a thread that waits for a server must not keep this process alive.
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


@dataclass
class _Tally:
    """The state of one prompt."""

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
        self._exchange = Exchange(endpoint)
        self._base_url = endpoint.public_url
        self._models = models
        self._limits = limits
        self._gate = gate
        self._ride_date = ride_date
        self._deadline = deadline
        self._lock = threading.Lock()
        self._closed = threading.Event()
        # Entries are known by position: a model may be in the chain twice, with other parameters.
        self._first_call = [threading.Lock() for _ in models]
        self._called: set[int] = set()
        self._gone_models: dict[str, str] = {}
        self._gone_entries: dict[int, str] = {}
        self._knows_no_schema: set[int] = set()
        self._alike: dict[int, tuple[str, int]] = {}
        self._stopped = ""
        self._unreached = 0

    def close(self) -> None:
        """End waits between attempts, and close the connections."""
        self._closed.set()
        self._exchange.close()

    def ask(self, prompt: Prompt) -> Result:
        """Ask the models in order until one gives a usable answer. Never raises."""
        tally = _Tally()
        is_answered = False
        for entry, model in enumerate(self._models):
            try:
                with self._turn(entry):
                    self._ask_entry(entry, prompt, tally)
            except CallFailedError as failure:
                tally.reasons.append(failure.reason)
                if failure.scope is Scope.RUN:
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
    def _turn(self, entry: int) -> Iterator[None]:
        """Make the first call alone, so that a wrong key or parameter costs one call, not eight."""
        with self._first_call[entry]:
            if entry not in self._called:
                try:
                    yield
                finally:
                    self._called.add(entry)
                return
        yield

    def _ask_entry(self, entry: int, prompt: Prompt, tally: _Tally) -> None:
        """Call one model until it answers, fails for good, or has no attempts left."""
        for attempt in range(1, self._limits.attempts + 1):
            self._raise_what_is_known(entry)
            try:
                self._call_in_either_way(entry, prompt, tally)
            except CallFailedError as failure:
                failure.reason = f"{self._models[entry].name}: {failure.reason}"
                self._learn(entry, failure)
                if failure.scope is not Scope.CALL or attempt == self._limits.attempts:
                    raise
                self._pause(attempt, failure)
            else:
                self._alike.pop(entry, None)
                return
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _call_in_either_way(self, entry: int, prompt: Prompt, tally: _Tally) -> None:
        """Ask for an answer by a schema, or in words if the server does not support schemas."""
        if prompt.response_format and entry not in self._knows_no_schema:
            try:
                return self._call(entry, prompt, tally)
            except CallFailedError as failure:
                if not failure.is_about_format:
                    raise
                self._knows_no_schema.add(entry)
        self._call(entry, prompt, tally, plainly=True)

    def _raise_what_is_known(self, entry: int) -> None:
        if self._stopped:
            raise CallFailedError(f"not asked, {self._stopped}", Scope.RUN)
        if self._closed.is_set() or time.monotonic() >= self._deadline:
            raise CallFailedError(TIME_LIMIT, Scope.RUN)
        name = self._models[entry].name
        if reason := self._gone_models.get(name) or self._gone_entries.get(entry):
            raise CallFailedError(reason, Scope.MODEL)

    def _learn(self, entry: int, failure: CallFailedError) -> None:
        with self._lock:
            if failure.scope is Scope.RUN:
                self._stopped = self._stopped or failure.reason
            elif failure.scope is Scope.MODEL:
                self._gone_models.setdefault(self._models[entry].name, failure.reason)
            elif failure.scope is Scope.ENTRY:
                self._gone_entries.setdefault(entry, failure.reason)
            elif failure.scope is Scope.PROMPT and failure.is_reached:
                self._count_alike(entry, failure.reason)

    def _count_alike(self, entry: int, reason: str) -> None:
        """Stop using an entry that has failed several prompts in a row in the same words.

        Its complaint then holds for every prompt, even if the words are not recognised.
        """
        words = re.sub(r"\d+", "0", reason)
        before, times = self._alike.get(entry, (words, 0))
        times = times + 1 if before == words else 1
        self._alike[entry] = (words, times)
        if times >= self._limits.give_up_after:
            self._gone_entries.setdefault(entry, f"{reason} (to {times} prompts in a row)")

    def _count_unreached(self, *, is_reached: bool) -> None:
        """Stop calling a server that has not answered several prompts in a row."""
        with self._lock:
            self._unreached = 0 if is_reached else self._unreached + 1
            if self._unreached >= self._limits.give_up_after:
                self._stopped = self._stopped or f"no answer to {self._unreached} prompts in a row"

    def _pause(self, attempt: int, failure: CallFailedError) -> None:
        """Wait as long as the server asks, else with exponential backoff. Give up if too long."""
        # Up to a quarter less, so that threads that failed together do not retry together.
        backoff = self._limits.backoff_seconds * 2 ** (attempt - 1) * random.uniform(0.75, 1)
        seconds = backoff if failure.wait is None else failure.wait
        if seconds > self._limits.longest_wait_seconds:
            raise CallFailedError(f"{failure.reason} (asks to wait {seconds:.0f} s)", Scope.PROMPT)
        if time.monotonic() + seconds >= self._deadline:
            raise CallFailedError(f"{failure.reason}; {TIME_LIMIT}", Scope.RUN)
        if failure.wait is not None:
            self._gate.hold(seconds)
        self._closed.wait(seconds)

    def _call(self, entry: int, prompt: Prompt, tally: _Tally, *, plainly: bool = False) -> None:
        """Make one HTTP request. On return its answer is in the journal."""
        self._exchange.open()
        model = self._models[entry]
        most = (prompt.most_tokens, model.most_completion_tokens or 0)
        intent = Intent(
            ride_date=self._ride_date.isoformat(),
            question=prompt.question,
            prompt_hash=prompt.model_hashes[entry],
            model=model.name,
            base_url=self._base_url,
            most_tokens=sum(most),
            most_usd=model.cost_usd(*most) or 0,
        )
        try:
            passage = self._gate.enter(intent, self._deadline)
        except OverBudgetError as refusal:
            tally.is_over_budget = True
            raise CallFailedError(str(refusal), Scope.PROMPT) from None
        except TimeIsOverError:
            raise CallFailedError(TIME_LIMIT, Scope.RUN) from None
        outcome = Outcome(reason="the call was cut off")
        tally.is_called = True
        seconds = max(0.1, min(self._limits.call_seconds, self._deadline - time.monotonic()))
        try:
            outcome = self._exchange.ask(model, prompt, seconds, plainly=plainly)
            outcome = replace(outcome, reason="; ".join(tally.reasons))
            tally.is_reached = True
        except CallFailedError as failure:
            tally.is_reached |= failure.is_reached
            outcome = Outcome(reason=failure.reason, **usage(model, failure.tokens))
            raise
        finally:
            self._gate.leave(passage, outcome)
