{# A number that is missing or outside of its limits, both of which it may reach. #}
{% test is_between(model, column_name, smallest, largest) %}
    select *
    from {{ model }}
    where {{ column_name }} is null or {{ column_name }} not between {{ smallest }} and {{ largest }}
{% endtest %}

{# Tests of dbt's own that here give the rows whole, so that the last line of a build can say which rides they are. #}
{% test not_null(model, column_name) %}
    select *
    from {{ model }}
    where {{ column_name }} is null
{% endtest %}

{% test accepted_values(model, column_name, values) %}
    select *
    from {{ model }}
    where {{ column_name }} not in ('{{ values | join("', '") }}')
{% endtest %}
