{# A view, so that int_items keeps an item's text once, however many contexts have it. #}
with contexts as (
    select * from {{ ref('int_contexts') }}
),

items as (
    select * from {{ ref('int_items') }}
),

categories as (
    select *
    from {{ ref('int_text_categories') }}
    where not is_local
),

item_ids as (
    select
        context_id,
        unnest(item_ids) as item_id
    from contexts
),

items_of_files as (
    select
        item_ids.context_id,
        items.item_id,
        items.kind,
        items.record_number,
        items.area,
        items.starts_at,
        items.ends_at,
        items.text,
        items.category,
        items.is_notable,
        items.relevance
    from item_ids
    inner join items on item_ids.item_id = items.item_id
),

-- texts that rides carry themselves, line by line
{% for kind in ['traffic', 'weather', 'news'] -%}
own_{{ kind }} as (
    select
        context_id,
        '{{ kind }}' as kind,
        {{ loop.index }} as kind_order,
        unnest({{ text_lines(kind) }}) as text,
        generate_subscripts({{ text_lines(kind) }}, 1) as line_number
    from contexts
    where {{ kind }} is not null
),

{% endfor -%}

own_lines as (
    select * from own_traffic
    union all
    select * from own_weather
    union all
    select * from own_news
),

own_items as (
    select
        own_lines.context_id,
        md5(own_lines.kind || e'\x1f' || categories.plain_text) as item_id,
        own_lines.kind,
        null as record_number,
        null as area,
        null as starts_at,
        null as ends_at,
        categories.plain_text as text,
        categories.category,
        categories.is_notable,
        -- before all items from the day's files
        -1 / row_number() over (order by own_lines.kind_order asc, categories.gravity desc, own_lines.line_number asc)
            as relevance
    from own_lines
    inner join categories on own_lines.kind = categories.kind and own_lines.text = categories.text
    where categories.plain_text is not null
    qualify row_number() over (partition by own_lines.context_id, item_id order by own_lines.line_number) = 1
),

context_items as (
    select * from items_of_files
    union all
    select * from own_items
)

select
    * exclude (relevance),
    row_number() over (partition by context_id order by is_notable desc, relevance asc) as item_number
from context_items
