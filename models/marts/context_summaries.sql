{{ config(
    incremental_strategy = 'delete+insert',
    unique_key = 'prompt_hash'
) }}

with context_summaries as (
    select * from {{ ref('int_context_summaries') }}
),

earlier as (
    select * from {{ ref('int_earlier_summaries') }}
),

-- contexts that ask the same question share an answer
summaries as (
    select distinct on (prompt_hash) *
    from context_summaries
    order by prompt_hash
)

-- rows that the ledger already has stay as they are
select
    {{ ride_date_sql() }} as ride_date,
    {{ sql_text(var("city")) }} as city,
    summaries.prompt_hash,
    summaries.template_version,
    summaries.model,
    summaries.model_that_answered,
    summaries.base_url,
    summaries.parameters,
    summaries.status,
    summaries.reason,
    summaries.summary,
    summaries.summary_source,
    nullif(summaries.circumstance, '') as circumstance,
    summaries.item_ids::json::varchar[] as item_ids,
    summaries.summary_support,
    summaries.prompt_tokens,
    summaries.completion_tokens,
    summaries.cost_usd,
    summaries.attempts,
    summaries.latency_seconds,
    summaries.request_id,
    summaries.created_at
from summaries
anti join earlier
    on
        summaries.prompt_hash = earlier.prompt_hash
        and summaries.status = earlier.status
        and summaries.reason = earlier.reason
        and summaries.summary = earlier.summary
        and summaries.attempts = earlier.attempts
