{# Materialization of an export. The model's query has one column, `record`, with JSON texts. They become the elements of a
   JSON array, one on each line, in the lake's file <model>_<YYYYMMDD>.json. The file is written beside the warehouse and then
   delivered to the lake, where it appears whole or not at all: see dbt_project/lake/delivery.py. The relation is a view of
   the file in the lake, so that tests can read it back. dbt-duckdb's `external` is not used, because it writes one record of
   NULLs for an empty day. #}
{% materialization lake_json, adapter='duckdb' -%}
    {%- set view = this.incorporate(type='view') -%}
    {%- set url = export_url(this.identifier) -%}
    {%- set file = target.path.rpartition('/')[0] ~ '/' ~ this.identifier ~ '.unfinished' -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement('main') -%}
        copy (
            {{ compiled_code }}
        ) to {{ sql_text(file) }}
        (format csv, header false, quote '', escape '', delimiter '\x01', prefix '[
', new_line ',
', suffix '
]
', use_tmp_file false)
    {%- endcall -%}
    {%- do adapter.store_relation('plugin', this, [], url, 'json', {'file': file, 'model': model.name}) -%}
    {%- call statement('read_back') -%}
        create or replace view {{ view }} as
        select json as record from read_json_objects({{ sql_text(glob_text(url)) }}, format = 'array')
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {%- do persist_docs(view, model) -%}
    {{ adapter.commit() }}
    {{ return({'relations': [view]}) }}
{%- endmaterialization %}

{# Where the day's export of a model goes. #}
{% macro export_url(name) -%}
    {{- return(lake_output_url() ~ '/' ~ name ~ '_' ~ ride_date() | replace('-', '') ~ '.json') -}}
{%- endmacro %}
