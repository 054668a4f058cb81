{%- set columns = {'ride_date': 'date', 'rides': 'bigint', 'anomalous_share': 'double'} -%}
select
    ride_date,
    rides,
    anomalous_share
from {{ earlier_rows('daily_reports', columns) }}
where
    ride_date >= {{ ride_date_sql() }} - interval '{{ var("usual_days") }} days'
    and ride_date < {{ ride_date_sql() }}
    and rides > 0
