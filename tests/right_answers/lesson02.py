"""Right answers to lesson 02, written in different ways: in loops, by tensors, in NumPy, in plain Python."""

import math

import numpy as np
import torch

from aimsssl import augment


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


def crop_box_from_the_width(area, aspect, u, v, height, width):
    wide = (area * height * width * aspect) ** 0.5
    sides = [int(wide / aspect + 0.5), int(wide + 0.5)]
    room = [height - sides[0], width - sides[1]]
    if min(room) < 0:
        return [0, 0, height, width]
    return [math.floor(draw * (free + 1)) for draw, free in zip((u, v), room, strict=True)] + sides


def crop_box_in_numpy(area, aspect, u, v, height, width):
    image = np.array([height, width])
    sides = np.rint(np.sqrt(area * image.prod() * np.array([1 / aspect, aspect]))).astype(int)
    if (sides > image).any():
        return 0, 0, height, width
    corner = (np.array([u, v]) * (image - sides + 1)).astype(int)
    return tuple(corner.tolist() + sides.tolist())


def crop_box_by_listing_places(area, aspect, u, v, height, width):
    high = round(math.sqrt(area * height * width / aspect))
    wide = round(math.sqrt(area * height * width * aspect))
    tops, lefts = range(height - high + 1), range(width - wide + 1)
    if not tops or not lefts:
        return 0, 0, height, width
    return tops[int(u * len(tops))], lefts[int(v * len(lefts))], high, wide


LUMA = torch.tensor([0.2989, 0.587, 0.114])


def jitter_with_lerp(image, strength, u, mean, std):
    smallest = 1 - 0.8 * strength if strength < 1.25 else 0.0
    picture = image.movedim(0, -1)  # [H, W, 3]
    for kind, draw in enumerate(u.tolist()):
        f = smallest * (1 - draw) + (1 + 0.8 * strength) * draw
        shades = (picture @ LUMA)[..., None]
        grey = [torch.zeros(()), shades.mean(), shades][kind]
        picture = torch.lerp(grey.expand_as(picture), picture, f).clip(0, 1)
    return ((picture - mean) / std).movedim(-1, 0)


def jitter_in_numpy(image, strength, u, mean, std):
    picture, luma = image.double().numpy(), np.array([0.2989, 0.587, 0.114])
    low, high = max(0, 1 - 0.8 * strength), 1 + 0.8 * strength
    b, c, s = low + u.numpy() * (high - low)
    picture = np.minimum(b * picture, 1)
    grey = np.tensordot(luma, picture, 1).mean()
    picture = np.clip(grey + c * (picture - grey), 0, 1)
    grey = np.tensordot(luma, picture, 1)
    picture = np.clip(grey + s * (picture - grey), 0, 1)
    return torch.from_numpy((picture - mean.numpy()[:, None, None]) / std.numpy()[:, None, None])


def jitter_with_the_package(image, strength, u, mean, std):
    low = max(0.0, 1 - 0.8 * strength)
    factors = torch.lerp(torch.tensor(low), torch.tensor(1 + 0.8 * strength), u)
    batch = image[None]
    for change, factor in zip((augment.adjust_brightness, augment.adjust_contrast), factors, strict=False):
        batch = change(batch, factor[None])
    return (augment.adjust_saturation(batch, factors[2:])[0] - mean[:, None, None]) / std[:, None, None]


RIGHT = {
    "jitter_and_normalize": [jitter_with_lerp, jitter_in_numpy, jitter_with_the_package],
    "crop_box": [crop_box_from_the_width, crop_box_in_numpy, crop_box_by_listing_places],
    "forgotten": [forgotten_pair_by_pair, forgotten_by_sorting, forgotten_in_numpy],
    "two_views": [two_views_image_by_image, two_views_written_into_place, two_views_of_a_doubled_batch],
}
