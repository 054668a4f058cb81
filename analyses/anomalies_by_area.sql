-- Where do anomalous rides begin more often than in the city as a whole?
with areas as (
    select
        coalesce(area, 'not said') as area,
        count(*) as rides,
        count(*) filter (is_anomaly) as anomalous_rides
    from {{ ref('rides') }}
    group by all
)

select
    area,
    rides,
    anomalous_rides,
    round(100 * anomalous_rides / rides, 2) as anomalous_percent,
    round(anomalous_rides / rides / nullif(sum(anomalous_rides) over () / sum(rides) over (), 0), 1) as times_the_citys
from areas
order by times_the_citys desc nulls last, rides desc
