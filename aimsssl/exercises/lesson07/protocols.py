"""Four protocols, and one more to discuss, for the exercise `find_the_leak`; each runs, and can be tried on noise.

What is listed for the students is what runs. So the protocols have no docstrings: they would tell.
"""

import inspect
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from aimsssl.evaluation import knn_accuracy

IMAGES, FEATURES, CLASSES = 200, 512, 5
CHANCE = 1 / CLASSES


def halves(n: int) -> tuple[Tensor, Tensor]:
    """The numbers 0 to n−1 in random order, cut in two: training and test."""
    order = torch.randperm(n)
    return order[: n // 2], order[n // 2 :]


def random_encoder(x: Tensor, seed: int) -> Tensor:
    """One layer with random weights and a ReLU: `[N, D]` to `[N, 64]`."""
    weights = torch.randn(x.shape[1], 64, generator=torch.Generator().manual_seed(seed))
    return (x @ weights).relu()


def protocol_a(x: Tensor, y: Tensor) -> float:
    train, test = halves(len(x))
    accuracies = []
    for seed in range(20):
        h = random_encoder(x, seed)
        accuracies.append(knn_accuracy(h[train], y[train], h[test], y[test]))
    return max(accuracies)


def protocol_b(x: Tensor, y: Tensor) -> float:
    train, test = halves(len(x))
    x = (x - x[train].mean(dim=0)) / x[train].std(dim=0)
    held_out, rest = train[:30], train[30:]
    accuracies = {k: knn_accuracy(x[rest], y[rest], x[held_out], y[held_out], k=k) for k in (1, 5, 20, 50)}
    best_k = max(accuracies, key=accuracies.get)
    return knn_accuracy(x[train], y[train], x[test], y[test], k=best_k)


def protocol_c(x: Tensor, y: Tensor) -> float:
    class_means = torch.stack([x[y == c].mean(dim=0) for c in y.unique()])  # [C, D]
    useful = class_means.std(dim=0).topk(64).indices  # the features that tell the classes apart best
    x = x[:, useful]
    train, test = halves(len(x))
    return knn_accuracy(x[train], y[train], x[test], y[test])


def protocol_d(x: Tensor, y: Tensor) -> float:
    views = [x + 0.3 * torch.randn_like(x), x + 0.3 * torch.randn_like(x)]
    x, y = torch.cat(views), torch.cat([y, y])
    train, test = halves(len(x))
    return knn_accuracy(x[train], y[train], x[test], y[test])


def protocol_e(x: Tensor, y: Tensor) -> float:
    directions = torch.pca_lowrank(x, 32)[2]  # learned from all images, without labels: [D, 32]
    h = (x - x.mean(dim=0)) @ directions
    train, test = halves(len(x))
    return knn_accuracy(h[train], y[train], h[test], y[test])


PROTOCOLS: dict[str, Callable[[Tensor, Tensor], float]] = {
    "A": protocol_a,
    "B": protocol_b,
    "C": protocol_c,
    "D": protocol_d,
    "E": protocol_e,
}


def listing(letters: str = "ABCD") -> str:
    """The code of protocols, to read."""
    return "\n".join(inspect.getsource(PROTOCOLS[letter]) for letter in letters).rstrip()


@cache
def on_noise(letter: str, repeats: int = 20) -> Tensor:
    """The accuracies `[repeats]` that a protocol reports where there is nothing to find: random features and labels.

    Each repeat has new noise. Chance is 1/5, so a protocol that does better by more than luck has looked.
    """
    found = []
    with torch.random.fork_rng(devices=[]):
        for repeat in range(repeats):
            torch.manual_seed(repeat)
            found.append(PROTOCOLS[letter](torch.randn(IMAGES, FEATURES), torch.randint(CLASSES, (IMAGES,))))
    return torch.tensor(found)
