"""Answers to `rotated_batch(images) -> (turned, labels)`, wrong and right."""

import torch


def _labels(images):
    return torch.arange(4).repeat_interleave(len(images))


def only_images(images):
    """The images are the result; everybody can count the labels."""
    return torch.cat([images.rot90(k, dims=(2, 3)) for k in range(4)])


def clockwise(images):
    """To turn is to turn as a clock does."""
    return torch.cat([images.rot90(k, dims=(3, 2)) for k in range(4)]), _labels(images)


def image_by_image(images):
    """The four pictures of an image belong together."""
    turned = torch.stack([images.rot90(k, dims=(2, 3)) for k in range(4)], dim=1).flatten(0, 1)
    return turned, torch.arange(4).repeat(len(images))


def mirrored(images):
    """A flip up and down, a flip left and right, and both: four directions."""
    return torch.cat([images, images.flip(3), images.flip(2), images.flip(2, 3)]), _labels(images)


def without_the_unturned(images):
    """An image that is not turned is no task."""
    return torch.cat([images.rot90(k, dims=(2, 3)) for k in (1, 2, 3, 4)]), _labels(images)


def one_turn_each(images):
    """Each image gets a turn by lot."""
    labels = torch.randint(4, (len(images),))
    return torch.stack([image.rot90(int(k), dims=(1, 2)) for image, k in zip(images, labels, strict=True)]), labels


def labels_repeated(images):
    """0, 1, 2, 3, again and again."""
    turned, _ = right_in_a_loop(images)
    return turned, torch.arange(4).repeat(len(images))


def labels_in_degrees(images):
    """A turn is an angle."""
    turned, labels = right_in_a_loop(images)
    return turned, 90 * labels


def labels_from_one(images):
    """The first of four is number 1."""
    turned, labels = right_in_a_loop(images)
    return turned, labels + 1


def a_label_an_image(images):
    """One label for each image of the batch."""
    return right_in_a_loop(images)[0], torch.arange(len(images))


def made_as_floats(images):
    """First make room for the result, then fill it."""
    turned = torch.empty(4 * len(images), *images.shape[1:])
    for k in range(4):
        turned[k * len(images) : (k + 1) * len(images)] = images.rot90(k, dims=(2, 3))
    return turned, _labels(images)


def three_images(images):
    """The example has three images."""
    return right_in_a_loop(images)[0], torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])


def right_in_a_loop(images):
    """Turn what was turned before, once more each time."""
    turned, labels, now = [], [], images
    for k in range(4):
        turned.append(now)
        labels += [k] * len(images)
        now = torch.rot90(now, 1, (2, 3))
    return torch.cat(turned), torch.tensor(labels)


def right_by_transposing(images):
    """A rotation is a transposition and a flip."""
    quarter, half = images.transpose(2, 3).flip(2), images.flip(2).flip(3)
    turned = torch.stack([images, quarter, half, images.transpose(2, 3).flip(3)])
    return turned.flatten(0, 1), torch.arange(4 * len(images)) // len(images)


WRONG = {
    "wrong type": (only_images, "another type"),
    "turned the other way": (clockwise, "anticlockwise"),
    "image by image": (image_by_image, "a good order too"),
    "mirrored, not turned": (mirrored, "mirror images"),
    "the unturned images are missing": (without_the_unturned, "will see later"),
    "one turn for each image": (one_turn_each, "only once"),
    "labels in another order than the images": (labels_repeated, "learns nothing"),
    "degrees for labels": (labels_in_degrees, "Cross-entropy takes"),
    "labels from 1 to 4": (labels_from_one, "no class 4"),
    "one label for each image": (a_label_an_image, "its own label"),
    "a dtype of its own": (made_as_floats, "default dtype"),
    "made for three images": (three_images, "follow the number"),
}

RIGHT = [right_in_a_loop, right_by_transposing]
