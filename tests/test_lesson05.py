"""Lesson 05's figures and explorers, and what is made visible of a network's units."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from aimsssl import figures

pytest.importorskip("ipywidgets")

from aimsssl import evaluation, models
from aimsssl.clustering import kmeans
from aimsssl.datasets import ImageSet
from aimsssl.explorers import LiveCurve, lesson05
from aimsssl.training import Run


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


POINTS = torch.cat([draw(20, 2, seed=s) * 0.3 + torch.tensor(m) for s, m in enumerate([(0.0, 0), (4.0, 0), (0, 4.0)])])


# ---- figures


def test_kmeans_step_has_every_point_centroid_and_movement():
    before, after = np.array([[0.0, 0], [4, 0], [9, 9]]), np.array([[1.0, 0], [4, 1], [9, 9]])
    assignments = np.arange(60) % 2
    figure = figures.kmeans_step(POINTS.numpy(), before, after, assignments, [9.0, 6.0, 5.0], 1)
    left, right = figure.axes
    assert sum(len(c.get_offsets()) for c in left.collections) == 60
    assert len(left.texts) == 2, "an arrow for each centroid that has moved"
    marked = [tuple(line.get_xydata()[0]) for line in right.lines if len(line.get_xydata()) == 1]
    assert marked == [(1, 6.0)]
    assert "30, 30, 0; 1 empty" in figure.alt_text and "from 9.0" in figure.alt_text and "6.0 now" in figure.alt_text


def test_draws_are_shown_as_multiples_of_the_fair_share():
    sizes = np.array([1, 10, 100])
    figure = figures.draws_by_cluster_size(sizes, {"images": sizes, "clusters": np.array([37, 37, 37])})
    ratios = [axes.lines[1].get_ydata() for axes in figure.axes]
    np.testing.assert_allclose(ratios[0], 3 * sizes / 111)
    np.testing.assert_allclose(ratios[1], 1)
    assert "clusters: from 1.00 to 1.00 times" in figure.alt_text


def test_a_cluster_that_was_never_drawn_is_still_on_the_panel():
    figure = figures.draws_by_cluster_size(np.array([1, 9]), {"one": np.array([0, 10])})
    drawn = figure.axes[0].lines[1].get_ydata()
    assert drawn[0] > 0 and "from 0.00" in figure.alt_text


def test_overlap_matrices_say_how_many_keep_their_number():
    counts = np.array([[5, 1], [2, 12]])
    figure = figures.overlap_matrices({"as numbered": counts[:, ::-1], "matched": counts})
    assert "as numbered: 15% of" in figure.alt_text and "matched: 85% of" in figure.alt_text
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), counts)


def test_deepcluster_curve_draws_what_was_measured_and_no_more():
    history = [
        dict(epoch=0, loss=None, knn_accuracy=0.3),
        dict(epoch=1, loss=4.0, knn_accuracy=None, nmi_previous=None, nmi_labels=0.1),
        dict(epoch=2, loss=3.0, knn_accuracy=0.5, nmi_previous=0.6, nmi_labels=0.25),
    ]
    loss, nmi, knn = figures.deepcluster_curve(history, 8, {"chance": 4.6}, {"raw pixels": 0.2}).axes
    np.testing.assert_array_equal(loss.lines[0].get_xydata(), [(1, 4.0), (2, 3.0)])
    np.testing.assert_array_equal(nmi.lines[0].get_xydata(), [(2, 0.6)])
    np.testing.assert_array_equal(nmi.lines[1].get_xydata(), [(1, 0.1), (2, 0.25)])
    np.testing.assert_array_equal(knn.lines[0].get_xydata(), [(0, 0.3), (2, 0.5)])
    assert {text.get_text() for text in nmi.texts} == {"with the last clusters 0.60", "with the labels 0.25"}
    assert figures.deepcluster_curve(history[:1], 8, {}, {}).alt_text.startswith("Training so far: epoch 0 of 8")


def test_stage_seconds_are_shares_of_the_whole():
    figure = figures.stage_seconds({"features": 1.0, "k-means": 0.5, "training": 2.5})
    assert [text.get_text() for text in figure.axes[0].texts] == ["1 s, 25%", "0.5 s, 12%", "2.5 s, 62%"]


def test_cluster_page_frames_those_who_joined_and_shows_those_who_left():
    images = np.zeros((30, 3, 4, 4), np.uint8)
    members, joined, left = np.arange(10), np.array([2, 5]), np.array([20, 21])
    figure = figures.cluster_page(images, np.arange(30) // 8, ["a", "b", "c", "d"], members, joined, left, "cluster 1")
    shown = [axes for axes in figure.axes if axes.images]
    assert len(shown) == 12
    assert [i for i, axes in enumerate(shown[:10]) if axes.spines["left"].get_visible()] == [2, 5]
    assert "80% of them a" in figure.alt_text and "2 have joined and 2 have left" in figure.alt_text
    unknown = figures.cluster_page(images, np.full(30, -1), [], members, joined, left, "cluster 1")
    assert "10 images. Since" in unknown.alt_text


def test_filters_are_scaled_one_by_one_and_zero_is_grey():
    kernels = np.zeros((2, 3, 2, 2))
    kernels[0, :, 0, 0], kernels[1, :, 0, 0] = 0.1, -5.0
    figure = figures.filters({"all": kernels}, 4)
    first, second = (axes.images[0].get_array() for axes in figure.subfigs[0].axes if axes.images)
    assert first[0, 0, 0] == 1 and second[0, 0, 0] == 0
    assert (first[1, 1] == 0.5).all()


def test_ours_and_theirs_has_a_point_a_seed_and_a_diamond():
    figure = figures.ours_and_theirs(
        {"MNIST": {"random": [0.9], "learned": [0.97, 0.98, 0.99]}}, {"MNIST": {"learned": 0.92}}, "the slides"
    )
    axes = figure.axes[0]
    diamonds = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "D" and len(line.get_xdata())]
    assert diamonds == [0.92]
    assert [text.get_text() for text in axes.texts] == ["0.900", "0.980"]
    assert "learned: ours 0.980, the slides 0.920" in figure.alt_text


def test_transfer_dots_leave_out_what_a_table_does_not_have():
    rows = {"labels": (80.0, 57.0), "random": (57.0, 44.0), "ours": (73.0, None), "other": (70.0, 50.0)}
    left, right = figures.transfer_dots(rows, ["classes", "boxes"], ["labels", "random"]).axes
    assert [text.get_text() for text in left.texts] == ["80.0", "57.0", "73.0", "70.0"]
    assert [text.get_text() for text in right.texts] == ["57.0", "44.0", "50.0"]
    assert [label.get_text() for label in left.get_yticklabels()] == list(rows)
    dashed = [line.get_xdata()[0] for line in right.lines if line.get_linestyle() == "--"]
    assert dashed == [57.0, 44.0], "what one compares with goes through the panel"


def test_whitening_stages_tell_middle_and_spread():
    figure = figures.whitening_stages({"features": POINTS.numpy() + 5})
    mean, std = POINTS.mean(dim=0) + 5, POINTS.std(dim=0, correction=0)
    assert f"middle at ({mean[0]:.1f}, {mean[1]:.1f}), standard deviations {std[0]:.2f}" in figure.alt_text


# ---- k-means, step by step


@pytest.mark.parametrize("start", lesson05.STARTS)
def test_every_start_gives_k_centroids_of_the_points_kind(start):
    centroids = lesson05.start_of(POINTS, 4, start, seed=3)
    assert centroids.shape == (4, 2) and centroids.dtype == torch.float32
    assert torch.equal(centroids, lesson05.start_of(POINTS, 4, start, seed=3))
    among = [(POINTS == c).all(dim=1).any().item() for c in centroids]
    assert sum(among) == (3 if start == "one far away" else 4)


def test_lloyd_agrees_with_the_packages_kmeans_and_never_rises():
    start = lesson05.start_of(POINTS, 3, "random points", seed=0)
    path, chosen, inertias = lesson05.lloyd(POINTS, start, 50)
    right = kmeans(POINTS, 3, init=start, iterations=50)
    assert inertias[-1] == pytest.approx(right.inertia, rel=1e-4)
    assert torch.equal(chosen[-1], right.assignments)
    assert all(later <= earlier * (1 + 1e-5) for earlier, later in zip(inertias, inertias[1:], strict=False))
    assert len(path) == len(chosen) == len(inertias)


def test_lloyd_leaves_an_empty_cluster_empty_and_stops_after_its_steps():
    start = lesson05.start_of(POINTS, 3, "one far away", seed=0)
    path, chosen, _ = lesson05.lloyd(POINTS, start, 50)
    assert torch.equal(path[-1][0], start[0]) and not (chosen[-1] == 0).any()
    path, _, _ = lesson05.lloyd(POINTS, lesson05.start_of(POINTS, 3, "all in one corner", 0), 1)
    assert len(path) == 2


def test_the_stepper_follows_its_controls():
    explorer = lesson05.kmeans(POINTS, k=3, seed=1)
    assert "step 0 of" in explorer.figure.alt_text
    explorer.controls["step"].value = 15
    last = explorer.figure.alt_text
    words = last.split("step ")[1].split(".")[0].split(" of ")
    assert words[0] == words[1], "a step beyond the end shows the end"
    explorer.controls["start"].value = "one far away"
    assert "1 empty" in explorer.figure.alt_text
    explorer.controls["k"].value = 5
    assert "k-means with 5 clusters" in explorer.figure.alt_text


# ---- cluster pages


def test_overlap_counts_images():
    one, other = torch.tensor([0, 0, 1, 2, 2]), torch.tensor([1, 1, 1, 0, 2])
    counts = lesson05.overlap(one, other, 3)
    for a in range(3):
        for b in range(3):
            assert counts[a, b] == ((one == a) & (other == b)).sum()


def test_renumbering_undoes_a_permutation_and_keeps_the_groups():
    one = torch.randint(6, (200,), generator=torch.Generator().manual_seed(0))
    shuffled = torch.tensor([3, 0, 5, 1, 4, 2])[one]
    assert torch.equal(lesson05.renumbered(one, shuffled.int(), 6), one)
    noisy = shuffled.clone()
    noisy[:20] = 0
    again = lesson05.renumbered(one, noisy, 6)
    assert (again == one).float().mean() > 0.9
    assert torch.equal(again[:, None] == again, noisy[:, None] == noisy), "the same groups under other names"


@pytest.fixture
def images() -> ImageSet:
    pictures = torch.randint(0, 256, (12, 3, 4, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return ImageSet("fake", pictures, torch.arange(12) % 3, ("a", "b", "c"))


def test_pages_follow_a_cluster_through_its_numbers(images):
    first = torch.tensor([0] * 4 + [1] * 4 + [2] * 4)
    second = torch.tensor([2] * 3 + [1] + [0] * 4 + [1] * 4)  # renamed, and image 3 has moved to the third group
    pages = lesson05.cluster_pages(images, {0: first.int(), 5: second.int()}, 3, cluster=2)
    assert "cluster 2, epoch 5: 5 images" in pages.figure.alt_text
    assert "1 have joined and 0 have left" in pages.figure.alt_text
    pages.controls["cluster"].value = 0
    assert "0 have joined and 1 have left" in pages.figure.alt_text
    pages.controls["epoch"].value = 0
    assert "cluster 0, epoch 0: 4 images" in pages.figure.alt_text
    assert "0 have joined and 0 have left" in pages.figure.alt_text


def test_pages_name_the_files_they_show(images):
    """Where images come from files, the files of the cluster's members, and no markup of their names."""
    groups = {0: torch.tensor([0] * 4 + [1] * 8)}
    assert "<details>" not in lesson05.cluster_pages(images, groups, 2)._picture.value
    named = replace(images, sources=tuple(f"a/<b>{i}.png" for i in range(12)))
    pages = lesson05.cluster_pages(named, groups, 2)
    assert [f"&gt;{i}.png</li>" in pages._picture.value for i in range(12)] == [True] * 4 + [False] * 8
    pages.controls["cluster"].value = 1
    assert [f"&gt;{i}.png</li>" in pages._picture.value for i in range(12)] == [False] * 4 + [True] * 8
    assert "&lt;b&gt;" in pages._picture.value and "<b>" not in pages._picture.value


@pytest.mark.parametrize("assignments", [{}, {0: torch.zeros(5, dtype=torch.int32)}])
def test_pages_need_assignments_of_the_same_images(images, assignments):
    with pytest.raises(ValueError, match="12 images"):
        lesson05.cluster_pages(images, assignments, 3)


def test_a_live_curve_may_have_a_figure_of_its_own(tmp_path, capsys):
    run = Run(tmp_path, {"epochs": 2})
    run.history = [dict(epoch=0, loss=None, knn_accuracy=0.3), dict(epoch=2, loss=3.0, nmi_labels=0.25)]
    LiveCurve({"chance": 4.6}, {}, draw=figures.deepcluster_curve)(run)
    out = capsys.readouterr().out
    assert "NMI with the labels: 0.25" in out and "random weights 0.30" in out


# ---- what a unit looks for


@pytest.fixture
def encoder() -> nn.Module:
    torch.manual_seed(0)
    return models.build_encoder("convnet", stem="small", width=2, in_channels=3)


def test_the_first_filters_are_the_weights_of_the_first_convolution(encoder):
    kernels = evaluation.first_filters(encoder)
    convolution = next(m for m in encoder.modules() if isinstance(m, nn.Conv2d))
    assert torch.equal(kernels, convolution.weight) and not kernels.requires_grad
    kernels.zero_()
    assert convolution.weight.abs().sum() > 0, "a copy"


def test_convolutions_are_numbered_from_the_input(encoder):
    layers = evaluation.convolutions(encoder)
    assert list(layers) == ["conv1", "conv2", "conv3", "conv4"]
    widths = [m.out_channels for m in encoder.modules() if isinstance(m, nn.Conv2d)]
    assert [layer.num_features for layer in layers.values()] == widths


@torch.no_grad()
def test_the_most_exciting_images_are_those_of_a_plain_loop(encoder):
    pictures = torch.randint(0, 256, (23, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    layer = evaluation.convolutions(encoder)["conv2"]
    encoder.train()
    values, index = evaluation.most_exciting(encoder, layer, pictures, count=5, batch_size=10)
    assert encoder.training
    encoder.eval()
    outputs = []
    before_the_relu = list(encoder.body)[: list(encoder.body).index(layer) + 1]
    for picture in pictures:
        outputs.append(nn.Sequential(*before_the_relu)(picture[None].float() / 255)[0])
    for unit in range(layer.num_features):
        peaks = [output[unit].max().item() for output in outputs]
        assert index[unit].tolist() == sorted(range(23), key=lambda i: -peaks[i])[:5]
        np.testing.assert_allclose(values[unit], sorted(peaks, reverse=True)[:5], rtol=1e-4, atol=1e-5)


def test_gradient_ascent_excites_its_unit_and_leaves_the_network_alone(encoder):
    layer, units = evaluation.convolutions(encoder)["conv3"], torch.tensor([1, 4, 6])
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    encoder.train()
    noise = evaluation.gradient_ascent(encoder, layer, units, (3, 16, 16), steps=0)
    made = evaluation.gradient_ascent(encoder, layer, units, (3, 16, 16), steps=40)
    assert encoder.training and all(p.grad is None for p in encoder.parameters())
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())
    assert made.shape == (3, 3, 16, 16) and made.min() >= 0 and made.max() <= 1

    def activity(images: torch.Tensor) -> torch.Tensor:
        encoder.eval()
        body = list(encoder.body)
        with torch.no_grad():
            output = nn.Sequential(*body[: body.index(layer) + 1])(images)
        return output[range(3), units].mean(dim=(1, 2))

    assert (activity(made) > activity(noise) + 0.2).all()
    again = evaluation.gradient_ascent(encoder, layer, units, (3, 16, 16), steps=40)
    assert torch.equal(made, again), "the same seed, the same images"
    other = evaluation.gradient_ascent(encoder, layer, units, (3, 16, 16), steps=40, seed=1)
    assert not torch.equal(made, other)


def test_decay_and_blur_hold_the_climb_back(encoder):
    layer, units = evaluation.convolutions(encoder)["conv2"], torch.arange(4)

    def made(**changes: float) -> torch.Tensor:
        return evaluation.gradient_ascent(encoder, layer, units, (3, 16, 16), steps=40, **changes) - 0.5

    plain = made(decay=0.0, blur=1e-3)
    roughness = lambda x: (x[..., 1:] - x[..., :-1]).square().sum() / x.square().sum()  # noqa: E731
    assert made(decay=0.2, blur=1e-3).norm() < 0.9 * plain.norm()
    assert roughness(made(decay=0.0, blur=1.0)) < 0.8 * roughness(plain)


# ---- what clusters are about


def known_images(clusters: torch.Tensor, unknown: int = 0) -> ImageSet:
    """Images whose class is the cluster's number halved, and whose place from left to right luck alone."""
    labels = clusters // 2
    labels[:unknown] = -1
    x = 4 * torch.randint(6, (len(clusters),), generator=torch.Generator().manual_seed(1)).float()
    images = torch.zeros(len(clusters), 3, 4, 4, dtype=torch.uint8)
    return ImageSet("fake", images, labels, ("a", "b", "c"), {"x": x})


def test_clusters_that_cut_classes_know_as_much_of_them_as_they_can():
    clusters = torch.arange(600) % 6
    images = known_images(clusters)
    found, most = lesson05.what_they_know(clusters, images), lesson05.most_they_can_know(clusters, images)
    assert list(found) == list(most) == ["class", "x"], "what is not known of these images is left out"
    assert found["class"] == pytest.approx(most["class"]) == pytest.approx(np.sqrt(np.log(3) / np.log(6)))
    assert found["x"] < 0.03 and most["x"] == pytest.approx(1, abs=0.01)
    assert lesson05.what_they_know(clusters, known_images(clusters, 100))["class"] == pytest.approx(
        found["class"], 1e-2
    )


def test_clusters_are_shown_from_the_purest_to_the_most_mixed(images):
    clusters = torch.tensor([0] * 3 + [1] * 4 + [2] * 4 + [3])
    labels = torch.tensor([0, 0, 1, 2, 2, 2, 2, 0, 1, 2, 0, 1])
    rows = lesson05.from_pure_to_mixed(clusters, replace(images, labels=labels))
    assert list(rows) == ["1: 100% c", "0: 67% a", "2: 50% a"], "the cluster of one image is too small"
    assert [index.tolist() for index in rows.values()] == [[3, 4, 5, 6], [0, 1, 2], [7, 8, 9, 10]]
    assert list(lesson05.from_pure_to_mixed(clusters, replace(images, labels=labels), 2)) == ["1: 100% c", "2: 50% a"]
    unknown = lesson05.from_pure_to_mixed(clusters, replace(images, labels=torch.full((12,), -1)))
    assert list(unknown) == ["cluster 1", "cluster 2", "cluster 0"], "by size"


def test_the_first_page_is_of_the_purest_cluster(images):
    mixed = {0: torch.tensor([0, 0, 2, 0, 0, 2, 1, 1, 2, 1, 1, 1])}
    assert "cluster 2, epoch 0: 3 images; 100%" in lesson05.cluster_pages(images, mixed, 3).figure.alt_text


# ---- an empty cluster


def test_the_papers_rule_cuts_one_cluster_beside_its_centroid():
    x, centroids = draw(60, 2), torch.tensor([[0.0, 0.0], [3.0, 0.0], [50.0, 50.0]])
    assignments = torch.cdist(x, centroids).argmin(dim=1)
    kept = centroids.clone(), assignments.clone()
    torch.manual_seed(0)
    moved, found = lesson05.papers_refill(x, centroids, assignments)
    assert torch.equal(centroids, kept[0]) and torch.equal(assignments, kept[1]), "what comes in stays"
    assert torch.equal(moved[:2], centroids[:2]) and (found == 2).any()
    halved = int(assignments[found == 2].unique())
    assert 0 < (moved[2] - centroids[halved]).norm() < 0.1
    nearer = (x - moved[2]).norm(dim=1) < (x - centroids[halved]).norm(dim=1)
    assert torch.equal(found == 2, nearer & (assignments == halved))


def test_without_a_rule_the_far_cluster_stays_empty_and_inertia_high():
    def step(x, centroids):
        assignments = torch.cdist(x, centroids).argmin(dim=1)
        means = [x[assignments == j].mean(dim=0) if (assignments == j).any() else c for j, c in enumerate(centroids)]
        return assignments, torch.stack(means)

    rules = {"none": None, "paper": lesson05.papers_refill}
    rows = {s: lesson05.with_an_empty_cluster(POINTS, 3, step, rule, seeds=4) for s, rule in rules.items()}
    assert [row["end with an empty cluster"] for row in rows.values()] == [4, 0]
    assert rows["paper"]["mean inertia"] < 0.7 * rows["none"]["mean inertia"] and rows["none"]["starts"] == 4


# ---- measurements


def test_a_head_learns_and_its_first_loss_is_that_before_training():
    labels = torch.arange(90) % 3
    x, head = draw(90, 3) + 3 * nn.functional.one_hot(labels), nn.Linear(3, 3)
    before = nn.functional.cross_entropy(head(x), labels).item()
    losses = lesson05.head_losses(head, x, labels, steps=30)
    assert len(losses) == 30 and losses[0] == pytest.approx(before) and losses[-1] < 0.5 * before
    assert nn.functional.cross_entropy(head(x), labels).item() < losses[-1], "the head that came in is trained"


def test_the_students_parts_are_called_and_train_the_encoder(encoder):
    pictures = torch.randint(0, 256, (24, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    calls, before = [], [w.clone() for w in encoder.parameters()]

    def sampler(labels, n, generator):
        calls.append(n)
        return torch.arange(n)

    train = lesson05.one_epoch(encoder, lambda images, generator: images.float() / 255, sampler, batch_size=8)
    train(nn.Linear(encoder.feature_dim, 3), pictures, torch.arange(24) % 3)
    assert calls == [24] and any(not torch.equal(a, b) for a, b in zip(before, encoder.parameters(), strict=True))

    def step(x, centroids):
        calls.append("step")
        return torch.cdist(x, centroids).argmin(dim=1), centroids

    def refill(x, centroids, assignments):
        calls.append("refill")
        return centroids, assignments

    clusters = lesson05.cluster_with(POINTS, 3, step, refill, steps=2)
    assert calls[1:] == ["step", "refill"] * 2 and len(clusters) == len(POINTS) and clusters.max() == 2


def test_rounds_are_compared_with_the_classes_and_the_round_before():
    labels, one = torch.tensor([0, 0, 1, 1, -1]), torch.tensor([3, 3, 5, 5, 5])
    rows = lesson05.by_round([one, torch.tensor([1, 0, 1, 0, 1])], labels)
    assert rows["round 1"] == {"with the classes": pytest.approx(1), "with the last clusters": None}
    assert rows["round 2"]["with the classes"] == pytest.approx(0, abs=1e-9)
    assert rows["round 2"]["with the last clusters"] < 0.1


def test_seeds_say_what_they_can_tell():
    rows = lesson05.beside_the_best({10: [0.5, 0.51, 0.52], 100: [0.90, 0.91, 0.89], 1000: [0.91, 0.905, 0.90]})
    assert [row["the seeds say"] for row in rows.values()] == ["below it", "cannot be told from it", "the highest mean"]
    assert list(rows) == ["k = 10", "k = 100", "k = 1,000"] and rows["k = 10"]["minus the highest"] < -0.3
    high, low, wide = [0.90, 0.91, 0.92], [0.5, 0.51, 0.52], [0.2, 0.9, 0.6]
    rows = lesson05.differences({"up": (high, low), "down": (low, high), "none": (wide, low)})
    assert [row["the seeds say"] for row in rows.values()] == ["better", "worse", "no clear effect"]
    assert rows["up"]["difference"] == pytest.approx(0.4) and 0 < rows["up"]["±"] < 0.1


def test_agreement_is_the_mean_share_of_a_units_most_frequent_class(encoder):
    pictures = torch.randint(0, 256, (40, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(40) % 4
    images = ImageSet("fake", pictures, labels, tuple("abcd"))
    layer = list(evaluation.convolutions(encoder).values())[-1]
    _, index = evaluation.most_exciting(encoder, layer, pictures, 5)
    right = np.mean([np.bincount(labels[row]).max() / 5 for row in index])
    assert lesson05.agreement(encoder, images, 5) == pytest.approx(right)
    assert 0.25 < lesson05.agreement_by_luck(images, 5) < 0.6
    assert lesson05.agreement_by_luck(replace(images, labels=torch.zeros(40, dtype=torch.int64))) == 1


def test_the_kmeans_timed_is_of_as_many_clusters_as_there_can_be():
    timed = lesson05.seconds_of_a_step(POINTS, (3, 3, 1000), steps=1)
    assert list(timed) == [3, len(POINTS)] and all(seconds > 0 for seconds in timed.values())


def test_recorded_probes_have_a_row_for_each_method_of_the_lesson():
    for data in ("MNIST", "CIFAR-10"):
        rows = lesson05.recorded_probes(data)
        assert list(rows) == ["raw pixels", "random weights", "DeepCluster", "supervised"]
        assert min(rows["DeepCluster"]) > max(rows["random weights"]), "as the lesson says"


def test_a_point_keeps_its_colour_through_the_stages():
    stages = lesson05.whitening(draw(50, 6) @ draw(6, 6, seed=1) + 3)
    assert list(stages) == ["two features", "PCA", "whitened", "length 1"]
    np.testing.assert_allclose(stages["PCA"].mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(stages["whitened"].std(axis=0, ddof=1), 1, rtol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(stages["length 1"], axis=1), 1, rtol=1e-5)
    panels = figures.whitening_stages(stages).axes
    first, last = (panels[i].collections[0].get_array() for i in (0, 3))
    np.testing.assert_array_equal(first, last)
    order = np.argsort(np.arctan2(*(stages["length 1"] - stages["length 1"].mean(axis=0)).T))
    assert (np.diff(np.asarray(last)[order]) >= 0).all()
