{# Hook that keeps the text of the lines that are no JSON, which DuckDB's reader gives as NULL: it reads the files that
   have any a second time, as lines. An object that the last line of a file begins and does not end is no bad record but
   the mark of a file that was cut off, with nobody knows how many rides missing: that ends the build. #}
{% macro keep_malformed_lines(records) -%}
    {%- set names = malformed_files(records) -%}
    {%- set files = [] -%}
    {%- for file in lake_files('taxi-rides') if file.file.split('/')[-1] in names -%}
        {%- do files.append(file) -%}
    {%- endfor -%}
    {%- if files %}
    update {{ records }} as records
    set malformed_line = case
        when lines.is_last and starts_with(lines.line, '{') then error(
            lines.source_file || ' is cut off: its last line is ' || left(lines.line, 60)
            || ' ... Write the file again; if it is whole, take that line out'
        )
        else lines.line
    end
    from (
        with lines as (
            select
                parse_filename(filename) as source_file,
                trim(line, e' \t\r') as line,
                row_number() over () as place
            from read_csv(
                {{ file_list(files) }},
                columns = {'line': 'varchar'},
                encoding = 'latin-1',  -- which any bytes are, so that no line is skipped
                auto_detect = false,
                header = false,
                delim = '\x1f',
                quote = '',
                escape = '',
                strict_mode = false,
                max_line_size = 16777216,
                filename = true
            )
        )

        select
            source_file,
            {{ latin_1_as_utf_8('line') }} as line,
            row_number() over (partition by source_file order by place) as line_number,
            row_number() over (partition by source_file order by place desc) = 1 as is_last
        from lines
        where line != ''
    ) as lines
    inner join (
        select
            record_number,
            source_file,
            row_number() over (partition by source_file order by record_number) as line_number
        from {{ records }}
    ) as places
        on lines.source_file = places.source_file and lines.line_number = places.line_number
    where records.record is null and records.record_number = places.record_number
    {%- endif -%}
{%- endmacro %}

{# Names of the files in which a record is no JSON. #}
{% macro malformed_files(records) -%}
    {%- if not execute %}{{ return([]) }}{% endif -%}
    {%- set names = run_query('select distinct source_file from ' ~ records ~ ' where record is null') -%}
    {{- return(names.columns[0].values() | list) -}}
{%- endmacro %}

{# Text that was read byte by byte, as the UTF-8 that it is; as it was read where it is none. #}
{% macro latin_1_as_utf_8(text) -%}
    coalesce(
        try(decode(unhex(list_aggregate(
            list_transform(range(1, length({{ text }}) + 1), lambda i : format('{:02x}', unicode({{ text }}[i]))),
            'string_agg',
            ''
        )))),
        {{ text }}
    )
{%- endmacro %}
