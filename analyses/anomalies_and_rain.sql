-- Are rides more often anomalous when the weather report speaks of rain?
with told as (
    select
        rides,
        anomalous_rides,
        case
            when weather is null then 'no report'
            when regexp_matches(weather, '(?i)\b(rain|drizzle|shower|sleet)') then 'rain'
            else 'dry'
        end as weather
    from {{ ref('ride_contexts') }}
)

select
    weather,
    sum(rides) as rides,
    sum(anomalous_rides) as anomalous_rides,
    round(100 * sum(anomalous_rides) / sum(rides), 2) as anomalous_percent
from told
group by all
order by weather
