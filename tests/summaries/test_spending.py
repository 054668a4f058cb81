"""No answer is paid twice, and no budget is exceeded, whatever happens to the process."""

import datetime as dt
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from support.chat_server import (
    COMPLETION_TOKENS,
    PROMPT_TOKENS,
    ChatServer,
    Handler,
    answer,
    error,
    hang,
    hang_up,
)
from support.summarising import ask, contexts_of, roads, settings_with, summarised
from support.workplace import ROOT

from dbt_project.errors import UserError
from dbt_project.settings.summaries import Allowance, Budget, Limits, Settings
from dbt_project.summaries import gate, ledger
from dbt_project.summaries.gate import Gate, TimeIsOverError
from dbt_project.summaries.journal import Intent, Journal, Outcome, OverBudgetError

RIDE_DATE = dt.date(2023, 5, 1)
INTENT = Intent(RIDE_DATE.isoformat(), "q", "p", "m", "http://x", most_tokens=1000, most_usd=0.01)
NO_BUDGET = Budget()

# What a build does for one day, with 200 different contexts.
STEP = """
import sys
sys.path.insert(0, "tests")
from support.summarising import roads, settings_with, summarised
import os
summarised(roads(200), settings_with(), journal=sys.argv[1], **os.environ)
"""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "summaries.sqlite"


def slow(handler: Handler) -> None:
    time.sleep(0.02)
    answer("Rain fell.")(handler)


def entries(journal: Path, condition: str = "true") -> int:
    with sqlite3.connect(journal) as connection:
        [(count,)] = connection.execute(f"select count(*) from calls where {condition}").fetchall()
    return int(count)


def with_budget(**day: float) -> Settings:
    budget = Budget(day=Allowance(**day))
    return settings_with().model_copy(update={"budget": budget})


def wait_until(reached: int, server: ChatServer) -> None:
    for _ in range(3000):
        if len(server.calls) >= reached:
            return
        time.sleep(0.01)
    raise AssertionError(f"only {len(server.calls)} calls")


class TestKilled:
    @pytest.mark.parametrize("calls_before", [1, 60, 190])
    def test_a_killed_step_goes_on_where_it_was_and_pays_no_answer_twice(
        self, journal: Path, calls_before: int
    ) -> None:
        with ChatServer(otherwise=slow) as server:
            environment = {**os.environ, "OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "k"}
            step = subprocess.Popen(
                [sys.executable, "-c", STEP, str(journal)], cwd=ROOT, env=environment
            )
            wait_until(calls_before, server)
            step.send_signal(signal.SIGKILL)
            step.wait()
            entered, answered = entries(journal), entries(journal, "summary <> ''")
            rows = ask(server, roads(200), journal=journal)
            times_asked = Counter(call.text for call in server.calls)
        assert rows["status"].tolist() == ["ok"] * 200
        assert entries(journal) - entered == 200 - answered
        under_way = [text for text, times in times_asked.items() if times > 1]
        assert len(times_asked) == 200
        assert times_asked.total() == 200 + len(under_way)
        assert len(under_way) <= entered - answered <= settings_with().limits.concurrency
        assert entries(journal, "reason = 'the call was cut off'") == entered - answered

    def test_an_answer_is_on_disk_before_the_next_call_is_made(self, journal: Path) -> None:
        on_disk = []

        def look(handler: Handler) -> None:
            on_disk.append(entries(journal, "summary <> ''"))
            answer("Rain fell.")(handler)

        with ChatServer(otherwise=look) as server:
            ask(server, roads(10), settings_with(concurrency=1), journal=journal)
        assert on_disk == list(range(10))

    def test_a_call_that_was_cut_off_counts_at_the_most_that_it_could_cost(
        self, journal: Path
    ) -> None:
        with Journal(journal) as killed:
            killed.begin(INTENT, NO_BUDGET)
        budget = Budget(day=Allowance(tokens=1999))
        with Journal(journal) as later, pytest.raises(OverBudgetError):
            later.begin(INTENT, budget)


class TestTheJournal:
    def test_without_the_journal_the_ledger_has_the_answers(self, journal: Path) -> None:
        with ChatServer(error(500), otherwise=answer("Rain.")) as server:
            rows = ask(server, roads(3), journal=journal)
            journal.unlink()
            ledger = rows.assign(ride_date=pd.Timestamp(RIDE_DATE))
            again = ask(server, roads(3), journal=journal, ledger=ledger)
            ask(server, roads(3), journal=journal, ledger=ledger)
            assert len(server.calls) == 4
        pd.testing.assert_frame_equal(again, rows)
        assert entries(journal) == 4

    def test_the_journal_stands_before_the_ledger(self, journal: Path) -> None:
        with ChatServer() as server:
            rows = ask(server, journal=journal)
            other = rows.assign(ride_date=pd.Timestamp(RIDE_DATE), summary="Something else.")
            assert ask(server, journal=journal, ledger=other)["summary"][0] == rows["summary"][0]

    def test_the_calls_of_a_day_are_listed_for_its_report(self, journal: Path) -> None:
        with ChatServer(
            error(500), answer(""), answer("Rain."), hang_up, answer("Rain.")
        ) as server:
            ask(server, roads(2), settings_with(concurrency=1), journal=journal)
        calls = ledger.calls_of_day(journal, RIDE_DATE)
        assert len(calls) == 5
        assert calls["prompt_tokens"].tolist() == [0, PROMPT_TOKENS, PROMPT_TOKENS, pd.NA, 1000]
        assert ledger.calls_of_day(journal, dt.date(2023, 5, 2)).empty

    @pytest.mark.parametrize("content", [b"no database at all", b"x" * 5000])
    def test_a_file_that_is_no_journal_is_named_in_one_line(
        self, journal: Path, content: bytes
    ) -> None:
        journal.write_bytes(content)
        with pytest.raises(UserError, match=r"summaries\.sqlite is damaged: .*is not a database"):
            Journal(journal)

    def test_a_folder_that_is_not_there_is_an_error_in_one_line(self, tmp_path: Path) -> None:
        with pytest.raises(UserError, match="unable to open"):
            Journal(tmp_path / "nowhere" / "summaries.sqlite")


class TestBudget:
    """Never exceeded, and used as far as it goes."""

    def test_calls_are_made_up_to_the_budget_and_the_rest_is_extractive(self) -> None:
        with ChatServer(otherwise=slow) as server:
            rows = ask(server, roads(20), with_budget(calls=7))
            assert len(server.calls) == 7
        assert rows["status"].value_counts().to_dict() == {"budget": 13, "ok": 7}
        over = rows[rows["status"] == "budget"]
        assert set(over["summary_source"]) == {"extractive"}
        assert over["summary"].str.fullmatch(r"Road \d+ closed. Heavy rain.").all()
        assert over["reason"].str.contains("over the budget of 7 calls a day").all()
        assert over["attempts"].tolist() == [0] * 13

    def test_attempts_that_fail_count_as_calls(self) -> None:
        with ChatServer(otherwise=error(500)) as server:
            rows = ask(server, roads(20), with_budget(calls=7))
            assert len(server.calls) == 7
        assert set(rows["status"]) <= {"failed", "budget"}

    def test_what_was_over_the_budget_is_asked_when_there_is_room(self, journal: Path) -> None:
        with ChatServer() as server:
            ask(server, roads(5), with_budget(calls=2), journal=journal)
            ask(server, roads(5), with_budget(calls=2), journal=journal)
            assert len(server.calls) == 2
            rows = ask(server, roads(5), with_budget(calls=10), journal=journal)
            assert len(server.calls) == 5
        assert rows["status"].tolist() == ["ok"] * 5

    @pytest.mark.parametrize("unit", ["tokens", "usd"])
    def test_tokens_and_money_hold_with_calls_in_flight(self, journal: Path, unit: str) -> None:
        contexts = contexts_of(*(f"Road {road} closed." for road in range(10, 40)))
        model = settings_with().models[0]
        with ChatServer() as server:
            ask(server, contexts_of("Road 99 closed."), journal=journal)
        with sqlite3.connect(journal) as connection:
            [(tokens, usd)] = connection.execute("select most_tokens, most_usd from calls")
        cost = model.cost_usd(PROMPT_TOKENS, COMPLETION_TOKENS)
        assert cost is not None
        most, real = {"tokens": (tokens, 1100), "usd": (usd, cost)}[unit]
        journal.unlink()
        budget = 10 * real
        only_first = with_budget(**{unit: budget}).model_copy(update={"models": (model,)})
        with ChatServer(otherwise=slow) as server:
            ask(server, contexts, only_first, journal=journal)
            spent = len(server.calls) * real
        assert spent <= budget < spent + most

    def test_a_cheaper_model_of_the_chain_is_asked_where_a_dear_one_is_over(self) -> None:
        settings = with_budget(usd=0.002)
        settings = settings.model_copy(update={"models": settings.models[::-1]})
        with ChatServer() as server:
            [row] = ask(server, settings=settings).to_dict("records")
        assert (row["status"], row["model"]) == ("fallback", "gpt-6-luna")
        assert row["reason"] == "gpt-6.1-terra: over the budget of $0.002 a day"

    def test_a_call_without_an_answer_is_counted_at_the_most(self, journal: Path) -> None:
        with ChatServer(otherwise=hang) as server:
            settings = settings_with(call_seconds=0.2, attempts=1)
            ask(server, settings=settings, journal=journal)
            assert len(server.calls) == 2
        assert entries(journal, "prompt_tokens is null and most_tokens > 1000") == 2

    def test_a_server_that_is_not_there_costs_nothing(self, journal: Path) -> None:
        nowhere = {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}
        summarised(roads(3), with_budget(usd=1), journal=journal, **nowhere)
        assert entries(journal) == 12
        assert entries(journal, "cost_usd = 0 and prompt_tokens = 0") == 12

    @pytest.mark.parametrize("period", ["day", "month"])
    def test_it_is_that_of_the_calendar_in_which_calls_are_made(
        self, journal: Path, period: str
    ) -> None:
        budget = Budget(**{period: Allowance(calls=1)})
        start = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        start = start.replace(day=1) if period == "month" else start
        with Journal(journal) as book:
            book.begin(INTENT, NO_BUDGET)
            for called_at, is_free in ((start, False), (start - dt.timedelta(seconds=1), True)):
                with sqlite3.connect(journal) as connection:
                    connection.execute(
                        "update calls set called_at = ?",
                        [called_at.strftime("%Y-%m-%d %H:%M:%S.%f")],
                    )
                if is_free:
                    book.begin(INTENT, budget)
                else:
                    with pytest.raises(OverBudgetError, match=f"1 calls a {period}"):
                        book.begin(INTENT, budget)

    def test_builds_at_the_same_time_share_it(self, journal: Path) -> None:
        def try_twenty_calls(_: int) -> int:
            made = 0
            with Journal(journal) as book:
                for _ in range(20):
                    try:
                        book.begin(INTENT, Budget(month=Allowance(usd=0.25)))
                        made += 1
                    except OverBudgetError:
                        pass
            return made

        with ThreadPoolExecutor(4) as builds:
            assert sum(builds.map(try_twenty_calls, range(4))) == 25


class TestRates:
    """Requests and tokens a minute; calls wait for them."""

    @pytest.fixture(autouse=True)
    def a_short_minute(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gate, "_WINDOW_SECONDS", 0.3)

    def times(self, calls: int, **limits: int) -> list[float]:
        until = time.monotonic() + 30
        with Journal(":memory:") as book:
            way_in = Gate(book, NO_BUDGET, Limits(**limits))
            return [way_in.enter(INTENT, until).at for _ in range(calls)]

    def test_no_minute_has_more_requests_than_allowed(self) -> None:
        at = self.times(7, requests_per_minute=3)
        assert all(later - first >= 0.3 for first, later in zip(at, at[3:], strict=False))

    def test_no_minute_has_more_tokens_than_allowed(self) -> None:
        at = self.times(5, tokens_per_minute=2500)
        assert all(later - first >= 0.3 for first, later in zip(at, at[2:], strict=False))

    def test_a_call_larger_than_the_limit_goes_alone(self) -> None:
        first, second = self.times(2, tokens_per_minute=10)
        assert second - first >= 0.3

    def test_what_a_call_has_not_used_is_free_for_the_next(self) -> None:
        with Journal(":memory:") as book:
            way_in = Gate(book, NO_BUDGET, Limits(tokens_per_minute=1500))
            until = time.monotonic() + 30
            first = way_in.enter(INTENT, until)
            used = Outcome(prompt_tokens=100, completion_tokens=10)
            threading.Timer(0.05, way_in.leave, (first, used)).start()
            second = way_in.enter(INTENT, until)
        assert second.at - first.at < 0.3

    def test_a_call_that_cannot_be_made_in_time_is_not_made(self) -> None:
        with Journal(":memory:") as book:
            way_in = Gate(book, NO_BUDGET, Limits(requests_per_minute=1))
            way_in.enter(INTENT, time.monotonic() + 30)
            with pytest.raises(TimeIsOverError):
                way_in.enter(INTENT, time.monotonic() + 0.05)
            assert len(book.of_day(RIDE_DATE)) == 1


class TestProgress:
    @pytest.fixture
    def lines(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        said: list[str] = []
        monkeypatch.setattr(ledger, "_say", said.append)
        monkeypatch.setattr(ledger, "_PROGRESS_SECONDS", 0.0)
        return said

    def test_it_says_how_many_are_done_failed_and_over_and_what_they_cost(
        self, lines: list[str]
    ) -> None:
        with ChatServer(answer("Rain."), error(400), error(400)) as server:
            settings = with_budget(calls=4)
            settings = settings.model_copy(update={"limits": settings_with(concurrency=1).limits})
            ask(server, roads(4), settings)
        done = [int(line.split()[1]) for line in lines]
        assert done == [1, 2, 3, 4, 4]
        assert lines[-1] == "summaries: 4 of 4, 1 failed, 1 over the budget, $0.0003"

    def test_nothing_is_said_where_there_is_nothing_to_ask(
        self, lines: list[str], journal: Path
    ) -> None:
        with ChatServer() as server:
            ask(server, journal=journal)
            lines.clear()
            ask(server, journal=journal)
        summarised(roads(3))
        assert lines == []
