"""Answers to `deepcluster(images, rounds, extract, cluster, new_head, train) -> list of labels`, wrong and right."""


def loop_clustered_once(images, rounds, extract, cluster, new_head, train):
    """The clusters are the labels, and labels do not change."""
    labels = cluster(extract(images))
    history = []
    for _ in range(rounds):
        train(new_head(), images, labels)
        history.append(labels)
    return history


def loop_features(images, rounds, extract, cluster, new_head, train):
    """The network learns to predict its own features."""
    history = []
    for _ in range(rounds):
        features = extract(images)
        train(new_head(), images, features)
        history.append(cluster(features))
    return history


def loop_without_training(images, rounds, extract, cluster, new_head, train):
    """Cluster again and again until it fits."""
    return [cluster(extract(images)) for _ in range(rounds)]


def loop_one_round(images, rounds, extract, cluster, new_head, train):
    """Cluster, train, done."""
    labels = cluster(extract(images))
    train(new_head(), images, labels)
    return [labels] * rounds


def loop_one_late(images, rounds, extract, cluster, new_head, train):
    """The clusters are made while the network trains, and used in the next round."""
    labels = cluster(extract(images))
    history = []
    for _ in range(rounds):
        following = cluster(extract(images))
        train(new_head(), images, labels)
        history.append(labels)
        labels = following
    return history


def loop_clustered_after(images, rounds, extract, cluster, new_head, train):
    """The labels of a round are those that the network has after it."""
    labels = cluster(extract(images))
    history = []
    for _ in range(rounds):
        train(new_head(), images, labels)
        labels = cluster(extract(images))
        history.append(labels)
    return history


def loop_last_labels(images, rounds, extract, cluster, new_head, train):
    """The last labels are the best."""
    return right_loop(images, rounds, extract, cluster, new_head, train)[-1:]


def loop_head_kept(images, rounds, extract, cluster, new_head, train):
    """The head goes on learning, like the encoder."""
    head, history = new_head(), []
    for _ in range(rounds):
        labels = cluster(extract(images))
        train(head, images, labels)
        history.append(labels)
    return history


def loop_without_head(images, rounds, extract, cluster, new_head, train):
    """train makes the head that it needs."""
    history = []
    for _ in range(rounds):
        history.append(cluster(extract(images)))
        train(None, images, history[-1])
    return history


def loop_tensor(images, rounds, extract, cluster, new_head, train):
    """All rounds in one tensor."""
    import torch

    return torch.stack(right_loop(images, rounds, extract, cluster, new_head, train))


def right_loop(images, rounds, extract, cluster, new_head, train):
    """Line by line."""
    history = []
    for _ in range(rounds):
        features = extract(images)
        pseudo_labels = cluster(features)
        head = new_head()
        train(head, images, pseudo_labels)
        history.append(pseudo_labels)
    return history


def right_loop_inside_out(images, rounds, extract, cluster, new_head, train):
    """A function for one round, called for each."""

    def one_round(number):
        found = cluster(extract(images))
        train(head=new_head(), images=images, labels=found)
        return found

    return list(map(one_round, range(rounds)))


WRONG = {
    "clustered once": (loop_clustered_once, "ask them again"),
    "features, not labels": (loop_features, "a whole number for each image"),
    "never trained": (loop_without_training, "never trained"),
    "one round only": (loop_one_round, "one round of training"),
    "labels of the round before": (loop_one_late, "one round earlier"),
    "clustered after training": (loop_clustered_after, "cluster first, then train"),
    "the last labels only": (loop_last_labels, "*every* round"),
    "the head kept": (loop_head_kept, "as they come"),
    "new_head not called": (loop_without_head, "One of the arguments"),
    "wrong type": (loop_tensor, "another type"),
}

RIGHT = [right_loop, right_loop_inside_out]
