"""Pretext tasks: batches against plain loops, labels that are true, losses that see what they should, runs on disk."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from aimsssl import cli, pretext
from aimsssl.datasets import ImageSet, load
from aimsssl.models import SimCLR, extract
from aimsssl.training import (
    PretextConfig,
    Run,
    build_pretext,
    export_encoder,
    load_encoder,
    probe_holes,
    random_encoder,
    train_pretext,
)

SMALL = PretextConfig(width=4, epochs=2, batch_size=32, precision="float32", held_out=20, bank=100)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def images() -> ImageSet:
    return load("shapes", "train", limit=160)


@pytest.fixture
def batch() -> torch.Tensor:
    return torch.rand(5, 3, 12, 12, generator=seeded())


# ---- rotation


def test_every_image_is_there_in_every_rotation_with_its_label(batch):
    turned, labels = pretext.rotated_batch(batch)
    assert turned.shape == (20, 3, 12, 12) and labels.tolist() == [0] * 5 + [1] * 5 + [2] * 5 + [3] * 5
    for image, label, original in zip(turned, labels, batch.repeat(4, 1, 1, 1), strict=True):
        by_numpy = np.rot90(original.numpy(), int(label), axes=(1, 2))
        np.testing.assert_array_equal(image, by_numpy)


def test_images_that_are_not_square_are_refused():
    with pytest.raises(ValueError, match=r"square.*\[2, 3, 4, 6\]"):
        pretext.rotated_batch(torch.zeros(2, 3, 4, 6))


class SaysBrightestEdge(nn.Module):
    """An encoder whose four numbers are the brightness of the edges: bottom, right, top, left."""

    def forward(self, x):
        edges = (x[:, :, -1], x[:, :, :, -1], x[:, :, 0], x[:, :, :, 0])
        return torch.stack([edge.mean(dim=(1, 2)) for edge in edges], dim=1)


def test_confusion_counts_answers_by_class_and_turn():
    images = torch.zeros(3, 1, 8, 8)
    images[:2, :, -1] = 1.0  # bottom edge: turned once by 90 degrees anticlockwise it is at the right
    images[2, :, :, 0] = 1.0  # left edge: every answer is three turns too many
    model = SimCLR(SaysBrightestEdge(), nn.Linear(4, 4, bias=False))
    model.head.weight.data = torch.eye(4)
    counts = pretext.rotation_confusion(model, images, torch.tensor([1, 1, 0]))
    assert counts[1].tolist() == (2 * torch.eye(4)).tolist()
    assert counts[0].tolist() == torch.eye(4).roll(3, dims=1).tolist()


def test_a_planted_light_is_faint_and_tells_up_from_down():
    images = load("shapes", "test", limit=200).images
    lit = pretext.plant_shortcut(images, 0.1)
    assert lit.dtype == torch.uint8 and lit.shape == images.shape
    change = lit.float() - images.float()
    assert change.abs().max() <= 0.05 * 255 + 0.5
    profile = change.mean(dim=(0, 1, 3))  # [H]
    assert (profile.diff() < 0.01).all() and profile[0] > 11 and profile[-1] < -11
    floats = pretext.plant_shortcut(images / 255, 0.1)
    torch.testing.assert_close(floats * 255, lit.float(), atol=0.51, rtol=0)


# ---- inpainting


@pytest.mark.parametrize(("size", "hole"), [(32, 16), (9, 1), (8, 7)])
def test_holes_are_whole_squares_at_their_own_places(size, hole):
    holes = pretext.random_holes(300, size, hole, seeded())
    assert holes.shape == (300, 1, size, size) and holes.dtype == torch.bool
    corners = set()
    for mask in holes[:, 0]:
        rows, columns = mask.any(dim=1).nonzero()[:, 0], mask.any(dim=0).nonzero()[:, 0]
        assert mask.sum() == hole**2 and rows[-1] - rows[0] == columns[-1] - columns[0] == hole - 1
        corners.add((int(rows[0]), int(columns[0])))
    per_side = size - hole + 1
    assert len(corners) > min(150, 0.9 * per_side**2)
    assert {row for row, _ in corners} == {column for _, column in corners} == set(range(per_side))


def test_a_hole_as_large_as_the_image_is_refused():
    with pytest.raises(ValueError, match="hole must be from 1 to 7 pixels for images of 8, got 8"):
        pretext.random_holes(2, 8, 8)


def test_hidden_pixels_are_grey_and_the_others_untouched(batch):
    holes = pretext.random_holes(5, 12, 5, seeded())
    hidden = pretext.hide(batch, holes)
    everywhere = holes.expand_as(batch)
    assert (hidden[everywhere] == 0.5).all() and torch.equal(hidden[~everywhere], batch[~everywhere])


def test_hole_loss_is_the_mean_over_hidden_numbers_in_plain_loops(batch):
    prediction = torch.rand(batch.shape, generator=seeded(1)).requires_grad_()
    holes = pretext.random_holes(5, 12, 4, seeded())
    errors = [
        (prediction[b, c, i, j].item() - batch[b, c, i, j].item()) ** 2
        for b, c, i, j in itertools.product(range(5), range(3), range(12), range(12))
        if holes[b, 0, i, j]
    ]
    loss = pretext.hole_loss(prediction, batch, holes)
    assert loss.item() == pytest.approx(sum(errors) / len(errors), rel=1e-5) and len(errors) == 5 * 3 * 16
    loss.backward()
    assert not prediction.grad[~holes.expand_as(batch)].any(), "what can be seen is no task"


@pytest.mark.parametrize("size", [8, 28, 32])
def test_the_decoder_draws_images_of_any_size(size):
    drawn = pretext.Decoder(16, 3, size)(torch.randn(6, 16, generator=seeded()))
    assert drawn.shape == (6, 3, size, size) and drawn.min() >= 0 and drawn.max() <= 1


def test_a_fill_changes_the_hole_only_and_leaves_the_model_training(images):
    model = build_pretext(replace(SMALL, task="inpainting"), 3, 32).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    holes = pretext.random_holes(10, 32, 16, seeded())
    filled = pretext.fill(model, images.images[:10], holes)
    original = images.images[:10].float() / 255
    outside = ~holes.expand_as(original)
    assert torch.equal(filled[outside], original[outside])
    assert (filled[~outside] != original[~outside]).float().mean() > 0.99
    assert model.training and all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


# ---- jigsaw


def distances(orders: torch.Tensor) -> torch.Tensor:
    """Hamming distances of all pairs, in plain loops."""
    pairs = itertools.combinations(orders.tolist(), 2)
    return torch.tensor([sum(a != b for a, b in zip(one, other, strict=True)) for one, other in pairs])


@pytest.mark.parametrize(("tiles", "count"), [(3, 6), (4, 24), (5, 20), (8, 8)])
def test_orders_are_orders_and_no_two_alike(tiles, count):
    orders = pretext.hamming_permutations(tiles, count)
    assert orders.shape == (count, tiles) and orders.dtype == torch.int64
    assert all(sorted(order) == list(range(tiles)) for order in orders.tolist())
    assert distances(orders).min() > 0


def test_orders_lie_as_far_apart_as_can_be():
    assert distances(pretext.hamming_permutations(4, 4)).tolist() == [4] * 6  # a Latin square
    far, drawn = (
        pretext.hamming_permutations(9, 30),
        torch.stack([torch.randperm(9, generator=seeded(i)) for i in range(30)]),
    )
    assert distances(far).min() >= 7 > 5 >= distances(drawn).min()


def test_each_order_is_the_farthest_from_its_nearest_before():
    orders = pretext.hamming_permutations(5, 12, seed=3).tolist()
    everything = list(itertools.permutations(range(5)))

    def nearest(order, chosen):
        return min(sum(a != b for a, b in zip(order, other, strict=True)) for other in chosen)

    for n in range(1, 12):
        assert nearest(orders[n], orders[:n]) == max(nearest(order, orders[:n]) for order in everything)


def test_the_seed_decides_the_orders():
    first, again, other = (pretext.hamming_permutations(5, 10, seed) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


@pytest.mark.parametrize(
    ("tiles", "count", "word"), [(1, 1, "tiles"), (10, 5, "tiles"), (3, 7, "count"), (3, 0, "count")]
)
def test_impossible_orders_are_refused(tiles, count, word):
    with pytest.raises(ValueError, match=word):
        pretext.hamming_permutations(tiles, count)


def test_tiles_come_out_of_their_own_cells():
    rows, columns = torch.meshgrid(torch.arange(14.0), torch.arange(14.0), indexing="ij")
    images = torch.stack([rows, columns])[None].repeat(40, 1, 1, 1)  # each pixel knows its place
    tiles = pretext.cut_tiles(images, grid=3, tile=3, generator=seeded())  # cells of 4 pixels
    assert tiles.shape == (40, 9, 2, 3, 3)
    corner = tiles[:, :, :, 0, 0]
    offset = corner - 4 * torch.tensor([[i // 3, i % 3] for i in range(9)])
    assert set(offset.flatten().tolist()) == {0.0, 1.0} and len(offset.flatten(1).unique(dim=0)) == 40
    step = torch.stack(torch.meshgrid(torch.arange(3.0), torch.arange(3.0), indexing="ij"))
    assert torch.equal(tiles, corner[..., None, None] + step)


def test_a_tile_larger_than_its_cell_is_refused(batch):
    with pytest.raises(ValueError, match="from 1 to 6 pixels for 2 cells in 12, got 7"):
        pretext.cut_tiles(batch, 2, 7)


def test_tiles_lose_their_brightness_and_contrast_but_not_their_pattern(batch):
    tiles = pretext.cut_tiles(batch, 2, 6)
    plain = pretext.normalise_tiles(tiles)
    torch.testing.assert_close(plain.mean(dim=(2, 3, 4)), torch.zeros(5, 4), atol=1e-5, rtol=0)
    torch.testing.assert_close(plain, pretext.normalise_tiles(0.8 * tiles + 0.1), atol=0.05, rtol=0.05)
    flat = pretext.normalise_tiles(torch.full((1, 4, 3, 6, 6), 0.3))
    assert flat.abs().max() < 1e-4


def test_place_i_shows_the_tile_that_the_order_names():
    tiles = torch.arange(12).view(3, 4)[:, :, None] * torch.ones(2)
    order = torch.tensor([[0, 1, 2, 3], [3, 1, 0, 2], [1, 2, 3, 0]])
    shown = pretext.shuffled_tiles(tiles, order)
    assert shown[..., 0].tolist() == [[0, 1, 2, 3], [7, 5, 4, 6], [9, 10, 11, 8]]


def test_the_head_reads_all_tiles_of_an_image_and_of_no_other():
    head = pretext.JigsawHead(5, tiles=4, orders=7).eval()
    h = torch.randn(12, 5, generator=seeded())
    scores = head(h)
    assert scores.shape == (3, 7)
    h[5] += 1  # a tile of the second image
    changed = (head(h) != scores).any(dim=1)
    assert changed.tolist() == [False, True, False]
    assert not torch.allclose(head(h[[1, 0, 2, 3]])[0], scores[0]), "the place of a tile counts"


# ---- training


@pytest.mark.parametrize("task", ["rotation", "inpainting", "jigsaw"])
def test_a_run_of_each_task_learns_and_can_be_read(task, images, tmp_path, capsys):
    config = replace(SMALL, task=task, epochs=6, learning_rate=4e-3, snapshot_epochs=(0, 6), crop_scale=None, orders=4)
    run = train_pretext(images, config, tmp_path / "run", probe=images.images[:6], progress=None)
    loss = run.column("loss")[1]
    assert loss[-1] < loss[0] and run.config["method"] == task
    if config.chance_loss:
        assert loss[-1] < config.chance_loss
    shape = (6, 3, 32, 32) if task == "inpainting" else (6, 32)
    assert run.snapshots[0].shape == run.snapshots[6].shape == shape
    encoder, read = load_encoder(tmp_path / "run")
    assert torch.equal(extract(encoder, images.images[:6]), extract(run.model.encoder, images.images[:6]))
    start = build_pretext(config, 3, 32).encoder
    assert torch.equal(extract(random_encoder(read), images.images[:6]), extract(start, images.images[:6]))


def test_snapshots_of_inpainting_are_fills_of_the_same_holes(images, tmp_path):
    config = replace(SMALL, task="inpainting", snapshot_epochs=(0, 2))
    probe = images.images[:6]
    run = train_pretext(images, config, tmp_path / "run", probe=probe, progress=None)
    holes = probe_holes(config, probe)
    assert int(holes[0].sum()) == round(config.hole * 32) ** 2
    torch.testing.assert_close(run.snapshots[2].float(), pretext.fill(run.model, probe, holes), atol=1e-3, rtol=0)
    outside = ~holes.expand(6, 3, 32, 32)
    for fills in Run.open(tmp_path / "run").snapshots.values():
        torch.testing.assert_close(fills.float()[outside], (probe / 255)[outside], atol=1e-3, rtol=0)


@pytest.mark.parametrize("task", ["rotation", "inpainting", "jigsaw"])
def test_a_stopped_run_goes_on_bit_for_bit(task, images, tmp_path):
    config = replace(SMALL, task=task)
    whole = train_pretext(images, config, progress=None)

    def stop(run):
        if run.history[-1]["epoch"] == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_pretext(images, config, tmp_path, progress=stop)
    resumed = train_pretext(images, config, tmp_path, progress=None)
    for a, b in zip(whole.model.state_dict().values(), resumed.model.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_parts_of_a_batch_get_what_they_would_get_within_it(batch):
    whole = pretext.cut_tiles(batch[:4], 2, 4, seeded())
    parts = [pretext.cut_tiles(batch[2 * r : 2 * r + 2], 2, 4, seeded(), (r, 2)) for r in (0, 1)]
    assert torch.equal(torch.cat(parts), whole)


def test_chance_is_the_loss_of_guessing():
    assert SMALL.chance_loss == pytest.approx(math.log(4))
    assert replace(SMALL, task="jigsaw", orders=24).chance_loss == pytest.approx(math.log(24))
    assert replace(SMALL, task="inpainting").chance_loss is None


@pytest.mark.parametrize("changes", [dict(task="colour"), dict(hole=0.0), dict(tile=1.5), dict(epochs=0)])
def test_mistakes_in_the_configuration_are_named(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        replace(SMALL, **changes)


def test_the_command_line_trains_evaluates_and_exports(tmp_path, capsys):
    run = str(tmp_path / "run")
    train = f"train pretext --task jigsaw --orders 6 --data shapes --limit 100 --run-dir {run} --epochs 1 --width 64"
    train += " --batch-size 16 --held-out 0"
    assert cli.main(train.split()) == 0 and Run.open(run).config["orders"] == 6
    assert cli.main(["evaluate", run, "--data", "shapes", "--limit", "150"]) == 0
    assert "jigsaw" in capsys.readouterr().out
    export_encoder(run, tmp_path / "encoder.pt")
    assert (tmp_path / "encoder.pt").exists()
    assert cli.main([*train.replace("jigsaw", "colour").replace(run, run + "2").split()]) == 2
    assert "rotation, inpainting, jigsaw" in capsys.readouterr().err
