with contexts as (
    select * from {{ ref('int_contexts') }}
),

ride_contexts as (
    select *
    from {{ ref('ride_contexts') }}
    where ride_date = {{ ride_date_sql() }} and anomalous_rides > 0
)

select
    contexts.context_id,
    contexts.area,
    contexts.window_start,
    contexts.window_end,
    ride_contexts.news,
    ride_contexts.weather,
    ride_contexts.traffic
from contexts
left join ride_contexts on contexts.context_id = ride_contexts.context_id
where ride_contexts.context_id is not null or contexts.context_id = {{ ride_date_sql() }}::varchar
order by contexts.context_id
