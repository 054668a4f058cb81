{# Where the lake is, and where exports go. #}
{% macro lake_url() -%}
    {{- return(env_var('LAKE_URL', 'lake')) -}}
{%- endmacro %}

{% macro lake_output_url() -%}
    {{- return(env_var('LAKE_OUTPUT_URL', lake_url())) -}}
{%- endmacro %}

{# The path of one of a day's files, as SQL text: 'lake/clustered_data_20230501.json'. #}
{% macro lake_path(url, name) -%}
    {{- return("'" ~ (url.rstrip('/') ~ '/' ~ name) | replace("'", "''") ~ "'") -}}
{%- endmacro %}

{# The files that hold a day's records of one kind: whole or in parts, plain or gzip, in the order of their names. #}
{% macro lake_files(kind) -%}
    {%- if not execute %}{{ return([]) }}{% endif -%}
    {%- set pattern = kind ~ '-' ~ run_date() | replace('-', '') ~ '[-.]*' -%}
    {%- set listing -%}
        select file
        from glob({{ lake_path(lake_url(), pattern) }})
        where regexp_matches(file, '\d{8}(-[^/]+)?\.json(\.gz)?$')
        order by file
    {%- endset -%}
    {{- return(run_query(listing).columns[0].values() | list) -}}
{%- endmacro %}

{# Every record of a day's files of one kind, as raw JSON in the order of the files: source_file, record.
   A record is NULL where a line of a newline-delimited file is no JSON. No file: no record. #}
{% macro lake_records(source_table) -%}
    {%- set files = lake_files(source_table.identifier) -%}
    (
        {%- if files %}
        select parse_filename(filename) as source_file, json as record
        from read_json_objects(
            [
                {%- for file in files %}
                '{{ file | replace("'", "''") }}'{{ ',' if not loop.last }}
                {%- endfor %}
            ],
            filename = true,
            ignore_errors = true
        )
        {%- else %}
        select null::varchar as source_file, null::json as record
        where false
        {%- endif %}
    )
{%- endmacro %}
