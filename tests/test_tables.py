"""Tables of the lessons: numbers in one form, HTML that can be read aloud, dashes for what is not there."""

import sys
import types

import pandas as pd
import pytest

pytest.importorskip("ipywidgets")

from aimsssl import explorers

ROWS = {"raw pixels": {"kNN": 0.4321, "keys": 8000}, "<b>": {"kNN": None, "keys": 2}}


def test_a_table_is_html_with_heads_and_text_beside(monkeypatch):
    shown = []
    fake = types.SimpleNamespace(
        get_ipython=lambda: object(), display=types.SimpleNamespace(display=lambda data, raw: shown.append(data))
    )
    monkeypatch.setitem(sys.modules, "IPython", fake)
    explorers.table(ROWS, "share correct", digits=2)
    (data,) = shown
    page = data["text/html"]
    assert '<th scope="col"' in page and '<th scope="row"' in page and "<caption" in page and "&lt;b&gt;" in page
    assert ">0.43<" in page and ">8000<" in page and ">–<" in page and "<b>" not in page
    assert "0.43" in data["text/plain"] and "share correct" in data["text/plain"]


def test_without_a_notebook_it_is_printed(capsys):
    explorers.table(pd.DataFrame({"a": [0.5]}, index=["row"]))
    assert capsys.readouterr().out.split() == ["a", "row", "0.500"]


def test_the_papers_table_is_whole():
    voc = explorers.quoted("voc_table")
    assert len(voc) == 15 and voc.loc["DeepCluster", "classification_all"] == 73.7
    assert voc.loc["Random-sobel", "detection_fc6_8"] == 18.9
    assert pd.isna(voc.loc["Pathak et al. [45]", "segmentation_all"])
    assert set(voc["starred"]) == {"yes", "no"}
