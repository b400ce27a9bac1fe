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


RIGHT = {
    "at_chance": [at_chance_class_by_class, at_chance_by_counting, at_chance_in_numpy],
}
