"""Tables in a notebook: HTML that a screen reader can walk through, plain text everywhere else."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..course import RECORDED
from .display import _ipython
from .markup import table_html


def table(rows: Mapping[str, Mapping[str, object]] | pd.DataFrame, caption: str = "", digits: int = 3) -> None:
    """Show a table: a row each, `{row: {column: value}}` or a DataFrame with its index. A missing value is a dash.

    Args:
        rows: floats are shown with `digits` digits behind the point, everything else as it is.
        caption: what the numbers are, with their unit.
    """
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame.from_dict(dict(rows), orient="index")
    shown = frame.astype(object).map(lambda value: _told(value, digits))
    text = "\n".join(filter(None, (caption, shown.to_string())))
    ipython = _ipython()
    if ipython is None:
        print(text)
    else:
        ipython.display.display({"text/html": table_html(shown, caption), "text/plain": text}, raw=True)


def quoted(name: str) -> pd.DataFrame:
    """A table from a paper, as it is printed there: `data/recorded_runs/NAME.csv`, by the method of each row."""
    return pd.read_csv(RECORDED / f"{name}.csv", index_col=0)


def _told(value: object, digits: int) -> str:
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return "–"
    return f"{value:.{digits}f}" if isinstance(value, float | np.floating) else str(value)
