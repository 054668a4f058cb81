{#- An area stands out with so many anomalous rides that lie so many standard deviations beyond the city's share: three,
    because the worst of many areas is looked for. -#}
{%- set fewest = 3 -%}
{%- set noise = 3 -%}
{%- set columns = {'ride_date': 'date', 'area': 'varchar', 'rides': 'bigint', 'anomalous_share': 'double'} -%}

with rides as (
    select
        *,
        {{ area_key('area') }} as area_key
    from {{ ref('rides') }}
    where ride_date = {{ ride_date_sql() }}
),

earlier_days as (
    select
        anomalous_share,
        {{ area_key('area') }} as area_key
    from {{ earlier_rows('area_days', columns) }}
    where
        ride_date >= {{ ride_date_sql() }} - interval '{{ var("usual_days") }} days'
        and ride_date < {{ ride_date_sql() }}
),

usual as (
    select
        area_key,
        count(*) as days_built,
        median(anomalous_share) as usual_share,
        quantile_cont(anomalous_share, 0.05) as usual_share_low,
        quantile_cont(anomalous_share, 0.95) as usual_share_high
    from earlier_days
    group by area_key
    having count(*) >= {{ var('min_usual_days') }}
),

city as (
    select count(*) filter (is_anomaly) / count(*) as anomalous_share
    from rides
),

areas as (
    select
        area_key,
        min(area) as area,
        count(*) as rides,
        count(*) filter (is_anomaly) as anomalous_rides
    from rides
    where area_key is not null
    group by area_key
)

select
    {{ ride_date_sql() }} as ride_date,
    {{ sql_text(var("city")) }} as city,
    areas.area,
    areas.rides,
    areas.anomalous_rides,
    areas.anomalous_rides / areas.rides as anomalous_share,
    areas.anomalous_rides / areas.rides / nullif(city.anomalous_share, 0) as times_city,
    areas.anomalous_rides - city.anomalous_share * areas.rides as beyond_city,
    areas.anomalous_rides >= {{ fewest }}
    and beyond_city > {{ noise }} * sqrt(city.anomalous_share * areas.rides) as stands_out,
    usual.days_built as usual_days_built,
    usual.usual_share,
    usual.usual_share_low,
    usual.usual_share_high
from areas
cross join city
left join usual on areas.area_key = usual.area_key
