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
# **Time**: about 45 minutes to read, 55 for the four exercises. The code took
# {{ lesson_minutes.02.cpu.seconds:minutes }} minutes on the two cores of the machine that this page was made on.
#
# ← [01 Pretext tasks](01_pretext_tasks.ipynb) · [03 NT-Xent](03_nt_xent.ipynb) → · [glossary](../lessons/GLOSSARY.md)

# %%
from dataclasses import replace
from math import exp, log
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_sample_image

from aimsssl import augment, evaluation, explorers, figures, models, profile, training
from aimsssl.datasets import load
from aimsssl.exercises import lesson02 as lesson

p = profile.current()
print(p)
print(profile.lesson_estimate("02"))

# %% [markdown]
# ## 1 · One image, two views
#
# An **augmentation** is a random change of an image that keeps its content. A **view** is what comes out. SimCLR makes
# two views of every image and sets a riddle: among the views of many images, which two belong together?
#
# Here are two photographs that come with scikit-learn, and two views of each, as SimCLR makes them: a crop, a flip,
# other colours, sometimes no colours at all, sometimes a blur.
#
# **Before you run the cell**: what could you use to see that two views come from one photograph?

# %%
SIZE = 224  # pixels, as for ImageNet
photos = [torch.from_numpy(load_sample_image(f"{name}.jpg").copy()).movedim(2, 0)[None] for name in ("china", "flower")]
square = torch.cat([photo[:, :, :, 100:527] for photo in photos])  # uint8 [2, 3, 427, 427]
whole = augment.Augment(SIZE, crop_scale=None, jitter=0, grayscale=0, flip=0)(square)

torch.manual_seed(4)
simclr = augment.TwoViews(SIZE, crop_scale=(0.08, 1.0), jitter=1.0, grayscale=0.2, blur=0.5, flip=0.5)
view1, view2 = simclr(square)  # each float [2, 3, 224, 224], in [0, 1]
rows = {name: np.stack([x[i] for x in (whole, view1, view2)]) for i, name in enumerate(("china", "flower"))}
explorers.show(figures.picture_rows(rows, ["image", "view 1", "view 2"], side=1.7))

# %% [markdown]
# Whatever you used, the network can use too. And here is the rule of this whole lesson:
#
# > **What the two views share can help to find the partner, so it may be kept. What they do not share cannot help, and
# > is forgotten.**
#
# The word for it is **invariance**: a representation is invariant to a change that it does not notice. You choose the
# invariances when you choose the augmentations.
#
# ### Each one alone
#
# **Predict**, row by row: which of these can you no longer tell from a view? The place of the tower, its size, left and
# right, its colours, its finest details.

# %%
PLAIN = dict(crop_scale=None, jitter=0.0, grayscale=0.0, blur=0.0, flip=0.0)  # nothing: the image as it is
ALONE = {
    "crop": dict(crop_scale=(0.08, 1.0)),
    "flip": dict(flip=0.5),
    "colour jitter": dict(jitter=1.0),
    "greyscale": dict(grayscale=0.5),
    "blur": dict(blur=1.0),
}
torch.manual_seed(1)
five = square[:1].expand(5, -1, -1, -1)  # the same photograph five times: five draws
rows = {name: augment.Augment(128, **{**PLAIN, **only})(five).numpy() for name, only in ALONE.items()}
explorers.show(figures.picture_rows(rows, side=0.8))

# %% [markdown]
# | transform | two views no longer share | they still share |
# |---|---|---|
# | random resized **crop** | place, size, a part of the content | colours, texture |
# | horizontal **flip** | left and right | all the rest |
# | **colour jitter** | brightness, contrast, saturation, hue | shape, place, direction |
# | **greyscale**, of some views | colour, where one view is grey | brightness |
# | **blur**, of some views | the finest details | coarse shape, colours, place |
#
# (*Hue* is the colour's name: red, green, blue … as an angle on a circle. *Saturation* is how far it is from grey.)
#
# ### How strong?
#
# Every transform has a strength. **Predict**: at which strength would *you* stop finding the partner?

# %%
STRENGTHS = {
    "crop from 60 %": dict(crop_scale=(0.6, 1.0)),
    "crop from 8 %": dict(crop_scale=(0.08, 1.0)),
    "jitter 0.25": dict(jitter=0.25),
    "jitter 0.5": dict(jitter=0.5),
    "jitter 1": dict(jitter=1.0),
}
rows = {}
for name, only in STRENGTHS.items():
    torch.manual_seed(3)  # the same draws at every strength
    rows[name] = augment.Augment(128, **{**PLAIN, **only})(square[1:].expand(5, -1, -1, -1)).numpy()
explorers.show(figures.picture_rows(rows, side=0.8))

# %% [markdown]
# Too weak, and the riddle is easy: nothing has to be forgotten. Too strong, and the views have nothing left in common
# that is worth keeping. In between lies what you want, and it depends on your data: SimCLR crops photographs down to
# 8 % of their area (arXiv:2002.05709, Appendix A), but in `shapes`, our small generated images, a crop like that shows a
# piece of the figure at best. Tian et al. (2020) call it a *sweet spot*.
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


# %%
def crop_box(area, aspect, u, v, height, width):
    """The box (top, left, box_height, box_width), four ints, in whole pixels.

    area: the box's share of the image's pixels, above 0, at most 1.   aspect: width / height of the box.
    u, v: two draws in [0, 1), for top and for left. Every place where the box lies inside has the same chance.
    height, width: of the image, in pixels. The sides of the box are rounded to the nearest pixel.
    If the box does not fit into the image, give back the whole image: (0, 0, height, width).
    """
    ### BEGIN SOLUTION
    pixels = area * height * width
    box_height, box_width = round((pixels / aspect) ** 0.5), round((pixels * aspect) ** 0.5)
    if box_height > height or box_width > width:
        return 0, 0, height, width
    return int(u * (height - box_height + 1)), int(v * (width - box_width + 1)), box_height, box_width
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
boxes = [
    crop_box(rng.uniform(0.08, 0.7), exp(rng.uniform(log(3 / 4), log(4 / 3))), rng.random(), rng.random(), 427, 427)
    for _ in range(5)
]
crops = augment.resized_crop(augment.to_float(five), torch.tensor(boxes), 128)
explorers.show(figures.picture_rows({"your crops": crops.numpy()}))

# %%
for top, left, height, width in boxes:
    print(f"top {top:3d}, left {left:3d}, {height:3d} x {width:3d}: {height * width / 427**2:.0%} of the image")

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
#
# One trap. Many networks want **normalised** pictures: subtract the mean of each channel, divide by its standard
# deviation. (Ours take pictures from 0 to 1 as they are.) Where does that step belong, before the jitter or after it?
#
# ### Exercise 2 · colour jitter, then normalise ●●○ (20 minutes)


# %%
def jitter_and_normalize(image, strength, u, mean, std):
    """One image float [3, H, W] in [0, 1], jittered, then normalised: float [3, H, W].

    u: three draws in [0, 1), a tensor: for brightness, contrast and saturation, which come in this order.
    A draw u gives the factor low + u · (high − low), with low = 1 − 0.8 · strength, but never below 0, and
    high = 1 + 0.8 · strength. The result of each operation is clamped to [0, 1] before the next one sees it.
    mean, std: tensors [3], one number for each channel.   The luma [1, H, W] is augment.grayscale(image[None])[0].
    """
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
no_mean, no_std = torch.zeros(3), torch.ones(3)  # so that we can look at the result
flower = whole[1]
jittered = [jitter_and_normalize(flower, 1.0, torch.rand(3), no_mean, no_std).numpy() for _ in range(5)]
explorers.show(figures.picture_rows({"your jitter": np.stack(jittered)}))

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
# `torchvision.transforms.v2`. Then it draws **once** for all that it gets. It gives floats back, also where the images are
# whole numbers (uint8), as ours are.
#
# ### Exercise 3 · two views of every image ●○○ (10 minutes)


# %%
def two_views(images, transform):
    """Two views of every image: images [B, C, H, W] to a pair (view1, view2), each a tensor [B, C, H, W].

    transform(x) changes x at random and draws once for each call, whatever x is: one image [C, H, W] or a batch.
    Each image has its own draw, and so has each view.
    """
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
# classes; its colours, texture, angle, size and place are drawn at random, and so are those of the ground.

# %%
train = load("shapes", "train", limit=p.train_images)
test = load("shapes", "test", limit=p.test_images)
print(train)

torch.manual_seed(0)
CROP, COLOUR = dict(crop_scale=(0.6, 1.0)), dict(jitter=1.0)
one = augment.Augment(32, **{**PLAIN, **CROP, **COLOUR, "flip": 0.5, "grayscale": 0.2})
few = train.sample(8)
view1, view2 = two_views(few.images, lambda image: one(image[None])[0])
names = [few.classes[label] for label in few.labels]
explorers.show(figures.two_views(few.images.numpy(), view1.numpy(), view2.numpy(), names))

# %% [markdown]
# ### Explore
#
# Move the sliders; Tab and the arrow keys work, too. *Smallest crop* is a share of the area, *colour jitter* a strength;
# *greyscale*, *blur* and *flip* are probabilities. Then play the riddle in the lower row: which of the
# four is the partner? Change the draw for a new riddle.
#
# - Begin with crops only. How do you find the partner? Do you look at the *figure* at all?
# - Raise the colour jitter. What do you look at now?
# - Find strengths at which you are wrong half of the time.

# %%
explorers.lesson02.augmentations(test[:64])

# %% [markdown]
# ## 5 · A shortcut: the colour histogram
#
# With crops only, the riddle has an answer that needs no figure. A **histogram** counts how many pixels have which
# brightness, for red, green and blue. It knows nothing of shapes or places. Two crops of one photograph, and one of
# another:

# %%
torch.manual_seed(6)
crops = augment.Augment(128, **{**PLAIN, "crop_scale": (0.2, 1.0)})(square[[0, 0, 1]])
explorers.show(figures.colour_histograms(crops.numpy(), ["a crop of china", "another one", "a crop of flower"]))

# %% [markdown]
# The first two are alike, the third is not. The authors of SimCLR saw the same in their photographs, and named it as
# the reason why colours must be changed (§3.1, Figure 6).
#
# How far does this go? Take N images and two views of each. For each first view, find the second view with the most
# similar histogram. No network, no training. How often is it the partner?
#
# **Predict**: with crops only; then with jitter 0.25, 0.5 and 1. Who guesses is right once in N.

# %%
N = min(256, len(test))
SETTINGS = {
    "crop": CROP,
    "crop + greyscale 0.2": CROP | dict(grayscale=0.2),
    "crop + jitter 0.25": CROP | dict(jitter=0.25),
    "crop + jitter 0.5": CROP | dict(jitter=0.5),
    "crop + jitter 1": CROP | dict(jitter=1.0),
}
by_colour = {}
for name, only in SETTINGS.items():
    torch.manual_seed(0)
    by_colour[name] = explorers.lesson02.found_by_colour(*augment.TwoViews(32, **{**PLAIN, **only})(test.images[:N]))

found = f"partner found by its histogram, N = {N}"
explorers.show(figures.accuracy_bars({name: {found: share} for name, share in by_colour.items()}, {found: 1 / N}))

# %%
print(", ".join(f"{name}: {share:.2f}" for name, share in by_colour.items()))

# %% [markdown]
# If a histogram finds the partner, the network has no reason to learn anything else. An answer that works without what
# you wanted to teach is a **shortcut**; lesson 01 had others. Greyscale in one view of five closes the door in some
# pairs only. Strong jitter closes it nearly.
#
# ## 6 · Crop, colour, both: live
#
# A histogram is no network. Does the network really take the shortcut? We train three encoders with SimCLR. They differ
# in one thing: how the views are made. (How the training works is the matter of lessons 03 and 04. Here it is a tool:
# images and augmentations go in, an encoder comes out.)
#
# The labels are not used in the training. Afterwards a **linear probe** on the frozen representation *h* says how much
# of the class is in it, and **kNN** asks the classes of the most similar images.
#
# **Predict**, and write it down: the order of the three by the linear probe. And will the one with the lowest *loss*
# be the best?

# %%
base = training.SimCLRConfig.for_profile(p, epochs=max(1, p.epochs // 7), monitor_every=0, held_out=0, **PLAIN)
VIEWS = {"crop": CROP, "colour": COLOUR, "crop + colour": CROP | COLOUR}
runs = {}
for name, only in VIEWS.items():
    run_dir = Path("runs") / f"02_simclr_{p.name}_{name.replace(' + ', '_')}"
    runs[name] = training.train_simclr(train, replace(base, **only), run_dir, progress=None)
    print(f"{name:<14} {base.epochs} epochs, loss {runs[name].last('loss'):.2f}, {runs[name].last('seconds'):.0f} s")

# %% [markdown]
# A batch of N images has 2N views, so each view has 2N−1 candidates for its partner. Who only guesses pays log(2N−1);
# lesson 03 derives it.

# %%
print(f"guessing among {2 * base.batch_size - 1} views: loss {base.chance_loss:.2f}")

# %% [markdown]
# Now the probe, beside what it has to be compared with: raw pixels, the same encoder with random weights, and the same
# encoder trained *with* all labels.

# %%
labelled = training.SupervisedConfig.for_profile(p, epochs=base.epochs, monitor_every=0, held_out=0)
supervised = training.train_supervised(train, labelled, Path("runs") / f"02_supervised_{p.name}", progress=None)

encoders = {"random weights": training.random_encoder(runs["crop"]).to(p.device)}
encoders |= {name: run.model.encoder for name, run in runs.items()} | {"supervised": supervised.model.encoder}
features = {"raw pixels": tuple(images.images.flatten(1).float() for images in (train, test))}
features |= {name: tuple(models.extract(f, images.images) for images in (train, test)) for name, f in encoders.items()}
scores = evaluation.score_representations(features, train.labels, test.labels)
guess = 1 / len(train.classes)
bars = {s.name: {"linear probe": s.probe, "kNN": s.knn} for s in scores}
explorers.show(figures.accuracy_bars(bars, {"linear probe": guess, "kNN": guess}))

# %%
probe = {s.name: s.probe for s in scores}
gain = probe["crop + colour"] - max(probe["crop"], probe["colour"])
print(f"linear probe: crop + colour is {gain:+.2f} from the better one alone")
print(f"crop alone is {probe['crop'] - probe['random weights']:+.2f} from random weights")
lowest = min(runs, key=lambda name: runs[name].last("loss"))
print(f"lowest loss: {lowest!r}; best probe of the three: {max(runs, key=probe.get)!r}")

# %% [markdown]
# Compare with what you wrote down. The loss says how well the riddle is solved. Here the riddles differ, so the losses
# cannot be compared: **a low loss may only mean that the riddle was easy**.
#
# One run of each is no proof. Next come three.
#
# ## 7 · The composition grid
#
# Which transforms belong together? SimCLR's authors tried every pair, each for a whole training on ImageNet, and drew a
# grid (their Figure 5). Here is a small one, for real: four transforms on `shapes`, each alone, every pair, and all four
# together. {{ composition.epochs }} epochs on {{ composition.train_images:, }} images, three seeds each, scored by the
# linear probe on {{ composition.test_images:, }} test images.
#
# (Blur is missing: on images of 32 pixels it changes little, and for such images the paper leaves it out, too, see its
# B.9.)
#
# **Predict**: which pair is the best? Which transform is the worst alone? Is there one that helps nothing, whatever it
# is combined with?

# %%
record = explorers.recorded("composition")
cells, NAMES = record["cells"], list(record["transforms"])


def pair(a, b):
    """The name of the cell of two transforms, or of one alone."""
    return a if a == b else f"{b} + {a}"


grid = {a: {b: cells[pair(a, b)]["probe_mean"] for b in NAMES[: row + 1]} for row, a in enumerate(NAMES)}
levels = {"raw pixels": record["raw pixels"]["probe"], "random weights": record["random weights"]["probe_mean"]}
levels |= {"all four": cells["all"]["probe_mean"], "supervised": record["supervised"]["probe_mean"]}
explorers.show(figures.composition_grid(grid, levels))

# %% [markdown]
# Our grid is a triangle, and the paper's is a full square. Two things differ.
# - **Here both views are changed, and in a fixed order** (crop, flip, colour, greyscale). So "crop + colour" is the same
#   as "colour + crop". The paper changes *one* view only and leaves the other as it is, and it knows two orders.
# - **The paper always crops**, both views, since its photographs have different sizes. Its "colour alone" has crops,
#   too. Ours has none.
#
# It says that no transform alone is enough for a good representation, and that the pair of crop and colour stands out
# (§3.1). Does ours say the same? The mean of three seeds can mislead, so look at every seed. Each point is one seed. The
# pale bar is the **95 % interval** of the mean: made in this way, it holds the true mean in 95 of 100 such experiments.

# %%
chosen = [*NAMES, "crop + colour", "flip + colour", "colour + greyscale", "all"]
values = {name: {"linear probe": cells[name]["probe"], "kNN": cells[name]["knn"]} for name in chosen}
levels = {
    measure: {"random weights": record["random weights"][f"{key}_mean"], "raw pixels": record["raw pixels"][key]}
    for measure, key in (("linear probe", "probe"), ("kNN", "knn"))
}
explorers.show(figures.seed_points(values, levels))


# %%
def compare(one, other, key="probe"):
    """Difference of two means over the seeds, half its 95 % interval, and a verdict."""
    change = evaluation.seed_difference(cells[one][key], cells[other][key])
    verdict = "higher" if change.low > 0 else "lower" if change.high < 0 else "no clear difference"
    return f"{change.value:+.3f} ± {change.high - change.value:.3f}  {verdict}"


for key, measure in (("probe", "linear probe"), ("knn", "kNN")):
    for other in ("crop", "colour", "crop + greyscale", "all"):
        print(f"{measure:<13} crop + colour against {other:<17} {compare('crop + colour', other, key)}")

# %% [markdown]
# **What holds here, and what does not.** By the linear probe, crop and colour together
# ({{ composition.cells.crop___colour.probe_mean:.2f }}) are clearly above crop alone
# ({{ composition.cells.crop.probe_mean:.2f }}) and above colour alone ({{ composition.cells.colour.probe_mean:.2f }}), as
# in the paper. All four together come to {{ composition.cells.all.probe_mean:.2f }}. But three things may surprise you.
# - **Crop alone is worse than no training at all**: random weights have {{ composition.random_weights.probe_mean:.2f }},
#   and guessing has {{ composition.chance:.2f }}. Its riddle is solved (loss {{ composition.cells.crop.loss.0:.2f }}, where
#   guessing costs {{ composition.chance_loss:.2f }}), by something that is not the class.
# - **Colour alone is good**, and by kNN it stands level with crop + colour. One reading: both of its views have the same
#   outlines in the same place, and outlines tell the class. On photographs it may be otherwise.
# - **kNN and the probe disagree** about it. They ask different questions: are the nearest neighbours of one class, or
#   can a plane cut the classes apart? Whoever shows you only one of them has made a choice.
#
# ## 8 · What was kept, what was forgotten: the factor audit
#
# `shapes` knows how each image was made. So we can put our rule of section 1 to the test: ask the representation for
# every **factor**, one by one.
#
# | factor | what it is | the probe |
# |---|---|---|
# | class, texture, lighter | one of ten figures; one of six textures; is the figure lighter than its ground? | linear classifier, accuracy |
# | angle, size, x, y, contrast | numbers | linear regression, R² |
# | hue, ground hue | angles on the circle of colours, so 359° and 1° are neighbours | regression of sine and cosine, R² |
#
# **R²** is the share of the spread that the regression explains: 1 is perfect, and 0 is what the mean alone would do. The
# regression is a **ridge** regression: it prefers small weights, and how much so is chosen on a part of the training
# images, not on the test images.
#
# To compare them all, we ask: *how far from chance (0) to perfect (1)?*


# %%
def factors_of(images):
    """What is known of each image; nobody can see the angle of a disc or a ring, so it counts as unknown (NaN)."""
    round_ones = torch.isin(images.labels, torch.tensor([images.classes.index(name) for name in ("disc", "ring")]))
    known = {"class": images.labels, **images.factors}
    known["angle"] = torch.where(round_ones, torch.nan, known["angle"])
    return {name: known[name] for name in AUDITED}


AUDITED = ("class", "angle", "size", "x", "y", "texture", "contrast", "lighter", "hue", "ground_hue")
few_train = train[:5000]
kept = {}
for name in ("random weights", *VIEWS):
    h, h_test = features[name]
    audit = evaluation.factor_audit(h[: len(few_train)], factors_of(few_train), h_test, factors_of(test))
    kept[name] = {factor: score.kept for factor, score in audit.items()}
print(f"{len(few_train):,} images train the probes, {len(test):,} test them: {', '.join(AUDITED)}")

# %% [markdown]
# **Predict**, before you look, with the rule and the table of section 1:
# - Which factors will the encoder that saw *colour jitter* lose, compared with random weights?
# - Which will the encoder that saw *crops* lose?
# - Random weights were trained for nothing. Which factors can be read from them all the same?

# %%
explorers.show(figures.factor_heatmap(kept))

# %% [markdown]
# That was your own run. Here is the record: means over three seeds, with raw pixels, with flip and greyscale, and with *z*.
# In SimCLR a small network, the head, makes *z* from *h*, and the loss acts on *z*. We keep *h*.

# %%
means = {"raw pixels": record["raw pixels"]["pixels"]}
places = {"random weights": record["random weights"]["h"]}
places |= {f"{name}, h": cells[name]["h"] for name in (*NAMES, "crop + greyscale", "crop + colour")}
places |= {f"{name}, {place}": cells[name][place] for name in ("flip + colour", "all") for place in ("h", "z")}
places["supervised, h"] = record["supervised"]["h"]
means |= {row: {factor: np.mean(seeds) for factor, seeds in of_row.items()} for row, of_row in places.items()}
explorers.show(figures.factor_heatmap(means))

# %% [markdown]
# Read it row by row, and hold each row against "random weights".
# - **crop**: the hues, the ground's above all, and *lighter* are left, and hardly anything else. This is the shortcut of
#   section 5, in numbers: the encoder has become a meter for the colour of the ground.
# - **flip**: x is gone, y is not. A flip changes left and right and nothing else, and just that is forgotten. The angle
#   goes the same way: "colour" knows a little of it, "flip + colour" nearly nothing.
# - **colour** and **greyscale**: both hues fall to 0, and random weights could read them.
# - **crop + greyscale**: hue is closed, so the network takes the next door: *contrast* and *lighter*, that is, how bright
#   figure and ground are. The class gains little over random weights. One shortcut stands behind the other.
# - **texture**: 0 in every row, in raw pixels and with labels, too. It was not forgotten: no linear probe could read it in
#   the first place. (It may be there in another form. A linear probe that fails is no proof of absence.)
# - **supervised**: labels make the network forget, too. The class does not depend on the hues, and they are gone.
# - **lighter**: kept nearly everywhere. Jitter makes a picture darker or brighter as a whole, but never turns a light
#   figure on a dark ground into a dark one on a light ground. So two views always agree in it. You will meet this factor
#   again in lesson 04, as the two halves of a map.
#
# Two results go against a quick reading of the rule.
# - **crop + colour keeps the place**, x and y, better than random weights, although crops move the figure. But a crop of
#   at least 60 % moves it only a little: a figure on the left stays rather on the left. Views still share that.
# - **crop + colour knows the hue of the ground**, and colour alone does not. Our jitter turns a hue by at most 72°, so the
#   views share a part of it. With colour alone, the outlines solve the riddle and no one needs that part. With crops the
#   riddle is hard (look at the loss), and every hint counts.
#
# So read the rule as it is written: what the views share *may* be kept. It is kept **where it helps**.
#
# **h and z.** Look at x in "flip + colour": *h* still has some of it, *z* has none. *z* is what the loss sees, and *z*
# follows the rule strictly. *h* stands one step back and keeps more. That is why we keep *h*; lesson 04 comes back to it.
#
# ### Exercise 4 · what did it forget? ●●○ (10 minutes)
#
# Reading a heatmap, one sees what one expects to see. Make it a rule: a function that gets the audit without a transform
# and with it, each at several seeds, and names the factors that were forgotten.


# %%
def forgotten(without, with_it):
    """The names of the factors of which the transform made the representation keep less, in the order of `without`.

    without, with_it: {factor: list of numbers, how much of it was kept, one for each seed}. The seeds are no pairs.
    A factor counts where every seed with the transform kept less than every seed without it, be it much or little.
    """
    ### BEGIN SOLUTION
    return [factor for factor in without if max(with_it[factor]) < min(without[factor])]
    ### END SOLUTION


# %%
forgotten = lesson.forgotten.check(forgotten)

# %%
# lesson.forgotten.hint()

# %% [markdown]
# What does your rule say about the record? **Predict each line first.**

# %%
untrained = record["random weights"]["h"]
QUESTIONS = {
    "random weights → flip": (untrained, cells["flip"]["h"]),
    "random weights → colour": (untrained, cells["colour"]["h"]),
    "crop → crop + colour": (cells["crop"]["h"], cells["crop + colour"]["h"]),
    "colour → crop + colour": (cells["colour"]["h"], cells["crop + colour"]["h"]),
    "flip + colour, h → z": (cells["flip + colour"]["h"], cells["flip + colour"]["z"]),
}
for question, (without, with_it) in QUESTIONS.items():
    change = {factor: np.mean(with_it[factor]) - np.mean(without[factor]) for factor in AUDITED}
    print(question)
    for what, names in (("forgotten", forgotten(without, with_it)), ("gained", forgotten(with_it, without))):
        print(f"    {what}: {', '.join(f'{name} {change[name]:+.2f}' for name in names) or 'nothing'}")

# %% [markdown]
# "gained" is your rule with its arguments exchanged. Did you predict those as well? Forgetting is not the aim of an
# augmentation. It makes room: the network has to look for something else.
#
# **One caution.** If a transform changed nothing at all, three seeds would still lie below three others in one case of
# twenty, by luck. We ask about ten factors in each line, so a few such cases must be expected. A change of +0.00 that
# "all seeds agree on" is one of them. Look at the size, too.
#
# ## 9 · Which augmentations for *your* images?
#
# No encoder of the record is the best one for everything. For each factor, which one would you take?

# %%
candidates = {row: kept for row, kept in means.items() if row != "supervised, h"}  # no labels, this time
for factor in AUDITED:
    best = max(candidates, key=lambda row: candidates[row][factor])
    share = candidates[best][factor]
    print(f"{factor:<12} {share:.2f}  {best if share > 0.05 else 'none can read it'}")

# %% [markdown]
# Whoever wants to know the colour of the ground should take the encoder that is the worst one for the class. Xiao et al.
# (2020) make a point of this: an augmentation is a guess about the questions that will be asked later.
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
# 1. What two views share may be kept, what they do not share is forgotten: the augmentations decide what a
#    representation is invariant to.
# 2. Whatever solves the riddle most easily is learned first. With crops alone that is the colour histogram; strong
#    jitter takes it away, and crop and colour together leave the figure.
# 3. A low loss may mean an easy riddle. Ask the representation, factor by factor, beside random weights.
#
# ## To think about
#
# - You want to tell ripe from unripe dates. Which augmentations would you switch off, and how would you check?
# - A digit 6 flipped upside down is a 9. Which augmentations are wrong for digits? And for the signs of a written
#   language?
# - Our jitter never turns a light figure on a dark ground into a dark one on a light ground. Invent an augmentation that
#   does. What would the audit say then?
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
