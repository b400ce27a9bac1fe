"""Answers to `far_orders(tiles, count, seed) -> int64 [count, tiles]`, wrong and right."""

import random
from itertools import permutations

import torch


def _all(tiles):
    return torch.tensor(list(permutations(range(tiles))))


def _greedy(tiles, count, seed, goal, first=None):
    """Choose again and again the order with the largest `goal(distances [tiles!, chosen])` of those that are left."""
    orders = _all(tiles)
    generator = torch.Generator().manual_seed(seed)
    chosen = [int(torch.randint(len(orders), (1,), generator=generator)) if first is None else first]
    while len(chosen) < count:
        distances = (orders[:, None] != orders[chosen][None]).sum(dim=2)
        score = goal(distances)
        score[chosen] = -1000
        chosen.append(int(score.argmax()))
    return orders[chosen]


def tiles_drawn(tiles, count, seed):
    """Each place gets a tile by lot."""
    return torch.randint(tiles, (count, tiles), generator=torch.Generator().manual_seed(seed))


def from_one(tiles, count, seed):
    """The first tile is number 1."""
    return right_with_tensors(tiles, count, seed) + 1


def with_repeats(tiles, count, seed):
    """Each order is drawn by itself."""
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randperm(tiles, generator=generator) for _ in range(count)])


def nearest(tiles, count, seed):
    """The loss of an order is its distance, so the smallest is best."""
    return _greedy(tiles, count, seed, lambda distances: -distances.min(dim=1).values)


def first_of_the_list(tiles, count, seed):
    """They are all different, and that is what counts."""
    return _all(tiles)[:count]


def drawn_without_repeats(tiles, count, seed):
    """Drawn at random, orders are far apart by themselves."""
    orders = _all(tiles)
    return orders[torch.randperm(len(orders), generator=torch.Generator().manual_seed(seed))[:count]]


def by_the_sum(tiles, count, seed):
    """As in the paper's Algorithm 1: the largest sum of distances."""
    return _greedy(tiles, count, seed, lambda distances: distances.sum(dim=1))


def from_the_last(tiles, count, seed):
    """Far from the one before."""
    return _greedy(tiles, count, seed, lambda distances: distances[:, -1])


def from_the_first(tiles, count, seed):
    """Far from where it began."""
    return _greedy(tiles, count, seed, lambda distances: distances[:, 0])


def without_seed(tiles, count, seed):
    """A random start is a random start."""
    return right_with_tensors(tiles, count, torch.seed())


def begins_in_order(tiles, count, seed):
    """The first order is the picture itself."""
    return _greedy(tiles, count, seed, lambda distances: distances.min(dim=1).values, first=0)


def as_lists(tiles, count, seed):
    """Orders are lists."""
    return right_with_lists(tiles, count, seed).tolist()


def as_floats(tiles, count, seed):
    """Numbers are floats."""
    return right_with_tensors(tiles, count, seed).float()


def right_with_tensors(tiles, count, seed):
    """All distances at once."""
    return _greedy(tiles, count, seed, lambda distances: distances.amin(dim=1))


def right_with_lists(tiles, count, seed):
    """Plain Python, ties broken by the list's shuffled order."""
    left = list(permutations(range(tiles)))
    random.Random(seed).shuffle(left)
    chosen = [left.pop()]
    while len(chosen) < count:
        best = max(left, key=lambda order: min(sum(a != b for a, b in zip(order, c, strict=True)) for c in chosen))
        left.remove(best)
        chosen.append(best)
    return torch.tensor(chosen)


WRONG = {
    "wrong type": (as_lists, "another type"),
    "wrong dtype": (as_floats, "type of its numbers"),
    "not an order": (tiles_drawn, "exactly once"),
    "tiles counted from 1": (from_one, "used as an index"),
    "the same order twice": (with_repeats, "two labels"),
    "near, not far": (nearest, "closer to each other"),
    "the first of the list": (first_of_the_list, "begin alike"),
    "far on average only": (by_the_sum, "Algorithm 1"),
    "far from the last one only": (from_the_last, "one before it"),
    "far from the first one only": (from_the_first, "close to one another"),
    "not as far as can be": (drawn_without_repeats, "nearest neighbour"),
    "other orders each time": (without_seed, "cannot be repeated"),
    "the seed changes nothing": (begins_in_order, "always the same one"),
}

RIGHT = [right_with_tensors, right_with_lists]
