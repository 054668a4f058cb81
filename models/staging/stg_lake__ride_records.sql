{{ config(post_hook='{{ keep_malformed_lines(this) }}') }}

with source as (
    select * from {{ lake_records(source('lake', 'taxi-rides')) }}
)

select
    source_file,
    record,
    null::varchar as malformed_line,
    row_number() over () as record_number
from source
