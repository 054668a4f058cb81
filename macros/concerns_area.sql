{# Whether a text of one area says something to a ride in another: a text without an area is for the whole city. #}
{% macro concerns_area(text_area, ride_area) -%}
    ({{ text_area }} is null or {{ ride_area }} is null or lower({{ text_area }}) = {{ ride_area }})
{%- endmacro %}
