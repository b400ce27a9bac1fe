"""Figures show the data that they are given, and say in words what they show."""

import inspect
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from scipy import stats

from aimsssl import figures
from aimsssl.figures import parts

CLASSES = ("disc", "ring", "heart")
RNG = np.random.default_rng(0)
LABELS = np.arange(30) % 3
IMAGES = RNG.integers(0, 256, (30, 3, 8, 8)).astype(np.uint8)
POINTS = {epoch: RNG.normal(size=(30, 2)) for epoch in (0, 1, 4, 9)}
HISTORY = [
    dict(epoch=0, loss=None, knn_accuracy=0.32),
    dict(epoch=1, loss=4.75, knn_accuracy=0.41),
    dict(epoch=2, loss=3.5, knn_accuracy=None),
    dict(epoch=3, loss=3.25, knn_accuracy=0.54),
]

CLUSTER_HISTORY = [
    dict(epoch=0, loss=None, knn_accuracy=0.3),
    dict(epoch=1, loss=4.0, knn_accuracy=0.4, nmi_previous=None, nmi_labels=0.1),
    dict(epoch=2, loss=3.0, knn_accuracy=0.5, nmi_previous=0.6, nmi_labels=0.25),
]

SEEDS = {
    "healthy": {"kNN": [0.50, 0.52, 0.54], "probe": [0.6, 0.7, 0.8]},
    "sick": {"kNN": [0.2, 0.2, 0.2], "probe": [0.3]},
}

DRAW = {
    "picture_rows": lambda: figures.picture_rows({"crop": IMAGES[:3], "flip": IMAGES[3:5] / 255}, ["a", "b", "c"]),
    "colour_histograms": lambda: figures.colour_histograms(IMAGES[:2] / 255, ["one crop", "another"]),
    "composition_grid": lambda: figures.composition_grid(
        {"crop": {"crop": 0.1}, "colour": {"crop": 0.75, "colour": 0.5}}, {"random weights": 0.25, "raw pixels": 0.125}
    ),
    "factor_heatmap": lambda: figures.factor_heatmap(
        {"raw pixels": {"class": 0.03, "ground_hue": 0.76}, "h": {"class": 0.75, "ground_hue": -0.04}}
    ),
    "views_and_riddle": lambda: figures.views_and_riddle(
        IMAGES[0], IMAGES[1:3] / 255, IMAGES[3] / 255, IMAGES[4:8] / 255, 2, 0.25, 30
    ),
    "encoder_and_head": lambda: figures.encoder_and_head(IMAGES[0], 128, 64, encoder="ResNet-18", head="two layers"),
    "simclr_plan": lambda: figures.simclr_plan(128, 64, 256),
    "two_views": lambda: figures.two_views(IMAGES[:4], IMAGES[:4] / 255, IMAGES[4:8] / 255, ["a", "b", "c", "d"]),
    "similarity_matrix": lambda: figures.similarity_matrix(np.eye(6) * 0.5 + 0.25, np.roll(np.arange(6), 3)),
    "trust_ratios": lambda: figures.trust_ratios(["conv", "block", "head"], np.array([2.0, 0.5, 50.0])),
    "learning_rate_schedule": lambda: figures.learning_rate_schedule([0.5, 1.0, 0.75, 0.25], 2, 2),
    "training_curve": lambda: figures.training_curve(HISTORY, 10, {"chance": 5.54}, {"raw pixels": 0.2}),
    "accuracy_bars": lambda: figures.accuracy_bars(
        {"raw pixels": {"kNN": 0.31, "probe": 0.42}, "SimCLR": {"kNN": 0.71, "probe": 0.82}},
        {"kNN": 0.1, "probe": 0.15},
    ),
    "tsne_panels": lambda: figures.tsne_panels(POINTS, LABELS, CLASSES),
    "neighbours_by_epoch": lambda: figures.neighbours_by_epoch(
        IMAGES, 0, {0: np.array([1, 2, 4]), 9: np.array([3, 6, 1])}, LABELS, CLASSES
    ),
    "seed_points": lambda: figures.seed_points(SEEDS, {"kNN": {"random weights": 0.3, "chance": 0.1}, "probe": {}}),
    "accuracy_by_batch_size": lambda: figures.accuracy_by_batch_size(
        {
            "ours": {5: {32: [0.5, 0.6], 128: [0.4, 0.6]}, 20: {32: [0.7, 0.7], 128: [0.75, 0.85]}},
            "paper": {9: {64: [0.3]}},
        }
    ),
    "trust_ratio_change": lambda: figures.trust_ratio_change(
        ["conv", "block", "head"], {"before": np.array([2.0, 0.5, 50.0]), "after": np.array([4.0, 8.0, 2.0])}
    ),
    "label_efficiency": lambda: figures.label_efficiency(
        {"frozen": {10: [0.2, 0.4], 50: [0.5, 0.5]}, "tuned": {10: [0.1, 0.1], 50: [0.7, 0.8]}}, {"chance": 0.1}
    ),
    "curves_side_by_side": lambda: figures.curves_side_by_side(
        {"A": HISTORY, "B": HISTORY[:2]}, {"chance": 5.54, "floor": 1.0}, {"raw pixels": 0.2}
    ),
    "circles": lambda: figures.circles({"before": POINTS[0][:6], "after": POINTS[1][:6]}, ["loss 3", "loss 2"]),
    "circle_and_loss": lambda: figures.circle_and_loss(
        POINTS[0][:4], [3.0, 2.0, 1.5], 1, {"chance": 1.1, "even": 0.5}, 0, np.array([0.0, 0.7, 0.0, 0.3])
    ),
    "similarities_and_shares": lambda: figures.similarities_and_shares(
        np.eye(4) * 0.5 + 0.25, np.full((4, 4), 1 / 3), np.roll(np.arange(4), 2), 0.5, ["a", "b", "c", "d"]
    ),
    "chance_and_floor": lambda: figures.chance_and_floor([2, 8], [1.1, 2.7], {0.5: [0.1, 1.2], 0.1: [0.0, 0.1]}),
    "factor_dots": lambda: figures.factor_dots({"h": {"x": 0.46, "lighter": 1.0}, "z": {"x": -0.02, "lighter": 0.99}}),
    "loss_by_epoch": lambda: figures.loss_by_epoch({"run": ([0, 1], [5.0, 4.0])}, {"chance": 5.5, "floor": 1.0}),
    "loss_and_found": lambda: figures.loss_and_found([4.8, 4.0, 3.5], [0.05, 0.2, 0.3], images=64, steps=10),
    "sorted_spectra": lambda: figures.sorted_spectra({"few": np.array([0.7, 0.3, 0.0]), "all": np.full(3, 1 / 3)}),
    "push_by_similarity": lambda: figures.push_by_similarity(
        np.array([0.5, -0.5]), {0.1: np.array([0.99, 0.01]), 1.0: np.array([0.7, 0.3])}, 0.8
    ),
    "shares_and_push": lambda: figures.shares_and_push(
        np.full((8, 8), 1 / 7), np.roll(np.arange(8), 4), np.eye(8) * 0.5 + 0.25, 1, 0.5
    ),
    "geometry_by_epoch": lambda: figures.geometry_by_epoch(
        {"run": [{"epoch": e, "alignment": 0.1 * e, "uniformity": -e, "effective rank": 3 + e} for e in range(3)]},
        {"uniformity": {"even": -3.9}},
    ),
    "memory_and_time": lambda: figures.memory_and_time(
        {"matrix": {"views": [256, 1024], "mebibytes": [10, 160], "seconds": [0.1, 1.6]}}, 8192
    ),
    "rotation_confusion": lambda: figures.rotation_confusion(
        np.stack([np.full((4, 4), 5), 20 * np.eye(4), 18 * np.eye(4) + 2 * np.eye(4)[[2, 1, 0, 3]]]), CLASSES
    ),
    "numbered_tiles": lambda: figures.numbered_tiles(
        {"image": IMAGES[:2], "tiles": IMAGES[:2] / 255}, {"tiles": np.array([[2, 0, 1, 3], [3, 2, 1, 0]])}, ["a", "b"]
    ),
    "task_and_answer": lambda: figures.task_and_answer(
        {"image": IMAGES[0], "input": IMAGES[1] / 255}, {"0°": 0.25, "90°": 0.75}, "90°", "how far?", "probability"
    ),
    "deepcluster_plan": lambda: figures.deepcluster_plan(256, 64, 100),
    "sobel_stages": lambda: figures.sobel_stages(IMAGES[:3], RNG.normal(size=(3, 2, 8, 8)), ["a", "b", "c"]),
    "whitening_stages": lambda: figures.whitening_stages({"features": POINTS[0] + 3, "PCA": POINTS[0]}),
    "kmeans_step": lambda: figures.kmeans_step(
        POINTS[0], POINTS[0][:3], POINTS[0][:3] + 1, np.arange(30) % 2, [9.0, 6.0, 5.0], 1
    ),
    "inertia_by_start": lambda: figures.inertia_by_start({"random": [5.0, 9.0, 7.0], "k-means++": [5.0, 5.01, 6.0]}),
    "draws_by_cluster_size": lambda: figures.draws_by_cluster_size(
        np.array([1, 10, 100]), {"images": np.array([1, 10, 100]), "clusters": np.array([37, 37, 37])}
    ),
    "overlap_matrices": lambda: figures.overlap_matrices(
        {"as numbered": np.eye(4)[::-1] * 5, "matched": np.eye(4) * 5}
    ),
    "loss_by_step": lambda: figures.loss_by_step({"kept": [4.0, 2.0], "new": [3.0, 1.0]}, {"chance": 3.0}),
    "deepcluster_curve": lambda: figures.deepcluster_curve(CLUSTER_HISTORY, 8, {"chance": 4.6}, {"raw pixels": 0.2}),
    "stage_seconds": lambda: figures.stage_seconds({"features": 1.0, "k-means": 0.5, "training": 2.5}),
    "accuracy_by_clusters": lambda: figures.accuracy_by_clusters(
        {10: [0.5, 0.6], 100: [0.8, 0.9]}, {"random weights": 0.4}, 10
    ),
    "cluster_rows": lambda: figures.cluster_rows(
        IMAGES, {"cluster 4": np.array([0, 3]), "cluster 7": np.arange(12)}, 5
    ),
    "cluster_page": lambda: figures.cluster_page(
        IMAGES, LABELS, CLASSES, np.array([0, 3, 6, 1]), np.array([3, 1]), np.array([2]), "cluster 5, epoch 2"
    ),
    "filters": lambda: figures.filters({"before": RNG.normal(size=(5, 3, 3, 3)), "after": np.ones((5, 2, 3, 3))}, 4),
    "exciting_images": lambda: figures.exciting_images(
        [4, 7], IMAGES[:2] / 255, IMAGES, np.array([[0, 1, 2], [5, 4, 3]]), "conv4"
    ),
    "ours_and_theirs": lambda: figures.ours_and_theirs(
        {"MNIST": {"random": [0.9], "learned": [0.97, 0.98, 0.99]}}, {"MNIST": {"learned": 0.92}}, "the slides"
    ),
    "transfer_dots": lambda: figures.transfer_dots(
        {"labels": (80.0, 57.0), "random": (57.0, 44.0), "ours": (73.0, None)},
        ["classes", "boxes"],
        ["labels", "random"],
    ),
    "neighbour_rows": lambda: figures.neighbour_rows(
        IMAGES[0],
        {"pixels": (IMAGES[1:4], np.array([True, False, False])), "SimCLR": (IMAGES[4:7], np.array([True] * 3))},
        "ring",
    ),
    "confusion_and_neighbours": lambda: figures.confusion_and_neighbours(
        np.array([[8, 2, 0], [0, 10, 0], [5, 0, 5]]),
        CLASSES,
        IMAGES[0],
        0,
        1,
        IMAGES[1:14],
        LABELS[1:14],
        "kNN, k = 13",
    ),
    "curves_by_number": lambda: figures.curves_by_number(
        {"few": {"own": {1: 0.5, 10: 1.0}, "new": {1: 0.25, 10: 0.2}}, "many": {"own": {1: 0.5}, "new": {1: 0.4}}},
        "C: weaker to the right",
        levels={"guessing": 0.1},
        marks={"few": (3.0, "chosen")},
    ),
    "rank_chart": lambda: figures.rank_chart(
        {
            "pixels": {"kNN": 0.2, "rank": 90.0},
            "SimCLR": {"kNN": 0.7, "rank": 30.0},
            "jigsaw": {"kNN": 0.5, "rank": 35.0},
        }
    ),
    "collapse_dashboard": lambda: figures.collapse_dashboard(
        POINTS[0],
        LABELS,
        CLASSES,
        4.0,
        {"kNN": (0.5, 0.1, (0, 1)), "probe": (0.6, 0.6, (0, 1))},
        ["all fell down"],
        "ill",
    ),
    "map_grid": lambda: figures.map_grid(
        {"noise": {"5": POINTS[0], "30": POINTS[1]}, "h": {"5": POINTS[4], "30": POINTS[9]}},
        {"noise": LABELS, "h": LABELS},
        {"noise": (), "h": CLASSES},
    ),
    "interval_rows": lambda: figures.interval_rows(
        {
            "accuracy": {"a": (0.5, 0.4, 0.6), "b": (0.7, 0.65, 0.75)},
            "difference": {"a": (0.0, -0.1, 0.1), "b": (0.2, 0.1, 0.3)},
        },
        ("share correct", "difference"),
        zero=["difference"],
    ),
    "coverage": lambda: figures.coverage([(0.5, 0.4, 0.6), (0.8, 0.7, 0.9), (0.55, 0.5, 0.6)], 0.55),
    "chosen_and_fresh": lambda: figures.chosen_and_fresh(np.array([-0.1, 0.1, 0.0]), np.array([0.0, 0.02, -0.02])),
    "method_table": lambda: figures.method_table(
        {
            "shapes": {
                "raw pixels": {"kNN": ([0.2], (0.18, 0.22)), "probe": ([0.3], (0.28, 0.32))},
                "SimCLR": {"kNN": ([0.6, 0.7], (0.4, 0.9)), "probe": ([0.7, 0.8], (0.5, 1.0))},
            }
        },
        0.1,
    ),
    "map_and_neighbours": lambda: figures.map_and_neighbours(
        POINTS[9], LABELS, CLASSES, IMAGES, 3, np.array([0, 6, 1, 2]), 9
    ),
}


def axes_of(figure: Figure) -> list:
    """Axes of a figure and of its subfigures."""
    return [*figure.axes, *(a for sub in figure.subfigs for a in sub.axes if a not in figure.axes)]


def words(figure: Figure) -> str:
    """Everything that is written in a figure."""
    return " | ".join(text.get_text() for text in figure.findobj(match=lambda artist: hasattr(artist, "get_text")))


def points_in(axes) -> int:
    return sum(len(collection.get_offsets()) for collection in axes.collections)


def test_every_figure_of_the_module_is_tested_here():
    public = {
        name
        for name, item in inspect.getmembers(figures, inspect.isfunction)
        if item.__module__.startswith("aimsssl.figures")
    }
    assert public == set(DRAW)


@pytest.mark.parametrize("name", DRAW)
def test_a_figure_has_alt_text_and_renders(name, tmp_path):
    figure = DRAW[name]()
    assert isinstance(figure, Figure)
    assert 60 < len(figure.alt_text) <= 400 and figure.alt_text.endswith(".")
    figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 2000


def test_many_numbers_go_into_a_table_and_the_message_stays():
    values = {f"setting {i}": {"kNN": [i / 20, i / 20 + 0.02], "probe": [0.5 - i / 50]} for i in range(12)}
    figure = figures.seed_points(values, {"kNN": {"chance": 0.125}, "probe": {}})
    assert "kNN from 0.01 (setting 0) to 0.56 (setting 11); probe from 0.28 (setting 11) to 0.50" in figure.alt_text
    assert len(figure.alt_text) <= 400 and figure.alt_text.endswith(parts.BESIDE)
    assert len(figure.numbers) == 13 and figure.numbers["setting 11"]["kNN"] == "0.56 (0.55 to 0.57)"
    assert figure.numbers["chance"] == {"kNN": "0.12"}
    few = figures.seed_points({"a": {"kNN": [0.5]}}, {"kNN": {}})
    assert few.numbers == {} and "a 0.50" in few.alt_text


def test_a_long_description_without_a_table_ends_at_a_word():
    figure = parts.with_alt(Figure(), "word " * 200 + "end.")
    assert 390 < len(figure.alt_text) <= 400 and figure.alt_text.endswith("word ….") and figure.numbers == {}
    assert parts.with_alt(Figure(), "Short.", "Never said.", {"a": {"b": "1"}}).alt_text == "Short."


def test_figures_leave_pyplot_alone():
    code = "import sys, aimsssl.figures; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_plan_names_the_parts_and_their_sizes():
    figure = DRAW["simclr_plan"]()
    for word in ("encoder f", "head g", "NT-Xent", "128 numbers", "2N = 512 views"):
        assert word in words(figure)
    assert "128 numbers" in figure.alt_text and "512" in figure.alt_text


def test_two_views_shows_each_picture_in_its_place():
    figure = DRAW["two_views"]()
    assert len(figure.axes) == 12
    shown = figure.axes[4].images[0].get_array()  # second row, first column
    np.testing.assert_allclose(shown, np.moveaxis(IMAGES[0] / 255, 0, -1))
    assert "a, b, c, d" in figure.alt_text


def test_grey_images_are_drawn_too():
    grey = IMAGES[:2, :1]
    assert figures.two_views(grey, grey, grey).axes[0].images[0].get_array().shape == (8, 8)


def test_similarity_matrix_masks_the_diagonal_and_frames_the_positives():
    figure = DRAW["similarity_matrix"]()
    matrix = figure.axes[0].images[0].get_array()
    assert np.isnan(np.ma.filled(matrix, np.nan)[np.arange(6), np.arange(6)]).all()
    frames = {(round(p.get_x() + 0.42), round(p.get_y() + 0.42)) for p in figure.axes[0].patches}
    assert frames == {(3, 0), (4, 1), (5, 2), (0, 3), (1, 4), (2, 5)}
    assert "positives 0.25, of the others 0.25" in figure.alt_text


def test_trust_ratios_has_a_point_a_layer_on_a_log_axis():
    figure = DRAW["trust_ratios"]()
    axes = figure.axes[0]
    assert axes.get_xscale() == "log" and "trust ratio" in axes.get_xlabel()
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), [2.0, 0.5, 50.0])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["conv", "block", "head"]
    assert "0.5 (block)" in figure.alt_text and "50 (head), 100 times" in figure.alt_text


def test_learning_rate_schedule_is_drawn_over_epochs():
    figure = DRAW["learning_rate_schedule"]()
    axes = figure.axes[0]
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), [0, 0.5, 1, 1.5])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "learning rate")
    assert "2 epochs" in figure.alt_text and "in 2 steps" in figure.alt_text


def test_training_curve_skips_what_was_not_measured_and_names_the_lines():
    figure = DRAW["training_curve"]()
    above, below = figure.axes
    np.testing.assert_array_equal(above.lines[0].get_xydata(), [(1, 4.75), (2, 3.5), (3, 3.25)])
    np.testing.assert_array_equal(below.lines[0].get_xydata(), [(0, 0.32), (1, 0.41), (3, 0.54)])
    assert above.lines[1].get_ydata()[0] == 5.54 and below.lines[1].get_ydata()[0] == 0.2
    assert "chance 5.54" in words(figure) and "raw pixels 0.20" in words(figure) and "now 0.54" in words(figure)
    assert "from 0.32 at epoch 0 to 0.54 at epoch 3" in figure.alt_text and "(chance 5.54)" in figure.alt_text
    assert "epoch 3 of 10" in figure.alt_text


@pytest.mark.parametrize("history", [HISTORY[:1], [dict(epoch=0, loss=None, knn_accuracy=None)], []])
def test_training_curve_of_a_run_that_has_hardly_begun(history):
    assert "Training" in figures.training_curve(history, 10, {"chance": 5.54}, {}).alt_text


def test_training_curve_keeps_labels_apart_where_lines_nearly_meet():
    figure = figures.training_curve(HISTORY, 10, {}, {"raw pixels": 0.2, "random weights": 0.201, "guessing": 0.199})
    heights = sorted(text.get_position()[1] for text in figure.axes[1].texts)
    assert np.diff(heights).min() > 0.08 * figure.axes[1].get_ylim()[1]


def test_accuracy_bars_are_as_long_as_the_scores():
    figure = DRAW["accuracy_bars"]()
    knn, probe = figure.axes
    assert [bar.get_width() for bar in knn.patches] == [0.31, 0.71]
    assert [bar.get_width() for bar in probe.patches] == [0.42, 0.82]
    assert probe.lines[0].get_xdata()[0] == 0.15
    assert "SimCLR 0.71" in figure.alt_text and "chance 0.15" in figure.alt_text


def test_seed_points_has_a_point_a_seed_and_lines_for_the_levels():
    figure = DRAW["seed_points"]()
    knn, probe = figure.axes
    points = [line.get_xydata().tolist() for line in knn.lines if line.get_marker() == "o"]
    assert points == [[[0.50, 0], [0.52, 0], [0.54, 0]], [[0.2, 1]] * 3]
    bars = [line.get_xdata() for line in knn.lines if line.get_linewidth() == 5]
    student = stats.t.interval(0.95, 2, loc=0.52, scale=stats.sem([0.50, 0.52, 0.54]))
    assert tuple(bars[0]) == pytest.approx(student) and tuple(bars[1]) == pytest.approx((0.2, 0.2))
    levels = {line.get_linestyle(): line.get_xdata()[0] for line in knn.lines if line.get_xdata()[0] in (0.3, 0.1)}
    assert levels == {"--": 0.3, ":": 0.1}
    assert [label.get_text() for label in knn.get_yticklabels()] == ["healthy", "sick"]
    assert sum(line.get_marker() == "o" for line in probe.lines) == 2
    assert "random weights 0.30" in words(figure) and "0.70" in words(figure)
    assert "healthy 0.52 (0.50 to 0.54), sick 0.20 (0.20 to 0.20), random weights 0.30, chance 0.10" in figure.alt_text


def test_accuracy_by_batch_size_draws_seeds_and_means():
    figure = DRAW["accuracy_by_batch_size"]()
    ours, paper = figure.axes
    np.testing.assert_allclose(ours.lines[0].get_xydata(), [(32, 0.55), (128, 0.5)])
    assert sorted(y for line in ours.lines if line.get_marker() != "None" for y in line.get_ydata()) == sorted(
        [0.5, 0.6, 0.4, 0.6, 0.7, 0.7, 0.75, 0.85]
    )
    assert [label.get_text() for label in ours.get_xticklabels()] == ["32", "128"] and paper.get_title() == "paper"
    assert "20 epochs" in words(figure)
    assert "ours, 20 epochs: 0.70 at batch 32, 0.80 at batch 128" in figure.alt_text


def test_trust_ratio_change_shows_every_layer_at_every_moment():
    figure = DRAW["trust_ratio_change"]()
    before, after = figure.axes[0].lines
    np.testing.assert_array_equal(before.get_xydata(), [(2, 0), (0.5, 1), (50, 2)])
    np.testing.assert_array_equal(after.get_xydata(), [(4, 0), (8, 1), (2, 2)])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["before", "after"]
    assert "largest 50 (head), 100 times as large; after: smallest 2 (head), largest 8 (block)" in figure.alt_text


def test_label_efficiency_has_a_line_a_method_and_a_point_a_draw():
    figure = DRAW["label_efficiency"]()
    lines = [line for line in figure.axes[0].lines if line.get_marker() == "None"]
    np.testing.assert_allclose(lines[0].get_xydata(), [(10, 0.3), (50, 0.5)])
    assert lines[-1].get_ydata()[0] == 0.1 and "chance 0.10" in words(figure)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["10", "50"]
    assert "tuned: 0.10 (0.10 to 0.10) with 10, 0.75 (0.70 to 0.80) with 50; chance 0.10" in figure.alt_text


def test_curves_side_by_side_have_common_axes_and_their_own_start():
    figure = DRAW["curves_side_by_side"]()
    loss_a, loss_b, knn_a, knn_b = figure.axes
    np.testing.assert_array_equal(loss_a.lines[0].get_xydata(), [(1, 4.75), (2, 3.5), (3, 3.25)])
    np.testing.assert_array_equal(knn_b.lines[0].get_xydata(), [(0, 0.32), (1, 0.41)])
    assert [line.get_ydata()[0] for line in loss_b.lines[1:]] == [5.54, 1.0]
    assert [line.get_ydata()[0] for line in knn_a.lines[1:]] == [0.2, 0.32]  # raw pixels, and its own random weights
    assert loss_a.get_ylim() == loss_b.get_ylim() and knn_a.get_ylim() == knn_b.get_ylim()
    assert "B: loss 4.75 after the first epoch, 4.75 after the last; kNN accuracy 0.32 before" in figure.alt_text


def test_rotation_confusion_has_a_map_a_class_with_shares_of_the_row():
    figure = DRAW["rotation_confusion"]()
    disc, ring, heart = (axes for axes in figure.axes if axes.get_title())
    np.testing.assert_array_equal(disc.images[0].get_array(), np.full((4, 4), 0.25))
    np.testing.assert_array_equal(ring.images[0].get_array(), np.eye(4))
    assert heart.images[0].get_array()[0].tolist() == [0.9, 0, 0.1, 0]
    assert [axes.get_title() for axes in (disc, ring, heart)] == [
        "disc\n0.25 right",
        "ring\n1.00 right",
        "heart\n0.95 right",
    ]
    assert "chance 0.25: disc 0.25, ring 1.00, heart 0.95" in figure.alt_text


def test_numbered_tiles_has_each_number_in_the_middle_of_its_tile():
    figure = DRAW["numbered_tiles"]()
    assert [len(axes.texts) for axes in figure.axes] == [0, 0, 4, 4]
    for text, number, place in zip(figure.axes[2].texts, "2013", range(4), strict=True):
        assert text.get_text() == number
        assert text.get_position() == (0.5 + 5 * (place % 2), 0.5 + 5 * (place // 2))  # 3 pixels, a gap of 2, 3 pixels
    assert "tiles: 2 0 1 3, 3 2 1 0" in figure.alt_text


def test_task_and_answer_marks_the_right_bar():
    figure = DRAW["task_and_answer"]()
    image, seen, bars = figure.axes
    np.testing.assert_array_equal(image.images[0].get_array(), np.moveaxis(IMAGES[0], 0, -1))
    assert seen.get_title() == "input" and [bar.get_width() for bar in bars.patches] == [0.25, 0.75]
    colours = [bar.get_facecolor() for bar in bars.patches]
    assert colours[0] != colours[1]
    weights = {label.get_text(): label.get_fontweight() for label in bars.get_yticklabels()}
    assert weights == {"0°": "normal", "90°": "bold"} and bars.yaxis_inverted()
    assert bars.get_xlim() == (0, 1), "a probability ends at 1"
    assert "how far?, probability: 0° 0.25, 90° 0.75. Blue: 90°." in figure.alt_text


def test_encoder_and_head_has_all_sizes_and_crosses_the_head_out():
    used = figures.encoder_and_head(IMAGES[0], 128, 4, output="scores", head="one linear layer")
    assert all(name in words(used) for name in ("3 × 8 × 8", "encoder", "128 numbers", "one linear layer", "scores"))
    assert "4 numbers" in words(used) and "thrown away" not in words(used) and not used.axes[0].lines
    crossed = figures.encoder_and_head(IMAGES[0], 128, 4, output="scores", thrown_away=True)
    cross = [line.get_xydata() for line in crossed.axes[0].lines if len(line.get_xydata()) == 2]
    assert np.sign([np.diff(line[:, 0]) * np.diff(line[:, 1]) for line in cross]).ravel().tolist() == [-1, 1]
    head = next(box for box in crossed.axes[0].patches if box.get_x() > cross[0][0, 0] - 0.2)
    assert all(head.get_x() <= x <= head.get_x() + head.get_width() for line in cross for x in line[:, 0])
    assert "thrown away" in words(crossed) and "crossed out" in crossed.alt_text and "crossed" not in used.alt_text
    with pytest.raises(ValueError, match="at least 1, got 0 and 4"):
        figures.encoder_and_head(IMAGES[0], 0, 4)


def test_four_maps_stand_in_two_rows_of_two():
    figure = DRAW["tsne_panels"]()
    assert figure.axes[0].get_subplotspec().get_gridspec().get_geometry() == (2, 2)


def test_tsne_panels_has_all_points_of_all_epochs():
    figure = DRAW["tsne_panels"]()
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in panels] == ["epoch 0", "epoch 1", "epoch 4", "epoch 9"]
    assert [points_in(axes) for axes in panels] == [30] * 4
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(CLASSES)
    assert "at epoch 9" in figure.alt_text


def test_factor_dots_have_a_marker_for_each_value_and_nothing_below_zero():
    figure = DRAW["factor_dots"]()
    h, z = figure.axes[0].lines
    assert h.get_xydata().tolist() == [[0.46, 0], [1.0, 1]] and z.get_xdata().tolist() == [0.0, 0.99]
    assert h.get_marker() != z.get_marker() and h.get_color() != z.get_color()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["h", "z"]
    assert "x: h 0.46, z -0.02; lighter: h 1.00, z 0.99" in figure.alt_text


def test_the_name_of_a_class_is_tied_to_its_points():
    figure = DRAW["map_and_neighbours"]()
    axes = axes_of(figure)[0]
    tied = {text.get_text(): text.xy for text in axes.texts if hasattr(text, "xy")}
    assert set(tied) == set(CLASSES)
    for name, place in tied.items():
        (points,) = (c.get_offsets() for c in axes.collections if c.get_label() == name)
        assert np.abs(points - np.array(place)).sum(axis=1).min() < 1e-9, "at one of its own points"


def test_tsne_alt_text_tells_separated_classes_from_mixed_ones():
    apart = np.stack([LABELS * 100.0, RNG.normal(size=30)], axis=1)
    assert "1.00 at epoch 5" in figures.tsne_panels({5: apart}, LABELS, CLASSES).alt_text


def test_neighbours_by_epoch_frames_those_of_the_same_class():
    figure = DRAW["neighbours_by_epoch"]()
    assert len(figure.axes) == 8
    framed = [axes.spines["left"].get_visible() for axes in figure.axes]
    assert framed == [True, False, False, False, True, True, True, False]  # the chosen one has a frame of its own
    assert "0 of 3 at epoch 0, 2 of 3 at epoch 9" in figure.alt_text


def test_map_and_neighbours_shows_map_and_pictures():
    figure = DRAW["map_and_neighbours"]()
    axes = axes_of(figure)
    assert points_in(axes[0]) == 30
    assert sum(len(a.images) for a in axes) == 5  # the chosen image and four neighbours
    assert all(name in words(figure) for name in CLASSES)
    assert "Epoch 9" in figure.alt_text and "2 of 4 have its class" in figure.alt_text


@pytest.mark.parametrize("seed", range(5))
def test_names_on_a_map_never_cover_each_other(seed):
    box = np.array([0.2, 0.075])
    wanted = 0.5 + 0.02 * np.random.default_rng(seed).normal(size=(11, 2))
    places = parts.apart_in_the_plane(wanted, box)
    np.testing.assert_array_equal(places[0], wanted[0])
    overlap = (np.abs(places[:, None] - places[None]) < 0.9 * box).all(axis=2)
    assert overlap.sum() == len(places)  # each with itself only


def test_a_class_in_two_groups_is_named_at_one_of_them():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(-10, 0.5, (30, 2)), rng.normal(10, 2, (30, 2))])
    assert np.abs(parts.densest(points) + 10).max() < 1, "the tighter group, not the empty middle"


# ---- lesson 06


def test_neighbour_rows_frame_those_of_the_same_class():
    figure = DRAW["neighbour_rows"]()
    framed = [axes.spines["left"].get_visible() for axes in figure.axes]
    assert framed == [True, True, False, False, True, True, True, True]  # the chosen one has a frame of its own
    assert "1 of 3 by pixels, 3 of 3 by SimCLR" in figure.alt_text


def test_confusion_and_neighbours_has_shares_of_the_row_and_the_first_eleven_voters():
    figure = DRAW["confusion_and_neighbours"]()
    matrix, *pictures = axes_of(figure)
    np.testing.assert_allclose(matrix.images[0].get_array(), [[0.8, 0.2, 0], [0, 1, 0], [0.5, 0, 0.5]])
    assert {text.get_text() for text in matrix.texts} == {"80", "20", "100", "50"}, "nothing below ten per cent"
    assert sum(len(axes.images) for axes in pictures) == 12
    blue = [axes.spines["left"].get_visible() for axes in pictures if axes.images][1:]
    assert blue == list(LABELS[1:12] == 0)
    assert "it is disc, the vote says ring" in words(figure) and "4 of 13 neighbours are disc" in words(figure)
    assert "0.767 right; by class: disc 0.80, ring 1.00, heart 0.50" in figure.alt_text


def test_curves_by_number_has_every_line_its_levels_and_its_mark():
    figure = DRAW["curves_by_number"]()
    few, many = figure.axes
    np.testing.assert_array_equal(few.lines[0].get_xydata(), [(1, 0.5), (10, 1.0)])
    np.testing.assert_array_equal(few.lines[1].get_xydata(), [(1, 0.25), (10, 0.2)])
    assert few.lines[2].get_ydata()[0] == 0.1 and few.lines[3].get_xdata()[0] == 3.0
    assert (
        few.get_xscale() == "log" and few.get_xlabel() == "C: weaker to the right" and few.get_ylim() == many.get_ylim()
    )
    assert [text.get_text() for text in many.texts] == ["own", "new", "guessing 0.10"], "named once, at the end"
    assert "few, new: 0.25 at 1, 0.20 at 10" in figure.alt_text and "guessing 0.10" in figure.alt_text


def test_lines_of_different_names_are_named_in_every_panel():
    figure = figures.curves_by_number({"a": {"one": {1: 0.5}}, "b": {"two": {1: 0.5}}}, "k")
    assert [[text.get_text() for text in axes.texts] for axes in figure.axes] == [["one"], ["two"]]


def test_rank_chart_puts_the_best_on_top():
    figure = DRAW["rank_chart"]()
    axes = figure.axes[0]
    assert [line.get_ydata().tolist() for line in axes.lines] == [[3, 1], [1, 3], [2, 2]]
    bottom, top = axes.get_ylim()
    assert bottom > top and "0.70" in words(figure) and "90" in words(figure)
    assert "kNN: SimCLR, jigsaw, pixels; rank: pixels, jigsaw, SimCLR" in figure.alt_text


def test_rank_chart_joins_methods_of_the_same_value():
    tied = figures.rank_chart(
        {"a": {"kNN": 0.701, "NMI": 0.3}, "b": {"kNN": 0.699, "NMI": 0.1}, "c": {"kNN": 0.5, "NMI": 0.2}}
    )
    bars = [line.get_xydata().tolist() for line in tied.axes[0].lines if line.get_linewidth() == 17]
    assert bars == [[[0, 1], [0, 2]]]
    assert not [line for line in DRAW["rank_chart"]().axes[0].lines if line.get_linewidth() == 17]


def test_collapse_dashboard_shows_before_and_now_and_says_what_was_found():
    figure = DRAW["collapse_dashboard"]()
    cloud, knn, probe = axes_of(figure)
    assert points_in(cloud) == 30 and cloud.get_xlim() == (-4.0, 4.0)
    assert [line.get_xdata()[0] for line in knn.lines[1:]] == [0.5, 0.1]
    assert knn.lines[2].get_color() != probe.lines[2].get_color(), "what has changed has another colour"
    assert "all fell" in words(figure) and "kNN 0.50, now 0.10" in figure.alt_text
    healthy = figures.collapse_dashboard(POINTS[0], LABELS, CLASSES, 4.0, {"kNN": (0.5, 0.5, (0, 1))}, [], "well")
    assert "nothing found" in words(healthy) and "nothing found" in healthy.alt_text


def test_map_grid_has_a_row_a_data_set_and_no_class_where_there_is_none():
    figure = DRAW["map_grid"]()
    assert [points_in(axes) for axes in figure.axes] == [30] * 4
    assert [len(axes.collections) for axes in figure.axes] == [1, 1, 3, 3]
    assert [axes.get_title() for axes in figure.axes] == ["5", "30", "", ""]
    legends = [axes.get_legend() for axes in figure.axes]
    assert legends[:3] == [None] * 3 and [text.get_text() for text in legends[3].get_texts()] == list(CLASSES)
    assert "h, 5: " in figure.alt_text and "noise, 5" not in figure.alt_text


def test_interval_rows_greys_a_difference_that_may_be_none():
    figure = DRAW["interval_rows"]()
    accuracy, difference = figure.axes
    bars = [line for line in difference.lines if line.get_linewidth() == 5]
    assert [tuple(line.get_xdata()) for line in bars] == [(-0.1, 0.1), (0.1, 0.3)]
    assert bars[0].get_color() == parts.GREY and bars[1].get_color() == parts.BLUE
    assert any(line.get_linestyle() == "--" for line in difference.lines)
    assert not any(line.get_linestyle() == "--" for line in accuracy.lines)
    assert "+0.200" in words(figure) and "accuracy, b: 0.700 (0.650 to 0.750)" in figure.alt_text


def test_coverage_counts_the_intervals_that_miss():
    figure = DRAW["coverage"]()
    colours = [line.get_color() for line in figure.axes[0].lines if line.get_marker() == "None"][:3]
    assert colours[0] == colours[2] != colours[1]
    assert "1 of 3 intervals miss" in words(figure) and "1 of them do not hold 0.550" in figure.alt_text


def test_the_winner_is_the_best_of_those_that_chose():
    figure = DRAW["chosen_and_fresh"]()
    winner = next(line for line in figure.axes[0].lines if line.get_marker() == "D")
    assert (winner.get_xdata()[0], winner.get_ydata()[0]) == (0.1, 0.02)
    assert "leads the mean of all by 0.100 there, and by 0.020 on fresh images" in figure.alt_text


def test_method_table_has_a_point_a_seed_and_a_bar_for_a_new_run():
    figure = DRAW["method_table"]()
    axes = figure.axes[0]
    bars = [tuple(line.get_xdata()) for line in axes.lines if line.get_linewidth() == 5]
    assert bars == [(0.18, 0.22), (0.28, 0.32), (0.4, 0.9), (0.5, 1.0)]
    seeds = [list(line.get_xdata()) for line in axes.lines if line.get_marker() in ("s", "o")]
    assert seeds[:4] == [[0.2], [0.3], [0.6, 0.7], [0.7, 0.8]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["raw pixels", "SimCLR"]
    assert "shapes, SimCLR, probe: 0.750 (0.500 to 1.000)" in figure.alt_text


def test_a_chance_below_a_hundredth_is_written_as_one_of_so_many():
    bars = figures.accuracy_bars({"histogram": {"partner found": 0.5}}, {"partner found": 1 / 511})
    assert "chance 1/511" in bars.axes[0].get_title() and "chance 1/511" in bars.alt_text
    assert "chance 0.01" in figures.accuracy_bars({"a": {"kNN": 0.5}}, {"kNN": 0.01}).alt_text


# ---- numbers on colours


def luminance(colour) -> float:
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other) -> float:
    """The ratio of WCAG 2.2, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_black_or_white_stands_out_on_every_colour():
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 12)] * 3), -1).reshape(-1, 3)
    assert min(contrast(parts.readable_on(tuple(colour)), colour) for colour in grid) >= 4.5
    assert parts.readable_on("yellow") == "black" and parts.readable_on("navy") == "white"


LEVELS = np.linspace(0, 1, 25)
HEATMAPS = {
    "factor_heatmap": lambda: figures.factor_heatmap({"h": {f"factor {i}": x for i, x in enumerate(LEVELS)}}),
    "composition_grid": lambda: figures.composition_grid(
        {a: {b: LEVELS[5 * i + j] for j, b in enumerate("abcde"[: i + 1])} for i, a in enumerate("abcde")}, {"top": 1.0}
    ),
    "confusion_and_neighbours": lambda: figures.confusion_and_neighbours(
        np.array([[k, 20 - k] for k in range(21)]) @ np.eye(2, 21),
        [f"class {i}" for i in range(21)], IMAGES[0], 0, 0, IMAGES[:4], LABELS[:4], "title",
    ),
    "similarities_and_shares": lambda: figures.similarities_and_shares(
        np.linspace(-1, 1, 36).reshape(6, 6), np.linspace(0, 1, 36).reshape(6, 6), np.roll(np.arange(6), 3), 0.5
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HEATMAPS)
def test_a_number_on_a_colour_can_be_read(name):
    ratios = [
        contrast(text.get_color(), image.to_rgba(image.get_array()[round(y), round(x)]))
        for axes in axes_of(HEATMAPS[name]())
        for image in axes.images
        for text in axes.texts
        for x, y in [text.get_position()]
        if image.get_array().ndim == 2
    ]
    assert len(ratios) > 10 and min(ratios) >= 4.5
