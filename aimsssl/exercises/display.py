"""How an exercise speaks: HTML with a text alternative in a notebook, plain text everywhere else.

Each outcome is told by a sign and by words; the colour of the bar only repeats them.
"""

import html
import sys
from collections.abc import Sequence

BARS = {"passed": "#029e73", "wrong": "#d55e00", "raised": "#d55e00", "hint": "#0173b2", "solution": "#0173b2"}


def show(kind: str, title: str, lines: Sequence[str], monospace: bool = False) -> None:
    """Show a title and its lines, in letters of one width for a table.

    IPython is used where it already runs, and never imported for this.
    """
    title, *lines = (line.encode("utf-8", "replace").decode() for line in (title, *lines))  # "\ud800" cannot be sent
    text = "\n".join([title, *("  " + line for line in lines)])
    ipython = sys.modules.get("IPython")
    if ipython is None or getattr(ipython, "get_ipython", lambda: None)() is None:
        _print(text)
        return
    ipython.display.display({"text/plain": text, "text/html": _html(kind, title, lines, monospace)}, raw=True)


def _print(text: str) -> None:
    """Print, with question marks for the signs that an old console does not know: its words say the same."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding, "replace"))


def _html(kind: str, title: str, lines: Sequence[str], monospace: bool) -> str:
    style = "margin-top:0.2em;white-space:pre-wrap"
    if monospace:  # lines wrap: what scrolls would have to be reached by the keyboard
        style = "font-family:monospace;white-space:pre-wrap;overflow-wrap:anywhere"
    body = "".join(f'<div style="{style}">{html.escape(line)}</div>' for line in lines)
    colour = BARS.get(kind, "#949494")
    return (
        f'<div role="status" style="border-left:0.5em solid {colour};padding:0.4em 0.8em;margin:0.4em 0">'
        f"<strong>{html.escape(title)}</strong>{body}</div>"
    )
