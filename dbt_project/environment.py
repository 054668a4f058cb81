"""The environment variables that say where things are; none of them has to be set."""

from __future__ import annotations

from typing import NamedTuple


class EnvironmentVariable(NamedTuple):
    """One variable, what it means, and what holds if it is not set."""

    name: str
    meaning: str
    default: str


ENVIRONMENT = (
    EnvironmentVariable("LAKE_URL", "The lake: a folder or `s3://bucket[/prefix]`.", "`lake`"),
    EnvironmentVariable(
        "LAKE_OUTPUT_URL", "Where exports go: a folder or `s3://bucket[/prefix]`.", "the lake"
    ),
    EnvironmentVariable("WAREHOUSE_DIR", "Folder of the warehouse's files.", "`warehouse`"),
    EnvironmentVariable(
        "PUBLISH_URL",
        "`s3://bucket[/prefix]` where the published warehouse goes as well.",
        "nowhere else",
    ),
    EnvironmentVariable(
        "WAREHOUSE_MEMORY_LIMIT",
        "DuckDB's memory; beyond it, it spills to the warehouse's folder. Python comes on top.",
        "`4GB`",
    ),
    EnvironmentVariable(
        "WAREHOUSE_SPILL_LIMIT",
        "What DuckDB may put into the warehouse's folder beyond its memory.",
        "`50GB`",
    ),
    EnvironmentVariable(
        "WAREHOUSE_WAIT_SECONDS",
        "How long a build waits for another one of the same warehouse.",
        "`0`, not at all",
    ),
    EnvironmentVariable("OPENAI_API_KEY", "Key of the language model's server.", "no model"),
    EnvironmentVariable(
        "OPENAI_BASE_URL",
        "Any server that speaks OpenAI's Chat Completions.",
        "OpenAI's, if there is a key",
    ),
    EnvironmentVariable(
        "SMTP_HOST",
        "Mail server that the report is sent by; see [the report](report.md).",
        "no e-mail",
    ),
    EnvironmentVariable("SMTP_PORT", "Its port; 465 for encryption from the start.", "`587`"),
    EnvironmentVariable("SMTP_USER", "Its user, with `SMTP_PASSWORD`.", "no login"),
    EnvironmentVariable("REPORT_FROM", "Address that writes the e-mail.", "has to be said"),
    EnvironmentVariable(
        "REPORT_TO", "Addresses that get it, separated by commas.", "has to be said"
    ),
    EnvironmentVariable(
        "AWS_*",
        "AWS's own: keys, profile, role, `AWS_REGION`, and `AWS_ENDPOINT_URL_S3` or "
        "`AWS_ENDPOINT_URL` for another S3 server.",
        "AWS's credential chain",
    ),
    EnvironmentVariable(
        "LAKE_TIMEOUT_SECONDS",
        "How long an S3 server may be silent before it is asked again.",
        "`20`",
    ),
    EnvironmentVariable(
        "LAKE_KMS_KEY_ID",
        "Key of AWS's KMS that exports to S3 are encrypted with.",
        "the encryption of the bucket",
    ),
)
