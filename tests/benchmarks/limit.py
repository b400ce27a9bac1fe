"""How near its limit a machine is brought: operations a second of convolutions and matrix products, as a share of what
one large matrix product reaches here in the same run.

Only useful operations count, those of the formula: what a side computes twice, or beside them, lowers its share.
"""

import statistics
import time
from collections.abc import Iterable

import torch
from torch.utils.flop_counter import FlopCounterMode

from aimsssl.profile import faster_precision
from aimsssl.training.simclr import SimCLRConfig, build_simclr

SIZE, QUICK_SIZE, ROUNDS = 3072, 256, 7


def matrix_rates(quick: bool = False, precisions: Iterable[str] = ("float32", "bfloat16")) -> dict[str, float]:
    """GFLOP/s of the product of two square matrices, median of some, by precision."""
    n, rates = QUICK_SIZE if quick else SIZE, {}
    for precision in precisions:
        a, b = (torch.rand(n, n, dtype=getattr(torch, precision)) for _ in range(2))
        a @ b  # warms up
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            a @ b
            times.append(time.perf_counter() - start)
        rates[precision] = 2 * n**3 / statistics.median(times) / 1e9
    return rates


def training_operations(stem: str, width: int, side: int = 32) -> float:
    """Of an image, with both of its views, forward and backward through encoder and head; lightly's are as many."""
    count, views = 4, 2
    model = build_simclr(SimCLRConfig(stem=stem, width=width, d_hidden=512, d_out=128), 3)
    with FlopCounterMode(display=False) as counter:
        model(torch.rand(count, 3, side, side))[1].sum().backward()
    return views * counter.get_total_flops() / count


def kmeans_operations(points: int, dimensions: int, clusters: int, iterations: int, **_) -> float:
    """Products of all points with all centroids, in each iteration and once more at the end.

    Ours leaves out most centroids that stay where they were, so its share can pass 100 %.
    """
    return 2.0 * points * dimensions * clusters * (iterations + 1)


def knn_operations(queries: int, keys: int, dimensions: int, **_) -> float:
    return 2.0 * queries * keys * dimensions


def nt_xent_operations(views: int, dimensions: int = 128) -> float:
    """All similarities, and the gradient through each of the two factors of them."""
    return 3 * 2.0 * views**2 * dimensions


def measure(result: dict, quick: bool = False) -> dict:
    """`{"gflops": {precision: rate}, "share": {what: {side: share of that rate}}}`, of what `report.measure` found.

    A side is held against the rate of the precision in which it runs.
    """
    widths = [trained["width"] for trained in result["training"].values()]
    # of bfloat16 only where it is used: where a processor has no instruction for it, a product takes minutes
    rates = matrix_rates(quick, sorted({"float32", *map(faster_precision, widths)}, reverse=True))
    share = {}

    def of(seconds: float, operations: float, precision: str = "float32") -> float:
        return float(f"{operations / seconds / 1e9 / rates[precision]:.3g}")

    for name, trained in result["training"].items():
        operations = training_operations(trained["stem"], trained["width"])
        precisions = dict.fromkeys(("ours", "lightly_tuned"), faster_precision(trained["width"]))
        share[f"SimCLR, stem {name}"] = {
            side: of(1 / rate["median"], operations, precisions.get(side, "float32"))
            for side, rate in trained["images_per_second"].items()
        }
    for views, part in result["nt_xent"].items():
        share[f"NT-Xent, {int(views):,} views"] = {
            side: of(time["median"] / 1000, nt_xent_operations(int(views)))
            for side, time in part["milliseconds"].items()
        }
    found = result["kmeans"], result["kmeans_moving"]
    parts = {f"k-means, {part['clusters']:,} clusters": (part, kmeans_operations) for part in found}
    for name, (found, operations) in (parts | {"kNN": (result["knn"], knn_operations)}).items():
        share[name] = {side: of(time["median"], operations(**found)) for side, time in found["seconds"].items()}
    return {"gflops": {precision: round(rate, 1) for precision, rate in rates.items()}, "share": share}
