{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where', '') -%}
    {%- if where -%}
        (select * from {{ relation }} where {{ where | replace('__ride_date__', ride_date_sql()) }}) as tested_rows
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}
