with figures as (
    select * from {{ ref('int_day_figures') }}
),

usual as (
    select * from {{ ref('int_usual_day') }}
),

day as (
    select (epoch({{ day_end() }}) - epoch({{ day_start() }})) / 3600 as hours
)

select
    rules.place,
    rules.warning,
    -- what the day was judged by: its rides, how many they were, how many of them were anomalous
    rules.place in (7, 8, 9, 10, 11, 12, 20) as changes_verdict
from figures
cross join usual
cross join day
cross join
    lateral (
        values
        (1, figures.news_records = 0, 'no news in the lake'),
        (2, figures.news_without_text > 0, 'news records without a text: ' || figures.news_without_text),
        (3, figures.weather_records = 0, 'no weather in the lake'),
        (4, figures.weather_without_text > 0, 'weather records without a text: ' || figures.weather_without_text),
        (5, figures.traffic_records = 0, 'no traffic in the lake'),
        (6, figures.traffic_without_text > 0, 'traffic records without a text: ' || figures.traffic_without_text),
        (7, figures.records_read = 0, 'no ride records at all'),
        (
            8,
            figures.rejected_rides > {{ var('warn_rejected_share') }} * figures.records_read,
            figures.rejected_rides || ' of ' || figures.records_read || ' records rejected: '
            || figures.rejection_reasons
        ),
        (
            9,
            figures.rides < {{ var('fewest_rides_share') }} * usual.usual_rides,
            format(
                'fewer rides than usual: {:,}, where the {} days before had {:,} (median)',
                figures.rides,
                usual.usual_days_built,
                usual.usual_rides::bigint
            )
        ),
        (
            10,
            figures.rides > {{ var('most_rides_share') }} * usual.usual_rides,
            format(
                'more rides than usual: {:,}, where the {} days before had {:,} (median)',
                figures.rides,
                usual.usual_days_built,
                usual.usual_rides::bigint
            )
        ),
        (11, figures.judgement = 'too few rides', 'too few rides to judge: ' || figures.rides),
        (12, figures.judgement = 'too sparse', 'so many anomalous rides that the day is too sparse to judge'),
        (13, figures.unreadable_pickups > 0, 'rides whose pickup time cannot be read: ' || figures.unreadable_pickups),
        (14, figures.pickups_of_other_days > 0, 'rides picked up on another day: ' || figures.pickups_of_other_days),
        (
            15,
            figures.failed_summaries > 0,
            figures.failed_summaries || ' of ' || figures.summarized_contexts
            || ' summaries without the LLM, which failed'
        ),
        (
            16,
            figures.budget_summaries > 0,
            figures.budget_summaries || ' of ' || figures.summarized_contexts
            || ' summaries without the LLM, whose budget is used up'
        ),
        (
            17,
            figures.news_with_unreadable_time > 0,
            'news records whose time cannot be read: ' || figures.news_with_unreadable_time
        ),
        (
            18,
            figures.weather_with_unreadable_time > 0,
            'weather records whose time cannot be read: ' || figures.weather_with_unreadable_time
        ),
        (
            19,
            figures.traffic_with_unreadable_time > 0,
            'traffic records whose time cannot be read: ' || figures.traffic_with_unreadable_time
        ),
        (
            20,
            figures.useless_files > 0,
            'files of rides without a usable record: ' || figures.useless_files || ', '
            || left(figures.useless_file_names, 200)
        ),
        (
            21,
            day.hours != 24,
            format(
                'the clocks go {}: the day has {:g} hours, and {}',
                if(day.hours > 24, 'back', 'forward'),
                day.hours,
                if(day.hours > 24, 'one of the clock holds the rides of two', 'one of the clock is left out')
            )
        )
    ) as rules (place, holds, warning)
where rules.holds
