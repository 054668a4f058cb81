"""What you can set: environment variables, variables of dbt, the summaries' file, the date.

This package returns checked, typed values, and says in one line if one cannot be used. It only
reads settings, and does not know the lake's files, a warehouse or dbt.
"""
