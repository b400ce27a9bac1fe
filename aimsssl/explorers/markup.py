"""HTML of pictures and tables, which a screen reader can read and a narrow window can show."""

import base64
import html
import io
from collections.abc import Mapping, Sequence

import pandas as pd
from PIL import Image

SMALLEST = 0.6  # of a picture's width: where there is less room, one scrolls
CELL = "padding:0.15em 0.8em"


def picture_html(data: bytes, alt: str, files: Sequence[str] = ()) -> str:
    """An `<img>` that holds the PNG and its alt text, and below it the files that are shown."""
    code = base64.b64encode(data).decode()
    listed = "".join(f"<li>{html.escape(file)}</li>" for file in files)
    below = f'<small>Files of these images:<ol style="columns:16em;margin:0">{listed}</ol></small>' if files else ""
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{code}" style="{fitting(data)}">{below}'


def fitting(data: bytes) -> str:
    """The style of a picture as wide as there is room, but never so small that its letters cannot be read."""
    width = Image.open(io.BytesIO(data)).width
    return f"max-width:100%;min-width:{round(SMALLEST * width)}px;height:auto"


def table_html(shown: pd.DataFrame, caption: str) -> str:
    """A table of what is to be shown, with its index at the left."""
    head = "".join(
        f'<th scope="col" style="text-align:right;{CELL}">{html.escape(str(name))}</th>' for name in shown.columns
    )
    body = "".join(
        f'<tr><th scope="row" style="text-align:left;{CELL}">{html.escape(str(name))}</th>'
        + "".join(f'<td style="text-align:right;{CELL}">{html.escape(cell)}</td>' for cell in row)
        + "</tr>"
        for name, row in zip(shown.index, shown.itertuples(index=False), strict=True)
    )
    told = f'<caption style="text-align:left;{CELL}">{html.escape(caption)}</caption>' if caption else ""
    return f"<table>{told}<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"


def numbers_html(numbers: Mapping[str, Mapping[str, str]], folded: bool) -> str:
    """The numbers of a figure, `numbers[row][column]`, folded where whoever sees the figure does not need them."""
    if not numbers:
        return ""
    shown, title = pd.DataFrame.from_dict(dict(numbers), orient="index").fillna(""), "The numbers of this figure"
    if folded:
        return f"<details><summary>{title}</summary>{table_html(shown, '')}</details>"
    return table_html(shown, title)
