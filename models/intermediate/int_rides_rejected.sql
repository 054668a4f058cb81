with checked as (
    select * from {{ ref('int_rides_checked') }}
),

repeated as (
    select record_number from {{ ref('int_rides_repeated') }}
),

records as (
    select * from {{ ref('stg_lake__ride_records') }}
),

malformed as (
    select * from {{ ref('stg_lake__malformed_lines') }}
),

rejected as (
    select
        checked.record_number,
        checked.ride_id,
        coalesce(checked.rejection_reason, 'repeated ride_id') as reason
    from checked
    left join repeated on checked.record_number = repeated.record_number
    where checked.rejection_reason is not null or repeated.record_number is not null
)

select
    rejected.record_number,
    records.source_file,
    rejected.ride_id,
    rejected.reason,
    coalesce(records.record::varchar, malformed.line) as record
from rejected
inner join records on rejected.record_number = records.record_number
left join malformed on rejected.record_number = malformed.record_number
