-- Are rides that met a traffic bulletin slower, and more often anomalous?
with met as (
    select
        rides.ride_dist,
        rides.ride_time,
        rides.is_anomaly,
        contexts.traffic is not null as has_bulletin
    from {{ ref('rides') }} as rides
    inner join {{ ref('ride_contexts') }} as contexts
        on rides.ride_date = contexts.ride_date and rides.context_id = contexts.context_id
)

select
    has_bulletin,
    count(*) as rides,
    round(median(60 * ride_time / ride_dist) filter (ride_dist > 0), 2) as median_minutes_per_mile,
    round(100 * count(*) filter (is_anomaly) / count(*), 2) as anomalous_percent
from met
group by all
order by has_bulletin
