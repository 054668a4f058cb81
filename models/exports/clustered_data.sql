with records as (
    select * from {{ ref('stg_lake__ride_records') }}
),

fields as (
    select
        record_number,
        may_need_rewriting,
        own_exported_fields,
        is_strict_json
    from {{ ref('stg_lake__rides') }}
),

rides as (
    select
        record_number,
        '{"label":' || label || '}' as added
    from {{ ref('rides') }}
    where ride_date = {{ ride_date_sql() }}
)

select {{ add_json_fields('records.record', 'fields', ['label'], 'rides.added') }} as record
from records
inner join fields on records.record_number = fields.record_number
inner join rides on records.record_number = rides.record_number
order by records.record_number
