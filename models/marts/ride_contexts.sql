with contexts as (
    select * from {{ ref('int_ride_contexts') }}
),

labelled as (
    select * from {{ ref('int_rides_labelled') }}
)

select
    {{ run_date_sql() }} as ride_date,
    contexts.context_id,
    any_value(contexts.news) as news,
    any_value(contexts.weather) as weather,
    any_value(contexts.traffic) as traffic,
    count(*) as rides,
    count(*) filter (labelled.label = -1) as anomalous_rides
from contexts
inner join labelled on contexts.record_number = labelled.record_number
group by contexts.context_id
