with rejected as (
    select * from {{ ref('int_rides_rejected') }}
)

select
    {{ ride_date_sql() }} as ride_date,
    {{ sql_text(var("city")) }} as city,
    record_number,
    source_file,
    ride_id,
    reason,
    record
from rejected
