"""Lesson 02's figures and its explorer."""

import numpy as np
import pytest
import torch
from torch import nn

from aimsssl import figures
from aimsssl.datasets import ImageSet, load
from aimsssl.models import SimCLR
from aimsssl.training import Run

pytest.importorskip("ipywidgets")

from aimsssl.explorers import lesson02

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (8, 3, 8, 8)).astype(np.uint8)


def pictures_in(figure) -> list[np.ndarray]:
    axes = [*figure.axes, *(a for sub in figure.subfigs for a in sub.axes if a not in figure.axes)]
    return [np.asarray(image.get_array()) for a in axes for image in a.images]


def words(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(match=lambda artist: hasattr(artist, "get_text"))]


@pytest.fixture
def images() -> ImageSet:
    pictures = torch.randint(0, 256, (12, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return ImageSet("fake", pictures, torch.arange(12) % 3, ("disc", "ring", "heart"))


# ---- figures


def test_photographs_are_two_squares_of_pixels():
    pair = lesson02.photographs()
    assert pair.shape == (2, 3, 427, 427) and pair.dtype == torch.uint8 and (pair[0] != pair[1]).any()


def test_picture_rows_puts_each_picture_in_its_row_and_leaves_the_rest_empty():
    figure = figures.picture_rows({"crop": IMAGES[:3], "flip": IMAGES[3:5]}, ["a", "b", "c"])
    np.testing.assert_array_equal(pictures_in(figure), np.moveaxis(IMAGES[:5], 1, -1))
    assert not figure.axes[5].axison
    assert "Rows from the top: crop; flip. Columns from the left: a, b, c." in figure.alt_text


def test_colour_histograms_count_the_pixels_of_each_channel_on_common_axes():
    flat = np.zeros((2, 3, 4, 4))
    flat[0, 1] = 1.0000001  # as resampling may leave it
    flat[1, 2, :2] = 0.5
    figure = figures.colour_histograms(flat, ["one", "other"])
    below = figure.axes[2:]
    shares = [[stairs.get_data().values for stairs in axes.patches] for axes in below]
    assert [int(np.argmax(values)) for values in shares[0]] == [0, 15, 0]
    assert shares[1][2][0] == 0.5 and shares[1][2][8] == 0.5
    assert all(values.sum() == pytest.approx(1) for values in [*shares[0], *shares[1]])
    assert below[0].get_ylim() == below[1].get_ylim()
    assert "one: red 0.00, green 1.00, blue 0.00; other: red 0.00, green 0.00, blue 0.25" in figure.alt_text


def test_the_composition_grid_has_each_pair_once_and_its_number():
    scores = {"crop": {"crop": 0.1}, "colour": {"crop": 0.75, "colour": 0.5}}
    figure = figures.composition_grid(scores, {"random weights": 0.25})
    axes = figure.axes[0]
    table = np.ma.filled(axes.images[0].get_array(), np.nan)
    np.testing.assert_array_equal(table, [[0.1, np.nan], [0.75, 0.5]])
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written == {(0, 0): "0.10", (0, 1): "0.75", (1, 1): "0.50"}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["crop", "colour"]
    assert "random weights 0.25" in axes.get_title()
    assert "crop alone 0.10; colour with crop 0.75; colour alone 0.50. To compare: random weights" in figure.alt_text


def test_the_factor_heatmap_has_a_row_a_representation_and_no_number_below_zero():
    figure = figures.factor_heatmap({"raw pixels": {"class": 0.03, "hue": 0.76}, "h": {"class": 0.75, "hue": -0.04}})
    axes = figure.axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), [[0.03, 0.76], [0.75, -0.04]])
    assert axes.images[0].get_clim() == (0, 1)
    assert {text.get_text() for text in axes.texts} == {"0.03", "0.76", "0.75", "0.00"}
    assert "h: class 0.75, hue -0.04" in figure.alt_text


@pytest.mark.parametrize("reveal", [False, True])
def test_the_riddle_shows_its_answer_only_where_it_is_asked_for(reveal):
    figure = figures.views_and_riddle(IMAGES[0], IMAGES[1:3], IMAGES[3], IMAGES[4:8], 2, 0.25, 30, reveal)
    np.testing.assert_array_equal(pictures_in(figure), np.moveaxis(IMAGES, 1, -1))
    assert ("C ← partner" in words(figure)) == reveal and ("C, framed" in figure.alt_text) == reveal
    assert "25%" in " ".join(words(figure)) and "among 30 views" in figure.alt_text
    framed = [axes.get_title() for axes in figure.axes if axes.images and axes.spines["left"].get_visible()]
    assert framed == ["C ← partner"] * reveal


# ---- colours as a representation


def test_colour_histograms_against_numpy():
    views = torch.rand(4, 3, 5, 7, generator=torch.Generator().manual_seed(0))
    views[0, 0, 0, 0] = 1.0  # the upper end belongs to the last bin
    ours = lesson02.colour_histograms(views, bins=8)
    theirs = [[np.histogram(channel, 8, (0, 1))[0] / 35 for channel in view] for view in views.numpy()]
    np.testing.assert_allclose(ours, np.reshape(theirs, (4, 24)), atol=1e-6)
    torch.testing.assert_close(lesson02.colour_histograms(views.flip(2, 3)), ours)  # no place is left in them


def test_colour_finds_the_partner_of_a_shuffled_picture_and_no_more_than_chance_without_colour():
    views = torch.rand(20, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    shuffled = views.flatten(2)[:, :, torch.randperm(64)].view_as(views)
    assert lesson02.found_by_colour(views, shuffled) == 1
    assert lesson02.found_by_colour(views, views.roll(1, dims=0)) == 0
    assert lesson02.found_by_colour(torch.full_like(views, 0.5), torch.full_like(views, 0.5)) < 0.06


def test_outlines_against_numpy_and_without_colour():
    views = torch.rand(2, 3, 6, 5, generator=torch.Generator().manual_seed(0))
    luma = np.tensordot([0.2989, 0.587, 0.114], views.numpy(), (0, 1))  # [2, 6, 5]
    down, across = np.gradient(np.pad(luma, ((0, 0), (1, 1), (1, 1)), mode="edge"), axis=(1, 2))
    theirs = 2 * np.hypot(down, across)[:, 1:-1, 1:-1]
    np.testing.assert_allclose(lesson02.outlines(views), theirs.reshape(2, 30), atol=1e-5)
    torch.testing.assert_close(lesson02.outlines(1 - views), lesson02.outlines(views))


class Histogram(nn.Module):
    def forward(self, views):
        return lesson02.colour_histograms(views).sqrt()


def test_each_door_finds_nearly_every_partner_alone_and_few_where_both_are_shut():
    """What the lesson says, small; and a network is asked for its z: one that takes the histogram has its row."""
    images = load("shapes", "test", limit=128).images
    plain, crop, colour = dict(grayscale=0, flip=0), dict(crop_scale=(0.6, 1.0)), dict(jitter=1.0)
    settings = {
        "crop": plain | crop | dict(jitter=0),
        "colour": plain | colour | dict(crop_scale=None),
        "both": plain | crop | colour,
    }
    found = lesson02.who_finds_the_partner(images, settings, {"net": SimCLR(nn.Flatten(), nn.Identity())})
    assert list(found) == ["colour histogram", "outlines in their place", "net"]
    assert all(list(row) == ["crop", "colour", "both"] for row in found.values())
    histogram, outlines = found["colour histogram"], found["outlines in their place"]
    assert histogram["crop"] > 0.95 and outlines["colour"] > 0.95
    assert max(histogram["colour"], histogram["both"], outlines["crop"], outlines["both"]) < 0.3
    shortcut = lesson02.who_finds_the_partner(images, settings, {"net": SimCLR(nn.Identity(), Histogram())})
    assert shortcut["net"] == pytest.approx(shortcut["colour histogram"])


def test_riddles_have_one_right_candidate_under_its_letter(images, monkeypatch):
    drawn = {}
    monkeypatch.setattr(figures, "picture_rows", lambda rows, titles, side: drawn.update(rows) or titles)
    nothing = dict(crop_scale=None, jitter=0, grayscale=0, flip=0)
    titles, answers = lesson02.riddles(images, {f"row {i}": nothing for i in range(12)})
    assert titles == ["a view", "A", "B", "C", "D"] and len(drawn) == 12
    for name, (view, *candidates) in drawn.items():
        same = [bool((candidate == view).all()) for candidate in candidates]
        assert sum(same) == 1 and "ABCD"[same.index(True)] == answers[name]
    assert len(set(answers.values())) > 1
    assert lesson02.riddles(images, {f"row {i}": nothing for i in range(12)}, seed=1)[1] != answers


def test_nearest_training_images_stand_in_a_row_for_each_representation(images):
    train = ImageSet("train", images.images.flip(0), images.labels.flip(0), images.classes)
    features = lesson02.features_of({"net": nn.Flatten()}, train, images)
    assert list(features) == ["raw pixels", "net"]
    torch.testing.assert_close(features["raw pixels"][1] / 255, features["net"][1])
    figure = lesson02.neighbours(features, train, images, query=2, k=3)
    pictures = pictures_in(figure)
    assert len(pictures) == 2 * (1 + 3)
    for nearest in (pictures[1], pictures[5]):
        np.testing.assert_array_equal(nearest, pictures[0])  # the image itself is among the training images here
    assert "class heart" in figure.alt_text


def test_losses_of_several_runs_grow_in_one_figure():
    live = lesson02.LiveLosses({"guessing": 5.5})
    first, second = (Run(None, {"epochs": 2}) for _ in range(2))
    first.history.append(dict(epoch=0, loss=None))
    live.of("crop")(first)
    assert live.figure is None, "before training there is no loss"
    for run, name in ((first, "crop"), (second, "colour")):
        run.history += [dict(epoch=0, loss=None), dict(epoch=1, loss=3.0), dict(epoch=2, loss=2.0)]
        live.of(name)(run)
    assert "crop from 3.00 to 2.00; colour from 3.00 to 2.00. Levels: guessing 5.50" in live.figure.alt_text


# ---- the audit


def test_the_angle_of_a_round_figure_is_unknown():
    images = load("shapes", "test", limit=50)
    known = lesson02.factors(images)
    assert tuple(known) == lesson02.AUDITED
    is_round = [images.classes[label] in ("disc", "ring") for label in images.labels]
    assert known["angle"].isnan().tolist() == is_round and 0 < sum(is_round) < 50
    torch.testing.assert_close(known["x"], images.factors["x"])


def test_jitter_hardly_ever_exchanges_light_and_dark():
    images = load("shapes", "test", limit=500)
    assert lesson02.light_turned(images, 0.0) == 0
    assert 0.003 < lesson02.light_turned(images, 1.0) < 0.02
    negative = ImageSet("negative", 255 - images.images, images.labels, images.classes, images.factors)
    assert lesson02.light_turned(negative, 0.0) == 1


def test_changes_name_what_a_rule_finds_and_by_how_much_the_mean_moved():
    def all_less(without, with_it):
        return [name for name in without if max(with_it[name]) < min(without[name])]

    without = {"x": [0.5, 0.7], "hue": [0.2, 0.2], "size": [0.1, 0.3]}
    with_it = {"x": [0.0, 0.2], "hue": [0.3, 0.5], "size": [0.2, 0.2]}
    assert lesson02.changes(all_less, without, with_it) == {"forgotten": "x -0.50", "gained": "hue +0.20"}
    assert lesson02.changes(all_less, without, without) == {"forgotten": "nothing", "gained": "nothing"}


def test_the_best_of_each_factor_is_named_unless_none_can_read_it():
    kept = {"pixels": {"x": 0.0, "hue": 0.6, "texture": 0.01}, "h": {"x": 0.9, "hue": 0.1, "texture": 0.05}}
    found = lesson02.best_for(kept)
    assert {factor: row["by"] for factor, row in found.items()} == {
        "x": "h", "hue": "pixels", "texture": "none can read it",
    }  # fmt: skip
    assert [row["kept"] for row in found.values()] == [0.9, 0.6, 0.05]


# ---- the explorer


def test_the_explorer_follows_its_controls(images):
    explorer = lesson02.augmentations(images, image=3)
    assert explorer.values == {
        "image": 3, "crop": 0.4, "jitter": 0.0, "grayscale": 0.0, "blur": 0.0, "flip": 0.0, "seed": 0, "answer": False,
    }  # fmt: skip
    before = pictures_in(explorer.figure)
    np.testing.assert_array_equal(before[0], np.moveaxis(images.images[3].numpy(), 0, -1))
    explorer.controls["seed"].value = 1
    after = pictures_in(explorer.figure)
    assert (before[0] == after[0]).all() and (before[1] != after[1]).any()
    explorer.controls["jitter"].value = 1.0
    assert (pictures_in(explorer.figure)[1] != after[1]).any()
    explorer.controls["answer"].value = True
    assert "framed" in explorer.figure.alt_text


def test_without_any_transform_both_views_are_the_image_and_the_answer_is_plain(images):
    explorer = lesson02.augmentations(images)
    explorer.controls["crop"].value = 1.0
    image, view1, view2, question, *candidates = pictures_in(explorer.figure)
    np.testing.assert_allclose(view1, image / 255, atol=1e-6)
    np.testing.assert_allclose(view2, image / 255, atol=1e-6)
    same = [bool(np.allclose(candidate, question)) for candidate in candidates]
    assert sum(same) == 1 and not any(np.allclose(candidate, view1) for candidate in candidates)
    explorer.controls["answer"].value = True
    assert f"The partner is {'ABCD'[same.index(True)]}," in explorer.figure.alt_text
    assert "find 100% of the partners, each among 23 views" in explorer.figure.alt_text


def test_the_last_image_can_be_shown_and_four_are_too_few(images):
    explorer = lesson02.augmentations(images, image=11)
    np.testing.assert_array_equal(pictures_in(explorer.figure)[0], np.moveaxis(images.images[11].numpy(), 0, -1))
    with pytest.raises(ValueError, match="images has 4 images, expected at least 5"):
        lesson02.augmentations(images[:4])
