"""The summaries of whole builds: the real command and a language model's server over a socket."""

from pathlib import Path

import pytest
from support.chat_server import COMPLETION_TOKENS, PROMPT_TOKENS, ChatServer, error
from support.workplace import Build, Workplace

from dbt_project.settings.summaries import SETTINGS_FILE

DATE = "20230501"
KEY = "very-secret-key-0123456789"
# dbt's own tests take half of a build's time, and one of the builds below runs them.


def fill(workplace: Workplace) -> Workplace:
    """Write a day of six anomalous rides in two contexts, among normal ones in another."""
    rides = [
        {"ride_id": f"normal-{n}", "ride_dist": 2, "ride_time": 0.25, "traffic": "All clear."}
        for n in range(60)
    ]
    rides += [
        {"ride_id": f"far-{n}", "ride_dist": 100 * n, "ride_time": n, "traffic": traffic}
        for n, traffic in enumerate(["M8 closed.", "M77 closed."] * 3, 1)
    ]
    workplace.write(f"taxi-rides-{DATE}.json", rides)
    return workplace


def settings_file(workplace: Workplace, old: str, new: str) -> Path:
    """Write the default settings with a change, and without patience."""
    text = SETTINGS_FILE.read_text().replace("backoff_seconds: 1 ", "backoff_seconds: 0 ")
    assert old in text
    path = workplace.folder / "summaries.yml"
    path.write_text(text.replace(old, new))
    return path


def build(
    workplace: Workplace, base_url: str, *options: str, settings: Path = SETTINGS_FILE
) -> Build:
    variables = f"{{date: {DATE}, summaries_file: {settings}}}"
    environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": base_url}
    built = workplace.build(variables, *options, **environment)
    assert built.completed.returncode == 0, built.output
    return built


LEDGER = "select * from context_summaries where summary_source = 'llm' order by prompt_hash"
COSTS = "select llm_calls, prompt_tokens, completion_tokens, cost_usd from daily_reports"
SUMMARIES = (
    "select distinct summary_status, summary_source, summary from anomalous_rides order by 1"
)


class TestBuilds:
    def test_each_prompt_is_asked_once_however_often_the_day_is_built(
        self, workplace: Workplace
    ) -> None:
        fill(workplace)
        export = workplace.lake / f"clustered_summarized_{DATE}.json"
        with ChatServer(error(500)) as server:
            first = build(workplace, server.base_url)
            asked = [call.text for call in server.calls]
            written, ledger, costs = export.read_bytes(), first.query(LEDGER), first.query(COSTS)

            again = build(workplace, server.base_url)
            (workplace.warehouse / "build.duckdb").unlink()
            anew = build(workplace, server.base_url, "--full-refresh")
            assert len(server.calls) == 3

            changed = settings_file(workplace, 'version: "1"', 'version: "2"')
            only_asked = ("--select", "int_context_summaries")
            build(workplace, server.base_url, *only_asked, settings=changed)
            assert len(server.calls) == 3 + 2
        assert len(asked) == 2 + 1
        assert len(set(asked)) == 2
        assert not any("All clear." in text for text in asked)
        assert "summaries: 2 of 2, $0.0003" in first.output
        assert costs == [(3, 2 * PROMPT_TOKENS, 2 * COMPLETION_TOKENS, pytest.approx(300e-6))]
        for later in (again, anew):
            assert later.query(LEDGER) == ledger
            assert later.query(COSTS) == costs
            assert "summaries: " not in later.output
        assert export.read_bytes() == written

    def test_what_is_over_the_budget_is_marked_and_the_report_says_so(
        self, workplace: Workplace
    ) -> None:
        poor = settings_file(fill(workplace), "calls: 2000", "calls: 1")
        with ChatServer() as server:
            built = build(workplace, server.base_url, settings=poor)
            assert len(server.calls) == 1
        over, ok = built.query(SUMMARIES)
        assert (over[:2], ok[:2]) == (("budget", "extractive"), ("ok", "llm"))
        assert over[2] in {"M77 closed.", "M8 closed."}
        [(count, failed, warnings)] = built.query(
            "select budget_summaries, failed_summaries, warnings from daily_reports"
        )
        assert (count, failed) == (1, 0)
        assert warnings[-1] == "1 of 2 summaries without the LLM, whose budget is used up"
        assert warnings[-1] in built.output

    def test_a_server_that_is_down_does_not_stop_the_day_and_the_key_is_nowhere(
        self, workplace: Workplace
    ) -> None:
        impatient = settings_file(fill(workplace), "attempts: 3 ", "attempts: 1 ")
        with ChatServer() as server:
            base_url = server.base_url
        built = build(workplace, base_url, settings=impatient)
        assert set(built.query(SUMMARIES)) == {
            ("failed", "extractive", "M77 closed."),
            ("failed", "extractive", "M8 closed."),
        }
        assert "2 of 2 summaries without the LLM, which failed" in built.output
        files = [file for file in workplace.folder.rglob("*") if file.is_file()]
        assert len(files) > 20
        assert KEY not in built.output
        assert not any(KEY.encode() in file.read_bytes() for file in files)
