with source as (
    select * from {{ lake_records(source('lake', 'weather')) }}
),

fields as (
    select
        row_number() over () as record_number,
        {{ json_text('record', 'observed_at') }} as observed_at,
        {{ json_text('record', 'text') }} as text,
        {{ json_text('record', 'area') }} as area
    from source
)

select
    record_number,
    {{ to_instant('observed_at') }} as observed_at,
    text,
    area
from fields
