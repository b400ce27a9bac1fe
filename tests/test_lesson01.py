"""The explorer and the live figure of lesson 01, on runs of one epoch."""

from dataclasses import replace

import pytest
import torch

pytest.importorskip("ipywidgets")

from aimsssl import pretext, profile
from aimsssl.augment import to_float
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


# ---- what the cells ask


def test_a_run_lies_in_a_folder_of_its_profile_and_its_images():
    ci = profile.PROFILES["ci"]
    folders = {lesson01.run_folder("jigsaw", ci, data) for data in ("shapes", "folder:/a/b c", "cifar10")}
    assert len(folders) == 3 and all(folder.parts[0] == "runs" and len(folder.parts) == 2 for folder in folders)
    assert lesson01.run_folder("jigsaw", profile.PROFILES["cpu"], "shapes") not in folders


def test_one_of_each_class_and_their_names(images):
    shown = lesson01.one_of_each(images, most=4)
    assert shown.labels.tolist() == images.labels.unique()[:4].tolist()
    assert lesson01.names(shown) == [images.classes[k] for k in shown.labels]
    first = next(i for i in range(64) if images.labels[i] == shown.labels[2])
    assert torch.equal(shown.images[2], images.images[first])


def test_turns_and_orders_right_are_the_shares_that_the_network_says_right(images, runs):
    told, turns = pretext.rotated_batch(images.images)
    said = pretext.answers(runs["rotation"].model, told).argmax(dim=1)
    assert lesson01.turns_right(runs["rotation"], images) == pytest.approx((said == turns).float().mean().item())
    right = lesson01.orders_right(runs["jigsaw"], images)
    counted = {name: int((images.labels == k).sum()) for k, name in enumerate(images.classes)}
    assert list(right) == ["all", *images.classes]
    assert right["all"] == pytest.approx(sum(right[name] * n for name, n in counted.items()) / 64)


def test_colour_distance_is_low_where_the_nearest_have_the_same_colour(images):
    grey = torch.linspace(0, 1, 64)[:, None, None, None].expand(64, 3, 4, 4)
    angle = 1.5 * torch.linspace(0, 1, 64)
    by_colour = torch.stack([angle.cos(), angle.sin()], dim=1)
    assert lesson01.colour_distance(by_colour, grey) < 0.06
    torch.manual_seed(0)
    assert 0.7 < lesson01.colour_distance(torch.randn(64, 8), grey) < 1.3


def test_nearest_leaves_the_image_itself_out_and_marks_its_class(images):
    h = torch.nn.functional.one_hot(images.labels).float() + 0.01 * torch.randn(64, 10)
    figure = lesson01.nearest({"by class": h, "noise": torch.randn(64, 8)}, images, query=67, count=3)
    name = images.classes[images.labels[3]]
    assert f"class {name} and its 3 nearest" in figure.alt_text and "3 of 3 by by class" in figure.alt_text
    chosen, *found = (axes.images[0].get_array().data for axes in figure.axes[:4])
    assert (chosen == images.images[3].permute(1, 2, 0).numpy()).all()
    assert not any((one == chosen).all() for one in found)


def test_tiles_in_order_shows_each_tile_at_its_place(images):
    few = to_float(images.images[:2])
    tiles = pretext.normalise_tiles(pretext.cut_tiles(few, 2, 14, torch.Generator().manual_seed(0)))
    orders = torch.tensor([[2, 0, 3, 1], [0, 1, 2, 3]])
    figure = lesson01.tiles_in_order(few, tiles, orders, ["a", "b"])
    in_place, shuffled = (figure.axes[i].images[0].get_array().data for i in (2, 4))
    assert (shuffled[:14, :14] == in_place[16:, :14]).all() and not (shuffled[:14, :14] == in_place[:14, :14]).all()
    assert (figure.axes[3].images[0].get_array() == figure.axes[5].images[0].get_array()).all()
    assert [text.get_text() for text in figure.axes[4].texts] == ["2", "0", "3", "1"]


def test_closest_counts_the_places_in_which_the_two_nearest_differ():
    assert lesson01.closest(torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0], [0, 2, 1, 3]])) == 2
