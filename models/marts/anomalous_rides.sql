with rides as (
    select *
    from {{ ref('rides') }}
    where ride_date = {{ run_date_sql() }} and is_anomaly
),

contexts as (
    select *
    from {{ ref('ride_contexts') }}
    where ride_date = {{ run_date_sql() }}
),

summaries as (
    select * from {{ ref('int_context_summaries') }}
)

select
    rides.ride_date,
    rides.record_number,
    rides.ride_id,
    rides.ride_dist,
    rides.ride_time,
    rides.pickup_at,
    rides.pickup_local,
    rides.area,
    rides.anomaly_kind,
    rides.ride_dist_standardized,
    rides.ride_time_standardized,
    rides.context_id,
    contexts.news,
    contexts.weather,
    contexts.traffic,
    summaries.summary,
    summaries.status as summary_status,
    summaries.summary_source,
    summaries.model as summary_model,
    summaries.prompt_hash,
    summaries.circumstance,
    coalesce(string_split(nullif(summaries.item_ids, ''), ','), []) as item_ids,
    summaries.summary_support,
    rides.extra_fields
from rides
inner join contexts on rides.context_id = contexts.context_id
inner join summaries on rides.context_id = summaries.context_id
