"""Orders of the jigsaw's tiles that lie far apart in Hamming distance (Noroozi & Favaro 2016, arXiv:1603.09246)."""

from collections.abc import Callable
from itertools import permutations

import torch
from torch import Tensor

from aimsssl import pretext
from aimsssl.exercises.old_framework import Exercise, Wrong, call


def _orders(student: Callable, tiles: int, count: int, seed: int) -> list[list[int]]:
    """The student's orders as plain lists, after a look at their type and shape."""
    came = call(student, tiles, count, seed)
    if not isinstance(came, Tensor):
        raise Wrong("wrong type", came, "a tensor")
    if came.dtype != torch.int64:
        raise Wrong("wrong dtype", came.dtype, "torch.int64")
    if came.shape != (count, tiles):
        raise Wrong("wrong shape", list(came.shape), [count, tiles])
    return came.tolist()


def distance(one: list[int], other: list[int]) -> int:
    """Hamming distance: in how many positions two orders differ."""
    return sum(a != b for a, b in zip(one, other, strict=True))


def _orders_at_all(student: Callable) -> None:
    """Every row has each tile once, and no two rows are alike."""
    orders = _orders(student, 4, 24, 0)
    what = "all 24 orders of 4 tiles"
    if not all(sorted(order) == list(range(4)) for order in orders):
        lowest = min(min(order) for order in orders)
        raise Wrong("tiles counted from 1" if lowest == 1 else "not an order", orders[0], what=what)
    if len({tuple(order) for order in orders}) < 24:
        raise Wrong("the same order twice", f"{len({tuple(order) for order in orders})} different orders", "24", what)


def _greedy(student: Callable) -> None:
    """Each order is as far as can be from its nearest among those before it."""
    orders = _orders(student, 5, 12, 0)
    everything = [list(order) for order in permutations(range(5))]
    for n in range(1, len(orders)):
        best = max(min(distance(order, old) for old in orders[:n]) for order in everything)
        came = min(distance(orders[n], old) for old in orders[:n])
        if came < best:
            what = f"order {n + 1} of 12, with 5 tiles: the distance to its nearest among those before it"
            raise Wrong(_which(orders, everything), came, best, what)


def _which(orders: list[list[int]], everything: list[list[int]]) -> str:
    """The name of the rule that these orders follow, where it is a known one."""

    def follows(goal: Callable[[list[int], list[list[int]]], int]) -> bool:
        """Each next order has the largest goal of all that are left."""
        for n in range(1, len(orders)):
            rest = [order for order in everything if order not in orders[:n]]
            if goal(orders[n], orders[:n]) < max(goal(order, orders[:n]) for order in rest):
                return False
        return True

    if orders == everything[: len(orders)]:
        return "the first of the list"
    if follows(lambda order, before: -min(distance(order, old) for old in before)):
        return "near, not far"
    if follows(lambda order, before: sum(distance(order, old) for old in before)):
        return "far on average only"
    if follows(lambda order, before: distance(order, before[-1])):
        return "far from the last one only"
    if follows(lambda order, before: distance(order, before[0])):
        return "far from the first one only"
    return "not as far as can be"


def _seed(student: Callable) -> None:
    """The seed decides, and nothing else. A start drawn without it is one of 120, so two calls can agree."""
    same = [_orders(student, 5, 6, 0) for _ in range(6)]
    if any(run != same[0] for run in same):
        raise Wrong("other orders each time", what="six calls with the same seed")
    runs = [same[0], *(_orders(student, 5, 6, seed) for seed in (1, 2, 3))]
    if len({tuple(run[0]) for run in runs}) == 1:
        raise Wrong("the seed changes nothing", runs[0][0], what="the first order, with the seeds 0, 1, 2 and 3")


far_orders = Exercise(
    lesson="01",
    name="far_orders",
    title="Choose orders of the tiles that lie far apart in Hamming distance.",
    difficulty="●●●",
    minutes=20,
    reference=pretext.hamming_permutations,
    hints=(
        "Make a list of all orders with itertools.permutations. Draw the first one with the seed. Then, again and "
        "again, choose the next one by looking at those you have.",
        "For each order of the list, compute the distance to the *nearest* of those that are chosen already. Which "
        "order has the largest such number? An order that is chosen already has distance 0 to itself.",
        "As a tensor [tiles!, tiles], `(orders != chosen).sum(dim=1)` has the distances of all orders to one. Keep for "
        "each order the smallest so far, with torch.minimum, and take the argmax. A generator with the seed draws the "
        "first one.",
    ),
    checks=(_orders_at_all, _greedy, _seed),
    mistakes={
        "not an order": "A row does not have every tile exactly once. Then a tile would be shown twice, and another "
        "one never.",
        "tiles counted from 1": "Tiles are counted from 0, as they are used as an index.",
        "the same order twice": "Two rows are the same order under two labels. No network can tell these two labels "
        "apart.",
        "near, not far": "The orders come closer to each other with every step: the smallest was taken where the "
        "largest was meant.",
        "the first of the list": "These are the first orders of the list of permutations. They all begin alike: most "
        "of their tiles stay in place.",
        "far on average only": "The *sum* of the distances was made large. That is what the paper's Algorithm 1 does. "
        "Two orders can still be close, if the others are far. Here the nearest one counts.",
        "far from the last one only": "Each order is far from the one before it, but not from those before that.",
        "far from the first one only": "Each order is far from the first one. The others can be close to one another.",
        "not as far as can be": "There is an order that lies farther from its nearest neighbour than the one that was "
        "chosen.",
        "other orders each time": "The same seed must give the same orders, else a training cannot be repeated. Draw "
        "with a generator that has the seed.",
        "the seed changes nothing": "The first order is always the same one. It is to be drawn with the seed.",
    },
)
