"""The loop of DeepCluster: cluster, new head, train, again (arXiv:1807.05520, §3.2)."""

from collections.abc import Callable

import torch
from torch import Tensor

from aimsssl.exercises.old_framework import Exercise, call, expect

IMAGES, ROUNDS = 12, 4


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


class _Network:
    """A network that is a counter: features and clusters tell how often it was trained. It writes down what happens."""

    def __init__(self):
        self.trained, self.heads = 0, 0
        self.calls: list[str] = []
        self.heads_used: list[object] = []
        self.labels_used: list[Tensor] = []
        self.images_used: list[Tensor] = []

    def extract(self, images: Tensor) -> Tensor:
        self.calls.append("extract")
        return images.flatten(1).float() + 1000 * self.trained

    def cluster(self, features: Tensor) -> Tensor:
        self.calls.append("cluster")
        return (features[:, 0].long() // 3 + features[:, 0].long() // 1000) % 5

    def new_head(self) -> str:
        self.calls.append("new_head")
        self.heads += 1
        return f"head {self.heads}"

    def train(self, head: object, images: Tensor, labels: Tensor) -> float:
        self.calls.append("train")
        self.heads_used.append(head)
        self.labels_used.append(labels)
        self.images_used.append(images)
        self.trained += 1
        return 1.0 / self.trained


def _run(student: Callable) -> tuple[_Network, Tensor, object]:
    network, images = _Network(), torch.arange(IMAGES)[:, None, None, None]
    return (
        network,
        images,
        call(student, images, ROUNDS, network.extract, network.cluster, network.new_head, network.train),
    )


def _labels(student: Callable) -> None:
    """In every round the labels are the clusters of the features of that moment."""
    other = _Network()
    right = _reference_deepcluster(
        torch.arange(IMAGES)[:, None, None, None], ROUNDS, other.extract, other.cluster, other.new_head, other.train
    )
    network, _, came = _run(student)
    once = [right[0]] * ROUNDS
    used = [labels for labels in network.labels_used if isinstance(labels, Tensor)]

    def same(labels: list, expected: list) -> bool:
        return len(labels) == len(expected) and all(map(torch.equal, labels, expected))

    what = f"the labels of {ROUNDS} rounds: as returned, then as given to train"
    expect(
        what,
        [*came, *network.labels_used] if isinstance(came, list | tuple) else came,
        [*right, *right],
        likely={
            "clustered once": lambda _: same(used, once),
            "features, not labels": lambda _: any(labels.is_floating_point() for labels in used),
            "never trained": lambda _: network.trained == 0,
            "one round only": lambda _: network.trained == 1,
            "labels of the round before": lambda _: same(used, [right[0], *right[:-1]]),
            "clustered after training": lambda _: (
                "train" in network.calls and network.calls[::-1].index("cluster") < network.calls[::-1].index("train")
            ),
            "the last labels only": lambda _: len(came) != ROUNDS and same(used, right),
        },
    )


def _heads(student: Callable) -> None:
    """Every round has a head of its own, that has never seen other labels."""
    network, _, _ = _run(student)
    expect(
        f"the heads that were trained in {ROUNDS} rounds",
        [str(head) for head in network.heads_used],
        [f"head {number}" for number in range(1, ROUNDS + 1)],
        likely={
            "the head kept": ["head 1"] * ROUNDS,
            "new_head not called": lambda came: network.heads == 0,
        },
    )


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
    checks=(_labels, _heads),
    mistakes={
        "clustered once": "The labels of the first round were used in all rounds. They come from random weights. The "
        "network has changed since, and its features are better now: ask them again.",
        "features, not labels": "train got features. It needs a whole number for each image: that of its cluster.",
        "never trained": "The network was clustered, but never trained: its features stay what they were.",
        "one round only": "There was one round of training. Everything is repeated `rounds` times.",
        "labels of the round before": "Training used the clusters of one round earlier. They belong to features that "
        "the network no longer has.",
        "clustered after training": "The last thing that happened was a clustering. Labels that nobody trains on are "
        "of no use: cluster first, then train.",
        "the last labels only": "The training is right. The contract asks for the labels of *every* round, as a list.",
        "the head kept": "One head was trained through all rounds. But number 3 of this round is not number 3 of the "
        "last one: k-means numbers its clusters as they come. The head would first have to unlearn everything, and "
        "would push that confusion back into the encoder.",
        "new_head not called": "train needs a head. One of the arguments makes it.",
    },
)
