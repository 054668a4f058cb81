{# A build of a part of the graph reads tables that an earlier build left: they must be of the same day.
   stg_lake__ride_records carries its day as the comment of the table. #}
{% macro refuse_another_day() -%}
    {%- set records = 'model.etml.stg_lake__ride_records' -%}
    {%- if execute and flags.WHICH in ('build', 'run') and records not in selected_resources -%}
        {%- set table = graph.nodes[records] -%}
        {%- set comments = run_query(
            "select comment from duckdb_tables() where database_name = '" ~ table.database
            ~ "' and schema_name = '" ~ table.schema ~ "' and table_name = '" ~ table.alias ~ "'"
        ).columns[0].values() -%}
        {%- set day = comments | first | default('no day', true) -%}
        {%- if day != run_date() -%}
            {%- do exceptions.raise_compiler_error(
                'the working tables hold ' ~ day ~ ', not ' ~ run_date() ~ ': build all of it, '
                ~ "dbt build --vars 'date: " ~ run_date() | replace('-', '') ~ "'"
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
