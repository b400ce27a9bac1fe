"""Batches of views for the exercises on the loss, and what is observed of a loss."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode


def views(n: int = 4, d: int = 3, noise: float = 0.5) -> tuple[Tensor, Tensor]:
    """Partners that are alike, of different lengths."""
    z1 = torch.randn(n, d)
    z2 = (z1 + noise * torch.randn(n, d)) * torch.linspace(0.5, 3.0, n)[:, None]
    return z1, z2


def views_with_a_stranger(n: int = 5, d: int = 3) -> tuple[Tensor, Tensor]:
    """One view is far from all others, its partner too: its largest similarity is below 0."""
    z1, z2 = torch.rand(n, d) + 0.1, torch.rand(n, d) + 0.1
    z1[-1] *= -1
    return z1, z2


def value_and_gradient(function: Callable, z1: Tensor, z2: Tensor, temperature: float, *others: object) -> dict:
    """The loss, whether a gradient can flow from it, and the gradient itself."""
    loss = function(z1.requires_grad_(), z2.requires_grad_(), temperature, *others)
    flows = isinstance(loss, Tensor) and loss.requires_grad
    zero = (torch.zeros_like(z1), torch.zeros_like(z2))
    gradient = torch.autograd.grad(loss.sum(), [z1, z2], materialize_grads=True) if flows else zero
    return {"the loss": loss, "a gradient flows": flows, "its gradient with respect to z1 and z2": tuple(gradient)}


class _Largest(TorchDispatchMode):
    """Remembers how many numbers the largest tensor has that PyTorch makes while this is on; views take no memory."""

    size = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else (result,):
            if isinstance(tensor, Tensor):
                self.size = max(self.size, tensor.untyped_storage().nbytes() // tensor.element_size())
        return result


def value_and_memory(function: Callable, z1: Tensor, z2: Tensor, temperature: float, chunk_size: int) -> dict:
    """The loss, and how large a tensor was made on the way; less than two blocks is allowed (three mean D > 2)."""
    with _Largest() as largest:
        loss = function(z1, z2, temperature, chunk_size)
    block, whole = chunk_size * 2 * len(z1), (2 * len(z1)) ** 2
    fits, two, large = "no more than a block of rows", "twice a block of rows", "more than a block of rows"
    size = fits if largest.size < 2 * block else two if largest.size == 2 * block else large
    size = "a block of rows, several times" if size == large and largest.size % block == 0 else size
    size = size if largest.size < whole else "as large as the whole matrix"
    return {"the loss": loss, "the largest tensor on the way": size}
