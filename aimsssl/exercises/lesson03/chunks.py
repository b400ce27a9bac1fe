"""NT-Xent a block of rows at a time: the same value, and the whole matrix is never there."""

import math
from collections.abc import Callable
from functools import reduce
from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor

from aimsssl import losses
from aimsssl.exercises.framework import Case, Exercise
from aimsssl.exercises.lesson03.batches import value_and_gradient, value_and_memory, views, views_with_a_stranger


def _reference_nt_xent_in_chunks(z1: Tensor, z2: Tensor, temperature: float, chunk_size: int) -> Tensor:
    """`aimsssl.losses.nt_xent` with its arguments in the order of the exercise."""
    return losses.nt_xent(z1, z2, temperature, chunk_size=chunk_size)


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
    cases=(
        Case("14 views in chunks of 4", lambda: (*views(7, 3), 0.3, 4), value_and_gradient, rtol=1e-3, atol=1e-5),
        Case(
            "10 views in chunks of 3, temperature 0.005", lambda: (*views(5, noise=0.3), 0.005, 3), rtol=1e-3, atol=1e-4
        ),
        Case("60 views in chunks of 4, temperature 5", lambda: (*views(30, 3), 5.0, 4), value_and_memory),
        Case(
            "one view far from all others, temperature 0.005, chunks of 100",
            lambda: (*views_with_a_stranger(), 0.005, 100),
            rtol=1e-3,
            atol=1e-4,
        ),
    ),
)


def _slip(
    thought: str,
    *,
    of_each: Callable = torch.sum,
    at_the_end: Callable = lambda parts, count, size: sum(parts) / count,
    similarities: Callable = lambda z, rows: z[rows] @ z.T,
    masked: Callable = lambda rows: rows,
    mask: Callable = lambda temperature: -math.inf,
    positives: Callable = lambda rows, n: rows + n,
    asking: Callable = lambda n, size: 2 * n,
    unit: Callable = lambda z: F.normalize(z, dim=1),
    of_temperature: Callable = lambda temperature: temperature,
) -> Callable:
    """The right loop with one part changed. `count` is 2N, `size` is chunk_size, `asking` how many of the views ask."""

    def wrong(z1: Tensor, z2: Tensor, temperature: float, chunk_size: int) -> Tensor:
        n, z, tau = len(z1), unit(torch.cat([z1, z2])), of_temperature(temperature)
        parts = []
        for rows in torch.arange(2 * n)[: asking(n, chunk_size)].split(chunk_size):
            block = similarities(z, rows) / tau  # [chunk, 2N]
            block[torch.arange(len(rows)), masked(rows)] = mask(tau)
            terms = F.cross_entropy(block, positives(rows, n) % (2 * n), reduction="none")
            parts.append(of_each(terms))
        return at_the_end(parts, 2 * n, chunk_size)

    wrong.__doc__ = thought
    return wrong


def _local(rows: Tensor) -> Tensor:
    return torch.arange(len(rows))


def _batches(z1: Tensor, z2: Tensor, temperature: float, size: int) -> list[Tensor]:
    return [losses.nt_xent(a, b, temperature) for a, b in zip(z1.split(size), z2.split(size), strict=True)]


mistake, also = nt_xent_in_chunks.mistake, nt_xent_in_chunks.also


def slip(name: str, message: str, thought: str, looks: Callable | None = None, **changed: Callable) -> None:
    """A mistake that is the right function but for what is changed."""
    nt_xent_in_chunks.mistake(name, message, looks)(_slip(thought, **changed))


def also_slip(name: str, **changed: Callable) -> None:
    """Another form of it."""
    nt_xent_in_chunks.also(name)(_slip("", **changed))


@mistake(
    "chunk_size taken for the number of chunks",
    "The value is right, the blocks have another size: torch.chunk(z, 4) makes 4 chunks, z.split(4) chunks of 4.",
)
def _(z1, z2, temperature, chunk_size):
    """chunk makes chunks."""
    rows_of_a_chunk = max(len(rows) for rows in torch.arange(2 * len(z1)).chunk(chunk_size))
    return _reference_nt_xent_in_chunks(z1, z2, temperature, rows_of_a_chunk)


@mistake(
    "the whole chunk masked",
    "All views of a chunk were taken out of each other's candidates. Only the view itself is none: the others of its "
    "chunk are negatives as any.",
)
def _(z1, z2, temperature, chunk_size):
    """The block on the diagonal is the chunk with itself."""
    n, z, total = len(z1), F.normalize(torch.cat([z1, z2]), dim=1), 0
    for rows in torch.arange(2 * n).split(chunk_size):
        block, here, positives = z[rows] @ z.T / temperature, torch.arange(len(rows)), (rows + n) % (2 * n)
        kept = block[here, positives]
        block[:, rows] = -math.inf
        block[here, positives] = kept
        total = total + (block.logsumexp(dim=1) - kept).sum()
    return total / (2 * n)


# ---- which rows ask, and how they are averaged

slip(
    "not averaged",
    "There is one loss a view (or a chunk) here. The result is their mean, a single number.",
    "The chunks put together are the losses of all views.",
    of_each=lambda terms: terms,
    at_the_end=lambda parts, *_: torch.cat(parts),
)
also_slip("not averaged", at_the_end=lambda parts, *_: torch.stack(parts))
also_slip("not averaged", of_each=torch.mean, at_the_end=lambda parts, *_: torch.stack(parts))
slip(
    "the last rows left out",
    "When chunk_size does not divide 2N, the last chunk is shorter. Its views were never asked.",
    "There are 2N // chunk_size chunks.",
    asking=lambda n, size: 2 * n // size * size,
)
also_slip(
    "the last rows left out",
    asking=lambda n, size: 2 * n // size * size,
    at_the_end=lambda parts, count, size: sum(parts) / max(1, count // size * size),
)
also_slip(
    "the last rows left out",
    asking=lambda n, size: 2 * n // size * size,
    at_the_end=lambda parts, count, size: sum(parts) / count if count >= size else 0.0,
)
also_slip(
    "the last rows left out",
    asking=lambda n, size: 2 * n // size * size,
    at_the_end=lambda parts, count, size: torch.stack(parts).sum() / count,
)
also_slip(
    "the last rows left out",
    asking=lambda n, size: 2 * n // size * size,
    of_each=lambda terms: terms,
    at_the_end=lambda parts, count, size: torch.cat([part for part in parts if len(part)]).sum() / count,
)
for _of in (lambda count, size: count, lambda count, size: count // size * size):
    also_slip(
        "the last rows left out",
        asking=lambda n, size: 2 * n // min(2 * n, size) * min(2 * n, size),
        at_the_end=lambda parts, count, size, of=_of: sum(parts) / of(count, min(count, size)),
    )
slip(
    "nothing where one chunk would do",
    "Where chunk_size is larger than 2N nothing is computed. There is one chunk then, with all rows.",
    "There is at least one full chunk.",
    at_the_end=lambda parts, count, size: sum(parts) / count * (count >= size),
)
also_slip(
    "nothing where one chunk would do",
    at_the_end=lambda parts, count, size: sum(parts) / count if count >= size else 0.0,
)
slip(
    "only one chunk",
    "Only one of the chunks is in the result. Does the loop return, or begin its sum again, on each round?",
    "The loop goes over all chunks. (But the `return` stands in it.)",
    at_the_end=lambda parts, count, size: parts[0] / count,
)
also_slip("only one chunk", at_the_end=lambda parts, count, size: parts[0] / min(count, size))
also_slip("only one chunk", at_the_end=lambda parts, count, size: parts[-1] / count)
also_slip("only one chunk", of_each=torch.mean, at_the_end=lambda parts, *_: parts[-1])
slip(
    "a mean of means",
    "Each chunk was averaged, and then the chunks. The last chunk is smaller, so its views count more than the others.",
    "The mean of the chunks is the mean of the views.",
    of_each=torch.mean,
    at_the_end=lambda parts, *_: sum(parts) / len(parts),
)
slip(
    "a running average",
    "The loss so far and that of the new chunk are averaged each time: the last chunk counts as much as all others.",
    "Each round averages what there is.",
    of_each=torch.mean,
    at_the_end=lambda parts, *_: reduce(lambda so_far, part: (so_far + part) / 2, parts),
)
also_slip(
    "a running average",
    of_each=torch.mean,
    at_the_end=lambda parts, *_: reduce(lambda so_far, part: (so_far + part) / 2, parts, 0.0),
)
slip(
    "some rows twice",
    "The last chunk was filled up with rows that had been asked before. They count twice.",
    "Each chunk has chunk_size rows, so the last one begins earlier.",
    of_each=lambda terms: terms,
    at_the_end=lambda parts, count, size: torch.cat(
        [torch.cat(parts)[max(0, min(i, count - size)) :][:size] for i in range(0, count, size)]
    ).mean(),
)
slip(
    "every chunk counted as a full one",
    "The result takes every chunk for one of chunk_size rows. The last chunk may have fewer.",
    "A chunk has chunk_size rows, so its mean times chunk_size is its sum.",
    of_each=torch.mean,
    at_the_end=lambda parts, count, size: sum(parts) * size / count,
)
also_slip("every chunk counted as a full one", at_the_end=lambda parts, count, size: sum(parts) / (len(parts) * size))
slip(
    "sum for mean",
    "The terms were added up, and not divided by the number of views.",
    "The losses of the chunks are added up.",
    at_the_end=lambda parts, *_: sum(parts),
)
also_slip("sum for mean", at_the_end=lambda parts, count, size: sum(parts) / size)
slip(
    "the means added up",
    "Each chunk was averaged, and the means were added: more chunks, a larger loss.",
    "F.cross_entropy averages by itself, and the chunks are added.",
    of_each=torch.mean,
    at_the_end=lambda parts, *_: sum(parts),
)
also_slip("the means added up", of_each=torch.mean)
slip(
    "divided by N",
    "There are 2N terms, and they were divided by N.",
    "There are N images, so the mean divides by N.",
    at_the_end=lambda parts, count, size: sum(parts) * 2 / count,
)
slip(
    "divided by the number of chunks",
    "The sum of all terms was divided by the number of chunks, not of views.",
    "A mean over chunks divides by their number.",
    at_the_end=lambda parts, *_: sum(parts) / len(parts),
)
slip(
    "one direction only",
    "The rows of the chunks come from the first views only. All 2N views ask.",
    "The chunks are cut from z1.",
    asking=lambda n, size: n,
    at_the_end=lambda parts, count, size: sum(parts) * 2 / count,
)
also_slip("one direction only", asking=lambda n, size: n)
# range(0, n, chunk_size), with a last slice that goes past n
also_slip("one direction only", asking=lambda n, size: -(-n // size) * size)


# ---- the candidates and the positive


@mistake(
    "many small batches",
    "Each chunk was treated as a batch of its own: its views know only each other. With fewer candidates it is another "
    "loss, and an easier one.",
)
def _(z1, z2, temperature, chunk_size):
    """A loss in chunks is the loss of each chunk, averaged; so large batches are made small when gradients add up."""
    parts = _batches(z1, z2, temperature, chunk_size)
    return sum(parts) / len(parts)


@also("many small batches")
def _(z1, z2, temperature, chunk_size):
    parts = _batches(z1, z2, temperature, max(1, chunk_size // 2))
    return sum(parts) / len(parts)


for _size_of in (lambda size: size, lambda size: max(1, size // 2)):

    @also("many small batches")
    def _(z1, z2, temperature, chunk_size, size_of=_size_of):
        parts, size = _batches(z1, z2, temperature, size_of(chunk_size)), size_of(chunk_size)
        return sum(part * len(a) for part, a in zip(parts, z1.split(size), strict=True)) / len(z1)


@also("many small batches")
def _(z1, z2, temperature, chunk_size):
    total, size = 0.0, max(1, chunk_size // 2)
    for a, b in zip(z1.split(size), z2.split(size), strict=True):
        z = F.normalize(torch.cat([a, b]), dim=1)
        scores = (z @ z.T / temperature).fill_diagonal_(-math.inf)
        total = total + F.cross_entropy(scores, torch.arange(len(z)).roll(len(a)), reduction="sum")
    return total / (2 * len(z1))


@also("many small batches")
def _(z1, z2, temperature, chunk_size):
    return sum(_batches(z1, z2, temperature, chunk_size))


@mistake(
    "half of the candidates",
    "The first views are compared with the second views only. The candidates of a view are all 2N−1 others.",
)
def _(z1, z2, temperature, chunk_size):
    """The first views look for their partners among the second views."""
    a, b = F.normalize(z1, dim=1), F.normalize(z2, dim=1)
    parts = [
        F.cross_entropy(a[rows] @ b.T / temperature, rows, reduction="sum")
        for rows in torch.arange(len(z1)).split(chunk_size)
    ]
    return sum(parts) / len(z1)


slip(
    "masked in the wrong columns",
    "The mask begins at column 0 in each block. The views of the second block do not stand there.",
    "`fill_diagonal_` takes out the similarity of a view with itself.",
    masked=_local,
)
slip(
    "positives counted from the chunk",
    "Every chunk looks for its positives as if it were the first one.",
    "In each chunk, row r has its positive at r + N.",
    positives=lambda rows, n: _local(rows) + n,
)
slip(
    "mask and positives counted from the chunk",
    "Every chunk takes itself for the first one: it masks, and looks for its positives, from column 0 on. Which view "
    "is row r of the second chunk?",
    "A block is a small matrix, and begins at 0.",
    masked=_local,
    positives=lambda rows, n: _local(rows) + n,
)
slip(
    "the positive at the wrong place",
    "The positives are other images' views. In which order do the 2N views lie?",
    "The views 2k and 2k + 1 belong together.",
    positives=lambda rows, n: rows ^ 1,
)
also_slip("the positive at the wrong place", positives=lambda rows, n: rows + n - 1)
also_slip("the positive at the wrong place", positives=lambda rows, n: rows + n + 1)
slip(
    "self-similarity kept",
    "Each view is still among its own candidates, with the cosine 1 that none can beat.",
    "A block is not square, so it has no diagonal to mask.",
    mask=lambda tau: 1 / tau,
)
slip(
    "masked with a 0",
    "The similarity of a view with itself was set to 0, but exp(0) is 1: it still counts.",
    "To take something out of a sum, set it to 0.",
    mask=lambda tau: 0.0,
)
slip(
    "masked with −1",
    "The similarity of a view with itself was set to −1. But exp(−1/τ) is above 0: it still counts.",
    "−1 is the smallest similarity, so it stands for 'not at all'.",
    mask=lambda tau: -1 / tau,
)
also_slip("masked with −1", mask=lambda tau: -1.0)
slip(
    "the positive left out of the sum",
    "The sum under the fraction runs over the negatives only. It runs over all k ≠ i, so the positive is in it too.",
    "The sum under the fraction is the sum over the negatives.",
    unit=lambda z: F.normalize(z.double(), dim=1),
    of_each=lambda terms: terms.expm1().log().sum(),
)


# ---- similarities and numbers

slip(
    "no normalisation",
    "The similarities are dot products. Here, too, each view has to have length 1.",
    "The similarity of two vectors is their dot product.",
    unit=lambda z: z,
)
slip(
    "only one side normalised",
    "One factor of each product has length 1, the other is as long as it was. A cosine needs both.",
    "Each chunk is normalised when its turn comes.",
    unit=lambda z: z,
    similarities=lambda z, rows: F.normalize(z[rows], dim=1) @ z.T,
)
slip(
    "columns normalised",
    "The lengths were taken along the wrong dimension: no row has length 1.",
    "`dim=0` is the dimension of the rows.",
    unit=lambda z: F.normalize(z, dim=0),
)
slip(
    "temperature multiplied",
    "The similarities are multiplied by τ. A small τ should make them differ more.",
    "The temperature scales the similarities, so it multiplies them.",
    of_temperature=lambda tau: 1 / tau,
)
slip(
    "temperature ignored",
    "The loss does not depend on `temperature`: it is that of one fixed τ.",
    "The temperature is a detail.",
    of_temperature=lambda tau: 1.0,
)
for _tau in (0.5, 0.2, 0.1):
    also_slip("temperature ignored", of_temperature=lambda _, tau=_tau: tau)
slip(
    "no minus sign",
    "The loss is negative: training would make the positives *less* likely.",
    "The logarithm of the probability of the right answer.",
    of_each=lambda terms: -terms.sum(),
)


slip(
    "the logarithm of a probability of 0",
    "A probability was computed first, and its logarithm after that. At a small τ the probability of a pair that lies "
    "far apart is too small for float32: it becomes 0, and its logarithm is infinite. Never leave the logarithms.",
    "First the softmax, then the logarithm: that is the formula.",
    looks=lambda seen: "far from all" in seen.case.what and not seen.came.isfinite(),
    of_each=lambda terms: -(-terms).exp().log().sum(),
)


@mistake(
    "one maximum for all rows",
    "One number, the largest score of the block, was taken away from all rows. A view that is far from all others has "
    "only exponentials of 0 then, and the logarithm of their sum is infinite. Each row has a largest score of its own.",
)
def _(z1, z2, temperature, chunk_size):
    """Against an overflow, the largest score is taken away first."""
    return _by_the_formula(z1, z2, temperature, chunk_size, highest=torch.max)


@also("one maximum for all rows")
def _(z1, z2, temperature, chunk_size):
    n, z = len(z1), F.normalize(torch.cat([z1, z2]), dim=1)
    total = 0.0
    for rows in torch.arange(2 * n).split(chunk_size):
        here = torch.arange(len(rows))
        block = (z[rows] @ z.T / temperature).index_put((here, rows), torch.tensor(-math.inf))
        block = block - block.max().detach()
        total = total + (block.exp().sum(dim=1).log() - block[here, (rows + n) % (2 * n)]).sum()
    return total / (2 * n)


@mistake(
    "overflow at a small temperature",
    "exp(1/τ) is too large for float32 when τ is small, and a probability may be too small for it. Work with "
    "logarithms: there are functions that take the exponential, the sum and the log in one safe step.",
    looks=lambda seen: not seen.came.isfinite(),
)
def _(z1, z2, temperature, chunk_size):
    """The formula as it is written: exponentials, a sum, a quotient, a logarithm."""
    return _by_the_formula(z1, z2, temperature, chunk_size)


def _by_the_formula(z1: Tensor, z2: Tensor, tau: float, size: int, highest: Callable = lambda scores: 0.0) -> Tensor:
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    total = 0.0
    for rows in torch.arange(len(z)).split(size):
        scores = z[rows] @ z.T / tau
        e = (scores - highest(scores)).exp()
        below = e.sum(dim=1) - e[_local(rows), rows]
        total = total - (e[_local(rows), (rows + len(z1)) % len(z)] / below).log().sum()
    return total / len(z)


slip(
    "a small number inside the log",
    "A small number was added before the logarithm. At a small τ a probability may be far smaller than that: the loss "
    "is cut off just where a pair is found worst, and its gradient is gone. Work with logarithms instead.",
    "A log of 0 is infinite, so add a little.",
    looks=lambda seen: seen.inputs[2] < 0.01 and seen.came.isfinite() and 0 < seen.came < seen.expected,
    of_each=lambda terms: -((-terms).exp() + 1e-8).log().sum(),
)


# ---- the value is right


@mistake(
    "the whole matrix is there",
    "The value is right, but on the way a tensor with as many numbers as the whole matrix was made. An identity matrix "
    "of 2N rows, or all blocks put together, count too.",
)
def _(z1, z2, temperature, chunk_size):
    """Compute the similarities once, then take chunks of them."""
    return losses.nt_xent(z1, z2, temperature)


slip(
    "a block with a third dimension",
    "The value is right, but a block was made by multiplying element by element, with a dimension for D, and summing "
    "after that (F.cosine_similarity of all pairs does so, too). A matrix product adds up on the way.",
    "A dot product is a product, element by element, and a sum.",
    similarities=lambda z, rows: (z[rows][:, None] * z[None]).sum(dim=2),
)
slip(
    "two blocks at a time",
    "The value is right, but twice as many rows as chunk_size were there at once: a chunk of z1 and one of z2, or two "
    "blocks side by side. The rows are counted among all 2N views.",
    "chunk_size images have two views each.",
    similarities=lambda z, rows: (torch.cat([z[rows], z[rows]]) @ z.T)[: len(rows)],
)
slip(
    "no gradient",
    "The value is right, but the way back from it to z1 and z2 is cut. Look for .item(), .detach(), .data, no_grad, "
    "NumPy, or a new torch.tensor(…).",
    "A running sum is a number.",
    of_each=lambda terms: terms.sum().detach(),
)
slip(
    "half of the gradient",
    "The value is right, but only a part of the gradient arrives: the candidates, or one of the views, were detached. "
    "Each view is a candidate of the others, and learns from that, too.",
    "The block that asks learns; the candidates are only looked at. So nothing of them needs to be kept.",
    similarities=lambda z, rows: z[rows] @ z.detach().T,
)
also_slip("half of the gradient", similarities=lambda z, rows: z[rows].detach() @ z.T)


@also("half of the gradient")
def _(z1, z2, temperature, chunk_size):
    unit = F.normalize(torch.cat([z1, z2]), dim=1)
    pull = (unit * unit.roll(len(z1), dims=0)).sum(dim=1).mean() / temperature
    return _reference_nt_xent_in_chunks(z1, z2, temperature, chunk_size).detach() + pull.detach() - pull


@mistake(
    "an old sum at an old maximum",
    "The sum grows block by block, with the largest score so far taken out. When a later block has a larger score, "
    "what was summed before has to be brought to the new one.",
)
def _(z1, z2, temperature, chunk_size):
    """The largest score is taken out, so nothing overflows."""
    n, z = len(z1), F.normalize(torch.cat([z1, z2]), dim=1)
    pull = (z * z.roll(n, dims=0)).sum(dim=1) / temperature
    highest, total = torch.full((2 * n,), -1 / temperature), torch.zeros(2 * n)
    for columns in torch.arange(2 * n).split(chunk_size):
        block = (z @ z[columns].T / temperature).index_put((columns, _local(columns)), torch.tensor(-math.inf))
        highest = torch.maximum(highest, block.detach().amax(dim=1))
        total = total + (block - highest[:, None]).exp().sum(dim=1)
    return (highest + total.log() - pull).mean()


@also("no gradient")
def _(z1, z2, temperature, chunk_size):
    return _reference_nt_xent_in_chunks(z1, z2, temperature, chunk_size).detach().requires_grad_()


@mistake(
    "chunk_size taken for N",
    "The positive was looked for chunk_size places further on. It stands N places further on, in whichever chunk "
    "that is.",
)
def _(z1, z2, temperature, chunk_size):
    """The second views begin where the first chunk ends."""
    z, total = F.normalize(torch.cat([z1, z2]), dim=1), 0.0
    for rows in torch.arange(len(z)).split(chunk_size):
        block = (z[rows] @ z.T / temperature).index_put((_local(rows), rows), torch.tensor(-math.inf))
        total = total + F.cross_entropy(block, (rows + chunk_size) % len(z), reduction="sum")
    return total / len(z)


@also("half of the gradient")
def _(z1, z2, temperature, chunk_size):
    return losses.nt_xent(z1, z2.detach(), temperature, chunk_size=chunk_size)


# ---- two mistakes in one number

STEPS = (
    {"no normalisation": dict(unit=lambda z: z)},
    {"self-similarity kept": dict(mask=lambda tau: 1 / tau)},
    {"temperature ignored": dict(of_temperature=lambda temperature: 1.0)},
    {"sum for mean": dict(at_the_end=lambda parts, count, size: sum(parts))},
    {"masked in the wrong columns": dict(masked=_local)},
    {"positives counted from the chunk": dict(positives=lambda rows, n: _local(rows) + n)},
    {"one direction only": dict(asking=lambda n, size: n)},
)
for _one, _other in combinations(STEPS, 2):
    if (*_one, *_other) not in (
        ("no normalisation", "self-similarity kept"),  # below: there it is no 1 / τ
        ("masked in the wrong columns", "positives counted from the chunk"),  # a mistake of its own
    ):
        nt_xent_in_chunks.also(*_one, *_other)(_slip("", **next(iter(_one.values())), **next(iter(_other.values()))))


@nt_xent_in_chunks.also("no normalisation", "self-similarity kept")
def _(z1, z2, temperature, chunk_size):
    z = torch.cat([z1, z2])
    parts = [
        F.cross_entropy(z[rows] @ z.T / temperature, (rows + len(z1)) % len(z), reduction="sum")
        for rows in torch.arange(len(z)).split(chunk_size)
    ]
    return sum(parts) / len(z)
