with rides as (
    select *
    from {{ ref('rides') }}
    where ride_date = {{ ride_date_sql() }} and is_anomaly
),

contexts as (
    select *
    from {{ ref('ride_contexts') }}
    where ride_date = {{ ride_date_sql() }}
),

summaries as (
    select * from {{ ref('int_context_summaries') }}
),

facts as (
    select * from {{ ref('int_ride_facts') }}
),

incident_rides as (
    select * from {{ ref('int_incident_rides') }}
)

select
    rides.ride_date,
    rides.city,
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
    rides.extra_fields,
    facts.ride_minutes,
    facts.mph,
    facts.expected_minutes,
    facts.times_expected,
    facts.distance_from_normal,
    facts.severity,
    facts.likely_reason,
    summaries.summary_support,
    incident_rides.incident_id,
    summaries.item_ids::json::varchar[] as item_ids,
    nullif(summaries.circumstance, '') as circumstance
from rides
inner join contexts on rides.context_id = contexts.context_id
inner join summaries on rides.context_id = summaries.context_id
inner join facts on rides.record_number = facts.record_number
left join incident_rides on rides.record_number = incident_rides.record_number
