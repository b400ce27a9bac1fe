"""The explorer and the live figure of lesson 01, on runs of one epoch."""

from dataclasses import replace

import pytest
import torch

pytest.importorskip("ipywidgets")

from aimsssl import pretext
from aimsssl.datasets import ImageSet, load
from aimsssl.explorers import lesson01
from aimsssl.training import PretextConfig, Run, train_pretext

SMALL = PretextConfig(width=4, epochs=1, batch_size=32, precision="float32", held_out=0, monitor_every=0)


@pytest.fixture(scope="module")
def images() -> ImageSet:
    return load("shapes", "train", limit=64)


@pytest.fixture(scope="module")
def runs(images) -> dict[str, Run]:
    tasks = ("rotation", "inpainting", "jigsaw")
    return {task: train_pretext(images, replace(SMALL, task=task), progress=None) for task in tasks}


@pytest.fixture
def explorer(images, runs):
    return lesson01.tasks_on_an_image(images, runs, image=3)


def bars_of(figure) -> dict[str, float]:
    axes = figure.axes[-1]
    names = [label.get_text() for label in axes.get_yticklabels()]
    return dict(zip(names, (bar.get_width() for bar in axes.patches), strict=True))


def right_of(figure) -> str:
    return next(label.get_text() for label in figure.axes[-1].get_yticklabels() if label.get_fontweight() == "bold")


def test_a_mosaic_lays_tiles_out_row_by_row_with_white_gaps():
    tiles = torch.arange(4)[:, None, None, None] * torch.ones(4, 1, 3, 3) / 10
    picture = lesson01.mosaic(tiles, gap=1)
    assert picture.shape == (1, 7, 7)
    torch.testing.assert_close(picture[0, ::4, ::4], torch.tensor([[0.0, 0.1], [0.2, 0.3]]))
    assert (picture[0, 3] == 1).all() and (picture[0, :, 3] == 1).all()


def test_the_plain_fill_is_the_mean_of_what_can_be_seen():
    images = torch.rand(3, 3, 6, 6)
    holes = pretext.random_holes(3, 6, 3)
    filled = lesson01.plain_fill(images, holes)
    for image, hole, came in zip(images, holes[:, 0], filled, strict=True):
        for channel, drawn in zip(image, came, strict=True):
            assert torch.equal(drawn[~hole], channel[~hole])
            torch.testing.assert_close(drawn[hole], channel[~hole].mean().expand(9))


def test_rotation_shows_the_turned_image_and_four_probabilities(explorer, images, runs):
    explorer.controls["turns"].value = 3
    turned = images.images[3].rot90(3, (1, 2))
    assert torch.equal(torch.from_numpy(explorer.figure.axes[1].images[0].get_array().data).permute(2, 0, 1), turned)
    bars = bars_of(explorer.figure)
    assert list(bars) == ["0°", "90°", "180°", "270°"] and right_of(explorer.figure) == "270°"
    expected = pretext.answers(runs["rotation"].model, turned[None])[0].softmax(0)
    assert list(bars.values()) == pytest.approx(expected.tolist(), abs=1e-5)
    explorer.controls["light"].value = 0.2
    lit = pretext.plant_shortcut(images.images[3:4], 0.2)[0].rot90(3, (1, 2))
    expected = pretext.answers(runs["rotation"].model, lit[None])[0].softmax(0)
    came = list(bars_of(explorer.figure).values())
    assert came == pytest.approx(expected.tolist(), abs=1e-5), "the light reaches the network"
    assert came != list(bars.values())


def test_inpainting_keeps_the_hole_in_the_picture_and_tells_both_errors(explorer, images, runs):
    explorer.controls["task"].value = "inpainting"
    explorer.controls["row"].value, explorer.controls["column"].value = 31, 0
    seen = explorer.figure.axes[1].images[0].get_array()
    side = SMALL.hole_pixels(32)
    assert (seen[-side:, :side] == 0.5).all() and not (seen[: 32 - side] == 0.5).all()
    holes = torch.zeros(1, 1, 32, 32, dtype=torch.bool)
    holes[:, :, -side:, :side] = True
    assert bars_of(explorer.figure) == pytest.approx(
        lesson01.hole_errors(runs["inpainting"], images.images[3:4], holes)
    )
    assert right_of(explorer.figure) == "the network"


@pytest.mark.parametrize("order", [0, 7, 23])
def test_jigsaw_shows_the_tiles_in_their_order_and_always_the_right_answer(explorer, order):
    explorer.controls["task"].value = "jigsaw"
    explorer.controls["order"].value = order
    tiles = " ".join(map(str, SMALL.permutations()[order].tolist()))
    assert right_of(explorer.figure) == f"order {tiles}" and len(bars_of(explorer.figure)) == 5
    assert f"label made: {order}" in explorer.figure.alt_text


def test_the_class_of_the_image_is_named(explorer, images):
    explorer.controls["image"].value = 5
    assert f"image 5 ({images.classes[images.labels[5]]})" in explorer.figure.alt_text


def test_a_row_of_fills_is_added_at_each_snapshot(images, capsys):
    probe = images[:4]
    live = lesson01.LiveFills(probe)
    config = replace(SMALL, task="inpainting", epochs=3, snapshot_epochs=(0, 1, 3))
    figures = []
    run = train_pretext(
        images, config, probe=probe.images, progress=lambda run: (live(run), figures.append(live.figure))
    )
    rows = [[axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()] for figure in figures]
    assert rows[0] == ["image", "input", "epoch 0"] and rows[-1] == ["image", "input", "epoch 0", "epoch 1", "epoch 3"]
    assert figures[1] is figures[2], "nothing new at epoch 2"
    last = torch.from_numpy(figures[-1].axes[-1].images[0].get_array().data).permute(2, 0, 1)
    torch.testing.assert_close(last, run.snapshots[3][-1].float().clamp(0, 1))
    live = lesson01.LiveFills(probe)
    live(run)
    assert live.figure is not None, "a finished run that is read is shown too"
