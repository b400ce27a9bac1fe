"""Orders of the jigsaw's tiles that lie far apart in Hamming distance (Noroozi & Favaro 2016, arXiv:1603.09246)."""

from collections.abc import Callable
from itertools import permutations

import torch
from torch import Tensor

from aimsssl import pretext
from aimsssl.exercises.compare import difference
from aimsssl.exercises.framework import Case, Exercise, Wrong

Goal = Callable[[Tensor], Tensor]
Distances = Callable[[Tensor, Tensor], Tensor]


def _everything(tiles: int) -> Tensor:
    """All orders, as itertools lists them: int64 `[tiles!, tiles]`."""
    return torch.tensor(list(permutations(range(tiles))))


def _distances(some: Tensor, others: Tensor) -> Tensor:
    """Hamming distance: in how many positions two orders differ, `[N, M]`."""
    return (some[:, None] != others[None]).sum(dim=2)


def _moves(some: Tensor, others: Tensor) -> Tensor:
    """How far the numbers lie apart, `[N, M]`: another distance than the one asked for."""
    return (some[:, None] - others[None]).abs().sum(dim=2)


def _squared_moves(some: Tensor, others: Tensor) -> Tensor:
    return (some[:, None] - others[None]).square().sum(dim=2)


def _nearest(distances: Tensor) -> Tensor:
    return distances.amin(dim=1)


RULES: dict[str, tuple[tuple[Goal, Distances], ...]] = {
    "near, not far": ((lambda distances: -distances.amin(dim=1), _distances),),
    "far on average only": ((lambda distances: distances.sum(dim=1), _distances),),
    "far from one of them only": (
        (lambda distances: distances[:, -1], _distances),
        (lambda distances: distances[:, 0], _distances),
    ),
    "the numbers' distance": ((_nearest, _moves), (_nearest, _squared_moves)),
}
"""The largest of what, over which distances `[orders, chosen]`, each wrong rule takes."""


def _of_the_right_form(orders: Tensor, tiles: int, count: int) -> Tensor:
    """The orders, after a look at their type and shape."""
    right = torch.zeros(count, tiles, dtype=torch.int64)
    one = difference(orders, right)
    if one is not None and one.name != "wrong value":
        raise Wrong(_of_another_form(orders, right) or one.name, one.sentence)
    return orders


def _checked(orders: Tensor, tiles: int, count: int) -> Tensor:
    """The orders, after a look at their type and shape, and at each row by itself."""
    orders = _of_the_right_form(orders, tiles, count)
    sorted_rows = orders.sort(dim=1).values
    if torch.equal(sorted_rows, 1 + torch.arange(tiles).expand(count, tiles)):
        raise Wrong("tiles counted from 1")
    if not torch.equal(sorted_rows, torch.arange(tiles).expand(count, tiles)):
        raise Wrong("not an order")
    if len(orders.unique(dim=0)) == 1 < count:
        raise Wrong("the first order again and again")
    if len(orders.unique(dim=0)) < count:
        raise Wrong(_known_rule(orders, _everything(tiles), again=True) or "the same order twice")
    return orders


def _of_another_form(orders: object, right: Tensor) -> str:
    """The mistake that a result of another type or shape comes of, if it is a known one."""
    if not isinstance(orders, Tensor):
        return "not a tensor"
    if orders.shape == right.T.shape != right.shape:
        return "tiles and count in each other's place"
    if orders.shape == right.shape[:1]:
        return "positions in the list for orders"
    if orders.shape == right.shape:
        return "no whole numbers"
    if orders.shape[1:] == right.shape[:1]:
        return "orders of count things"
    return "one order too few or too many" if orders.shape[1:] == right.shape[1:] else ""


def _far_apart(function: Callable, tiles: int, count: int, seed: int) -> dict:
    """How far each order is from its nearest among those before it, and how far it could be.

    Three orders are asked for first: a list of all orders of `count` things would fill the memory.
    """
    _of_the_right_form(function(tiles, 3, seed), tiles, 3)
    orders, everything = _checked(function(tiles, count, seed), tiles, count), _everything(tiles)
    short = 0
    for n in range(1, count):
        nearest = _distances(everything, orders[:n]).amin(dim=1)
        short += int(_distances(orders[n : n + 1], orders[:n]).min() < nearest.max())
    if short:
        raise Wrong(_rule(orders, everything), f"{short} of {count - 1} orders could lie farther from their nearest.")
    return {"orders that could lie farther from their nearest one": short}


def _rule(orders: Tensor, everything: Tensor) -> str:
    """The name of the rule that these orders follow, where it is a known one."""
    if torch.equal(orders, everything[: len(orders)]):
        return "the first of the list"
    return _known_rule(orders, everything) or "not as far as can be"


def _known_rule(orders: Tensor, everything: Tensor, again: bool = False) -> str:
    """The name of a rule that wrong orders follow; empty where none is known."""
    shifts = torch.stack([orders[0].roll(k) for k in range(orders.shape[1])])
    if 2 < len(orders.unique(dim=0)) and (orders[:, None] == shifts).all(dim=2).any(dim=1).all():
        return "shifts of one order"
    found = (name for name, rules in RULES.items() for rule in rules if _follows(orders, everything, *rule, again))
    return next(found, "")


def _follows(orders: Tensor, everything: Tensor, goal: Goal, far: Distances, again: bool) -> bool:
    """Whether each next order has the largest goal of all that are left, or of all, those chosen `again` too."""
    for n in range(1, len(orders)):
        distances = far(everything, orders[:n])
        left = (distances.amin(dim=1) > 0) | again
        if goal(far(orders[n : n + 1], orders[:n])) < goal(distances)[left].max():
            return False
    return True


def _of_seeds(function: Callable, tiles: int, count: int, other_seeds: tuple[int, ...]) -> dict:
    """The seed decides, and nothing else. A start drawn without it is one of 120, so two calls can agree."""
    same = [_checked(function(tiles, count, 0), tiles, count) for _ in range(4)]
    first = [tuple(_checked(function(tiles, count, seed), tiles, count)[0].tolist()) for seed in (0, *other_seeds)]
    of_all = len({order[0] for order in first}) > 1 or len(set(first)) == 1
    return {
        "the same orders at the same seed": all(torch.equal(orders, same[0]) for orders in same),
        "the first order, at several seeds, is not always the same": len(set(first)) > 1,
        "the first order, at several seeds, does not always begin with the same tile": of_all,
    }


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
    cases=(
        Case("all 24 orders of 4 tiles", lambda: (4, 24, 70), _far_apart),
        Case("8 orders of 5 tiles", lambda: (5, 8, 0), _far_apart),
        Case("3 orders of 6 tiles", lambda: (6, 3, 1), _far_apart),
        Case("4 orders of 5 tiles, at the same seed and at others", lambda: (5, 4, tuple(range(1, 12))), _of_seeds),
    ),
    may_seed=True,
)


def _greedy(
    tiles: int,
    count: int,
    seed: int,
    goal: Goal = _nearest,
    far: Distances = _distances,
    first: int | None = None,
    again: bool = False,
) -> Tensor:
    """Choose again and again the order with the largest `goal(distances [tiles!, chosen])` of those that are left."""
    orders = _everything(tiles)
    generator = torch.Generator().manual_seed(seed)
    chosen = [int(torch.randint(len(orders), (1,), generator=generator)) if first is None else first]
    while len(chosen) < count:
        score = goal(far(orders, orders[chosen]))
        score[chosen] = score[chosen] if again else -1000
        chosen.append(int(score.argmax()))
    return orders[chosen]


@far_orders.mistake(
    "not an order",
    "A row does not have every tile exactly once. Then a tile would be shown twice, and another one never.",
)
def _(tiles, count, seed):
    """Each place gets a tile by lot."""
    return torch.randint(tiles, (count, tiles), generator=torch.Generator().manual_seed(seed))


@far_orders.mistake("tiles counted from 1", "Tiles are counted from 0, as they are used as an index.")
def _(tiles, count, seed):
    """The first tile is number 1."""
    return _greedy(tiles, count, seed) + 1


@far_orders.mistake(
    "tiles and count in each other's place",
    "Each *row* is one order: there are `count` rows, with a place for each of the tiles.",
)
def _(tiles, count, seed):
    """A column for each order."""
    return _greedy(tiles, count, seed).T


@far_orders.mistake(
    "the same order twice",
    "Two rows are the same order under two labels. No network can tell these two labels apart. Are orders drawn "
    "without a look at those that are chosen already?",
)
def _(tiles, count, seed):
    """Each order is drawn by itself."""
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randperm(tiles, generator=generator) for _ in range(count)])


@far_orders.mistake(
    "the first order again and again",
    "All rows are the same order. An order that is chosen already has distance 0 to itself, so it should be the worst "
    "of all: are *equal* places counted, or is the smallest distance taken?",
)
def _(tiles, count, seed):
    """The distance is the number of places that agree."""
    return _greedy(tiles, 1, seed).repeat(count, 1)


def _by_goal(name: str, thought: str, message: str) -> None:
    """A mistake that is greedy for something else; those that are chosen may come again or not."""
    for number, (rule, again) in enumerate((rule, again) for rule in RULES[name] for again in (False, True)):

        def wrong(tiles, count, seed, rule=rule, again=again):
            return _greedy(tiles, count, seed, *rule, again=again)

        wrong.__doc__ = thought
        if name == "near, not far" and again:
            continue  # the nearest of all is always the first itself
        (far_orders.also(name) if number else far_orders.mistake(name, message))(wrong)


_by_goal(
    "near, not far",
    "The loss of an order is its distance, so the smallest is best.",
    "The orders come closer to each other with every step: the smallest was taken where the largest was meant.",
)
_by_goal(
    "far on average only",
    "As in the paper's Algorithm 1: the largest sum of distances.",
    "The *sum* of the distances was made large, or their mean. That is what the paper's Algorithm 1 does. Two orders "
    "can still be close, if the others are far. Here the nearest one counts.",
)
_by_goal(
    "far from one of them only",
    "Far from the one before.",
    "Each order is far from *one* of those before it: the one just before, or the first. To another "
    "one it may be close, or even the same. The nearest one counts.",
)
_by_goal(
    "the numbers' distance",
    "How far a tile has moved.",
    "The differences of the numbers were added. Hamming distance counts in how many places two orders differ, and not "
    "by how much.",
)


@far_orders.mistake(
    "the first of the list",
    "These are the first orders of the list of permutations. They all begin alike: most of their tiles stay in place.",
)
def _(tiles, count, seed):
    """They are all different, and that is what counts."""
    return _everything(tiles)[:count]


@far_orders.mistake(
    "not as far as can be",
    "There is an order that lies farther from its nearest neighbour than the one that was chosen.",
)
def _(tiles, count, seed):
    """Drawn at random, orders are far apart by themselves."""
    orders = _everything(tiles)
    return orders[torch.randperm(len(orders), generator=torch.Generator().manual_seed(seed))[:count]]


@far_orders.also("not as far as can be")
def _(tiles, count, seed):
    orders, chosen = _everything(tiles), _greedy(tiles, max(2, count // 2), seed).tolist()
    return torch.tensor(chosen + [one for one in orders.tolist() if one not in chosen][: count - len(chosen)])


@far_orders.mistake(
    "other orders each time",
    "The same seed must give the same orders, else a training cannot be repeated. Draw with a generator "
    "that has the seed.",
    looks=lambda seen: isinstance(seen.came, dict) and not seen.came.get("the same orders at the same seed", True),
)
def _(tiles, count, seed):
    """A random start is a random start."""
    return _greedy(tiles, count, int(torch.randint(1000, ())))


@far_orders.mistake(
    "the seed changes nothing",
    "The first order is always the same one. It is to be drawn with the seed.",
    looks=lambda seen: not seen.came["the first order, at several seeds, is not always the same"],
)
def _(tiles, count, seed):
    """The first order is the picture itself."""
    return _greedy(tiles, count, seed, first=0)


@far_orders.mistake(
    "the first order from a part of the list",
    "The first order always begins with the same tile: it was drawn among the first of the list, not among all.",
    looks=lambda seen: not seen.came["the first order, at several seeds, does not always begin with the same tile"],
)
def _(tiles, count, seed):
    """One of count."""
    return _greedy(
        tiles, count, seed, first=int(torch.randint(count, (), generator=torch.Generator().manual_seed(seed)))
    )


@far_orders.mistake(
    "not a tensor", "The orders are asked for as one tensor, int64 [count, tiles]; a list, or something else, came."
)
def _(tiles, count, seed):
    """Orders are lists."""
    return _greedy(tiles, count, seed).tolist()


@far_orders.mistake("no whole numbers", "The numbers of the tiles are to be int64: they are used as an index.")
def _(tiles, count, seed):
    """Numbers are floats."""
    return _greedy(tiles, count, seed).float()


@far_orders.mistake(
    "positions in the list for orders",
    "The result has one number for each order: its position in the list of all orders. The orders themselves are asked "
    "for.",
)
def _(tiles, count, seed):
    """The chosen ones."""
    everything = _everything(tiles).tolist()
    return torch.tensor([everything.index(order) for order in _greedy(tiles, count, seed).tolist()])


@far_orders.mistake(
    "orders of count things",
    "Each row has `count` places. An order has a place for each of the *tiles*; `count` is how many orders to choose.",
)
def _(tiles, count, seed):
    """All permutations of count."""
    return _greedy(count, count, seed)


@far_orders.mistake(
    "one order too few or too many", "The number of orders is not `count`. Does the first one count, too?"
)
def _(tiles, count, seed):
    """The first one, and then count more."""
    return torch.cat([_greedy(tiles, count, seed), _everything(tiles)[:1]])


@far_orders.also("one order too few or too many")
def _(tiles, count, seed):
    return _greedy(tiles, count, seed)[1:]


@far_orders.mistake(
    "shifts of one order",
    "All rows are one order, shifted on. There are only as many of these as tiles, and the rule of the contract looks "
    "at all orders.",
)
def _(tiles, count, seed):
    """A shift changes every place."""
    return torch.stack([torch.arange(tiles).roll(k) for k in range(count)])
