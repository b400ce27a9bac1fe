"""NT-Xent a block of rows at a time: the same value, and the whole matrix is never there."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from aimsssl import losses
from aimsssl.exercises.old_framework import Exercise, Wrong, call, expect, one_of

N, D, CHUNK, TAU = 6, 3, 5, 0.3  # 12 views in chunks of 5, 5 and 2


def _reference_nt_xent_in_chunks(z1: Tensor, z2: Tensor, temperature: float, chunk_size: int) -> Tensor:
    """`aimsssl.losses.nt_xent` with its arguments in the order of the exercise."""
    return losses.nt_xent(z1, z2, temperature, chunk_size=chunk_size)


class _Largest(TorchDispatchMode):
    """Remembers the shape of the largest tensor that PyTorch makes while this is on; views take no memory."""

    def __init__(self):
        super().__init__()
        self.size, self.shape = 0, ()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else (result,):
            if isinstance(tensor, Tensor):
                size = tensor.untyped_storage().nbytes() // tensor.element_size()
                if size > self.size:
                    self.size, self.shape = size, tuple(tensor.shape)
        return result


def _small_losses(z1: Tensor, z2: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Each `size` images as a batch of its own: the mean over the batches, and over the views."""
    parts, counts = [], []
    for a, b in zip(z1.split(size), z2.split(size), strict=True):
        z = F.normalize(torch.cat([a, b]), dim=1)
        logits = (z @ z.T / TAU).fill_diagonal_(-math.inf)
        parts.append(F.cross_entropy(logits, torch.arange(len(z)).roll(len(a))))
        counts.append(len(a))
    weights = torch.tensor(counts) / len(z1)
    return torch.stack(parts).mean(), (torch.stack(parts) * weights).sum()


def _the_value(student: Callable) -> None:
    """Chunks that do not divide the number of views."""
    z1, z2 = torch.randn(N, D), torch.randn(N, D)
    right = losses.nt_xent(z1, z2, TAU)
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    index, scores = torch.arange(2 * N), z @ z.T / TAU
    positives, logits = index.roll(N), (z @ z.T / TAU).fill_diagonal_(-math.inf)
    terms = F.cross_entropy(logits, positives, reduction="none")
    whole = 2 * N // CHUNK * CHUNK  # rows of whole chunks
    local = index % CHUNK  # a row's number in its chunk
    shifted = F.cross_entropy(scores.scatter(1, local[:, None], -math.inf), positives, reduction="none")
    from_start = F.cross_entropy(logits, (local + N) % (2 * N), reduction="none")
    small = [loss for size in (CHUNK, CHUNK // 2) for loss in _small_losses(z1, z2, size)]
    expect(
        f"the loss of {2 * N} views in chunks of {CHUNK}",
        call(student, z1, z2, TAU, CHUNK),
        right,
        likely={
            "not averaged": lambda came: came.shape == (2 * N,),
            "the last rows left out": one_of(terms[:whole].mean(), terms[:whole].sum() / (2 * N)),
            "a mean of means": torch.stack([part.mean() for part in terms.split(CHUNK)]).mean(),
            "many small batches": one_of(*small),
            "masked in the wrong columns": one_of(shifted.mean(), shifted.sum()),
            "positives counted from the chunk": one_of(from_start.mean(), from_start.sum()),
            "one direction only": one_of(terms[:N].mean(), terms[:N].sum() / (2 * N)),
            "self-similarity kept": F.cross_entropy(scores, positives),
            "sum for mean": one_of(terms.sum(), terms.sum() / CHUNK),
        },
    )


def _the_memory(student: Callable) -> None:
    """64 views in chunks of 4: nothing larger than a few times 4 × 64 may be made."""
    n, chunk = 32, 4
    z1, z2 = torch.randn(n, D), torch.randn(n, D)
    with _Largest() as largest:
        call(student, z1, z2, TAU, chunk)
    limit = 2 * chunk * 2 * n
    if largest.size > limit:
        name = "the whole matrix is there" if largest.size >= (2 * n) ** 2 else "a block with a third dimension"
        expected = f"at most {chunk} rows of {2 * n} similarities, or twice that"
        raise Wrong(name, f"a tensor of shape {list(largest.shape)}", expected, f"{2 * n} views in chunks of {chunk}")


nt_xent_in_chunks = Exercise(
    lesson="03",
    name="nt_xent_in_chunks",
    title="Compute NT-Xent a few rows at a time, without ever making the whole matrix.",
    difficulty="●●●",
    minutes=20,
    reference=_reference_nt_xent_in_chunks,
    hints=(
        "A row of the matrix needs no other row. So take chunk_size views at a time as the ones that ask; the "
        "candidates are always all 2N.",
        "A block has the shape [chunk, 2N]. Its row r belongs to view start + r: in which column is that view itself, "
        "and in which its positive? The last block may have fewer rows.",
        "torch.arange(2 * n).split(chunk_size) gives the numbers of the views, chunk by chunk: call them rows. Put "
        "-inf at the places (torch.arange(len(rows)), rows) of the block. Add up each block's cross-entropy with "
        'reduction="sum", and divide once, at the end.',
    ),
    checks=(_the_value, _the_memory),
    mistakes={
        "not averaged": "There is one loss a view here. The result is their mean.",
        "the last rows left out": "12 views in chunks of 5 are 5, 5 and 2. The last two were never asked.",
        "a mean of means": "Each chunk was averaged, and then the chunks. The last chunk is smaller, so its views "
        "count more than the others.",
        "many small batches": "Each chunk was treated as a batch of its own: its views know only each other. With "
        "fewer candidates it is another loss, and an easier one.",
        "masked in the wrong columns": "The mask begins at column 0 in each block. The views of the second block do "
        "not stand there.",
        "positives counted from the chunk": "Every chunk looks for its positives as if it were the first one.",
        "one direction only": "Only the first views were asked. All 2N views ask.",
        "self-similarity kept": "Each view is still among its own candidates.",
        "sum for mean": "The terms were added up, and not divided by the number of views.",
        "the whole matrix is there": "The value is right, but on the way a tensor with as many numbers as the whole "
        "matrix was made. An identity matrix of 2N rows, or all blocks put together, count too.",
        "a block with a third dimension": "The block was made by multiplying element by element, with a dimension for "
        "D, and summing after that. A matrix product adds up on the way.",
    },
)
