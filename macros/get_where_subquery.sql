{# dbt asks this macro for the rows that a data test looks at. `__run_date__` in a test's `where` stands for the day
   that is built: marts hold years, a build changes one day of them. #}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where', '') -%}
    {%- if where -%}
        (select * from {{ relation }} where {{ where | replace('__run_date__', run_date_sql()) }}) as tested_rows
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}
