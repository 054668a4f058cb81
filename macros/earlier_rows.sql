{% macro earlier_rows(mart, columns) -%}
    {%- set table = adapter.get_relation(target.database, target.schema, mart) if execute -%}
    {%- if table -%}
        {{ table }}
    {%- else -%}
        (
            select
                {%- for name, type in columns.items() %}
                null::{{ type }} as {{ name }}{{ ',' if not loop.last }}
                {%- endfor %}
            where false
        )
    {%- endif -%}
{%- endmacro %}
