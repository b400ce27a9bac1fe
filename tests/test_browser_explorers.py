"""Every explorer in JupyterLab in a browser, by keyboard and by mouse."""

from collections.abc import Iterator

import explorers_on_show
import jupytext
import pytest
from in_jupyterlab import (
    notebook_page,
    nothing_failed,
    nothing_serious,
    run_all_cells,
    serving,
    shot,
    wait_until_idle,
)

KEYS = ("d", "d", "m", "b", "a", "x", "ArrowDown", "ArrowUp", "ArrowRight", "ArrowLeft", "Enter", "Escape", "0", "0")
FOCUSABLE = ":is(a[href], button, input, select, textarea, summary, [tabindex], [contenteditable=true]):not(:disabled)"
CONTROLS = ("spinbutton", "combobox", "textbox", "slider", "button", "checkbox", "listbox", "radio", "switch")
ON_SHOW = "explorers.ipynb"


def all_explorers() -> str:
    """A notebook with a cell an explorer, and one below that keys may try to reach."""
    cells = [
        "import explorers_on_show as show",
        *(f"show.{name}()" for name in explorers_on_show.EXPLORERS),
        "'the end'",
    ]
    notebook = jupytext.reads("".join(f"# %%\n{cell}\n\n" for cell in cells), "py:percent")
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return jupytext.writes(notebook, "ipynb")


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("browser"), {ON_SHOW: all_explorers()}) as address:
        yield address


def test_explorers_keep_their_keys_and_their_room(server):
    with notebook_page(server, ON_SHOW) as page:
        run_all_cells(page)
        nothing_failed(page)
        shown = page.locator(".aimsssl-explorer")
        assert shown.count() == len(explorers_on_show.EXPLORERS)
        nothing_serious(page, {"image-alt", "label"})
        cells = _cells(page)
        for explorer in shown.all():
            _named_once_in_the_accessibility_tree(page, explorer)
            _type_in_each_control(page, explorer, cells)
        nothing_failed(page)
        _drag_a_slider(page, cells)
        _narrow(page)


def _cells(page) -> list[str]:
    """The kind and the text of each cell."""
    return page.locator(".jp-Notebook .jp-Cell").evaluate_all(
        """cells => cells.map(cell =>
            cell.className.match(/jp-(Code|Markdown|Raw)Cell/)[1] + cell.querySelector('.cm-content').innerText)"""
    )


def _named_once_in_the_accessibility_tree(page, explorer) -> None:
    """What a screen reader gets of an explorer: every control under the one name that stands beside it, and figures."""
    nodes = _accessibility_tree(page, explorer)
    controls = [node for node in nodes if node["role"]["value"] in CONTROLS]
    names = [node["name"]["value"] for node in controls[1:]]  # the first takes the keys after a slider was moved
    off = [node["name"]["value"] for node in controls if _is_disabled(node)]
    assert controls[0]["name"]["value"].startswith("Keys after") and len(set(names)) == len(names)
    assert names == explorer.locator(".jupyter-widgets > label:visible").all_inner_texts()[1:]
    disabled = explorer.locator(".jupyter-widgets:has(> input:disabled, input[disabled]) > label:visible")
    assert off == disabled.all_inner_texts()
    assert explorer.locator("[title=null]:visible").count() == 0
    (picture,) = (node for node in nodes if node["role"]["value"] == "image")
    assert 40 < len(picture["name"]["value"]) <= 400


def _accessibility_tree(page, explorer) -> list[dict]:
    """The nodes below an explorer that a screen reader meets, from Chromium itself."""
    place = explorer.evaluate("explorer => [...document.querySelectorAll('.aimsssl-explorer')].indexOf(explorer)")
    client = page.context.new_cdp_session(page)
    found = client.send("Runtime.evaluate", {"expression": f"document.querySelectorAll('.aimsssl-explorer')[{place}]"})
    nodes = client.send("Accessibility.queryAXTree", {"objectId": found["result"]["objectId"]})["nodes"]
    client.detach()
    return [node for node in nodes if not node["ignored"]]


def _is_disabled(node: dict) -> bool:
    return any(one["name"] == "disabled" and one["value"]["value"] for one in node["properties"])


def _type_in_each_control(page, explorer, cells: list[str]) -> None:
    controls = explorer.locator(f"{FOCUSABLE}:visible")
    assert controls.count() >= 2
    for control in controls.all():
        control.focus()
        assert control.evaluate("element => element === document.activeElement")
        assert control.evaluate("element => getComputedStyle(element).boxShadow") != "none"  # one sees where one is
        for key in KEYS:
            page.keyboard.press(key)
        assert _cells(page) == cells and control.evaluate("element => element === document.activeElement")


def _drag_a_slider(page, cells: list[str]) -> None:
    """The mouse moves the handle, box and picture follow, and keys that come next do nothing."""
    explorer = page.locator(".aimsssl-explorer").nth(list(explorers_on_show.EXPLORERS).index("kmeans"))
    handle, box = explorer.locator(".noUi-handle").first, explorer.get_by_label("step")
    before = explorer.locator("img").get_attribute("alt")
    wait_until_idle(page)  # pictures above that still change their height would move the handle away
    explorer.scroll_into_view_if_needed()
    place = handle.bounding_box()
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    explorer.locator(".noUi-active").first.wait_for(state="attached")
    page.mouse.move(x + 60, y, steps=4)
    page.mouse.up()
    explorer.locator("input:focus").wait_for()
    assert int(box.input_value()) > 0
    explorer.locator(f'[role=alert]:text-matches("^step: {box.input_value()}")').wait_for(state="attached")
    assert explorer.locator("img").get_attribute("alt") != before
    assert "alert" in [node["role"]["value"] for node in _accessibility_tree(page, explorer)]
    for key in KEYS:
        page.keyboard.press(key)
    assert _cells(page) == cells


def _narrow(page) -> None:
    """In 600 pixels, which is what 1200 are at 200 % zoom: pictures scroll before they are too small, controls wrap."""
    page.set_viewport_size({"width": 600, "height": 900})
    for explorer in page.locator(".aimsssl-explorer").all():
        explorer.scroll_into_view_if_needed()
        picture = explorer.locator("img")
        picture.evaluate("image => image.decode()")
        shown, natural = picture.evaluate("image => [image.getBoundingClientRect().width, image.naturalWidth]")
        assert 0.59 < shown / natural <= 1
        ends = explorer.locator("input:visible").evaluate_all(
            "inputs => inputs.map(input => input.getBoundingClientRect().right)"
        )
        right, overflow = explorer.evaluate(
            "explorer => [explorer.getBoundingClientRect().right, getComputedStyle(explorer).overflowX]"
        )
        assert max(ends) <= right and overflow == "auto"
    shot(page, "4_narrow")
