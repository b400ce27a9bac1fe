"""What lessons 06 and 07 have in the package: methods trained once for both, every measure, the recorded table."""

import itertools

import numpy as np
import pytest
import torch

from aimsssl import datasets, evaluation, explorers, models, training
from aimsssl.explorers import lesson06, lesson07, methods


@pytest.fixture(scope="module")
def bank() -> datasets.ImageSet:
    return datasets.load("shapes", "train", limit=30)


# ---- methods trained once


@pytest.fixture(scope="module")
def runs(bank, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("lessons"))
        yield methods.trained_methods(bank, "shapes", "06")


def test_every_method_is_trained_in_a_folder_of_its_lesson(runs):
    assert list(runs) == list(training.METHODS)
    assert {run.path.name for run in runs.values()} == {f"06_{name.lower()}_ci_shapes" for name in training.METHODS}
    assert all(run.epochs_done == run.config["epochs"] >= 1 for run in runs.values())


def test_a_later_lesson_reads_what_the_first_has_finished_and_trains_what_it_has_not(runs, bank):
    again = methods.trained_methods(bank, "shapes", "07")
    assert [run.path for run in again.values()] == [run.path for run in runs.values()]
    images = bank.images[:4]
    for name, run in runs.items():
        torch.testing.assert_close(*(models.extract(r.model.encoder, images) for r in (run, again[name])))
    (runs["supervised"].path / "history.csv").parent.rename("runs/elsewhere")
    other = methods.trained_methods(bank, "shapes", "07")
    assert all(run.path.name.startswith("07_") for run in other.values()), "all of its own, where one is missing"


def test_encoders_are_the_trained_ones_and_both_networks_before_training(runs, bank):
    encoders = methods.encoders_of(runs)
    assert list(encoders) == ["random weights", "random convnet", *training.METHODS]
    h = methods.features_of(encoders, bank.images[:5])
    assert list(h) == ["raw pixels", *encoders] and h["raw pixels"].shape == (5, 3072)
    assert h["random convnet"].shape == h["DeepCluster"].shape != h["SimCLR"].shape == h["random weights"].shape
    assert not torch.equal(h["random convnet"], h["DeepCluster"])


def test_grey_images_are_coloured_for_the_encoders_alone(runs):
    grey = torch.randint(256, (3, 1, 32, 32), dtype=torch.uint8)
    h = methods.features_of(methods.encoders_of(runs), grey, channels=3)
    assert h["raw pixels"].shape == (3, 1024) and h["SimCLR"].shape[0] == 3


# ---- lesson 06: settings and measures


def test_batch_norm_of_its_own_batch_depends_on_the_company_and_measured_statistics_do_not():
    torch.manual_seed(0)
    encoder = models.resnet18("small", 4).eval()
    images = torch.randint(256, (40, 3, 32, 32), dtype=torch.uint8)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    measured = lesson06.with_statistics_of(encoder, images, size=20)
    assert not measured.training and not torch.equal(measured.bn1.running_mean, encoder.bn1.running_mean)
    first = measured.bn1.running_mean
    torch.testing.assert_close(first, encoder.conv1(images.float() / 255).mean(dim=(0, 2, 3)), atol=1e-5, rtol=1e-4)
    pairs = [torch.cat([images[:1], company]) for company in (images[1:20], images[20:39])]
    own, shared = ([h_of(pair)[0] for pair in pairs] for h_of in (
        lambda x: models.extract(measured, x), lambda x: lesson06.in_company(encoder, x, size=20)
    ))  # fmt: skip
    torch.testing.assert_close(*own, atol=1e-4, rtol=1e-3)
    assert (shared[0] - shared[1]).norm() > 0.01 * shared[0].norm()
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items()), "left as it was"


def test_a_weak_penalty_knows_its_own_labels_by_heart():
    torch.manual_seed(0)
    x, labels = torch.randn(60, 30), torch.arange(60) % 3  # nothing is in it
    found = lesson06.scores_by_penalty(x[:30], labels[:30], x[30:], labels[30:], [1e-4, 1e4])
    assert found["its own labels"][1e4] == 1.0 > 0.8 > found["validation"][1e4]
    assert set(found["validation"]) == {1e-4, 1e4}


def test_random_groups_gain_purity_and_nmi_with_their_number_and_no_ari():
    torch.manual_seed(0)
    labels = torch.arange(200) % 4
    h = torch.randn(200, 8) + 6 * torch.nn.functional.one_hot(labels, 8)
    panels = lesson06.scores_by_number_of_groups(h, labels, [4, 100], "h")
    luck, found = panels["random groups"], panels["k-means on h"]
    assert luck["purity"][100] > 0.5 > 0.4 > luck["purity"][4] and luck["NMI"][100] > 0.2 > 0.1 > luck["NMI"][4]
    assert max(map(abs, luck["ARI"].values())) < 0.05 and found["ARI"][4] > 0.9 and found["purity"][4] > 0.9


def test_all_measures_agree_with_the_functions_they_come_from():
    torch.manual_seed(0)
    labels = torch.arange(80) % 4
    h = torch.randn(80, 6) + 2 * torch.nn.functional.one_hot(labels, 6)
    pair = h[:60], labels[:60], h[60:], labels[60:]
    found = lesson06.all_measures(*pair, torch.arange(40))
    assert found["kNN"] == evaluation.knn_accuracy(*pair)
    assert found["linear\nprobe"] == evaluation.linear_probe(h[:40], labels[:40], *pair[2:]).accuracy
    assert found["effective\nrank"] == evaluation.effective_rank(h[60:])
    assert found["recall@1"] == evaluation.retrieval(*pair).recall[1]


def test_agreement_is_one_for_the_same_order_and_minus_one_for_the_reverse():
    measures = {"a": {"kNN": 0.1, "linear\nprobe": 1, "rank": 9}, "b": {"kNN": 0.3, "linear\nprobe": 2, "rank": 5},
                "c": {"kNN": 0.9, "linear\nprobe": 7, "rank": 2}}  # fmt: skip
    rows = lesson06.agreements(measures)
    assert rows["here"] == {"kNN": pytest.approx(1), "rank": pytest.approx(-1)}
    assert list(rows) == ["here", "record, shapes", "record, MNIST", "record, CIFAR-10"]
    assert all(len(row) == 6 and row["kNN"] > 0.7 for name, row in rows.items() if name != "here")


# ---- lesson 06: maps


def test_clouds_are_as_wide_and_as_far_as_the_lesson_says():
    found = lesson06.clouds(240)
    as_maps = {name: {"the same": points.numpy()} for name, (points, _, _) in found.items()}
    rows = lesson06.sizes_and_gaps(found, as_maps)
    assert rows["in truth"] == pytest.approx({"wide : narrow": 10, "far : near": 11}, rel=0.1)
    assert rows["the same"] == pytest.approx(rows["in truth"])
    assert all(len(points) == len(groups) == 240 for points, groups, _ in found.values())


def test_the_same_map_is_stable_and_a_shuffled_one_is_not():
    torch.manual_seed(0)
    h = torch.randn(60, 2)
    rows = lesson06.stability({"one": h.numpy(), "same": h.numpy(), "other": torch.randn(60, 2).numpy()}, h)
    near = "of the ten nearest, the same"
    assert rows["one and same"] == {"correlation of places": pytest.approx(1), near: 1.0}
    assert rows["one and other"][near] < 0.4 and rows["one and h"] == {"correlation of places": None, near: 1.0}
    assert len(rows) == 4


def test_what_groups_are_about_is_named_first():
    images = datasets.load("shapes", "train", limit=200)
    rows = lesson06.what_is_known(images.factors["lighter"].long(), images)
    assert next(iter(rows)) == "lighter" and rows["lighter"]["NMI"] == pytest.approx(1)
    assert rows["class"]["NMI"] < 0.1 and len(rows) == 1 + len(images.factors)


# ---- lesson 07: the recorded table


@pytest.fixture(scope="module")
def record() -> dict:
    return lesson07.table_of_methods()


def paired(a, b) -> tuple[float, float]:
    found = evaluation.seed_interval((a - b).double())
    return found.value, found.high - found.value


def test_gains_over_own_random_weights_are_those_of_the_record(record):
    found = lesson07.gains(record, paired)
    assert found["rotation − random weights"]["shapes"].startswith("+0.68 ± ")
    assert found["rotation − random weights"]["MNIST"].endswith(" ?")
    assert found["SimCLR − random weights"]["CIFAR-10"].startswith("+0.19 ± ")
    assert found["DeepCluster − random convnet"]["shapes"].startswith("+0.30 ± ")
    assert list(found)[-1].startswith("supervised") and "raw pixels" not in str(found)


def test_what_the_lesson_says_of_the_table_is_so(record):
    """Sentences of lesson 07 that a new record could make wrong."""
    for entry in record["data"].values():
        rows = {row: np.mean(values["probe"]) for row, values in entry["rows"].items()}
        best = max((row for row in rows if row != "supervised"), key=rows.get)
        assert best in ("DeepCluster", lesson07.CONVNET)
    unlabelled = [row for row in lesson07.trained_rows(record) if row != "supervised"]
    best = {}
    for data, entry in record["data"].items():
        rows = {row: np.mean(values["probe"]) for row, values in entry["rows"].items()}
        best[data] = max(unlabelled, key=lambda row: rows[row] - rows[lesson07.START.get(row, "random weights")])
    assert best == {"shapes": "rotation", "mnist": "SimCLR", "cifar10": "SimCLR"}
    assert max(record["data"], key=lambda data: record["data"][data]["rows"]["random weights"]["probe_mean"]) == "mnist"


def test_what_the_lesson_says_of_transfer_is_so(record):
    found = lesson07.best_of_transfer(record)
    best = [row["best"] for row in found.values()]
    assert len(best) == 9 and set(best) == {"random convnet", "DeepCluster", lesson07.CONVNET}
    assert best.count(lesson07.CONVNET) == 7
    assert sum(row["minus the best baseline"] < 0.01 for row in found.values()) == 4


def test_no_interval_of_transfer_goes_beyond_one(record):
    ends = [i for rows in lesson07.transfer_panels(record).values() for i in rows.values()]
    assert all(0 <= low <= value <= high <= 1 for value, low, high in ends) and any(high == 1 for _, _, high in ends)


def test_wrong_orders_are_those_that_loops_count(record):
    for data, entry in record["data"].items():
        rows, wrong = {row: entry["rows"][row]["probe"] for row in lesson07.trained_rows(record)}, {}
        for a, b in itertools.combinations(rows, 2):
            lower, higher = sorted((a, b), key=lambda row: np.mean(rows[row]))
            pairs = [one < other for one in rows[higher] for other in rows[lower]]
            wrong[f"{lower} before {higher}"] = sum(pairs) / len(pairs)
        found = lesson07.wrong_orders(record)[lesson07.NAMES[data]]
        assert found["pairs"] == len(wrong) and found["can come out wrong"] == sum(x > 0 for x in wrong.values())
        worst = max(wrong, key=wrong.get)
        assert found["most often wrong"] == (f"{worst}, {wrong[worst]:.0%}" if wrong[worst] else None)


def test_simclr_on_the_convnet_stands_in_the_table_and_three_seeds_cannot_tell_it_from_deepcluster(record):
    for entry in record["data"].values():
        names = list(entry["rows"])
        assert names.index("SimCLR convnet") == names.index("SimCLR") + 1
        assert names.index("random SimCLR convnet") == names.index("random convnet") + 1
    (row,) = lesson07.same_network(record, paired).values()
    for data, entry in record["data"].items():
        one, other = (np.array(entry["rows"][name]["probe"]) for name in (lesson07.CONVNET, "DeepCluster"))
        assert row[lesson07.NAMES[data]].startswith(f"{(one - other).mean():+.3f} ± ")
    assert all(text.endswith(" ?") for text in row.values()), "lesson 07 says that they are level on all three"
    assert lesson07.CONVNET not in lesson07.minutes(record), "another machine recorded it"


def test_entries_built_anew_stand_beside_their_bars():
    rows = lesson07.rebuilt_entries()
    assert len(rows) == 20
    for row in rows.values():
        assert (row["within"] == "yes") == (row["bar from"] <= row["anew"] <= row["to"])


# ---- lesson 07: labels, and a paper's table


def test_a_start_is_worth_most_where_labels_are_few():
    rows = lesson07.worth_of_a_start(explorers.recorded("label_efficiency"))
    gains = {name: float(row["gain"]) for name, row in rows.items()}
    for row in rows.values():
        assert float(row["gain"]) == pytest.approx(row["fine-tuned from SimCLR"] - row["from scratch"], abs=6e-4)
    assert (
        gains["shapes, 100 labels"] > 0.4 > 0.1 > gains["shapes, 1,000 labels"] > 0.01 > gains["shapes, 10,000 labels"]
    )
    assert gains["CIFAR-10, 500 labels"] > gains["CIFAR-10, 50,000 labels"] > 0.02


def test_the_papers_table_has_its_stars_daggers_and_dashes():
    voc = explorers.quoted("voc_table")
    rows = lesson07.in_words(voc)
    assert len(rows) == 15 and sum(name.endswith(" *") for name in rows) == (voc["starred"] == "yes").sum()
    text = str(list(rows.values()))
    assert text.count("†") == sum(len(str(x).split()) for x in voc["daggered"].dropna()) > 4
    assert rows["Zhang et al. [71] *"]["detection, last layers"] == "43.4 †"
    assert rows["DeepCluster"]["classification, all layers"] == "73.7"
    assert text.count("'–'") == voc[list(lesson07.TASKS)].isna().sum().sum()
    by_idea = lesson07.by_idea(voc, "classification_fc6_8", "classification_all")
    assert len(by_idea) == 15 and list(by_idea.values())[-1] == [78.9, 79.9] and by_idea["jigsaw"] == [None, 67.6]
