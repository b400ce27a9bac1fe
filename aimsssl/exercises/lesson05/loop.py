"""The loop of DeepCluster: cluster, new head, train, again (arXiv:1807.05520, §3.2)."""

from collections.abc import Callable

import torch
from torch import Tensor

from aimsssl.exercises.compare import same
from aimsssl.exercises.framework import Case, Exercise, Seen


def _reference_deepcluster(
    images: Tensor, rounds: int, extract: Callable, cluster: Callable, new_head: Callable, train: Callable
) -> list[Tensor]:
    """The pseudo-labels of each round, a list of int64 `[N]`."""
    history = []
    for _ in range(rounds):
        labels = cluster(extract(images))
        train(new_head(), images, labels)
        history.append(labels)
    return history


class _Head:
    """A head knows only whether it was trained."""

    trained = False


class _Network:
    """A network that is a counter: its features tell how often it was trained. It writes down what train is given."""

    def __init__(self, n: int, step: int = 11):
        self.images = torch.arange(n)[:, None, None, None].expand(n, 1, 2, 2).clone()  # [N, C, H, W]
        self.step, self.trained, self.clustered = step, 0, 0
        self.heads_used: list[str] = []
        self.images_used: list[str] = []
        self.labels_used: list[object] = []
        self.can_learn: list[bool] = []

    def extract(self, images: Tensor) -> Tensor:
        return images.flatten(1)[:, :3] * 2.0 + self.step * self.trained + 1

    def cluster(self, features: Tensor) -> Tensor:
        """Clusters 0, 2, 4, …: some are empty. As k-means does, it numbers them anew where it is asked once more."""
        self.clustered += 1
        again = max(0, self.clustered - self.trained - 1)
        return 2 * ((features.flatten(1)[:, 0].long() // 3 + 3 * again) % 5)

    def new_head(self) -> _Head:
        return _Head()

    def train(self, head: object, images: object, labels: object) -> None:
        self.heads_used.append(self._word_for_a_head(head))
        self.images_used.append(self._word_for_images(images))
        self.labels_used.append(labels.clone() if isinstance(labels, Tensor) else labels)
        self.can_learn.append(torch.is_grad_enabled())
        self.trained += 1

    def _word_for_a_head(self, head: object) -> str:
        if not isinstance(head, _Head):
            return "new_head itself" if head == self.new_head else "no head"
        before, head.trained = head.trained, True
        return "a head that was trained before" if before else "a new head"

    def _word_for_images(self, images: object) -> str:
        if not isinstance(images, Tensor) or images.shape[1:] != self.images.shape[1:]:
            return "something else"
        if len(images) == len(self.images) and images.flatten(1)[:, 0].sort().values.equal(self.images[:, 0, 0, 0]):
            return "the images" if torch.equal(images, self.images) else "the images in another order"
        return "other images, or a part of them"


RETURNED, LABELS = "the labels of each round, as returned", "the labels that train was given"
IMAGES, HEADS = "the images that train was given", "the heads that were trained"
GRADIENTS = "whether train can have gradients"


def _seen(function: Callable, network: _Network, rounds: int) -> dict:
    labels = function(network.images, rounds, network.extract, network.cluster, network.new_head, network.train)
    return {
        RETURNED: labels,
        LABELS: network.labels_used,
        IMAGES: network.images_used,
        HEADS: network.heads_used,
        GRADIENTS: network.can_learn,
    }


def _orders_confused(seen: Seen) -> bool:
    """Whether a head or something else lies where the labels or the images should be."""
    no_images = "no head" in seen.came[HEADS] and "something else" in seen.came[IMAGES]
    return no_images or any(isinstance(labels, _Head) for labels in seen.came[LABELS])


deepcluster = Exercise(
    lesson="05",
    name="deepcluster",
    title="Put the parts together: the loop of DeepCluster.",
    difficulty="●○○",
    minutes=10,
    reference=_reference_deepcluster,
    hints=(
        "A loop over the rounds. What has to be done anew in each of them, because the network has changed or because "
        "the labels have?",
        "In each round: features of all images, labels from the features, a head, training. Which of the four could "
        "stand in front of the loop? None of them.",
        "Inside the loop: labels are cluster of extract of images; train gets what new_head() gives, the images and "
        "the labels, in this order; the labels are appended to a list, which is returned at the end.",
    ),
    cases=(
        Case("4 rounds with 150 images", lambda: (_Network(150), 4), _seen),
        Case("3 rounds with 6 images, whose labels stay what they were", lambda: (_Network(6, step=15), 3), _seen),
    ),
)


@deepcluster.mistake(
    "clustered once",
    "The labels of all rounds come from the features before the first training, those of random weights. The network "
    "has changed since, and its features are better now: ask them again.",
)
def _(images, rounds, extract, cluster, new_head, train):
    """The clusters are the labels, and labels do not change."""
    labels = cluster(extract(images))
    for _ in range(rounds):
        train(new_head(), images, labels)
    return [labels] * rounds


@deepcluster.mistake(
    "no gradients in training",
    "train was called where gradients are switched off: nothing can learn there. no_grad is for the features only.",
    looks=lambda seen: not all(seen.came[GRADIENTS]),
)
def _(images, rounds, extract, cluster, new_head, train):
    """Clustering needs no gradients, so the whole loop needs none."""
    with torch.no_grad():
        return _reference_deepcluster(images, rounds, extract, cluster, new_head, train)


@deepcluster.mistake(
    "images clustered, not features",
    "The images themselves were clustered. Pixels never change, so training never gives better labels: the clusters "
    "must be those of the network's features.",
)
def _(images, rounds, extract, cluster, new_head, train):
    """k-means finds groups of images, so it gets the images."""
    return _reference_deepcluster(images, rounds, lambda x: x, cluster, new_head, train)


@deepcluster.mistake(
    "features, not labels", "train got features. It needs a whole number for each image: that of its cluster."
)
def _(images, rounds, extract, cluster, new_head, train):
    """The network learns to predict its own features."""
    history = []
    for _ in range(rounds):
        features = extract(images)
        train(new_head(), images, features)
        history.append(cluster(features))
    return history


@deepcluster.also("features, not labels")
def _(images, rounds, extract, cluster, new_head, train):
    return _reference_deepcluster(images, rounds, extract, lambda x: x, new_head, train)


@deepcluster.mistake(
    "features returned",
    "The training is right. But what comes back are features: the contract asks for the labels of each round.",
)
def _(images, rounds, extract, cluster, new_head, train):
    """The features are what the network has learned."""
    history = []
    for _ in range(rounds):
        history.append(extract(images))
        train(new_head(), images, cluster(history[-1]))
    return history


@deepcluster.mistake(
    "trained on features",
    "train got features in place of the images. They are fixed numbers: only the head could learn from them, and the "
    "network would stay as it is.",
    looks=lambda seen: set(seen.came[IMAGES]) == {"something else"} and "no head" not in seen.came[HEADS],
)
def _(images, rounds, extract, cluster, new_head, train):
    """The head works on features, so it is trained on them."""
    history = []
    for _ in range(rounds):
        features = extract(images)
        history.append(cluster(features))
        train(new_head(), features, history[-1])
    return history


@deepcluster.mistake("never trained", "The network was clustered, but never trained: its features stay what they were.")
def _(images, rounds, extract, cluster, new_head, train):
    """Cluster again and again until it fits."""
    return [cluster(extract(images)) for _ in range(rounds)]


@deepcluster.mistake(
    "a part of the images",
    "train got a part of the images, or others. All images and all their labels make an epoch.",
    looks=lambda seen: "other images, or a part of them" in seen.came[IMAGES],
)
def _(images, rounds, extract, cluster, new_head, train):
    """A batch is enough for a step."""
    return _reference_deepcluster(images, rounds, extract, cluster, new_head, lambda h, x, y: train(h, x[:4], y[:4]))


@deepcluster.mistake(
    "images in another order than their labels",
    "train got all images, but in another order than their labels: image n stands beside the label of another one.",
    looks=lambda seen: (
        "the images in another order" in seen.came[IMAGES] and same(seen.came[LABELS], seen.expected[LABELS])
    ),
)
def _(images, rounds, extract, cluster, new_head, train):
    """Images are shuffled before each epoch."""
    shuffled = images.flip(0)
    return _reference_deepcluster(images, rounds, extract, cluster, new_head, lambda h, x, y: train(h, shuffled, y))


@deepcluster.mistake(
    "no training in the last round",
    "The labels are right, but nobody trains on those of the last round: train was called once less than there are "
    "rounds.",
)
def _(images, rounds, extract, cluster, new_head, train):
    """The first clusters come before the loop, and each training is followed by new ones."""
    history = _reference_deepcluster(images, rounds - 1, extract, cluster, new_head, train)
    return [*history, cluster(extract(images))]


@deepcluster.mistake("one round only", "There was one round of training. Everything is repeated `rounds` times.")
def _(images, rounds, extract, cluster, new_head, train):
    """Cluster, train, done."""
    labels = cluster(extract(images))
    train(new_head(), images, labels)
    return [labels] * rounds


@deepcluster.also("one round only")  # return inside the loop
def _(images, rounds, extract, cluster, new_head, train):
    return _reference_deepcluster(images, 1, extract, cluster, new_head, train)


@deepcluster.mistake(
    "another number of rounds", "There were more or fewer rounds than `rounds`. Count how often the loop runs."
)
def _(images, rounds, extract, cluster, new_head, train):
    """The rounds before the last one, and then the last one."""
    return _reference_deepcluster(images, rounds - 1, extract, cluster, new_head, train)


for _count in (lambda rounds: rounds + 1, lambda rounds: 4, lambda rounds: 2, lambda rounds: 2 * rounds):

    @deepcluster.also("another number of rounds")
    def _(images, rounds, extract, cluster, new_head, train, count=_count):
        return _reference_deepcluster(images, count(rounds), extract, cluster, new_head, train)


@deepcluster.mistake(
    "trained more than once a round",
    "train was called more often than there are rounds. It is a whole epoch; after each one the images are clustered "
    "anew.",
    looks=lambda seen: len(seen.came[HEADS]) > seen.inputs[1],
)
def _(images, rounds, extract, cluster, new_head, train):
    """The labels are good for several epochs."""
    history = []
    for _ in range(rounds):
        history.append(cluster(extract(images)))
        for _ in range(2):
            train(new_head(), images, history[-1])
    return history


@deepcluster.mistake(
    "trained on another round's labels",
    "In one round train got the labels of an earlier one. The labels that it returns for a round are those that it "
    "trains on in this round.",
    looks=lambda seen: (
        same(seen.came[RETURNED], seen.expected[RETURNED])
        and same(seen.came[IMAGES], seen.expected[IMAGES])
        and same(seen.came[HEADS], seen.expected[HEADS])
        and not same(seen.came[LABELS], seen.expected[LABELS])
    ),
)
def _(images, rounds, extract, cluster, new_head, train):
    """The first labels are at hand for the last training."""
    history = [cluster(extract(images))]
    for number in range(1, rounds + 1):
        train(new_head(), images, history[number - 1 if number < rounds else 0])
        history.append(cluster(extract(images)))
    return history[:rounds]


@deepcluster.mistake(
    "features of features",
    "From the second round on the network was shown its own features in place of the images.",
)
def _(images, rounds, extract, cluster, new_head, train):
    """What comes out of a round goes into the next one."""
    features, history = images, []
    for _ in range(rounds):
        features = extract(features)
        history.append(cluster(features))
        train(new_head(), images, history[-1])
    return history


@deepcluster.mistake(
    "clustered twice a round",
    "The labels that came back are not those that train got: they were clustered twice, and k-means numbers its "
    "clusters anew each time. Cluster once a round, and keep the labels.",
)
def _(images, rounds, extract, cluster, new_head, train):
    """The labels are cluster(extract(images)), here and there."""
    history = []
    for _ in range(rounds):
        history.append(cluster(extract(images)))
        train(new_head(), images, cluster(extract(images)))
    return history


@deepcluster.mistake(
    "trained batch by batch",
    "train was called for a few images at a time. It is a training on all of them: call it once a round.",
    looks=lambda seen: (
        len(seen.came[LABELS]) > len(seen.expected[LABELS])
        and same(seen.came[RETURNED], seen.expected[RETURNED])
        and "other images, or a part of them" in seen.came[IMAGES]
    ),
)
def _(images, rounds, extract, cluster, new_head, train):
    """Training goes in batches."""
    history = []
    for _ in range(rounds):
        labels, head = cluster(extract(images)), new_head()
        for part, its in zip(images.split(64), labels.split(64), strict=True):
            train(head, part, its)
        history.append(labels)
    return history


@deepcluster.mistake(
    "labels of the round before",
    "Training used the clusters of one round earlier. They belong to features that the network no longer has.",
)
def _(images, rounds, extract, cluster, new_head, train):
    """The clusters are made while the network trains, and used in the next round."""
    labels = cluster(extract(images))
    history = []
    for _ in range(rounds):
        following = cluster(extract(images))
        train(new_head(), images, labels)
        history.append(labels)
        labels = following
    return history


@deepcluster.mistake(
    "clustered after training",
    "What comes back as the labels of a round was clustered after its training. Labels that nobody trains on are of no "
    "use: cluster first, then train.",
    looks=lambda seen: same(seen.came[RETURNED][:-1], seen.expected[RETURNED][1:]),
)
def _(images, rounds, extract, cluster, new_head, train):
    """The labels of a round are those that the network has after it."""
    labels = cluster(extract(images))
    history = []
    for _ in range(rounds):
        train(new_head(), images, labels)
        labels = cluster(extract(images))
        history.append(labels)
    return history


@deepcluster.mistake(
    "the last labels only",
    "The training is right. The contract asks for the labels of *every* round, as a list.",
    looks=lambda seen: seen.came[LABELS] and len(seen.came[RETURNED]) == 1 < len(seen.came[LABELS]),
)
def _(images, rounds, extract, cluster, new_head, train):
    """The last labels are the best."""
    return _reference_deepcluster(images, rounds, extract, cluster, new_head, train)[-1:]


@deepcluster.also("the last labels only")
def _(images, rounds, extract, cluster, new_head, train):
    return _reference_deepcluster(images, rounds, extract, cluster, new_head, train)[-1]


@deepcluster.mistake(
    "a tensor in place of a list",
    "The labels of all rounds are right, but they are one tensor. A list is asked for, with a tensor for each round.",
)
def _(images, rounds, extract, cluster, new_head, train):
    """All rounds in one tensor."""
    return torch.stack(_reference_deepcluster(images, rounds, extract, cluster, new_head, train))


@deepcluster.mistake(
    "the head kept",
    "A head was trained in more than one round. But number 3 of this round is not number 3 of the last one: k-means "
    "numbers its clusters as they come. The head would first have to unlearn everything, and would push that confusion "
    "back into the encoder.",
    looks=lambda seen: "a head that was trained before" in seen.came[HEADS],
)
def _(images, rounds, extract, cluster, new_head, train):
    """The head goes on learning, like the encoder."""
    head, history = new_head(), []
    for _ in range(rounds):
        history.append(cluster(extract(images)))
        train(head, images, history[-1])
    return history


@deepcluster.also("the head kept")
def _(images, rounds, extract, cluster, new_head, train):
    history, head = [], None
    for _ in range(rounds):
        labels = cluster(extract(images))
        head = head if history and torch.equal(labels, history[-1]) else new_head()
        train(head, images, labels)
        history.append(labels)
    return history


@deepcluster.mistake(
    "labels numbered anew",
    "The clusters have other numbers than those that cluster gave. An empty cluster leaves a gap, and the head has an "
    "output for it.",
)
def _(images, rounds, extract, cluster, new_head, train):
    """Classes are 0, 1, 2."""
    without_gaps = lambda features: cluster(features).unique(return_inverse=True)[1]  # noqa: E731
    return _reference_deepcluster(images, rounds, extract, without_gaps, new_head, train)


@deepcluster.mistake(
    "one round too few or too many",
    "There is not an item for each round: one clustering more than there are trainings, or one less.",
    looks=lambda seen: abs(len(seen.came[RETURNED]) - seen.inputs[1]) == 1,
)
def _(images, rounds, extract, cluster, new_head, train):
    """At the end, the clusters of the finished network."""
    history = _reference_deepcluster(images, rounds, extract, cluster, new_head, train)
    return [*history, cluster(extract(images))]


@deepcluster.mistake(
    "new_head not called",
    "train needs a head. One of the arguments makes it.",
    looks=lambda seen: set(seen.came[HEADS]) == {"no head"} and not _orders_confused(seen),
)
def _(images, rounds, extract, cluster, new_head, train):
    """train makes the head that it needs."""
    return _reference_deepcluster(images, rounds, extract, cluster, lambda: None, train)


@deepcluster.mistake(
    "new_head handed on as it is",
    "train got the function new_head and not a head. A function does its work only where it is called, with `()`.",
)
def _(images, rounds, extract, cluster, new_head, train):
    """new_head is the new head."""
    return _reference_deepcluster(images, rounds, extract, cluster, lambda: new_head, train)


@deepcluster.mistake(
    "train's arguments in another order",
    "What train got is not in the order head, images, labels.",
    looks=lambda seen: _orders_confused(seen),
)
def _(images, rounds, extract, cluster, new_head, train):
    """First the data, then what is trained."""
    return _reference_deepcluster(images, rounds, extract, cluster, new_head, lambda h, x, y: train(x, y, h))


for _order in ((1, 0, 2), (0, 2, 1), (2, 1, 0), (2, 0, 1)):

    @deepcluster.also("train's arguments in another order")
    def _(images, rounds, extract, cluster, new_head, train, order=_order):
        def turned(*given: object) -> None:
            train(*(given[i] for i in order))

        return _reference_deepcluster(images, rounds, extract, cluster, new_head, turned)


@deepcluster.mistake(
    "the rounds from the last to the first", "The labels of the rounds are right, but the last round stands first."
)
def _(images, rounds, extract, cluster, new_head, train):
    """The newest is the first."""
    return _reference_deepcluster(images, rounds, extract, cluster, new_head, train)[::-1]


@deepcluster.mistake(
    "stopped when the labels stay",
    "The loop ends where two rounds have the same labels. The contract asks for all rounds: the network still learns.",
)
def _(images, rounds, extract, cluster, new_head, train):
    """Labels that do not change have converged, as in k-means."""
    history = []
    for _ in range(rounds):
        labels = cluster(extract(images))
        if history and torch.equal(history[-1], labels):
            break
        train(new_head(), images, labels)
        history.append(labels)
    return history


@deepcluster.also("stopped when the labels stay")
def _(images, rounds, extract, cluster, new_head, train):
    history = []
    for _ in range(rounds):
        history.append(cluster(extract(images)))
        if len(history) > 1 and torch.equal(*history[-2:]):
            break
        train(new_head(), images, history[-1])
    return history


@deepcluster.mistake(
    "trained on the labels of the round before",
    "train got labels of an earlier round. The features have changed since, and new labels lie ready: use those.",
)
def _(images, rounds, extract, cluster, new_head, train):
    """The labels so far train the network that gives the next ones."""
    history = []
    for _ in range(rounds):
        history.append(cluster(extract(images)))
        train(new_head(), images, history[max(0, len(history) - 2)])
    return history


@deepcluster.mistake(
    "all rounds written into one tensor",
    "All items of the list are one and the same tensor, which each round writes over. Each round needs its own.",
)
def _(images, rounds, extract, cluster, new_head, train):
    """One tensor for the labels is enough."""
    labels = torch.zeros(len(images), dtype=torch.int64)
    for _ in range(rounds):
        labels[:] = cluster(extract(images))
        train(new_head(), images, labels)
    return [labels] * rounds


@deepcluster.mistake(
    "the labels of all rounds run together",
    "The list has an item for each image of each round. It should have one for each round, the tensor of its labels.",
    looks=lambda seen: len(seen.came[RETURNED]) == len(seen.inputs[0].images) * seen.inputs[1],
)
def _(images, rounds, extract, cluster, new_head, train):
    """`+=` adds to a list."""
    return list(torch.cat(_reference_deepcluster(images, rounds, extract, cluster, new_head, train)))


@deepcluster.also("clustered after training")
def _(images, rounds, extract, cluster, new_head, train):
    history = []
    for _ in range(rounds):
        train(new_head(), images, cluster(extract(images)))
        history.append(cluster(extract(images)))
    return history
