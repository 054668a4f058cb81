{# A build of a part of the graph reads tables that an earlier build left: they must be of the same day.
   stg_lake__ride_records carries its day, and the files it was read from, as the comment of the table. #}
{% macro refuse_another_day() -%}
    {%- set records = 'model.etml.stg_lake__ride_records' -%}
    {%- if execute and flags.WHICH in ('build', 'run') and records not in selected_resources -%}
        {%- set table = graph.nodes[records] -%}
        {%- set comments = run_query(
            "select comment from duckdb_tables() where database_name = '" ~ table.database
            ~ "' and schema_name = '" ~ table.schema ~ "' and table_name = '" ~ table.alias ~ "'"
        ).columns[0].values() -%}
        {%- set day = (comments | first | default('no day', true)).split(' [')[0] -%}
        {%- if day != run_date() -%}
            {%- do exceptions.raise_compiler_error(
                'the working tables hold ' ~ day ~ ', not ' ~ run_date() ~ ': build all of it, '
                ~ "dbt build --vars 'date: " ~ run_date() | replace('-', '') ~ "'"
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# Notes the day and its files, in the transaction that reads them. #}
{% macro note_working_day(records) -%}
    {%- if execute -%}
        {%- set inputs = run_query("select getvariable('inputs')").columns[0].values()[0] -%}
        comment on table {{ records }} is {{ sql_text(run_date() ~ ' ' ~ inputs) }}
    {%- endif -%}
{%- endmacro %}
