"""NT-Xent, the loss of SimCLR."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def nt_xent(z1: Tensor, z2: Tensor, temperature: float = 0.5, *, chunk_size: int | None = None) -> Tensor:
    """Normalised temperature-scaled cross-entropy over the 2N views of a batch, a scalar.

    With unit rows z_1 … z_2N, and j the other view of i:

        L_i = −log( exp(z_i·z_j/τ) / Σ_{k≠i} exp(z_i·z_k/τ) ),    L = mean of the 2N terms

    It is the cross-entropy of picking view j among 2N−1 candidates, so guessing costs log(2N−1).

    Args:
        z1, z2: `[N, D]`, row i of both from the same image, not normalised; any floating dtype (below float32 the
            loss is computed in float32).
        temperature: τ > 0.
        chunk_size: rows of the 2N×2N similarity matrix held at one time; None holds all of it, 16·N² bytes in
            float32 a copy. The result and the gradient are the same.

    Raises:
        ValueError: shapes differ or are not `[N, D]`, N < 2 (no negatives), τ not above 0, chunk_size below 1, or
            an infinite or NaN entry (on a GPU this last check would wait for the device, and is left out).

    Source: Chen et al. 2020, arXiv:2002.05709, equation 1 and algorithm 1; Sohn 2016 (N-pair loss).
    """
    _check(z1, z2, temperature, chunk_size)
    z = torch.cat([z1, z2])
    z = F.normalize(z.float() if z.dtype in (torch.bfloat16, torch.float16) else z, dim=1)  # [2N, D]
    if chunk_size is not None:
        return _ChunkedNTXent.apply(z, temperature, chunk_size)
    n = len(z1)
    similarity = (z / temperature) @ z.T  # [2N, 2N]
    similarity.fill_diagonal_(-math.inf)  # no view is its own candidate
    positives = torch.arange(2 * n, device=z.device).roll(n)  # i -> i + N, i + N -> i
    return F.cross_entropy(similarity, positives)


class _ChunkedNTXent(torch.autograd.Function):
    """Rows in chunks. The gradient is made beside the loss, so that no block of similarities has to be kept.

    With P the softmax of the masked similarities and T the 0/1 matrix of positives, dL/dS = (P − T)/2N and
    S = zzᵀ/τ, so dL/dz = (dL/dS + dL/dSᵀ) z/τ.
    """

    @staticmethod
    def forward(ctx, z: Tensor, temperature: float, chunk_size: int) -> Tensor:
        views = len(z)
        keys = z / temperature
        positives = torch.arange(views, device=z.device).roll(views // 2)
        grad = torch.zeros_like(z) if ctx.needs_input_grad[0] else None
        loss = z.new_zeros(())
        for rows in torch.arange(views, device=z.device).split(chunk_size):
            first, last = int(rows[0]), int(rows[-1]) + 1
            local = torch.arange(last - first, device=z.device)
            block = keys[first:last] @ z.T  # [chunk, 2N]
            block[local, rows] = -math.inf
            positive_similarity = block[local, positives[rows]]
            log_sum = block.logsumexp(dim=1, keepdim=True)
            loss += (log_sum[:, 0] - positive_similarity).sum()
            if grad is not None:
                block.sub_(log_sum).exp_()[local, positives[rows]] -= 1
                grad[first:last] += block @ keys
                grad.addmm_(block.T, keys[first:last])
        ctx.save_for_backward(grad)
        ctx.views = views
        return loss / views

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_output: Tensor):
        (grad,) = ctx.saved_tensors
        return grad * (grad_output / ctx.views), None, None


def _check(z1: Tensor, z2: Tensor, temperature: float, chunk_size: int | None) -> None:
    if z1.shape != z2.shape or z1.ndim != 2:
        raise ValueError(f"z1 and z2 must both have shape [N, D], got {list(z1.shape)} and {list(z2.shape)}")
    if not (z1.is_floating_point() and z2.is_floating_point()):
        raise ValueError(f"z1 and z2 must be floating-point tensors, got {z1.dtype} and {z2.dtype}")
    if len(z1) < 2:
        raise ValueError(f"nt_xent needs N ≥ 2 images, for otherwise there are no negatives; got N = {len(z1)}")
    if not (temperature > 0 and math.isfinite(temperature)):
        raise ValueError(f"temperature must be a finite number above 0, got {temperature}")
    if chunk_size is not None and chunk_size < 1:
        raise ValueError(f"chunk_size must be at least 1 or None, got {chunk_size}")
    if z1.device.type == "cpu":
        for name, z in (("z1", z1), ("z2", z2)):
            if not z.isfinite().all():
                rows = (~z.isfinite()).any(dim=1).nonzero()[:3, 0].tolist()
                raise ValueError(f"{name} has infinite or NaN entries, first in rows {rows}: did the training diverge?")
