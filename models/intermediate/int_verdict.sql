{#- so many standard deviations of a number of rides that comes about by chance are no news -#}
{%- set noise = 2 -%}
{%- set far = 2 -%}

with figures as (
    select * from {{ ref('int_day_figures') }}
),

usual as (
    select * from {{ ref('int_usual_day') }}
),

compared as (
    select
        figures.ride_date,
        figures.rides,
        figures.judgement,
        figures.anomalous_share,
        usual.usual_share,
        usual.usual_share_low,
        usual.usual_share_high,
        figures.anomalous_share / nullif(usual.usual_share, 0) as times_usual,
        figures.anomalous_rides - usual.usual_share * figures.rides as beyond_usual,
        {{ noise }} * sqrt(usual.usual_share * figures.rides) as by_chance
    from figures
    cross join usual
)

select
    ride_date,
    times_usual,
    case
        when rides = 0 then 'no rides'
        when judgement != 'judged' then judgement
        when usual_share is null then 'nothing to compare with'
        when anomalous_share > usual_share_high and beyond_usual > by_chance
            then if(anomalous_share >= {{ far }} * usual_share, 'far more than usual', 'more than usual')
        when anomalous_share < usual_share_low and -beyond_usual > by_chance then 'fewer than usual'
        else 'ordinary'
    end as verdict
from compared
