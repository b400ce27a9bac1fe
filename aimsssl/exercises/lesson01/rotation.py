"""A batch in all four rotations, with its labels (Gidaris et al. 2018, arXiv:1803.07728)."""

from collections.abc import Callable

import torch
from torch import Tensor

from aimsssl import pretext
from aimsssl.exercises.framework import Case, Exercise, Seen, Wrong


def _pair(function: Callable, images: Tensor) -> dict:
    """The two parts, after a look at the pair itself."""
    pair = function(images)
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise Wrong("not a pair")
    turned, labels = pair
    if not (isinstance(turned, Tensor) and isinstance(labels, Tensor)):
        raise Wrong("not a tensor")
    if labels.ndim > turned.ndim:
        raise Wrong("labels first")
    if turned.dtype != images.dtype:
        raise Wrong("a dtype of its own", f"It is {turned.dtype}; {images.dtype} is asked for.")
    return {"turned": turned, "labels": labels}


rotated_batch = Exercise(
    lesson="01",
    name="rotated_batch",
    title="Make the batch of rotation prediction: every image in all four rotations, with its labels.",
    difficulty="●○○",
    minutes=10,
    reference=pretext.rotated_batch,
    hints=(
        "You need three steps: turn the whole batch by each number of turns, put the four batches one behind the "
        "other, and make the labels in the same order.",
        "torch.rot90 turns a tensor in the plane of two of its dimensions. In [B, C, S, S], which two are the height "
        "and the width? torch.cat puts batches one behind the other.",
        "Turn with images.rot90(k, dims=(2, 3)) for k = 0, 1, 2, 3. The labels are B times 0, then B times 1, and so "
        "on: arange has the four numbers, and repeat_interleave says each of them several times.",
    ),
    cases=(
        Case("3 images of 2 channels, 4×4 pixels", lambda: (torch.rand(3, 2, 4, 4),), _pair),
        Case(
            "5 images of 1 channel, 7×7 pixels, dtype uint8, which do not lie row by row in memory",
            lambda: (torch.randint(0, 256, (5, 1, 7, 7), dtype=torch.uint8).transpose(2, 3),),
            _pair,
        ),
    ),
)


def _labels(images: Tensor) -> Tensor:
    return torch.arange(4).repeat_interleave(len(images))


def _turned(images: Tensor, turns: tuple[int, ...] = (0, 1, 2, 3), dims: tuple[int, int] = (2, 3)) -> Tensor:
    return torch.cat([images.rot90(k, dims=dims) for k in turns])


@rotated_batch.mistake(
    "not a pair", "A pair is asked for, and no more: the turned images, and the labels that belong to them."
)
def _(images):
    """The images are the result; everybody can count the labels."""
    return _turned(images)


@rotated_batch.mistake(
    "not a tensor",
    "A list, or something else, came where a tensor is asked for. Put the parts of a list one behind the other "
    "(images), or make a tensor of its numbers (labels).",
)
def _(images):
    """Four batches are a list of four."""
    return [images.rot90(k, dims=(2, 3)) for k in range(4)], _labels(images)


@rotated_batch.also("not a tensor")
def _(images):
    return _turned(images), _labels(images).tolist()


@rotated_batch.mistake("labels first", "The labels come first here. The contract has the images first.")
def _(images):
    """Answer and question."""
    return _labels(images), _turned(images)


@rotated_batch.mistake(
    "turned the other way",
    "Two of the four rotations are exchanged. The contract turns anticlockwise: the order of the two dimensions "
    "decides the direction.",
)
def _(images):
    """To turn is to turn as a clock does."""
    return _turned(images, dims=(3, 2)), _labels(images)


@rotated_batch.mistake(
    "image by image",
    "All four rotations of the first image come first, then those of the second. That is a good order too, but the "
    "contract asks for another one: first all images unturned.",
)
def _(images):
    """The four pictures of an image belong together."""
    return _turned(images).unflatten(0, (4, -1)).transpose(0, 1).flatten(0, 1), torch.arange(4).repeat(len(images))


@rotated_batch.also("image by image")
def _(images):
    return _turned(images).unflatten(0, (4, -1)).transpose(0, 1).flatten(0, 1), _labels(images)


@rotated_batch.mistake(
    "mirrored, not turned",
    "These are mirror images. A mirrored arrow has its tip where no rotation puts it, and two of the four copies of a "
    "symmetric figure are then the same.",
    looks=lambda seen: _is_turned(seen, _mirrored),
)
def _(images):
    """A flip up and down, a flip left and right, and both: four directions."""
    return torch.cat([images, images.flip(3), images.flip(2), images.flip(2, 3)]), _labels(images)


for _flips in (
    lambda x: [x, x.flip(2), x.flip(3), x.flip(2, 3)],
    lambda x: [x, x.flip(2), x.flip(2, 3), x.flip(3)],
    lambda x: [x, x.flip(3), x.flip(2, 3), x.flip(2)],
    lambda x: [x, x.mT, x.flip(2, 3), x.mT.flip(2, 3)],
    lambda x: [x, x.mT, x.flip(2), x.mT.flip(2)],
    lambda x: [x, x.mT, x, x.mT],
):

    @rotated_batch.also("mirrored, not turned")
    def _(images, flips=_flips):
        return torch.cat(flips(images)), _labels(images)


def _mirrored(image: Tensor) -> list[Tensor]:
    return [image.flip(1), image.flip(2), image.mT, image.mT.flip(1, 2)]


def _rotated(image: Tensor) -> list[Tensor]:
    return [image.rot90(k, dims=(1, 2)) for k in range(4)]


def _is_turned(seen: Seen, ways: Callable) -> bool:
    """Whether pictures are wrong, and each is in its place, turned as it should be or in one of these ways."""
    if torch.equal(seen.came["turned"], seen.expected["turned"]):
        return False
    pictures = zip(seen.came["turned"], seen.inputs[0].repeat(4, 1, 1, 1), seen.expected["turned"], strict=True)
    return all(any(torch.equal(came, one) for one in (right, *ways(image))) for came, image, right in pictures)


@rotated_batch.mistake(
    "the unturned images are missing",
    "The first quarter must hold the images as they are. 'Not turned' is one of the four answers, and the only one "
    "that the network will see later.",
)
def _(images):
    """An image that is not turned is no task."""
    return _turned(images, (1, 2, 3, 4)), _labels(images)


for _turns in ((1, 2, 3), (0, 1, 2), (1, 2, 3, 0)):

    @rotated_batch.also("the unturned images are missing")
    def _(images, turns=_turns):
        labels = torch.arange(len(turns)).repeat_interleave(len(images))
        return _turned(images, turns) if turns[0] else _turned(images, (1, 2, 3)), labels + (len(turns) < 4)


@rotated_batch.mistake(
    "one turn for each image",
    "Each image is there only once. The paper's batch has all four copies of each, so that every label comes equally "
    "often for every image.",
    looks=lambda seen: seen.came["turned"].shape == seen.inputs[0].shape,
)
def _(images):
    """Each image gets a turn by lot."""
    labels = torch.randint(4, (len(images),))
    return torch.stack([image.rot90(int(k), dims=(1, 2)) for image, k in zip(images, labels, strict=True)]), labels


@rotated_batch.mistake(
    "turned among themselves",
    "It is not the picture that was turned but its place in the batch, or its channels: two other dimensions than the "
    "height and the width.",
    looks=lambda seen: len(seen.came["turned"]) == 4 * len(seen.inputs[0]) and _pixels_stay(*seen.inputs, seen.came),
)
def _(images):
    """rot90 turns in the first two dimensions."""
    return torch.cat([images, images.flip(0), images.flip(1), images.flip(0, 1)]), _labels(images)


def _pixels_stay(images: Tensor, came: dict) -> bool:
    """Whether each pixel of the turned images holds what some image or channel holds at the same place."""
    places = came["turned"].flatten(2).flatten(0, 1)
    originals = images.flatten(2).flatten(0, 1)
    return all(any(torch.equal(place, one) for one in originals) for place in places)


@rotated_batch.mistake(
    "not one behind the other",
    "All four rotations are there, but in another dimension than the first, or in one of their own. A batch for the "
    "network has one dimension for all its images: [4B, C, S, S].",
    looks=lambda seen: (
        seen.came["turned"].numel() == 4 * seen.inputs[0].numel()
        and seen.came["turned"].shape != seen.expected["turned"].shape
    ),
)
def _(images):
    """Stacked, four batches are one tensor."""
    return torch.stack([images.rot90(k, dims=(2, 3)) for k in range(4)]), _labels(images)


@rotated_batch.also("not one behind the other")
def _(images):
    return torch.stack([images.rot90(k, dims=(2, 3)) for k in range(4)], dim=1), _labels(images)


@rotated_batch.mistake(
    "the same turn each time",
    "All four quarters hold the same rotation, or two of them do. Each is turned once more than the one before.",
)
def _(images):
    """One turn, four times."""
    return _turned(images, (1, 1, 1, 1)), _labels(images)


for _turns in ((0, 0, 0, 0), (0, 1, 1, 1), (0, 1, 2, 2), (0, 2, 0, 2), (0, 2, 4, 6)):

    @rotated_batch.also("the same turn each time")
    def _(images, turns=_turns):
        return _turned(images, turns), _labels(images)


@rotated_batch.mistake(
    "turned on from the turned ones",
    "The last two quarters have changed places: 0, 1, 3 and 6 quarter turns. Images that were turned already were "
    "turned k times more. Either turn the images as they came k times, or those of the quarter before once.",
)
def _(images):
    """Turn on, k times for label k."""
    return _turned(images, (0, 1, 3, 6)), _labels(images)


@rotated_batch.mistake(
    "labels in another order than the images",
    "The numbers are right and the order is not: the label beside the second image says that it was turned, but it was "
    "not. A network that learns from such labels learns nothing.",
)
def _(images):
    """0, 1, 2, 3, again and again."""
    return _turned(images), torch.arange(4).repeat(len(images))


@rotated_batch.also("labels in another order than the images")
def _(images):
    return _turned(images), _labels(images).flip(0)


@rotated_batch.mistake(
    "degrees for labels",
    "Cross-entropy takes the number of a class, counted from 0. The label is the number of turns.",
    looks=lambda seen: 90 in seen.came["labels"],
)
def _(images):
    """A turn is an angle."""
    return _turned(images), 90 * _labels(images)


@rotated_batch.mistake(
    "labels from 1 to 4", "Classes are counted from 0. Cross-entropy with four scores has no class 4."
)
def _(images):
    """The first of four is number 1."""
    return _turned(images), _labels(images) + 1


@rotated_batch.mistake(
    "turns counted from 1",
    "The first B pictures are turned once, and nobody is left as it was. The turns are counted from 0.",
)
def _(images):
    """Four turns: 1, 2, 3, 4."""
    return _turned(images, (1, 2, 3, 4)), _labels(images) + 1


@rotated_batch.also("turns counted from 1")
def _(images):
    return _turned(images, (1, 2, 3, 4)), (_labels(images) + 1) % 4


@rotated_batch.mistake(
    "one label for each image",
    "There are four times as many pictures as images, and each needs its own label.",
    looks=lambda seen: len(seen.came["labels"]) in (len(seen.inputs[0]), 4),
)
def _(images):
    """One label for each image of the batch."""
    return _turned(images), torch.arange(len(images))


@rotated_batch.also("one label for each image")
def _(images):
    return _turned(images), torch.arange(4)


@rotated_batch.mistake(
    "each label four times",
    "Each label stands four times here. It stands as often as there are images: B times.",
)
def _(images):
    """Four of each, as there are four turns."""
    return _turned(images), torch.arange(4 * len(images)) // 4


@rotated_batch.mistake(
    "another number of rotations",
    "There are not four rotations of each image. Count: which turns are different from each other?",
    looks=lambda seen: len(seen.came["turned"]) in [k * len(seen.inputs[0]) for k in (2, 3, 5, 8)],
)
def _(images):
    """From 0 to 4 turns."""
    return _turned(images, (0, 1, 2, 3, 4)), torch.arange(5).repeat_interleave(len(images))


@rotated_batch.mistake(
    "numbers changed",
    "The pixels have other numbers than those of the images. To turn a picture, no number has to be changed: scaling "
    "is not asked for.",
)
def _(images):
    """Networks like numbers from 0 to 1."""
    return _turned(images) / 255, _labels(images)


@rotated_batch.mistake(
    "labels are no single numbers",
    "A label is one whole number for each picture, in a tensor [4B]: no row of its own, and no row of zeros with a 1.",
    looks=lambda seen: seen.came["labels"].ndim == 2,
)
def _(images):
    """A row with a 1 where the class is."""
    return _turned(images), torch.eye(4)[_labels(images)]


@rotated_batch.also("labels are no single numbers")
def _(images):
    return _turned(images), _labels(images)[:, None]


@rotated_batch.mistake(
    "labels of another dtype",
    "The labels are int64 in the contract: cross-entropy takes whole numbers of that type for the classes.",
    looks=lambda seen: seen.came["labels"].ndim == 1 and seen.came["labels"].dtype != torch.int64,
)
def _(images):
    """First room, then numbers: zeros are floats."""
    return _turned(images), _labels(images).float()


@rotated_batch.mistake(
    "a dtype of its own",
    "The images came as one type and went out as another. To turn a picture, no number has to be changed. Does the "
    "function make an empty tensor of the default dtype?",
)
def _(images):
    """First make room for the result, then fill it."""
    turned = torch.empty(4 * len(images), *images.shape[1:])
    for k in range(4):
        turned[k * len(images) : (k + 1) * len(images)] = images.rot90(k, dims=(2, 3))
    return turned, _labels(images)


@rotated_batch.also("a dtype of its own")
def _(images):
    return _turned(images).float() / (255 if images.dtype == torch.uint8 else 1), _labels(images)


@rotated_batch.mistake(
    "made for one size",
    "The number of labels must follow the number of images.",
    looks=lambda seen: len(seen.came["turned"]) == 4 * len(seen.inputs[0]) != len(seen.came["labels"]),
)
def _(images):
    """The example has three images."""
    return _turned(images), torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])


@rotated_batch.mistake(
    "turns drawn by lot",
    "Each picture is turned somehow, but not by the turn that belongs in its quarter of the batch: the turns were "
    "drawn, or come in another order. The first B are unturned, the next B turned once, and so on.",
    looks=lambda seen: _is_turned(seen, _rotated),
)
def _(images):
    """Four copies, each with a turn by lot."""
    labels = torch.randint(4, (4 * len(images),))
    return torch.stack(
        [x.rot90(int(k), (1, 2)) for x, k in zip(images.repeat(4, 1, 1, 1), labels, strict=True)]
    ), labels


@rotated_batch.mistake(
    "shuffled",
    "All pictures are there, but in another order. The contract has an order of its own; to shuffle is the business of "
    "whoever trains.",
    looks=lambda seen: (
        not torch.equal(seen.came["turned"], seen.expected["turned"])
        and sorted(map(str, seen.came["turned"].flatten(1).tolist()))
        == sorted(map(str, seen.expected["turned"].flatten(1).tolist()))
    ),
)
def _(images):
    """A batch must be shuffled."""
    order = torch.randperm(4 * len(images))
    return _turned(images)[order], _labels(images)[order]
