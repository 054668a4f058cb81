{%- set columns = {
    'prompt_hash': 'varchar',
    'status': 'varchar',
    'reason': 'varchar',
    'summary': 'varchar',
    'attempts': 'bigint',
} -%}
select * from {{ earlier_rows('context_summaries', columns) }}
