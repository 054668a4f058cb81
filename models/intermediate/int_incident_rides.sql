{#- a crowd without a bulletin: at least this many anomalous rides, and at most this probability that it is chance -#}
{%- set fewest_of_a_crowd = 3 -%}
{%- set largest_p_value = 0.01 -%}

with rides as (
    select
        *,
        {{ area_key('area') }} as area_key,
        pickup_at + to_seconds(60 * ride_minutes) as dropoff_at
    from {{ ref('rides') }}
    where ride_date = {{ ride_date_sql() }} and pickup_at is not null
),

facts as (
    select * from {{ ref('int_ride_facts') }}
),

items as (
    select *
    from {{ ref('int_items') }}
    where is_notable and kind != 'weather' and not is_of_the_day
),

-- a bulletin does not explain rides that a broken meter or a far-away place explains
affected as (
    select rides.*
    from rides
    inner join facts on rides.record_number = facts.record_number
    where facts.likely_reason = 'unexplained' or starts_with(facts.likely_reason, 'delayed')
),

-- if several bulletins hold in a ride's area while it is under way, the most relevant one counts
rides_with_bulletin as (
    select
        affected.record_number,
        affected.area,
        items.item_id,
        items.starts_at,
        items.ends_at,
        items.category,
        items.text as what
    from affected
    inner join items
        on
            affected.area_key is not distinct from items.area_key
            and affected.pickup_at < items.holds_until
            and affected.dropoff_at > items.holds_from
    qualify row_number() over (partition by affected.record_number order by items.relevance) = 1
),

under_bulletins as (
    select
        *,
        null::double as p_value
    from rides_with_bulletin
    qualify count(*) over (partition by item_id) > 1
),

rides_by_hour as (
    select
        rides.area_key,
        time_bucket(interval 1 hour, rides.pickup_at, {{ day_start() }}) as hour_start,
        count(*) as rides,
        count(*) filter (rides.is_anomaly and under_bulletins.record_number is null) as anomalous_rides,
        sum(anomalous_rides) over () / sum(count(*)) over () as usual_share,
        count(*) over () as hours
    from rides
    left join under_bulletins on rides.record_number = under_bulletins.record_number
    group by all
),

-- binomial test against the day's share of such rides: the probability of this many anomalous rides or more. There is
-- one term for each number, with lgamma for the factorials. Bonferroni's correction multiplies by the number of hours
-- of areas
tested as (
    select
        *,
        least(
            1,
            hours * list_sum(list_transform(
                range(anomalous_rides, rides + 1),
                lambda k: exp(
                    lgamma(rides + 1) - coalesce(lgamma(nullif(k, 0) + 1), 0)
                    - coalesce(lgamma(nullif(rides - k, 0) + 1), 0)
                    + k * ln(usual_share) + (rides - k) * ln(1 - usual_share)
                )
            ))
        ) as p_value
    from rides_by_hour
    where anomalous_rides >= {{ fewest_of_a_crowd }} and anomalous_rides > usual_share * rides and usual_share < 1
),

-- adjacent hours are one crowd
crowded_hours as (
    select
        *,
        hour_start - to_hours(row_number() over (partition by area_key order by hour_start)) as crowd
    from tested
    where p_value < {{ largest_p_value }}
),

crowds as (
    select
        area_key,
        min(hour_start) as starts_at,
        max(hour_start) + interval 1 hour as ends_at,
        min(p_value) as p_value
    from crowded_hours
    group by area_key, crowd
),

in_crowds as (
    select
        rides.record_number,
        rides.area,
        null as item_id,
        crowds.starts_at,
        crowds.ends_at,
        'other' as category,
        'an unusual number of anomalous rides' as what,
        crowds.p_value
    from rides
    inner join crowds
        on
            rides.area_key is not distinct from crowds.area_key
            and rides.pickup_at >= crowds.starts_at
            and rides.pickup_at < crowds.ends_at
    anti join under_bulletins on rides.record_number = under_bulletins.record_number
    where rides.is_anomaly
),

members as (
    select * from under_bulletins
    union all
    select * from in_crowds
)

select
    *,
    md5(concat_ws(
        e'\x1f', {{ ride_date_sql() }}, {{ area_key('area') }}, coalesce(item_id, epoch_us(starts_at)::varchar)
    )) as incident_id
from members
