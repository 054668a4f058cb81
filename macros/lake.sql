{# Where the lake is, and where exports go, as the build plugin has read it. #}
{% macro lake_url() -%}
    {{- return(run_query("select getvariable('lake_url')").columns[0].values()[0]) -}}
{%- endmacro %}

{% macro lake_output_url() -%}
    {{- return(run_query("select getvariable('lake_output_url')").columns[0].values()[0]) -}}
{%- endmacro %}

{# A text as SQL has it, in quotes. #}
{% macro sql_text(text) -%}
    {{- return("'" ~ text | replace("'", "''") ~ "'") -}}
{%- endmacro %}

{# A pattern that matches this path and nothing else. #}
{% macro glob_text(path) -%}
    {{- return(modules.re.sub('([*?\\[])', '[\\1]', path)) -}}
{%- endmacro %}

{# A pattern of the day's files of one kind, and a few others. #}
{% macro day_pattern(kind) -%}
    {%- set name = kind ~ '-' ~ run_date() | replace('-', '') -%}
    {{- return(glob_text(lake_url().rstrip('/') ~ '/' ~ name) ~ '[-.]*') -}}
{%- endmacro %}

{# The files that hold a day's records of one kind: whole or in parts, plain or gzip, in the order of their names; and
   the format in which to read each, which the build plugin has found out. #}
{% macro lake_files(kind) -%}
    {%- if not execute %}{{ return([]) }}{% endif -%}
    {%- set listing -%}
        select
            file,
            coalesce(getvariable('lake_formats')[file], 'auto') as format
        from glob({{ sql_text(day_pattern(kind)) }})
        where regexp_matches(file, '\d{8}(-[^/]+)?\.json(\.gz)?$')
        order by file
    {%- endset -%}
    {{- return(run_query(listing).rows | list) -}}
{%- endmacro %}

{# A list of files as SQL. #}
{% macro file_list(files) -%}
    [
    {%- for file in files %}
        {{ sql_text(glob_text(file.file)) }}{{ ',' if not loop.last }}
    {%- endfor %}
    ]
{%- endmacro %}

{# Every record of a day's files of one kind, as raw JSON in the order of the files: source_file, record.
   A record is NULL where a line of a newline-delimited file is no JSON. No file: no record. #}
{% macro lake_records(source_table) -%}
    {%- set files = lake_files(source_table.identifier) -%}
    {%- set formats = files | map(attribute='format') | unique | list -%}
    {%- set reads = [files] if formats | length == 1 else files | batch(1) -%}
    (
        {%- for read in reads %}
        select parse_filename(filename) as source_file, json as record
        from read_json_objects({{ file_list(read) }}, format = '{{ read[0].format }}', filename = true, ignore_errors = true)
        {{ 'union all' if not loop.last }}
        {%- else %}
        select null::varchar as source_file, null::json as record
        where false
        {%- endfor %}
    )
{%- endmacro %}

{# When the last of a day's files of one kind came, for `dbt source freshness`. #}
{% macro lake_loaded_at(kind) -%}
    select max(last_modified)
    from read_blob({{ sql_text(day_pattern(kind)) }})
{%- endmacro %}
