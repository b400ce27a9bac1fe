# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 · Pretext tasks
#
# What can a network learn from images alone? Here it makes its own questions, and answers them.
#
# **After this lesson you can**
# - say what supervised, unsupervised and self-supervised learning need and give;
# - make labels out of images in three ways: rotation, inpainting, jigsaw;
# - say, before any training, which images a task can teach nothing about, and check it;
# - find a shortcut: a task that is solved while nothing of use is learned;
# - judge what a task has taught, beside the baselines that matter.
#
# **You need first**: PyTorch tensors, a training loop, and what a convolution does.
#
# **Time**: about 45 minutes to read, 55 for the four exercises. The code took
# {{ lesson_minutes.01.cpu.seconds:minutes }} minutes on the two cores of the machine that this page was made on.
#
# [02 Augmentations](02_augmentations.ipynb) → · [glossary](../lessons/GLOSSARY.md)

# %% [markdown]
# ## How this works
#
# - **Run** a cell with Shift + Enter, in order, from the top. `[*]` beside a cell says that it is running.
# - *Predict* means: before you run the next cell, write your guess into its first line. The answer stands below it.
# - **Exercises**: write your code in the place of the line `raise NotImplementedError`, run the cell, then the one
#   below it, which checks your function. Whatever you leave out, the lesson goes on with the package's own version, and
#   says so.
# - **Stuck?** Take away the `#` before `lesson.NAME.hint()` and run that cell: there are three hints. After an attempt
#   and three hints, `lesson.NAME.solution()` shows one solution; the exercise then counts as seen, not as solved.
# - **Explorers**: the keys work in the boxes; sliders are for the mouse. Click into a list to see the names, or type the
#   beginning of one and press Enter.
# - **Something looks odd?** Kernel → Restart Kernel and Run All Cells. What was trained is kept in the folder `runs`.
# - **Your progress** is kept on this machine alone. The last cell of each lesson shows it.

# %%
import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from aimsssl import evaluation, explorers, figures, models, pretext, profile, training
from aimsssl.augment import to_float
from aimsssl.datasets import load
from aimsssl.exercises import lesson01 as lesson

p = profile.current()
print(p)
print(profile.lesson_estimate("01"))

# %% [markdown]
# A **profile** sets how large everything is: `ci` for tests, `cpu` for a laptop, `gpu` for a graphics card. The line
# above says which one you have, and why. To choose another, set the variable `AIMSSSL_PROFILE` before you start
# Jupyter.
#
# ## 1 · Labels cost, images do not
#
# A **label** is the answer that a person has written to an image: "this is a heart". Say that one label takes five
# seconds. Then 10,000 labels take 14 hours, and a doctor's labels take a doctor's hours. The images themselves come by
# the million, from phones, telescopes and satellites. Three ways to learn from them:
#
# | | needs | gives |
# |---|---|---|
# | **supervised** learning | images *and labels* | answers to the question of the labels |
# | **unsupervised** learning | images | structure: groups, few numbers in place of many |
# | **self-supervised** learning | images, and a question that they answer themselves | a **representation**: numbers *h* that describe an image, for questions to come |
#
# Self-supervised learning is the art of asking such questions. A question with an answer made from the image itself is a
# **pretext task**. Nobody wants its answers: it is a pretext. What we want is the network that learned to give them.
#
# Here are our images. `shapes` is made by a formula, so it is always there. You can write another name: `"cifar10"`,
# `"mnist"`, or `"folder:PATH"` for your own images, with one subfolder for each class. Then run everything again.

# %%
DATA = "shapes"

train = load(DATA, "train", limit=p.train_images)
test = load(DATA, "test", limit=p.test_images)
p = p.fitted(len(train))  # smaller batches where images are few
config = training.PretextConfig.for_profile(p, task="rotation")
_, bank, held_out = training.monitor_split(train, config)  # training images that no training below will see
print(train, test, f"{len(held_out)} of the training images are held out", sep="\n")

# %% [markdown]
# The labels are there, but no pretext task will see them. We use them to *measure* what was learned.
#
# ## 2 · Rotation: a label for nothing
#
# Turn an image by 0, 90, 180 or 270 degrees. We know the turn, because we made it: that is the label. The network sees
# the turned image and has to say the turn (Gidaris et al. 2018). To know which way up a house stands, one must know
# something about houses.
#
# ### Exercise 1 · a rotated batch ●○○ (10 minutes)
#
# A **batch** is the images that the network sees in one step.


# %%
def rotated_batch(images):
    """Every image in all four rotations, and the labels.

    images: [B, C, S, S], of any dtype.
    Returns (turned, labels): turned [4B, C, S, S] of the same dtype, first all images as they are, then all turned
    once by 90° anticlockwise, then twice, then three times; labels int64 [4B], the number of turns.
    """
    ### BEGIN SOLUTION
    turned = torch.cat([images.rot90(k, dims=(2, 3)) for k in range(4)])
    labels = torch.arange(4).repeat_interleave(len(images))
    return turned, labels
    ### END SOLUTION


# %%
rotated_batch = lesson.rotated_batch.check(rotated_batch)

# %% [markdown]
# Stuck? Take the `#` away in the next cell and run it. There are three hints, and each run shows the next one.

# %%
# lesson.rotated_batch.hint()

# %% [markdown]
# Here is your batch (or the package's, where you saw a FALLBACK).
#
# **Predict**: look at each column. For which of these images could *you* say the turn, if you saw only one of the four
# pictures?

# %%
classes = held_out.classes
shown = held_out[[int((held_out.labels == k).nonzero()[0]) for k in held_out.labels.unique()[:10]]]  # one of each class
names = [classes[label] for label in shown.labels]

turned, labels = rotated_batch(shown.images)
rows = {f"label {k}": turned[labels == k].numpy() for k in range(4)}
explorers.show(figures.picture_rows(rows, names, side=0.72))

# %% [markdown]
# Why all four rotations of each image, and not one at random? Every image then has every label once. A network that
# knows the image but not the turn gains nothing. The paper does the same.
#
# ### The network
#
# Two parts, as in all lessons. The **encoder** turns an image into its representation *h*. The **head** turns *h* into
# the answer to the task; here one linear layer with four scores. After the training we throw the head away.
#
# The **loss** is the cross-entropy: the mean of −log of the probability that the network gives to the right turn. Who
# guesses gives each turn 1/4 and pays log 4: that is **chance**.
#
# Before the package takes over, here is the whole method in ten lines, with your batch.

# %%
torch.manual_seed(0)
encoder = models.resnet18(config.stem, config.width, in_channels=train.images.shape[1])
head = torch.nn.Linear(encoder.feature_dim, 4)
optimizer = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], lr=2e-3)

few = to_float(train.images[:32])  # float, 0 to 1
for step in range(10):
    turned, labels = rotated_batch(few)
    loss = F.cross_entropy(head(encoder(turned)), labels)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    if step % 3 == 0:
        print(f"step {step}: loss {loss.item():.2f} (chance {np.log(4):.2f})")

# %% [markdown]
# The loss falls, but these are 32 images that it learns by heart. For more we need all of them.
#
# ### Which classes can it not learn?
#
# **Predict**, and write it down: for which classes will the network *never* beat chance, however long it trains? Put
# their names between the braces.

# %%
MY_GUESS = set()  # for example {"arrow", "house"}

# %% [markdown]
# Now the training, live. Above, the loss. Below, a first answer to the question that matters: is *h* good for something
# else than rotations? We ask **kNN**, *k nearest neighbours*: an image is compared with labelled ones by *h*, and the
# most similar ones vote on its **class**. The images are held out, so the network has never seen them.
#
# Two baselines stand beside it. **Raw pixels**: the same vote with the pixels in place of *h*. **Random weights**: the
# same encoder before training. Who does not beat these two has learned nothing of use.


# %%
def pixels(images):
    """The image itself as a representation: [N, C·H·W]."""
    return images.flatten(1).float()


def folder(name):
    """Where a run of this lesson lies."""
    return Path("runs") / f"01_{name}_{p.name}_{re.sub(r'[^A-Za-z0-9]+', '_', DATA)}"


raw = evaluation.knn_accuracy(pixels(bank.images), bank.labels, pixels(held_out.images), held_out.labels)
baselines = {"raw pixels": raw, "guessing": 1 / len(classes)}
print(f"{config.epochs} epochs, batches of {config.batch_size} images in four rotations → {folder('rotation')}")
curve = explorers.LiveCurve({"chance": config.chance_loss}, baselines)
rotation = training.train_pretext(train, config, folder("rotation"), progress=curve)

# %% [markdown]
# An **epoch** is one pass over all training images. Nothing happens for a while, then the loss falls, and kNN climbs with
# it. The network was never told what a heart is. (That kNN first falls has to do with batch norm; lesson 04 explains it.)
#
# (You can stop the cell with ■ and run it again: it goes on from its last epoch. When the run is finished, the cell
# reads it and trains nothing.)
#
# ### Right and wrong, class by class
#
# Each small map is one class. A row is a turn that was made, a column is a turn that the network said. Right answers lie
# on the diagonal. The number is the share that is right, on held-out images.

# %%
counts = pretext.rotation_confusion(rotation.model, held_out.images, held_out.labels)  # [classes, 4, 4]
explorers.show(figures.rotation_confusion(counts.numpy(), classes))

# %% [markdown]
# ### Exercise 2 · which classes are at chance? ●●○ (15 minutes)
#
# Do not judge by eye. Write a rule that reads the counts.
#
# Someone who only guesses is right in a quarter of *n* answers, but not exactly: luck moves the share by about
# $\sqrt{\tfrac14\cdot\tfrac34/n}$, its **standard error**. We leave room for three of them: a class is at chance where its
# share is at most
#
# $$\tfrac14 + 3\sqrt{\tfrac{3}{16\,n}}$$


# %%
def at_chance(counts, classes):
    """Names of the classes whose turns the network tells no better than by guessing, a list.

    counts: int64 [K, 4, 4]; counts[k, turn, answer] says how often class k, turned so, got this answer.
    classes: the K names. n is the number of all answers for a class.
    """
    ### BEGIN SOLUTION
    n = counts.sum(dim=(1, 2))
    share = counts.diagonal(dim1=1, dim2=2).sum(dim=1) / n
    border = 1 / 4 + 3 * (3 / 16 / n) ** 0.5
    return [classes[k] for k in range(len(classes)) if share[k] <= border[k]]
    ### END SOLUTION


# %%
at_chance = lesson.at_chance.check(at_chance)

# %%
# lesson.at_chance.hint()

# %%
found = at_chance(counts, list(classes))
print(f"at chance in your run: {', '.join(found) or 'none'}")
print(f"your guess:            {', '.join(sorted(MY_GUESS)) or 'none'}")

# %% [markdown]
# Your run is one run. The same training, recorded with three **seeds** (a seed fixes all random numbers of a run: the
# first weights, the order of the images), tested on the {{ pretext.test_images:, }} test images:

# %%
record = explorers.recorded("pretext")
by_class = {
    name: {"share of turns right": [seed[name] for seed in record["rows"]["rotation"]["by_class"]]}
    for name in record["classes"]
}
explorers.show(figures.seed_points(by_class, {"share of turns right": {"chance": 0.25}}))

# %%
for seed, table in zip(record["seeds"], record["rows"]["rotation"]["confusion"], strict=True):
    print(f"seed {seed}: at chance are {', '.join(at_chance(torch.tensor(table), record['classes'])) or 'none'}")

# %% [markdown]
# A disc and a ring look the same from every side. Their turned pictures hold no answer, so no network can find one:
# the images were drawn so that the light and the texture do not tell, either. And all other classes are nearly perfect.
#
# This gives a second line for the curve above. If a fifth of the images stays at chance and the rest is perfect, the loss
# is one fifth of log 4. That is the **floor** of this task on this data.

# %%
unanswerable = np.isin(np.array(record["classes"]), ["disc", "ring"]).mean()  # a share of the images
ends = ", ".join(f"{losses[-1]:.3f}" for losses in record["rows"]["rotation"]["loss"])
print(f"floor {unanswerable * np.log(4):.3f}; the three recorded runs end at {ends}")

# %% [markdown]
# Know your floor. A loss that stands still may be stuck, or it may have learned all there is.
#
# ### A 0, a 6 and a 9
#
# The same task on `digits`, real handwriting from scikit-learn. A 0 has two right ways up. A 6 on its head is a 9.
#
# **Predict**: which digits are confused, and by how much are they turned when they are? Is a 6 confused with a 9?

# %%
digits, digits_test = load("digits", "train", limit=p.train_images), load("digits", "test")
digit_config = replace(config, epochs=max(2, config.epochs), flip=0.0, held_out=0, monitor_every=0)
digit_config = replace(digit_config, batch_size=profile.current().batch_size)
on_digits = training.train_pretext(digits, digit_config, Path("runs") / f"01_digits_{p.name}", progress=None)

digit_counts = pretext.rotation_confusion(on_digits.model, digits_test.images, digits_test.labels)
explorers.show(figures.rotation_confusion(digit_counts.numpy(), digits_test.classes))

# %%
wrong = digit_counts * (1 - torch.eye(4, dtype=torch.int64))
half = sum(wrong[:, turn, (turn + 2) % 4] for turn in range(4))  # wrong by 180 degrees
print("digit:           ", *(f"{name:>4}" for name in digits_test.classes))
print("answers wrong:   ", *(f"{n:>4}" for n in wrong.sum(dim=(1, 2)).tolist()), f"   of {digit_counts[0].sum()}")
print("… by half a turn:", *(f"{n:>4}" for n in half.tolist()))

# %% [markdown]
# (We did not mirror the digits in training: a mirrored 2 is no digit. `flip=0.0` says so.)
#
# Look at the row of half turns first: what is wrong is wrong by half a turn. The 0 is no surprise. But the 6 and the 9
# may be one: people expect them to be confused, and if your table says that they are not, then these writers' 6 on its
# head is *not* their 9. The strokes have another slant. **A symmetry that you know from print may not be in your data.**
# Count before you believe it.
#
# ## 3 · A shortcut: solved, and nothing learned
#
# In a photograph light comes from above, and the edges of the lens are a little darker. Such things tell which way is up,
# and they have nothing to do with what the image shows. A network takes what is easiest. A trick that solves the task
# without the content is a **shortcut**.
#
# We plant one: light from above. The top row becomes a little lighter, the bottom row a little darker, by
# {{ pretext.light:.0%}} of the whole range between them.

# %%
LIGHT = record["light"]
lit = replace(train, images=pretext.plant_shortcut(train.images, LIGHT))
lit_held_out = pretext.plant_shortcut(held_out.images, LIGHT)

with_light = pretext.plant_shortcut(shown.images, LIGHT)
difference = (to_float(with_light) - to_float(shown.images)) / LIGHT + 0.5
rows = {"image": shown.images.numpy(), "with light": with_light.numpy(), "difference\n(enlarged)": difference.numpy()}
explorers.show(figures.picture_rows(rows, names, side=0.72))

# %% [markdown]
# Can you see it? The network can.
#
# **Predict**: the same training, on the lit images, for half the epochs. Where will the loss end, compared with before?
# And kNN?

# %%
lit_config = replace(config, epochs=max(2, config.epochs // 2))
curve = explorers.LiveCurve({"chance": lit_config.chance_loss}, baselines)
shortcut = training.train_pretext(lit, lit_config, folder("shortcut"), progress=curve)


# %%
def share_right(run, images):
    """How often the turn is said right."""
    table = pretext.rotation_confusion(run.model, images, held_out.labels)
    return (table.diagonal(dim1=1, dim2=2).sum() / table.sum()).item()


print(f"{'trained on':<14}{'turns right, lit':>18}{'turns right, plain':>20}{'kNN on the class':>19}")
for name, run in (("plain images", rotation), ("lit images", shortcut)):
    told = share_right(run, lit_held_out), share_right(run, held_out.images)
    print(f"{name:<14}{told[0]:>18.2f}{told[1]:>20.2f}{run.last('knn_accuracy'):>19.2f}")

# %% [markdown]
# Read the second line. And the record, three seeds on test images: with the light
# {{ pretext.rows.shortcut.rotation_mean:.2f }} of the turns are right, without it
# {{ pretext.rows.shortcut.rotation_without_mean:.2f }}, where chance is 0.25. A linear probe reads the class from *h*
# in {{ pretext.rows.shortcut.probe_mean:.2f }} of the cases; random weights give
# {{ pretext.rows.random_weights.probe_mean:.2f }}. The task was solved better than before, and the representation is
# worth less than an untrained one.
#
# How could one notice, without labels? **The score is too good.** Disc and ring have no up, so an honest network cannot
# be right about them.

# %%
for name in ("rotation", "shortcut"):
    rates = record["rows"][name]["by_class"]
    print(
        f"{name:<10}", ", ".join(f"{k} {np.mean([seed[k] for seed in rates]):.2f}" for k in ("disc", "ring", "house"))
    )

# %% [markdown]
# Three defences. Know what your images hold besides the content. Take it away: crop, change the colours, keep a gap
# (section 5). And measure on another task, as kNN does here: the pretext score alone cannot tell.
#
# ## 4 · Inpainting: fill the hole
#
# Hide a part of the image and predict it (Pathak et al. 2016). To go on with a heart, one must know hearts. The
# "label" is now a picture: the hidden pixels.
#
# - **Input**: the image with a grey square at a random place.
# - **Encoder**: the same as before. All that the network knows of the image has to go through *h*.
# - **Head**: a **decoder**, a small network that draws an image from *h*.
# - **Loss**: the mean squared error, in the hole only.
#
# ### Exercise 3 · a loss on the hole only ●●○ (10 minutes)


# %%
def hole_loss(prediction, images, holes):
    """Mean of the squared error over all hidden numbers of the batch, a scalar tensor that gradients flow through.

    prediction, images: float [B, C, H, W]. holes: bool [B, 1, H, W], true where the image was hidden.
    A hidden pixel hides C numbers. Every hidden number counts the same, also where the holes differ in size.
    """
    ### BEGIN SOLUTION
    squared = (prediction - images) ** 2 * holes  # the mask is repeated for each channel
    return squared.sum() / (holes.sum() * images.shape[1])
    ### END SOLUTION


# %%
hole_loss = lesson.hole_loss.check(hole_loss)

# %%
# lesson.hole_loss.hint()

# %% [markdown]
# **Predict**: in which order will the fills get things right: texture, colour of the ground, shape? And what will a fill
# look like where the network cannot know?
#
# A row is added to the figure at some epochs, as the training goes. The images are held out.

# %%
fill_config = training.PretextConfig.for_profile(p, task="inpainting")
E = fill_config.epochs
fill_config = replace(fill_config, snapshot_epochs=tuple(sorted({0, 1, E // 4, E // 2, E})))
print(f"{E} epochs, holes of {fill_config.hole_pixels(train.images.shape[-1])} pixels → {folder('inpainting')}")

live = explorers.lesson01.LiveFills(shown)
inpainting = training.train_pretext(train, fill_config, folder("inpainting"), probe=shown.images, progress=live)

# %% [markdown]
# A fill has to beat the simplest one: paint the hole with the mean colour of what can be seen. (Here your `hole_loss` is
# at work.)

# %%
generator = torch.Generator().manual_seed(0)
size = train.images.shape[-1]
holes = pretext.random_holes(len(held_out), size, fill_config.hole_pixels(size), generator)
fills = {
    "the mean colour": explorers.lesson01.plain_fill(held_out.images, holes),
    "the network": pretext.fill(inpainting.model, held_out.images, holes),
}
for name, filled in fills.items():
    print(f"{name:<16} error in the hole {hole_loss(filled, to_float(held_out.images), holes):.4f}")

# %% [markdown]
# First come the colours of the ground. Then a soft spot grows in the place and the colour of the figure. Textures and sharp
# edges hardly come at all, and the reason is the loss. Where several fills are possible, the smallest *mean* squared error is
# that of their mean, and a mean of pictures is a blur. The paper adds a second loss, an adversarial one: another network
# tries to tell fills from real patches. That makes them sharp. Ours differs from the paper in other things, too: one
# square hole, a small decoder, and it starts from the vector *h*, where the paper's starts from a map of places.
#
# And what did *h* learn? The loss counts pixels. Most hidden pixels are ground, and to predict them one needs the
# *colours* of the image and little more. Look at kNN:

# %%
knn = {"raw pixels": raw, "random weights": inpainting.history[0]["knn_accuracy"]}
knn |= {"inpainting": inpainting.last("knn_accuracy"), "rotation": rotation.last("knn_accuracy")}
print("kNN on the class:", ", ".join(f"{name} {value:.2f}" for name, value in knn.items()))

# %% [markdown]
# Is it the colours? Take each image and the one whose *h* is most similar. How far apart are their mean colours, compared
# with two images at random?


# %%
def colour_distance(h, images):
    """Mean distance of the mean colours of each image and its nearest neighbour in h; 1 is that of a random pair."""
    colours = to_float(images).mean(dim=(2, 3))  # [N, C]
    nearest = evaluation.nearest_neighbours(h, h, 2)[1][:, 1]  # the first one is the image itself
    of_pairs = torch.cdist(colours, colours)
    return (of_pairs[torch.arange(len(h)), nearest].mean() / of_pairs.mean()).item()


for name, run in (("rotation", rotation), ("inpainting", inpainting)):
    h = models.extract(run.model.encoder, held_out.images)
    print(f"{name:<11} nearest neighbours are {colour_distance(h, held_out.images):.2f} as far apart as random pairs")

# %% [markdown]
# **A task teaches what helps to solve it, and no more.** kNN finds images with similar *h*. In inpainting, similar *h*
# means similar colours; in rotation it does not, for colours say nothing about the turn. (Section 7 asks a second judge,
# who is kinder.)
#
# ## 5 · Jigsaw: where does each tile belong?
#
# Cut the image into tiles, shuffle them, and ask for the order (Noroozi & Favaro 2016). Each tile goes through the
# encoder by itself; the head sees all the *h* together and says which of a list of orders it was.
#
# Shortcuts lie in wait here, and the paper names them.
# - A line that goes on across the border says which tiles are neighbours. So there is a **gap** of random width between
#   the tiles.
# - Brightness that changes slowly over the image gives the order away. So each tile is **normalised**: mean 0, standard
#   deviation 1.
# - **Chromatic aberration**: a lens bends red and blue light a little differently, more so far from the centre. The shift
#   between the colours then tells the place of a tile. (In drawn images there is none.)

# %%
jigsaw_config = training.PretextConfig.for_profile(p, task="jigsaw")
grid, tile = jigsaw_config.grid, jigsaw_config.tile_pixels(size)
generator = torch.Generator().manual_seed(0)
tiles = pretext.cut_tiles(shown.images[:5], grid, tile, generator)  # uint8 [5, 4, C, t, t]
orders = torch.stack([torch.randperm(grid**2, generator=generator) for _ in tiles])
shuffled = pretext.shuffled_tiles(tiles, orders)

mosaic = explorers.lesson01.mosaic
rows = {
    "image": to_float(shown.images[:5]).numpy(),
    "tiles": np.stack([mosaic(t).numpy() for t in tiles]),
    "shuffled": np.stack([mosaic(t).numpy() for t in shuffled]),
}
explorers.show(figures.picture_rows(rows, ["order " + " ".join(map(str, o)) for o in orders.tolist()], side=1.2))

# %% [markdown]
# Tiles are counted from 0, row by row. The order `2 0 3 1` says: the first place shows tile 2, the next one tile 0, and
# so on.
#
# Four tiles have 24 orders. Nine tiles have 362,880, too many for a list of answers, so the paper takes a few that are
# *far apart*. The **Hamming distance** of two orders is the number of places in which they differ. If two orders differ
# in two places only, nearly the same picture has two different labels, and the task is unkind.
#
# ### Exercise 4 · orders far apart ●●● (20 minutes)
#
# Be greedy. Draw the first order at random, with the seed. Then, again and again, take the order whose distance to its
# *nearest* among the chosen ones is largest.


# %%
def far_orders(tiles, count, seed):
    """Orders of `tiles` tiles that lie far apart, int64 [count, tiles], no two alike.

    The first is drawn with the seed; each next one has the largest Hamming distance to its nearest among those before
    it. Which one is taken where several are equally far is up to you. The same seed gives the same orders.
    """
    ### BEGIN SOLUTION
    from itertools import permutations

    everything = torch.tensor(list(permutations(range(tiles))))  # [tiles!, tiles]
    generator = torch.Generator().manual_seed(seed)
    chosen = [int(torch.randint(len(everything), (1,), generator=generator))]
    nearest = torch.full((len(everything),), tiles)
    while len(chosen) < count:
        to_last = (everything != everything[chosen[-1]]).sum(dim=1)
        nearest = torch.minimum(nearest, to_last)
        chosen.append(int(nearest.argmax()))
    return everything[chosen]
    ### END SOLUTION


# %%
far_orders = lesson.far_orders.check(far_orders)

# %%
# lesson.far_orders.hint()

# %% [markdown]
# **Predict**: 20 orders of six tiles, drawn at random. In how many places do the closest two differ? And with your
# function?


# %%
def closest(orders):
    """The smallest Hamming distance between two of the orders."""
    return min(sum(x != y for x, y in zip(a, b, strict=True)) for a, b in combinations(orders.tolist(), 2))


drawn = torch.stack([torch.randperm(6, generator=torch.Generator().manual_seed(k)) for k in range(20)])
print(f"drawn at random: the closest two differ in {closest(drawn)} places")
print(f"chosen far apart: the closest two differ in {closest(far_orders(6, 20, seed=0))} places")

# %% [markdown]
# Our images are small. So we take 2×2 tiles, and all 24 orders.
#
# **Predict**: guessing pays log 24. Can the network solve this task for discs and rings?

# %%
print(f"{jigsaw_config.epochs} epochs, {grid}×{grid} tiles of {tile} pixels → {folder('jigsaw')}")
curve = explorers.LiveCurve({"chance": jigsaw_config.chance_loss}, baselines)
jigsaw = training.train_pretext(train, jigsaw_config, folder("jigsaw"), progress=curve)


# %%
def orders_right(run, images):
    """Share of right orders, image by image, one random order each."""
    generator, config = torch.Generator().manual_seed(0), jigsaw_config
    tiles = pretext.normalise_tiles(pretext.cut_tiles(to_float(images), config.grid, tile, generator))
    labels = torch.randint(config.orders, (len(images),), generator=generator)
    shown = pretext.shuffled_tiles(tiles, config.permutations()[labels])
    return (pretext.answers(run.model, shown.flatten(0, 1)).argmax(dim=1) == labels).float()


right = orders_right(jigsaw, held_out.images)
print(f"orders right: {right.mean():.2f} of all held-out images, chance {1 / jigsaw_config.orders:.2f}")
print(", ".join(f"{name} {right[held_out.labels == k].mean():.2f}" for k, name in enumerate(classes)))

# %% [markdown]
# A ring has no up, but its upper left quarter is not its upper right quarter. So here the round ones have an answer too.
# **Which images a task can teach about is a property of the task**, and it can be thought out before any training.
#
# Yet the curve of kNN stays far below that of rotation. To see where a tile belongs, it is enough to see how an edge
# bends. What the whole figure is does not matter much.
#
# ## 6 · Two more, by name
#
# - **Colourisation** (Zhang et al. 2016): take the colour away, predict it from the grey image. The input has one
#   channel, the label has the others. To paint a lemon yellow, one must see that it is a lemon. In `shapes` colour is
#   drawn by lot: this task could teach nothing there. Do you see why?
# - **Relative position** (Doersch et al. 2015): cut two tiles, and ask on which of eight sides the second lies. It came
#   before the jigsaw, and its authors found the shortcut of the chromatic aberration: the network had learned to read
#   the place of a tile from its lens errors.
#
# ## 7 · Does it transfer?
#
# To use on one task what was learned on another is called **transfer**. Two judges, and *h* stays **frozen** (the weights
# do not change any more):
# - **kNN**, as before, with all the training images as voters: are images of one class *near* each other?
# - the **linear probe**: train a linear classifier on *h*, with labels. Can the class be *read* from *h*, along some
#   direction, whatever else is in there?
#
# The last row to compare with is the **supervised** encoder: the same network, trained with all the labels. Now the test
# images, for the first time with these encoders. They choose nothing.
#
# **Predict**: order the six: raw pixels, random weights, inpainting, jigsaw, rotation, supervised. Will the two judges
# agree?

# %%
labelled = training.SupervisedConfig.for_profile(p, epochs=max(2, p.epochs // 5), held_out=0, monitor_every=0)
supervised = training.train_supervised(train, labelled, folder("supervised"), progress=None)

runs = {"inpainting": inpainting, "jigsaw": jigsaw, "rotation": rotation, "rotation, lit": shortcut}
encoders = {"random weights": training.random_encoder(rotation).to(p.device)}
encoders |= {name: run.model.encoder for name, run in runs.items()} | {"supervised": supervised.model.encoder}

features = {"raw pixels": (pixels(train.images), pixels(test.images))}
for name, f in encoders.items():
    features[name] = models.extract(f, train.images), models.extract(f, test.images)
scores = evaluation.score_representations(features, train.labels, test.labels)
print(evaluation.format_table(scores, len(classes)))

# %% [markdown]
# These are your runs, one of each. A difference may be luck. So here is the record: `shapes`,
# {{ pretext.train_images:, }} training images, three seeds each. Each point is one seed. The pale bar is the **95 %
# interval** of the mean: a range made so that it holds the true mean in 95 of 100 such experiments.

# %%
order = ("raw pixels", "random weights", "shortcut", "inpainting", "jigsaw", "rotation", "supervised")
measures = {"kNN": "knn", "linear probe": "probe"}
values = {row: {name: record["rows"][row][key] for name, key in measures.items()} for row in order}
explorers.show(figures.seed_points(values, {name: {"chance": record["chance"]} for name in measures}))

# %%
for name in measures:
    low, high = {}, {}
    for row in order[1:]:  # raw pixels have no seed
        interval = evaluation.seed_interval(values[row][name])
        low[row], high[row] = interval.low, interval.high
    above = [row for row in order[2:] if low[row] > high["random weights"]]
    below = [row for row in order[2:] if high[row] < low["random weights"]]
    unclear = [row for row in order[2:] if row not in above + below]
    print(f"{name}: clearly above random weights: {', '.join(above) or 'none'}; "
          f"clearly below: {', '.join(below) or 'none'}; intervals overlap: {', '.join(unclear) or 'none'}")  # fmt: skip

# %% [markdown]
# What the record says, and what it does not.
#
# - **Rotation works**: {{ pretext.rows.rotation.probe_mean:.2f }} with the linear probe, without a single label in its
#   training, where random weights have {{ pretext.rows.random_weights.probe_mean:.2f }}. With all labels it is
#   {{ pretext.rows.supervised.probe_mean:.2f }}.
# - **The judges disagree about inpainting and jigsaw.** The probe reads clearly more from them than from random weights:
#   {{ pretext.rows.inpainting.probe_mean:.2f }} and {{ pretext.rows.jigsaw.probe_mean:.2f }}. For kNN three seeds show no
#   clear gain: {{ pretext.rows.inpainting.knn_mean:.2f }} and {{ pretext.rows.jigsaw.knn_mean:.2f }}, against
#   {{ pretext.rows.random_weights.knn_mean:.2f }}. Something of the class is in *h*, but other things are louder.
# - **The solved shortcut is below random weights**, for both judges.
# - This does *not* say that rotation beats jigsaw or inpainting. It says so for figures of 32 pixels that have an up, one
#   small network, and minutes of training. Where nothing has an up (cells under a microscope, fields seen from above),
#   rotation has nothing to teach. The task must fit the images.
#
# (The epochs, the size of the hole and that of the tiles were chosen on held-out training images, and the test images
# were read once. That is lesson 06's protocol.)
#
# ## 8 · Play
#
# Choose an image and a task, and see three things: what the network gets, the label that was made, and its answer. The
# bold, blue bar is the right one (for the hole: the network's error beside that of the mean colour). Only the controls of
# the chosen task matter. The images are held out.
#
# Three things to try.
# 1. Rotation, a disc: what does the network say at its four turns? Is it unsure, or sure and wrong?
# 2. "Rotation, lit", with `light from above` at 0.1, then at −0.1: light from *below*. What happens to the answer?
# 3. Inpainting: move the hole so that it hides the whole figure. What does the network draw there?

# %%
played = {"rotation": rotation, "rotation, lit": shortcut, "inpainting": inpainting, "jigsaw": jigsaw}
explorers.lesson01.tasks_on_an_image(held_out, played)

# %% [markdown]
# ## To remember
#
# 1. A pretext task makes its labels from the images; we want the encoder, not the answers.
# 2. A task teaches what helps to solve it: think about what that is before you train, and look for shortcuts.
# 3. A good pretext score proves nothing; what counts is the gain over raw pixels and random weights, on another task.
#
# ## To think about
#
# - Which pretext task would you choose for satellite images of fields? For photographs of faces? For X-rays?
# - Turn by 45° in place of 90°. Which new shortcut does that bring? (Think of the corners.)
# - Rotation cannot learn discs and rings. But are they told from each other by its *h*? How would you find out?
# - The shortcut was linear light. A crop does not take it away. Which change of the images would?
# - Could two tasks be trained at once, with one encoder and two heads? What would you hope for?
#
# ## References
#
# - S. Gidaris, P. Singh, N. Komodakis: *Unsupervised Representation Learning by Predicting Image Rotations*, 2018,
#   [arXiv:1803.07728](https://arxiv.org/abs/1803.07728).
# - D. Pathak, P. Krähenbühl, J. Donahue, T. Darrell, A. Efros: *Context Encoders: Feature Learning by Inpainting*, 2016,
#   [arXiv:1604.07379](https://arxiv.org/abs/1604.07379).
# - M. Noroozi, P. Favaro: *Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles*, 2016,
#   [arXiv:1603.09246](https://arxiv.org/abs/1603.09246).
# - R. Zhang, P. Isola, A. Efros: *Colorful Image Colorization*, 2016,
#   [arXiv:1603.08511](https://arxiv.org/abs/1603.08511).
# - C. Doersch, A. Gupta, A. Efros: *Unsupervised Visual Representation Learning by Context Prediction*, 2015,
#   [arXiv:1505.05192](https://arxiv.org/abs/1505.05192): relative position.
# - K. He, X. Zhang, S. Ren, J. Sun: *Deep Residual Learning for Image Recognition*, 2015,
#   [arXiv:1512.03385](https://arxiv.org/abs/1512.03385): the encoder.
#
# ## What comes next
#
# Rotation asks for something that *changes* when the image is turned. [Lesson 02](02_augmentations.ipynb) begins with the
# opposite idea: change the image, and ask for what stays the same.
