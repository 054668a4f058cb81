"""The gate of every call: a call waits for the rate limits, and is refused over the budget."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

from dbt_project.settings.summaries import Budget, Limits
from dbt_project.summaries.journal import Intent, Journal, Outcome, OverBudgetError

_WINDOW_SECONDS = 60.0


class TimeIsOverError(Exception):
    """The call would have to wait longer than there is time."""


@dataclass
class Passage:
    """A call that was let through."""

    call_id: int
    at: float
    tokens: int
    """The most that it can use; once it is over, what it used."""


class Gate:
    """Lets calls through and records them in the journal. Many threads may use it.

    Parameters
    ----------
    journal : Journal
    budget : Budget
        Counted over all calls in the journal.
    limits : Limits
        `requests_per_minute` and `tokens_per_minute`, counted over the last minute of this run.
    """

    def __init__(self, journal: Journal, budget: Budget, limits: Limits) -> None:
        self._journal = journal
        self._budget = budget
        self._limits = limits
        self._changed = threading.Condition()
        self._last_minute: deque[Passage] = deque()
        self._under_way = 0
        self._held_until = 0.0
        self.spent_usd = 0.0
        """The cost of the finished calls, as far as it is known."""

    def enter(self, intent: Intent, until: float) -> Passage:
        """Wait until a call may be made, and record it in the journal.

        Parameters
        ----------
        intent : Intent
        until : float
            When to give up, on the monotonic clock.

        Raises
        ------
        OverBudgetError
            If the call does not fit into the budget, even if the calls under way use nothing.
        TimeIsOverError
            If there is not enough time left to wait.
        """
        with self._changed:
            while True:
                now = time.monotonic()
                if now >= until:
                    raise TimeIsOverError
                wait = self._seconds_to_wait(intent.most_tokens, now)
                if wait <= 0:
                    try:
                        call_id = self._journal.begin(intent, self._budget)
                        break
                    except OverBudgetError:
                        if not self._under_way:
                            raise
                        wait = until - now  # or less: until a call is over and its rest is free
                self._changed.wait(min(wait, until - now))
            passage = Passage(call_id, now, intent.most_tokens)
            self._last_minute.append(passage)
            self._under_way += 1
            return passage

    def leave(self, passage: Passage, outcome: Outcome) -> None:
        """Record how a call ended, and wake the calls that wait for it."""
        try:
            self._journal.end(passage.call_id, outcome)
        finally:
            with self._changed:
                self._under_way -= 1
                self.spent_usd += outcome.cost_usd or 0
                if outcome.prompt_tokens is not None and outcome.completion_tokens is not None:
                    passage.tokens = outcome.prompt_tokens + outcome.completion_tokens
                self._changed.notify_all()

    def hold(self, seconds: float) -> None:
        """Hold all calls for a while, because the server has asked for it."""
        with self._changed:
            self._held_until = max(self._held_until, time.monotonic() + seconds)

    def _seconds_to_wait(self, tokens: int, now: float) -> float:
        while self._last_minute and self._last_minute[0].at <= now - _WINDOW_SECONDS:
            self._last_minute.popleft()
        waits = [self._held_until - now]
        requests, most_tokens = self._limits.requests_per_minute, self._limits.tokens_per_minute
        if requests is not None and len(self._last_minute) >= requests:
            waits.append(self._last_minute[-requests].at + _WINDOW_SECONDS - now)
        # A call larger than the whole limit goes alone; otherwise it would wait forever.
        if most_tokens is not None and self._last_minute:
            used = sum(passage.tokens for passage in self._last_minute)
            if used + tokens > most_tokens:
                waits.append(self._last_minute[0].at + _WINDOW_SECONDS - now)
        return max(waits)
