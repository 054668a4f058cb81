{# Times as the lake's files write them. These macros read:
   - ISO 8601, extended or basic, with T or a space between date and time, with or without seconds and their fractions. An
     offset is honoured (Z, UTC, GMT, +05:45, +0545, +05). Without an offset the time is local;
   - RFC 2822, the dates of e-mails and feeds: Mon, 01 May 2023 10:00:00 +0100;
   - a number: seconds or milliseconds since 1970. Digits in quotes are no number: 2023050110 may be a date and an hour;
   - a date alone, for fields where a day is enough: its start or its end.
   Everything else is NULL. The models that read a time count the unreadable ones. #}

{# A field of a record as an instant.
   `text` is the field as trimmed text. `day` says what a date alone means: 'start', 'end' or nothing. #}
{% macro to_instant(record, field, text, day=none) -%}
    {%- set time = '\\d{4}-\\d{2}-\\d{2}[T ]\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?' -%}
    case
        -- the two most common forms, which DuckDB reads at once
        when regexp_full_match({{ text }}, '{{ time }}(Z|[+-](0\d|1[0-4]):[0-5]\d)')
            then try_cast({{ text }} as timestamptz)
        when regexp_full_match({{ text }}, '{{ time }}')
            then {{ local_time('try_cast(' ~ text ~ ' as timestamp)') }}
        when regexp_full_match({{ text }}, '-?\d+(\.\d+)?([eE][-+]?\d+)?') and {{ is_json_number(record, field) }}
            then {{ since_1970('try_cast(' ~ text ~ ' as double)') }}
        when regexp_full_match({{ text }}, '\d{4}[-/]?\d{2}[-/]?\d{2}')
            then {{ day_alone(text, day) }}
        when regexp_matches({{ text }}, '^\d{4}[-/]?\d{2}')
            then {{ iso_8601(text) }}
        else {{ rfc_2822(text) }}
    end
{%- endmacro %}

{# An instant, if it lies in the years 1970 to 2100. Other years stand for an unknown time, such as 1 and 9999, or are
   mistakes. Python's calendar cannot calculate with them, and DuckDB's cannot at its ends. #}
{% macro within_the_years(instant) -%}
    case
        when {{ instant }} >= timestamptz '1970-01-01 00:00:00+00' and {{ instant }} < timestamptz '2101-01-01 00:00:00+00'
            then {{ instant }}
    end
{%- endmacro %}

{# A local time as an instant. When clocks go forward, a time in the missing hour is read as one hour later. When clocks go
   back, a time in the repeated hour is read as the second one. #}
{% macro local_time(timestamp) -%}
    timezone('{{ var("time_zone") }}', {{ timestamp }})
{%- endmacro %}

{% macro day_alone(text, day) -%}
    {%- set date -%}
        try_cast(regexp_replace({{ text }}, '^(\d{4})[-/]?(\d{2})[-/]?(\d{2})$', '\1-\2-\3') as timestamp)
    {%- endset -%}
    {%- if day == 'start' -%}
        {{ local_time(date) }}
    {%- elif day == 'end' -%}
        {{ local_time(date ~ ' + interval 1 day') }}
    {%- else -%}
        null::timestamptz
    {%- endif -%}
{%- endmacro %}

{# Seconds or milliseconds, in the years 2000 to 2100. There the two cannot be confused, and 20230501 is neither. #}
{% macro since_1970(number) -%}
    case
        when {{ number }} >= 946684800 and {{ number }} < 4133980800
            then make_timestamptz(({{ number }} * 1000000)::bigint)
        when {{ number }} >= 946684800000 and {{ number }} < 4133980800000
            then make_timestamptz(({{ number }} * 1000)::bigint)
    end
{%- endmacro %}

{% macro iso_8601(text) -%}
    {%- set pattern = '(?i)^(\\d{4})[-/]?(\\d{2})[-/]?(\\d{2})(?:t| +)(\\d{2})(?::?(\\d{2})(?::?(\\d{2})(?:[.,](\\d+))?)?)?'
        ~ '(?: *(z|utc|gmt|[-+\\x{2212}](?:0\\d|1[0-4])(?::?[0-5]\\d)?)(?:\\[[^\\]]*\\])?)?$' -%}
    list_transform(
        [regexp_extract({{ text }}, '{{ pattern }}', {{ "['year', 'month', 'day', 'hour', 'minute', 'second', 'fraction', 'zone']" }})],
        lambda part : {{ instant_of("part.year || '-' || part.month", "'.' || part.fraction") }}
    )[1]
{%- endmacro %}

{% macro rfc_2822(text) -%}
    {%- set months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] -%}
    {%- set pattern = '(?i)^(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? *)?(\\d{1,2})[- ]+(' ~ months | join('|') ~ ')[a-z]*[- ]+'
        ~ '(\\d{4}|\\d{2}) +(\\d{2}):(\\d{2})(?::(\\d{2}))?'
        ~ '(?: *(z|utc?|gmt|[ecmp][sd]t|[-+](?:0\\d|1[0-4]):?[0-5]\\d))?(?: *\\([^()]*\\))?$' -%}
    {%- set year -%}
        case
            when length(part.year) = 4 then part.year
            when part.year < '50' then '20' || part.year  -- as RFC 2822 has it
            else '19' || part.year
        end
    {%- endset -%}
    {%- set month = "list_position(['" ~ months | join("', '") ~ "'], lower(part.month))" -%}
    list_transform(
        [regexp_extract({{ text }}, '{{ pattern }}', {{ "['day', 'month', 'year', 'hour', 'minute', 'second', 'zone']" }})],
        lambda part : {{ instant_of(year ~ " || '-' || " ~ month, "''") }}
    )[1]
{%- endmacro %}

{# The instant of a struct `part`. Its fields are texts. NULL if they are empty. #}
{% macro instant_of(year_and_month, fraction) -%}
    {%- set time -%}
        {{ year_and_month }} || '-' || part.day || ' ' || part.hour || ':' || coalesce(nullif(part.minute, ''), '00') || ':'
        || coalesce(nullif(part.second, ''), '00') || {{ fraction }}
    {%- endset -%}
    case
        when part.day = '' then null::timestamptz
        when part.zone = '' then {{ local_time('try_cast(' ~ time ~ ' as timestamp)') }}
        else try_cast({{ time }} || {{ offset_of('lower(part.zone)') }} as timestamptz)
    end
{%- endmacro %}

{# The offset of a zone. Only the zones that RFC 2822 names have one, because names of zones are not unique. #}
{% macro offset_of(zone) -%}
    case
        when {{ zone }} in ('z', 'ut', 'utc', 'gmt') then '+00:00'
        {%- for name, hours in [('edt', 4), ('est', 5), ('cdt', 5), ('cst', 6), ('mdt', 6), ('mst', 7), ('pdt', 7), ('pst', 8)] %}
        when {{ zone }} = '{{ name }}' then '-0{{ hours }}:00'
        {%- endfor %}
        else replace({{ zone }}, chr(8722), '-')
    end
{%- endmacro %}

{# The first instant of the day that is built, and of the day after it, in local time. #}
{% macro day_start() -%}
    timezone('{{ var("time_zone") }}', {{ ride_date_sql() }}::timestamp)
{%- endmacro %}

{% macro day_end() -%}
    timezone('{{ var("time_zone") }}', {{ ride_date_sql() }}::timestamp + interval 1 day)
{%- endmacro %}
