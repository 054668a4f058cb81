-- depends_on: {{ ref('daily_reports') }}
-- depends_on: {{ ref('clustered_data') }} so that neither export is new while the other could not be written
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
        label,
        ride_minutes,
        mph,
        distance_from_normal
    from {{ ref('rides') }}
    where ride_date = {{ ride_date_sql() }}
),

-- fields that every ride has are added below. Facts are rounded for readers, and JSON has no infinity
anomalies as (
    select
        record_number,
        json_object(
            'is_anomaly', true,
            'anomaly_kind', anomaly_kind,
            'summary', summary,
            'summary_status', summary_status,
            'summary_source', summary_source,
            'summary_model', summary_model,
            'expected_minutes', round(expected_minutes, 1),
            'times_expected', case when isfinite(times_expected) then round(times_expected, 2) end,
            'severity', severity,
            'likely_reason', likely_reason,
            'circumstance', circumstance,
            'item_ids', item_ids,
            'summary_support', summary_support,
            'incident_id', incident_id
        )::varchar as added
    from {{ ref('anomalous_rides') }}
    where ride_date = {{ ride_date_sql() }}
),

normal as (
    select
        json_object(
            'is_anomaly', false,
            'anomaly_kind', null,
            'summary', '',
            'summary_status', null,
            'summary_source', null,
            'summary_model', null,
            'expected_minutes', null,
            'times_expected', null,
            'severity', null,
            'likely_reason', null,
            'circumstance', null,
            'item_ids', [],
            'summary_support', null,
            'incident_id', null
        )::varchar as added
),

labelled as (
    select
        rides.record_number,
        concat(
            '{"label":', rides.label, ',',
            substr(left(coalesce(anomalies.added, normal.added), -1), 2),
            ',"ride_minutes":', round(rides.ride_minutes, 1),
            ',"mph":', case when isfinite(rides.mph) then round(rides.mph, 1)::varchar else 'null' end,
            ',"distance_from_normal":', coalesce(round(rides.distance_from_normal, 3)::varchar, 'null'), '}'
        ) as added
    from rides
    cross join normal
    left join anomalies on rides.record_number = anomalies.record_number
)

select
    {{ add_json_fields('records.record', 'fields', exported_fields(), 'labelled.added') }} as record
from records
inner join fields on records.record_number = fields.record_number
inner join labelled on records.record_number = labelled.record_number
order by records.record_number
