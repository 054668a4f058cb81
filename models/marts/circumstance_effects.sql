with effects as (
    select * from {{ ref('int_circumstance_effects') }}
)

select
    {{ ride_date_sql() }} as ride_date,
    {{ sql_text(var("city")) }} as city,
    category,
    days_with,
    rides_with,
    rides_without,
    share_with,
    share_without,
    ratio,
    ratio_low,
    ratio_high,
    p_value,
    verdict
from effects
