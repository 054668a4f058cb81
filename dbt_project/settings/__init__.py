"""What a user may set: environment variables, variables of dbt, the summaries' file, the date.

Hands out checked, typed values, and one line where one cannot be used. Knows nothing of the lake's
files, of a warehouse or of dbt: it only reads settings.
"""
