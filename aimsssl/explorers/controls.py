"""Controls that keep their keys to themselves and have a name, and the shell that puts them over a figure.

JupyterLab takes the keys of whatever has the focus in a notebook as its commands (`d` `d` deletes the cell, arrows go
to other cells), unless it is a box that one types in. So the focus of an explorer is always in such a box: of numbers,
or of names with a list below. A slider beside it is for the mouse: its handle never takes the focus. After it was moved
a box out of sight has the focus, for otherwise the keys would go to the cell.
"""

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import ipywidgets as widgets
from matplotlib.figure import Figure

from .display import bundle

NAME_WIDTH = "9em"
# A hidden handle cannot have the focus, and no screen reader meets a second control of the same value; what is drawn
# in its place moves with the mouse. The name that is chosen stands as the placeholder of a box that is otherwise empty,
# for a browser lists only the names that fit what the box holds; the whole box opens the list.
STYLE = """<style>
.aimsssl-explorer .noUi-handle { visibility: hidden }
.aimsssl-explorer .noUi-handle::before {
  visibility: visible; content: ""; display: block; box-sizing: border-box; inset: -1px; width: auto; height: auto;
  border: 1px solid #767676; border-radius: 50%; background: #fff; cursor: pointer }
.aimsssl-explorer .noUi-target:not([disabled]) .noUi-handle:hover::before { background: #2196f3 }
.aimsssl-explorer [disabled] .noUi-handle::before { border-color: #ccc; cursor: not-allowed }
.aimsssl-explorer { --jp-widgets-input-focus-border-color: #1976d2 }
.aimsssl-explorer input:focus { box-shadow: 0 0 0 1px #1976d2 }
.aimsssl-explorer input:disabled { opacity: 0.5 }
.aimsssl-explorer input[list] {
  position: relative; box-sizing: border-box; padding-right: 1.4em;
  background: no-repeat right 0.4em center / 0.8em 0.4em
  conic-gradient(from -60deg at 50% 100%, #767676 120deg, transparent 0) }
.aimsssl-explorer input[list]::placeholder { color: inherit; opacity: 1 }
.aimsssl-explorer input[list]::-webkit-calendar-picker-indicator {
  position: absolute; inset: 0; width: auto; height: auto; opacity: 0; cursor: pointer }
.aimsssl-said, .aimsssl-keys {
  position: fixed; top: 50%; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
</style>"""


@dataclass
class Control:
    """`box` is what stands on the page, `source` is the widget whose `value` counts; `moved` follows on the mouse."""

    box: widgets.Widget
    source: widgets.Widget
    moved: Callable[[], None] = lambda: None

    @property
    def value(self):
        return self.source.value

    @value.setter
    def value(self, value) -> None:
        self.source.value = value

    @property
    def name(self) -> str:
        """As it stands beside the box."""
        return self.box.children[0].description

    @property
    def told(self) -> str:
        """What is chosen, as it stands on the page."""
        return str(getattr(self.source, "label", self.value))

    def activate(self, on: bool) -> None:
        """Whether it can be changed on the page."""
        for widget in self.box.children:
            widget.disabled = not on


def labelled_slider(
    description: str,
    minimum: float | None = None,
    maximum: float | None = None,
    step: float | None = None,
    *,
    value=None,
    options: Sequence | None = None,
) -> Control:
    """A box and, beside it, a slider of the same value: a number from `minimum` to `maximum`, or one of `options`.

    Args:
        description: names the control; screen readers read it at the box.
        minimum, maximum, step: whole numbers make a whole-number slider; `step` is 1 or a hundredth of the range.
        value: at the start; the minimum, or the first option, where it is None.
        options: values that are not evenly spaced, for example the epochs of a run's snapshots; the box lists them.
    """
    if options is not None:
        pairs = [(str(option), option) for option in options]
        slider = widgets.SelectionSlider(options=pairs, continuous_update=False, readout=False)
        slider.value = options[0] if value is None else value
        return _listed(slider, description)
    whole = all(isinstance(x, int) for x in (minimum, maximum, 1 if step is None else step))
    step = step or (1 if whole else (maximum - minimum) / 100)
    limits = dict(min=minimum, max=maximum, step=step, value=minimum if value is None else value)
    slider_class, box_class = (
        (widgets.IntSlider, widgets.BoundedIntText) if whole else (widgets.FloatSlider, widgets.BoundedFloatText)
    )
    slider = slider_class(**limits, continuous_update=False, readout=False)
    box = box_class(**limits, description=description, tooltip="")  # without one, the page says "null" over the name
    control = _row(box, slider)

    def moved(change: dict) -> None:
        if box.value != slider.value:  # by the mouse, not from the box
            box.value = slider.value
            control.moved()

    box.observe(lambda change: setattr(slider, "value", box.value), names="value")
    slider.observe(moved, names="value")
    return control


def labelled_choice(description: str, options: Sequence[str] | Mapping[str, object], value=None) -> Control:
    """A box with a name out of a list, which opens below it; the beginning of a name will do."""
    pairs = list(options.items()) if isinstance(options, Mapping) else [(name, name) for name in options]
    chosen = widgets.Dropdown(options=pairs, value=pairs[0][1] if value is None else value)  # holds the value, unseen
    return _listed(chosen, description)


def _listed(choice: widgets.Dropdown | widgets.SelectionSlider, description: str) -> Control:
    """With a box that lists what `choice` can be, and sets it."""
    names = [name for name, _ in choice.options]
    box = widgets.Combobox(options=names, placeholder=choice.label, description=description, continuous_update=False)

    def typed(change: dict) -> None:
        if box.value:
            begun = [name for name in names if name.lower().startswith(box.value.strip().lower())]
            try:
                choice.label = box.value if box.value in names else begun[0] if len(begun) == 1 else choice.label
            finally:  # also after a drawing that failed
                box.value = ""

    def moved(change: dict) -> None:
        box.placeholder = choice.label
        if not box.value:  # by the mouse, not from the box
            control.moved()

    control = _row(box, choice)
    box.observe(typed, names="value")
    choice.observe(moved, names="value")
    return control


def _row(box: widgets.Widget, source: widgets.Widget) -> Control:
    """Both beside each other where there is room; a list has no place on the page."""
    box.style.description_width = NAME_WIDTH
    alone = isinstance(source, widgets.Dropdown)  # has room for long names
    box.layout.width, box.layout.max_width = "26em" if alone else "18em", "calc(100% - 4px)"  # without its margins
    source.layout.width = "14em"
    shown = [box] if alone else [box, source]
    return Control(widgets.HBox(shown, layout=widgets.Layout(flex_flow="row wrap")), source)


class Explorer:
    """Named controls over a figure: `draw(**values) -> Figure` is called again whenever a value changes.

    Shown in a notebook it is widgets; where there are none, the same output has the first figure as a PNG and its alt
    text. A change is said to screen readers. An exception in `draw` is shown in the place of the figure and raised.

    Args:
        draw: a pure function of the controls' values, by the names of `controls`.
        applies: which controls count, by name, given the values; the others are inactive. All where it is None.
        controls: by name.
    """

    def __init__(
        self, draw: Callable[..., Figure], *, applies: Callable[..., Iterable[str]] | None = None, **controls: Control
    ):
        self.draw, self.applies, self.controls = draw, applies, controls
        self.figure = draw(**self.values)
        self._static = bundle(self.figure, folded=False)
        self._picture, self._said = widgets.HTML(self._static["text/html"]), widgets.HTML()
        # takes them, does nothing; whoever reads through the page meets its name before any slider was moved
        keys = widgets.Text(description="Keys after a slider was moved. Tab goes on.", tabbable=False)
        keys.add_class("aimsssl-keys")
        boxes = [control.box for control in controls.values()]
        style = widgets.HTML(STYLE, layout={"display": "none"})
        self.widget = widgets.VBox([style, keys, *boxes, self._picture, self._said])
        self.widget.add_class("aimsssl-explorer")
        self._activate()
        for name, control in controls.items():
            control.moved = keys.focus
            control.source.observe(lambda change, name=name: self._redraw(name), names="value")

    @property
    def values(self) -> dict:
        """What the controls say now."""
        return {name: control.value for name, control in self.controls.items()}

    def _activate(self) -> None:
        if self.applies:
            count = set(self.applies(**self.values))
            for name, control in self.controls.items():
                control.activate(name in count)

    def _redraw(self, name: str) -> None:
        try:
            self._activate()
            self.figure = self.draw(**self.values)
            self._picture.value = bundle(self.figure, folded=False)["text/html"]
            self._say(f"{self.controls[name].name}: {self.controls[name].told}. {self.figure.alt_text}")
        except Exception as error:
            said = html.escape(f"{type(error).__name__}: {error}")
            self._picture.value = f'<pre role="alert">This figure could not be drawn.\n{said}</pre>'
            raise

    def _say(self, words: str) -> None:
        """The widget makes its element anew each time, and of new elements only an alert is read out."""
        self._said.value = f'<div role="alert" class="aimsssl-said">{html.escape(words)}</div>'

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        data = self.widget._repr_mimebundle_()
        data, metadata = data if isinstance(data, tuple) else (data, {})
        return {**data, **self._static}, metadata
