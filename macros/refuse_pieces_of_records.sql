{# Hook that ends the build if a line that is not JSON begins an array or a record over several lines, or has a run of zeros
   in it. This is a fault of the file: it has records of another form in it, or has lost a part. The build could not count its
   records right. #}
{% macro refuse_pieces_of_records(lines) -%}
    select error(
        records.source_file || case
            when contains(lines.line, repeat(chr(0), 16))
                then ' has zeros in its line ' || lines.line_number || ': a part of it is lost. Write it again'
            else
                ' has ' || if(starts_with(lines.line, '['), 'an array', 'a record') || ' over several lines from line '
                || lines.line_number || ' on, where others are a record each. Write one array, or a record a line'
        end
    )
    from {{ lines }} as lines
    inner join {{ ref('stg_lake__ride_records') }} as records on lines.record_number = records.record_number
    where
        regexp_full_match(lines.line, '\{|\[\s*(\{.*)?')
        or contains(lines.line, repeat(chr(0), 16))
{%- endmacro %}
