select
    context_id,
    news,
    weather,
    traffic
from {{ ref('ride_contexts') }}
where ride_date = {{ run_date_sql() }} and anomalous_rides > 0
order by context_id
