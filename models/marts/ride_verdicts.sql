with verdicts as (
    select * from {{ ref('int_ride_verdicts_checked') }}
)

select
    {{ ride_date_sql() }} as ride_date,
    {{ sql_text(var("city")) }} as city,
    ride_id,
    verdict,
    note,
    judged_by,
    judged_at,
    anomaly_kind,
    severity,
    likely_reason
from verdicts
where rejection_reason is null
-- the latest verdict counts; without times, the last one in the file
qualify row_number() over (partition by ride_id order by judged_at desc nulls last, record_number desc) = 1
