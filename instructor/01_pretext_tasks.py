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
# **Time**: {{ time.reading }} minutes to read and look, {{ time.exercises }} for the exercises; the optional part takes
# {{ time.optional }} more. The code took {{ lesson_minutes.01.cpu.seconds:minutes }} minutes on one core of the
# machine that this page was made on.
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
import math

import numpy as np
import torch
from torch.nn import functional as F

from aimsssl import datasets, evaluation, explorers, figures, models, pretext, profile, training
from aimsssl.exercises import lesson01 as lesson
from aimsssl.exercises import progress
from aimsssl.explorers import lesson01 as see

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
# <!-- given: 10,000 labels of five seconds; 14 hours, the product -->
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

train = datasets.load(DATA, "train", limit=p.train_images)
test = datasets.load(DATA, "test", limit=p.test_images)
p = p.fitted(len(train))  # smaller batches where images are few
config = training.PretextConfig.for_profile(p, task="rotation")
_, bank, held_out = training.monitor_split(train, config)
print(train, test, sep="\n")
print(f"{len(held_out):,} training images are held out; {len(bank):,} others are the bank")

# %% [markdown]
# The labels are there, but no pretext task will see them. We use them to *measure* what was learned. **Held out** are
# training images that no training below sees: they play new images. The **bank** is a sample of the images that are
# trained on. What it is for, you will see soon.
#
# ## 2 · Rotation: a label for nothing
#
# Turn an image by 0, 90, 180 or 270 degrees. We know the turn, because we made it: that is the label. The network sees
# the turned image and has to say the turn (Gidaris et al. 2018). To know which way up a house stands, one must know
# something about houses. <!-- given: 90 a definition; 180 a definition; 270 a definition -->
#
# ### Exercise 1 · a rotated batch ●○○ (10 minutes)
#
# A **batch** is the images that the network sees in one step. From B images make a batch of 4B: first all images as they
# are, then all turned once by 90° anticlockwise, then all turned twice, then three times. The type of the numbers stays.
# The label of an image is the number of its turns. <!-- given: 90 a definition -->


# %%
def rotated_batch(images):
    """Images [B, C, S, S] to (turned [4B, C, S, S], labels int64 [4B], the number of turns)."""
    ### BEGIN SOLUTION
    turned = torch.cat([images.rot90(k, dims=(2, 3)) for k in range(4)])
    labels = torch.arange(4).repeat_interleave(len(images))
    return turned, labels
    ### END SOLUTION


# %%
rotated_batch = lesson.rotated_batch.check(rotated_batch)

# %%
# lesson.rotated_batch.hint()

# %% [markdown]
# Here is your batch (or the package's, where you saw a FALLBACK). Look at each column: if you saw only one of its four
# pictures, could *you* say the turn?

# %%
shown = see.one_of_each(held_out)
names = see.names(shown)

turned, labels = rotated_batch(shown.images)
rows = {f"label {k}": turned[labels == k].numpy() for k in range(4)}
explorers.show(figures.picture_rows(rows, names, side=0.9))

# %% [markdown]
# Why all four rotations of each image, and not one at random? Every image then has every label once. A network that
# knows the image but not the turn gains nothing. The paper does the same.
#
# ### The network
#
# Two parts, as in all lessons. The **encoder** turns an image into its representation *h*. The **head** turns *h* into
# the answer to the task; here it is one linear layer that gives four scores, one for each turn. After the training we
# throw the head away. (The **width** of the encoder is the number of channels in its first layers. A wider network can
# learn more, and takes longer.)

# %%
torch.manual_seed(0)
encoder = models.resnet18(config.stem, config.width, in_channels=train.images.shape[1])
head = torch.nn.Linear(encoder.feature_dim, 4)
sizes = encoder.feature_dim, head.out_features
words = {"encoder": f"ResNet-18\nwidth {config.width}", "head": "one linear layer"}
words |= {"output": "scores", "thrown_away": True}
explorers.show(figures.encoder_and_head(turned[-1].numpy(), *sizes, **words))

# %% [markdown]
# The **loss** is the cross-entropy: the mean of −log of the probability that the network gives to the right turn. We take
# the natural logarithm; the loss is then counted in **nats**. A network that only guesses gives each turn 1/4 and pays
# log 4: that is **chance**.
#
# Before the package takes over, here is the whole method in ten lines, with your batch.

# %%
optimizer = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], lr=2e-3)
few = train.images[:32].float() / 255  # from 0 to 1
for step in range(10):
    turned, labels = rotated_batch(few)
    loss = F.cross_entropy(head(encoder(turned)), labels)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    if step % 3 == 0:
        print(f"step {step}: loss {loss.item():.2f} (chance {math.log(4):.2f})")

# %% [markdown]
# The loss falls, but these are 32 images that it learns by heart. For more we need all of them.
#
# ### Which classes can it not learn?
#
# **Predict**: for which classes will the network *never* beat chance, however long it trains? Put their names between the
# braces.

# %%
# My guess: (the names, for example {"arrow", "house"})
MY_GUESS = set()

# %% [markdown]
# Now the training, live. Above, the loss. Below, a first answer to the question that matters: is *h* good for something
# else than rotations? We ask **kNN**, *k nearest neighbours*, for the **class** of each held-out image. Its *h* is
# compared with the *h* of labelled images, the **keys**; here the keys are the bank. Two images are as **similar** as
# the cosine of the angle between their *h*: 1 for the same direction. The *k* = 20 most similar keys vote, the more
# similar the more. <!-- given: 20 the package's k -->
#
# Two baselines stand beside it. **Raw pixels**: the same vote with the pixels in place of *h*. **Random weights**: the
# same encoder before training. A network that does not beat these two has learned nothing of use.


# %%
def pixels(images):
    """The image itself as a representation: [N, C·H·W]."""
    return images.flatten(1).float()


keys, asked = pixels(bank.images), pixels(held_out.images)
raw = evaluation.knn_accuracy(keys, bank.labels, asked, held_out.labels)
baselines = {"raw pixels": raw, "guessing": 1 / len(train.classes)}
print(f"{config.epochs} epochs, batches of {config.batch_size} images in four rotations")
curve = explorers.LiveCurve({"chance": config.chance_loss}, baselines)
folder = see.run_folder("rotation", p, DATA)
rotation = training.train_pretext(train, config, folder, progress=curve)

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
counts = pretext.rotation_confusion(rotation.model, held_out.images, held_out.labels)
explorers.show(figures.rotation_confusion(counts.numpy(), train.classes))  # [classes, 4, 4]

# %% [markdown]
# ### Exercise 2 · which classes are at chance? ●●○ (15 minutes)
#
# Do not judge by eye. Write a rule that reads the counts: `counts[k, turn, answer]` says how often class *k*, turned so,
# got this answer.
#
# A network that only guesses is right in a quarter of *n* answers, but not exactly: luck moves the share by about
# $\sqrt{\tfrac14\cdot\tfrac34/n}$, its **standard error**. We leave room for three of them: a class is at chance where its
# share is at most
#
# $$\tfrac14 + 3\sqrt{\tfrac{3}{16\,n}}$$
#
# Here *n* is the number of all answers for the class. Give back the names of the classes at chance, a list.


# %%
def at_chance(counts, classes):
    """Counts int64 [K, 4, 4] and K names to the list of the names that are at chance."""
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
found = at_chance(counts, list(train.classes))
print(f"at chance in your run: {', '.join(found) or 'none'}")
print(f"your guess:            {', '.join(sorted(MY_GUESS)) or 'none'}")

# %% [markdown]
# **Answer.** A disc and a ring look the same from every side. Their turned pictures hold no answer, so no network can
# find one, however long it trains. (The images were drawn so that the light and the texture do not tell, either.)
#
# Your run is one run. The same training was recorded with three **seeds** (a seed fixes all random numbers of a run: the
# first weights, the order of the images), and tested on the {{ pretext.test_images:, }} test images. Each point is one
# seed. The pale bar is the **95 % interval** of their mean: a range made so that it holds the true mean in 95 of 100 such
# experiments. Where the seeds agree, it is too short to be seen. <!-- given: 95 a definition; 100 a definition -->

# %%
record = explorers.recorded("pretext")
recorded = record["rows"]["rotation"]
shares = {k: {"turns right": [seed[k] for seed in recorded["by_class"]]} for k in record["classes"]}
explorers.show(figures.seed_points(shares, {"turns right": {"chance": 0.25}}))
for seed, table in zip(record["seeds"], recorded["confusion"], strict=True):
    silent = at_chance(torch.tensor(table), record["classes"])
    print(f"seed {seed}: at chance are {', '.join(silent) or 'none'}")

# %% [markdown]
# All classes but these two are nearly perfect. This gives a second line for the curve of the loss. If a fifth of the
# images stays at chance and the rest is perfect, the loss is one fifth of log 4. That is the **floor** of this task on
# this data.

# %%
names_of_all = np.array(train.classes)[train.labels.numpy()]
floor = np.isin(names_of_all, found).mean() * math.log(4)  # the share without an answer pays log 4
ends = ", ".join(f"{losses[-1]:.3f}" for losses in recorded["loss"])
print(f"floor {floor:.3f}; the three recorded runs end at {ends}")

# %% [markdown]
# Know your floor. A loss that stands still may be stuck, or it may have learned all there is. Keep the number: it will
# catch a cheat in section 3.
#
# ### A 0, a 6 and a 9
#
# The same task on `digits`, real handwriting from scikit-learn. In print, a 6 on its head is a 9.
#
# **Predict**: which digits are confused most, and by how much are they turned when they are? Will the 6 and the 9 be
# among them?

# %%
# My guess:
sizes = profile.current()  # for digits, whatever your images are
digits = datasets.load("digits", "train", limit=sizes.train_images)
digits_test = datasets.load("digits", "test")
no_flip = training.PretextConfig.for_profile(sizes, task="rotation", flip=0.0, held_out=0)
folder = see.run_folder("rotation", sizes, "digits")
on_digits = training.train_pretext(digits, no_flip, folder, progress=None)

counts = pretext.rotation_confusion(on_digits.model, digits_test.images, digits_test.labels)
explorers.show(figures.rotation_confusion(counts.numpy(), digits_test.classes))

# %%
wrong = counts * (1 - torch.eye(4, dtype=torch.int64))
half = sum(wrong[:, turn, (turn + 2) % 4] for turn in range(4))  # wrong by 180 degrees
rows = {"wrong": wrong.sum(dim=(1, 2)).tolist(), "… by half a turn": half.tolist()}
rows = {name: dict(zip(digits_test.classes, row, strict=True)) for name, row in rows.items()}
explorers.table(rows, caption=f"Wrong answers of about {counts.sum() // 10} for each digit")

# %% [markdown]
# (We did not mirror the digits in training: a mirrored 2 is no digit. `flip=0.0` says so.)
#
# **Answer.** What is wrong is wrong by half a turn, nearly always. Most of it comes from digits that look alike on their
# head: 0, 1, 8, and a 2 written like a Z. The 6 and the 9 are hardly among them. Why not? Look at them.

# %%
six, nine = (digits_test.images[digits_test.labels == k].float() / 255 for k in (6, 9))
rows = {"a 6": six, "the same,\nturned by 180°": six.rot90(2, (2, 3)), "a 9": nine}
rows = {name: torch.cat([one.mean(dim=0)[None], one[:7]]).numpy() for name, one in rows.items()}
explorers.show(figures.picture_rows(rows, ["mean of all"], side=0.95))

# %% [markdown]
# Compare the second row with the third. In a turned 6 the loop runs into the tail in one smooth bow. In these 9s the loop
# is closed, and the tail hangs from it: straight, or with a foot that turns to the left. A network needs no more than that.
# **A symmetry that you know from print may not be in your data.** Count before you believe it.
#
# ## 3 · A shortcut: solved, and nothing learned
#
# In a photograph light comes from above: the sky is bright, the earth is dark. That tells which way is up, and it has
# nothing to do with what the image shows. A network takes what is easiest. A trick that solves the task without the
# content is a **shortcut**.
#
# We plant one: light from above. The top row becomes a little lighter, the bottom row a little darker, by
# {{ pretext.light:.0%}} of the whole range between them.

# %%
LIGHT = record["light"]
train_lit, held_out_lit = see.lit(train, LIGHT), see.lit(held_out, LIGHT)

few, few_lit = shown.images[:5], see.lit(shown, LIGHT).images[:5]
difference = (few_lit.float() - few.float()) / 255 / LIGHT + 0.5
rows = {"image": few, "with light": few_lit, "difference\n(enlarged)": difference}
rows = {name: pictures.numpy() for name, pictures in rows.items()}
explorers.show(figures.picture_rows(rows, names[:5], side=1.3))

# %% [markdown]
# Can you see it? The network can.
#
# **Predict**: the same training, on the images with light, for half the epochs. Call this run the **shortcut**. Will its
# loss end above the floor of section 2, on it, or below? And kNN?

# %%
# My guess:
short = training.PretextConfig.for_profile(p, task="rotation", epochs=max(2, config.epochs // 2))
levels = {"chance": short.chance_loss, "floor without light": floor}
curve = explorers.LiveCurve(levels, baselines)
folder = see.run_folder("shortcut", p, DATA)
shortcut = training.train_pretext(train_lit, short, folder, progress=curve)

# %%
rows = {}
for name, run in {"rotation": rotation, "shortcut": shortcut}.items():
    rows[name] = {
        "turns right with light": see.turns_right(run, held_out_lit),
        "turns right without": see.turns_right(run, held_out),
        f"kNN on the class, {len(bank):,} keys": run.last("knn_accuracy"),
    }
explorers.table(rows, "Shares of the held-out images: trained without light, and with it", digits=2)

# %% [markdown]
# **Answer.** The loss ends *below the floor*: in the record at {{ pretext.rows.shortcut.loss.0.3:.3f }}, where the floor is
# $\tfrac15\log 4 = 0.277$. An honest network cannot do that. A fifth of the images holds no answer; whoever pays less for
# them than log 4 each reads something that is not in the figures. **That proves the cheat, without one label.** A score
# that is too good is a warning.
#
# And the record, three seeds on test images: with the light {{ pretext.rows.shortcut.rotation_mean:.2f }} of the turns
# are right, without it {{ pretext.rows.shortcut.rotation_without_mean:.2f }}, where chance is 0.25. kNN is far below that
# of random weights. The task was solved better than before, and the representation is worth less than an untrained one.
#
# Here is the same by class. A disc has no up, and yet the shortcut knows its turn.

# %%
rows = {}
for name in ("rotation", "shortcut"):
    rates = record["rows"][name]["by_class"]  # one for each seed
    rows[name] = {k: np.mean([seed[k] for seed in rates]) for k in ("disc", "ring", "house")}
explorers.table(rows, "Share of turns right, record of shapes, mean of three seeds", digits=2)

# %% [markdown]
# Three defences.
# - **Know** what your images hold besides the content, and what the honest floor is.
# - **Destroy** the trick with a random change of the images: here light from a side drawn at random, for tiles a gap
#   (section 5). It must be the right change. A crop would not help: every part of such an image is lighter at its top.
# - **Measure** on another task, as kNN does here.
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
#
# Give the mean of the squared error over all hidden numbers of the batch, a scalar tensor that gradients flow through.
# `holes` is true where the image was hidden. A hidden pixel hides C numbers. Every hidden number counts the same, also
# where the holes differ in size.


# %%
def hole_loss(prediction, images, holes):
    """Float [B, C, H, W] twice, bool [B, 1, H, W] to a scalar: the error where holes is true."""
    ### BEGIN SOLUTION
    squared = (prediction - images) ** 2 * holes  # the mask is repeated for each channel
    return squared.sum() / (holes.sum() * images.shape[1])
    ### END SOLUTION


# %%
hole_loss = lesson.hole_loss.check(hole_loss)

# %%
# lesson.hole_loss.hint()

# %% [markdown]
# A row is added to the figure at some epochs, as the training goes. The images are held out.
#
# **Predict**: what will the fills get right first, and what never: the colour of the background, a light or dark spot
# where the figure is, the texture, the edges?

# %%
# My guess:
E = training.PretextConfig.for_profile(p, task="inpainting").epochs
fill_config = training.PretextConfig.for_profile(
    p, task="inpainting", snapshot_epochs=tuple(sorted({1, max(1, E // 4), E}))
)
size = train.images.shape[-1]
print(f"{E} epochs, holes of {fill_config.hole_pixels(size)} of {size} pixels a side")
probe, folder = shown[::2], see.run_folder("inpainting", p, DATA)
live = see.LiveFills(probe)
inpainting = training.train_pretext(train, fill_config, folder, probe=probe.images, progress=live)

# %% [markdown]
# **Answer.** After one epoch there is a soft spot already, lighter or darker than what is around it. Then the background
# gets its colour, and the border of the hole fades. The spot keeps little colour of its own. Textures and sharp edges do
# not come, and the reason is the loss: where several fills are possible, the smallest *mean* squared error is that of
# their mean, and a mean of pictures is a blur.
#
# (The paper adds a second loss, an **adversarial** one: another network tries to tell fills from real patches. That makes
# them sharp. Ours differs in other things, too: one square hole, a small decoder, and it starts from the vector *h*,
# where the paper's starts from a map of places.)
#
# A fill has to beat the simplest one: paint the hole with the mean colour of what can be seen. (Here your `hole_loss` is
# at work.)

# %%
generator = torch.Generator().manual_seed(0)
hole = fill_config.hole_pixels(size)
holes = pretext.random_holes(len(held_out), size, hole, generator)
fills = {
    "the mean colour": see.plain_fill(held_out.images, holes),
    "the network": pretext.fill(inpainting.model, held_out.images, holes),
}
truth = held_out.images.float() / 255
rows = {name: {"error": hole_loss(fill, truth, holes).item()} for name, fill in fills.items()}
explorers.table(rows, "Mean squared error in the hole, held-out images", digits=4)

# %% [markdown]
# And what did *h* learn? The loss counts pixels. Most hidden pixels are background, and to predict them one needs the
# *colours* of the image and little more. Let us look: one image, and those that are nearest to it among the held-out
# ones. Write another number and run the cell again.

# %%
QUERY = 4

spaces = {"raw pixels": pixels(held_out.images)}
for name, run in {"inpainting": inpainting, "rotation": rotation}.items():
    spaces[name] = models.extract(run.model.encoder, held_out.images)  # h, [N, D]
explorers.show(see.nearest(spaces, held_out, QUERY))

# %% [markdown]
# In numbers, over all held-out images: how often is kNN right about the class? And how far apart are the mean colours of
# an image and its nearest one, if two images drawn at random have the distance 1?

# %%
knn = {"inpainting": inpainting.last("knn_accuracy"), "rotation": rotation.last("knn_accuracy")}
rows = {}
for name, h in spaces.items():
    rows[name] = {f"kNN, {len(bank):,} keys": knn.get(name, raw)}
    rows[name]["distance of colours"] = see.colour_distance(h, held_out.images)
explorers.table(rows, "High kNN: the class is near; low distance: the colours are", digits=2)

# %% [markdown]
# **A task teaches what helps to solve it, and no more.** In inpainting, a similar *h* means similar colours. In
# rotation it does not, for colours say nothing about the turn: the nearest ones have the same shape or one that is like
# it, in any colour. (Section 7 asks a second judge, which is kinder to inpainting.)
#
# ## 5 · Jigsaw: where does each tile belong?
#
# Cut the image into tiles, shuffle them, and ask for the order (Noroozi & Favaro 2016). Each tile goes through the
# encoder by itself; the head sees all the *h* together and says which of a list of orders it was.
#
# Shortcuts lie in wait here, and the paper names them.
# - A line that goes on across the border says which tiles are neighbours. So there is a **gap** of random width between
#   the tiles.
# - Brightness that changes slowly over the image gives the order away: light from above, or a lens whose pictures are
#   darker at the corners. So each tile is **normalised**: mean 0, standard deviation 1.
# - **Chromatic aberration**: a lens bends red and blue light a little differently, more so far from the centre. The shift
#   between the colours then tells the place of a tile. (In drawn images there is none.)
#
# ### Exercise 4 · tiles that do not give themselves away ●●○ (15 minutes)
#
# Cut each image into grid × grid **cells** of S // grid pixels, the first at pixel 0; what is left over lies at the right
# and at the bottom. Cut a tile out of the middle of each cell. The margin before it is half of what is left of the cell,
# rounded down. (Here the gap is always the same, so that your answer can be checked. The training draws the place of each
# tile in its cell.) Tiles come row by row.
#
# Then give each tile mean 0 and standard deviation 1, over all its numbers: the channels together, so that a red tile
# stays red. The deviation is the one that divides by n (`correction=0`). Divide by deviation + 0.01: a tile of one grey
# has deviation 0.


# %%
def normalised_tiles(images, grid, tile):
    """Float [B, C, S, S] to tiles [B, grid², C, tile, tile], row by row, each normalised."""
    ### BEGIN SOLUTION
    cell = images.shape[-1] // grid
    starts = [k * cell + (cell - tile) // 2 for k in range(grid)]
    cut = [images[:, :, r : r + tile, c : c + tile] for r in starts for c in starts]
    tiles = torch.stack(cut, dim=1)  # [B, grid², C, tile, tile]
    std, mean = torch.std_mean(tiles, dim=(2, 3, 4), keepdim=True, correction=0)
    return (tiles - mean) / (std + 0.01)
    ### END SOLUTION


# %%
normalised_tiles = lesson.normalised_tiles.check(normalised_tiles)

# %%
# lesson.normalised_tiles.hint()

# %% [markdown]
# Here are your tiles, of images with strong light from above, each in an order drawn at random. Tiles are counted from
# 0, row by row. The order 2 0 3 1 says: the first place shows tile 2, the next one tile 0, and so on.

# %%
jigsaw_config = training.PretextConfig.for_profile(p, task="jigsaw")
grid, tile = jigsaw_config.grid, jigsaw_config.tile_pixels(size)
few = see.lit(shown, 0.4).images[:5].float() / 255
tiles = normalised_tiles(few, grid, tile)  # [5, grid², C, t, t]
generator = torch.Generator().manual_seed(3)
orders = torch.stack([torch.randperm(grid**2, generator=generator) for _ in few])
explorers.show(see.tiles_in_order(few, tiles, orders, names[:5]))

# %% [markdown]
# In the second row every tile has the same mean, so the light no longer makes lower tiles darker as a whole. (Within a
# tile it is still there.)
#
# Four tiles have 24 orders. Nine tiles have 362,880, too many for a list of answers, so the paper takes some that are far
# apart (exercise 5). Our images are small: we take 2×2 tiles, and all 24 orders.
# <!-- given: 24 orders of four tiles; 362,880 orders of nine -->
#
# **Predict**: guessing pays log 24. Can the network solve this task for discs and rings? Will kNN climb as high as with
# rotation? <!-- given: 24 orders of four tiles -->

# %%
# My guess:
print(f"{jigsaw_config.epochs} epochs, {grid}×{grid} tiles of {tile} pixels a side")
curve = explorers.LiveCurve({"chance": jigsaw_config.chance_loss}, baselines)
folder = see.run_folder("jigsaw", p, DATA)
jigsaw = training.train_pretext(train, jigsaw_config, folder, progress=curve)

right = see.orders_right(jigsaw, held_out)
chance = 1 / jigsaw_config.orders
explorers.table({"right": right}, f"Share of orders right, held-out images, chance {chance:.2f}", 2)

# %% [markdown]
# **Answer.** A ring has no up, but its upper left quarter is not its upper right quarter. So here the round ones have an
# answer, too. **Which images a task can teach about is a property of the task**, and it can be thought out before any
# training.
#
# Yet the curve of kNN stays far below that of rotation. Two reasons come together. To see where a tile belongs, it is
# enough to see how an edge bends; what the whole figure is does not matter much. And this encoder has seen nothing but
# small normalised tiles, and is now asked about whole images in colour. What a representation is good for depends on what
# it was shown, too.
#
# ### Exercise 5 · orders far apart ●●● (optional, 20 minutes)
#
# The **Hamming distance** of two orders is the number of places in which they differ. If two orders differ in two places
# only, nearly the same picture has two different labels, and the task is unkind. So choose orders that lie far apart.
#
# Be greedy. Draw the first order at random, with the seed. Then, again and again, take the order whose distance to its
# *nearest* among the chosen ones is largest. Which one is taken where several are equally far is up to you. No two orders
# are alike, and the same seed gives the same orders.


# %%
def far_orders(tiles, count, seed):
    """Orders of `tiles` tiles that lie far apart, int64 [count, tiles]."""
    ### BEGIN SOLUTION
    every = torch.cartesian_prod(*[torch.arange(tiles)] * tiles)  # all rows of numbers of tiles
    every = every[(every.sort(dim=1).values == torch.arange(tiles)).all(dim=1)]  # each tile once
    generator = torch.Generator().manual_seed(seed)
    chosen = [int(torch.randint(len(every), (1,), generator=generator))]
    nearest = torch.full((len(every),), tiles)
    while len(chosen) < count:
        nearest = torch.minimum(nearest, (every != every[chosen[-1]]).sum(dim=1))
        chosen.append(int(nearest.argmax()))
    return every[chosen]
    ### END SOLUTION


# %%
far_orders = lesson.far_orders.check(far_orders)

# %%
# lesson.far_orders.hint()

# %% [markdown]
# **Predict**: 20 orders of six tiles, drawn at random. In how many places do the closest two differ? And with your
# function?

# %%
# My guess:
generator = torch.Generator().manual_seed(0)
drawn = torch.stack([torch.randperm(6, generator=generator) for _ in range(20)])
print(f"drawn at random: the closest two differ in {see.closest(drawn)} places")
print(f"chosen far apart: the closest two differ in {see.closest(far_orders(6, 20, 0))} places")

# %% [markdown]
# **Answer.** Among 20 random orders there are nearly always two that differ in two or three places. Chosen greedily, they
# all differ in four at least.
#
# ## 6 · Two more, by name
#
# - **Colourisation** (Zhang et al. 2016): take the colour away, predict it from the grey image. The input has one
#   channel, the label has the others. To paint a lemon yellow, one must see that it is a lemon. In `shapes` colour is
#   drawn by lot: nobody can tell the colour of a grey heart, and this task could teach little there.
# - **Relative position** (Doersch et al. 2015): cut two tiles, and ask on which of eight sides the second lies. It came
#   before the jigsaw, and its authors found the shortcut of the chromatic aberration: the network had learned to read
#   the place of a tile from its lens errors.
#
# ## 7 · Does it transfer?
#
# To use on one task what was learned on another is called **transfer**. Two judges, and *h* stays **frozen** (the weights
# do not change any more):
# - **kNN**, as before: are images of one class *near* each other?
# - the **linear probe**: train a linear classifier on *h*, with labels. Can the class be *read* from *h*, along some
#   direction, whatever else is in there?
#
# The last row to compare with is the **supervised** encoder: the same network, trained with all the labels. Now the test
# images, for the first time with these encoders. They choose nothing.
#
# **Predict**: order the seven: raw pixels, random weights, inpainting, jigsaw, rotation, the shortcut, supervised. Will
# the two judges agree?

# %%
# My guess:
settings = {"epochs": max(2, p.epochs // 5), "held_out": 0, "monitor_every": 0}
labelled = training.SupervisedConfig.for_profile(p, **settings)
folder = see.run_folder("supervised", p, DATA)
supervised = training.train_supervised(train, labelled, folder, progress=None)

runs = {"shortcut": shortcut, "inpainting": inpainting, "jigsaw": jigsaw, "rotation": rotation}
encoders = {"random weights": training.random_encoder(rotation).to(p.device)}
encoders |= {name: run.model.encoder for name, run in runs.items()}
encoders["supervised"] = supervised.model.encoder

# %%
features = {"raw pixels": (pixels(train.images), pixels(test.images))}
for name, f in encoders.items():
    features[name] = models.extract(f, train.images), models.extract(f, test.images)
scores = evaluation.score_representations(features, train.labels, test.labels, probe_labels=5000)
rows = {score.name: {"numbers in h": score.dimensions} for score in scores}
n = min(1000, len(train))
for score, (keys, asked) in zip(scores, features.values(), strict=True):
    few = keys[:n], train.labels[:n], asked, test.labels
    rows[score.name][f"kNN, {n:,} keys"] = evaluation.knn_accuracy(*few)
    rows[score.name][f"kNN, {len(train):,} keys"] = score.knn
    rows[score.name]["linear probe"] = score.probe
explorers.table(rows, f"Share of test images right; guessing {1 / len(train.classes):.2f}", 2)

# %% [markdown]
# Compare the two columns of kNN. **More keys raise nearly every kNN number**: among ten times as many images there is a
# nearer one. So two kNN numbers can be compared only where the number of keys is the same, and from now on it stands
# beside each.
#
# These are your runs, one of each. A difference may be luck. So here is the record: `shapes`,
# {{ pretext.train_images:, }} training images, three seeds each, with the intervals of section 2.

# %%
order = ["raw pixels", "random weights", *runs, "supervised"]
measures = {f"kNN, {record['train_images']:,} keys": "knn", "linear probe": "probe"}
chances = {name: {"chance": record["chance"]} for name in measures}
values = {}
for row in order:
    values[row] = {name: record["rows"][row][key] for name, key in measures.items()}
explorers.show(figures.seed_points(values, chances))

# %% [markdown]
# **Answer.** What the record says, and what it does not:
#
# - **Rotation works**: {{ pretext.rows.rotation.probe_mean:.2f }} with the linear probe, without a single label in its
#   training, where random weights have {{ pretext.rows.random_weights.probe_mean:.2f }}. With all labels it is
#   {{ pretext.rows.supervised.probe_mean:.2f }}.
# - **The judges disagree about inpainting and jigsaw.** The probe reads clearly more from them than from random weights:
#   {{ pretext.rows.inpainting.probe_mean:.2f }} and {{ pretext.rows.jigsaw.probe_mean:.2f }}. For kNN the pale bars
#   overlap with that of random weights: {{ pretext.rows.inpainting.knn_mean:.2f }} and
#   {{ pretext.rows.jigsaw.knn_mean:.2f }}, against {{ pretext.rows.random_weights.knn_mean:.2f }}. Something of the class
#   is in *h*, but other things are louder.
# - **They disagree about raw pixels, too**: {{ pretext.rows.raw_pixels.knn_mean:.2f }} by kNN, but
#   {{ pretext.rows.raw_pixels.probe_mean:.2f }} by the probe, where chance is {{ pretext.chance:.2f }}. A linear classifier lays one template
#   for each class over the pixels. But a figure is lighter than its background as often as it is darker: on the mean,
#   what the template adds for the one it takes away for the other. kNN needs no template; it finds an image that happens
#   to be alike in place and brightness.
# - **The solved shortcut is below random weights**, for both judges.
# - This does *not* say that rotation beats jigsaw or inpainting. It says so for figures of 32 pixels that have an up, one
#   small network, and minutes of training. Where nothing has an up (cells under a microscope, fields seen from above),
#   rotation has nothing to teach. The task must fit the images. <!-- given: 32 pixels, the side of the images -->
#
# (The epochs, the size of the hole and that of the tiles were chosen on held-out training images, and the test images
# were read once. That is lesson 06's protocol.)
#
# ## 8 · Play
#
# Choose an image and a task, and see three things: what the network gets, the label that was made, and its answer. The
# bold, blue bar is the right one (for the hole: the network's error beside that of the mean colour). The images are held
# out.
#
# Three things to try.
# 1. Rotation, a disc: what does the network say at its four turns? Is it unsure, or sure and wrong?
# 2. The shortcut, with `light from above` at 0.1, then at −0.1: light from *below*. What happens to the answer?
# 3. Inpainting: move the hole so that it hides the whole figure. What does the network draw there?
#
# <details><summary>Answers</summary>
#
# 1. Unsure: each of the four turns gets about a quarter. That is honest.
# 2. It changes by half a turn, whatever the image shows: the network asks where the light is, and nothing else.
# 3. A soft spot, or only the background. It knows neither that there is a figure nor which.
#
# </details>

# %%
played = {"rotation": rotation, "shortcut": shortcut, "inpainting": inpainting, "jigsaw": jigsaw}
see.tasks_on_an_image(held_out, played)

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
#   <!-- given: 45 a question; 90 a definition -->
# - Rotation cannot learn discs and rings. But are they told from each other by its *h*? How would you find out?
# - The shortcut was a linear light. Which random change of the images takes it away, and leaves a house its up?
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

# %%
progress()
