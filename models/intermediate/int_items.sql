{# When each record of the side files holds, and its category. #}
with categories as (
    select * from {{ ref('int_text_categories') }}
),

headlines as (
    select * from {{ ref('stg_lake__news') }}
),

observations as (
    select
        *,
        {{ area_key('area') }} as area_key
    from {{ ref('stg_lake__weather') }}
    where text is not null
),

bulletins as (
    select * from {{ ref('stg_lake__traffic') }}
),

day as (
    select
        {{ day_start() }} as starts_at,
        {{ day_end() }} as ends_at
),

-- a headline holds for `news_minutes`. If its time is the day's first instant, it has a date and no time
news as (
    select
        'news' as kind,
        headlines.record_number,
        headlines.area,
        headlines.text,
        nullif(headlines.published_at, day.starts_at) as starts_at,
        nullif(headlines.published_at, day.starts_at) + interval {{ var('news_minutes') }} minute as ends_at
    from headlines
    cross join day
),

-- an observation holds until the next one of its area. If an area has only one, it holds for the whole day
weather as (
    select
        'weather' as kind,
        record_number,
        area,
        text,
        case when count(*) over (partition by area_key) > 1 then observed_at end as starts_at,
        case
            when observed_at is not null
                then min(observed_at) over (
                    partition by area_key
                    order by observed_at
                    range between interval 1 microsecond following and unbounded following
                )
        end as ends_at
    from observations
),

-- an end that is not after the start is ignored
traffic as (
    select
        'traffic' as kind,
        bulletins.record_number,
        bulletins.area,
        bulletins.text,
        bulletins.started_at as starts_at,
        case when bulletins.ended_at > coalesce(bulletins.started_at, day.starts_at) then bulletins.ended_at end
            as ends_at
    from bulletins
    cross join day
),

records as (
    from news
    union all by name
    from weather
    union all by name
    from traffic
),

items as (
    select
        records.kind,
        records.record_number,
        records.area,
        {{ area_key('records.area') }} as area_key,
        records.starts_at,
        records.ends_at,
        coalesce(records.starts_at, day.starts_at) as holds_from,
        coalesce(records.ends_at, day.ends_at) as holds_until,
        records.ends_at is null
        or epoch(least(holds_until, day.ends_at)) - epoch(greatest(holds_from, day.starts_at))
        >= (epoch(day.ends_at) - epoch(day.starts_at)) / 2 as lasts_for_the_day,
        categories.plain_text as text,
        categories.category,
        categories.gravity,
        categories.is_notable,
        categories.is_announcement,
        md5(concat_ws(
            e'\x1f', records.kind, epoch_us(records.starts_at), '|', epoch_us(records.ends_at), '|', area_key, '|',
            categories.plain_text
        )) as item_id
    from records
    inner join categories
        on
            records.kind = categories.kind
            and (records.area is not null) = categories.is_local
            and records.text = categories.text
    cross join day
    where categories.plain_text is not null
)

-- told once for the day: items of the whole city that have no end or hold for half of the day, and what the day's news
-- announce. An observation is not, although no other may follow it for hours
select
    *,
    area_key is null
    and case kind
        when 'news' then lasts_for_the_day or is_announcement
        when 'weather' then starts_at is null
        else lasts_for_the_day
    end as is_of_the_day,
    row_number() over (
        order by
            is_notable desc,
            area_key is not null desc,
            case kind when 'traffic' then 1 when 'weather' then 2 else 3 end,
            gravity desc,
            holds_from asc,
            record_number asc
    ) as relevance
from items
qualify row_number() over (partition by item_id order by record_number) = 1
