with cleaned as (
    select * from {{ ref('int_rides_cleaned') }}
),

labelled as (
    select * from {{ ref('int_rides_labelled') }}
),

kinds as (
    select * from {{ ref('int_anomaly_kinds') }}
),

contexts as (
    select
        record_number,
        context_id
    from {{ ref('int_ride_contexts') }}
)

select
    {{ ride_date_sql() }} as ride_date,
    {{ sql_text(var("city")) }} as city,
    cleaned.record_number,
    cleaned.ride_id,
    cleaned.ride_dist,
    cleaned.ride_time,
    cleaned.pickup_at,
    timezone('{{ var("time_zone") }}', cleaned.pickup_at) as pickup_local,
    cleaned.area,
    labelled.label,
    labelled.label = -1 as is_anomaly,
    kinds.anomaly_kind,
    labelled.ride_dist_standardized,
    labelled.ride_time_standardized,
    contexts.context_id,
    cleaned.extra_fields,
    60 * cleaned.ride_time as ride_minutes,
    cleaned.ride_dist / cleaned.ride_time as mph,
    labelled.distance_from_normal
from cleaned
inner join labelled on cleaned.record_number = labelled.record_number
inner join contexts on cleaned.record_number = contexts.record_number
left join kinds on cleaned.record_number = kinds.record_number
