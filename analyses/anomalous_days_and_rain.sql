-- How do a day's anomalies go with the hours of rain that its rides met? One row a day.
with days as (
    select
        ride_date,
        sum(rides) as rides,
        sum(anomalous_rides) as anomalous_rides,
        sum(rides) filter (regexp_matches(weather, '(?i)\b(rain|drizzle|shower|sleet)')) as rides_in_rain
    from {{ ref('ride_contexts') }}
    group by all
)

select
    ride_date,
    round(100 * coalesce(rides_in_rain, 0) / rides, 1) as percent_of_rides_in_rain,
    round(100 * anomalous_rides / rides, 2) as anomalous_percent,
    round(
        nullif(corr(anomalous_rides / rides, coalesce(rides_in_rain, 0) / rides) over (), 'nan'::double), 2
    ) as correlation_of_all_days
from days
order by ride_date
