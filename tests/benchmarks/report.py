"""`make bench`: aimsssl beside lightly, in one run on one machine, as a table and a file of numbers.

README.md beside this file says what is compared and how.
"""

import argparse
import json
import os
import time
from pathlib import Path

import bench_parts
import bench_simclr
from common import HAS_LIGHTLY, machine, versions

from aimsssl.datasets import load

RESULT = Path(__file__).parents[2] / "data" / "recorded_runs" / "benchmarks" / "result.json"
AIMS = {  # at least, on two cores
    "cifar": ("times lightly", 2.5),
    "imagenet": ("times lightly", 1.6),
    "small": ("images/s", 1800),
    "large_loss": ("GiB at most", 4),
    "chunked": ("times the full loss at most", 1.6),
}


def measure(data: str = "shapes", quick: bool = False, peer: bool = HAS_LIGHTLY, tell=print) -> dict:
    """Everything, one part after the other. `quick`: tiny models and single rounds, to see that it runs."""
    began = time.perf_counter()
    settings = bench_simclr.QUICK if quick else bench_simclr.SETTINGS
    rounds, least = (1, 0.0) if quick else (7, 0.3)
    images = load(data, limit=10 * bench_simclr.BATCH if quick else 40 * bench_simclr.BATCH)
    result = {"data": data, "quick": quick, "aims": {name: list(aim) for name, aim in AIMS.items()}}
    result |= {"machine": machine(), "versions": versions()}
    if hasattr(os, "getloadavg"):
        result["machine"]["load_before"] = round(os.getloadavg()[0], 2)
    result["training"] = {name: bench_simclr.throughput(images, s, peer, tell) for name, s in settings.items()}
    result["memory_mib"] = {}
    for name, trained in result["training"].items():
        workers = trained["lightly_workers"]["taken"] if peer else None
        result["memory_mib"][name] = bench_simclr.memory(name, workers, data, quick)
    tell("peak memory: " + ", ".join(f"{k} {v['ours']['total']} MiB" for k, v in result["memory_mib"].items()))
    sizes = (256,) if quick else (256, 1024, 4096)
    result["nt_xent"] = {str(views): bench_parts.loss(views, peer, rounds, least) for views in sizes}
    result["lars"] = bench_parts.lars(4 if quick else 64, peer, rounds, least)
    result["augmentation"] = bench_parts.augmentation(images, peer, 1 if quick else rounds)
    tell("parts: done")
    result["large_nt_xent"] = bench_parts.large_loss(4096 if quick else 65_536)
    result["minutes"] = round((time.perf_counter() - began) / 60, 2)
    return result


def table(result: dict) -> str:
    """The result in Markdown, ratios beside the aims."""
    cpu, rows = result["machine"], []
    for name, trained in result["training"].items():
        rates, peak = trained["images_per_second"], result["memory_mib"][name]
        unit, aim = result["aims"][name]
        peer = "lightly" in rates
        reached = trained["ours_over_lightly"] if peer and unit == "times lightly" else None
        reached = rates["ours"] if unit == "images/s" else reached
        verdict = "–" if reached is None else f"{reached['median']:.4g} of {aim} {unit}: {_verdict(reached['median'] >= aim)}"
        cells = [f"{name}, width {trained['width']}", _round(rates["ours"]), _round(rates["ours_float32"])]
        cells += [_round(rates["lightly"]), _round(rates["lightly_tuned"])] if peer else ["–", "–"]
        cells += [_spread(trained[f"{side}_over_lightly"]) if peer else "–" for side in ("ours", "ours_float32")]
        memory = [f"{peak[side]['total']:,}" if side in peak else "–" for side in ("ours", "lightly")]
        rows.append([*cells, " / ".join(memory), verdict])
    head = ["SimCLR, images/s", "ours", "ours float32", "lightly", "lightly tuned", "ours ÷ lightly"]
    text = [f"{cpu['cpu']}, {cpu['threads']} threads, {result['data']}; {result['minutes']:.1f} min", ""]
    text += _markdown([*head, "float32 ÷ lightly", "peak MiB, ours / lightly", "aim"], rows)

    parts = {f"NT-Xent, {int(views):,} views": part for views, part in result["nt_xent"].items()}
    parts |= {"LARS step, ResNet-18": result["lars"], "augmentation, 128 pairs, 1 thread": result["augmentation"]}
    rows = []
    for name, part in parts.items():
        times = part["milliseconds"]
        cells = [f"{times[side]['median']:.4g}" if side in times else "–" for side in ("ours", "ours_chunked", "lightly")]
        ratio = part.get("ours_over_lightly")
        rows.append([name, *cells, _spread(ratio) if ratio else "–"])
    text += ["", *_markdown(["milliseconds", "ours", "ours in chunks", "lightly", "times as fast"], rows), ""]

    pairs = result["augmentation"]["pairs_per_second"]
    text.append("augmentation, pairs/s on one core: " + ", ".join(f"{side} {value:,}" for side, value in pairs.items()))
    views, part = max(result["nt_xent"].items(), key=lambda item: int(item[0]))
    times, aim = part["milliseconds"], result["aims"]["chunked"][1]
    cost = times["ours_chunked"]["median"] / times["ours"]["median"]
    text.append(f"chunks cost {cost:.2f} times the full loss at {int(views):,} views (at most {aim}: {_verdict(cost <= aim)})")
    large, aim = result["large_nt_xent"], result["aims"]["large_loss"][1]
    gib = large["peak_mib"] / 1024
    text.append(
        f"NT-Xent of {large['views']:,} views in chunks: {gib:.2f} GiB, {large['seconds']:.0f} s "
        f"(under {aim} GiB: {_verdict(gib < aim)})"
    )
    return "\n".join(text)


def _verdict(met: bool) -> str:
    return "met" if met else "MISSED"


def _round(values: dict) -> str:
    return f"{values['median']:,.0f}"


def _spread(values: dict) -> str:
    return f"{values['median']:.2f} ({min(values['rounds']):.2f}–{max(values['rounds']):.2f})"


def _markdown(head: list[str], rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in [head, *rows]]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="shapes", help="what aimsssl.datasets.load accepts (default: shapes)")
    parser.add_argument("--quick", action="store_true", help="tiny models, to see that it runs; numbers mean nothing")
    parser.add_argument("--no-peer", action="store_true", help="our side only")
    parser.add_argument("--show", action="store_true", help="print the table of the stored result, measure nothing")
    parser.add_argument("--out", type=Path, default=None, help=f"file of the result (default: {RESULT.name}, not if quick)")
    options = parser.parse_args()
    if options.show:
        print(table(json.loads((options.out or RESULT).read_text(encoding="utf-8"))))
        return
    if not (HAS_LIGHTLY or options.no_peer):
        print("lightly is not installed (`make bench` does that): only our side is measured")
    result = measure(options.data, options.quick, HAS_LIGHTLY and not options.no_peer)
    print("\n" + table(result))
    out = options.out or (None if options.quick or options.no_peer or not HAS_LIGHTLY else RESULT)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        print(f"\nwritten to {out}")


if __name__ == "__main__":
    main()
