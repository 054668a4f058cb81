with figures as (
    select * from {{ ref('int_day_figures') }}
),

usual as (
    select * from {{ ref('int_usual_day') }}
),

verdict as (
    select * from {{ ref('int_verdict') }}
),

normal as (
    select * from {{ ref('int_normal_range') }}
),

day_warnings as (
    select * from {{ ref('int_day_warnings') }}
),

-- one row, of the day as a whole
day_summary as (
    select summary
    from {{ ref('int_context_summaries') }}
    where context_id = {{ ride_date_sql() }}::varchar
),

verdict_precision as (
    select *
    from {{ ref('verdict_precision') }}
    where ride_date = {{ ride_date_sql() }} and dimension = 'all'
),

warning_list as (
    select
        coalesce(list(warning order by place), []) as warnings,
        coalesce(list(warning order by place) filter (changes_verdict), []) as caveats
    from day_warnings
)

select
    {{ ride_date_sql() }} as ride_date,
    {{ sql_text(var("city")) }} as city,
    figures.records_read,
    figures.rides,
    figures.rejected_rides,
    figures.anomalous_rides,
    figures.anomalous_share,
    figures.clusters,
    figures.min_samples,
    figures.summarized_contexts,
    figures.llm_summaries,
    figures.failed_summaries,
    figures.budget_summaries,
    figures.llm_calls,
    figures.prompt_tokens,
    figures.completion_tokens,
    figures.cost_usd,
    figures.missing,
    warning_list.warnings,
    figures.judgement,
    usual.usual_days,
    usual.usual_days_built,
    usual.usual_rides,
    usual.usual_share,
    usual.lowest_share,
    usual.highest_share,
    usual.days_with_lower_share,
    usual.days_with_higher_share,
    normal.hardly_moved_miles,
    normal.long_ride_quantile,
    normal.long_ride_miles,
    normal.long_ride_hours,
    normal.hours_at_start,
    normal.hours_per_mile,
    '{{ var("clustering_scale") }}' as clustering_scale,
    day_summary.summary,
    verdict.verdict,
    verdict.times_usual,
    usual.usual_share_low,
    usual.usual_share_high,
    usual.weekdays_built,
    usual.weekday_lowest_share,
    usual.weekday_highest_share,
    warning_list.caveats,
    coalesce(verdict_precision.judged_rides, 0) as judged_rides,
    verdict_precision.confirmed_share
from figures
cross join usual
cross join verdict
cross join normal
cross join warning_list
cross join day_summary
left join verdict_precision on figures.ride_date = verdict_precision.ride_date
