{#- What is usual, and how the day compares with it. Nothing is usual before `min_usual_days` are built, and nothing is
    usual for a weekday before so many of it are -#}
{%- set fewest_of_a_weekday = 3 -%}

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
        -- what is usual leaves out the one day in ten that is most unlike the others
        quantile_cont(earlier_days.anomalous_share, 0.05) as low_share,
        quantile_cont(earlier_days.anomalous_share, 0.95) as high_share,
        count(*) filter (earlier_days.anomalous_share < figures.anomalous_share) as days_with_lower_share,
        count(*) filter (earlier_days.anomalous_share > figures.anomalous_share) as days_with_higher_share
    from figures
    left join earlier_days on figures.ride_date > earlier_days.ride_date
),

weekday as (
    select
        count(*) as days_built,
        count(*) >= {{ fewest_of_a_weekday }} as are_enough,
        min(anomalous_share) as lowest_share,
        max(anomalous_share) as highest_share
    from earlier_days
    where dayofweek(ride_date) = dayofweek({{ ride_date_sql() }})
)

select
    {{ ride_date_sql() }} as ride_date,
    {{ var('usual_days') }} as usual_days,
    comparison.days_built as usual_days_built,
    case when comparison.are_enough then comparison.median_rides end as usual_rides,
    case when comparison.are_enough then comparison.median_share end as usual_share,
    case when comparison.are_enough then comparison.low_share end as usual_share_low,
    case when comparison.are_enough then comparison.high_share end as usual_share_high,
    comparison.lowest_share,
    comparison.highest_share,
    comparison.days_with_lower_share,
    comparison.days_with_higher_share,
    weekday.days_built as weekdays_built,
    case when weekday.are_enough then weekday.lowest_share end as weekday_lowest_share,
    case when weekday.are_enough then weekday.highest_share end as weekday_highest_share
from comparison
cross join weekday
