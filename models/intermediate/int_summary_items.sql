with circumstances as (
    select *
    from {{ ref('ride_circumstances') }}
    where ride_date = {{ run_date_sql() }}
),

contexts as (
    select context_id from {{ ref('int_summary_contexts') }}
)

select
    circumstances.* exclude (starts_at, ends_at),
    timezone('{{ var("time_zone") }}', circumstances.starts_at) as starts_at,
    timezone('{{ var("time_zone") }}', circumstances.ends_at) as ends_at
from circumstances
semi join contexts on circumstances.context_id = contexts.context_id
order by circumstances.context_id, circumstances.item_number
