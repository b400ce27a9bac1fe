# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 04 · SimCLR training
#
# You train a network on images **without their labels**, on this machine, and watch it become useful.
#
# **After this lesson you can**
# - build the four parts of SimCLR and say what each is for: encoder, projection head, loss, optimiser;
# - write one step of LARS and a learning rate with warmup;
# - read a training curve: where is chance, where is the floor, is it learning?
# - judge a representation beside the baselines that matter, and show why we keep *h* and throw *z* away;
# - say what batch size, head and few labels change, from measurements with several seeds;
# - find out by experiment why a run did not learn, tell sick runs by their curves, and set up a run of your own.
#
# **You need first**: [lesson 03, NT-Xent](03_nt_xent.ipynb), and the two views of [lesson 02](02_augmentations.ipynb).
#
# **Time**: {{ time.reading }} minutes to read and look, {{ time.exercises }} for the exercises; the optional parts take
# {{ time.optional }} more. The code took {{ lesson_minutes.04.cpu.seconds:minutes }} minutes on one core of the
# machine that this page was made on.
#
# ← [03 NT-Xent](03_nt_xent.ipynb) · [05 DeepCluster](05_deepcluster.ipynb) → · [glossary](../lessons/GLOSSARY.md)

# %%
import math

import numpy as np
import torch
from torch import nn

from aimsssl import augment, evaluation, explorers, figures, losses, models, profile, training
from aimsssl.datasets import load
from aimsssl.exercises import lesson04 as lesson
from aimsssl.exercises import progress
from aimsssl.explorers import lesson04 as see

p = profile.current()
print(p, profile.lesson_estimate("04"), sep="\n")

# %% [markdown]
# A **profile** sets how large everything is: `ci` for tests, `cpu` for a laptop, `gpu` for a graphics card. The line
# above says which one you have, and why. To choose another, set the variable `AIMSSSL_PROFILE` before you start
# Jupyter.
#
# Now the images. `shapes` is made by a formula, so it is always there. You can write another name: `"cifar10"`,
# `"mnist"`, or `"folder:PATH"` for your own images, with one subfolder for each class. Then run everything again.

# %%
DATA = "shapes"
SETTINGS = dict(epochs=max(3, p.epochs // 2), crop_scale=(0.4, 1.0))

train = load(DATA, "train", limit=p.train_images)
test = load(DATA, "test", limit=p.test_images)
p = p.fitted(len(train))  # smaller batches where images are few
config = training.SimCLRConfig.for_profile(p, **SETTINGS)
print(train, test, sep="\n")

# %% [markdown]
# The training will never see the labels. We use them to *measure* what was learned, to train the supervised network
# that we compare with, and in section 12, where we have only a few of them.
#
# ## 1 · The plan in one picture
#
# What can a network learn from images alone? SimCLR's answer: *which two pictures come from the same image*.

# %%
torch.manual_seed(0)
encoder = models.resnet18(config.stem, config.width, in_channels=train.images.shape[1])
explorers.show(figures.simclr_plan(encoder.feature_dim, config.d_out, config.batch_size))

# %% [markdown]
# - A **view** is a copy of the image, changed at random: another crop, other colours. Each image gives two.
# - The **encoder** *f* turns a view into numbers. We call them *h*, the **representation**. This is what we want.
# - The **projection head** *g* is a small network that turns *h* into *z*. It is there for the training only.
# - The **loss** NT-Xent asks, for each *z*: which of the others comes from the same image?
#
# To answer, the encoder must find what two views have in common. That is the content of the image, we hope.

# %%
torch.manual_seed(0)
size = train.images.shape[-1]
look = (config.crop_scale, config.jitter, config.grayscale, config.blur, config.flip)
views = augment.TwoViews(size, *look)

few = train.sample(min(8, len(train)))
view1, view2 = views(few.images)  # each float [8, C, H, W]
names = [few.classes[label] for label in few.labels]
explorers.show(figures.two_views(few.images.numpy(), view1.numpy(), view2.numpy(), names))

# %% [markdown]
# The two views of a column look different in their pixels. You still see at once that they belong together. Whatever
# you used, the network can use too. Lesson 02 shows what happens when colour alone gives the answer away.
#
# **A setting that fits the data.** A crop takes at least 40 % of the picture. The paper goes down to 8 % (its Appendix A),
# for photographs in which the object is large. In `shapes` the figure is small, and a crop of a fifth often misses it. Try
# it: write `0.2` in `SETTINGS`, run the cells again, and count the views without a figure. Then put `0.4` back.
# <!-- given: 40 % is the crop_scale of the code -->
#
# ## 2 · The encoder and its head
#
# The encoder is a **ResNet-18** (He et al. 2015): 17 convolutions in a row, with shortcuts around every two of them.
# The original was made for pictures of 224 pixels. Our *stem*, the first layer, is made for small ones.
# <!-- given: ResNet-18 a name; 17 convolutions of the architecture; 224 pixels of ImageNet -->

# %%
explorers.table(see.shapes_inside(encoder, view1), "one view on its way through the encoder")

# %% [markdown]
# From layer1 to layer4 there are fewer and fewer places and more and more channels. At the end we take the mean over
# all places.
#
# The head is yours to build. It has two linear layers and a ReLU between them (SimCLR, section 4.2):
#
# $$z = W_2\,\mathrm{ReLU}(W_1 h)$$
#
# ### Exercise 1 · the projection head ●○○ (5 minutes)
#
# Return an `nn.Module` that maps *h* `[B, d_in]` to *z* `[B, d_out]`: two linear layers with biases, `d_hidden` wide in
# the middle, and one ReLU between them.


# %%
def projection_head(d_in, d_hidden, d_out):
    """The head g, an nn.Module: h [B, d_in] to z [B, d_out]."""
    ### BEGIN SOLUTION
    return nn.Sequential(nn.Linear(d_in, d_hidden), nn.ReLU(), nn.Linear(d_hidden, d_out))
    ### END SOLUTION


# %%
projection_head = lesson.projection_head.check(projection_head)

# %% [markdown]
# Stuck? Take the `#` away in the next cell and run it. There are three hints, and each run shows the next one.

# %%
# lesson.projection_head.hint()

# %% [markdown]
# Encoder and head together are the model. It gives both *h* and *z*.

# %%
torch.manual_seed(0)
head = projection_head(encoder.feature_dim, config.d_hidden, config.d_out)
model = models.SimCLR(encoder, head).to(p.device)

h, z = model(torch.cat([view1, view2]).to(p.device))  # 8 images, 16 views
print("h", tuple(h.shape), " z", tuple(z.shape))

# %% [markdown]
# ## 3 · The loss, and what it costs to guess
#
# NT-Xent, for view *i* and its partner *j*:
#
# $$L_i = -\log \frac{\exp(\mathrm{sim}(z_i, z_j)/\tau)}{\sum_{k \neq i} \exp(\mathrm{sim}(z_i, z_k)/\tau)}$$
#
# sim is the cosine of the angle between two vectors. τ is the **temperature**: the smaller it is, the more the closest
# wrong candidates count. Lesson 03 takes this formula apart. The logarithm is the natural one, so the loss is counted in
# **nats**: a loss of 1 nat means that the partner got a share of 1/e of the softmax. Here we need two numbers of it.
# - **Chance**: a network that guesses among 2N−1 candidates pays log(2N−1).
# - **Floor**: even the best arrangement of the *z* pays something. Partners lie on one point, and all other points are
#   as far away as N of them can be: a cosine of −1/(N−1).

# %%
n, tau = config.batch_size, config.temperature
chance = math.log(2 * n - 1)
floor = math.log1p((2 * n - 2) * math.exp((-1 / (n - 1) - 1) / tau))
print(f"N = {n} images, τ = {tau}: chance {chance:.2f}, floor {floor:.2f} nats")

# %% [markdown]
# **Predict**: the network has learned nothing yet. Are the similarities of its *z* near 0, near 1, or near −1? And are
# partners already more similar than strangers?

# %%
# My guess:
unit = nn.functional.normalize(z.detach().cpu(), dim=1)  # [2N, D], here N = 8
partner = np.roll(np.arange(len(unit)), len(few))  # of view i: i + N, and back
explorers.show(figures.similarity_matrix((unit @ unit.T).numpy(), partner))

# %% [markdown]
# **Answer.** High, all of them; the partners hardly higher than the strangers. Row *i* has the candidates of view *i*;
# the framed one is right. With random weights and *this* head all *z* point in about the same direction. Training has
# to push them apart and keep the partners together. (The head that trains in section 6 starts otherwise, and you will
# see why.)
#
# ## 4 · LARS: a step for each layer
#
# Why learn LARS, when our own run in section 6 will take another optimiser? For two reasons. The paper trains with
# thousands of images in a batch, and LARS is what made that possible: you will meet it in many papers. And a wrong rate
# for it is one of the faults of section 13, which you can only see if you know what the rate means there.
#
# Large batches want large learning rates. But one rate does not suit every layer: what is small for one layer throws
# the next one over. **LARS** (You et al. 2017) looks at each layer by itself. With weights *w* and gradient *g*:
#
# $$d = g + \lambda w, \qquad \text{trust} = \eta\,\frac{\lVert w \rVert}{\lVert d \rVert}, \qquad
# v \leftarrow m\,v + \mathrm{lr}\cdot\text{trust}\cdot d, \qquad w \leftarrow w - v$$
#
# λ is the weight decay, *m* the momentum, *v* the velocity, η the trust coefficient. Without momentum, a layer moves by
# lr · η of its own length, however large its gradient is. Where ‖w‖ or ‖d‖ is 0, there is nothing to compare, and trust
# is 1. How different are the layers of our model?

# %%
batch = train.images[: config.batch_size]


def loss_of(model, batch):
    """NT-Xent of two fresh views of a batch."""
    _, z = model(torch.cat(views(batch)).to(p.device))
    return losses.nt_xent(*z.chunk(2), config.temperature)


ratios = see.trust_ratios(model, loss_of(model, batch))
explorers.show(figures.trust_ratios(list(ratios), np.array(list(ratios.values()))))

# %%
print(f"largest / smallest: {max(ratios.values()) / min(ratios.values()):.0f}")

# %% [markdown]
# That factor is what a single learning rate would have to bridge, here for random weights with your head. LARS takes it
# away. Biases and batch-norm parameters are left out: they get plain SGD, without
# weight decay.
#
# ### Exercise 2 · one step of LARS ●●○ (15 minutes)
#
# `w`, `g` and `velocity` are tensors of one shape: the weights of a layer, their gradient, the velocity so far. Return
# `(new_w, new_velocity)`; nothing that comes in is changed. Note where the rate stands: *inside* the velocity.
# (`torch.optim.SGD` multiplies by the rate only when it moves the weights. While the rate stays the same, that makes no
# difference; with a schedule it does.)


# %%
def lars_step(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """One step of LARS for one layer: (new_w, new_velocity)."""
    ### BEGIN SOLUTION
    d = g + weight_decay * w
    trust = 1.0
    if w.norm() > 0 and d.norm() > 0:
        trust = trust_coefficient * w.norm() / d.norm()
    new_velocity = momentum * velocity + lr * trust * d
    return w - new_velocity, new_velocity
    ### END SOLUTION


# %%
lars_step = lesson.lars_step.check(lars_step)

# %%
# lesson.lars_step.hint()

# %% [markdown]
# ## 5 · The learning rate over time
#
# At the start the weights are random, and a large step does harm. So the rate climbs in a straight line: the
# **warmup**. Then it falls to 0, along half a **cosine** (Loshchilov & Hutter 2017): slowly at first, and slowly again
# at the end.
#
# In step *s*, counted from 0, with *S* steps in all and *W* of them for the warmup:
#
# $$\mathrm{lr}(s) = \begin{cases} \text{peak}\cdot\dfrac{s+1}{W} & s < W\\[2mm]
# \text{peak}\cdot\dfrac12\Big(1+\cos\pi\,\dfrac{s-W}{S-W}\Big) & \text{else}\end{cases}$$
#
# ### Exercise 3 · warmup and cosine ●○○ (10 minutes)
#
# Return the rate of one step, a float. `warmup_steps` may be 0: then there is no warmup.


# %%
def warmup_cosine(step, total_steps, warmup_steps, peak):
    """Learning rate of a step, a float; steps count from 0."""
    ### BEGIN SOLUTION
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return peak * 0.5 * (1 + math.cos(math.pi * progress))
    ### END SOLUTION


# %%
warmup_cosine = lesson.warmup_cosine.check(warmup_cosine)

# %%
# lesson.warmup_cosine.hint()

# %%
rest, bank, held_out = training.monitor_split(train, config)  # as the training will split
per_epoch = len(rest) // config.batch_size  # steps in an epoch
total, warmup = config.epochs * per_epoch, int(config.warmup_epochs * per_epoch)
rates = [warmup_cosine(step, total, warmup, config.learning_rate) for step in range(total)]
explorers.show(figures.learning_rate_schedule(rates, warmup, per_epoch))

# %% [markdown]
# This is the schedule of the run below.
#
# ### Your four parts, at work
#
# Before the package takes over, here is SimCLR in twenty lines, with *your* head, *your* LARS, *your* schedule and *your*
# loss of lesson 03: paste it where the comment says. (Where you saw a FALLBACK, or paste nothing, the package's own works
# on.)

# %%
nt_xent = losses.nt_xent  # paste the nt_xent that you wrote in lesson 03 over this line


def one_step(model, lr, velocity):
    """The loss of two fresh views; your LARS moves the weights, plain SGD biases and norms."""
    z1, z2 = model(torch.cat(views(batch)).to(p.device))[1].chunk(2)
    loss, parameters = nt_xent(z1, z2, config.temperature), list(model.parameters())
    for w, g in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        if w.ndim > 1:
            w.data, velocity[w] = lars_step(w.data, g, velocity[w], lr, 0.9, 1e-6, 1e-3)
        else:
            w.data -= 0.1 * lr * g
    return loss.item(), evaluation.partner_found(z1, z2)


# %% [markdown]
# One batch, a few steps, new views in each. Beside the loss stands what it asks, as an accuracy: the **share of views that
# find their partner**, whose most similar one among the other 2N−1 is the right one.

# %%
STEPS, PEAK = 40, 1.0
velocity = {w: torch.zeros_like(w) for w in model.parameters()}
rates = [warmup_cosine(step, STEPS, STEPS // 5, PEAK) for step in range(STEPS)]
trace, found = zip(*(one_step(model, lr, velocity) for lr in rates), strict=True)
explorers.show(figures.loss_and_found(trace, found, n, STEPS))

# %% [markdown]
# The loss begins near chance and goes down, and more views find their partner. If so, your parts fit together. A few steps
# on one batch teach little about images, though. For that we need many batches.
#
# ## 6 · The training, live
#
# `train_simclr` does the same with all the images. On small batches another optimiser may do better than LARS; the cell
# that trains prints which one our run takes.
#
# How do we see that something is learned? The loss alone cannot tell: a network can answer the riddle of the two views
# by a trick. So after each epoch we ask **kNN**, *k nearest neighbours*: take a labelled image, find the k images whose
# *h* is most similar, let them vote on its class. How often is the vote right? The images that ask are held out from the
# training split; those that answer, the keys, are the **bank**. The test images stay untouched until the end.
#
# The curve stands beside two baselines. **Raw pixels**: the same vote, with the pixels themselves in place of *h*.
# **Random weights**: the same encoder before training, just as the training finds it. (So its batch norm has counted
# nothing yet: mean 0, variance 1. Lesson 06 measures the other ways, which are weaker. We take the stronger baseline.)
# A network that does not beat these two has learned nothing of use.


# %%
def pixels(images):
    """The image itself as a representation: [N, C·H·W]."""
    return images.flatten(1).float()


asked = pixels(held_out.images), held_out.labels
raw = evaluation.knn_accuracy(pixels(bank.images), bank.labels, *asked)
guess = 1 / len(train.classes)
print(f"kNN on raw pixels {raw:.2f} with {len(bank):,} keys; guessing {guess:.2f}")

# %% [markdown]
# ### The head of this run
#
# One part differs from yours: behind each linear layer of the head stands a **batch norm**. The text of the paper does
# not mention it, its code has it. It takes, over the batch, the mean out of every number of *z*. So the *z* cannot all
# point in the same direction, not even with random weights. When the settings of this lesson were compared, on held-out
# images, it was one of the largest differences.

# %%
torch.manual_seed(0)
untrained = training.build_simclr(config, train.images.shape[1]).to(p.device)
own = projection_head(encoder.feature_dim, config.d_hidden, config.d_out).to(p.device)
print(untrained.head)
heads = {"your head": own, "the head of this run": untrained.head}
pair = tuple(view.to(p.device) for view in views(batch))
caption = f"random weights, one batch: mean cosine of all z; loss (chance {chance:.2f})"
explorers.table(see.heads_at_start(untrained.encoder, heads, pair, tau), caption, 2)

# %% [markdown]
# The cosines show what the batch norm does. And look at the last column: if both views are the same picture, the network
# of this run has a loss far below chance before it has learned *anything*. Remember that when a low loss is offered to
# you as proof of learning; section 13 comes back to it.
#
# **Predict**: where will kNN end? And will it rise all the time?

# %%
# My guess:
E = config.epochs
kept = tuple(sorted({0, 1, E // 8, E // 4, E // 2, E}))  # epochs whose h we keep, of some images
config = training.SimCLRConfig.for_profile(p, **SETTINGS, snapshot_epochs=kept)
watched = test.sample(min(500, max(32, len(test) // 2), len(test)))
folder = see.run_folder  # one for each method, profile and data set
run_dir = folder("simclr", DATA)
print(f"{config.optimizer}, peak rate {config.learning_rate}, {E} epochs of batch {n} → {run_dir}")
print(f"kNN with {len(bank):,} keys")
levels = {"chance": chance, "floor": floor}
curve = explorers.LiveCurve(levels, {"raw pixels": raw, "guessing": guess})
run = training.train_simclr(train, config, run_dir, probe=watched.images, progress=curve)

# %%
last, seconds = run.history[-1], run.last("seconds")
first_knn, last_knn = run.history[0]["knn_accuracy"], last["knn_accuracy"]
print(f"kNN {first_knn:.2f} → {last_knn:.2f}, loss {last['loss']:.2f}")
print(f"{seconds:.0f} s of training, {E * per_epoch * n / seconds:.0f} pairs of views a second")

# %% [markdown]
# **Answer.** kNN does not rise all the time: it *falls* in the first epoch, and nothing is broken. Batch norm has seen
# its first images and counts mean and variance now; much of what the untouched random weights were good for goes with
# that. After it the climb begins. The loss falls fast at first, while kNN may still wait. Later the loss falls slowly,
# and kNN still gains. The loss says how well the riddle is solved; kNN says what solving it was good for.
#
# **You can stop and go on.** The run is a folder. Interrupt the cell (■), close the laptop, come back: run it again,
# and it goes on from its last checkpoint. If you change a setting, the package says which one differs and mixes nothing:
# write another `run_dir`.
#
# ## 7 · What is it worth?
#
# Now the test images, for the first time; nothing is chosen by them, here or later. Two questions to each
# representation, which stays **frozen** (its weights do not change):
# - **kNN**, as before, but now *all* the training images are keys. In the curve there were fewer, to save time. More keys,
#   nearer neighbours: all numbers are higher, those of raw pixels too. So compare within this figure only;
# - the **linear probe**: train a linear classifier on the representation, with labels, and test it.
#
# Four representations answer. The fourth is the **supervised** one: the same encoder, trained *with* all the labels for
# half as many epochs. It says how much better we could hope to be.

# %%
half = dict(epochs=max(1, E // 2), held_out=0, monitor_every=0)
labelled = training.SupervisedConfig.for_profile(p, **half)
place = folder("supervised", DATA)
supervised = training.train_supervised(train, labelled, place, progress=None)
encoders = {
    "random weights": training.random_encoder(run).to(p.device),
    "SimCLR, h": run.model.encoder,
    "supervised": supervised.model.encoder,
}

# %%
features = {"raw pixels": (pixels(train.images), pixels(test.images))}
for name, f in encoders.items():
    features[name] = models.extract(f, train.images), models.extract(f, test.images)
scores = evaluation.score_representations(features, train.labels, test.labels)
by_knn, by_probe = f"kNN, {len(train):,} keys", "linear probe"
bars = {s.name: {by_knn: s.knn, by_probe: s.probe} for s in scores}
explorers.show(figures.accuracy_bars(bars, {by_knn: guess, by_probe: guess}))

# %% [markdown]
# Look at the first two bars before the third. **Raw pixels and random weights are baselines that matter.** On an easy
# data set they are high, and then a good number for SimCLR says little. Set `DATA = "digits"` or `"mnist"` and see. A
# paper that shows only its own bar has not shown that it learned anything. And this is one run, with one seed: a
# difference of a few hundredths may be luck. Lesson 07 repeats such comparisons with three seeds and an interval.
#
# ## 8 · Through the training
#
# During the run we kept *h* of the same images at several epochs. **t-SNE** draws them: each image becomes a point, and
# images whose *h* are close become points that are close. Only the near neighbourhood can be trusted, not the distance
# between two groups, nor the size of one. Each map starts from the one before, so you can follow a group.
#
# **Predict**: at epoch 0 the weights are random. Will the map have groups? Of what: shape, colour, brightness?

# %%
# My guess:
labels = watched.labels.numpy()
maps = see.maps(run)  # {epoch: points [P, 2]}, kept in the run's folder
explorers.show(figures.tsne_panels(maps, labels, watched.classes))

# %% [markdown]
# **Answer.** At epoch 0 there are no groups of one class: colours and markers are mixed everywhere. What parts first are
# two halves with *every* class in both; section 9 finds out what they are. Then, inside of them, the classes come apart,
# little by little, and not all at the same time. Which are still mixed at the end?
#
# Here are the ten nearest neighbours of one image, epoch by epoch. A blue frame means: the same class.

# %%
IMAGE = 0
found = see.neighbours_of(run, IMAGE)
pictures = watched.images.numpy()
explorers.show(figures.neighbours_by_epoch(pictures, IMAGE, found, labels, watched.classes))

# %% [markdown]
# In the first rows few neighbours have the class; in the last rows more have. What do the wrong ones share with the image?
#
# Now choose for yourself. Type into a box, or drag the slider beside it; a list shows its names when you click into
# it. The ringed points on the map are the ten neighbours on the right. A name is tied to the place where its class is
# densest; colour and marker show its other groups. Find an image whose neighbours are wrong *at the end*, and ask why.

# %%
see.through_training(run, watched, image=IMAGE)

# %% [markdown]
# The neighbours are found in *h*. Some lie far away on the map: two dimensions have no room for all neighbourhoods.
#
# ### The same, in a longer run (optional)
#
# Here is a recorded run of 98 epochs on `shapes`, made with the command `aimsssl train simclr`. It lies in the
# repository's `data/recorded_runs/long`. The epochs are those of the slides that this course grew from: 1, 21, 51 and 91
# for the map, 1, 21, 55 and 98 for the neighbours. Section 13 comes back to them.
#
# **Predict**: between which two of the epochs 1, 21, 51 and 91 does the map change most?

# %%
# My guess:
SHOWN = min(500, p.test_images // 2)  # 500, or fewer under the profile ci
long = explorers.recorded_run("long", images=SHOWN)
long_probe = load("shapes", "test").sample(500)[:SHOWN]  # the images whose h was kept
long_labels, long_pictures = long_probe.labels.numpy(), long_probe.images.numpy()

long_maps = see.maps(long, cache=run_dir / "tsne_long.npz")
chosen = {epoch: long_maps[epoch] for epoch in (1, 21, 51, 91)}
explorers.show(figures.tsne_panels(chosen, long_labels, long_probe.classes))

# %%
knn = dict(zip(*long.column("knn_accuracy"), strict=True))
row = {f"epoch {epoch}": float(knn[epoch]) for epoch in (0, 1, 21, 51, 91, 98)}
explorers.table({"kNN": row}, f"held-out images, {long.config['bank']:,} keys", 2)

# %% [markdown]
# **Answer.** Between 1 and 21: there kNN climbs most, too. The same number of epochs does not do the same work early and
# late. A map that stands still *late*, after it has found its groups, is no bad sign. A map that stands still from the
# first epoch on is.

# %%
found = see.neighbours_of(long, IMAGE)
found = {epoch: found[epoch] for epoch in (1, 21, 55, 98)}
shown = (long_pictures, IMAGE, found, long_labels, long_probe.classes)
explorers.show(figures.neighbours_by_epoch(*shown))

# %%
see.through_training(long, long_probe, image=IMAGE, points=long_maps)

# %% [markdown]
# A longer run is one way to more. Better settings are another. Candidates were tried on held-out training images, each
# for a part of the time, and the best one was trained with three seeds. On CIFAR-10, in two thirds of the time of a
# recorded run of a ResNet, the convnet with τ = 0.1, views of 24 pixels and the optimiser **Muon** (Jordan et al. 2024;
# LARS evens out how far the *layers* move; Muon evens out the directions within a layer, too) comes to a kNN of
# {{ five_minutes.knn.0:.2f }}, {{ five_minutes.knn.1:.2f }} and {{ five_minutes.knn.2:.2f }}; that run comes to
# {{ cifar10.scores.simclr.knn:.2f }}. If *h* is whitened before kNN is asked (lesson 05 does that), it is
# {{ five_minutes.knn_whitened.0:.2f }}, {{ five_minutes.knn_whitened.1:.2f }} and
# {{ five_minutes.knn_whitened.2:.2f }}. On `shapes`, in half the time, the same with a convnet of width 8 comes to a
# linear probe of {{ shapes_minutes.probe.0:.2f }}, {{ shapes_minutes.probe.1:.2f }} and
# {{ shapes_minutes.probe.2:.2f }}, and a recorded run of the whole time to {{ shapes.scores.simclr.probe:.2f }}. To try
# it with `train_simclr`: `training.SimCLRConfig(encoder="convnet", width=8, view_sizes=(24,), crop_scale=(0.4, 1.0),
# temperature=0.1, optimizer="muon")`.
# <!-- given: 0.1, 0.4, 1.0, 24 and 8 are settings of the recorded runs -->
#
# ## 9 · *h* or *z*?
#
# The loss is applied to *z*. Then why do we keep *h*? By kNN and by the probe of the *class* the two are close together.
# So ask for something that the class does not need. `shapes` remembers how each image was made: where the figure lies (x
# from left to right, y from bottom to top), its size and its angle, the colours, the contrast, and whether the figure is
# lighter or darker than its background. A **ridge regression** (a linear one that prefers small weights) reads each of them
# from *h*, from *z*, and from *h* with random weights. **R²** says how well: 1 is exact, 0 no better than the mean.
#
# Two views of an image differ in their crop, their flip and their colours.
#
# **Predict**: which of these factors does *z* forget? Which ones does *h* still know? And is there one that even *z* keeps?

# %%
# My guess:
known = see.read_factors(run, train, test)
explorers.show(figures.factor_dots(known))

# %% [markdown]
# **Answer.** The clearest row is **x**. The flip mirrors one view and not the other, so x does not help to find the
# partner, and *z* has lost nearly all of it. *h* still knows a good part. The flip leaves **y** alone, and both keep
# it. Crops change the **size**: *z* knows less of it than *h*. The jitter changes the **hues** in most views, and *h*
# has less of them than random weights: nothing of the figure's, a part of the background's. And **lighter or darker**
# is kept by both: the jitter may make the whole picture darker, but it hardly ever turns light into dark. These are the
# two halves of the maps in section 8.
#
# That is the paper's reason for the head: the loss rewards *z* for **forgetting** what differs between two views; the head
# does a part of the forgetting, so that *h* can keep what other tasks may need. On ImageNet *h* was better than *z* by
# more than ten points (section 4.2); a rotation of the image was found in 67.6 % of cases from *h* and in 25.6 % from *z*, with
# chance at 25 % (Table 3).
# <!-- given: 67.6, 25.6 and 25 % are the paper's, Table 3 -->
#
# **No head at all?** In a recorded experiment on `shapes` ({{ heads.epochs }} epochs, three seeds) the linear probe of
# *h* came to {{ heads.settings.none.probe_mean:.2f }} without a head, to {{ heads.settings.linear.probe_mean:.2f }}
# with a linear one and to {{ heads.settings.mlp.probe_mean:.2f }} with an MLP, and the seeds of the three overlap: no
# order. On ImageNet the paper found the MLP about 3 points above a linear head, and more than 10 above none
# (section 4.2).
#
# ## 10 · Batch size and epochs
#
# A batch of N images gives each view 2N−2 negatives. More negatives make a harder riddle. Does a larger batch then teach
# more? Careful: at the same number of epochs, a larger batch also means **fewer steps**. And the learning rate must
# follow the batch; here it grows with its square root, as is usual for Adam.
#
# **Predict**: batches of 32, 128 and 512, on {{ batch_size.train_images:, }} images, in a short training and in one that
# is four times as long. Which batch is best in the short training? Is it the same one in the long training?

# %%
# My guess:
explorers.show(figures.accuracy_by_batch_size(see.by_batch_size()))

# %% [markdown]
# **Answer.** On the left, ours: the mean of the largest batch is the lowest in both trainings, clearly so in the long one.
# Count the steps. In the same number of epochs, batch 512 takes a sixteenth of the steps of batch 32. With so few images,
# *steps* are what is missing, not negatives. (Elsewhere three seeds, the points, do not decide; see how they overlap.)
#
# On the right, the paper's own numbers, the other way round. At 100 epochs 7.3 points lie between 256 and 8192, at 800
# epochs 2.4: when the training is short, large batches are clearly better; in longer trainings the gap shrinks
# (section 5.2). So "a larger batch is better" is a sentence about large data and many steps. Keep that for section 13.
# <!-- given: 32, 128 and 512 are the record's batches; 100 and 800 epochs, 256 and 8192 the paper's; 7.3 and 2.4 from its
# Table B.1 -->
#
# ## 11 · LARS, after the training (optional)
#
# In section 4 the layers' ratios ‖w‖/‖d‖ lay far apart, for random weights with your head. Here is the network of the run,
# with batch norm in its head: before its training, and after it. (So its first factor is another than that of section 4.)
#
# **Predict**: after training, does the factor between the largest and the smallest ratio grow or shrink?

# %%
# My guess:
moments = {"before training": untrained, "trained": run.model}
through = see.trust_ratios_at(moments, lambda network: loss_of(network, batch))
ratios = {moment: np.array(list(layers.values())) for moment, layers in through.items()}
explorers.show(figures.trust_ratio_change(list(through["trained"]), ratios))

# %%
factor = {moment: {"largest / smallest": r.max() / r.min()} for moment, r in ratios.items()}
explorers.table(factor, "‖w‖ / ‖d‖ of the layers", 0)

# %% [markdown]
# **Answer.** The table says it for this run. A rate that suits a layer at the start does not have to suit it at the end:
# LARS measures the ratio anew in each step and for each layer. AdamW, the optimiser of our run, has another way to one
# scale: it divides each weight's step by the usual size of that weight's own gradient.
#
# ## 12 · Few labels, live (optional)
#
# You have many images and few labels. So far the encoder stayed frozen. **Fine-tuning** lets *all* of its weights go on
# training, together with a new linear classifier, on the few labelled images. The encoder starts from SimCLR's weights,
# or from random ones: then it is plain supervised training on few images.
#
# 1 % and 5 % of the labels, the same number from each class, drawn three times, since with so few the draw matters. The
# number of epochs is fixed before: twice SimCLR's, and half of that for 5 %. The views are cropped and flipped
# only: now colour may tell the class.
#
# **Predict**: with 1 % of the labels, which is better: the frozen encoder with a linear probe, or fine-tuning? Where does
# the random start come out?

# %%
# My guess:
least = 4 * len(train.classes)  # on a small set of images, 1 % would not be one of each class
one, five = max(len(train) // 100, least), max(len(train) // 20, 2 * least)
starts = {"random": encoders["random weights"], "SimCLR": run.model.encoder}
by_labels = see.few_labels(starts, train, test, {one: 2 * E, five: E})
top = {"supervised, all labels": bars["supervised"][by_probe], "chance": guess}
explorers.show(figures.label_efficiency(by_labels, top))

# %% [markdown]
# **Answer.** SimCLR's start lies far above the random one, fine-tuned or frozen: that distance is what the images
# *without* labels were worth. From random weights fine-tuning with 1 % of the labels hardly leaves chance. Between probe
# and fine-tuning look at your own lines: fine-tuning has many weights to spoil and few images to learn from; the probe is
# quicker, and it cannot forget. (One thing is unfair here: both starts got the same epochs and the same rate. A random
# start would like more of both.)
#
# ## 13 · A run that did not learn
#
# A true story. In June 2024 a group of students at AIMS-Senegal presented their own SimCLR: batch size 128, and at the
# end a t-SNE map that had hardly moved since the first epoch. Their slides note "possible saturation", and they name a
# cause: **the batch size**. The paper trains with thousands of images in a batch, so the guess is a good one.
# <!-- given: 128 the batch size on the slides -->
#
# But a cause is not found by guessing. We repeated the run, small: CIFAR-10 photographs ({{ postmortem.train_images:, }}
# of them), {{ postmortem.epochs }} epochs, three seeds. Beside the batch size, four settings of that run are unusual:
#
# | setting | in the run | in ours, called healthy |
# |---|---|---|
# | views | both views of an image are *identical* | two draws |
# | augmentation | crop and flip only | colour jitter and greyscale, too |
# | optimiser | LARS, rate 0.001, trust coefficient 0.001 | {{ postmortem.healthy.optimizer }}, rate {{ postmortem.healthy.learning_rate }} |
# | stem | made for pictures of 224 pixels | made for small pictures |
#
# All runs here have batch size {{ postmortem.healthy.batch_size }}, except where we change it.
#
# With all four settings at once the loss ends at {{ postmortem.settings.all_four.loss.0.4:.1f }}, near its floor, while
# guessing pays {{ postmortem.settings.all_four.chance_loss:.2f }}. It looks like a success. But kNN is at
# {{ postmortem.settings.all_four.knn_mean:.2f }} at the end, and random weights have
# {{ postmortem.random_weights.knn_mean:.2f }}. Whatever this loss is doing, it is not what we train for.
#
# ### Your turn: one setting at a time
#
# The rule of the game: start from the healthy run and change **one** thing. If kNN falls, that thing does harm.
#
# **Predict**: put the four settings in an order, from the most harmful to the least. For each: will the *loss* be higher
# or lower than in the healthy run?
#
# Try one of them live, on our own images, then another `FAULT`.

# %%
# My guess:
FAULTS = {
    "both views identical": dict(identical_views=True),
    "crop and flip only": dict(jitter=0.0, grayscale=0.0),
    "LARS at rate 0.001": dict(optimizer="lars", learning_rate=0.001, weight_decay=1e-6),
    "stem for 224 pixels": dict(stem="imagenet"),
}
FAULT = "both views identical"

changed = {**SETTINGS, **FAULTS[FAULT], "epochs": max(1, E // 4)}
sick_config = training.SimCLRConfig.for_profile(p, **changed)
curve = explorers.LiveCurve(levels, {"raw pixels": raw, "guessing": guess})
sick = training.train_simclr(train, sick_config, folder(FAULT, DATA), progress=curve)

# %%
after = sick_config.epochs
rows = {"the run of section 6": run.history[after], FAULT: sick.history[after]}
rows = {name: {"loss": row["loss"], "kNN": row["knn_accuracy"]} for name, row in rows.items()}
explorers.table(rows, f"after epoch {after}; kNN with {len(bank):,} keys", 2)

# %% [markdown]
# (The healthy run has a longer schedule: compare the shapes of the curves, not the last digit.) With identical views the
# riddle has no question in it. "Which picture is the same as this one?" can be answered with any numbers that differ from
# image to image; random weights with a batch norm in the head do much of it, as section 6 showed.
#
# ### The record: four settings, three seeds
#
# Now all of them. Each point is one **seed**, which sets the first weights, the order of the images and the views. The
# pale bar is the **95 % interval** of the mean: a range made so that it holds the true mean in 95 of 100 such
# experiments. With three seeds it is often wide, and that is honest. A run at the line of random weights has learned
# nothing that kNN can see.
# <!-- given: 95 % and 95 of 100 a definition -->

# %%
record = explorers.recorded("postmortem")
keys = f"{record['train_images']:,} keys"
measure = f"kNN accuracy of h, {keys}"
values = {name: {measure: setting["knn"]} for name, setting in record["settings"].items()}
lines = {"random weights": record["random weights"]["knn_mean"]}
lines |= {"raw pixels": record["raw pixels"]["knn"], "chance": record["chance"]}
explorers.show(figures.seed_points(values, {measure: lines}))

# %% [markdown]
# Is a difference more than luck? We take the difference of two means and its 95 % interval. If the interval holds 0, the
# record shows no clear effect.
# <!-- given: 95 % a definition -->

# %%
caption = f"mean of three seeds; kNN with {keys}; difference with its 95 % interval; loss in nats"
explorers.table(see.postmortem_table(), caption)

# %% [markdown]
# **Answer.** Each of the four does harm by itself: none of their intervals holds 0. The rate of LARS and the identical
# views cost most, the stem least. The *loss* tells them apart only in part: it is lower than in the healthy run where the
# views give the answer away, higher where little moves or the images are seen through a coarse stem.
#
# **Why is LARS at rate 0.001 alone no better than all four together, and worse than random weights?** Its loss stays at
# chance: in a step a layer moves by a millionth of its own length, so the weights are still those of the start. But
# batch norm has counted its statistics, and that alone costs what kNN loses in the first epoch of every run; here
# nothing wins it back. In "all four" the weights stand still just as well. Only, its stem is another one: these are
# *other* random weights.
#
# ### Is batch size 128 to blame?
#
# No. With batch 128 the healthy run learns: {{ postmortem.settings.healthy.knn_mean:.2f }}, where random weights have
# {{ postmortem.random_weights.knn_mean:.2f }}. And with four times the batch, 512, it learns no more:
# {{ postmortem.settings.batch_size_512.knn_mean:.2f }}, no clear difference from batch 128. The four settings with the
# same batch of 128 end at {{ postmortem.settings.all_four.knn_mean:.2f }}.
# <!-- given: 128 and 512 are batch sizes of the record -->
#
# Three things to take home, whatever your next run looks like.
# - **A loss that no longer falls has two readings.** The riddle was hard and is solved, or it was too easy from the
#   start. The loss cannot tell which. One look at kNN, beside random weights, can, and in the first minutes.
# - **A cause that was never varied cannot be named.** One more run, with a larger batch, tests the guess.
# - **Faults come together.** One fault can hide the others: as long as the two views are identical, no learning rate
#   and no stem can help. So repair one, measure, and look again.
#
# These runs are short, with a narrow network. They say what *these* settings do here, not what the group's run would have
# reached on their machine.
#
# ### Exercise 4 · diagnose three sick runs ●●○ (20 minutes)
#
# Here are the curves of three more runs, A, B and C, on `shapes`. Each has one fault, and all have batch size 128. Look
# first. Then write a *rule*: a function that gets the curves of any run and gives back one of five names. In all three kNN
# drops in the first epoch: you know why from section 6.
# <!-- given: 128 the batch size of the recorded curves -->

# %%
three = lesson.sick_runs()
limits = {"chance": three["A"].chance, "floor": three["A"].floor}
bases = {"raw pixels": explorers.recorded("curves")["raw pixels"]}
histories = {name: r.history for name, r in three.items()}
explorers.show(figures.curves_side_by_side(histories, limits, bases))
print(f"kNN with {explorers.recorded('curves')['config']['bank']:,} keys")
print(lesson.CAUSES)

# %% [markdown]
# The rule will be tried on runs that you have not seen: other seeds, data, lengths, batch sizes and temperatures. It gets
# - `loss`: a list, the mean loss of epoch 1, 2, …;
# - `knn`: a list, kNN accuracy before training, after epoch 1, 2, …; before training two seeds have
#   {{ curves.settings.healthy.runs.0.knn.0:.2f }} and {{ curves.settings.healthy.runs.1.knn.0:.2f }} here, and a gain no larger than their difference may be luck;
# - `chance`, `floor`: the loss of guessing, and the smallest loss that is possible.
#
# It returns one of the names in `lesson.CAUSES`.


# %%
def diagnose(loss, knn, chance, floor):
    """What is wrong with a run: one of the names in lesson.CAUSES."""
    ### BEGIN SOLUTION
    if knn[-1] > knn[0] + 0.06:  # it beats its own random weights, by more than luck
        return "healthy"
    first, last = ((chance - x) / (chance - floor) for x in (loss[0], loss[-1]))  # 1: all is solved
    if last < 0.25:
        return "learning rate too small"
    return "identical views" if first > 0.6 else "colour shortcut"  # a trick takes time to find
    ### END SOLUTION


# %%
diagnose = lesson.diagnose.check(diagnose)

# %%
# lesson.diagnose.hint()

# %% [markdown]
# What does the rule say about your own two runs?

# %%
for name, r in (("the run of section 6", run), (FAULT, sick)):
    curves = (r.column(key)[1].tolist() for key in ("loss", "knn_accuracy"))
    print(f"{name}: {diagnose(*curves, chance, floor)}")

# %% [markdown]
# If the rule is wrong about one of them, why? A rule that was made from three curves has seen three curves.
#
# And did you notice which of the five names is never the right answer here? "Batch too small". It is the first thing that
# people suspect, for it is what the papers talk about; in all these runs something else was wrong.
#
# ## 14 · A recipe for your own images
#
# Put your images into a folder, with a subfolder for each class where you have labels, and write `DATA = "folder:PATH"`
# near the top; or use the command line, `aimsssl train simclr --data folder:PATH --run-dir runs/mine`. Then, in this
# order:
#
# 1. **Look at pairs of views**, eight of them. Could *you* find the partner, and by the thing that you care about? Set
#    `crop_scale` first: (0.2, 1.0) where the object fills the picture, (0.4, 1.0) where it is small. Then the colours:
#    `jitter` 0.5 and `grayscale` 0.2, less where colour is what you want to keep. `flip=0.0` where left and right differ.
# 2. **Write down the baselines**: kNN of raw pixels and of random weights, with their number of keys. Hold out a few
#    hundred labelled images for it. Never choose by the test images.
# 3. **Begin with settings that are known to work**: batch 128, AdamW at 0.008 with one epoch of warmup, temperature 0.2,
#    an MLP head with batch norm. That is what `SimCLRConfig` gives you.
# 4. **Give it steps**: about two thousand or more. Images times epochs over batch size is their number; with few images
#    take more epochs or a smaller batch, not a larger one.
# 5. **Watch the first fifth.** A good curve: the loss leaves chance in the first epoch and stays well above its floor;
#    kNN drops once, comes back, passes random weights, and still gains when the loss falls slowly.
# 6. **Only then tune**, one setting at a time: learning rate, temperature, crop. Three seeds before you believe it.
# <!-- given: 0.2, 0.4, 0.5, 0.008, 128 are the defaults of the package -->
#
# | what you see | look at | try |
# |---|---|---|
# | the loss stays at chance | the rate, and the optimiser it is meant for | three times the rate, until it moves |
# | the loss jumps, or is not a number | the rate, the warmup | a third of the rate, a longer warmup |
# | near the floor after one epoch, kNN low | the views: are they two draws? | mend the views |
# | low only after some epochs, kNN low | what do the views share: colours, a border, a watermark? | stronger `jitter` and `grayscale`, smaller crops |
# | kNN still rises at the end | the number of steps | more epochs |
# | kNN stands still well below supervised | wrong neighbours: what do they share? | change the view that keeps it |
#
# What may you hope for? The last picture has the supervised network and SimCLR by the number of labels of each class, the
# mean of three seeds from a record. **Predict**: with how many labels a class does the supervised network catch up?

# %%
# My guess:
xlabel = "labels of each class (log scale)"
explorers.show(figures.curves_by_number(see.labels_saved(), xlabel, levels={"chance": 0.1}))

# %% [markdown]
# **Answer.** On `shapes` with 10 labels a class the supervised network is near chance, and SimCLR's start, fine-tuned,
# has more than half of the images right. With a hundred labels the gap is small, with a thousand it is gone. On
# CIFAR-10 the start is worth a few hundredths at every number of labels. So: many images and few labels, there SimCLR
# pays. If every image has its label, you need it less.
#
# ## To remember
#
# 1. SimCLR learns by finding the partner of a view among the rest of the batch; the loss acts on *z*, we keep *h*, which
#    knows more.
# 2. A representation is worth what it adds to raw pixels and to random weights, at the same protocol; the loss alone
#    cannot tell.
# 3. When a run does not learn, change one setting at a time, with several seeds, and only then name a cause.
#
# ## To think about
#
# - Our views flip the image left to right. For which data would you switch that off? Add `flip=0.0` to `SETTINGS`, and
#   look at x in section 9.
# - Two images of one class are *negatives* of each other: the loss pushes them apart. Why does it work all the same?
# - You have a million images of cassava leaves and fifty labels. Which part of this lesson would you run, and how would
#   you know whether it helped?
# - One could also start from the sick run and *repair* one setting at a time. Could the two ways name different causes?
#
# ## References
#
# - T. Chen, S. Kornblith, M. Norouzi, G. Hinton: *A Simple Framework for Contrastive Learning of Visual
#   Representations*, 2020, [arXiv:2002.05709](https://arxiv.org/abs/2002.05709).
# - K. He, X. Zhang, S. Ren, J. Sun: *Deep Residual Learning for Image Recognition*, 2015,
#   [arXiv:1512.03385](https://arxiv.org/abs/1512.03385).
# - Y. You, I. Gitman, B. Ginsburg: *Large Batch Training of Convolutional Networks*, 2017,
#   [arXiv:1708.03888](https://arxiv.org/abs/1708.03888).
# - K. Jordan et al.: *Muon: An optimizer for hidden layers in neural networks*, 2024,
#   [blog post](https://kellerjordan.github.io/posts/muon).
# - I. Loshchilov, F. Hutter: *SGDR: Stochastic Gradient Descent with Warm Restarts*, 2017,
#   [arXiv:1608.03983](https://arxiv.org/abs/1608.03983).
# - Z. Wu, Y. Xiong, S. Yu, D. Lin: *Unsupervised Feature Learning via Non-Parametric Instance Discrimination*, 2018,
#   [arXiv:1805.01978](https://arxiv.org/abs/1805.01978): the weighted kNN.
# - A. Krizhevsky: *Learning Multiple Layers of Features from Tiny Images*, 2009,
#   [CIFAR-10](https://www.cs.toronto.edu/~kriz/cifar.html): the photographs of section 13.
# - L. van der Maaten, G. Hinton: *Visualizing Data using t-SNE*, 2008,
#   [JMLR 9](https://www.jmlr.org/papers/v9/vandermaaten08a.html).
#
# ## What comes next
#
# [Lesson 05, DeepCluster](05_deepcluster.ipynb) learns without labels in quite another way: it makes its own.

# %%
progress()
