{# Where the lake is, and where exports go. The build plugin has read both from the environment. #}
{% macro lake_url() -%}
    {%- if not execute %}{{ return('') }}{% endif -%}
    {{- return(run_query("select getvariable('lake_url')").columns[0].values()[0]) -}}
{%- endmacro %}

{% macro lake_output_url() -%}
    {%- if not execute %}{{ return('') }}{% endif -%}
    {{- return(run_query("select getvariable('lake_output_url')").columns[0].values()[0]) -}}
{%- endmacro %}

{# A text as an SQL literal, in quotes. #}
{% macro sql_text(text) -%}
    {{- return("'" ~ text | replace("'", "''") ~ "'") -}}
{%- endmacro %}

{# A pattern that matches this path and nothing else. #}
{% macro glob_text(path) -%}
    {{- return(modules.re.sub('([*?\\[])', '[\\1]', path)) -}}
{%- endmacro %}

{# The day's files of one kind, in the order of their names, each with its path and format. The build plugin has listed and
   checked them once, so that a file that arrives during the build is not read. #}
{% macro lake_files(kind) -%}
    {%- if not execute %}{{ return([]) }}{% endif -%}
    {%- set listing -%}
        select
            file.path,
            file.format
        from (select unnest(getvariable('lake_files')) as file)
        where file.kind = {{ sql_text(kind) }}
    {%- endset -%}
    {{- return(run_query(listing).rows | list) -}}
{%- endmacro %}

{# A list of files as SQL. #}
{% macro file_list(files) -%}
    [
    {%- for file in files %}
        {{ sql_text(glob_text(file.path)) }}{{ ',' if not loop.last }}
    {%- endfor %}
    ]
{%- endmacro %}

{# Files in their order, split into lists of neighbours with the same format. #}
{% macro in_runs_of_a_format(files) -%}
    {%- set runs = [] -%}
    {%- for file in files -%}
        {%- if loop.changed(file.format) %}{% do runs.append([]) %}{% endif -%}
        {%- do runs[-1].append(file) -%}
    {%- endfor -%}
    {{- return(runs) -}}
{%- endmacro %}

{# Every record of a day's files of one kind, as raw JSON in the order of the files. The columns are source_file and record.
   A record is NULL if a line of a newline-delimited file is not JSON. Without a file there are no records. #}
{% macro lake_records(source_table) -%}
    (
        {%- for files in in_runs_of_a_format(lake_files(source_table.identifier)) %}
        select
            parse_filename(filename) as source_file,
            {{ unless_it_is_a_list_of_records('json', 'parse_filename(filename)') }} as record
        from read_json_objects(
            {{ file_list(files) }}, format = '{{ files[0].format }}', filename = true, ignore_errors = true
        )
        {{ 'union all' if not loop.last }}
        {%- else %}
        select null::varchar as source_file, null::json as record
        where false
        {%- endfor %}
    )
{%- endmacro %}

{# A record. If it is an array of objects, the build ends: the objects may be records, and would count as one. Texts are
   taken out first, because they may have a brace in them. #}
{% macro unless_it_is_a_list_of_records(record, source_file) -%}
    case
        when
            starts_with({{ record }}, '[')
            and contains(regexp_replace({{ record }}, '"(?:[^"\\]|\\.)*"', '', 'g'), '{')
            then error(
                {{ source_file }} || ' has an array of records where a record should be. Write one array, or a record a line'
            )
        else {{ record }}
    end
{%- endmacro %}

{# The time when the last of a day's files of one kind arrived, for `dbt source freshness`. #}
{% macro lake_loaded_at(kind) -%}
    select max(last_modified)
    from read_blob({{ file_list(lake_files(kind)) }})
{%- endmacro %}
