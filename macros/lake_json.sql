{# Materialization of an export: the one column `record` of the model's query, JSON text, becomes the elements of a
   JSON array in the lake, one a line, in the file <model>_<YYYYMMDD>.json. The file appears whole or not at all.
   The relation is a view of the file as it stands in the lake, so that tests can read it back.
   Used instead of dbt-duckdb's `external`, which writes one record of NULLs for an empty day. #}
{% materialization lake_json, adapter='duckdb' -%}
    {%- set view = this.incorporate(type='view') -%}
    {%- set path = export_path(this.identifier) -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement('main') -%}
        copy (
            {{ compiled_code }}
        ) to {{ path }}
        (format csv, header false, quote '', escape '', delimiter '\x01', prefix '[
', new_line ',
', suffix '
]
', use_tmp_file true)
    {%- endcall -%}
    {%- call statement('read_back') -%}
        create or replace view {{ view }} as
        select json as record from read_json_objects({{ path }}, format = 'array')
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {%- do persist_docs(view, model) -%}
    {{ adapter.commit() }}
    {{ return({'relations': [view]}) }}
{%- endmaterialization %}

{# The path of the day's export of a model, as SQL text. #}
{% macro export_path(name) -%}
    {{- return(lake_path(lake_output_url(), name ~ '_' ~ run_date() | replace('-', '') ~ '.json')) -}}
{%- endmacro %}
