with
{% for kind in ['news', 'weather', 'traffic'] -%}
{{ kind }} as (
    select
        '{{ kind }}' as kind,
        count(*) as records,
        count(*) filter (text is null) as unusable
    from {{ ref('stg_lake__' ~ kind) }}
),

{% endfor -%}

side_files as (
    from news
    union all
    from weather
    union all
    from traffic
),

missing as (
    select coalesce(list(kind order by kind) filter (records = 0), []) as missing
    from side_files
),

rides as (
    select
        count(*) as rides,
        count(*) filter (rides.is_anomaly) as anomalous_rides,
        coalesce(max(rides.label) + 1, 0) as clusters,
        count(*) filter (cleaned.is_pickup_unreadable) as unreadable_pickups,
        count(*) filter (rides.pickup_local::date != rides.ride_date) as pickups_of_other_days
    from {{ ref('rides') }} as rides
    inner join {{ ref('int_rides_cleaned') }} as cleaned on rides.record_number = cleaned.record_number
    where rides.ride_date = {{ run_date_sql() }}
),

rejected_by_reason as (
    select
        reason,
        count(*) as records
    from {{ ref('rejected_rides') }}
    where ride_date = {{ run_date_sql() }}
    group by reason
),

rejected as (
    select
        coalesce(sum(records), 0)::bigint as rejected_rides,
        string_agg(records || ' ' || reason, ', ' order by records desc, reason asc) as reasons
    from rejected_by_reason
),

records as (
    select count(*) as records_read
    from {{ ref('stg_lake__ride_records') }}
),

-- what a day of this city usually has
usual as (
    {%- if is_incremental() %}
    select
        median(rides) as rides,
        count(*) as days_built
    from {{ this }}
    where
        ride_date >= {{ run_date_sql() }} - interval '{{ var("usual_days") }} days'
        and ride_date < {{ run_date_sql() }}
    {%- else %}
    select
        null::double as rides,
        0 as days_built
    {%- endif %}
),

-- how the summaries came about: of the anomalous rides' contexts, and of the day as a whole
summaries as (
    select
        count(*) filter (context_id != {{ run_date_sql() }}::varchar) as summarized_contexts,
        count(*) filter (summary_source = 'llm') as llm_summaries,
        count(*) filter (status = 'failed') as failed_summaries,
        count(*) filter (status = 'budget') as budget_summaries,
        any_value(summary) filter (context_id = {{ run_date_sql() }}::varchar) as summary
    from {{ ref('int_context_summaries') }}
),

-- every call that any build has made for this day; what another day had asked for costs nothing
costs as (
    select
        count(*) as llm_calls,
        coalesce(sum(prompt_tokens), 0)::bigint as prompt_tokens,
        coalesce(sum(completion_tokens), 0)::bigint as completion_tokens,
        coalesce(sum(cost_usd), 0)::double as cost_usd
    from {{ ref('int_summary_calls') }}
),

warnings as (
    {% for kind in ['news', 'weather', 'traffic'] -%}
    select
        {{ loop.index }} as place,
        'no {{ kind }} in the lake' as warning
    from {{ kind }}
    where records = 0
    union all
    select
        {{ loop.index }} as place,
        '{{ kind }} records without a text: ' || unusable as warning
    from {{ kind }}
    where unusable > 0
    union all
    {% endfor -%}
    select
        4 as place,
        'no ride records at all' as warning
    from records
    where records_read = 0
    union all
    select
        5 as place,
        rejected.rejected_rides || ' of ' || records.records_read || ' records rejected: ' || rejected.reasons
            as warning
    from rejected
    cross join records
    where rejected.rejected_rides > {{ var('warn_rejected_share') }} * records.records_read
    union all
    {% for word, operator, share in [
        ('fewer', '<', var('fewest_rides_share')),
        ('more', '>', var('most_rides_share')),
    ] -%}
    select
        6 as place,
        format(
            '{{ word }} rides than usual: {:,}, where the {} days before had {:,} (median)',
            rides.rides,
            usual.days_built,
            usual.rides::bigint
        ) as warning
    from rides
    cross join usual
    where usual.days_built >= {{ var('min_usual_days') }} and rides.rides {{ operator }} {{ share }} * usual.rides
    union all
    {% endfor -%}
    select
        7 as place,
        'too few rides to judge: ' || rides as warning
    from rides
    where rides < {{ var('min_rides') }}
    union all
    select
        7 as place,
        'so many anomalous rides that the day is too sparse to judge' as warning
    from rides
    where rides >= {{ var('min_rides') }} and anomalous_rides > {{ var('max_anomalous_share') }} * rides
    union all
    select
        8 as place,
        'rides whose pickup time cannot be read: ' || unreadable_pickups as warning
    from rides
    where unreadable_pickups > 0
    union all
    select
        9 as place,
        'rides picked up on another day: ' || pickups_of_other_days as warning
    from rides
    where pickups_of_other_days > 0
    union all
    select
        10 as place,
        failed_summaries || ' of ' || summarized_contexts || ' summaries without the LLM, which failed' as warning
    from summaries
    where failed_summaries > 0
    union all
    select
        11 as place,
        budget_summaries || ' of ' || summarized_contexts || ' summaries without the LLM, whose budget is used up'
            as warning
    from summaries
    where budget_summaries > 0
),

warning_lists as (
    select coalesce(list(warning order by place, warning), []) as warnings
    from warnings
)

select
    {{ run_date_sql() }} as ride_date,
    records.records_read,
    rides.rides,
    rejected.rejected_rides,
    rides.anomalous_rides,
    rides.anomalous_rides / nullif(rides.rides, 0) as anomalous_share,
    rides.clusters,
    greatest({{ var('min_samples') }}, ceil({{ var('min_samples_share') }} * rides.rides))::bigint as min_samples,
    summaries.summarized_contexts,
    summaries.llm_summaries,
    summaries.failed_summaries,
    summaries.budget_summaries,
    costs.llm_calls,
    costs.prompt_tokens,
    costs.completion_tokens,
    costs.cost_usd,
    summaries.summary,
    missing.missing,
    warning_lists.warnings
from records
cross join rides
cross join rejected
cross join summaries
cross join costs
cross join missing
cross join warning_lists
