"""However many things a figure is given, and whatever they are called, it draws them all."""

import inspect
import time
import warnings

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from aimsssl import figures
from aimsssl.figures import parts

RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (3, 4, 4)).astype(np.uint8)
HISTORY = [dict(epoch=e, loss=3.0 - e, knn_accuracy=0.2 + 0.1 * e) for e in range(3)]
ODD = [
    r"$\frac$", "a_b", r"\alpha", "50 %", "long" * 15, "猫犬", "😀", "", "_hidden", "a\nb", "$a$ & <b>{x}",
]  # fmt: skip


def values(names):
    """A number for each name, all different."""
    return {name: (i + 1) / (len(names) + 1) for i, name in enumerate(names)}


def several(names):
    return {name: [value, value * 0.9] for name, value in values(names).items()}


def measures(names, value=0.5):
    return {name: {"kNN": value} for name in names}


def stack(count):
    return np.stack([IMAGE] * count)


def square(count):
    return np.full((count, count), 0.1) + 0.5 * np.eye(count)


def cloud(names):
    labels = np.arange(3 * len(names)) % len(names)
    return RNG.normal(size=(len(labels), 2)), labels


def unit_rows(count):
    return np.stack([np.cos(np.arange(count)), np.sin(np.arange(count))], axis=1)


def vote(names, counts=None):
    counts = square(len(names)) if counts is None else counts
    return figures.confusion_and_neighbours(counts, names, IMAGE, 0, len(names) - 1, stack(3), np.zeros(3, int), "kNN")


def map_of(names):
    points, labels = cloud(names)
    return figures.map_and_neighbours(points, labels, names, stack(len(labels)), 0, np.arange(1, len(labels))[:8], 3)


def clusters(names, **columns):
    history = [dict(epoch=e, loss=3.0, knn_accuracy=0.3, nmi_previous=0.2, nmi_labels=0.4) for e in range(2)]
    return figures.deepcluster_curve(history, 2, columns.get("levels", {}), columns.get("baselines", {}))


def page(names):
    n = len(names)
    return figures.cluster_page(
        stack(n), np.arange(n), names, np.arange(n), np.array([0]), np.array([0]), f"cluster {names[0]}"
    )


def riddle(n):
    return figures.views_and_riddle(IMAGE, stack(2), IMAGE, stack(len(n)), 0, 0.2, 30)


def dashboard(n):
    points, labels = cloud(n)
    return figures.collapse_dashboard(points, labels, n, 3.0, {"kNN": (0.5, 0.1, (0, 1))}, n, n[0])


def dashboard_measures(n):
    points, labels = cloud(n)
    return figures.collapse_dashboard(points, labels, n, 3.0, {name: (0.5, 0.1, (0, 1)) for name in n}, (), "ill")


def circle_of(n):
    points = unit_rows(2 * len(n))
    return figures.circle_and_loss(points, [3.0, 2.0], 1, values(n), 0, np.full(2 * len(n), 0.5 / len(n)))


def trace(name, value):
    return [{"epoch": e, "alignment": value, "uniformity": -value, "effective rank": 3 + value} for e in range(2)]


# The kinds of things that a figure is given any number of: a name a thing. Where a figure has two kinds, it is twice here.
MANY = {
    "accuracy_bars": lambda n: figures.accuracy_bars(measures(n), {"kNN": 0.1}),
    "accuracy_bars, measures": lambda n: figures.accuracy_bars({"row": values(n)}, values(n)),
    "accuracy_by_batch_size": lambda n: figures.accuracy_by_batch_size({x: {5: {32: [0.5], 64: [0.6]}} for x in n}),
    "accuracy_by_batch_size, epochs": lambda n: figures.accuracy_by_batch_size(
        {"ours": {i: {32: [0.5], 64: [0.6]} for i in range(len(n))}}
    ),
    "accuracy_by_clusters": lambda n: figures.accuracy_by_clusters({10: [0.5], 20: [0.6]}, values(n), 10),
    "chance_and_floor": lambda n: figures.chance_and_floor(
        [2, 8], [1.1, 2.7], {0.1 + i: [0.1, 1.0] for i in range(len(n))}
    ),
    "chosen_and_fresh": lambda n: figures.chosen_and_fresh(*np.array([list(values(n).values())] * 2)),
    "circle_and_loss": circle_of,
    "circles": lambda n: figures.circles({name: unit_rows(4) for name in n}, list(n)),
    "circles, images": lambda n: figures.circles({"all": unit_rows(2 * len(n))}),
    "cluster_page": page,
    "cluster_rows": lambda n: figures.cluster_rows(IMAGE[None], {name: np.array([0]) for name in n}, 3),
    "collapse_dashboard": dashboard,
    "collapse_dashboard, measures": dashboard_measures,
    "colour_histograms": lambda n: figures.colour_histograms(stack(len(n)) / 255, n),
    "composition_grid": lambda n: figures.composition_grid(
        {a: {b: 0.5 for b in n[i : i + 1]} for i, a in enumerate(n)}, values(n)
    ),
    "confusion_and_neighbours": vote,
    "coverage": lambda n: figures.coverage([(0.5, 0.4, 0.6)] * len(n), 0.55),
    "curves_by_number": lambda n: figures.curves_by_number({"panel": {x: {1: v, 9: v} for x, v in values(n).items()}}, "k"),
    "curves_by_number, panels": lambda n: figures.curves_by_number({x: {"a": {1: 0.5, 9: 0.6}} for x in n}, "k"),
    "curves_by_number, levels": lambda n: figures.curves_by_number({"p": {"a": {1: 0.5}}}, "k", levels=values(n)),
    "curves_side_by_side": lambda n: figures.curves_side_by_side(dict.fromkeys(n, HISTORY), {"chance": 5.0}, {"raw": 0.2}),
    "curves_side_by_side, levels": lambda n: figures.curves_side_by_side({"A": HISTORY}, values(n), {}),
    "deepcluster_curve": lambda n: clusters(n, levels=values(n)),
    "deepcluster_curve, baselines": lambda n: clusters(n, baselines=values(n)),
    "draws_by_cluster_size": lambda n: figures.draws_by_cluster_size(
        np.array([1, 10]), {name: np.array([1, 10]) for name in n}
    ),
    "exciting_images": lambda n: figures.exciting_images(
        range(len(n)), stack(len(n)) / 255, stack(2), np.zeros((len(n), 2), int), "conv"
    ),
    "factor_heatmap": lambda n: figures.factor_heatmap(measures(n)),
    "factor_heatmap, factors": lambda n: figures.factor_heatmap({"row": values(n)}),
    "filters": lambda n: figures.filters({name: np.ones((1, 3, 3, 3)) for name in n}, 1),
    "filters, units": lambda n: figures.filters({"all": np.ones((len(n), 3, 3, 3))}),
    "geometry_by_epoch": lambda n: figures.geometry_by_epoch({x: trace(x, v) for x, v in values(n).items()}, {}),
    "geometry_by_epoch, references": lambda n: figures.geometry_by_epoch({"a": trace("a", 1)}, {"uniformity": values(n)}),
    "inertia_by_start": lambda n: figures.inertia_by_start(several(n)),
    "interval_rows": lambda n: figures.interval_rows({"panel": {x: (v, v - 0.1, v + 0.1) for x, v in values(n).items()}}, ["x"]),
    "interval_rows, panels": lambda n: figures.interval_rows({x: {"row": (0.5, 0.4, 0.6)} for x in n}, ["x"] * len(n)),
    "kmeans_step": lambda n: figures.kmeans_step(
        unit_rows(len(n)), unit_rows(len(n)) + 1, unit_rows(len(n)), np.arange(len(n)), [3.0, 2.0], 1
    ),
    "label_efficiency": lambda n: figures.label_efficiency({x: {10: v, 50: v} for x, v in several(n).items()}, {}),
    "label_efficiency, levels": lambda n: figures.label_efficiency({"a": {10: [0.5]}}, values(n)),
    "learning_rate_schedule": lambda n: figures.learning_rate_schedule(list(values(n).values()), 0, 1),
    "factor_dots": lambda n: figures.factor_dots({"h": values(n), "z": values(n)}),
    "factor_dots, representations": lambda n: figures.factor_dots(dict.fromkeys(n, {"x": 0.5, "y": 0.2})),
    "loss_and_found": lambda n: figures.loss_and_found([4.0] * len(n), [0.5] * len(n), 64, len(n)),
    "loss_by_epoch": lambda n: figures.loss_by_epoch({x: ([0, 1], [5.0, v]) for x, v in values(n).items()}, {"chance": 5.0}),
    "loss_by_epoch, levels": lambda n: figures.loss_by_epoch({"a": ([0, 1], [5.0, 4.0])}, values(n)),
    "loss_by_step": lambda n: figures.loss_by_step({x: [4.0, 2.0 + v] for x, v in values(n).items()}, {"chance": 3.0}),
    "loss_by_step, levels": lambda n: figures.loss_by_step({"a": [4.0, 2.0]}, values(n)),
    "map_and_neighbours": map_of,
    "map_grid": lambda n: figures.map_grid({x: {"5": cloud(n)[0]} for x in n[:3]}, dict.fromkeys(n, cloud(n)[1]), dict.fromkeys(n, n)),
    "map_grid, settings": lambda n: figures.map_grid({"h": {x: unit_rows(4) for x in n}}, {"h": np.zeros(4)}, {"h": ()}),
    "memory_and_time": lambda n: figures.memory_and_time(
        {x: {"views": [256, 512], "mebibytes": [10 + v, 99], "seconds": [v, 1.6]} for x, v in values(n).items()}, 8192
    ),
    "method_table": lambda n: figures.method_table({"set": {x: {"kNN": ([0.5], (0.4, 0.6))} for x in n}}, 0.1),
    "method_table, measures": lambda n: figures.method_table({"set": {"a": {x: ([0.5], (0.4, 0.6)) for x in n}}}, 0.1),
    "method_table, data": lambda n: figures.method_table({x: {"a": {"kNN": ([0.5], (0.4, 0.6))}} for x in n}, 0.1),
    "neighbour_rows": lambda n: figures.neighbour_rows(IMAGE, dict.fromkeys(n, (stack(1), np.array([True]))), n[0]),
    "neighbours_by_epoch": lambda n: figures.neighbours_by_epoch(
        stack(len(n)), 0, {i: np.array([i]) for i in range(len(n))}, np.arange(len(n)), n
    ),
    "numbered_tiles": lambda n: figures.numbered_tiles({x: IMAGE[None] for x in n}, {}),
    "numbered_tiles, columns": lambda n: figures.numbered_tiles({"row": stack(len(n))}, {"row": np.arange(len(n))[:, None]}, n),
    "ours_and_theirs": lambda n: figures.ours_and_theirs({"set": several(n)}, {"set": values(n)}, n[0]),
    "ours_and_theirs, data": lambda n: figures.ours_and_theirs({x: {"a": [0.5, 0.6]} for x in n}, {}, "them"),
    "overlap_matrices": lambda n: figures.overlap_matrices({name: np.eye(2) for name in n}),
    "picture_rows": lambda n: figures.picture_rows({name: IMAGE[None] for name in n}),
    "picture_rows, columns": lambda n: figures.picture_rows({"row": stack(len(n))}, n),
    "push_by_similarity": lambda n: figures.push_by_similarity(
        np.array([0.5, -0.5]), {0.1 + i: np.array([0.7, 0.3]) for i in range(len(n))}, 0.8
    ),
    "rank_chart": lambda n: figures.rank_chart(measures(n)),
    "rank_chart, measures": lambda n: figures.rank_chart({"a": values(n), "b": values(n)}),
    "rotation_confusion": lambda n: figures.rotation_confusion(np.stack([np.eye(4)] * len(n)), n),
    "seed_points": lambda n: figures.seed_points({x: {"kNN": v} for x, v in several(n).items()}, {"kNN": {}}),
    "seed_points, measures": lambda n: figures.seed_points({"row": several(n)}, {name: {} for name in n}),
    "seed_points, levels": lambda n: figures.seed_points({"row": {"kNN": [0.5]}}, {"kNN": values(n)}),
    "shares_and_push": lambda n: figures.shares_and_push(
        square(2 * len(n) + 2), np.roll(np.arange(2 * len(n) + 2), len(n) + 1), square(2 * len(n) + 2), 0, 0.5
    ),
    "similarities_and_shares": lambda n: figures.similarities_and_shares(
        square(len(n)), square(len(n)), np.roll(np.arange(len(n)), 1), 0.5, n
    ),
    "similarity_matrix": lambda n: figures.similarity_matrix(square(2 * len(n)), np.roll(np.arange(2 * len(n)), len(n))),
    "sorted_spectra": lambda n: figures.sorted_spectra({x: np.array([1 - v / 2, v / 2]) for x, v in values(n).items()}),
    "sobel_stages": lambda n: figures.sobel_stages(stack(len(n)), np.ones((len(n), 2, 4, 4)), n),
    "stage_seconds": lambda n: figures.stage_seconds(values(n)),
    "task_and_answer": lambda n: figures.task_and_answer({"image": IMAGE}, values(n), n[0], "how far?", "share"),
    "task_and_answer, pictures": lambda n: figures.task_and_answer(dict.fromkeys(n, IMAGE), {"a": 0.5}, "a", "?", "x"),
    "training_curve": lambda n: figures.training_curve(HISTORY, 3, values(n), {}),
    "training_curve, baselines": lambda n: figures.training_curve(HISTORY, 3, {}, values(n)),
    "transfer_dots": lambda n: figures.transfer_dots({x: (80.0 * v,) for x, v in values(n).items()}, ["classes"], []),
    "transfer_dots, tasks": lambda n: figures.transfer_dots({"a": np.arange(len(n))}, n, []),
    "transfer_dots, lines": lambda n: figures.transfer_dots({"ours": (5,), **dict.fromkeys(n, (4,))}, ["t"], n),
    "trust_ratio_change": lambda n: figures.trust_ratio_change(
        ["conv", "head"], {x: np.array([2.0, v]) for x, v in values(n).items()}
    ),
    "trust_ratio_change, layers": lambda n: figures.trust_ratio_change(n, {"now": np.arange(1, len(n) + 1)}),
    "trust_ratios": lambda n: figures.trust_ratios(n, np.arange(1, len(n) + 1)),
    "tsne_panels": lambda n: figures.tsne_panels({0: cloud(n)[0], 3: cloud(n)[0]}, cloud(n)[1], n),
    "tsne_panels, epochs": lambda n: figures.tsne_panels({i: unit_rows(4) for i in range(len(n))}, np.arange(4) % 2, "ab"),
    "two_views": lambda n: figures.two_views(stack(len(n)), stack(len(n)), stack(len(n)), n),
    "views_and_riddle": riddle,
    "whitening_stages": lambda n: figures.whitening_stages({name: unit_rows(5) for name in n}),
}  # fmt: skip
PLANS = {"simclr_plan", "deepcluster_plan", "encoder_and_head"}  # have one of everything


# things that have no name, or one that the figure does not need
UNNAMED = {
    "accuracy_by_batch_size, epochs", "chance_and_floor", "chosen_and_fresh", "circles, images", "cluster_page", "coverage",
    "exciting_images", "filters, units", "kmeans_step", "learning_rate_schedule", "loss_and_found", "map_grid",
    "neighbours_by_epoch", "push_by_similarity", "shares_and_push", "similarity_matrix", "tsne_panels, epochs", "views_and_riddle",
}  # fmt: skip
PAGES = {"cluster_page"}  # show the first of them and say so


def drawn(figure) -> int:
    """How many things are in the pictures: points, bars, words, pixels."""
    count = 0
    for axes in figure.axes:
        count += sum(len(line.get_xdata()) for line in axes.lines) + len(axes.patches) + len(axes.texts)
        count += sum(image.get_array().size for image in axes.images)
        count += sum(max(len(cloud.get_offsets()), len(cloud.get_paths())) for cloud in axes.collections)
    return count


def words_of(figure) -> str:
    """All words that are seen, without ends of lines."""
    return plain(" | ".join(text.get_text() for text in figure.findobj(parts.Text) if text.get_visible()))


def render(figure) -> str:
    """To pixels, a glyph that is missing an error. Returns all words."""
    figure.set_layout_engine("none")  # takes most of the time, and test_figures has it
    figure.set_dpi(20)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "no font")
        warnings.filterwarnings("error", "Glyph")
        FigureCanvasAgg(figure).draw()
    return words_of(figure)


def plain(words: str) -> str:
    return words.replace("\n", "").replace("_", "")


def test_every_figure_is_here():
    public = {n for n, f in inspect.getmembers(figures, inspect.isfunction) if f.__module__.startswith("aimsssl.")}
    assert {key.split(",")[0] for key in MANY} | PLANS == public


@pytest.mark.parametrize("key", MANY)
def test_every_thing_is_drawn_and_named(key):
    """One; eleven, their names odd and drawn as they are written; forty."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "no font")
        one, eleven = MANY[key](["a"]), MANY[key](ODD)
    assert drawn(eleven) - drawn(one) >= 10
    words = render(eleven)
    if key not in UNNAMED:
        squares = words.count(parts.SQUARE)
        assert [name for name in ODD if plain(name)[:8] not in words and not (squares and not name.isascii())] == []
    names = [f"thing-{i}." for i in range(14 if len(eleven.axes) >= 11 else 40)]  # forty panels take long
    figure = MANY[key](names)
    assert drawn(figure) - drawn(one) >= (23 if key in PAGES else len(names) - 1)
    words = words_of(figure)
    if key == "map_and_neighbours":
        names = names[:9]  # of so many only the chosen one's and its neighbours'
    assert key in UNNAMED or [name for name in names if name not in words] == []


def test_names_that_are_the_same_are_drawn_twice():
    same = ["cat"] * 5
    for key in (
        "confusion_and_neighbours",
        "rotation_confusion",
        "tsne_panels",
        "trust_ratios",
        "sobel_stages",
        "two_views",
    ):
        assert render(MANY[key](same)).count("cat") >= 5, key


def test_a_level_with_the_name_of_a_line_does_not_take_its_place():
    figure = figures.loss_by_step({"chance 3.00": [4.0, 3.5]}, {"chance": 3.0})
    assert render(figure).count("chance 3.00") == 2


def test_powers_of_ten_are_written_as_powers():
    figure = MANY["push_by_similarity"](["a"])
    assert all(label.get_parse_math() for label in figure.axes[0].get_yticklabels())


@pytest.mark.parametrize("key", ["tsne_panels", "map_and_neighbours", "confusion_and_neighbours", "rotation_confusion"])
def test_two_hundred_classes_take_seconds(key):
    """It was a minute and a half. Counted in what is drawn too, for seconds depend on the machine."""
    names = [f"class {i}" for i in range(200)]
    start = time.process_time()
    figure = MANY[key](names) if key != "confusion_and_neighbours" else vote(names, np.full((200, 200), 0.1))
    render(figure)
    assert time.process_time() - start < 30
    assert len(figure.axes) <= 60


def test_images_without_a_label_are_points_and_are_of_no_class():
    points, labels = cloud(["cat", "dog"])
    labels = np.array([-1, -1, 0, 1, -1, 0])
    figure = figures.tsne_panels({0: points}, labels, ["cat", "dog"])
    assert sum(len(c.get_offsets()) for c in figure.axes[0].collections) == 6 and "unknown" in render(figure)
    figure = figures.map_and_neighbours(points, labels, ["cat", "dog"], stack(6), 0, np.array([1, 2]), 0)
    assert "unknown, cat; 0 of 2" in figure.alt_text and "0 of 2" in render(figure)
    figure = figures.neighbours_by_epoch(stack(6), 0, {0: np.array([1, 2])}, labels, ["cat", "dog"])
    assert "0 of 2" in figure.alt_text and "unknown" in figure.alt_text


def test_colours_and_markers_do_not_end_and_pairs_do_not_repeat():
    pairs = list(zip(range(100), parts.colours(), parts.markers(), strict=False))
    assert len({pair[1:] for pair in pairs}) == 100
    assert next(parts.colours("#de8f05")) == "#de8f05" and next(parts.markers("s")) == "s"


@pytest.mark.parametrize("script, words", [("CJK", "猫犬"), ("emoji", "😀🐈"), ("HANGUL", "고양")])
def test_a_script_without_a_font_is_told_of_once(monkeypatch, script, words):
    cached = (parts._font_with, parts._tell_of_missing_font)
    for function in cached:
        function.cache_clear()
    has = parts._has
    monkeypatch.setattr(parts, "_has", lambda path, c: ord(c) < 0x3000 and has(path, c))  # no font has more
    with pytest.warns(UserWarning, match=f"no font .* {script} characters.*Noto Sans CJK") as seen:
        for _ in range(2):
            figure = figures.stage_seconds({words[0]: 1.0, words[1] + "\u200d\ufe0f\t": 2.0, "cat": 1.5})
    assert len(seen) == 1, [str(w.message) for w in seen]
    assert render(figure).count(parts.SQUARE) == 2 and words[0] in figure.alt_text
    for function in cached:
        function.cache_clear()
