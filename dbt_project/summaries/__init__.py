"""Summaries of circumstances: prompts, language models, and the ledger of what they answered.

Hands out a summary for every context (`ledger`). Knows the summaries' settings and its journal, and
nothing of the lake, of dbt's graph or of where results are published.
"""
