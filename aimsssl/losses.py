"""NT-Xent, the loss of SimCLR."""

import math
from pathlib import Path

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor

from . import inputs

LARGE = 8192  # views from which on the whole matrix is compared with the memory: below, it takes 256 MiB a copy
SHARPEST = 1e-20  # the least temperature: the loss is up to 2/τ, the gradient as large


def nt_xent(
    z1: Tensor,
    z2: Tensor,
    temperature: float = 0.5,
    *,
    chunk_size: int | None = None,
    group: dist.ProcessGroup | None = None,
) -> Tensor:
    """Normalised temperature-scaled cross-entropy over the 2N views of a batch, a scalar.

    With unit rows z_1 … z_2N, and j the other view of i:

        L_i = −log( exp(z_i·z_j/τ) / Σ_{k≠i} exp(z_i·z_k/τ) ),    L = mean of the 2N terms

    It is the cross-entropy of picking view j among 2N−1 candidates, so guessing costs log(2N−1).

    Args:
        z1, z2: `[N, D]`, row i of both from the same image, not normalised; any floating dtype. Below float32, and
            inside `torch.autocast`, the loss is computed in float32.
        temperature: τ, at least 1e-20: far below, the loss is larger than any float32.
        chunk_size: rows of the 2N×2N similarity matrix held at one time; None holds all of it, 16·N² bytes in
            float32 a copy. The result and the gradient are the same.
        group: processes whose views are candidates too, every one with its own N rows. The result is then the mean
            over the views of this process; its mean over the processes, and gradients averaged over them (as
            `DistributedDataParallel` does), are those of the whole batch.

    Raises:
        TypeError: z1 or z2 is no tensor, or a number is none.
        ValueError: shapes differ or are not `[N, D]`, N < 2 (no negatives), τ below 1e-20, chunk_size below 1, or
            an infinite or NaN entry (on a GPU this last check would wait for the device, and is left out).
        MemoryError: the whole matrix does not fit in memory; the message says how much chunks would take. On Linux it
            comes before anything is allocated: there the kernel would promise the memory, and end the process later.

    Source: Chen et al. 2020, arXiv:2002.05709, equation 1 and algorithm 1; Sohn 2016 (N-pair loss).
    """
    _check(z1, z2, temperature, chunk_size)
    with torch.autocast(z1.device.type, enabled=False):  # its matrix products would be of bfloat16
        z1, z2 = (z if z.dtype == torch.float64 else z.float() for z in (z1, z2))
        return _nt_xent(z1, z2, float(temperature), chunk_size and int(chunk_size), group)


def _nt_xent(
    z1: Tensor, z2: Tensor, temperature: float, chunk_size: int | None, group: dist.ProcessGroup | None
) -> Tensor:
    """The loss of embeddings that are checked, float32 or float64."""
    n, rank = len(z1), 0
    if group is not None:
        z1, z2, rank = _Gather.apply(z1, group), _Gather.apply(z2, group), dist.get_rank(group)
    z = torch.cat([z1, z2])
    z = inputs.unit_rows(z)  # [2N, D], all processes
    own = torch.arange(rank * n, (rank + 1) * n, device=z.device)
    rows = torch.cat([own, own + len(z1)])  # this process's views
    positives = rows.roll(n)  # the other view of each
    if chunk_size is not None:
        return _ChunkedNTXent.apply(z, rows, positives, temperature, chunk_size)
    copies = 3 if z.requires_grad else 2  # measured: the similarities, their log-softmax, and the gradient of both
    needed = copies * z.element_size() * len(rows) * len(z)
    if z.device.type == "cpu" and len(z) > LARGE and needed > _available_bytes():
        raise MemoryError(_advice(z, rows, needed))
    try:
        similarity = (z[rows] / temperature) @ z.T  # [2N, 2N], or a process's rows of it
        similarity[torch.arange(2 * n, device=z.device), rows] = -math.inf  # no view is its own candidate
        return F.cross_entropy(similarity, positives)
    except RuntimeError as error:  # PyTorch's allocator has no exception of its own on the CPU
        if "alloc" not in str(error) and "memory" not in str(error):
            raise
        raise MemoryError(_advice(z, rows, needed)) from error


def _advice(z: Tensor, rows: Tensor, needed: int) -> str:
    chunk = z.element_size() * 1024 * len(z) / 2**30
    return (
        f"the similarities of {len(rows):,} views to {len(z):,} take {needed / 2**30:.1f} GiB, and there is less; "
        f"chunk_size=1024 would hold {chunk:.2f} GiB of them at a time, with the same result"
    )


def _available_bytes() -> float:
    """What Linux could give this process without swapping; infinity where it does not say, as on other systems."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return math.inf
    return next((1024 * float(line.split()[1]) for line in lines if line.startswith("MemAvailable")), math.inf)


class _Gather(torch.autograd.Function):
    """The rows of all processes, in the order of their ranks, with gradients to each."""

    @staticmethod
    def forward(ctx, z: Tensor, group: dist.ProcessGroup) -> Tensor:
        ctx.group, ctx.n = group, len(z)
        parts = [torch.empty_like(z) for _ in range(dist.get_world_size(group))]
        dist.all_gather(parts, z.contiguous(), group=group)
        return torch.cat(parts)

    @staticmethod
    def backward(ctx, grad: Tensor):
        grad = grad.contiguous()
        dist.all_reduce(grad, group=ctx.group)
        return grad[dist.get_rank(ctx.group) * ctx.n :][: ctx.n], None


class _ChunkedNTXent(torch.autograd.Function):
    """Rows in chunks. The gradient is made beside the loss, so that no block of similarities has to be kept.

    With P the softmax of the masked similarities and T the 0/1 matrix of positives, dL/dS = (P − T)/2N and
    S = zzᵀ/τ, so dL/dz = (dL/dS + dL/dSᵀ) z/τ.
    """

    @staticmethod
    def forward(ctx, z: Tensor, rows: Tensor, positives: Tensor, temperature: float, chunk_size: int) -> Tensor:
        scaled = z / temperature
        grad = torch.zeros_like(z) if ctx.needs_input_grad[0] else None
        loss = z.new_zeros(())
        for row, positive in zip(rows.split(chunk_size), positives.split(chunk_size), strict=True):
            local = torch.arange(len(row), device=z.device)
            block = scaled[row] @ z.T  # [chunk, 2N]
            block[local, row] = -math.inf
            similarity = block[local, positive]
            log_sum = block.logsumexp(dim=1)
            loss += (log_sum - similarity).sum()
            if grad is not None:
                block.sub_(log_sum[:, None]).exp_()[local, positive] -= 1
                grad[row] += block @ scaled
                grad.addmm_(block.T, scaled[row])
        ctx.save_for_backward(grad)
        ctx.views = len(rows)
        return loss / len(rows)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_output: Tensor):
        (grad,) = ctx.saved_tensors
        return grad * (grad_output / ctx.views), None, None, None, None


def _check(z1: Tensor, z2: Tensor, temperature: float, chunk_size: int | None) -> None:
    for name, z in (("z1", z1), ("z2", z2)):
        inputs.kind(name, z, Tensor)
    if z1.shape != z2.shape or z1.ndim != 2 or z1.shape[1] == 0:
        raise ValueError(f"z1 and z2 must both have shape [N, D], got {list(z1.shape)} and {list(z2.shape)}")
    if not (z1.is_floating_point() and z2.is_floating_point()):
        raise ValueError(f"z1 and z2 must be floating-point tensors, got {z1.dtype} and {z2.dtype}")
    if z1.device != z2.device:
        raise ValueError(f"z1 and z2 must be on one device, got {z1.device} and {z2.device}")
    if len(z1) < 2:
        raise ValueError(f"nt_xent needs N ≥ 2 images, for otherwise there are no negatives; got N = {len(z1)}")
    inputs.number("temperature", temperature, least=SHARPEST)
    if chunk_size is not None:
        inputs.count("chunk_size", chunk_size)
    if z1.device.type == "cpu":
        for name, z in (("z1", z1), ("z2", z2)):
            size = torch.linalg.vector_norm(z.detach(), math.inf, dim=1)  # of each row; NaN where it has one
            if not size.isfinite().all():
                rows = (~size.isfinite()).nonzero()[:3, 0].tolist()
                raise ValueError(f"{name} has infinite or NaN entries, first in rows {rows}: did the training diverge?")
