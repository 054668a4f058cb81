select
    records_read,
    rides,
    rejected_rides
from {{ ref('daily_reports') }}
where ride_date = {{ ride_date_sql() }} and records_read != rides + rejected_rides
