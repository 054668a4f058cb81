"""Summaries of circumstances: prompts, language models, and the ledger of what they answered.

It makes a summary for every context (`ledger`). It knows the summaries' settings and the journal,
but not the lake, dbt's graph or where results are published.
"""
