"""Lesson 03's figures, explorers, moving picture and trace."""

import base64
import io
import math
import re
import types

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure

from aimsssl import datasets, figures, training
from aimsssl.figures import contrastive

pytest.importorskip("ipywidgets")

from PIL import Image

from aimsssl.evaluation import alignment, effective_rank, partner_found, uniformity
from aimsssl.explorers import animation, lesson03
from aimsssl.losses import nt_xent
from aimsssl.models import ProjectionHead, SimCLR, resnet18
from aimsssl.training import Run


def draw(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


# ---- figures


def test_circles_join_partners_and_draw_the_push_as_widths():
    points = np.array([[1.0, 0], [0, 1], [0, -1], [-1, 0]])  # view 2 is the partner of view 0
    shares = np.array([0.0, 0.75, 0.0, 0.25])
    figure = figures.circles({"now": points}, ["below"], 0, [shares])
    axes = figure.axes[0]
    lines = {tuple(map(tuple, line.get_xydata())): line for line in axes.lines if len(line.get_xydata()) == 2}
    assert ((1, 0), (0, -1)) in lines and ((0, 1), (-1, 0)) in lines, "partners are joined"
    assert lines[(1, 0), (0, 1)].get_linewidth() > lines[(1, 0), (-1, 0)].get_linewidth()
    assert len([line for line in lines.values() if line.get_color() == "#9a9a9a"]) == 2, "no line for a share of 0"
    assert "90 degrees apart" in figure.alt_text and "below" in figure.alt_text


def test_the_matrix_has_its_numbers_where_it_is_small():
    similarity = np.full((4, 4), 0.25)
    shares = np.full((4, 4), 1 / 3)
    figure = figures.similarities_and_shares(similarity, shares, np.array([2, 3, 0, 1]), 0.5, ["a", "b", "c", "d"])
    left, right = figure.axes
    assert [text.get_text() for text in left.texts] == ["0.25"] * 12
    assert [text.get_text() for text in right.texts] == ["0.33"] * 12
    assert [label.get_text() for label in left.get_xticklabels()] == ["a", "b", "c", "d"]
    frames = {(round(p.get_x() + 0.42), round(p.get_y() + 0.42)) for p in left.patches}
    assert frames == {(2, 0), (3, 1), (0, 2), (1, 3)}
    assert "0.25 and 0.33" in figure.alt_text
    large = figures.similarities_and_shares(np.eye(8), np.eye(8), np.arange(8), 0.5)
    assert not large.axes[0].texts


def test_half_of_the_push_is_held_by_the_fewest():
    assert contrastive.holders(np.array([0.1, 0.6, 0.3])) == 1
    assert contrastive.holders(np.array([0.3, 0.4, 0.3])) == 2
    assert contrastive.holders(np.full(4, 0.25)) == 2


def test_push_by_similarity_draws_each_negative_once_a_temperature():
    similarity, shares = np.array([0.5, -0.5, 0.0]), {0.1: np.array([0.9, 0.02, 0.08]), 1.0: np.full(3, 1 / 3)}
    figure = figures.push_by_similarity(similarity, shares, 0.8)
    axes = figure.axes[0]
    np.testing.assert_allclose(axes.lines[0].get_xydata(), [(0.5, 0.9), (-0.5, 0.02), (0.0, 0.08)])
    assert axes.get_yscale() == "log" and axes.lines[-1].get_xdata()[0] == 0.8
    assert "τ = 0.1: the most similar one has 0.9, half of the push is on 1" in figure.alt_text


def test_points_too_low_for_the_axis_are_told_of():
    similarity = np.array([0.5, 0.0, -1.0])
    figure = figures.push_by_similarity(similarity, {0.02: np.array([1.0, 1e-11, 1e-33])}, 0.8)
    assert [text.get_text() for text in figure.axes[0].texts if "below" in text.get_text()] == ["1 points lie below"]
    figure = figures.push_by_similarity(similarity, {1.0: np.full(3, 1 / 3)}, 0.8)
    assert not any("below" in text.get_text() for text in figure.axes[0].texts)


def test_shares_and_push_leave_out_the_view_itself_and_its_positive():
    similarity, shares, positives = (x.numpy() for x in lesson03.shares(draw(3, 4), draw(3, 4, 1), 0.5))
    figure = figures.shares_and_push(shares, positives, similarity, 1, 0.5)
    right = figure.axes[1]
    np.testing.assert_allclose(sorted(right.lines[0].get_xdata()), sorted(similarity[1, [0, 2, 3, 5]]))
    assert right.lines[0].get_ydata().sum() == pytest.approx(1)
    assert right.lines[1].get_xdata()[0] == pytest.approx(similarity[1, 4])
    assert f"view 1 gives its positive {shares[1, 4]:.2f}" in figure.alt_text


def test_levels_of_the_loss_are_drawn_and_told():
    figure = figures.chance_and_floor([2, 8], [1.1, 2.7], {0.5: [0.1, 1.2]})
    np.testing.assert_array_equal(figure.axes[0].lines[1].get_xydata(), [(2, 0.1), (8, 1.2)])
    assert "floor, τ = 0.5: 0.10 at N = 2, 1.20 at N = 8" in figure.alt_text
    figure = figures.loss_by_epoch({"run": ([0, 1], [5.0, 4.0])}, {"chance": 5.5, "floor": 1.0})
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_xydata(), [(0, 5), (1, 4)])
    assert "run from 5.00 to 4.00. Levels: chance 5.50, floor 1.00" in figure.alt_text


def test_loss_and_found_stand_beside_their_own_chance():
    losses, found = [4.8] * 10 + [3.0] * 10, [0.0] * 10 + [0.5] * 10
    figure = figures.loss_and_found(losses, found, images=64, steps=40)
    left, right = figure.axes
    assert left.lines[0].get_ydata()[0] == pytest.approx(math.log(127))
    assert right.lines[0].get_ydata()[0] == pytest.approx(100 / 127)
    np.testing.assert_allclose(right.lines[1].get_ydata(), [100 * x for x in found])
    smooth = right.lines[2].get_ydata()
    assert (smooth[9], smooth[14], smooth[19]) == pytest.approx((0, 25, 50)), "means of the last ten"
    assert left.get_xlim() == (0, 39)
    assert "Loss from 4.80 (chance 4.84) to 3.00; partner found by 0.0 % of the views (chance 0.8 %), then 50 %" in (
        figure.alt_text
    )


def test_a_spectrum_is_drawn_as_far_as_it_can_be_seen():
    figure = figures.sorted_spectra({"three": np.array([0.5, 0.3, 0.2, 0.0]), "all": np.full(4, 0.25)})
    three, every, equal = figure.axes[0].lines
    np.testing.assert_allclose(three.get_xydata(), [(1, 0.5), (2, 0.3), (3, 0.2)])
    assert len(every.get_xydata()) == 4 and equal.get_ydata()[0] == 0.25
    assert "three: the largest has 0.5; all: the largest has 0.25" in figure.alt_text


def test_the_similarity_matrix_has_the_pictures_of_its_rows_and_columns():
    pictures = np.linspace(0, 1, 4)[:, None, None, None] * np.ones((4, 3, 5, 5))
    similarity = np.full((4, 4), 0.25)
    figure = figures.similarity_matrix(similarity, np.array([2, 3, 0, 1]), pictures)
    (axes, _) = figure.axes
    shown = [child.get_images()[0].get_array()[0, 0, 0] for child in axes.child_axes]
    np.testing.assert_allclose(shown, np.repeat(np.linspace(0, 1, 4), 2), err_msg="each once above and once beside")
    centres = [np.mean(child.get_position().get_points(), axis=0) for child in axes.child_axes]
    assert len({tuple(np.round(centre, 6)) for centre in centres}) == 8
    assert "positives 0.25, of the others 0.25, at most 0.25" in figure.alt_text
    assert not figures.similarity_matrix(similarity, np.array([2, 3, 0, 1])).axes[0].child_axes


def test_circle_and_loss_marks_the_step():
    points = np.array([[1.0, 0], [0, 1], [0, -1], [-1, 0]])
    figure = figures.circle_and_loss(points, [3.0, 2.0, 1.0], 1, {"chance": 1.1}, 0, np.array([0, 0.9, 0, 0.1]))
    right = figure.axes[1]
    np.testing.assert_array_equal(right.lines[1].get_xydata(), [(1, 2.0)])
    assert "Step 1 of 2" in figure.alt_text and "most against view 1, with 90%" in figure.alt_text


def test_geometry_has_a_panel_a_measure_and_a_line_a_run():
    rows = [{"epoch": e, "alignment": 0.1 * e, "uniformity": -e, "effective rank": 3 + e} for e in range(3)]
    figure = figures.geometry_by_epoch({"a": rows, "b": rows[:2]}, {"uniformity": {"even": -3.9}})
    assert [len(axes.lines) for axes in figure.axes] == [2, 3, 2]
    np.testing.assert_array_equal(figure.axes[2].lines[0].get_xydata(), [(0, 3), (1, 4), (2, 5)])
    assert "b: alignment from 0.00 to 0.10, uniformity from 0.00 to -1.00" in figure.alt_text


def test_memory_and_time_are_on_logarithmic_axes():
    ways = {"matrix": {"views": [256, 1024], "mebibytes": [10, 160], "seconds": [0.1, 1.6]}}
    figure = figures.memory_and_time(ways, 8192, "8 GiB")
    left, right = figure.axes
    assert left.get_yscale() == right.get_yscale() == left.get_xscale() == "log"
    np.testing.assert_array_equal(left.lines[0].get_xydata(), [(256, 10), (1024, 160)])
    np.testing.assert_array_equal(right.lines[0].get_ydata(), [0.1, 1.6])
    assert left.lines[1].get_ydata()[0] == 8192
    assert "matrix: 160 MiB and 1.6 s for 1,024 views" in figure.alt_text


# ---- two wishes


def test_angles_of_partners_and_strangers():
    degrees = torch.deg2rad(torch.tensor([0.0, 90.0, 20.0, 130.0]))  # partners 20 and 40 apart
    z = torch.stack([degrees.cos(), degrees.sin()], dim=1)
    partners, strangers = lesson03.angles(z)
    assert partners == pytest.approx(30, abs=0.1)
    assert strangers == pytest.approx((90 + 130 + 70 + 110) / 4, abs=0.1)
    assert lesson03.pull(z[:2], 5 * z[2:]).item() == pytest.approx(
        -(math.cos(math.radians(20)) + math.cos(math.radians(40))) / 2
    )


def test_the_pull_alone_collapses_and_the_push_alone_tears_partners_apart():
    images = torch.randint(0, 256, (64, 1, 4, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))

    def views(batch):
        noise = 0.1 * torch.randn(2, *batch.shape)
        return batch / 255 + noise[0], batch / 255 + noise[1]

    state = torch.get_rng_state()
    view1, view2 = views(images[:12])
    torch.set_rng_state(state)
    z = lesson03.two_wishes(images, views, view1, view2, steps=100)
    assert torch.equal(torch.get_rng_state(), state), "the random numbers of the notebook stay as they were"
    assert {name: tuple(rows.shape) for name, rows in z.items()} == dict.fromkeys(z, (24, 2))
    measured = {name: lesson03.angles(rows) for name, rows in z.items()}
    assert max(measured["pull only"]) < 5 and lesson03.pull(*z["pull only"].chunk(2)) < -0.99
    assert measured["push only"][0] > measured["pull and push"][0] > measured["pull only"][0]
    assert measured["pull and push"][1] > 20 + measured["pull and push"][0]


# ---- by hand, and a first training


def test_a_matrix_by_its_names_has_no_minus_zero():
    rows = lesson03.named(torch.tensor([[1.0, -1e-8], [0.5, -math.inf]]), ["a", "b"], ["one", "two"])
    assert rows == {"one": {"a": 1.0, "b": 0.0}, "two": {"a": 0.5, "b": -math.inf}}
    assert math.copysign(1, rows["one"]["b"]) == 1
    assert list(lesson03.named(torch.eye(2), ["a", "b"])) == ["a", "b"]


def test_a_random_change_takes_a_batch_or_an_image_and_draws_for_each():
    change = lesson03.random_change(8, crop_scale=(0.4, 1.0))
    image = torch.randint(0, 256, (3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    batch = change(image.repeat(4, 1, 1, 1))
    assert batch.shape == (4, 3, 8, 8) and len({tuple(view.flatten().tolist()) for view in batch}) == 4
    assert change(image).shape == (3, 8, 8) and not torch.equal(change(image), change(image))


def test_ten_lines_with_a_loss_of_ones_own_fall_from_chance_and_find_partners():
    """The loop of the lesson, on pictures that are told apart easily."""
    torch.manual_seed(0)
    images = torch.randint(0, 256, (16, 3, 4, 4), dtype=torch.uint8).repeat_interleave(3, 2).repeat_interleave(3, 3)
    network = lesson03.small_network(3, 12)
    change = lesson03.random_change(12, crop_scale=(0.8, 1.0), jitter=0.0, grayscale=0.0)
    curves = lesson03.LossAndFound(16, steps=30, pause=1e9)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(30):
        z1, z2 = network(change(images)), network(change(images))
        loss = nt_xent(z1, z2, 0.2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        curves.add(loss, partner_found(z1, z2))
    assert network[0](images / 255).shape == (16, 128) and z1.shape == (16, 64)
    assert curves.losses[0] == pytest.approx(math.log(31), abs=0.1), "random weights are at chance"
    assert min(curves.losses[-5:]) < curves.losses[0] - 1 and max(curves.found[-5:]) > curves.found[0] + 0.2
    assert "Step 29, 16 images" in curves.figure.alt_text, "the last step is drawn whatever the pause"


@pytest.mark.parametrize(("channels", "size"), [(1, 8), (3, 33)])
def test_the_small_network_takes_other_images(channels, size):
    assert lesson03.small_network(channels, size)(torch.rand(2, channels, size, size)).shape == (2, 64)


def test_push_on_the_own_class_is_counted_over_all_views():
    z1, z2, labels = draw(5, 3), draw(5, 3, 1), torch.tensor([0, 0, 1, 2, 1])
    rows = lesson03.push_on_own_class(z1, z2, labels, (0.3, 1e6))
    of_view = [lesson03.push(z1, z2, 0.3, view) for view in range(10)]
    own = [[labels[k % 5] == labels[view % 5] for k in range(10)] for view in range(10)]
    expected = sum(share[torch.tensor(same)].sum().item() for share, same in zip(of_view, own, strict=True)) / 10
    assert rows["their share of the push, τ = 0.3"]["%"] == pytest.approx(100 * expected, rel=1e-4)
    negatives = rows["their share of the negatives"]["%"]
    assert negatives == pytest.approx(100 * 16 / 80), "eight views of two classes of two have two each"
    assert rows["their share of the push, τ = 1e+06"]["%"] == pytest.approx(negatives, rel=1e-3), "equal shares"


def test_ways_to_the_loss_are_compared_with_the_first():
    ways = {
        "right": nt_xent,
        "in chunks": lambda z1, z2, tau: nt_xent(z1, z2, tau, chunk_size=3),
        "twice": lambda z1, z2, tau: 2 * nt_xent(z1, z2, tau),
    }
    rows = lesson03.compare_ways(ways, draw(4, 3), draw(4, 3, 1), 0.5)
    off = {name: float(row["largest difference of a gradient"]) for name, row in rows.items()}
    assert off["right"] == 0 and off["in chunks"] < 1e-6 and off["twice"] > 0.01
    assert rows["twice"]["loss"] == pytest.approx(2 * rows["right"]["loss"])


# ---- shares and the circle


def test_shares_are_the_softmax_without_the_diagonal():
    z1, z2 = draw(4, 3), draw(4, 3, 1)
    similarity, p, positives = lesson03.shares(z1, z2, 0.3)
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    torch.testing.assert_close(similarity, z @ z.T)
    assert p.diagonal().abs().max() == 0
    torch.testing.assert_close(-p[torch.arange(8), positives].log().mean(), nt_xent(z1, z2, 0.3))


def test_push_is_proportional_to_the_gradient_on_the_negatives():
    z1, z2 = draw(4, 3), draw(4, 3, 1)
    similarity, _, positives = lesson03.shares(z1, z2, 0.3)
    s = similarity.clone().requires_grad_()
    F.cross_entropy((s / 0.3).fill_diagonal_(-math.inf), positives).backward()
    row = s.grad[5].clone()
    row[positives[5]] = 0
    torch.testing.assert_close(lesson03.push(z1, z2, 0.3, 5), row / row.sum())


@pytest.mark.parametrize("tau", lesson03.TEMPERATURES)
def test_points_on_the_circle_find_their_partners(tau):
    path = lesson03.path(tau)
    assert path.points.shape == (61, 12, 2) and len(path.losses) == 61
    np.testing.assert_allclose(np.linalg.norm(path.points, axis=2), 1, rtol=1e-5)
    assert path.losses[-1] < path.losses[0]
    end = torch.from_numpy(path.points[-1])
    assert path.losses[-1] == pytest.approx(nt_xent(*end.chunk(2), tau).item())
    assert alignment(*end.chunk(2)) < 0.2 < alignment(*torch.from_numpy(path.points[0]).chunk(2))
    assert path.losses[-1] > lesson03.even_circle(6, tau) - 1e-4, "the even circle is the best there is"


def test_the_moving_circle_follows_its_sliders():
    explorer = lesson03.moving_circle()
    assert "Step 0 of 60" in explorer.figure.alt_text
    explorer.controls["step"].value = 60
    explorer.controls["tau"].value = 2.0
    assert "Step 60 of 60" in explorer.figure.alt_text and "Step 60 of 60" in explorer._picture.value


def test_the_temperature_explorer_follows_its_sliders_and_stays_inside_the_batch():
    explorer = lesson03.temperature(draw(10, 4), draw(10, 4, 1), images=8, view=15)
    assert "τ = 0.2, 16 views" in explorer.figure.alt_text and "view 15" in explorer.figure.alt_text
    explorer.controls["images"].value = 3
    assert "6 views" in explorer.figure.alt_text and "view 5 gives" in explorer.figure.alt_text
    explorer.controls["tau"].value = 1.0
    assert explorer.figure.alt_text.startswith("τ = 1,")


# ---- the moving picture


def square(colour: str) -> Figure:
    figure = Figure(figsize=(1, 1))
    figure.add_axes((0, 0, 1, 1)).set_facecolor(colour)
    figure.alt_text = f"A {colour} square."
    return figure


def test_the_still_picture_stands_first_and_the_frames_play_in_their_order_and_time():
    data = animation.animation([square("red"), square("blue")], [100, 900], square("green"), plays=3)
    picture = Image.open(io.BytesIO(data))
    assert picture.format == "PNG" and picture.is_animated and picture.default_image and picture.n_frames == 3
    seen = []
    for number in range(3):
        picture.seek(number)
        seen.append((picture.convert("RGB").getpixel((40, 40)), picture.info.get("duration")))
    assert [colour for colour, _ in seen] == [(0, 128, 0), (255, 0, 0), (0, 0, 255)]
    assert [time for _, time in seen[1:]] == [100, 900]
    assert picture.info["loop"] == 3


def test_an_animation_needs_a_time_for_each_frame():
    with pytest.raises(ValueError, match="got 1 frames and 2 times"):
        animation.animation([square("red")], [1, 2], square("red"))


def test_a_notebook_gets_a_moving_picture_with_words_and_a_still_one(monkeypatch, capsys):
    steps = [0, 1, 2]
    animation.show_animation(lambda step: square("red"), steps, square("green"))
    assert capsys.readouterr().out == "A green square.\n"
    shown = []
    fake = types.SimpleNamespace(display=types.SimpleNamespace(display=lambda data, raw: shown.append(data)))
    monkeypatch.setattr(animation, "_ipython", lambda: fake)
    animation.show_animation(lambda step: square(("red", "blue", "red")[step]), steps, square("green"))
    (data,) = shown
    pictures = [base64.b64decode(code) for code in re.findall(r"base64,([^\"]+)", data["text/html"])]
    still, moving = (Image.open(io.BytesIO(picture)) for picture in pictures)
    assert not getattr(still, "is_animated", False) and moving.n_frames == 4
    assert "prefers-reduced-motion" in data["text/html"] and 'alt="A green square."' in data["text/html"]
    assert data["text/plain"] == "A green square."
    assert not getattr(Image.open(io.BytesIO(base64.b64decode(data["image/png"]))), "is_animated", False)


def test_the_circle_as_a_moving_picture_is_small(monkeypatch):
    shown = []
    fake = types.SimpleNamespace(display=types.SimpleNamespace(display=lambda data, raw: shown.append(data)))
    monkeypatch.setattr(animation, "_ipython", lambda: fake)
    lesson03.play_circle()
    (data,) = shown
    assert sum(len(part) for part in data.values()) < 280_000, "a notebook stores 300 kB an output"
    assert "Moving picture, from step 0 to 60" in data["text/plain"] and "τ = 2" in data["text/plain"]


# ---- the trace


@pytest.fixture
def model() -> SimCLR:
    torch.manual_seed(0)
    return SimCLR(resnet18("small", 2), ProjectionHead(16, 8, 4, norm=True)).train()


def test_embed_is_evaluation_and_leaves_the_model_as_it_was(model):
    views = torch.rand(6, 3, 16, 16)
    before = {name: x.clone() for name, x in model.state_dict().items()}
    (z,) = lesson03.embed(model, views)
    assert model.training and all(torch.equal(x, before[name]) for name, x in model.state_dict().items())
    with torch.no_grad():
        torch.testing.assert_close(z, model.eval()(views)[1])
    lesson03.embed(model, views)
    assert not model.training


def test_the_trace_measures_every_epoch_once_and_is_kept_with_the_run(model, tmp_path, capsys):
    view1, view2 = torch.rand(6, 3, 16, 16), torch.rand(6, 3, 16, 16)
    run = Run(tmp_path, {"epochs": 2})
    run.model = model
    trace = lesson03.GeometryTrace(view1, view2)
    for epoch in range(3):
        run.history.append({"epoch": epoch, "loss": 5.0 - epoch if epoch else None})
        trace(run)
        trace(run)  # as when a run goes on
        with torch.no_grad():
            model.head[0].weight.mul_(1.5).add_(0.1)
    assert [row["epoch"] for row in trace.rows] == [0, 1, 2]
    assert capsys.readouterr().out.splitlines()[1].startswith("epoch 1: loss 4.00")
    assert trace.rows[0]["alignment"] != trace.rows[1]["alignment"]
    again = lesson03.GeometryTrace(view1, view2)
    run.model = None  # nothing is measured anew
    again(run)
    assert again.rows == trace.rows
    run.history = run.history[:2]  # an older checkpoint
    shorter = lesson03.GeometryTrace(view1, view2)
    shorter(run)
    assert shorter.rows == trace.rows[:2]


def test_geometry_is_of_unit_rows():
    z1, z2 = draw(5, 3), draw(5, 3, 1)
    measured = lesson03.geometry(z1 * 7, z2)
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    assert measured["alignment"] == pytest.approx(alignment(z1, z2))
    assert measured["uniformity"] == pytest.approx(uniformity(z))
    assert measured["effective rank"] == pytest.approx(effective_rank(z))
    assert measured["partner found, %"] == pytest.approx(100 * partner_found(z1, z2))


def test_spectra_are_shares_and_their_names_have_the_rank():
    ((name, shares),) = lesson03.spectra({"known": (torch.eye(4)[:2] * 3, torch.eye(4)[2:])}).items()
    assert name == "known: rank 4.0"
    np.testing.assert_allclose(shares, np.full(4, 0.25))


def test_a_run_at_a_temperature_is_kept_and_read_again(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    images = datasets.load("shapes", limit=24)
    config = training.SimCLRConfig(
        stem="small", width=2, epochs=1, batch_size=8, held_out=0, monitor_every=0, precision="float32"
    )
    views = torch.rand(2, 6, 3, 32, 32)
    run, rows = lesson03.train_at(0.7, images, config, *views, name="my own/set")
    assert run.config["temperature"] == 0.7 and [row["epoch"] for row in rows] == [0, 1]
    assert run.path.name == "03_my_own_set_tau0.7"
    capsys.readouterr()
    again, same = lesson03.train_at(0.7, images, config, *views, name="my own/set")
    assert same == rows and not capsys.readouterr().out, "nothing is trained or measured again"
