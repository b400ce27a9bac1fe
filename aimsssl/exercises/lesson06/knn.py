"""Weighted kNN: near neighbours have more votes (Wu et al. 2018, arXiv:1805.01978, §3.4)."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from aimsssl import evaluation
from aimsssl.exercises.framework import Case, Exercise, Seen

DIM, FAR = 6, 3


def _reference_weighted_knn(keys: Tensor, labels: Tensor, queries: Tensor, k: int, temperature: float) -> Tensor:
    """`aimsssl.evaluation.knn_predict`: a class for each query, int64 `[Q]`."""
    return evaluation.knn_predict(keys, labels, queries, k=k, temperature=temperature)


def _features(count: int, offset: float = 0.5) -> Tensor:
    """Rows of very different lengths, off the origin, as features of a network are: `[count, D]`."""
    return (torch.randn(count, DIM) + offset) * torch.rand(count, 1).add(0.3)


def _close_calls() -> tuple[Tensor, Tensor, Tensor, int, float]:
    """Many queries; those where two classes have nearly as many votes come first, as a message shows the first ones."""
    keys, labels, queries, k, temperature = _features(120), torch.randint(5, (120,)), _features(100), 30, 0.2
    s, index = _cosine(keys, queries).topk(k, dim=1)
    votes = _counted((s / temperature).softmax(dim=1), labels[index])
    first, second = votes.topk(2, dim=1).values.T
    return keys, labels, queries[(first - second).argsort()], k, temperature


def _classes_with_gaps() -> tuple[Tensor, Tensor, Tensor, int, float]:
    """Some queries have the direction of a key."""
    keys, labels, queries = _features(70), torch.tensor([1, 4, 12])[torch.randint(3, (70,))], _features(40)
    queries[:20] = 0.5 * keys[:20]
    return keys, labels, queries, 11, 0.5


def _a_small_temperature() -> tuple[Tensor, Tensor, Tensor, int, float]:
    """Cosines are near 1 or near 0, but for the last queries: near 0 and near −1, and none of those is class 0."""
    keys, labels, queries = _features(90, 6.0), torch.randint(1, 5, (90,)), _features(20, 6.0)
    labels[:9] = 0
    keys[50:, DIM // 2 :] *= -1
    queries[-FAR:] = -keys[:FAR] - 0.1 * keys[5 : 5 + FAR]
    return keys, labels, queries, 70, 0.005


def _all_far() -> tuple[Tensor, Tensor, Tensor, int, float]:
    """Every cosine is below 0."""
    return _features(60, 3.0), torch.randint(4, (60,)), -_features(15, 3.0), 20, 0.1


weighted_knn = Exercise(
    lesson="06",
    name="weighted_knn",
    title="Predict classes by the weighted vote of the k nearest neighbours.",
    difficulty="●●○",
    minutes=15,
    reference=_reference_weighted_knn,
    hints=(
        "Two questions, one after the other: which k keys are the nearest of a query, and how many votes has each of "
        "them? Then a count of votes, class by class.",
        "Rows of length 1, then one matrix product: all cosines, [Q, N]. Its topk along dimension 1 gives values and "
        "positions; the labels at these positions are the classes of the neighbours, [Q, k]. How do you add up the "
        "votes of one class? Try it for one query with a loop.",
        "Make a table of zeros, queries by classes (the largest label + 1). scatter_add_ along dimension 1 puts each "
        "vote into the column of its neighbour's class; the argmax of a row is the answer. And against numbers that "
        "are too large: who has most votes does not change when all votes of a query are divided by the same number.",
    ),
    cases=(
        Case("100 queries, 120 keys of 5 classes, k = 30, temperature 0.2", _close_calls),
        Case("40 queries, 70 keys of the classes 1, 4 and 12, k = 11, temperature 0.5", _classes_with_gaps),
        Case(
            f"20 queries, 90 keys, k = 70, temperature 0.005: cosines near 1 and 0, for {FAR} queries 0 and −1",
            _a_small_temperature,
        ),
        Case("15 queries, 60 keys, k = 20, temperature 0.1: every cosine is below 0", _all_far),
    ),
)


def _cosine(keys: Tensor, queries: Tensor) -> Tensor:
    return F.normalize(queries, dim=1) @ F.normalize(keys, dim=1).T


def _counted(votes: Tensor, classes: Tensor) -> Tensor:
    """Votes `[Q, k]` of neighbours with these classes `[Q, k]`, added up: `[Q, C]`."""
    return votes.new_zeros(len(votes), int(classes.max()) + 1).scatter_add_(1, classes, votes)


def _by(scores: Tensor, labels: Tensor, k: int, votes_of: Callable, largest: bool = True) -> Tensor:
    """The prediction of someone who takes the k largest (or smallest) of `scores` `[Q, N]` and weighs them so."""
    values, index = scores.topk(k, dim=1, largest=largest)
    return _counted(votes_of(values), labels[index]).argmax(dim=1)


def _softly(temperature: float, sign: int = 1) -> Callable[[Tensor], Tensor]:
    return lambda s: (sign * s / temperature).softmax(dim=1)


def _plainly(temperature: float) -> Callable[[Tensor], Tensor]:
    return lambda s: torch.exp(s / temperature)


def _only_far_ones_wrong(seen: Seen) -> bool:
    return torch.equal(seen.came[:-FAR], seen.expected[:-FAR])


@weighted_knn.mistake(
    "votes, not classes",
    "These are the votes of every class. Which class wins?",
    looks=lambda seen: seen.came.ndim == 2 and len(seen.came) == len(seen.inputs[2]),
)
def _(keys, labels, queries, k, temperature):
    """The votes say everything."""
    s, index = _cosine(keys, queries).topk(k)
    return _counted(_softly(temperature)(s), labels[index])


@weighted_knn.mistake(
    "the number of votes, not the class",
    "This is how many votes the winner has. Which class is it?",
)
def _(keys, labels, queries, k, temperature):
    """The largest number of votes wins."""
    s, index = _cosine(keys, queries).topk(k)
    return _counted(_softly(temperature)(s), labels[index]).amax(dim=1)


@weighted_knn.also("the number of votes, not the class")
def _(keys, labels, queries, k, temperature):
    s, index = _cosine(keys, queries).topk(k)
    return _counted(torch.exp((s - s[:, :1]) / temperature), labels[index]).amax(dim=1)


@weighted_knn.mistake(
    "neighbours, not classes",
    "This is the position of a neighbour, in the list of keys or among the k. Which class does it have?",
)
def _(keys, labels, queries, k, temperature):
    """topk gives the neighbour, and the neighbour is the answer."""
    return _cosine(keys, queries).argmax(dim=1)


@weighted_knn.also("neighbours, not classes")
def _(keys, labels, queries, k, temperature):
    return torch.zeros(len(queries), dtype=torch.int64)


@weighted_knn.mistake(
    "keys and queries exchanged",
    "There is an answer for each key, not for each query: the queries have taken the place of the keys.",
    looks=lambda seen: seen.came.shape == (len(seen.inputs[0]),),
)
def _(keys, labels, queries, k, temperature):
    """Each key looks for its queries."""
    return labels[(_cosine(queries, keys) + labels[:, None]).argmin(dim=0)[:1].expand(len(keys))]


@weighted_knn.mistake(
    "inner product for cosine",
    "An inner product grows with the lengths of both rows: a long key is the neighbour of everybody. The "
    "cosine looks at the direction only.",
)
def _(keys, labels, queries, k, temperature):
    """A cosine is an inner product."""
    return _by(queries @ keys.T, labels, k, _softly(temperature))


@weighted_knn.also("inner product for cosine")
def _(keys, labels, queries, k, temperature):
    return _by(queries @ keys.T, labels, k, _plainly(temperature))


@weighted_knn.mistake(
    "normalised on one side only",
    "Queries or keys have length 1, but not both. With long keys the long ones are 'near' to all; with long "
    "queries each query has a temperature of its own.",
)
def _(keys, labels, queries, k, temperature):
    """The keys are prepared once; a query is compared as it comes."""
    return _by(queries @ F.normalize(keys, dim=1).T, labels, k, _softly(temperature))


@weighted_knn.also("normalised on one side only")
def _(keys, labels, queries, k, temperature):
    return _by(queries @ F.normalize(keys, dim=1).T, labels, k, _plainly(temperature))


@weighted_knn.also("normalised on one side only")
def _(keys, labels, queries, k, temperature):
    return _by(F.normalize(queries, dim=1) @ keys.T, labels, k, _softly(temperature))


@weighted_knn.also("normalised on one side only")
def _(keys, labels, queries, k, temperature):
    return _by(F.normalize(queries, dim=1) @ keys.T, labels, k, _plainly(temperature))


@weighted_knn.mistake(
    "columns of length 1",
    "The columns have length 1: each feature was normalised over the images. It is each image whose length should not "
    "matter.",
)
def _(keys, labels, queries, k, temperature):
    """normalize, along the first dimension."""
    return _by(F.normalize(queries, dim=0) @ F.normalize(keys, dim=0).T, labels, k, _softly(temperature))


@weighted_knn.also("columns of length 1")
def _(keys, labels, queries, k, temperature):
    return _by(F.normalize(queries, dim=0) @ F.normalize(keys, dim=0).T, labels, k, _plainly(temperature))


@weighted_knn.mistake(
    "divided by one length for all",
    "All rows were divided by one number, the length of the whole matrix. Each row has a length of its own.",
)
def _(keys, labels, queries, k, temperature):
    """norm gives the length."""
    return _by((queries / queries.norm()) @ (keys / keys.norm()).T, labels, k, _softly(temperature))


@weighted_knn.mistake(
    "the mean of the features taken out",
    "The features were moved to the origin first. The cosines are then others; the contract compares the features as "
    "they come.",
)
def _(keys, labels, queries, k, temperature):
    """Features are standardised before they are compared."""
    mean = keys.mean(dim=0)
    return _by(_cosine(keys - mean, queries - mean), labels, k, _softly(temperature))


@weighted_knn.mistake(
    "distance for similarity",
    "This goes by distance, and the contract by cosine. The order can be another one, and so are the weights.",
)
def _(keys, labels, queries, k, temperature):
    """Near means a small distance."""
    return _by(torch.cdist(queries, keys), labels, k, _softly(temperature, -1), largest=False)


for _length in (lambda x: x, lambda x: F.normalize(x, dim=1)):
    for _votes in (
        lambda d, t: torch.exp(-d / t),
        lambda d, t: torch.exp(-(d**2) / t),
        lambda d, t: (-(d**2) / t).softmax(dim=1),
        lambda d, t: 1 / d,
    ):

        @weighted_knn.also("distance for similarity")
        def _(keys, labels, queries, k, temperature, length=_length, votes=_votes):
            d = torch.cdist(length(queries), length(keys))
            return _by(d, labels, k, lambda d: votes(d, temperature), largest=False)


@weighted_knn.also("distance for similarity")
def _(keys, labels, queries, k, temperature):
    angle = torch.cdist(F.normalize(queries, dim=1), F.normalize(keys, dim=1))
    return _by(angle, labels, k, _softly(temperature, -1), largest=False)


@weighted_knn.mistake(
    "the farthest vote", "The keys that are *least* alike vote. A cosine is a similarity: which end is near?"
)
def _(keys, labels, queries, k, temperature):
    """The nearest have the smallest value."""
    return _by(_cosine(keys, queries), labels, k, _softly(temperature), largest=False)


for _votes in (lambda s, t: torch.exp(s / t), lambda s, t: torch.exp(-s / t), lambda s, t: (-s / t).softmax(dim=1)):

    @weighted_knn.also("the farthest vote")
    def _(keys, labels, queries, k, temperature, votes=_votes):
        return _by(_cosine(keys, queries), labels, k, lambda s: votes(s, temperature), largest=False)


@weighted_knn.mistake(
    "the nearest have the fewest votes",
    "The right neighbours vote, but the nearer one is, the less it counts. Look at a sign.",
)
def _(keys, labels, queries, k, temperature):
    """An energy has a minus sign: exp(−s/τ)."""
    return _by(_cosine(keys, queries), labels, k, lambda s: torch.exp(-s / temperature))


@weighted_knn.also("the nearest have the fewest votes")
def _(keys, labels, queries, k, temperature):
    return _by(_cosine(keys, queries), labels, k, _softly(temperature, -1))


@weighted_knn.mistake(
    "one vote each",
    "Every neighbour has one vote, whether it is a twin or only the last of the k. The weights are missing.",
)
def _(keys, labels, queries, k, temperature):
    """The k nearest vote, and the majority wins."""
    return labels[_cosine(keys, queries).topk(k).indices].mode(dim=1).values


@weighted_knn.also("one vote each")
def _(keys, labels, queries, k, temperature):
    return _by(_cosine(keys, queries), labels, k, torch.ones_like)


@weighted_knn.mistake(
    "votes by rank",
    "The weight of a neighbour goes by its place among the k. It goes by its similarity: two that are as near have as "
    "many votes.",
)
def _(keys, labels, queries, k, temperature):
    """The first counts 1, the second a half, the third a third."""
    return _by(_cosine(keys, queries), labels, k, lambda s: (1.0 / torch.arange(1, k + 1)).expand_as(s))


@weighted_knn.also("votes by rank")
def _(keys, labels, queries, k, temperature):
    return _by(_cosine(keys, queries), labels, k, lambda s: torch.arange(k, 0.0, -1).expand_as(s))


@weighted_knn.mistake(
    "temperature multiplied",
    "The similarities are multiplied by τ. A small τ then makes all votes alike; it should make the nearest "
    "ones louder.",
)
def _(keys, labels, queries, k, temperature):
    """The temperature scales the similarities."""
    return _by(_cosine(keys, queries), labels, k, _softly(1 / temperature))


@weighted_knn.mistake("temperature ignored", "The weights are those of τ = 1, whatever the temperature.")
def _(keys, labels, queries, k, temperature):
    """exp makes near neighbours count more."""
    return _by(_cosine(keys, queries), labels, k, torch.exp)


@weighted_knn.mistake(
    "a number in place of an argument",
    "The classes are those of another k or another temperature: is a number written inside the function?",
)
def _(keys, labels, queries, k, temperature):
    """The paper's temperature is 0.07."""
    return _by(_cosine(keys, queries), labels, k, _softly(0.07))


for _temperature in (0.1, 0.2, 0.5, 0.01):

    @weighted_knn.also("a number in place of an argument")
    def _(keys, labels, queries, k, temperature, fixed=_temperature):
        return _by(_cosine(keys, queries), labels, k, _softly(fixed))


for _k in (5, 10, 11, 20, 30):

    @weighted_knn.also("a number in place of an argument")
    def _(keys, labels, queries, k, temperature, fixed=_k):
        return _by(_cosine(keys, queries), labels, fixed, _softly(temperature))


@weighted_knn.mistake(
    "similarities as votes",
    "The votes are the similarities themselves. A neighbour at 0.9 hardly counts more than one at 0.8, and one below 0 "
    "counts *against* its own class. The exponential is missing.",
)
def _(keys, labels, queries, k, temperature):
    """The vote of a neighbour is its similarity."""
    return _by(_cosine(keys, queries), labels, k, lambda s: s)


@weighted_knn.also("similarities as votes")
def _(keys, labels, queries, k, temperature):
    return _by(_cosine(keys, queries), labels, k, lambda s: s / temperature)


@weighted_knn.also("similarities as votes")
def _(keys, labels, queries, k, temperature):
    return _by(_cosine(keys, queries), labels, k, lambda s: s.log_softmax(dim=1))


@weighted_knn.mistake(
    "only the nearest one",
    "The nearest neighbour decides alone. This is the largest *single* vote; votes of one class belong together.",
)
def _(keys, labels, queries, k, temperature):
    """The neighbour with the largest vote wins."""
    return labels[_cosine(keys, queries).argmax(dim=1)]


@weighted_knn.mistake(
    "a later vote overwrites the earlier ones",
    "Only one vote of each class is kept: that of its nearest neighbour, or of its last. An assignment to `x[…]` with "
    "the same index twice does not add up.",
)
def _(keys, labels, queries, k, temperature):
    """The votes are put into the table."""
    s, index = _cosine(keys, queries).topk(k)
    totals = torch.zeros(len(queries), int(labels.max()) + 1)
    for rank in range(k):
        totals[torch.arange(len(queries)), labels[index[:, rank]]] = torch.exp((s[:, rank] - s[:, 0]) / temperature)
    return totals.argmax(dim=1)


@weighted_knn.mistake("all keys vote", "All keys vote, not only the k nearest.")
def _(keys, labels, queries, k, temperature):
    """The weights of far keys are small anyway."""
    return _by(_cosine(keys, queries), labels, len(keys), _softly(temperature))


@weighted_knn.also("all keys vote")
def _(keys, labels, queries, k, temperature):
    return _by(_cosine(keys, queries), labels, len(keys), _plainly(temperature))


@weighted_knn.mistake(
    "the first neighbour left out",
    "The nearest key does not vote. That is right where the query is among the keys and would find itself. Here the "
    "queries are other images.",
)
def _(keys, labels, queries, k, temperature):
    """The first hit is always the image itself."""
    s, index = _cosine(keys, queries).topk(k + 1)
    return _counted(_softly(temperature)(s[:, 1:]), labels[index[:, 1:]]).argmax(dim=1)


@weighted_knn.also("the first neighbour left out")
def _(keys, labels, queries, k, temperature):
    s, index = _cosine(keys, queries).topk(k)
    return _counted(_softly(temperature)(s[:, 1:]), labels[index[:, 1:]]).argmax(dim=1)


@weighted_knn.mistake(
    "a neighbour too many or too few", "Not k neighbours vote, but one more or one less: the last one decides here."
)
def _(keys, labels, queries, k, temperature):
    """Up to and with k."""
    return _by(_cosine(keys, queries), labels, k + 1, _softly(temperature))


@weighted_knn.also("a neighbour too many or too few")
def _(keys, labels, queries, k, temperature):
    return _by(_cosine(keys, queries), labels, k - 1, _softly(temperature))


@weighted_knn.mistake(
    "the mean vote of a class",
    "The votes of a class were averaged. Then one near neighbour beats three that are nearly as near; votes "
    "are counted, not averaged.",
)
def _(keys, labels, queries, k, temperature):
    """A class with many images among the neighbours should have no advantage."""
    s, index = _cosine(keys, queries).topk(k)
    votes, classes = _softly(temperature)(s), labels[index]
    return (_counted(votes, classes) / _counted(torch.ones_like(votes), classes).clamp(min=1)).argmax(dim=1)


@weighted_knn.mistake(
    "votes divided by the size of the class",
    "The votes of a class were divided by the number of its keys. The contract counts the votes as they are.",
)
def _(keys, labels, queries, k, temperature):
    """A class with many keys should have no advantage."""
    s, index = _cosine(keys, queries).topk(k)
    counts = labels.bincount().clamp(min=1)
    return (_counted(_softly(temperature)(s), labels[index]) / counts[: int(labels[index].max()) + 1]).argmax(dim=1)


@weighted_knn.mistake(
    "class means, not neighbours",
    "Each class is one point here, its mean, and the nearest mean wins. That is another classifier: k and the single "
    "keys play no part in it.",
)
def _(keys, labels, queries, k, temperature):
    """The nearest class is that of the nearest mean."""
    names = labels.unique()
    return names[_cosine(torch.stack([keys[labels == name].mean(dim=0) for name in names]), queries).argmax(dim=1)]


@weighted_knn.mistake(
    "class numbers averaged",
    "Classes 1 and 3 do not make a class 2: numbers of classes are names. Count votes for each class by itself.",
    looks=lambda seen: (
        seen.came.shape == (len(seen.inputs[2]),)
        and not torch.isin(seen.came.long(), seen.inputs[1]).all()
        and not torch.isin(seen.expected, seen.inputs[1].unique(return_inverse=True)[1]).all()
    ),
)
def _(keys, labels, queries, k, temperature):
    """kNN predicts the weighted mean of the neighbours' labels."""
    s, index = _cosine(keys, queries).topk(k)
    return (_softly(temperature)(s) * labels[index]).sum(dim=1).round().long()


@weighted_knn.also("class numbers averaged")
def _(keys, labels, queries, k, temperature):
    s, index = _cosine(keys, queries).topk(k)
    return (_softly(temperature)(s) * labels[index]).sum(dim=1).long()


@weighted_knn.mistake(
    "shares over the queries",
    "The softmax goes over the queries: the neighbours of one query are weighed against those of other queries. Which "
    "dimension holds the neighbours of one query?",
)
def _(keys, labels, queries, k, temperature):
    """softmax(dim=0) makes shares."""
    return _by(_cosine(keys, queries), labels, k, lambda s: (s / temperature).softmax(dim=0))


@weighted_knn.also("shares over the queries")
def _(keys, labels, queries, k, temperature):
    return _by(_cosine(keys, queries), labels, k, lambda s: torch.exp((s - s.amax(dim=0)) / temperature))


@weighted_knn.mistake(
    "class numbers taken for 0, 1, 2",
    "The classes of a part of a data set need not be 0, 1, 2, … Here position and name of a class were "
    "confused, or only as many numbers looked at as there are classes.",
    looks=lambda seen: seen.inputs[1].min() > 0 and (seen.trouble is not None or seen.came.max() < 4),
)
def _(keys, labels, queries, k, temperature):
    """The classes are numbered anew, so that no column of the table is empty."""
    return _reference_weighted_knn(keys, labels.unique(return_inverse=True)[1], queries, k, temperature)


@weighted_knn.mistake(
    "the largest of all queries taken out",
    "One number was taken out of all votes: the largest of the whole batch, or 1. For a query that is far from all "
    "keys every vote is then 0. Each query has a largest similarity of its own.",
    looks=lambda seen: seen.inputs[4] < 0.05 and _only_far_ones_wrong(seen),
)
def _(keys, labels, queries, k, temperature):
    """Against large numbers, take the largest of them out."""
    return _by(_cosine(keys, queries), labels, k, lambda s: torch.exp((s - s.max()) / temperature))


@weighted_knn.mistake(
    "overflow at a small temperature",
    "Here exp(s/τ) is larger than any float32, so it is infinite, and infinite votes are all equal (cut off at some "
    "maximum, too). Only the *ratios* of the votes of one query matter.",
    looks=lambda seen: (
        seen.inputs[4] < 0.05 and seen.came.shape == seen.expected.shape and not _only_far_ones_wrong(seen)
    ),
)
def _(keys, labels, queries, k, temperature):
    """As the formula says."""
    return _by(_cosine(keys, queries), labels, k, _plainly(temperature))


@weighted_knn.also("overflow at a small temperature")
def _(keys, labels, queries, k, temperature):
    return _by(_cosine(keys, queries), labels, k, lambda s: torch.exp((s - s.amin(dim=1, keepdim=True)) / temperature))


@weighted_knn.also("overflow at a small temperature")
def _(keys, labels, queries, k, temperature):
    return _by(_cosine(keys, queries), labels, k, lambda s: torch.exp((s / temperature).clamp(max=80)))


@weighted_knn.mistake(
    "cosines below 0 cut off",
    "A cosine below 0 was made 0 (or left out). exp has no need of that: −0.2 is nearer than −0.9 and has more votes.",
    looks=lambda seen: seen.inputs[4] == 0.1,
)
def _(keys, labels, queries, k, temperature):
    """A similarity below 0 is none."""
    return _by(_cosine(keys, queries).clamp(min=0), labels, k, _softly(temperature))


@weighted_knn.mistake(
    "near by distance, votes by cosine",
    "The k neighbours were chosen by straight distance, and only their votes go by cosine. Near is by cosine, too: a "
    "key in the same direction is near however long it is.",
)
def _(keys, labels, queries, k, temperature):
    """Near is what has a small distance."""
    index = torch.cdist(queries, keys).topk(k, dim=1, largest=False).indices
    s = _cosine(keys, queries).gather(1, index)
    return _counted(_softly(temperature)(s), labels[index]).argmax(dim=1)


@weighted_knn.also("columns of length 1")
def _(keys, labels, queries, k, temperature):
    return _by(
        _cosine(F.normalize(keys, dim=0), F.normalize(queries, dim=0)), labels, k, _softly(temperature)
    )  # both, one after the other


@weighted_knn.mistake(
    "another weight than exp(s/τ)",
    "The right neighbours vote, but by another weight than exp(similarity / temperature): one over the distance, say, "
    "or the similarity itself.",
)
def _(keys, labels, queries, k, temperature):
    """One over the distance, as in scikit-learn."""
    return _by(_cosine(keys, queries), labels, k, lambda s: 1 / (1 - s + 1e-6))


for _weight in (
    lambda s, tau: 1 / (1 - s + 1e-3),
    lambda s, tau: 1 / (1 - s).clamp(min=1e-9),
    lambda s, tau: s**2,
    lambda s, tau: 1 + s,
    lambda s, tau: (1 + s) / 2,
    lambda s, tau: (s**2 / tau).exp(),
):

    @weighted_knn.also("another weight than exp(s/τ)")
    def _(keys, labels, queries, k, temperature, weight=_weight):
        return _by(_cosine(keys, queries), labels, k, lambda s: weight(s, temperature))


@weighted_knn.mistake(
    "the class with the fewest votes",
    "The votes are right, and then the class with the *fewest* wins. Look at the end.",
)
def _(keys, labels, queries, k, temperature):
    """The smallest is the best."""
    return _by(_cosine(keys, queries), labels, k, lambda s: -(s / temperature).softmax(dim=1))


@weighted_knn.also("the class with the fewest votes")
def _(keys, labels, queries, k, temperature):
    values, index = _cosine(keys, queries).topk(k, dim=1)
    return _counted((values / temperature).softmax(dim=1), labels[index]).argmin(dim=1)


@weighted_knn.mistake(
    "one length for all keys",
    "All keys were divided by the same length. Each has a length of its own: a long key is near to everybody as it is.",
)
def _(keys, labels, queries, k, temperature):
    """The keys are scaled, and so are the queries."""
    scores = F.normalize(queries, dim=1) @ (keys / keys.norm(dim=1).mean()).T
    return _by(scores, labels, k, _softly(temperature))


@weighted_knn.also("one length for all keys")
def _(keys, labels, queries, k, temperature):
    return _by(F.normalize(queries, dim=1) @ (keys / keys.norm()).T, labels, k, _softly(temperature))
