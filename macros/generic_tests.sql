{# A number that is missing or outside of its limits, both of which it may reach. #}
{% test is_between(model, column_name, smallest, largest) %}
    select *
    from {{ model }}
    where {{ column_name }} is null or {{ column_name }} not between {{ smallest }} and {{ largest }}
{% endtest %}
