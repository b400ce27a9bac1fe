"""The benchmarks run and say what they should; how fast anything is, is not tested here."""

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

FOLDER = Path(__file__).parent / "benchmarks"


@pytest.fixture
def bench(monkeypatch):
    """The folder's modules, which import one another by bare name, as when `report.py` is run."""
    monkeypatch.syspath_prepend(str(FOLDER))
    import bench_accuracy
    import bench_evaluation
    import bench_kmeans
    import bench_simclr
    import bench_ways
    import common
    import limit
    import report

    yield {
        "simclr": bench_simclr,
        "accuracy": bench_accuracy,
        "evaluation": bench_evaluation,
        "kmeans": bench_kmeans,
        "ways": bench_ways,
        "common": common,
        "limit": limit,
        "report": report,
    }
    for file in FOLDER.glob("*.py"):
        sys.modules.pop(file.stem, None)


def numbers(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [x for item in value for x in numbers(item)]
    return [value] if isinstance(value, (int, float)) and not isinstance(value, bool) else []


def test_our_side_is_measured_without_a_peer(bench):
    result = json.loads(json.dumps(bench["report"].measure(quick=True, peer=False, tell=lambda line: None)))
    assert set(result["training"]) == {"cifar", "imagenet", "small"}
    for trained in result["training"].values():
        assert set(trained["images_per_second"]) == {"ours", "ours_float32"}
    for part in [*result["nt_xent"].values(), result["lars"], result["augmentation"]]:
        assert part["milliseconds"]["ours"]["median"] > 0
    parts = ("training", "memory_mib", "nt_xent", "lars", "augmentation", "large_nt_xent")
    parts += ("kmeans", "kmeans_moving", "knn", "probe")
    measured = [result[key] for key in parts]
    assert all(number >= 0 for number in numbers(measured))
    peak = result["memory_mib"]["small"]["ours"]
    assert 0 < peak["imports_and_data"] <= peak["total"]
    assert result["large_nt_xent"]["views"] == 4096
    assert {"cpu", "threads"} <= set(result["machine"]) and {"torch", "python"} <= set(result["versions"])
    assert result["aims"] == [], "a quick run has no say about the aims"
    assert all(0 < share for sides in result["limit"]["share"].values() for share in sides.values())
    table = bench["report"].table(result)
    assert "share of a matrix product" in table and "| SimCLR, stem cifar" in table
    assert set(result["accuracy"]["sides"]) == {"ours", "ours_as_shipped", "untrained"}
    assert "kNN of 128 held-out images, 1,152 keys" in table
    assert "NT-Xent, 256 views" in table and "k-means: 600 points" in table and "kNN, 50 queries" in table


def test_the_same_time_is_filled_and_the_images_asked_for_are_not_trained_on(bench, monkeypatch):
    accuracy, trained = bench["accuracy"], []
    train_simclr = accuracy.train_simclr
    monkeypatch.setattr(accuracy, "images_per_second", lambda images, setting, config: 100.0)

    def watched(images, config, progress):
        trained.append((images, config.epochs))
        return train_simclr(images[:256], replace(config, epochs=1), progress=progress)

    monkeypatch.setattr(accuracy, "train_simclr", watched)
    images = bench["simclr"].load("shapes", limit=1000)
    images = images[images.labels.argsort()]  # as a folder has them, class by class
    result = accuracy.measure(images, bench["simclr"].QUICK["small"], None, seconds=20)
    assert (result["keys"], result["queries"]) == (900, 100)
    _, held_out = images.split(100, seed=0)
    asked = {image.numpy().tobytes() for image in held_out.images}
    for used, epochs in trained:
        assert epochs == 3 and len(used) == 666, "2,000 images in 20 s: three epochs of as many as fit"
        counts = used.labels.bincount(minlength=len(images.classes))
        assert counts.max() - counts.min() <= 1, "as many of each class"
        assert not asked & {image.numpy().tobytes() for image in used.images}
    assert result["sides"]["untrained"]["seconds"] == 0 < result["sides"]["untrained"]["knn"]


@pytest.mark.parametrize("peer", [False, True])
def test_kmeans_of_all_sides_ends_at_one_inertia(bench, peer):
    if peer and not bench["kmeans"].HAS_FAISS:
        pytest.skip("faiss comes with make bench")
    result = bench["kmeans"].measure(quick=True, peer=peer)
    assert set(result["inertia"]) == set(result["seconds"]) == {"ours", "scikit_learn", *["faiss"] * peer}
    assert max(result["inertia"].values()) == pytest.approx(min(result["inertia"].values()), rel=1e-4)
    ours, theirs = (result["seconds"][side]["rounds"][0] for side in ("ours", "scikit_learn"))
    assert result["ours_over_scikit_learn"]["rounds"][0] == pytest.approx(ours / theirs, rel=0.01)


def test_a_way_is_measured_as_its_name_says(bench):
    found = bench["common"].in_own_process(
        "bench_ways.py", "--here", "one core", "--quick", **bench["ways"].WAYS["one core"]
    )
    assert found["machine"]["threads"] == 1 and (found["machine"]["cores"] == 1 or sys.platform != "linux")
    assert set(found) >= {"training", "nt_xent", "lars", "kmeans", "kmeans_moving", "knn", "probe", "limit"}
    assert set(found["training"]) == {"cifar", "imagenet", "small"}


def test_knn_and_the_probe_answer_as_scikit_learn_does(bench):
    knn, probe = bench["evaluation"].knn(quick=True), bench["evaluation"].probe(quick=True)
    assert knn["agreement"] == 1 and set(knn["memory_mib"]) == {"ours", "scikit_learn"}
    assert 0.3 < probe["accuracy"]["scikit_learn"] < 1
    assert probe["accuracy"]["ours"] == pytest.approx(probe["accuracy"]["scikit_learn"], abs=0.03)


def test_operations_are_those_that_loops_count(bench, monkeypatch):
    limit = bench["limit"]
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, padding=1, bias=False), torch.nn.Flatten())
    monkeypatch.setattr(limit, "build_simclr", lambda config, channels: lambda x: (None, model(x)))
    forward = 2 * 8 * 3 * 9 * 32 * 32  # an output's products and sums, its channels, its places
    assert limit.training_operations("small", 16) == 2 * 2 * forward  # the pixels need no gradient; two views
    points, centroids, visits = range(5), range(3), 0
    for _ in range(4 + 1):
        visits += sum(2 * 7 for _ in points for _ in centroids)
    assert limit.kmeans_operations(5, 7, 3, 4, seconds={}) == visits
    assert limit.knn_operations(6, 5, 3, k=2) == sum(2 * 3 for _ in range(6) for _ in range(5))
    z = torch.rand(6, 4, requires_grad=True)
    with torch.utils.flop_counter.FlopCounterMode(display=False) as counter:
        (z @ z.T).logsumexp(dim=1).sum().backward()
    assert limit.nt_xent_operations(6, 4) == counter.get_total_flops()


def test_a_share_is_operations_a_second_over_those_of_a_matrix_product(bench, monkeypatch):
    limit = bench["limit"]
    rates = {"float32": 1.0, "bfloat16": 4.0}
    monkeypatch.setattr(limit, "matrix_rates", lambda quick, used: {precision: rates[precision] for precision in used})
    monkeypatch.setattr(limit, "faster_precision", lambda width: "bfloat16")
    monkeypatch.setattr(limit, "training_operations", lambda stem, width: 1e6)
    trained = {"ours": 1000.0, "ours_float32": 500.0, "lightly": 250.0, "lightly_tuned": 800.0}
    found = {
        "training": {"small": {"stem": "small", "width": 16,
                               "images_per_second": {side: {"median": rate} for side, rate in trained.items()}}},
        "nt_xent": {"1000": {"milliseconds": {"ours": {"median": 1536.0}}}},
        "kmeans": {"points": 100, "dimensions": 10, "clusters": 1000, "iterations": 4,
                   "seconds": {"ours": {"median": 1e-1}}},
        "kmeans_moving": {"points": 100, "dimensions": 10, "clusters": 10, "iterations": 4,
                          "seconds": {"scikit_learn": {"median": 2e-3}}},
        "knn": {"queries": 100, "keys": 100, "dimensions": 10, "seconds": {"scikit_learn": {"median": 4e-4}}},
    }  # fmt: skip
    assert limit.measure(found)["share"] == {
        "SimCLR, stem small": {"ours": 0.25, "ours_float32": 0.5, "lightly": 0.25, "lightly_tuned": 0.2},
        "NT-Xent, 1,000 views": {"ours": 0.5},
        "k-means, 1,000 clusters": {"ours": 0.1},
        "k-means, 10 clusters": {"scikit_learn": 0.05},
        "kNN": {"scikit_learn": 0.5},
    }


@pytest.mark.parametrize("faster,used", [("float32", ["float32"]), ("bfloat16", ["float32", "bfloat16"])])
def test_the_rate_of_bfloat16_is_asked_for_only_where_it_is_used(bench, monkeypatch, faster, used):
    """Where a processor has no instruction for it, a large product takes minutes."""
    asked = []
    monkeypatch.setattr(bench["limit"], "faster_precision", lambda width: faster)
    monkeypatch.setattr(bench["limit"], "matrix_rates", lambda quick, precisions: asked.extend(precisions) or {})
    trained = {"small": {"width": 16, "stem": "small", "images_per_second": {}}}
    parts = dict.fromkeys(("kmeans", "kmeans_moving", "knn"), {"clusters": 10, "seconds": {}})
    bench["limit"].measure({"training": trained, "nt_xent": {}} | parts)
    assert asked == used


@pytest.mark.skipif(importlib.util.find_spec("lightly") is None, reason="lightly comes with make bench")
def test_lightly_takes_its_turns(bench):
    setting = bench["simclr"].QUICK["small"]
    images = bench["simclr"].load("shapes", limit=256)
    result = bench["simclr"].throughput(images, setting, peer=True, tell=lambda line: None)
    assert set(result["images_per_second"]) == {"ours", "ours_float32", "lightly", "lightly_tuned"}
    ours, theirs = (result["images_per_second"][side]["rounds"][0] for side in ("ours", "lightly"))
    assert result["ours_over_lightly"]["rounds"][0] == pytest.approx(ours / theirs, rel=0.01)
    assert result["lightly_workers"]["taken"] in (0, 1, 2)
    learned = bench["accuracy"].measure(images, setting, 0, seconds=1)
    assert set(learned["sides"]) == {"ours", "ours_as_shipped", "lightly", "untrained"}


def test_no_place_of_this_machine_is_told(bench, monkeypatch):
    monkeypatch.setenv("AIMSSSL_DATA", "/somewhere/of/mine")
    assert bench["common"].told("folder:/somewhere/of/mine/cifar10/train") == "folder:AIMSSSL_DATA/cifar10/train"
    monkeypatch.delenv("AIMSSSL_DATA")
    assert bench["common"].told("shapes") == "shapes"


def test_sides_take_turns_and_the_order_reverses(bench):
    order = []
    sides = {side: lambda side=side: order.append(side) or len(order) for side in "ab"}
    assert bench["common"].in_turn(sides, 3) == {"a": [1, 4, 5], "b": [2, 3, 6]}
    assert "".join(order) == "abbaab"


def test_aims_are_met_or_missed_by_what_was_measured(bench):
    def result(ratio, rate, chunked, peak, slower, inertia, knn=(15.0, 2048, 1.0), probe=0.6955):
        median = {"median": ratio}
        training = {name: {"ours_over_lightly": median} for name in ("cifar", "imagenet")}
        training["small"] = {"images_per_second": {"ours": {"median": rate}}}
        loss = {"milliseconds": {"ours": {"median": 10.0}, "ours_chunked": {"median": chunked}}}
        lloyd = {
            "inertia": {"ours": inertia, "scikit_learn": 100.0, "faiss": 102.0},
            "ours_over_scikit_learn": {"median": slower},
            "ours_over_faiss": {"median": slower},
        }
        return {
            "training": training,
            "accuracy": {"seconds": 120, "sides": {"ours": {"knn": ratio}, "lightly": {"knn": 2.5}}},
            "nt_xent": {"4096": loss},
            "large_nt_xent": {"views": 65_536, "peak_mib": peak},
            "kmeans": lloyd | {"clusters": 1000},
            "kmeans_moving": lloyd | {"clusters": 100},
            "knn": {
                "seconds": {"ours": {"median": knn[0]}},
                "memory_mib": {"ours": {"extra": knn[1]}},
                "agreement": knn[2],
            },
            "probe": {
                "ours_over_scikit_learn": {"median": slower},
                "accuracy": {"ours": probe, "scikit_learn": 0.7},
            },
        }

    aims = bench["report"].aims
    assert [row["met"] for row in aims(result(2.5, 1800, 16.0, 4096, 1.0, 101.0))] == [True] * 17
    missed = aims(result(2.4, 1799, 16.1, 4097, 1.01, 101.1, (15.1, 2049, 0.9999), 0.69))
    assert [row["met"] for row in missed] == [False, True] + [False] * 15


def test_peak_memory_is_that_of_the_process(bench):
    small, large = (bench["common"].in_own_process("bench_parts.py", views) for views in ("512", "8192"))
    extra = large["peak_mib"] - small["peak_mib"]
    assert extra > 1024 * 8192 * 4 / 2**20, "one block of similarities is 32 MiB"


def test_a_failed_process_is_named(bench):
    with pytest.raises(RuntimeError, match="bench_parts.py seven"):
        bench["common"].in_own_process("bench_parts.py", "seven")
