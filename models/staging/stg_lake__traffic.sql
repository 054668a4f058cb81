with source as (
    select * from {{ lake_records(source('lake', 'traffic')) }}
),

fields as (
    select
        row_number() over () as record_number,
        coalesce({{ json_text('record', 'started_at') }}, {{ json_text('record', 'observed_at') }}) as started_at,
        {{ json_text('record', 'ended_at') }} as ended_at,
        {{ json_text('record', 'text') }} as text,
        {{ json_text('record', 'area') }} as area
    from source
)

select
    record_number,
    {{ to_instant('started_at') }} as started_at,
    {{ to_instant('ended_at') }} as ended_at,
    text,
    area
from fields
