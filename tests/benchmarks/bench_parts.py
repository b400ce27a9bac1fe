"""SimCLR's parts alone, ours and lightly's: NT-Xent, a step of LARS, the augmentation; and a very large NT-Xent.

`python bench_parts.py VIEWS` prints time and peak memory of NT-Xent in chunks, measured in this process.
"""

import json
import sys
import time
from collections.abc import Callable

import torch
from common import in_own_process, in_turn, peak_mib, summary
from PIL import Image

from aimsssl.augment import TwoViews
from aimsssl.datasets import ImageSet
from aimsssl.losses import nt_xent
from aimsssl.models import resnet18
from aimsssl.optim import LARS, split_decay_groups

D = 128  # of a projection
CHUNK = 1024


def milliseconds(call: Callable[[], object], least: float) -> float:
    """Mean time of a call, over as many as fill `least` seconds, after one that warms up."""
    call()
    count, start = 0, time.perf_counter()
    while not count or time.perf_counter() - start < least:
        call()
        count += 1
    return 1000 * (time.perf_counter() - start) / count


def compare(calls: dict[str, Callable[[], object]], rounds: int, least: float) -> dict:
    """Milliseconds of every call, in turn; and how many times as fast as lightly's ours are, by round."""
    times = in_turn({side: lambda call=call: milliseconds(call, least) for side, call in calls.items()}, rounds)
    result = {"milliseconds": {side: summary(values) for side, values in times.items()}}
    for side in calls:
        if side != "lightly" and "lightly" in calls:
            ratio = [b / a for a, b in zip(times[side], times["lightly"], strict=True)]
            result[f"{side}_over_lightly"] = summary(ratio)
    return result


def loss(views: int, peer: bool, rounds: int, least: float) -> dict:
    """NT-Xent of `views` projections, forward and backward."""
    z = torch.randn(2, views // 2, D, generator=torch.Generator().manual_seed(0))
    z1, z2 = (part.clone().requires_grad_() for part in z)

    def forward_backward(function: Callable) -> Callable:
        return lambda: torch.autograd.grad(function(z1, z2), (z1, z2))

    functions = {"ours": nt_xent, "ours_chunked": lambda a, b: nt_xent(a, b, chunk_size=min(CHUNK, views // 4))}
    if peer:
        from lightly.loss import NTXentLoss

        functions["lightly"] = NTXentLoss(temperature=0.5)
    values = [function(z1, z2).item() for function in functions.values()]
    if max(values) - min(values) > 1e-4:
        raise RuntimeError(f"the losses of {', '.join(functions)} differ: {values}")
    return compare({side: forward_backward(f) for side, f in functions.items()}, rounds, least)


def lars(width: int, peer: bool, rounds: int, least: float) -> dict:
    """A step of LARS for ResNet-18, biases and norms in a group of their own."""
    makers = {"ours": LARS}
    if peer:
        from lightly.utils.lars import LARS as LightlyLARS

        makers["lightly"] = LightlyLARS
    calls = {}
    for side, maker in makers.items():
        torch.manual_seed(0)
        model = resnet18("cifar", width)
        for parameter in model.parameters():
            parameter.grad = torch.randn_like(parameter)
        calls[side] = maker(split_decay_groups(model, 1e-6), lr=1e-3, momentum=0.9, weight_decay=1e-6).step
    return compare(calls, rounds, least)


def augmentation(images: ImageSet, peer: bool, rounds: int) -> dict:
    """Pairs of views a second in one process with one thread: a batch at a time (ours), image by image (lightly's)."""
    batch = images.images[:128]
    size = batch.shape[-1]
    views = TwoViews(size, crop_scale=(0.08, 1.0))
    calls = {"ours": lambda: views(batch)}
    if peer:
        from lightly.transforms import SimCLRTransform

        transform = SimCLRTransform(input_size=size, cj_strength=0.5, gaussian_blur=0.0)
        pictures = [Image.fromarray(pixels) for pixels in batch.permute(0, 2, 3, 1).numpy()]
        calls["lightly"] = lambda: [transform(picture) for picture in pictures]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        result = compare(calls, rounds, least=0.3)
    finally:
        torch.set_num_threads(threads)
    medians = {side: value["median"] for side, value in result["milliseconds"].items()}
    result["pairs_per_second"] = {side: round(1000 * len(batch) / ms) for side, ms in medians.items()}
    return result


def large_loss(views: int) -> dict:
    """NT-Xent in chunks, forward and backward, in a process of its own: seconds and peak memory."""
    return in_own_process("bench_parts.py", str(views))


def _large_loss(views: int) -> dict:
    z1, z2 = (torch.randn(views // 2, D, requires_grad=True) for _ in range(2))
    before, start = peak_mib(), time.perf_counter()
    value = nt_xent(z1, z2, chunk_size=CHUNK)
    value.backward()
    seconds = time.perf_counter() - start
    if not (value.isfinite() and z1.grad.isfinite().all() and z2.grad.any()):
        raise RuntimeError("no finite loss and gradient")
    peak = peak_mib()
    result = {"views": views, "dimensions": D, "chunk_size": CHUNK, "seconds": round(seconds, 2)}
    return result | {"imports_and_data_mib": round(before), "peak_mib": round(peak)}


if __name__ == "__main__":
    print(json.dumps(_large_loss(int(sys.argv[1]))))
