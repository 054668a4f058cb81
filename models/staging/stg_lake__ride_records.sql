with source as (
    select * from {{ lake_records(source('lake', 'taxi-rides')) }}
)

select
    row_number() over () as record_number,
    source_file,
    record
from source
