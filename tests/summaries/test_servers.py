"""What servers of many makes say is understood, and reaches as far as it should.

The bodies have the shapes, and the statuses, of the servers in their ids.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import pytest
from support.chat_server import COMPLETION_TOKENS, ChatServer, Handler, Reply, answer, raw, says
from support.summarising import ask, roads, settings_with

from dbt_project.settings.summaries import Model, Settings

PROMPTS = 3
ATTEMPTS = 2
REASONING = "Okay, the user wants a summary. Rain fell, so I should say that."


def chain(**limits: float) -> Settings:
    """Return a chain that asks the model "one" in two ways, and then the model "two"."""
    models = (
        Model(name="one", parameters={"max_completion_tokens": 400, "reasoning_effort": "none"}),
        Model(name="one", parameters={"max_tokens": 400}),
        Model(name="two", parameters={"max_tokens": 400}),
    )
    return settings_with(attempts=ATTEMPTS, **limits).model_copy(update={"models": models})


def asked(reply: Reply, settings: Settings | None = None) -> tuple[pd.DataFrame, list[Any]]:
    """Return the rows of three prompts, and the calls that were made for them."""
    with ChatServer(otherwise=reply) as server:
        rows = ask(server, roads(PROMPTS), settings or chain())
        return rows, server.calls


def unless(is_fine: str, reply: Reply) -> Reply:
    """Answer well to a model, or to calls without a parameter; else as told."""

    def choose(handler: Handler) -> None:
        call = handler.call
        is_known = call.model == is_fine or (is_fine[:1] == "-" and is_fine[1:] not in call.body)
        (answer("Rain fell.") if is_known else reply)(handler)

    return choose


def said_of(replies: Mapping[str, Reply], *, is_rescued: bool = False) -> dict[str, Any]:
    """Return the row of each reply, which one prompt of a run gets from every model.

    With `is_rescued` the model "two" answers well instead.
    """
    names = list(replies)

    def choose(handler: Handler) -> None:
        [number] = re.findall(r"Road (\d+) ", handler.call.text)
        is_well = is_rescued and handler.call.model == "two"
        (answer("Rescued.") if is_well else replies[names[int(number)]])(handler)

    with ChatServer(otherwise=choose) as server:
        rows = ask(server, roads(len(names)), chain())
    return dict(zip(names, rows.to_dict("records"), strict=True))


def summaries_of(contents: Iterable[object]) -> dict[str, str]:
    rows = said_of({str(content): answer(content) for content in contents})
    return {content: row["summary"] for content, row in rows.items() if row["status"] == "ok"}


def ids(table: Iterable[tuple[Any, ...]]) -> list[Any]:
    return [pytest.param(*row[1:], id=row[0]) for row in table]


def openai_error(message: str, code: str | int | None = None, **others: object) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "code": code, **others}}


class TestUnknownModel:
    """A model that a server does not have costs one call, whatever the words."""

    REFUSALS = (
        ("openai", 404, openai_error("The model `one` does not exist", "model_not_found")),
        (
            "openai-403",
            403,
            openai_error("Project has no access to model `one`", "model_not_found"),
        ),
        ("vllm", 404, openai_error("The model `one` does not exist.", 404, param="model")),
        (
            "vllm-flat",
            404,
            {"object": "error", "message": "The model `one` does not exist.", "code": 404},
        ),
        ("ollama", 404, openai_error('model "one" not found, try pulling it first')),
        ("ollama-string", 404, {"error": "model 'one' not found"}),
        ("ollama-embedding", 400, openai_error('"one" does not support chat')),
        ("llama.cpp", 400, openai_error("model 'one' not found", 400)),
        ("llama-swap", 400, {"error": "could not find real modelID for one"}),
        ("lm-studio", 400, {"error": 'Model "one" not found. Please specify a valid model.'}),
        (
            "localai",
            500,
            openai_error("could not load model - all backends returned error: x", 500),
        ),
        ("gemini", 404, [openai_error("models/one is not found for API version v1main", 404)]),
        ("gemini-400", 400, [openai_error("* unexpected model name format", 400, param="model")]),
        ("azure", 404, openai_error("The API deployment does not exist.", "DeploymentNotFound")),
        ("openrouter", 400, openai_error("one is not a valid model ID", 400)),
        ("openrouter-404", 404, openai_error("No endpoints found for one.", 404)),
        ("litellm", 400, openai_error("400: {'error': 'Invalid model name passed in model=one'}")),
        ("litellm-401", 401, openai_error("key not allowed to access model. Tried one")),
        (
            "mistral",
            400,
            {"message": "Invalid model: one", "type": "invalid_model", "code": "1500"},
        ),
        ("deepseek", 400, openai_error("Model Not Exist", "invalid_request_error")),
        ("groq", 400, openai_error("The model `one` has been decommissioned.")),
        ("github", 400, openai_error("Unknown model: one", "unknown_model")),
        ("huggingface", 400, openai_error("The requested model 'one' is not supported by any")),
        ("bedrock", 400, {"message": "The provided model identifier is invalid."}),
        (
            "fastapi",
            422,
            {
                "detail": [
                    {"loc": ["body", "model"], "msg": "Input should be 'three'", "type": "enum"}
                ]
            },
        ),
        ("detail", 404, {"detail": "Not Found"}),
        (
            "errors",
            400,
            {"success": False, "errors": [{"code": 5007, "message": "No such model one"}]},
        ),
        ("own-words", 400, {"error": "one: not among what is served here"}),
        ("status-200", 200, openai_error("The model `one` does not exist", 404)),
        ("status-200-list", 200, [{"error": {"message": "Unknown model one"}}]),
        ("status-200-string", 200, {"error": "model 'one' not found"}),
    )

    @pytest.mark.parametrize(("status", "body"), ids(REFUSALS))
    def test_it_is_left_for_the_run_and_the_next_one_is_asked(
        self, status: int, body: object
    ) -> None:
        rows, calls = asked(unless("two", says(status, body)))
        assert [call.model for call in calls] == ["one"] + ["two"] * PROMPTS
        assert rows["status"].tolist() == ["fallback"] * PROMPTS
        assert rows["reason"].str.startswith(f"one: HTTP {status}").all()


class TestWrongKey:
    """A key that is refused is not tried again."""

    REFUSALS = (
        ("openai", 401, openai_error("Incorrect API key provided", "invalid_api_key")),
        ("status-401", 401, {}),
        ("azure", 401, {"statusCode": 401, "message": "Unauthorized."}),
        ("azure-403", 403, openai_error("Access denied due to invalid subscription key", "403")),
        (
            "gemini",
            400,
            [
                {
                    "error": {
                        "code": 400,
                        "message": "API key not valid. Please pass a valid API key.",
                        "status": "INVALID_ARGUMENT",
                    }
                }
            ],
        ),
        (
            "gemini-in-a-message",
            400,
            openai_error(json.dumps(openai_error("API key not valid.", 400)), 400),
        ),
        ("vllm", 401, {"error": "Unauthorized"}),
        ("anthropic", 400, {"type": "error", "error": {"message": "invalid x-api-key"}}),
        ("own-words", 400, {"errors": [{"title": "The key that was sent is wrong"}]}),
        ("no-credentials", 200, {"error": {"message": "No cookie auth credentials found"}}),
        ("fastapi", 403, {"detail": "Not authenticated"}),
        ("fastapi-400", 400, {"detail": "Invalid token"}),
        ("alibaba", 400, {"code": "InvalidApiKey", "message": "Invalid API-key provided."}),
        (
            "minimax",
            200,
            {"choices": None, "base_resp": {"status_code": 1004, "status_msg": "login fail"}},
        ),
        ("baidu", 200, {"error_code": 110, "error_msg": "Access token invalid"}),
        ("openrouter", 200, openai_error("No auth credentials found", 401)),
        ("status-200", 200, {"error": "invalid api key"}),
        ("status-200-errors", 200, {"errors": ["API key is missing"]}),
        ("status-200-detail", 200, {"detail": "Authentication required: no API key"}),
        ("status-200-message", 200, {"code": 401, "msg": "token expired", "success": False}),
        ("status-500", 500, openai_error("AuthenticationError: incorrect api key")),
        (
            "region",
            403,
            openai_error("Country not supported", "unsupported_country_region_territory"),
        ),
    )

    @pytest.mark.parametrize(("status", "body"), ids(REFUSALS))
    def test_it_ends_the_calls_of_the_run(self, status: int, body: object) -> None:
        rows, calls = asked(says(status, body))
        assert len(calls) == 1
        assert rows["status"].tolist() == ["failed"] * PROMPTS
        assert rows["reason"].str.contains(f"one: HTTP {status}", regex=False).all()


class TestMoney:
    """Without money nobody is asked."""

    REFUSALS = (
        ("openai", 429, openai_error("You exceeded your current quota", "insufficient_quota")),
        (
            "words",
            429,
            openai_error("You exceeded your current quota, check your plan and billing"),
        ),
        ("deepseek", 402, openai_error("Insufficient Balance")),
        ("openrouter", 402, openai_error("This request requires more credits", 402)),
        ("openrouter-200", 200, openai_error("Insufficient credits", 402)),
        ("anthropic", 400, openai_error("Your credit balance is too low to access the API.")),
        ("litellm", 400, openai_error("Budget has been exceeded! Current cost: 3", "400")),
        ("huggingface", 403, {"error": "You have exceeded your monthly included credits"}),
        ("new-api", 403, openai_error("no quota left", "insufficient_user_quota")),
    )

    @pytest.mark.parametrize(("status", "body"), ids(REFUSALS))
    def test_it_ends_the_calls_of_the_run(self, status: int, body: object) -> None:
        rows, calls = asked(says(status, body))
        assert len(calls) == 1
        assert rows["cost_usd"].isna().all()


class TestOnePrompt:
    """What is wrong with one prompt is no reason not to ask for the others."""

    REFUSALS = (
        (
            "openai",
            400,
            openai_error(
                "This model's maximum context length is 8192 tokens.", "context_length_exceeded"
            ),
        ),
        (
            "vllm",
            400,
            {
                "object": "error",
                "message": "This model's maximum context length is 4096 tokens. However, you "
                "requested 4500 tokens (4100 in the messages, 400 in the completion).",
            },
        ),
        (
            "llama.cpp",
            400,
            openai_error("the request exceeds the available context size", 400, n_ctx=4096),
        ),
        ("ollama", 400, {"error": "input length exceeds maximum context length"}),
        ("tgi", 422, {"error": "`inputs` tokens + `max_new_tokens` must be <= 2048. Given: 3000"}),
        ("groq", 413, openai_error("Request too large for model `one`", "rate_limit_exceeded")),
        ("anthropic", 400, openai_error("prompt is too long: 208310 tokens > 200000 maximum")),
        ("azure-filter", 400, openai_error("The response was filtered", "content_filter")),
        ("openrouter-filter", 403, openai_error("Your input was flagged by moderation", 403)),
        ("status-200", 200, openai_error("prompt is too long", 400)),
        ("unknown", 400, openai_error("cannot do that")),
    )

    @pytest.mark.parametrize(("status", "body"), ids(REFUSALS))
    def test_every_entry_is_asked_once_for_every_prompt(self, status: int, body: object) -> None:
        _, calls = asked(says(status, body))
        assert len(calls) == 3 * PROMPTS

    def test_the_same_complaint_about_prompt_after_prompt_is_about_all_of_them(self) -> None:
        reply = says(400, {"error": "die Anfrage 17 ist leider nicht erlaubt"})
        rows, calls = asked(unless("two", reply), chain(give_up_after=2, concurrency=1))
        assert [call.model for call in calls].count("one") == 2 * 2
        assert rows["status"].tolist() == ["fallback"] * PROMPTS
        assert rows["reason"].str.contains("to 2 prompts in a row").any()


class TestUnknownParameter:
    """A parameter that a model does not know rules out the entry that sends it, and no other."""

    REFUSALS = (
        (
            "openai",
            400,
            openai_error(
                "Unsupported parameter: 'reasoning_effort'",
                "unsupported_parameter",
                param="reasoning_effort",
            ),
        ),
        (
            "openai-old",
            400,
            openai_error("Unrecognized request argument supplied: reasoning_effort"),
        ),
        (
            "vllm",
            400,
            {"message": "[{'type': 'extra_forbidden', 'loc': ('body', 'reasoning_effort')}]"},
        ),
        ("gemini", 400, [openai_error('Unknown name "reasoningEffort": Cannot find field.', 400)]),
        ("groq", 400, openai_error("property 'reasoning_effort' is unsupported")),
        (
            "openrouter",
            404,
            openai_error("No endpoints found that support the requested parameters"),
        ),
        (
            "litellm",
            400,
            openai_error("UnsupportedParamsError: one does not support reasoning_effort"),
        ),
        (
            "fastapi",
            422,
            {
                "detail": [
                    {"loc": ["body", "reasoning_effort"], "msg": "Extra inputs are not permitted"}
                ]
            },
        ),
        ("rails", 422, {"errors": {"reasoning_effort": ["is not allowed"]}}),
        (
            "status-200",
            200,
            {"error": {"message": "unknown parameter reasoning_effort", "code": 400}},
        ),
    )

    @pytest.mark.parametrize(("status", "body"), ids(REFUSALS))
    def test_the_same_model_is_asked_without_it(self, status: int, body: object) -> None:
        rows, calls = asked(unless("-reasoning_effort", says(status, body)))
        assert [call.model for call in calls] == ["one"] * (1 + PROMPTS)
        assert [call.body.get("max_tokens") for call in calls] == [None] + [400] * PROMPTS
        assert rows["status"].tolist() == ["fallback"] * PROMPTS


class TestPassing:
    """What may pass is tried again."""

    REFUSALS = (
        ("openai", 429, openai_error("Rate limit reached for one", "rate_limit_exceeded")),
        (
            "gemini",
            429,
            [
                {
                    "error": {
                        "code": 429,
                        "message": "You exceeded your current quota, check your plan and billing.",
                        "status": "RESOURCE_EXHAUSTED",
                        "details": [{"retryDelay": "0.01s"}],
                    }
                }
            ],
        ),
        (
            "openrouter",
            200,
            openai_error("Provider returned error", 502, metadata={"raw": "overloaded"}),
        ),
        ("status-200", 200, {"error": "rate limit exceeded, try again in 10ms"}),
        (
            "bedrock",
            400,
            {"message": "Too many requests, please wait.", "__type": "ThrottlingException"},
        ),
        ("llama.cpp", 503, openai_error("Loading model", 503)),
        ("vllm", 500, {"object": "error", "message": "EngineCore encountered an issue"}),
        (
            "ollama",
            503,
            {"error": "server busy, please try again. maximum pending requests exceeded"},
        ),
        ("proxy", 502, "<html><body><h1>502 Bad Gateway</h1>nginx</body></html>"),
        ("mid-answer", 200, None),
    )

    @pytest.mark.parametrize(("status", "body"), ids(REFUSALS))
    def test_every_entry_is_asked_as_often_as_allowed(self, status: int, body: object) -> None:
        broken = answer("Rain", finish_reason="error", error={"code": 502, "message": "gone"})
        reply = says(status, body) if body else broken
        rows, calls = asked(reply)
        assert len(calls) == 3 * PROMPTS * ATTEMPTS
        assert rows["status"].tolist() == ["failed"] * PROMPTS

    def test_the_wait_that_the_body_asks_for_is_kept(self) -> None:
        busy = says(429, openai_error("Rate limit reached. Please try again in 1.2s."))
        with ChatServer(busy) as server:
            assert ask(server)["status"].tolist() == ["ok"]
            first, second = server.calls
        assert second.at - first.at > 1.1

    def test_a_quota_of_the_day_is_not_waited_for(self) -> None:
        spent = says(429, openai_error("Rate limit exceeded: free-models-per-day. Add 10 credits"))
        rows, calls = asked(unless("two", spent))
        assert [call.model for call in calls].count("one") == 1
        assert rows["status"].tolist() == ["fallback"] * PROMPTS


class TestQuoted:
    """The row says in the server's own words what is wrong."""

    SHAPES = (
        (says(418, openai_error("as it is")), "HTTP 418: as it is"),
        (says(418, [openai_error("in a list")]), "HTTP 418: in a list"),
        (says(418, {"error": "a string"}), "HTTP 418: a string"),
        (says(418, {"detail": "a detail"}), "HTTP 418: a detail"),
        (says(418, {"message": "a message"}), "HTTP 418: a message"),
        (says(418, {"Message": "with a capital"}), "HTTP 418: with a capital"),
        (says(418, {"errors": ["one error", "and another"]}), "one error: and another"),
        (says(418, {"errors": [{"message": "of many"}]}), "HTTP 418: of many"),
        (says(418, {"detail": [{"loc": ["body", "n"], "msg": "too big"}]}), "too big (n)"),
        (says(418, {"error": {"code": "teapot"}}), "teapot"),
        (says(418, "only text"), "HTTP 418: only text"),
        (raw(b"plain text", 418), "HTTP 418: plain text"),
        (raw(b"<html><h1>I am a <b>teapot</b></h1></html>", 418), "418: I am a teapot"),
        (raw(b"", 418), "HTTP 418"),
        (
            says(
                418,
                openai_error("Provider returned error", metadata={"raw": "the pot is empty"}),
            ),
            "Provider returned error: the pot is empty",
        ),
        (says(200, openai_error("not today")), "HTTP 200 with an error: not today"),
        (says(200, [{"error": "in a list"}]), "HTTP 200 with an error: in a list"),
        (raw(b"<p>Welcome to the proxy</p>"), "no chat completion: Welcome to the proxy"),
    )

    def test_a_complaint_of_any_shape_is_in_the_reason(self) -> None:
        rows = said_of({quote: reply for reply, quote in self.SHAPES})
        assert len(rows) == len(self.SHAPES)
        assert [quote for quote, row in rows.items() if quote not in row["reason"]] == []


class TestReasoning:
    """What a model thinks aloud is never a summary."""

    MARKED = (
        f"<think>{REASONING}</think>Rain fell.",
        f"<THINK>\n{REASONING}\n</Think>\n\nRain fell.",
        f"<thinking>{REASONING}</thinking>Rain fell.",
        f"<thought>{REASONING}</thought>Rain fell.",
        f"<reasoning>{REASONING}</reasoning>Rain fell.",
        f"<antThinking>{REASONING}</antThinking>Rain fell.",
        f"[THINK]{REASONING}[/THINK]Rain fell.",
        f"◁think▷{REASONING}◁/think▷Rain fell.",
        f"<seed:think>{REASONING}</seed:think>Rain fell.",
        "<seed:think>A<seed:cot_budget_reflect>B</seed:cot_budget_reflect>C</seed:think>Rain fell.",
        f"<thinking>{REASONING}<reflection>No.</reflection>Yes.</thinking>"
        "<output>Rain fell.</output>",
        f"<|START_THINKING|>{REASONING}<|END_THINKING|><|START_RESPONSE|>"
        "Rain fell.<|END_RESPONSE|>",
        f"<|begin_of_thought|>{REASONING}<|end_of_thought|>\n<|begin_of_solution|>Rain fell."
        "<|end_of_solution|>",
        f"<|channel|>analysis<|message|>{REASONING}<|end|><|start|>assistant<|channel|>final"
        "<|message|>Rain fell.<|return|>",
        f"<|channel|>analysis<|message|>{REASONING}<|end|><|start|>assistant<|channel|>final "
        "<|constrain|>text<|message|>Rain fell.",
        f"analysis{REASONING}assistantfinalRain fell.",
        f"analysisthe user asks...{REASONING}assistantfinalRain fell.",
        f'<think time="3">{REASONING}</think >Rain fell.',
        f"## Thinking\n{REASONING}\n## Answer\nRain fell.",
        f"**Thinking...**\n{REASONING}\n\n**Final answer**\nRain fell.",
        f"<|channel>thought\n{REASONING}<channel|>Rain fell.",
        f"&lt;think&gt;{REASONING}&lt;/think&gt;Rain fell.",
        f'<details type="reasoning"><summary>Thought</summary>{REASONING}</details>Rain fell.',
        f"<think>{REASONING}</think><answer>Rain fell.</answer>",
        f"{REASONING}<answer>Rain fell.</answer>",
        f"{REASONING}</think>Rain fell.",
        f"{REASONING}\n</thought>\nRain fell.",
        f"{REASONING}[/THINK]Rain fell.",
        f"{REASONING}◁/think▷Rain fell.",
        f"{{thinking}}{REASONING}{{/thinking}}Rain fell.",
        f"\u3010think\u3011{REASONING}\u3010/think\u3011Rain fell.",
        f"Thinking...\n{REASONING}\n...done thinking.\n\nRain fell.",
        f"A.</think>{REASONING}</think>Rain fell.",
        f"<think>A.</think><think>{REASONING}</think>Rain fell.",
        f"{REASONING}</think><think>B.</think>Rain fell.",
        "<think>\n\n</think>\n\nRain fell.",
        f"```thinking\n{REASONING}\n```\nRain fell.",
        f"**Reasoning:** {REASONING}\n\n**Answer:** Rain fell.",
        f"Here is my thought process:\n{REASONING}\nHere is my response:\nRain fell.",
        f"<th\u200bink>{REASONING}</think>Rain fell.",
        f"<think>{REASONING * 1000}</think>Rain fell.",
        f"<think>{REASONING}</think>Rain fell.<|im_end|>\n<|im_start|>user\nMore.",
    )
    UNTOLD = (
        (f"<think>{REASONING}", "reasoning without an end"),
        (f"Here it is. <think>{REASONING}", "reasoning without an end"),
        (f"[THINK]{REASONING}", "reasoning without an end"),
        (f"◁think▷{REASONING}", "reasoning without an end"),
        (f"<think>A <think>B</think>{REASONING}", "reasoning without an end"),
        (f"{REASONING}</think>", "reasoning without an answer"),
        (f"{REASONING}\n...done thinking.", "reasoning without an answer"),
        (f"{{thought}}{REASONING}", "reasoning without an end"),
        ("#" * 60_000 + " Reasoning", "reasoning without an answer"),
        (f"<think>{REASONING}</think>  \n", "reasoning without an answer"),
        (f"<|channel|>analysis<|message|>{REASONING}<|end|>", "reasoning without an answer"),
        (f"analysis{REASONING}", "reasoning without an answer"),
        (f"Thinking process:\n1. {REASONING}", "reasoning without an answer"),
        (f"<ruminating_deeply>{REASONING}</ruminating_deeply>", "reasoning without an answer"),
        (f"<zzz>{REASONING}</zzz>Rain fell.", "<zzz> tells no answer from reasoning"),
        (f"<\u601d\u8003>{REASONING}</\u601d\u8003>Rain fell.", "<\u601d\u8003> tells no answer"),
        (f"{REASONING}</answer>", "</answer> tells no answer from reasoning"),
        (REASONING, "reads like reasoning"),
        ("Let me think about the closures. The M8 was closed.", "reads like reasoning"),
        ("We need to write three sentences. The M8 was closed.", "reads like reasoning"),
    )

    def test_marked_reasoning_is_left_out(self) -> None:
        assert summaries_of(self.MARKED) == dict.fromkeys(self.MARKED, "Rain fell.")

    def test_what_cannot_be_told_from_an_answer_is_none_and_the_next_model_is_asked(self) -> None:
        contents = {content: answer(content) for content, _ in self.UNTOLD}
        rows = said_of(contents, is_rescued=True)
        assert {row["summary"] for row in rows.values()} == {"Rescued."}
        reasons = {content: f"one: {reason}" for content, reason in self.UNTOLD}
        wrong = [text for text, why in reasons.items() if not rows[text]["reason"].startswith(why)]
        assert wrong == []

    def test_a_field_for_reasoning_is_no_answer(self) -> None:
        rows = said_of(
            {
                f"{field} {content!r}": answer(content, **{field: "Rain fell, I think."})
                for field in ("reasoning_content", "reasoning", "thinking")
                for content in (None, "", " \n", [])
            }
        )
        assert {row["status"] for row in rows.values()} == {"failed"}
        assert {row["reason"].partition(";")[0] for row in rows.values()} == {
            "one: reasoning without an answer"
        }

    def test_a_field_for_reasoning_beside_an_answer_is_ignored(self) -> None:
        rows, _ = asked(answer("Rain fell.", reasoning_content=REASONING))
        assert rows["summary"].tolist() == ["Rain fell."] * PROMPTS

    CUT_OFF = (
        (None, "reasoning without an answer"),
        (f"<think>{REASONING}", "reasoning without an end"),
        ("The M8 was", "no whole sentence"),
        ("Roads are in the data. " * 30 + "And", "which may be reasoning"),
    )

    @pytest.mark.parametrize("finish_reason", ["length", "MAX_TOKENS", "model_length"])
    def test_an_answer_that_ends_at_the_token_limit_is_said_to(self, finish_reason: str) -> None:
        rows = said_of(
            {
                why: answer(content, finish_reason=finish_reason, reasoning="Hm.")
                for content, why in self.CUT_OFF
            }
        )
        for why, row in rows.items():
            assert row["reason"].startswith(f"one: cut off at the token limit, {why}; ")
            assert row["completion_tokens"] == 3 * COMPLETION_TOKENS

    def test_an_ordinary_answer_is_not_taken_for_reasoning(self) -> None:
        ordinary = (
            "Police are analysing a crash at 17:30: the M8 was closed.",
            'A witness said "I should have stopped." The M8 was closed.',
            "Wait times of 40 min on the M8. First, Second and Third Avenue were closed.",
            "The I-95 was closed. Rain fell at 5 < 6 pm.",
            "The A8 was blocked. Now I-95 is closed as well.",
        )
        assert summaries_of(ordinary) == {text: text for text in ordinary}


class TestParts:
    """Content may be one text or a list of parts."""

    PARTS: tuple[object, ...] = (
        [{"type": "text", "text": "Rain fell."}],
        [{"type": "text", "text": "Rain "}, {"type": "text", "text": "fell."}],
        ["Rain fell."],
        [{"text": "Rain fell."}],
        [{"type": "output_text", "text": "Rain fell."}],
        [{"type": "text", "text": {"value": "Rain fell."}}],
        {"type": "text", "text": "Rain fell."},
        [
            {"type": "thinking", "thinking": [{"type": "text", "text": REASONING}]},
            {"type": "text", "text": "Rain fell."},
        ],
        [{"type": "reasoning", "text": REASONING}, {"type": "text", "text": "Rain fell."}],
        [{"text": REASONING, "thought": True}, {"text": "Rain fell."}],
    )

    def test_the_parts_that_are_text_are_the_answer(self) -> None:
        assert summaries_of(self.PARTS) == {str(parts): "Rain fell." for parts in self.PARTS}

    def test_parts_of_reasoning_alone_are_no_answer(self) -> None:
        rows, _ = asked(answer([{"type": "thinking", "thinking": [{"text": REASONING}]}]))
        assert rows["reason"].str.contains("one: reasoning without an answer").all()

    def test_a_part_that_refuses_is_a_refusal(self) -> None:
        rows, _ = asked(answer([{"type": "refusal", "refusal": "No."}]))
        assert rows["reason"].str.contains("one: refused by the model").all()


class TestChatter:
    """What a model says around its summary is not published, and takes no sentence's place."""

    SUMMARY = "Rain fell. The M8 was closed. Queues reached Parkhead."
    AROUND = (
        "Sure! Here is a summary:\n\n{}",
        "Sure! Here is a summary: {}",
        "Sure, here's a concise summary of the conditions for taxis in Glasgow: {}",
        "Certainly! {}",
        "Certainly! Here\u2019s a brief overview of the day.\n{}",
        "Of course! Below is the summary you asked for:\n\n{}",
        "Okay! {}",
        "Here is a 3-sentence summary: {}",
        "Here are three sentences about it:\n{}",
        "The following is a summary of the information. {}",
        "I have summarised the information in three sentences below: {}",
        "**Here is the summary:**\n\n{}",
        "Summary: {}",
        "**Summary:** {}",
        "**Summary**\n{}",
        "## Summary\n{}",
        "Summary\n\n{}",
        "Summary of conditions in Leith: {}",
        "Final answer: {}",
        "TL;DR: {}",
        "Natürlich! Hier ist eine Zusammenfassung:\n\n{}",
        "{}\n\nLet me know if you need anything else!",
        "{} I hope this helps.",
        "{}\n\nWould you like more detail?",
        "{} Feel free to ask for more. Safe travels!",
        "{}\n\n*Note: this summary is based on the data provided.*",
        "{}\n\n(Word count: 12)",
        "Sure! Here is a summary:\n{}\nIs there anything else I can help with?",
    )

    def test_three_sentences_of_the_matter_are_left(self) -> None:
        contents = [around.format(self.SUMMARY) for around in self.AROUND]
        assert summaries_of(contents) == dict.fromkeys(contents, self.SUMMARY)

    def test_chatter_alone_is_no_answer(self) -> None:
        alone = ("Sure!", "Here is a summary:", "Let me know!", "Summary")
        rows = said_of({content: answer(content) for content in alone})
        assert {row["reason"].partition(";")[0] for row in rows.values()} == {"one: empty answer"}

    def test_sentences_of_the_matter_stay(self) -> None:
        matter = (
            "Sure enough, the M8 was closed. Great Western Road was slow.",
            "If you need to travel, avoid the M8. Here the road is closed.",
            "Please note that the M8 is closed. Following the match, crowds left Hampden.",
            "This is the third closure in a week. Drivers are advised to leave early.",
        )
        assert summaries_of(matter) == {text: text for text in matter}
