"""Right answers to lesson 02, written in different ways: in loops, by tensors, in NumPy, in plain Python."""

import numpy as np
import torch


def two_views_image_by_image(images, transform):
    pairs = [(transform(image), transform(image)) for image in images]
    first, second = zip(*pairs, strict=True)
    return torch.stack(first), torch.stack(second)


def two_views_written_into_place(images, transform):
    views = torch.empty(2, *images.shape)
    for i in range(len(images)):
        for k in range(2):
            views[k, i] = transform(images[i])
    return tuple(views)


def two_views_of_a_doubled_batch(images, transform):
    both = torch.cat([images, images])
    return list(torch.stack(list(map(transform, both))).chunk(2))


def forgotten_pair_by_pair(without, with_it):
    names = []
    for name, before in without.items():
        if all(b > a for b in before for a in with_it[name]):
            names += [name]
    return tuple(names)


def forgotten_by_sorting(without, with_it):
    names = []
    for name in without:
        worst, best = sorted(without[name])[0], sorted(with_it[name])[-1]
        if best >= worst:
            continue
        names.append(name)
    return names


def forgotten_in_numpy(without, with_it):
    drop = {name: np.subtract.outer(without[name], with_it[name]).min() for name in without}
    return list(filter(lambda name: drop[name] > 0, drop))


RIGHT = {
    "forgotten": [forgotten_pair_by_pair, forgotten_by_sorting, forgotten_in_numpy],
    "two_views": [two_views_image_by_image, two_views_written_into_place, two_views_of_a_doubled_batch],
}
