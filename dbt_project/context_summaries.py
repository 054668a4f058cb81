"""The summaries of a day's contexts, as the table that the warehouse takes."""

import os
from collections.abc import Mapping

import pandas as pd

from dbt_project.summaries import LEDGER_DTYPES, Settings, counting_rows, summarise


def summarise_contexts(
    contexts: pd.DataFrame,
    ledger: pd.DataFrame,
    settings: Settings,
    *,
    city: str,
    environ: Mapping[str, str] = os.environ,
) -> pd.DataFrame:
    """Find or make the summary of every context.

    Parameters
    ----------
    contexts
        ``context_id``, ``news``, ``weather`` and ``traffic``, one row a context.
    ledger
        The ledger as earlier builds left it; without rows on the first build.
    settings, city, environ
        As for `dbt_project.summaries.summarise`.

    Returns
    -------
    pandas.DataFrame
        ``context_id`` and the columns of its row of the ledger, new or old, one row a context.
    """
    added = summarise(contexts, ledger, settings, city=city, environ=environ)
    kept = ledger[~ledger["prompt_hash"].isin(added["prompt_hash"])]
    rows = pd.concat([kept.reindex(columns=list(LEDGER_DTYPES)).astype(LEDGER_DTYPES), added])
    counting = counting_rows(contexts, rows, settings, city=city, environ=environ)
    return counting.merge(rows, on="prompt_hash", how="left", validate="many_to_one")
