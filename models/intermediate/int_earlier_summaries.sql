select * from {{ earlier_summaries() }}
