with records as (
    select * from {{ ref('stg_lake__ride_records') }}
),

fields as (
    select
        record_number,
        source_file,
        json_type(record) as record_type,
        json_transform(
            record,
            '{
                "ride_id": "JSON",
                "ride_dist": "JSON",
                "ride_time": "JSON",
                "pickup_at": "JSON",
                "area": "JSON",
                "news": "JSON",
                "weather": "JSON",
                "traffic": "JSON"
            }'
        ) as field,
        json_merge_patch(
            record,
            '{
                "ride_id": null,
                "ride_dist": null,
                "ride_time": null,
                "pickup_at": null,
                "area": null,
                "news": null,
                "weather": null,
                "traffic": null
            }'
        ) as extra_fields
    from records
),

typed as (
    select
        record_number,
        source_file,
        record_type,

        -- a number of any length is an identifier; true, 1.5 and {} are none
        case
            when json_type(field['ride_id']) = 'VARCHAR' then nullif(trim(field['ride_id'] ->> '$'), '')
            when regexp_full_match(field['ride_id']::varchar, '-?\d+') then field['ride_id']::varchar
        end as ride_id,

        nullif(json_type(field['ride_dist']), 'NULL') as ride_dist_type,
        {{ json_number("field['ride_dist']") }} as ride_dist,
        nullif(json_type(field['ride_time']), 'NULL') as ride_time_type,
        {{ json_number("field['ride_time']") }} as ride_time,

        nullif(trim(field['pickup_at'] ->> '$'), '') as pickup_text,
        nullif(trim(field['area'] ->> '$'), '') as area,
        nullif(trim(field['news'] ->> '$'), '') as news,
        nullif(trim(field['weather'] ->> '$'), '') as weather,
        nullif(trim(field['traffic'] ->> '$'), '') as traffic,
        case when record_type = 'OBJECT' then nullif(extra_fields, '{}'::json) end as extra_fields
    from fields
)

select
    * exclude (pickup_text),
    {{ to_instant('pickup_text') }} as pickup_at,
    pickup_text is not null and {{ to_instant('pickup_text') }} is null as is_pickup_unreadable
from typed
