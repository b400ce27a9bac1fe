"""Right answers to lesson 01, written in different ways: in loops, by tensors, in NumPy, in plain Python."""

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


RIGHT = {
    "hole_loss": [hole_loss_by_choosing, hole_loss_image_by_image, hole_loss_in_float64],
    "rotated_batch": [rotated_batch_turned_on, rotated_batch_by_transposing, rotated_batch_in_numpy],
    "at_chance": [at_chance_class_by_class, at_chance_by_counting, at_chance_in_numpy],
}
