"""Explorers: linked controls, a figure that follows them, errors that surface, words where there are no widgets."""

import base64
import inspect
import json
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

pytest.importorskip("ipywidgets")

import explorers_on_show
import ipywidgets as widgets

from aimsssl import augment, evaluation, explorers
from aimsssl.datasets import ImageSet
from aimsssl.explorers import Explorer, LiveCurve, labelled_choice, labelled_slider, lesson04, lesson06, records
from aimsssl.training import Run, RunError


@pytest.fixture
def probe() -> ImageSet:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (24, 3, 8, 8), dtype=torch.uint8, generator=generator)
    return ImageSet("fake", images, torch.arange(24) % 3, ("disc", "ring", "heart"))


@pytest.fixture
def run(probe, tmp_path) -> Run:
    """A run whose features are noise at first and the class at the end."""
    run = Run(tmp_path, {"epochs": 4})
    generator = torch.Generator().manual_seed(0)
    one_hot = torch.nn.functional.one_hot(probe.labels, 3).float()
    for epoch, share in ((0, 0.0), (1, 0.5), (4, 1.0)):
        noise = torch.randn(24, 3, generator=generator)
        run.snapshots[epoch] = (share * one_hot + (1.02 - share) * noise).half()
    run.history = [dict(epoch=e, loss=5 - e if e else None, knn_accuracy=0.3 + e / 10) for e in range(5)]
    return run


def test_rows_1_to_4_import_without_jupyter_or_widgets():
    code = """
import sys
for name in ("IPython", "ipywidgets", "jupyterlab", "notebook", "nbformat", "traitlets"):
    sys.modules[name] = None
import importlib, pkgutil, aimsssl
below = {"explorers", "exercises", "cli", "__main__"}
for info in pkgutil.walk_packages(aimsssl.__path__, "aimsssl."):
    if info.name.split(".")[1] not in below:
        importlib.import_module(info.name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# ---- controls


def test_slider_and_number_box_move_together():
    control = labelled_slider("image number", 0, 9, value=3)
    box, slider = control.box.children
    assert (box.value, slider.value, control.value) == (3, 3, 3)
    box.value = 7
    assert (slider.value, control.value) == (7, 7)
    control.value = 2
    assert box.value == 2
    box.value = 99  # what a person may type
    assert control.value == 9


def test_slider_over_options_and_over_fractions():
    epochs = labelled_slider("epoch", options=[0, 1, 5, 40], value=5)
    box, slider = epochs.box.children
    box.value = "40"
    assert (epochs.value, box.value, box.placeholder) == (40, "", "40")
    slider.value = 1  # by the mouse
    assert (epochs.value, box.placeholder) == (1, "1")
    tau = labelled_slider("temperature", 0.05, 1.0, 0.05, value=0.5)
    tau.box.children[0].value = 0.25
    assert tau.value == 0.25


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [("jigsaw", "jigsaw"), (" JIG", "jigsaw"), ("rot", "rotation"), ("r", "inpainting"), ("ddmb", "inpainting")],
)
def test_a_name_is_chosen_by_its_beginning_and_other_letters_change_nothing(typed, chosen):
    control = labelled_choice("task", ["rotation", "rolling", "jigsaw", "inpainting"], value="inpainting")
    (box,) = control.box.children
    assert box.options == ("rotation", "rolling", "jigsaw", "inpainting")
    box.value = typed
    assert (control.value, box.placeholder, box.value) == (chosen, chosen, "")


def test_an_option_wins_over_one_that_it_begins():
    control = labelled_slider("epoch", options=[10, 1, 100], value=10)
    control.box.children[0].value = "1"
    assert control.value == 1


def test_only_what_the_mouse_moved_takes_the_focus_away():
    """After the keyboard the next control may have the focus already."""
    for control in (labelled_slider("number", 0, 9), labelled_slider("epoch", options=[0, 5, 40])):
        box, slider = control.box.children
        moved = []
        control.moved = lambda moved=moved: moved.append(1)
        box.value = "5" if isinstance(box, widgets.Combobox) else 5
        assert control.value == 5 and moved == []
        slider.value = 0
        assert moved == [1] and (box.value, getattr(box, "placeholder", 0)) in ((0, 0), ("", "0"))


def test_the_keys_of_every_control_stay_in_a_box_that_one_types_in():
    """JupyterLab leaves the keys of such boxes alone; the browser test tries them."""
    safe = (widgets.Combobox, widgets.BoundedIntText, widgets.BoundedFloatText)
    mouse = (widgets.IntSlider, widgets.FloatSlider, widgets.SelectionSlider)  # the style hides their handles
    for make in explorers_on_show.EXPLORERS.values():
        for control in make().controls.values():
            box, *others = control.box.children
            assert isinstance(box, safe) and box.description and all(isinstance(other, mouse) for other in others)


def test_every_explorer_of_the_lessons_is_on_show():
    made = {
        name
        for module in (lesson for name, lesson in vars(explorers).items() if name.startswith("lesson"))
        for name, item in [*vars(module).items(), *vars(getattr(module, "Laboratory", object)).items()]
        if inspect.isfunction(item) and item.__annotations__.get("return") is Explorer
    }
    assert made == set(explorers_on_show.EXPLORERS)


# ---- the shell


def drawing(number: int) -> Figure:
    if number == 13:
        raise ValueError("no <figure> of 13")
    figure = Figure()
    figure.add_subplot().plot([0, number])
    figure.alt_text = f"A line up to {number} & no further."
    return figure


def test_the_figure_follows_the_control():
    explorer = Explorer(drawing, number=labelled_slider("number", 0, 20, value=1))
    before = explorer._picture.value
    explorer.controls["number"].value = 5
    assert explorer.figure.axes[0].lines[0].get_ydata()[1] == 5
    assert explorer._picture.value != before and "A line up to 5 &amp; no further." in explorer._picture.value


def test_an_error_in_a_drawing_is_shown_and_raised_and_the_next_drawing_works():
    explorer = Explorer(drawing, number=labelled_slider("number", 0, 20, value=1))
    with pytest.raises(ValueError, match="of 13"):
        explorer.controls["number"].value = 13
    assert 'role="alert"' in explorer._picture.value and "no &lt;figure&gt; of 13" in explorer._picture.value
    explorer.controls["number"].value = 2
    assert "A line up to 2" in explorer._picture.value


def test_where_widgets_are_not_rendered_the_same_output_has_a_picture_and_words():
    data, _ = Explorer(drawing, number=labelled_slider("number", 0, 20, value=1))._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == "A line up to 1 & no further."
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert 'alt="A line up to 1 &amp; no further."' in data["text/html"]


def test_a_table_beside_a_figure_is_folded_but_in_an_explorer():
    """What unfolds it has the focus, and JupyterLab takes its keys."""

    def figure(number: int) -> Figure:
        figure = drawing(number)
        figure.numbers = {"a & b": {"kNN": "0.56"}, "c": {"probe": f"{number}"}}
        return figure

    shown = explorers.display.bundle(figure(7))
    assert "<summary>" in shown["text/html"] and "a &amp; b</th>" in shown["text/html"]
    assert shown["text/plain"].endswith("\na & b: kNN 0.56\nc: probe 7")
    inside = Explorer(figure, number=labelled_slider("number", 0, 20, value=1))
    inside.controls["number"].value = 5
    assert "<summary>" not in inside._picture.value and "<td style" in inside._picture.value
    assert ">5</td>" in inside._picture.value


def test_a_change_is_said_and_what_does_not_count_is_inactive():
    explorer = Explorer(
        lambda task, turns: drawing(turns),
        applies=lambda task, turns: {"task", "turns"} if task == "rotation" else {"task"},
        task=labelled_choice("task", ["rotation", "jigsaw"]),
        turns=labelled_slider("turns & more", 0, 3),
    )
    inactive = [widget.disabled for widget in explorer.controls["turns"].box.children]
    assert inactive == [False, False] and explorer._said.value == ""
    explorer.controls["turns"].value = 2
    assert 'role="alert"' in explorer._said.value
    assert "turns &amp; more: 2. A line up to 2 &amp; no further." in explorer._said.value
    explorer.controls["task"].value = "jigsaw"
    assert "task: jigsaw." in explorer._said.value
    assert [widget.disabled for widget in explorer.controls["turns"].box.children] == [True, True]


# ---- outside of a notebook


def test_show_prints_the_alt_text_outside_of_a_notebook(capsys):
    explorers.show(drawing(4))
    assert capsys.readouterr().out == "A line up to 4 & no further.\n"


def test_live_curve_draws_the_run_with_its_own_random_weights(run, capsys):
    curve = LiveCurve({"chance": 5.5}, {"raw pixels": 0.2}, pause=1e9)
    full, run.history = run.history, run.history[:1]
    curve(run)
    first = curve.figure
    run.history = full[:3]
    curve(run)
    assert curve.figure is first  # too soon
    run.history = full
    curve(run)
    assert curve.figure is not first  # the last epoch is always drawn
    assert "to 0.70 at epoch 4 (raw pixels 0.20; random weights 0.30)" in capsys.readouterr().out


def test_live_curve_says_how_many_keys_knn_had(run, capsys):
    run.config |= {"data": {"shape": [100, 3, 8, 8]}, "held_out": 30, "bank": 1000}
    LiveCurve({}, {})(run)
    assert "kNN accuracy (25 held-out images, 75 keys) went" in capsys.readouterr().out


# ---- lesson 04


def test_maps_are_kept_in_the_run_and_made_anew_for_other_features(run, monkeypatch):
    made = []
    tsne = lesson04.tsne
    monkeypatch.setattr(lesson04, "tsne", lambda *args, **kwargs: made.append(1) or tsne(*args, **kwargs))
    first = lesson04.maps(run)
    assert list(first) == [0, 1, 4] and first[4].shape == (24, 2) and len(made) == 3
    again = lesson04.maps(run)
    assert len(made) == 3
    np.testing.assert_array_equal(first[1], again[1])
    (run.path / "tsne.npz").write_bytes(b"damaged")
    lesson04.maps(run)
    assert len(made) == 6
    run.snapshots[4] = run.snapshots[4] + 1
    lesson04.maps(run)
    assert len(made) == 9


def test_maps_of_a_recorded_run_are_kept_elsewhere(run, probe, tmp_path, monkeypatch):
    run.path = tmp_path / "recorded" / "long"
    run.save()
    kept = {"method": "simclr", "epochs": 4, "seed": 0, "data": {"name": "noise", "shape": [1, 3, 8, 8]}}
    (run.path / "config.json").write_text(json.dumps(kept))
    monkeypatch.setattr(records, "RECORDED", tmp_path / "recorded")
    long = explorers.recorded_run("long", images=20)
    before = sorted(run.path.iterdir())
    points = lesson04.maps(long, tmp_path / "elsewhere" / "maps.npz")
    assert points[4].shape == (20, 2) and (tmp_path / "elsewhere" / "maps.npz").exists()
    assert sorted(run.path.iterdir()) == before, "nothing is written beside what is recorded"
    monkeypatch.setattr(lesson04, "tsne", None)  # whoever has the maps needs no others
    assert lesson04.through_training(long, probe[:20], points=points).values["epoch"] == 4


def test_a_missing_record_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "RECORDED", tmp_path)
    for read in (explorers.recorded, explorers.recorded_run):
        with pytest.raises(RunError, match=r"heads.*python instructor/tools/record.py heads"):
            read("heads")
    (tmp_path / "heads").mkdir()
    (tmp_path / "heads" / "result.json").write_text('{"chance": 0.1}')
    assert explorers.recorded("heads") == {"chance": 0.1}


def test_neighbours_leave_the_image_itself_out_and_find_the_class_at_the_end(run, probe):
    found = lesson04.neighbours_of(run, 5, k=7)
    assert all(5 not in index and len(index) == 7 for index in found.values())
    assert (probe.labels[found[4]] == probe.labels[5]).all()


def test_through_training_follows_epoch_and_image(run, probe):
    explorer = lesson04.through_training(run, probe)
    assert explorer.values == {"epoch": 4, "image": 0}
    assert (
        "Epoch 4" in explorer.figure.alt_text and "10 nearest neighbours of image 0 (disc)" in explorer.figure.alt_text
    )
    explorer.controls["epoch"].value = 0
    assert "Epoch 0" in explorer.figure.alt_text
    explorer.controls["image"].value = 4
    assert "image 4 (ring)" in explorer.figure.alt_text
    assert explorer.figure.alt_text.split(".")[0] in explorer._picture.value


def test_through_training_refuses_what_does_not_fit(run, probe):
    with pytest.raises(ValueError, match="probe has 5 images, the run's snapshots are of 24"):
        lesson04.through_training(run, probe[:5])
    with pytest.raises(ValueError, match="no snapshots"):
        lesson04.through_training(Run(None, {}), probe)


# ---- lesson 06


@pytest.fixture
def seen(probe) -> dict[str, torch.Tensor]:
    """Features of the probe images: one that knows the class, one that knows nothing."""
    generator = torch.Generator().manual_seed(1)
    one_hot = torch.nn.functional.one_hot(probe.labels, 3).float()
    return {"class": one_hot + 0.01 * torch.randn(24, 3, generator=generator), "noise": torch.randn(24, 3)}


def test_votes_follow_the_method_k_the_labels_and_the_query(probe, seen):
    explorer = lesson06.votes(probe, probe, seen, seen, method="class", k=2, labels=4)
    assert explorer.values == {"method": "class", "k": 2, "labels": 4, "query": 0}
    assert "1.000 right" in explorer.figure.alt_text and "2 of its 2 neighbours are too" in explorer.figure.alt_text
    explorer.controls["query"].value = 4
    assert "a query that is ring" in explorer.figure.alt_text
    explorer.controls["k"].value = 100  # more than there are: all 12 labelled images
    assert "of its 12 neighbours" in explorer.figure.alt_text
    explorer.controls["labels"].value = 8
    assert "of its 24 neighbours" in explorer.figure.alt_text
    explorer.controls["method"].value = "noise"
    known = evaluation.knn_accuracy(seen["noise"], probe.labels, seen["noise"], probe.labels, k=24)
    assert f"{known:.3f} right" in explorer.figure.alt_text


def test_votes_name_the_files_of_the_neighbours(probe, seen):
    named = replace(probe, sources=tuple(f"photo{i:02}.jpg" for i in range(len(probe))))
    explorer = lesson06.votes(named, probe, seen, seen, method="class", k=3, labels=8)
    _, near = evaluation.nearest_neighbours(seen["class"], seen["class"][:1], 3)
    assert re.findall(r"photo(\d\d).jpg", explorer._picture.value) == [f"{i:02}" for i in near[0].tolist()]


def test_labels_per_class_are_balanced(probe, seen, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        evaluation, "knn_predict", lambda keys, labels, queries, k: drawn.append(labels.bincount()) or probe.labels
    )
    lesson06.votes(probe, probe, seen, seen, labels=5)
    assert drawn[0].tolist() == [5, 5, 5]


def test_votes_refuse_features_of_other_images(probe, seen):
    with pytest.raises(ValueError, match=r"noise has features of \(24, 23\) images, expected \(24, 24\)"):
        lesson06.votes(probe, probe, seen, seen | {"noise": seen["noise"][1:]})


@pytest.fixture(scope="module")
def laboratory() -> lesson06.Laboratory:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(200) % 4
    tint = torch.randint(0, 128, (4, 3, 1, 1), generator=generator)[labels]  # a class has a colour
    images = (tint + torch.randint(0, 128, (200, 3, 8, 8), generator=generator)).to(torch.uint8)
    data = ImageSet("fake", images, labels, ("a", "b", "c", "d"))
    encoder = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 16), torch.nn.ReLU())
    with torch.no_grad():
        encoder[1].weight.copy_(torch.randn(16, 192, generator=generator) / 14)
    views = augment.TwoViews(8, crop_scale=(0.8, 1.0))
    return lesson06.Laboratory(encoder, data[:160], data[160:], views, keys=120, queries=40)


@pytest.mark.parametrize("fault", lesson06.FAULTS)
def test_no_strength_is_no_fault(laboratory, fault):
    healthy = laboratory.measured(fault, 0.0)[0]
    plain = evaluation.knn_accuracy(
        laboratory.keys, laboratory.bank.labels, laboratory.queries, laboratory.asked.labels
    )
    assert healthy["kNN"] == pytest.approx(plain)
    assert healthy["effective rank"] == pytest.approx(evaluation.effective_rank(laboratory.queries), rel=1e-3)
    assert healthy["alignment"] == pytest.approx(evaluation.alignment(*laboratory.partners), rel=1e-3)


def test_each_fault_does_what_its_name_says(laboratory):
    point = laboratory.planted("collapsed", 1.0)
    assert (point["queries"] - laboratory.mean).abs().max() < 1e-6
    flat = laboratory.planted("dimensionally collapsed", 1.0)
    assert torch.linalg.matrix_rank(flat["keys"] - laboratory.mean, rtol=1e-4) == lesson06.KEPT
    kept = laboratory.directions[:, : lesson06.KEPT]
    torch.testing.assert_close((flat["queries"] - laboratory.queries) @ kept, torch.zeros(40, 3), atol=1e-4, rtol=0)
    leaked = laboratory.planted("labels leaked", 0.5)
    assert (leaked["queries"][:, 16:].argmax(dim=1) == laboratory.asked.labels).all()
    torch.testing.assert_close(leaked["queries"][:, :16], laboratory.queries)
    copied = laboratory.planted("test images in training", 0.25)
    assert len(copied["keys"]) == len(copied["labels"]) == len(copied["images"]) == 120 + 10
    torch.testing.assert_close(copied["images"][120:], laboratory.asked.images[:10])
    assert (copied["labels"][120:] == laboratory.asked.labels[:10]).all()


def test_the_laboratory_shows_and_names_a_planted_fault(laboratory):
    explorer = laboratory.explorer("labels leaked", 1.0)
    assert "labels leaked, strength 1" in explorer.figure.alt_text and "now 1.00" in explorer.figure.alt_text
    assert evaluation.diagnosis.LEAK in explorer.figure.alt_text
    explorer.controls["fault"].value = "test images in training"
    assert evaluation.diagnosis.DUPLICATES in explorer.figure.alt_text
    explorer.controls["strength"].value = 0.0
    assert evaluation.diagnosis.DUPLICATES not in explorer.figure.alt_text


def test_the_table_of_the_laboratory_has_a_row_a_fault_and_what_was_found(laboratory):
    rows = laboratory.rows(1.0)
    assert list(rows) == ["healthy", *lesson06.FAULTS]
    assert rows["collapsed"]["the diagnosis"] == evaluation.diagnosis.COLLAPSED
    assert rows["labels leaked"]["kNN"] == 1.0 > rows["healthy"]["kNN"]
    assert {len(row) for row in rows.values()} == {7}


@pytest.mark.parametrize("asked", [("cold", 0.5), ("collapsed", 1.5)])
def test_the_laboratory_refuses_other_faults_and_strengths(laboratory, asked):
    with pytest.raises(ValueError, match="fault must be one of collapsed, .* got"):
        laboratory.planted(*asked)
