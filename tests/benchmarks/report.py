"""`make bench`: aimsssl beside lightly, faiss and scikit-learn, in one run on one machine, as a table and in a file.

README.md beside this file says what is compared and how.
"""

import argparse
import json
import os
import time
from pathlib import Path

import bench_accuracy
import bench_evaluation
import bench_kmeans
import bench_parts
import bench_simclr
import limit
from common import HAS_LIGHTLY, machine, told, versions

from aimsssl.datasets import load

RESULT = Path(__file__).parents[2] / "data" / "recorded_runs" / "benchmarks" / "result.json"

STEMS, ROUNDS = tuple(bench_simclr.SETTINGS), 5


def measure(
    data: str = "shapes", quick: bool = False, peer: bool = HAS_LIGHTLY, tell=print, stems: tuple[str, ...] = STEMS
) -> dict:
    """Everything, one part after the other. `quick`: tiny models and single rounds, to see that it runs."""
    began = time.perf_counter()
    settings = bench_simclr.QUICK if quick else bench_simclr.SETTINGS
    images = load(data, limit=(2 if quick else 40) * bench_simclr.BATCH)
    result = {"data": told(data), "quick": quick, "machine": machine(), "versions": versions()}
    if hasattr(os, "getloadavg"):
        result["machine"]["load_before"] = round(os.getloadavg()[0], 2)  # near 0, or the times mean little

    result["training"], result["memory_mib"] = {}, {}
    for name in stems:
        trained = result["training"][name] = bench_simclr.throughput(images, settings[name], peer, tell)
        if name == "small" or not quick:
            workers = trained["lightly_workers"]["taken"] if peer else None
            result["memory_mib"][name] = bench_simclr.memory(name, workers, data, quick)
    tell("the parts alone")
    result |= parts(quick, peer)
    result["augmentation"] = bench_parts.augmentation(images, peer, 1 if quick else ROUNDS)
    result["large_nt_xent"] = bench_parts.large_loss(4096 if quick else 65_536)
    many = load(data, limit=10 * bench_simclr.BATCH if quick else None)
    tell("what the same time teaches")
    seconds = 1 if quick else bench_accuracy.SECONDS
    workers = trained["lightly_workers"]["taken"] if peer else None  # of the last stem, which is `small` by default
    result["accuracy"] = bench_accuracy.measure(many, settings["small"], workers, seconds)
    result["limit"] = limit.measure(result, quick)
    result["minutes"] = round((time.perf_counter() - began) / 60, 2)
    result["aims"] = [] if quick else aims(result)
    return result


def parts(quick: bool, peer: bool) -> dict:
    """What is compared beside training, in this process."""
    rounds, least = (1, 0.0) if quick else (ROUNDS, 0.3)
    views = (256,) if quick else (256, 1024, 4096)
    result = {"nt_xent": {str(n): bench_parts.loss(n, peer, rounds, least) for n in views}}
    result["lars"] = bench_parts.lars(4 if quick else 64, peer, rounds, least)
    for name, sizes in (("kmeans", bench_kmeans.SIZES), ("kmeans_moving", bench_kmeans.MOVING)):
        result[name] = bench_kmeans.measure(quick, peer and bench_kmeans.HAS_FAISS, sizes=sizes)
    return result | {"knn": bench_evaluation.knn(quick), "probe": bench_evaluation.probe(quick)}


def aims(result: dict) -> list[dict]:
    """What was reached of what the project set out for, on two cores; without lightly, what needs no lightly."""
    training, large = result["training"], result["large_nt_xent"]
    rows = []

    def at(most_or_least: str, what: str, unit: str, reached: float, aim: float) -> None:
        met = reached <= aim if most_or_least == "most" else reached >= aim
        rows.append(
            {"what": what, "reached": round(reached, 3), "aim": f"at {most_or_least} {aim:,} {unit}", "met": met}
        )

    for name, aim in (("cifar", 2.5), ("imagenet", 1.6)):
        if "ours_over_lightly" in training.get(name, {}):
            at("least", f"SimCLR, stem {name}", "times lightly", training[name]["ours_over_lightly"]["median"], aim)
    knn_of = {name: side["knn"] for name, side in result["accuracy"]["sides"].items()}
    if "lightly" in knn_of:
        times = knn_of["ours"] / knn_of["lightly"]
        at("least", f"kNN after {result['accuracy']['seconds']} s of training", "times lightly's", times, 1)
    if "small" in training:
        at("least", "SimCLR, stem small", "images/s", training["small"]["images_per_second"]["ours"]["median"], 1800)
    full, chunked = (result["nt_xent"]["4096"]["milliseconds"][side]["median"] for side in ("ours", "ours_chunked"))
    at("most", "NT-Xent in chunks, 4,096 views", "times the full loss", chunked / full, 1.6)
    at("most", f"NT-Xent in chunks, {large['views']:,} views", "GiB", large["peak_mib"] / 1024, 4)
    for lloyd in (result["kmeans"], result["kmeans_moving"]):
        what = f"k-means, {lloyd['clusters']:,} clusters"
        for side in ("faiss", "scikit_learn"):
            if f"ours_over_{side}" in lloyd:
                at("most", what, f"times {side.replace('_', '-')}'s time", lloyd[f"ours_over_{side}"]["median"], 1)
        others = [value for side, value in lloyd["inertia"].items() if side != "ours"]
        at("most", what, "times the others' inertia", lloyd["inertia"]["ours"] / min(others), 1.01)
    knn, probe = result["knn"], result["probe"]
    at("most", "kNN, 10,000 queries, 50,000 keys", "s", knn["seconds"]["ours"]["median"], 15)
    at(
        "most",
        "kNN, 10,000 queries, 50,000 keys",
        "GiB beside imports and data",
        knn["memory_mib"]["ours"]["extra"] / 1024,
        2,
    )
    at("least", "kNN", "of the answers of scikit-learn", knn["agreement"], 1)
    at("most", "linear probe", "times scikit-learn's time", probe["ours_over_scikit_learn"]["median"], 1)
    loss = probe["accuracy"]["scikit_learn"] - probe["accuracy"]["ours"]
    at("most", "linear probe", "below scikit-learn's accuracy", loss, 0.005)
    return rows


def table(result: dict) -> str:
    """The result in Markdown."""
    on = result["machine"]
    text = [
        f"{on['cpu']} ({on['instructions']}), {on['threads']} threads; data {result['data']}; "
        + ", ".join(f"{name} {number}" for name, number in result["versions"].items())
        + f"; {result['minutes']:.1f} min",
        "",
    ]
    sides = ("ours", "ours_float32", "lightly", "lightly_tuned")
    rows = [["SimCLR, images/s", *sides, "ours ÷ lightly", "ours_float32 ÷ lightly"]]
    for name, trained in result["training"].items():
        rates = [trained["images_per_second"].get(side) for side in sides]
        gains = [_spread(trained.get(f"{side}_over_lightly")) for side in sides[:2]]
        rows.append([f"{name}, width {trained['width']}", *(f"{r['median']:,.0f}" if r else "" for r in rates), *gains])
    text += [*_markdown(rows), ""]

    rows = [["peak memory, MiB", "ours", "of it imports, data", "lightly", "of it imports, data", "of it workers"]]
    for name, peak in result["memory_mib"].items():
        cells = [peak["ours"][key] for key in ("total", "imports_and_data")]
        cells += [peak.get("lightly", {}).get(key, "") for key in ("total", "imports_and_data", "workers")]
        rows.append([name, *map(str, cells)])
    text += [*_markdown(rows), ""]

    parts = {f"NT-Xent, {int(views):,} views": part for views, part in result["nt_xent"].items()}
    parts |= {"LARS step, ResNet-18": result["lars"], "augmentation, 128 pairs, 1 thread": result["augmentation"]}
    rows = [["milliseconds", "ours", "ours in chunks", "lightly", "times as fast"]]
    for name, part in parts.items():
        times = [part["milliseconds"].get(side) for side in ("ours", "ours_chunked", "lightly")]
        rows.append([name, *(f"{t['median']:.4g}" if t else "" for t in times), _spread(part.get("ours_over_lightly"))])
    text += [*_markdown(rows), ""]

    if "accuracy" in result:
        text += [*_markdown(_accuracy_rows(result["accuracy"])), ""]
    for name in ("kmeans", "kmeans_moving"):
        if name in result:  # a stored result may be older
            text += [*_markdown(_kmeans_rows(result[name])), ""]
    if "knn" in result:
        text += [*_markdown(_evaluation_rows(result["knn"], result["probe"])), ""]

    if "limit" in result:
        text += [*_markdown(_limit_rows(result["limit"])), ""]

    rows = [["aim", "", "reached", ""]]
    for row in result["aims"]:
        rows.append([row["what"], row["aim"], f"{row['reached']:,}", "met" if row["met"] else "MISSED"])
    text += _markdown(rows) if result["aims"] else ["quick: these times mean nothing"]
    workers = [f"{n} {t['lightly_workers']['taken']}" for n, t in result["training"].items() if "lightly_workers" in t]
    if workers:
        text += ["", f"lightly's workers, the fastest of 0, 1 and 2: {', '.join(workers)}"]
    return "\n".join(text)


def _accuracy_rows(result: dict) -> list[list[str]]:
    what = f"after {result['seconds']} s, stem small: kNN of {result['queries']:,} held-out images"
    rows = [[f"{what}, {result['keys']:,} keys", "kNN", "seconds taken"]]
    for side, found in result["sides"].items():
        rows.append([side.replace("_", " "), f"{found['knn']:.3f}", f"{found['seconds']:.0f}"])
    return rows


def _kmeans_rows(result: dict) -> list[list[str]]:
    sizes = f"{result['points']:,} points, {result['dimensions']} dimensions, {result['clusters']:,} clusters"
    rows = [[f"k-means: {sizes}, {result['iterations']} iterations", "seconds", "inertia", "ours ÷ its time"]]
    for side, times in result["seconds"].items():
        ratio = _spread(result.get(f"ours_over_{side}"))
        rows.append([side.replace("_", "-"), f"{times['median']:.3g}", f"{result['inertia'][side]:,.0f}", ratio])
    return rows


def _evaluation_rows(knn: dict, probe: dict) -> list[list[str]]:
    rows = [["evaluation", "seconds", "extra memory, MiB", "same answers, accuracy", "ours ÷ its time"]]
    for side, times in knn["seconds"].items():
        name = f"kNN, {knn['queries']:,} queries, {knn['keys']:,} keys, {knn['dimensions']} dimensions: "
        ratio = _spread(knn["ours_over_scikit_learn"]) if side != "ours" else ""
        extra, seconds = knn["memory_mib"][side]["extra"], f"{times['median']:.3g}"
        rows.append([name + side.replace("_", "-"), seconds, f"{extra:,}", f"{knn['agreement']:.4f}", ratio])
    for side, times in probe["seconds"].items():
        name = f"probe, {probe['train']:,} labels, {probe['dimensions']} dimensions: {side.replace('_', '-')}"
        ratio = _spread(probe["ours_over_scikit_learn"]) if side != "ours" else ""
        rows.append([name, f"{times['median']:.3g}", "", f"{probe['accuracy'][side]:.3f}", ratio])
    return rows


def _limit_rows(limit: dict) -> list[list[str]]:
    """Each side's share of the rate of a large matrix product."""
    sides = list(dict.fromkeys(side for shares in limit["share"].values() for side in shares))
    rates = ", ".join(f"{rate:,.0f} GFLOP/s in {precision}" for precision, rate in limit["gflops"].items())
    rows = [[f"share of a matrix product ({rates})", *(side.replace("_", " ") for side in sides)]]
    for what, shares in limit["share"].items():
        rows.append([what, *(f"{shares[side]:.0%}" if side in shares else "" for side in sides)])
    return rows


def _spread(values: dict | None) -> str:
    """The median and, in brackets, the worst and the best round."""
    return f"{values['median']:.2f} ({min(values['rounds']):.2f} to {max(values['rounds']):.2f})" if values else ""


def _markdown(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return [f"| {line} |" for line in (lines[0], " | ".join("-" * width for width in widths), *lines[1:])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="shapes", help="what aimsssl.datasets.load accepts (default: shapes)")
    parser.add_argument("--quick", action="store_true", help="tiny models, to see that it runs; times mean nothing")
    parser.add_argument("--stems", nargs="+", choices=STEMS, default=STEMS, help="which encoders are trained; all")
    parser.add_argument("--no-peer", action="store_true", help="our side only")
    parser.add_argument("--show", action="store_true", help="print the stored result, measure nothing")
    parser.add_argument(
        "--out", type=Path, help="file for the result; without it, only a full run with lightly is kept"
    )
    options = parser.parse_args()
    if options.show:
        print(table(json.loads((options.out or RESULT).read_text(encoding="utf-8"))))
        return
    peer = HAS_LIGHTLY and not options.no_peer
    if not (peer or options.no_peer):
        print("lightly is not installed (`make bench` does that): only our side is measured")
    result = measure(options.data, options.quick, peer, stems=tuple(options.stems))
    print("\n" + table(result))
    out = options.out or (RESULT if peer and not options.quick and set(options.stems) == set(STEMS) else None)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        print(f"\nwritten to {out}")


if __name__ == "__main__":
    main()
