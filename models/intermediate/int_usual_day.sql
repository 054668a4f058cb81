{# What is usual, and how the day compares with it. Nothing is usual before `min_usual_days` are built. #}
with figures as (
    select * from {{ ref('int_day_figures') }}
),

earlier_days as (
    select * from {{ ref('int_earlier_days') }}
),

comparison as (
    select
        count(earlier_days.ride_date) as days_built,
        count(earlier_days.ride_date) >= {{ var('min_usual_days') }} as are_enough,
        median(earlier_days.rides) as median_rides,
        median(earlier_days.anomalous_share) as median_share,
        min(earlier_days.anomalous_share) as lowest_share,
        max(earlier_days.anomalous_share) as highest_share,
        count(*) filter (earlier_days.anomalous_share < figures.anomalous_share) as days_with_lower_share,
        count(*) filter (earlier_days.anomalous_share > figures.anomalous_share) as days_with_higher_share
    from figures
    left join earlier_days on figures.ride_date > earlier_days.ride_date
)

select
    {{ ride_date_sql() }} as ride_date,
    {{ var('usual_days') }} as usual_days,
    days_built as usual_days_built,
    case when are_enough then median_rides end as usual_rides,
    case when are_enough then median_share end as usual_share,
    lowest_share,
    highest_share,
    days_with_lower_share,
    days_with_higher_share
from comparison
