{# What the day's normal rides take, by distance: a line through medians that rises or stays level. #}
with normal_rides as (
    select
        ride_dist,
        ride_minutes,
        round(ride_dist, 1) as tenth
    from {{ ref('rides') }}
    where ride_date = {{ ride_date_sql() }} and not is_anomaly
),

-- distances in tenths of a mile, so that ten million rides need not be sorted
tenths as (
    select
        tenth,
        count(*) as rides
    from normal_rides
    group by tenth
),

before as (
    select
        tenth,
        sum(rides) over (order by tenth) - rides as rides_before,
        sum(rides) over () as all_rides
    from tenths
),

-- groups with similar numbers of rides: some 20 each on a small day, and at most 50 groups
groups as (
    select
        tenth,
        rides_before * least(50, greatest(1, all_rides // 20)) // all_rides as group_number
    from before
),

medians as (
    select
        groups.group_number,
        median(normal_rides.ride_dist) as ride_dist,
        median(normal_rides.ride_minutes) as minutes
    from normal_rides
    inner join groups on normal_rides.tenth = groups.tenth
    group by groups.group_number
),

-- if a farther group was quicker by chance, the line is halfway between the highest median so far and the lowest to
-- come. Such a line never falls
corners as (
    select
        ride_dist,
        row_number() over (order by ride_dist) as corner,
        (
            max(minutes) over (order by ride_dist rows between unbounded preceding and current row)
            + min(minutes) over (order by ride_dist rows between current row and unbounded following)
        ) / 2 as minutes
    from medians
)

-- between two corners the line is straight. Beyond the last corner it goes on as steeply as in its farther half
select
    corners.ride_dist,
    corners.minutes,
    case
        when farther.corner is not null
            then (farther.minutes - corners.minutes) / (farther.ride_dist - corners.ride_dist)
        when middle.corner < corners.corner
            then (corners.minutes - middle.minutes) / (corners.ride_dist - middle.ride_dist)
        when corners.ride_dist > 0 then corners.minutes / corners.ride_dist
        else 0
    end as minutes_per_mile
from corners
left join corners as farther on corners.corner + 1 = farther.corner
left join corners as middle on (corners.corner + 1) // 2 = middle.corner
