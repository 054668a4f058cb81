{# Hook that ends the build when a line that is no JSON begins an array, or a record that goes over several lines: that is
   a fault of the file, which has records of another form in it, and those would count for more or fewer than they are. #}
{% macro refuse_pieces_of_records(lines) -%}
    select error(
        records.source_file || ' has ' || if(starts_with(lines.line, '['), 'an array', 'a record')
        || ' over several lines from line ' || lines.line_number
        || ' on, where others are a record each. Write one array, or a record a line'
    )
    from {{ lines }} as lines
    inner join {{ ref('stg_lake__ride_records') }} as records on lines.record_number = records.record_number
    where regexp_full_match(lines.line, '\{|\[\s*(\{.*)?')
{%- endmacro %}
