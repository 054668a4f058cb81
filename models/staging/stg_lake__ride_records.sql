with source as (
    select * from {{ lake_records(source('lake', 'taxi-rides')) }}
)

select
    source_file,
    record,
    row_number() over () as record_number
from source
