with incident_rides as (
    select * from {{ ref('int_incident_rides') }}
),

rides as (
    select
        *,
        {{ area_key('area') }} as area_key
    from {{ ref('rides') }}
    where ride_date = {{ ride_date_sql() }} and pickup_at is not null
),

facts as (
    select * from {{ ref('int_ride_facts') }}
),

incidents as (
    select
        incident_rides.incident_id,
        min(incident_rides.area) as area,
        any_value({{ area_key('incident_rides.area') }}) as area_key,
        any_value(incident_rides.starts_at) as starts_at,
        any_value(incident_rides.ends_at) as ends_at,
        any_value(incident_rides.category) as category,
        any_value(incident_rides.what) as what,
        any_value(incident_rides.item_id) as item_id,
        count(*) as anomalous_rides,
        sum(greatest(facts.ride_minutes - facts.expected_minutes, 0)) as minutes_lost,
        min(rides.pickup_at) as first_ride_at,
        max(rides.pickup_at) as last_ride_at,
        any_value(incident_rides.p_value) as p_value
    from incident_rides
    inner join rides on incident_rides.record_number = rides.record_number
    inner join facts on incident_rides.record_number = facts.record_number
    group by incident_rides.incident_id
),

-- all rides that were on their way in the area and hours
rides_there_and_then as (
    select
        incidents.incident_id,
        count(*) as rides
    from incidents
    inner join rides
        on
            incidents.area_key is not distinct from rides.area_key
            and rides.pickup_at < coalesce(incidents.ends_at, {{ day_end() }})
            and rides.pickup_at + to_seconds(60 * rides.ride_minutes) > coalesce(incidents.starts_at, {{ day_start() }})
    group by incidents.incident_id
)

select
    {{ ride_date_sql() }} as ride_date,
    {{ sql_text(var("city")) }} as city,
    incidents.incident_id,
    incidents.area,
    incidents.starts_at,
    incidents.ends_at,
    incidents.category,
    incidents.what,
    incidents.item_id,
    rides_there_and_then.rides,
    incidents.anomalous_rides,
    incidents.minutes_lost,
    incidents.first_ride_at,
    incidents.last_ride_at,
    incidents.p_value,
    timezone('{{ var("time_zone") }}', incidents.starts_at) as starts_local,
    timezone('{{ var("time_zone") }}', incidents.ends_at) as ends_local
from incidents
inner join rides_there_and_then on incidents.incident_id = rides_there_and_then.incident_id
