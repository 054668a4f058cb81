with news as (
    select * from {{ ref('stg_lake__news') }}
),

weather as (
    select * from {{ ref('stg_lake__weather') }}
),

traffic as (
    select * from {{ ref('stg_lake__traffic') }}
),

rides as (
    select * from {{ ref('int_rides_cleaned') }}
),

{% for kind in ['news', 'weather', 'traffic'] -%}
own_{{ kind }} as (
    select distinct {{ kind }} as text
    from rides
    where {{ kind }} is not null
),

{% endfor -%}

-- UNION keeps each text once, however many records and rides have it
texts as (
    {% for kind in ['news', 'weather', 'traffic'] -%}
    select
        '{{ kind }}' as kind,
        area is not null as is_local,
        text
    from {{ kind }}
    where text is not null
    union
    select
        '{{ kind }}' as kind,
        false as is_local,
        unnest({{ text_lines('text') }}) as text
    from own_{{ kind }}
    {{ 'union' if not loop.last }}
    {% endfor -%}
)

select *
from texts
order by kind, is_local, text
