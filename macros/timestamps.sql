{# A text in ISO 8601 as an instant: its offset is honoured, without one it is local time. NULL if it is no time. #}
{% macro to_instant(text) -%}
    case
        when regexp_matches({{ text }}, '\d{2}:\d{2}.*([Zz]|[+-]\d{2}(:?\d{2})?)$')
            then try_cast({{ text }} as timestamptz)
        else timezone('{{ var("time_zone") }}', try_cast({{ text }} as timestamp))
    end
{%- endmacro %}

{# The first instant of the day that is built, and of the day after it, in local time. #}
{% macro day_start() -%}
    timezone('{{ var("time_zone") }}', {{ run_date_sql() }}::timestamp)
{%- endmacro %}

{% macro day_end() -%}
    timezone('{{ var("time_zone") }}', {{ run_date_sql() }}::timestamp + interval 1 day)
{%- endmacro %}
