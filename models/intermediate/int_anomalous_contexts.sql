with contexts as (
    select *
    from {{ ref('ride_contexts') }}
    where ride_date = {{ run_date_sql() }}
)

select
    context_id,
    news,
    weather,
    traffic
from contexts
where anomalous_rides > 0
order by context_id
