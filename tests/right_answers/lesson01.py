"""Right answers to lesson 01, written in different ways: in loops, by tensors, in NumPy, in plain Python."""

import random
from itertools import permutations

import numpy as np
import torch


def at_chance_class_by_class(counts, classes):
    found = []
    for name, table in zip(classes, counts, strict=True):
        n = table.sum().item()
        if table.trace().item() / n <= 0.25 + 3 * (3 / 16 / n) ** 0.5:
            found.append(name)
    return found


def at_chance_by_counting(counts, classes):
    asked = counts.flatten(1).sum(dim=1).double()
    right = torch.einsum("kii->k", counts).double()
    surprised = (right - asked / 4) / (asked * 3 / 16).sqrt()
    return [classes[k] for k in (surprised <= 3).nonzero()[:, 0].tolist()]


def at_chance_in_numpy(counts, classes):
    counts = counts.numpy()
    n = counts.sum(axis=(1, 2))
    share = np.trace(counts, axis1=1, axis2=2) / n
    return list(np.array(classes)[share <= 0.25 + 3 * np.sqrt(3 / (16 * n))])


def rotated_batch_turned_on(images):
    turned, labels, now = [], [], images
    for k in range(4):
        turned.append(now)
        labels += [k] * len(images)
        now = torch.rot90(now, 1, (2, 3))
    return torch.cat(turned), torch.tensor(labels)


def rotated_batch_by_transposing(images):
    quarter, half = images.transpose(2, 3).flip(2), images.flip(2).flip(3)
    turned = torch.stack([images, quarter, half, images.transpose(2, 3).flip(3)])
    return turned.flatten(0, 1), torch.arange(4 * len(images)) // len(images)


def rotated_batch_in_numpy(images):
    turned = np.concatenate([np.rot90(images.numpy(), k, axes=(2, 3)) for k in range(4)])
    return [torch.from_numpy(turned), torch.from_numpy(np.repeat(np.arange(4), len(images)))]


def hole_loss_by_choosing(prediction, images, holes):
    mask = torch.broadcast_to(holes, images.shape)
    return torch.nn.functional.mse_loss(prediction[mask], images[mask])


def hole_loss_image_by_image(prediction, images, holes):
    total, count = 0.0, 0
    for guess, image, hole in zip(prediction, images, holes, strict=True):
        for channel in range(len(image)):
            gap = (guess[channel] - image[channel])[hole[0]]
            total = total + (gap * gap).sum()
            count += len(gap)
    return total / count


def hole_loss_in_float64(prediction, images, holes):
    weights = holes.double().expand_as(images)
    weights = weights / weights.sum()
    return (weights * (prediction.double() - images) ** 2).sum()


def far_orders_at_once(tiles, count, seed):
    orders = torch.tensor(list(permutations(range(tiles))))
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randint(len(orders), (1,), generator=generator)
    for _ in range(count - 1):
        distances = (orders[:, None] != orders[chosen][None]).sum(dim=2)
        chosen = torch.cat([chosen, distances.amin(dim=1).argmax()[None]])
    return orders[chosen]


def far_orders_in_lists(tiles, count, seed):
    left = list(permutations(range(tiles)))
    random.Random(seed).shuffle(left)
    chosen = [left.pop()]
    while len(chosen) < count:
        best = max(left, key=lambda order: min(sum(a != b for a, b in zip(order, c, strict=True)) for c in chosen))
        left.remove(best)
        chosen.append(best)
    return torch.tensor(chosen)


def far_orders_in_numpy(tiles, count, seed):
    orders = np.array(list(permutations(range(tiles))))
    found = [orders[np.random.default_rng(seed).integers(len(orders))]]
    while len(found) < count:
        nearest = np.min([(orders != one).sum(axis=1) for one in found], axis=0)
        found.append(orders[nearest.argmax()])
    return torch.from_numpy(np.stack(found))


def tiles_by_unfold(images, grid, tile):
    cell = images.shape[2] // grid
    start = (cell - tile) // 2
    tiles = images[:, :, start:, start:].unfold(2, tile, cell).unfold(3, tile, cell)[:, :, :grid, :grid]
    tiles = tiles.permute(0, 2, 3, 1, 4, 5).flatten(1, 2)
    numbers = tiles.flatten(2)
    numbers = numbers - numbers.mean(dim=2, keepdim=True)
    return (numbers / (numbers.square().mean(dim=2, keepdim=True).sqrt() + 0.01)).reshape(tiles.shape)


def tiles_one_by_one(images, grid, tile):
    cell = images.shape[-1] // grid
    margin, result = (cell - tile) // 2, []
    for image in images:
        for k in range(grid * grid):
            top, left = k // grid * cell + margin, k % grid * cell + margin
            one = image[:, top : top + tile, left : left + tile]
            result.append((one - one.mean()) / (one.std(correction=0) + 0.01))
    return torch.stack(result).unflatten(0, (len(images), grid * grid))


def tiles_in_numpy(images, grid, tile):
    pixels = images.double().numpy()
    cell = pixels.shape[3] // grid
    inside = np.arange(tile) + (cell - tile) // 2
    places = (np.arange(grid)[:, None] * cell + inside).ravel()
    tiles = pixels[:, :, places][:, :, :, places].reshape(*pixels.shape[:2], grid, tile, grid, tile)
    tiles = tiles.transpose(0, 2, 4, 1, 3, 5).reshape(len(pixels), grid**2, -1, tile, tile)
    mean, std = tiles.mean(axis=(2, 3, 4), keepdims=True), tiles.std(axis=(2, 3, 4), keepdims=True)
    return torch.from_numpy((tiles - mean) / (std + 0.01))


RIGHT = {
    "far_orders": [far_orders_at_once, far_orders_in_lists, far_orders_in_numpy],
    "normalised_tiles": [tiles_by_unfold, tiles_one_by_one, tiles_in_numpy],
    "hole_loss": [hole_loss_by_choosing, hole_loss_image_by_image, hole_loss_in_float64],
    "rotated_batch": [rotated_batch_turned_on, rotated_batch_by_transposing, rotated_batch_in_numpy],
    "at_chance": [at_chance_class_by_class, at_chance_by_counting, at_chance_in_numpy],
}
