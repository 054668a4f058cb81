with contexts as (
    select * from {{ ref('int_contexts') }}
),

ride_contexts as (
    select * from {{ ref('int_ride_contexts') }}
),

labelled as (
    select * from {{ ref('int_rides_labelled') }}
),

counts as (
    select
        ride_contexts.context_id,
        count(*) as rides,
        count(*) filter (labelled.label = -1) as anomalous_rides
    from ride_contexts
    inner join labelled on ride_contexts.record_number = labelled.record_number
    group by ride_contexts.context_id
)

select
    {{ run_date_sql() }} as ride_date,
    contexts.context_id,
    contexts.news,
    contexts.weather,
    contexts.traffic,
    counts.rides,
    counts.anomalous_rides
from contexts
inner join counts on contexts.context_id = counts.context_id
