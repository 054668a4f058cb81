{% macro ride_date() -%}
    {%- set digits = var('date', '19700101') | string | replace('-', '') -%}
    {{- return(digits[:4] ~ '-' ~ digits[4:6] ~ '-' ~ digits[6:]) -}}
{%- endmacro %}

{% macro ride_date_sql() -%}
    date '{{ ride_date() }}'
{%- endmacro %}
