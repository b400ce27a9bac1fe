"""Controls that work from the keyboard and have a name, and the shell that puts them over a figure.

A slider of ipywidgets has no accessible name, so each stands beside a number box (or a list) of the same value. In
JupyterLab an arrow key in a list goes to the next cell instead, so each list stands beside a box with its place in it.
"""

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import ipywidgets as widgets
from matplotlib.figure import Figure

from .display import bundle

NAME_WIDTH = "9em"


@dataclass
class Control:
    """`box` is what stands on the page, `source` is the widget whose `value` counts."""

    box: widgets.Widget
    source: widgets.Widget

    @property
    def value(self):
        return self.source.value

    @value.setter
    def value(self, value) -> None:
        self.source.value = value


def labelled_slider(
    description: str,
    minimum: float | None = None,
    maximum: float | None = None,
    step: float | None = None,
    *,
    value=None,
    options: Sequence | None = None,
) -> Control:
    """A slider and, beside it, a box of the same value: numbers from `minimum` to `maximum`, or one of `options`.

    Args:
        description: names the control; screen readers read it at the box.
        minimum, maximum, step: whole numbers make a whole-number slider; `step` is 1 or a hundredth of the range.
        value: at the start; the minimum, or the first option, where it is None.
        options: values that are not evenly spaced, for example the epochs of a run's snapshots.
    """
    if options is not None:
        choice = labelled_choice(description, options, value)
        slider = widgets.SelectionSlider(
            options=options, value=choice.value, continuous_update=False, layout=widgets.Layout(width="14em")
        )
        widgets.link((slider, "value"), (choice.source, "value"))
        return Control(widgets.HBox([*choice.box.children, slider]), slider)
    whole = all(isinstance(x, int) for x in (minimum, maximum, 1 if step is None else step))
    step = step or (1 if whole else (maximum - minimum) / 100)
    limits = dict(min=minimum, max=maximum, step=step, value=minimum if value is None else value)
    slider_class, box_class = (
        (widgets.IntSlider, widgets.BoundedIntText) if whole else (widgets.FloatSlider, widgets.BoundedFloatText)
    )
    slider = slider_class(**limits, continuous_update=False, readout=False, layout=widgets.Layout(width="18em"))
    box = box_class(**limits, description=description)
    box.style.description_width = NAME_WIDTH
    box.layout.width = "16em"
    widgets.link((slider, "value"), (box, "value"))
    return Control(widgets.HBox([box, slider]), slider)


def labelled_choice(description: str, options: Sequence | Mapping, value=None) -> Control:
    """A list to choose from, and beside it a box with the number of what is chosen, from 1."""
    pairs = list(options.items()) if isinstance(options, Mapping) else list(options)
    extra = {} if value is None else {"value": value}
    box = widgets.Dropdown(options=pairs, description=description, **extra)
    box.style.description_width = NAME_WIDTH
    place = widgets.BoundedIntText(value=box.index + 1, min=1, max=len(pairs), description="number")
    place.style.description_width = "4em"
    place.layout.width = "8.5em"
    widgets.link((box, "index"), (place, "value"), transform=(lambda index: index + 1, lambda number: number - 1))
    return Control(widgets.HBox([box, place]), box)


class Explorer:
    """Named controls over a figure: `draw(**values) -> Figure` is called again whenever a value changes.

    Shown in a notebook it is widgets; where there are none, the same output has the first figure as a PNG and its alt
    text. An exception in `draw` is shown in the place of the figure and raised.

    Args:
        draw: a pure function of the controls' values, by the names of `controls`.
        controls: by name.
    """

    def __init__(self, draw: Callable[..., Figure], **controls: Control):
        self.draw, self.controls = draw, controls
        self.figure = draw(**self.values)
        self._static = bundle(self.figure)
        self._picture = widgets.HTML(self._static["text/html"])
        self.widget = widgets.VBox([*(control.box for control in controls.values()), self._picture])
        for control in controls.values():
            control.source.observe(self._redraw, names="value")

    @property
    def values(self) -> dict:
        """What the controls say now."""
        return {name: control.value for name, control in self.controls.items()}

    def _redraw(self, change: dict | None = None) -> None:
        try:
            self.figure = self.draw(**self.values)
            self._picture.value = bundle(self.figure)["text/html"]
        except Exception as error:
            said = html.escape(f"{type(error).__name__}: {error}")
            self._picture.value = f'<pre role="alert">This figure could not be drawn.\n{said}</pre>'
            raise

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        data = self.widget._repr_mimebundle_()
        data, metadata = data if isinstance(data, tuple) else (data, {})
        return {**data, **self._static}, metadata
