{# The day that is built, as YYYY-MM-DD. The build plugin has checked the variable before anything is opened;
   while dbt only parses the project there may be none yet. #}
{% macro run_date() -%}
    {%- set digits = var('date', '19700101') | string | replace('-', '') -%}
    {{- return(digits[:4] ~ '-' ~ digits[4:6] ~ '-' ~ digits[6:]) -}}
{%- endmacro %}

{# The same day as a SQL date. #}
{% macro run_date_sql() -%}
    date '{{ run_date() }}'
{%- endmacro %}
