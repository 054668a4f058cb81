with verdicts as (
    select * from {{ ref('int_ride_verdicts_checked') }}
)

select
    {{ ride_date_sql() }} as ride_date,
    {{ sql_text(var("city")) }} as city,
    record_number,
    source_file,
    ride_id,
    rejection_reason as reason,
    record
from verdicts
where rejection_reason is not null
