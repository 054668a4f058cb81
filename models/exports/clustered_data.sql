with records as (
    select
        ride_records.record_number,
        ride_records.record,
        fields.may_need_rewriting,
        fields.own_exported_fields,
        fields.is_strict_json
    from {{ ref('stg_lake__ride_records') }} as ride_records
    inner join {{ ref('stg_lake__rides') }} as fields on ride_records.record_number = fields.record_number
),

rides as (
    select
        record_number,
        '{"label":' || label || '}' as added
    from {{ ref('rides') }}
    where ride_date = {{ run_date_sql() }}
)

select {{ add_json_fields('records', ['label'], 'rides.added') }} as record
from records
inner join rides on records.record_number = rides.record_number
order by records.record_number
