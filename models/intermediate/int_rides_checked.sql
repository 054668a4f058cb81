-- depends_on: {{ ref('stg_lake__malformed_lines') }} which ends the build where a file is at fault and not its records
with rides as (
    select * from {{ ref('stg_lake__rides') }}
)

select
    record_number,
    ride_id,
    ride_dist,
    ride_time,
    pickup_at,
    is_pickup_unreadable,
    area,
    news,
    weather,
    traffic,
    extra_fields,
    case
        when is_malformed then 'malformed JSON'
        when not is_object then 'not an object'
        when is_nested_too_deeply then 'nested more than {{ deepest_nesting() }} levels deep'
        when ride_id is null then 'no ride_id'
        {%- for field, largest in [('ride_dist', var('max_ride_miles')), ('ride_time', var('max_ride_hours'))] %}
        when is_{{ field }}_missing then '{{ field }} missing'
        when {{ field }} is null then '{{ field }} not a number'
        when not isfinite({{ field }}) then '{{ field }} not finite'
        {%- if field == 'ride_dist' %}
        when {{ field }} < 0 then '{{ field }} negative'
        {%- else %}
        when {{ field }} <= 0 then '{{ field }} zero or negative'
        {%- endif %}
        when {{ field }} > {{ largest }} then '{{ field }} above {{ largest }}'
        {%- endfor %}
    end as rejection_reason
from rides
