# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 02 · Augmentations
#
# Nobody tells the network what an image is about. It only learns that two changed copies of one image belong together.
# So **you** tell it, by the way you change them.
#
# **After this lesson you can**
# - name SimCLR's augmentations, and write two of them: the random resized crop and the colour jitter;
# - say what an augmentation makes a representation forget, and test it with a factor audit;
# - explain the colour-histogram shortcut, and measure how far it carries;
# - say why crop and colour together teach more than each alone, from runs with three seeds;
# - find the usual mistakes: the same view twice, one draw for a whole batch, normalising before jittering.
#
# **You need first**: [lesson 01, Pretext tasks](01_pretext_tasks.ipynb): what an encoder, a representation and a linear
# probe are.
#
# **Time**: {{ time.reading }} minutes to read and look, {{ time.exercises }} for the exercises; the optional parts take
# {{ time.optional }} more. The code took {{ lesson_minutes.02.cpu.seconds:minutes }} minutes on one core of the
# machine that this page was made on.
#
# ← [01 Pretext tasks](01_pretext_tasks.ipynb) · [03 NT-Xent](03_nt_xent.ipynb) → · [glossary](../lessons/GLOSSARY.md)

# %%
import math

import numpy as np
import torch

from aimsssl import augment, datasets, evaluation, exercises, explorers, figures, profile, training
from aimsssl.exercises import lesson02 as lesson
from aimsssl.explorers import lesson02 as see

p = profile.current()
print(p)
print(profile.lesson_estimate("02"))

# %% [markdown]
# ## 1 · One image, two views
#
# An **augmentation** is a random change of an image that keeps its content. A **view** is what comes out. SimCLR makes
# two views of every image and sets a riddle: among the views of many images, which two belong together? The other view
# of the same image is called the **partner**.
#
# Next come two photographs, and two views of each, as SimCLR makes them: a crop, a flip, other colours, sometimes no
# colours at all, sometimes a blur.
#
# Look for what tells you that two views come from one photograph.

# %%
SIZE = 224  # pixels, as for ImageNet
square = see.photographs()  # uint8 [2, 3, 427, 427]
whole = augment.Augment(SIZE, crop_scale=None, jitter=0, grayscale=0, flip=0)(square)

torch.manual_seed(4)
simclr = augment.TwoViews(SIZE, crop_scale=(0.08, 1.0), jitter=1.0, blur=0.5)
view1, view2 = simclr(square)  # each float [2, 3, 224, 224], in [0, 1]
columns = torch.stack([whole, view1, view2], dim=1).numpy()
rows = dict(zip(("china", "flower"), columns, strict=True))
explorers.show(figures.picture_rows(rows, ["image", "view 1", "view 2"], side=1.9))

# %% [markdown]
# It is not the colours: they differ in all four views. Outlines and patterns are left, the roofs and the petals.
# Whatever you used, the network can use, too. And here is the rule of this whole lesson:
#
# > **What the two views share can help to find the partner, so it may be kept. What they do not share cannot help, and
# > is forgotten.**
#
# The word for it is **invariance**: a representation is invariant to a change that it does not notice. You choose the
# invariances when you choose the augmentations.
#
# ### Each one alone
#
# Five transforms, four draws of each.
#
# **Predict**, row by row, and write it into the first line of the cell: which of these can you no longer tell from a
# view? The place of the tower, its size, left and right, its colours, its finest details.

# %%
# My guess:
PLAIN = dict(crop_scale=None, jitter=0.0, grayscale=0.0, blur=0.0, flip=0.0)  # the image as it is
ALONE = {"crop": dict(crop_scale=(0.08, 1.0)), "flip": dict(flip=0.5)}
ALONE |= {"colour jitter": dict(jitter=1.0), "greyscale": dict(grayscale=0.5)}
ALONE |= {"blur": dict(blur=1.0)}

four = square[:1].expand(4, -1, -1, -1)  # the same photograph four times: four draws
rows = {}
for name, only in ALONE.items():
    torch.manual_seed(116)  # draws that differ
    rows[name] = augment.Augment(150, **PLAIN | only)(four).numpy()
explorers.show(figures.picture_rows(rows, side=1.5))

# %% [markdown]
# **Answer.**
#
# | transform | two views no longer share | they still share |
# |---|---|---|
# | random resized **crop** | place, size, a part of the content | mostly: colours, texture |
# | horizontal **flip** | left and right | all the rest |
# | **colour jitter** | brightness, contrast, saturation, hue | shape, place, direction |
# | **greyscale**, of some views | colour, where one view is grey | brightness |
# | **blur**, of some views | the finest details | coarse shape, colours, place |
#
# (*Hue* is the colour's name: red, green, blue … as an angle on a circle. *Saturation* is how far it is from grey.)
#
# ### How strong?
#
# Every transform has a strength. In each row of the next figure, one of A to D is the partner of the view on the left,
# and the other three are wrong. The images are those of `shapes`, our small generated ones.
#
# **Predict**: in which row will *you* not find the partner?

# %%
# My guess:
few = datasets.load("shapes", "test", limit=64)
STRENGTHS = {
    "crop from 60 %": PLAIN | dict(crop_scale=(0.6, 1.0)),
    "crop from 8 %": PLAIN | dict(crop_scale=(0.08, 1.0)),
    "jitter 0.5": PLAIN | dict(jitter=0.5),
    "jitter 1": PLAIN | dict(jitter=1.0),
    "crop from 8 %,\njitter 1": PLAIN | dict(crop_scale=(0.08, 1.0), jitter=1.0),
}
figure, partners = see.riddles(few, STRENGTHS, seed=10)
explorers.show(figure)

# %%
print(", ".join(f"{' '.join(name.split())}: {letter}" for name, letter in partners.items()))

# %% [markdown]
# **Answer.** As long as only one thing changes, another one gives the partner away: colours after a crop, outlines in
# their place after a jitter. In the last row little of either is left.
#
# Too weak, and the riddle is easy: nothing has to be forgotten. Too strong, and nothing is left in common that is worth
# keeping. In between lies what Tian et al. (2020) call a *sweet spot*, and it depends on your data: SimCLR crops
# photographs down to 8 % of their area (arXiv:2002.05709, Appendix A), but in `shapes` the smallest of these crops show
# a piece of the figure at best.
#
# ## 2 · The crop
#
# A **random resized crop** cuts out a box and resizes it to the old size. Its *area*, as a share of the image's, is
# drawn evenly from a range. Its *aspect*, width over height, is drawn between 3/4 and 4/3. Then it gets a place, each
# with the same chance. (The recipe is that of Szegedy et al. 2014, §6.)
#
# Area and aspect are given, and the box is wanted. That is yours to work out.
#
# ### Exercise 1 · the box of a crop ●●○ (15 minutes)
#
# `crop_box` gives back four whole numbers: `(top, left, box_height, box_width)`, in pixels.
# - `area`: the box's share of the image's pixels, above 0, at most 1. `aspect`: width / height of the box.
# - `u`, `v`: two draws in [0, 1), for top and for left. Every place where the box lies inside has the same chance.
# - `height`, `width`: of the image, in pixels. The sides of the box are rounded to the nearest pixel.
# - If the box does not fit into the image, give back the whole image: `(0, 0, height, width)`.


# %%
def crop_box(area, aspect, u, v, height, width):
    """The box (top, left, box_height, box_width) of this area and aspect, placed by u and v."""
    ### BEGIN SOLUTION
    pixels = area * height * width
    box_height, box_width = round((pixels / aspect) ** 0.5), round((pixels * aspect) ** 0.5)
    if box_height > height or box_width > width:
        return 0, 0, height, width
    top, left = int(u * (height - box_height + 1)), int(v * (width - box_width + 1))
    return top, left, box_height, box_width
    ### END SOLUTION


# %%
crop_box = lesson.crop_box.check(crop_box)

# %% [markdown]
# Stuck? Take the `#` away in the next cell and run it. There are three hints, and each run shows the next one.

# %%
# lesson.crop_box.hint()

# %% [markdown]
# Your boxes at work (or the package's, where you saw FALLBACK). Where a box does not fit, SimCLR and the package draw
# again, up to ten times, before they fall back on the whole image.

# %%
rng = np.random.default_rng(0)
boxes = []
for _ in range(4):
    aspect = math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
    boxes.append(crop_box(rng.uniform(0.08, 0.7), aspect, rng.random(), rng.random(), 427, 427))
crops = augment.resized_crop(augment.to_float(four), torch.tensor(boxes), 150)
areas = [f"{height * width / 427**2:.0%} of the area" for _, _, height, width in boxes]
explorers.show(figures.picture_rows({"your crops": crops.numpy()}, areas, side=1.5))

# %% [markdown]
# ## 3 · The colours
#
# Three of the four parts of **colour jitter** are one formula, a blend of the picture with a grey:
#
# $$\text{new} = f \cdot \text{picture} + (1 - f) \cdot \text{grey}$$
#
# | | the grey | f = 0 | f = 1 | f above 1 |
# |---|---|---|---|---|
# | brightness | black (0) | black | no change | brighter |
# | contrast | one number: the mean of the luma | flat grey | no change | light and dark farther apart |
# | saturation | a picture: the luma of each pixel | a grey picture | no change | stronger colours |
#
# **Luma** is how bright an eye finds a colour: 0.2989 red + 0.587 green + 0.114 blue. The factor *f* is drawn around 1.
# What ends above 1 or below 0 is cut off (**clamped**), since no picture has such pixels. The fourth part turns the hue
# by some angle.
# <!-- given: 0.2989, 0.587, 0.114 the weights of Rec. 601 -->
#
# One trap. Many networks want **normalised** pictures: subtract the mean of each channel, divide by its standard
# deviation. (Ours take pictures from 0 to 1 as they are.) Where does that step belong, before the jitter or after it?
#
# ### Exercise 2 · colour jitter, then normalise ●●○ (20 minutes)
#
# `jitter_and_normalize` takes one image, float `[3, H, W]` in [0, 1], and gives one back, float `[3, H, W]`.
# - `u`: three draws in [0, 1), a tensor: for brightness, contrast and saturation, which come in this order.
# - A draw u gives the factor `low + u · (high − low)`, with `low = 1 − 0.8 · strength`, but never below 0, and
#   `high = 1 + 0.8 · strength`. The result of each operation is clamped to [0, 1] before the next one sees it.
# - `mean`, `std`: tensors `[3]`, one number for each channel.
# - The luma `[1, H, W]` is `augment.grayscale(image[None])[0]`.


# %%
def jitter_and_normalize(image, strength, u, mean, std):
    """One image float [3, H, W] in [0, 1], jittered by the draws u [3], then normalised."""
    ### BEGIN SOLUTION
    low, high = max(0.0, 1 - 0.8 * strength), 1 + 0.8 * strength
    brightness, contrast, saturation = low + u * (high - low)
    image = (brightness * image).clamp(0, 1)
    grey = augment.grayscale(image[None])[0].mean()
    image = (contrast * image + (1 - contrast) * grey).clamp(0, 1)
    grey = augment.grayscale(image[None])[0]
    image = (saturation * image + (1 - saturation) * grey).clamp(0, 1)
    return (image - mean[:, None, None]) / std[:, None, None]
    ### END SOLUTION


# %%
jitter_and_normalize = lesson.jitter_and_normalize.check(jitter_and_normalize)

# %%
# lesson.jitter_and_normalize.hint()

# %%
torch.manual_seed(0)
flower, no_mean, no_std = whole[1], torch.zeros(3), torch.ones(3)  # so that we can look
jittered = [jitter_and_normalize(flower, 1.0, torch.rand(3), no_mean, no_std) for _ in range(4)]
explorers.show(figures.picture_rows({"your jitter": torch.stack(jittered).numpy()}, side=1.5))

# %% [markdown]
# The package does the same for a whole batch at once. It also turns the hue, draws the order of the four anew in each
# batch, and leaves one view in five alone, as SimCLR does.
#
# ## 4 · Two views
#
# Now the pair. It looks too simple to be an exercise, and it is where real runs have failed: lesson 04 tells of one in
# which both views were the same.
#
# `transform` is a random change of one image. Many libraries let you call it on a batch as well, for example
# `torchvision.transforms.v2`. Then it draws **once** for all that it gets. It gives floats back, also where the images
# are whole numbers (uint8), as ours are.
#
# ### Exercise 3 · two views of every image ●○○ (10 minutes)
#
# `two_views` makes of images `[B, C, H, W]` a pair `(view1, view2)`, each a tensor `[B, C, H, W]`.
# - `transform(x)` changes x at random and draws once for each call, whatever x is: one image `[C, H, W]` or a batch.
# - Each image has its own draw, and so has each view.


# %%
def two_views(images, transform):
    """Two views of every image: images [B, C, H, W] to a pair of tensors [B, C, H, W]."""
    ### BEGIN SOLUTION
    view1 = torch.stack([transform(image) for image in images])
    view2 = torch.stack([transform(image) for image in images])
    return view1, view2
    ### END SOLUTION


# %%
two_views = lesson.two_views.check(two_views)

# %%
# lesson.two_views.hint()

# %% [markdown]
# Your two views of eight images of `shapes`, the data of the rest of this lesson. Each image has a figure of one of ten
# classes on a background. Colours and texture of both, and the figure's angle, size and place are drawn at random.

# %%
train = datasets.load("shapes", "train", limit=p.train_images)
test = datasets.load("shapes", "test", limit=p.test_images)
print(train)

torch.manual_seed(0)
CROP, COLOUR = dict(crop_scale=(0.6, 1.0)), dict(jitter=1.0)
one = augment.Augment(32, **PLAIN | CROP | COLOUR | dict(flip=0.5, grayscale=0.2))
eight = train.sample(8)
view1, view2 = two_views(eight.images, lambda image: one(image[None])[0])
names = [eight.classes[label] for label in eight.labels]
explorers.show(figures.two_views(eight.images.numpy(), view1.numpy(), view2.numpy(), names))

# %% [markdown]
# ### Explore
#
# Move the sliders with the mouse, or type into the boxes. *Smallest crop* is a share of the area, *colour jitter* a strength;
# *greyscale*, *blur* and *flip* are probabilities. Then play the riddle in the lower row: which of the
# four is the partner? Change the draw for a new riddle.
#
# - Begin with crops only. How do you find the partner? Do you look at the *figure* at all?
# - Raise the colour jitter. What do you look at now?
# - Find strengths at which you are wrong half of the time.

# %%
see.augmentations(test[:64])

# %% [markdown]
# ## 5 · A shortcut: the colour histogram
#
# With crops only, the riddle has an answer that needs no figure. A **histogram** counts how many pixels have which
# brightness, for red, green and blue. It knows nothing of shapes or places. Two crops of one photograph, and one of
# another:

# %%
torch.manual_seed(90)
crops = augment.Augment(150, **PLAIN | dict(crop_scale=(0.2, 1.0)))(square[[0, 0, 1]])
names = ["a crop of china", "another one", "a crop of flower"]
explorers.show(figures.colour_histograms(crops.numpy(), names))

# %% [markdown]
# The first two are crops of one photograph: in both, red, green and blue run together. In the third one they part. The
# authors of SimCLR saw the same in their photographs, and named it as the reason why colours must be changed (§3.1,
# Figure 6).
# <!-- given: 3.1 a section of the paper -->
#
# How far does this go? Take N images and two views of each. For each view, find the most similar histogram among all the
# other 2N−1 views. No network, no training. How often is it the partner's? A blind guess is right once in 2N−1.
#
# **Predict**: with crops only; with greyscale in one view of five; with jitter 0.25, 0.5 and 1.

# %%
# My guess:
SETTINGS = {"crop": CROP, "crop + greyscale 0.2": CROP | dict(grayscale=0.2)}
SETTINGS |= {f"crop + jitter {s}": CROP | dict(jitter=s) for s in (0.25, 0.5, 1.0)}
N = min(256, len(test))
measure = f"partner found by its histogram, N = {N}"
by_colour = {}
for name, only in SETTINGS.items():
    torch.manual_seed(0)
    views = augment.TwoViews(32, **PLAIN | only)(test.images[:N])
    by_colour[name] = {measure: see.found_by_colour(*views)}
explorers.show(figures.accuracy_bars(by_colour, {measure: 1 / (2 * N - 1)}))

# %% [markdown]
# **Answer.** With crops only, the histogram finds every partner, so a network has no reason to learn anything else. An
# answer that works without what you wanted to teach is a **shortcut**; lesson 01 had others. Greyscale in one view of
# five closes this door in some pairs only. Strong jitter closes it nearly.
#
# ## 6 · Crop, colour, both: live
#
# Does a network really take the shortcut? We train three encoders with SimCLR. They differ in one thing: how the views
# are made. (How the training works is the matter of lessons 03 and 04. Here it is a tool.) This is what is trained:

# %%
few_epochs = dict(epochs=max(1, p.epochs // 7), monitor_every=0, held_out=0)
base = training.SimCLRConfig.for_profile(p, **few_epochs, **PLAIN)
untrained = training.build_simclr(base, in_channels=3).to(p.device)
sizes = untrained.encoder.feature_dim, base.d_out
explorers.show(figures.encoder_and_head(eight.images[0].numpy(), *sizes, encoder="ResNet-18"))

# %% [markdown]
# The encoder turns each view into *h*, and a small network, the head, turns *h* into *z*. The loss compares the *z* of
# the views. We keep *h*. A batch of N images has 2N views, so each view has 2N−1 candidates for its partner, and a blind
# guess pays a loss of log(2N−1). (Lesson 03 derives it. The unit is the **nat**: a loss made with natural logarithms.)
#
# The labels are not used in the training. Afterwards a **linear probe** on the frozen *h* says how much of the class is
# in it, and **kNN** asks the classes of the most similar training images, the **keys**.
#
# **Predict**: the order of the three encoders by the linear probe. And will the one with the lowest *loss* be the best?

# %%
# My guess:
VIEWS = {"crop": PLAIN | CROP, "colour": PLAIN | COLOUR, "crop + colour": PLAIN | CROP | COLOUR}
live = see.LiveLosses({"guessing": base.chance_loss})
runs = {}
for name, views in VIEWS.items():
    config = training.SimCLRConfig.for_profile(p, **few_epochs, **views)
    folder = f"runs/02_simclr_{p.name}_{name.replace(' + ', '_')}"
    runs[name] = training.train_simclr(train, config, folder, progress=live.of(name))

# %% [markdown]
# Now the probe, beside raw pixels, the same encoder with random weights, and the same encoder trained *with* all labels.

# %%
labelled = training.SupervisedConfig.for_profile(p, **few_epochs)
folder = f"runs/02_supervised_{p.name}"
supervised = training.train_supervised(train, labelled, folder, progress=None)
encoders = {"random weights": untrained.encoder}
encoders |= {name: run.model.encoder for name, run in runs.items()}
encoders["supervised"] = supervised.model.encoder
features = see.features_of(encoders, train, test)  # raw pixels, and h: {name: (train, test)}
scores = evaluation.score_representations(features, train.labels, test.labels)
guess, knn = 1 / len(train.classes), f"kNN, {len(train):,} keys"
bars = {s.name: {"linear probe": s.probe, knn: s.knn} for s in scores}
explorers.show(figures.accuracy_bars(bars, {"linear probe": guess, knn: guess}))

# %% [markdown]
# **Answer.** By the probe: crop + colour, then colour, then crop, which is hardly better than guessing. It is the *lowest*
# loss that goes with the worst probe, and the highest with the best. The loss says how well the riddle is solved. Here
# the riddles differ, so the losses cannot be compared: **a low loss may only mean that the riddle was easy**.
#
# ### How do they solve it?
#
# Back to the question of the histogram, now for the trained networks, which compare their *z*. For comparison stand two
# ways to look that need no network: the histogram, and **outlines in their place**: at each pixel, how steep the
# brightness is. Each column is another riddle.
#
# **Predict**: which encoders find the partner in a riddle that they were *not* trained on?

# %%
# My guess:
models = {"random weights": untrained}
models |= {f"trained on {name}": run.model for name, run in runs.items()}
found = see.who_finds_the_partner(test.images[:N], VIEWS, models)
explorers.table(found, caption=f"partner found, N = {N}; blind guess 1/{2 * N - 1}", digits=2)

# %% [markdown]
# **Answer.** Compare rows. The encoder trained on crop has nearly the row of the histogram: every partner in its own
# riddle, and in the others fewer than random weights. The one trained on colour has nearly the row of the outlines. So
# the shortcuts are not only possible, they are what was learned. Only the one trained on both had to find another way,
# and it finds most in the last column.
#
# Another way to ask an encoder what it looks at: take a test image and find its nearest training images by *h*.

# %%
chosen = {name: features[name] for name in ("raw pixels", *VIEWS, "supervised")}
explorers.show(see.neighbours(chosen, train, test, query=min(3, len(test) - 1)))

# %% [markdown]
# By crop, the neighbours have the colour of the background and figures of any class. By crop + colour most have its
# class: count the blue frames.
#
# One run of each is no proof. Next come three.
#
# ## 7 · The composition grid
#
# Which transforms belong together? SimCLR's authors tried every pair on ImageNet and drew a grid (their Figure 5). Here
# is a small one: four transforms on `shapes`, each alone, every pair, and all four. {{ composition.epochs }} epochs on {{ composition.train_images:, }} images, three seeds each, scored by the
# linear probe on {{ composition.test_images:, }} test images. (Blur is missing: for small images the paper leaves it out,
# too, see its B.9.)
#
# **Predict**: which pair is the best? Which transform is the worst alone? Is there one that helps nothing, whatever it
# is combined with?

# %%
# My guess:
record = explorers.recorded("composition")
cells, NAMES = record["cells"], list(record["transforms"])
grid = {a: {a: cells[a]["probe_mean"]} for a in NAMES}
for pair in (name.split(" + ") for name in cells if " + " in name):
    grid[pair[1]][pair[0]] = cells[" + ".join(pair)]["probe_mean"]
levels = {"raw pixels": record["raw pixels"]["probe"], "all four": cells["all"]["probe_mean"]}
levels |= {name: record[name]["probe_mean"] for name in ("random weights", "supervised")}
explorers.show(figures.composition_grid(grid, levels))

# %% [markdown]
# A mean of three can mislead, so look at every seed. Each point is one seed. The pale bar is the **95 % interval** of
# the mean: made in this way, it holds the true mean in 95 of 100 such experiments (lesson 07).
# <!-- given: 95 % the level of the interval; 95 of 100 the same in words -->

# %%
keys = f"kNN, {record['train_images']:,} keys"
shown = [*NAMES, "crop + colour", "crop + flip", "flip + colour", "flip + greyscale", "all"]
values = {row: {"linear probe": cells[row]["probe"], keys: cells[row]["knn"]} for row in shown}
untrained_scores, raw = record["random weights"], record["raw pixels"]
levels = {
    "linear probe": {"random weights": untrained_scores["probe_mean"], "raw pixels": raw["probe"]},
    keys: {"random weights": untrained_scores["knn_mean"], "raw pixels": raw["knn"]},
}
explorers.show(figures.seed_points(values, levels))

# %% [markdown]
# **Answer.** By the probe, crop and colour are the best pair ({{ composition.cells.crop___colour.probe_mean:.2f }}), as
# in the paper (§3.1), and crop is the worst alone ({{ composition.cells.crop.probe_mean:.2f }}). Nothing is useless
# everywhere. The flip adds nothing to crop, a little to colour and much to greyscale. Greyscale adds nothing to colour:
# to an encoder that has learned from jittered views, colour is of little use already.
#
# Three things may surprise you.
# - **Crop alone is worse than no training at all**: random weights have {{ composition.random_weights.probe_mean:.2f }},
#   and guessing has {{ composition.chance:.2f }}. Its riddle is solved (loss {{ composition.cells.crop.loss.0:.2f }}, where
#   guessing costs {{ composition.chance_loss:.2f }}), by something that is not the class.
# - **Colour alone is good**, and by kNN it stands level with crop + colour. Outlines tell the class, too. On photographs
#   it may be otherwise.
# - **kNN and the probe disagree**, about colour and about its flip. They ask different questions: are the nearest
#   neighbours of one class, or can a plane cut the classes apart? To show only one of them is a choice.
#
# **Why crop and colour together teach more.** The table of section 6 has it in numbers. Crop alone leaves one door
# open, the histogram; colour alone another, the outlines in their place. Each door finds nearly every partner, so the
# network takes it and learns little else. Together both doors are shut: neither finds one partner in five. What helps
# most then is the figure itself. That is the class.
# <!-- given: 3.1 a section of the paper -->
#
# ### Our grid and the paper's (optional)
#
# Our grid is a triangle, and the paper's is a full square. Two things differ.
# - **Here both views are changed, and in a fixed order** (crop, flip, colour, greyscale). So "crop + colour" is the same
#   as "colour + crop". The paper changes *one* view only and leaves the other as it is, and it knows two orders.
# - **The paper always crops**, both views, since its photographs have different sizes. Its "colour alone" has crops,
#   too. Ours has none.
#
# ## 8 · What was kept, what was forgotten: the factor audit
#
# `shapes` knows how each image was made. So we can put our rule of section 1 to the test: ask the representation for
# every **factor**, one by one.
#
# | factor | what it is | the probe |
# |---|---|---|
# | class, texture, lighter | one of ten figures; one of six textures; is the figure lighter than its background? | linear classifier, accuracy |
# | angle, size, x, y, contrast | numbers | linear regression, R² |
# | hue, ground_hue | of the figure, of the background: angles on the circle of colours, so 359° and 1° are neighbours | regression of sine and cosine, R² |
# <!-- given: 359 an example -->
#
# **R²** is the share of the spread that the regression explains: 1 is perfect, and 0 is what the mean alone would do. The
# regression is a **ridge** regression: it prefers small weights, and how much so is chosen on a part of the training
# images. To compare them all, we ask: *how far from chance (0) to perfect (1)?*
#
# First the four transforms alone, from the record: means over three seeds.
#
# **Predict**, with the rule and the table of section 1: what will the encoder lose that saw *flips*, compared with random
# weights? What the one that saw *colour jitter*? And *crops*?


# %%
# My guess:
def mean_kept(audit):
    return {factor: np.mean(seeds) for factor, seeds in audit.items()}


kept = {"raw pixels": record["raw pixels"]["pixels"]}
kept |= {"random weights": mean_kept(record["random weights"]["h"])}
kept |= {name: mean_kept(cells[name]["h"]) for name in NAMES}
explorers.show(figures.factor_heatmap(kept))
turned = see.light_turned(test, jitter=1.0)
print(f"{turned:.1%} of the views at jitter 1 have light and dark exchanged")

# %% [markdown]
# **Answer.** Hold each row against "random weights".
# - **flip**: x is gone, y is not. A flip changes left and right and nothing else, and just that is forgotten.
# - **colour** and **greyscale**: both hues fall to 0, and random weights could read them.
# - **crop**: the hues, the background's above all, and *lighter* are left, and hardly anything else. This is the
#   shortcut of section 5, in numbers: the encoder has become a meter for the colour of the background.
# - **raw pixels**: angle, size, x and y are 0, though all of it is in the picture. The figure is lighter than its
#   background in half of the images and darker in the other half: linear weights that fit one half are wrong by sign in
#   the other.
# - **texture**: 0 in every row. It was not forgotten: no linear probe could read it in the first place. (That is no proof
#   of absence. It may be there in another form.)
# - **lighter**: kept nearly everywhere. Jitter makes a picture darker or brighter as a whole. It hardly ever exchanges
#   light and dark (the line below the figure), so two views nearly always agree. Lesson 04 meets this factor again, as
#   the two halves of a map.
#
# ### In pairs

# %%
kept = {"random weights": mean_kept(record["random weights"]["h"])}
for name in ("crop + greyscale", "crop + colour", "flip + colour", "all"):
    kept[name] = mean_kept(cells[name]["h"])
kept["supervised"] = mean_kept(record["supervised"]["h"])
explorers.show(figures.factor_heatmap(kept))

# %% [markdown]
# - **crop + greyscale**: hue is closed, so the network takes the next door: *contrast* and *lighter*, that is, how bright
#   figure and background are. One shortcut stands behind the other.
# - **crop + colour keeps the place**, x and y, better than random weights. A crop of at least 60 % moves the figure only
#   a little: one on the left stays rather on the left. Views still share that.
# - **crop + colour knows the hue of the background**, and colour alone does not. Our jitter turns a hue by at most 72°, so
#   the views share a part of it. With colour alone the outlines find nearly every partner, and no hue is needed. With
#   crops they do not: the riddle is hard (look at the loss), and every hint counts.
# - **flip + colour**: "colour" alone knew a little of the angle; now nearly nothing of it is left.
# - **supervised**: labels make the network forget, too. The class does not depend on the hues, and they are gone.
# <!-- given: 72° a jitter of strength 1 turns the hue by a fifth of the circle at most -->
#
# So read the rule as it is written: what the views share *may* be kept. It is kept **where it helps**.
#
# ### *h* against *z*
#
# The loss sees *z* only. *h* stands one step before it. Here are three encoders that saw flips: look at x.

# %%
kept = {}
for name in ("flip", "flip + colour", "all"):
    for place in ("h", "z"):
        kept[f"{name}, {place}"] = mean_kept(cells[name][place])
explorers.show(figures.factor_heatmap(kept))

# %% [markdown]
# With flips alone x is gone from both. In "flip + colour", *h* still has half of it and *z* has none: *h*
# keeps more of what the riddle does not need. That is why we keep *h*; lesson 04 comes back to it.
#
# But look at "all". It has flips as well, and there even *z* keeps a part of x: {{ composition.cells.all.z.x.0:.2f }},
# {{ composition.cells.all.z.x.1:.2f }} and {{ composition.cells.all.z.x.2:.2f }} in the three runs. That refines the rule.
# A flip comes with chance one half, so half of the pairs still have the figure on the same side, and there x helps. Where
# the riddle is easy the network can do without ("flip + colour" ends at a loss of
# {{ composition.cells.flip___colour.loss.0:.2f }} in the first run). Where it is hard, it takes what it gets ("all" ends
# at {{ composition.cells.all.loss.0:.2f }}).
#
# ### Exercise 4 · what did it forget? ●●○ (10 minutes)
#
# Reading a heat map, one sees what one expects to see. Make it a rule: which factors did a transform make the encoder
# forget?
# - `without`, `with_it`: `{factor: list of numbers}`, how much of it was kept, one number for each seed. The seeds are no
#   pairs.
# - A factor counts where **every** seed with the transform kept less than **every** seed without it, be it much or
#   little.


# %%
def forgotten(without, with_it):
    """The names of the factors that were forgotten, in the order of `without`."""
    ### BEGIN SOLUTION
    return [factor for factor in without if max(with_it[factor]) < min(without[factor])]
    ### END SOLUTION


# %%
forgotten = lesson.forgotten.check(forgotten)

# %%
# lesson.forgotten.hint()

# %% [markdown]
# What does your rule say about the record?

# %%
before = record["random weights"]["h"]
QUESTIONS = {
    "random weights → flip": (before, cells["flip"]["h"]),
    "random weights → colour": (before, cells["colour"]["h"]),
    "crop → crop + colour": (cells["crop"]["h"], cells["crop + colour"]["h"]),
    "colour → crop + colour": (cells["colour"]["h"], cells["crop + colour"]["h"]),
    "flip + colour, h → z": (cells["flip + colour"]["h"], cells["flip + colour"]["z"]),
}
rows = {row: see.changes(forgotten, *audits) for row, audits in QUESTIONS.items()}
explorers.table(rows, caption="by your rule: what every seed keeps less of, and more of")

# %% [markdown]
# The flip takes x, colour takes both hues. "Gained" is your rule with its arguments exchanged. Forgetting is
# not the aim of an augmentation. It makes room: the network has to look for something else.
#
# **One caution.** If a transform changed nothing at all, three seeds would still lie below three others in one case of
# twenty, by luck. With ten factors in each row, a few such cases must be expected. So look at the size of a change, too.
#
# ### Your own three encoders (optional)
#
# All of that was the record. This is the audit of the encoders that you have just trained, one run of each.

# %%
few_train, own = train[:5000], {}
for name in ("random weights", *VIEWS):
    h, h_test = features[name]
    known = see.factors(few_train), see.factors(test)
    audit = evaluation.factor_audit(h[: len(few_train)], known[0], h_test, known[1])
    own[name] = {factor: score.kept for factor, score in audit.items()}
explorers.show(figures.factor_heatmap(own))

# %% [markdown]
# ## 9 · Which augmentations for *your* images?
#
# No encoder of the record is the best one for everything. For each factor, which one would you take?

# %%
places = {"random weights": record["random weights"]["h"]}
places |= {f"{name}, {place}": cell[place] for name, cell in cells.items() for place in ("h", "z")}
kept = {"raw pixels": raw["pixels"]} | {name: mean_kept(audit) for name, audit in places.items()}
explorers.table(see.best_for(kept), caption="who keeps most, without labels", digits=2)

# %% [markdown]
# To know the colour of the background, take an encoder that is among the worst for the class. Xiao et al. (2020) make a
# point of this: an augmentation is a guess about the questions that will be asked later.
#
# So, for a set of images of your own:
# 1. **What differs between two pictures of the same thing, and must not matter?** The light, the place, the distance of
#    the camera. Make augmentations of that.
# 2. **What must matter?** The colour of a leaf that tells a sick plant from a sound one; the direction of a letter. Leave
#    it alone.
# 3. **What else do two views of one image share?** A border, a time stamp, the tint of the camera. That is where the
#    shortcut will be. Look at views, many of them, before you train.
# 4. **Check** on a few labelled images, beside raw pixels and random weights.
#
# ## To remember
#
# 1. What two views share may be kept, where it helps; what they do not share is forgotten: the augmentations decide what
#    a representation is invariant to.
# 2. Whatever solves the riddle most easily is learned first. With crops alone that is the colour histogram, with colours
#    alone the outlines in their place; crop and colour together leave the figure.
# 3. A low loss may mean an easy riddle. Ask the representation, factor by factor, beside random weights.
#
# ## To think about
#
# - You want to tell ripe from unripe dates. Which augmentations would you switch off, and how would you check?
# - A flip mirrors. Which digits become something that is no digit, and which stay as they are? Which augmentations are
#   wrong for digits, and for the signs of a written language?
# - Our jitter hardly ever exchanges light and dark. Invent an augmentation that does. What would the audit say then?
# - The two views of an image could also be two photographs of one place, or two moments of a video. What would a
#   representation forget then?
#
# ## References
#
# - T. Chen, S. Kornblith, M. Norouzi, G. Hinton: *A Simple Framework for Contrastive Learning of Visual
#   Representations*, 2020, [arXiv:2002.05709](https://arxiv.org/abs/2002.05709): §3 and Appendices A and B.9.
# - C. Szegedy et al.: *Going Deeper with Convolutions*, 2014, [arXiv:1409.4842](https://arxiv.org/abs/1409.4842): §6,
#   the random resized crop.
# - Y. Tian, C. Sun, B. Poole, D. Krishnan, C. Schmid, P. Isola: *What Makes for Good Views for Contrastive Learning?*,
#   2020, [arXiv:2005.10243](https://arxiv.org/abs/2005.10243).
# - T. Xiao, X. Wang, A. A. Efros, T. Darrell: *What Should Not Be Contrastive in Contrastive Learning*, 2020,
#   [arXiv:2008.05659](https://arxiv.org/abs/2008.05659).
# - G. Alain, Y. Bengio: *Understanding intermediate layers using linear classifier probes*, 2016,
#   [arXiv:1610.01644](https://arxiv.org/abs/1610.01644).
# - The photographs *china* and *flower* are
#   [scikit-learn's](https://scikit-learn.org/stable/modules/generated/sklearn.datasets.load_sample_images.html), under a
#   Creative Commons licence.
#
# ## What comes next
#
# [Lesson 03, NT-Xent](03_nt_xent.ipynb) takes the riddle apart: what exactly does the loss ask for, and what does it
# cost to guess?

# %%
exercises.progress()
