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
# - judge a representation beside the baselines that matter, and say why we keep *h* and throw *z* away;
# - say what batch size, head and few labels change, from measurements with several seeds;
# - find out by experiment why a run did not learn, and tell sick runs by their curves.
#
# **You need first**: [lesson 03, NT-Xent](03_nt_xent.ipynb), and the two views of [lesson 02](02_augmentations.ipynb).
#
# **Time**: about 50 minutes to read, 50 for the four exercises. The code took
# {{ lesson_minutes.04.cpu.seconds:minutes }} minutes on the two cores of the machine that this page was made on.
#
# ← [03 NT-Xent](03_nt_xent.ipynb) · [05 DeepCluster](05_deepcluster.ipynb) → · [glossary](../lessons/GLOSSARY.md)

# %%
import copy
import re
from dataclasses import replace
from math import cos, exp, log, log1p, pi
from pathlib import Path

import numpy as np
import torch
from torch import nn

from aimsssl import augment, evaluation, explorers, figures, losses, models, profile, training
from aimsssl.datasets import load
from aimsssl.exercises import lesson04 as lesson

p = profile.current()
print(p)
print(profile.lesson_estimate("04"))

# %% [markdown]
# A **profile** sets how large everything is: `ci` for tests, `cpu` for a laptop, `gpu` for a graphics card. The line
# above says which one you have, and why. To choose another, set the variable `AIMSSSL_PROFILE` before you start
# Jupyter.
#
# Now the images. `shapes` is made by a formula, so it is always there. You can write another name: `"cifar10"`,
# `"mnist"`, or `"folder:PATH"` for your own images, with one subfolder for each class. Then run everything again.

# %%
DATA = "shapes"

train = load(DATA, "train", limit=p.train_images)
test = load(DATA, "test", limit=p.test_images)
p = p.fitted(len(train))  # smaller batches where images are few
config = training.SimCLRConfig.for_profile(p, crop_scale=(0.4, 1.0))
print(train, test, sep="\n")

# %% [markdown]
# The training will never see the labels. We use them in two places only: to *measure* what was learned, and to train
# the supervised network that we compare with.
#
# ## 1 · The plan in one picture
#
# What can a network learn from images alone? SimCLR's answer: *which two pictures come from the same image*.

# %%
torch.manual_seed(0)
encoder = models.resnet18(config.stem, config.width, in_channels=train.images.shape[1])
explorers.show(figures.simclr_plan(encoder.feature_dim, config.d_out, config.batch_size))

# %% [markdown]
# Read it from left to right.
# - A **view** is a copy of the image, changed at random: another crop, other colours. Each image gives two.
# - The **encoder** *f* turns a view into numbers. We call them *h*, the **representation**. This is what we want.
# - The **projection head** *g* is a small network that turns *h* into *z*. It is there for the training only.
# - The **loss** NT-Xent asks, for each *z*: which of the others comes from the same image?
#
# To answer, the encoder must find what two views have in common. That is the content of the image, we hope.
#
# **Before you go on**: two views of one image have different crops and colours. What *could* they still share that is
# not the content? Look for it below.

# %%
torch.manual_seed(0)
size = train.images.shape[-1]
views = augment.TwoViews(size, config.crop_scale, config.jitter, config.grayscale, config.blur, config.flip)

few = train.sample(min(8, len(train)))
view1, view2 = views(few.images)  # each float [8, C, H, W]
names = [few.classes[label] for label in few.labels]
explorers.show(figures.two_views(few.images.numpy(), view1.numpy(), view2.numpy(), names))

# %% [markdown]
# The two views of a column look different in their pixels. You still see at once that they belong together. How did you
# know? Whatever you used, the network can use too. Lesson 02 shows what happens when colour alone gives the answer
# away.
#
# **A setting that fits the data.** A crop takes between 40 % and 100 % of the picture: `crop_scale=(0.4, 1.0)`. The
# paper allows much smaller ones, down to 8 % (its Appendix A), for photographs in which the object is large. In `shapes`
# the figure is small. A crop of a fifth often misses it, and then the two views share only the ground: the network
# learns about grounds. Try it: write 0.2 in place of 0.4 where `config` is made, run both cells again, and count the
# views without a figure. Then put 0.4 back.
#
# ## 2 · The encoder and its head
#
# The encoder is a **ResNet-18** (He et al. 2015): 17 convolutions in a row, with shortcuts around every two of them.
# The original was made for pictures of 224 pixels. Our *stem*, the first layer, is made for small ones.

# %%
x = view1
print(f"{'views':<10}{tuple(x.shape)}")
with torch.no_grad():
    x = encoder.maxpool(encoder.relu(encoder.bn1(encoder.conv1(x))))
    print(f"{'stem':<10}{tuple(x.shape)}")
    for name in ("layer1", "layer2", "layer3", "layer4"):
        x = getattr(encoder, name)(x)
        print(f"{name:<10}{tuple(x.shape)}")
    print(f"{'h':<10}{tuple(x.mean(dim=(2, 3)).shape)}   the mean over all places")
print(f"{sum(w.numel() for w in encoder.parameters()):,} weights")

# %% [markdown]
# From layer to layer there are fewer places and more channels. At the end we take the mean over all places, so *h*
# knows *what* is there better than *where* it is.
#
# The head is yours to build. It has two linear layers and a ReLU between them (SimCLR, §4.2):
#
# $$z = W_2\,\mathrm{ReLU}(W_1 h)$$
#
# ### Exercise 1 · the projection head ●○○ (5 minutes)


# %%
def projection_head(d_in, d_hidden, d_out):
    """The head g, an nn.Module that maps h [B, d_in] to z [B, d_out].

    Two linear layers (with biases), the one in the middle d_hidden wide, and one ReLU between them.
    """
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
# NT-Xent is short for *normalised temperature-scaled cross-entropy*. For view *i* and its partner *j*:
#
# $$L_i = -\log \frac{\exp(\mathrm{sim}(z_i, z_j)/\tau)}{\sum_{k \neq i} \exp(\mathrm{sim}(z_i, z_k)/\tau)}$$
#
# sim is the cosine of the angle between two vectors. τ is the **temperature**: the smaller it is, the more the closest
# wrong candidates count. Lesson 03 takes this formula apart. Here we need two numbers of it.
# - **Chance**: who guesses among 2N−1 candidates pays log(2N−1).
# - **Floor**: even the best arrangement of the *z* pays something. Partners lie on one point, and all other points are
#   as far away as N of them can be: a cosine of −1/(N−1).

# %%
n, tau = config.batch_size, config.temperature
chance = log(2 * n - 1)
floor = log1p((2 * n - 2) * exp((-1 / (n - 1) - 1) / tau))
print(f"N = {n} images, τ = {tau}: chance {chance:.2f}, floor {floor:.2f}")

# %% [markdown]
# **Predict**: the network has learned nothing yet. Are the similarities of its *z* near 0, near 1, or near −1? And are
# partners already more similar than strangers?

# %%
unit = nn.functional.normalize(z.detach().cpu(), dim=1)  # [2N, D], here N = 8
partner = np.roll(np.arange(len(unit)), len(few))  # of view i: i + N, and back
explorers.show(figures.similarity_matrix((unit @ unit.T).numpy(), partner))

# %% [markdown]
# Row *i* has the candidates of view *i*; the framed one is right. With random weights and *this* head nearly everything is
# similar to nearly everything: all *z* point in about the same direction. Training has to push them apart and keep the
# partners together. (The head that trains in section 6 starts otherwise, and you will see why.)
#
# ## 4 · LARS: a step for each layer
#
# The paper trains with batches of thousands, and LARS is what made that possible. Our own run in section 6 has small
# batches and will take another optimiser, but half of the runs that you read about took this one, and a wrong rate for it
# is one of the faults of section 13.
#
# Large batches want large learning rates. But one rate does not suit every layer: what is small for one layer throws
# the next one over. **LARS** (You et al. 2017) looks at each layer by itself. With weights *w* and gradient *g*:
#
# $$d = g + \lambda w, \qquad \text{trust} = \eta\,\frac{\lVert w \rVert}{\lVert d \rVert}, \qquad
# v \leftarrow m\,v + \mathrm{lr}\cdot\text{trust}\cdot d, \qquad w \leftarrow w - v$$
#
# λ is the weight decay, *m* the momentum, *v* the velocity, η the trust coefficient. Without momentum, a layer moves by
# lr · η of its own length, however large its gradient is. Where ‖w‖ or ‖d‖ is 0, there is nothing to compare, and trust
# is 1.
#
# **Predict**: how different are the gradients of the layers? Is the largest ‖w‖/‖d‖ twice the smallest, ten times, a
# hundred times?

# %%
batch = train.images[: config.batch_size]


def loss_of(model, batch):
    """NT-Xent of two fresh views of a batch."""
    _, z = model(torch.cat(views(batch)).to(p.device))
    return losses.nt_xent(*z.chunk(2), config.temperature)


loss = loss_of(model, batch)
loss.backward()
print(f"loss before training: {loss.item():.2f} (chance {chance:.2f})")


def ratios_of(model):
    """‖w‖ / ‖d‖ of each layer, by name, from the gradients that a backward pass has left; removes them."""
    layers = {name.removesuffix(".weight"): w for name, w in model.named_parameters() if w.ndim > 1}
    ratios = {name: (w.norm() / (w.grad + 1e-6 * w).norm()).item() for name, w in layers.items()}
    model.zero_grad()
    return ratios


ratios = ratios_of(model)
explorers.show(figures.trust_ratios(list(ratios), np.array(list(ratios.values()))))

# %%
print(f"largest / smallest: {max(ratios.values()) / min(ratios.values()):.0f}")

# %% [markdown]
# That factor is what a single learning rate would have to bridge: here, for random weights with your head. LARS takes it
# away. (Section 11 looks at the network of the run, whose head is another, before and after its training.) Biases and
# batch-norm parameters are left out: they get plain SGD, without weight decay.
#
# ### Exercise 2 · one step of LARS ●●○ (15 minutes)


# %%
def lars_step(w, g, velocity, lr, momentum, weight_decay, trust_coefficient):
    """One step of LARS for one layer; nothing that comes in is changed.

    w, g, velocity: tensors of one shape, the weights, their gradient, the velocity so far.
    Returns (new_w, new_velocity). trust is 1 where the norm of w or of d is 0.
    """
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


# %%
def warmup_cosine(step, total_steps, warmup_steps, peak):
    """Learning rate of a step, a float. Steps count from 0; warmup_steps may be 0, then there is no warmup."""
    ### BEGIN SOLUTION
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return peak * 0.5 * (1 + cos(pi * progress))
    ### END SOLUTION


# %%
warmup_cosine = lesson.warmup_cosine.check(warmup_cosine)

# %%
# lesson.warmup_cosine.hint()

# %%
per_epoch = len(training.monitor_split(train, config)[0]) // config.batch_size  # steps in an epoch
total, warmup = config.epochs * per_epoch, int(config.warmup_epochs * per_epoch)
rates = [warmup_cosine(step, total, warmup, config.learning_rate) for step in range(total)]
explorers.show(figures.learning_rate_schedule(rates, warmup, per_epoch))

# %% [markdown]
# This is the schedule of the run below.
#
# ### Your three parts, at work
#
# Before the package takes over, here is SimCLR in twenty lines, with *your* head, *your* LARS and *your* schedule (or
# the package's, where you saw a FALLBACK). One batch, a few steps, new views in each step.

# %%
STEPS, PEAK = 20, 1.0
velocity = {w: torch.zeros_like(w) for w in model.parameters()}
trace = []
for step in range(STEPS):
    lr = warmup_cosine(step, STEPS, STEPS // 5, PEAK)
    loss = loss_of(model, batch)
    loss.backward()
    with torch.no_grad():
        for w in model.parameters():
            if w.ndim > 1:
                new_w, velocity[w] = lars_step(w.detach(), w.grad, velocity[w], lr, 0.9, 1e-6, 1e-3)
                w.copy_(new_w)
            else:  # a bias or a norm: plain SGD
                w.sub_(0.1 * lr * w.grad)
    model.zero_grad()
    trace.append(loss.item())
print(f"loss {trace[0]:.2f} → {np.mean(trace[-3:]):.2f} (mean of the last 3 steps), chance {chance:.2f}")

# %% [markdown]
# The loss begins near chance and goes down. If it does, your parts fit together. A few steps on one batch teach little
# about images, though. For that we need many batches.
#
# ## 6 · The training, live
#
# `train_simclr` does the same with all the images, and adds what makes it fast and safe. On small batches, another
# optimiser may do better than LARS; the next cell prints which one our run takes. LARS was made for batches of
# thousands: the paper trains with 4096 images in a batch (arXiv:2002.05709, §2.2).
#
# How do we see that something is learned? The loss alone cannot tell: a network can answer the riddle of the two views
# by a trick. So after each epoch we ask **kNN**, *k nearest neighbours*: take a labelled image, find the k images whose
# *h* is most similar, let them vote on its class. How often is the vote right? These images are held out from the
# training split. The test images stay untouched until the end.
#
# The curve stands beside two baselines. **Raw pixels**: the same vote, with the pixels themselves in place of *h*.
# **Random weights**: the same encoder before training, just as the training finds it. (So its batch norm has counted
# nothing yet: mean 0, variance 1. Lesson 06 measures the other ways, which are weaker. We take the stronger baseline.)
# Whoever does not beat these two has learned nothing of use.


# %%
def pixels(images):
    """The image itself as a representation: [N, C·H·W]."""
    return images.flatten(1).float()


rest, bank, held_out = training.monitor_split(train, config)  # as the training will split
raw = evaluation.knn_accuracy(pixels(bank.images), bank.labels, pixels(held_out.images), held_out.labels)
guess = 1 / len(train.classes)
print(f"kNN on raw pixels {raw:.2f} with {len(bank):,} keys, guessing among {len(train.classes)} classes {guess:.2f}")

# %% [markdown]
# ### The head of this run
#
# One part differs from yours: behind each linear layer of the head stands a **batch norm**. The text of the paper does
# not mention it, its code has it. It takes, over the batch, the mean out of every number of *z*. So the *z* cannot all
# point in the same direction, not even with random weights. When the settings of this lesson were compared, on held-out
# images, it was one of the largest differences.

# %%
torch.manual_seed(0)
untrained = training.build_simclr(config, train.images.shape[1])  # random weights, the same encoder for both heads
own = projection_head(untrained.encoder.feature_dim, config.d_hidden, config.d_out)
print(untrained.head)
two_views, rows = views(batch), {}
for name, head in (("your head", own), ("the head of this run", untrained.head)):
    network, row = models.SimCLR(copy.deepcopy(untrained.encoder), copy.deepcopy(head)).to(p.device).train(), {}
    for case, pair in (("two views", two_views), ("identical views", two_views[:1] * 2)):
        with torch.no_grad():
            z = nn.functional.normalize(network(torch.cat(pair).to(p.device))[1], dim=1).cpu()  # [2N, D]
        mean = ((z @ z.T).sum() - len(z)) / (len(z) * (len(z) - 1))
        row |= {f"cosine, {case}": mean.item(), f"loss, {case}": losses.nt_xent(*z.chunk(2), config.temperature).item()}
    rows[name] = row
explorers.table(
    rows, f"random weights, one batch: mean cosine of all views; loss, chance {chance:.2f}, floor {floor:.2f}", 2
)

# %% [markdown]
# The cosines show what the batch norm does. And look at the last column: if both views are the same picture, the network
# of this run has a loss far below chance before it has learned *anything*. Remember that when a low loss is offered to
# you as proof of learning; section 13 comes back to it.
#
# **Predict**, and write it down: where will kNN end? And will it rise all the time, or in steps?

# %%
E = config.epochs
config = replace(config, snapshot_epochs=tuple(sorted({0, 1, E // 8, E // 4, E // 2, E})))
probe_images = test.sample(min(500, max(32, len(test) // 2), len(test)))  # the same images, looked at in several epochs
run_dir = Path("runs") / f"04_simclr_{p.name}_{re.sub(r'[^A-Za-z0-9]+', '_', DATA)}"

print(f"{config.optimizer}, peak rate {config.learning_rate}, batch {config.batch_size}, {E} epochs → {run_dir}")
curve = explorers.LiveCurve({"chance": chance, "floor": floor}, {"raw pixels": raw, "guessing": guess})
run = training.train_simclr(train, config, run_dir, probe=probe_images.images, progress=curve)

# %%
seconds = run.last("seconds")
print(f"kNN {run.history[0]['knn_accuracy']:.2f} → {run.last('knn_accuracy'):.2f}, loss {run.last('loss'):.2f}")
print(f"{seconds:.0f} s of training, {E * per_epoch * config.batch_size / seconds:.0f} pairs of views a second")

# %% [markdown]
# Compare with what you wrote down. Did kNN *fall* in the first epoch? Then nothing is broken: batch norm has seen its first
# images and counts mean and variance now, and much of what the untouched random weights were good for goes with that.
# After it the climb begins. The loss falls fast at first, while kNN may still wait. Later the loss hardly moves, and kNN
# goes on rising. The loss says how well the riddle is solved; kNN says what solving it was good for.
#
# **You can stop and go on.** The run is a folder. Interrupt the cell (■), close the laptop, come back: run it again,
# and it goes on from its last checkpoint. When the run is finished, the cell reads it and trains nothing. If you change
# a setting, the package will not mix two runs in one folder: it says which setting differs. Write another `run_dir`,
# and compare.
#
# ## 7 · What is it worth?
#
# Now the test images, for the first time; nothing is chosen by them, here or later. Two questions to each
# representation, which stays **frozen** (its weights do not change):
# - **kNN**, as before, but now *all* the training images are keys. In the curve there were fewer, to save time. More keys,
#   nearer neighbours: all numbers are higher, those of raw pixels too. So compare within this table only;
# - the **linear probe**: train a linear classifier on the representation, with labels, and test it.
#
# Four representations answer. The fourth is the **supervised** one: the same encoder, trained *with* all the labels for
# a quarter of the epochs. It says how much better we could hope to be.

# %%
labelled = training.SupervisedConfig(
    stem=config.stem,
    width=config.width,
    epochs=max(1, E // 4),
    batch_size=config.batch_size,
    device=config.device,
    precision=config.precision,
    compile=config.compile,
    held_out=0,
    monitor_every=0,
)
supervised_dir = run_dir.with_name(run_dir.name.replace("simclr", "supervised"))
supervised = training.train_supervised(train, labelled, supervised_dir, progress=None)

encoders = {
    "random weights": training.random_encoder(run).to(p.device),
    "SimCLR, h": run.model.encoder,
    "supervised": supervised.model.encoder,
}
features = {"raw pixels": (pixels(train.images), pixels(test.images))}
for name, f in encoders.items():
    features[name] = models.extract(f, train.images), models.extract(f, test.images)
scores = evaluation.score_representations(features, train.labels, test.labels)
print(f"kNN with {len(train):,} keys:")
print(evaluation.format_table(scores, len(train.classes)))

# %%
bars = {s.name: {"kNN": s.knn, "linear probe": s.probe} for s in scores}
explorers.show(figures.accuracy_bars(bars, {"kNN": guess, "linear probe": guess}))

# %%
probe = {s.name: s.probe for s in scores}
gain, gap = probe["SimCLR, h"] - probe["random weights"], probe["supervised"] - probe["SimCLR, h"]
print(f"linear probe: SimCLR is {gain:+.2f} from random weights; supervised is {gap:+.2f} from SimCLR")

# %% [markdown]
# Look at the first two bars before the third. **Raw pixels and random weights are baselines that matter.** On an easy
# data set they are high, and then a good number for SimCLR says little. Set `DATA = "digits"` or `"mnist"` and see. A
# paper that shows only its own bar has not shown that it learned anything.
#
# One more caution. This is one run, with one seed. A difference of a few hundredths may be luck; lesson 06 repeats such
# comparisons with three seeds and an interval.
#
# ## 8 · Through the training
#
# What happens *inside* while the curve rises? During the run we kept *h* of the same images at several epochs.
#
# **t-SNE** draws them: each image becomes a point, and images whose *h* are close become points that are close. Only
# the near neighbourhood can be trusted. The distance between two far groups means nothing, and neither does the size of
# a group. Each map starts from the one before, so you can follow a group from map to map.
#
# **Predict**: at epoch 0 the weights are random. Will the map have groups? Of what: shape, colour, brightness?

# %%
labels = probe_images.labels.numpy()
maps = explorers.lesson04.maps(run)  # {epoch: points [P, 2]}, kept in the run's folder
explorers.show(figures.tsne_panels(maps, labels, probe_images.classes))

# %% [markdown]
# The classes come apart little by little, and not all at the same time. Which come first? Which are still mixed at the
# end?
#
# Here are the ten nearest neighbours of one image, epoch by epoch. A blue frame means: the same class.

# %%
IMAGE = 0
found = explorers.lesson04.neighbours_of(run, IMAGE)
pictures = probe_images.images.numpy()
explorers.show(figures.neighbours_by_epoch(pictures, IMAGE, found, labels, probe_images.classes))

# %% [markdown]
# In the first row, look at what the neighbours share. Often it is the colour of the ground or the brightness. In the
# last row it should be something else.
#
# Now choose for yourself. Each control is a list or a number box with a slider beside it; Tab and the arrow keys move
# them. The ringed points on the map are the ten neighbours on the right. Find an image whose neighbours are wrong *at
# the end*, and ask why.

# %%
explorers.lesson04.through_training(run, probe_images, image=IMAGE)

# %% [markdown]
# The ten neighbours are found in *h*, which has many dimensions. Some lie far away on the map. That is t-SNE's fault,
# not the encoder's: two dimensions have no room for all neighbourhoods.
#
# ### The same, in a longer run
#
# Your run had to be short. Here is a recorded one of 98 epochs on `shapes`, made with the command `aimsssl train
# simclr`. Its settings and its history lie in `data/recorded_runs/long`. Look at the epochs: 1, 21, 51 and 91 for the
# map, 1, 21, 55 and 98 for the neighbours. They are those of the slides that this course grew from. Section 13 comes
# back to them.
#
# **Predict**: between which two of the epochs 1, 21, 51 and 91 does the map change most?

# %%
LONG_IMAGES = min(500, p.test_images // 2)  # 500, or fewer under the profile ci
long = explorers.recorded_run("long", images=LONG_IMAGES)
long_probe = load("shapes", "test").sample(500)[:LONG_IMAGES]  # the images whose h was kept
long_labels = long_probe.labels.numpy()

long_maps = explorers.lesson04.maps(long, cache=run_dir / "tsne_long.npz")
chosen = {epoch: long_maps[epoch] for epoch in (1, 21, 51, 91)}
explorers.show(figures.tsne_panels(chosen, long_labels, long_probe.classes))

# %%
long_knn = dict(zip(*long.column("knn_accuracy"), strict=True))
print("kNN on held-out images: " + ", ".join(f"epoch {e}: {long_knn[e]:.2f}" for e in (0, 1, 21, 51, 91, 98)))

# %% [markdown]
# The last map has two halves, and every class is in both. Nobody asked for that. **Predict**: what is different between
# the left and the right? `shapes` remembers how each image was made, so we can test a guess.

# %%
factors = {name: values.float().numpy() for name, values in long_probe.factors.items()}
halves = long_maps[98][:, 0] > long_maps[98][:, 0].mean()
together = {name: abs(np.corrcoef(halves, values)[0, 1]) for name, values in factors.items()}
print("correlation with the half: " + ", ".join(f"{name} {r:.2f}" for name, r in together.items()))

# %% [markdown]
# It is `lighter`: whether the figure is lighter or darker than its ground. Two views of an image always agree in it: the
# jitter may make the whole picture darker, but it does not turn light into dark. So it helps to find the partner, and the
# network keeps it. **A representation keeps what the views have in common**, asked for or not. Lesson 02 is about that.
#
# Compare the steps of kNN with the steps of the map. The same number of epochs does not do the same work early and late.
# A map that stands still *late*, after it has found its groups, is no bad sign. A map that stands still from the first
# epoch on is.

# %%
found = explorers.lesson04.neighbours_of(long, IMAGE)
found = {epoch: found[epoch] for epoch in (1, 21, 55, 98)}
explorers.show(figures.neighbours_by_epoch(long_probe.images.numpy(), IMAGE, found, long_labels, long_probe.classes))

# %%
explorers.lesson04.through_training(long, long_probe, image=IMAGE, points=long_maps)

# %% [markdown]
# ## 9 · *h* or *z*?
#
# The loss is applied to *z*. Then why do we keep *h*? Ask both, with the same questions, and add one: **by how much was
# this image turned?** We turn each image by 0, 90, 180 or 270 degrees, and a linear probe has to say which.
#
# **Predict**: which is better for the class, *h* or *z*? And for the rotation?


# %%
def h_and_z(images):
    """Both representations of uint8 images [N, C, H, W]."""
    h = models.extract(run.model.encoder, images)
    with torch.no_grad():
        return h, run.model.head(h.to(p.device)).float().cpu()


def turned(images):
    """Each image in four rotations, and which one it is: [4N, C, H, W] and [4N]."""
    rotated = torch.cat([images.rot90(k, dims=(2, 3)) for k in range(4)])
    return rotated, torch.arange(4).repeat_interleave(len(images))


def scores_of(train_images, train_answers, test_images, test_answers):
    """What h and z know of an answer."""
    (h, z), (h_test, z_test) = h_and_z(train_images), h_and_z(test_images)
    return evaluation.score_representations({"h": (h, h_test), "z": (z, z_test)}, train_answers, test_answers)


by_class = scores_of(train.images, train.labels, test.images, test.labels)
by_rotation = scores_of(*turned(train.images[:1000]), *turned(test.images[:500]))
both = {
    c.name: {"class, kNN": c.knn, "class, linear probe": c.probe, "rotation, linear probe": r.probe}
    for c, r in zip(by_class, by_rotation, strict=True)
}
levels = {"class, kNN": guess, "class, linear probe": guess, "rotation, linear probe": 1 / 4}
explorers.show(figures.accuracy_bars(both, levels))

# %% [markdown]
# Which bar is higher in your run, and by how much? The paper found *h* better than *z* by more than ten points on
# ImageNet (§4.2), and for the rotation 67.6 % from *h* against 25.6 % from *z*, with chance at 25 % (Table 3).
#
# The reason it gives: the loss rewards *z* for **forgetting** everything that differs between two views. If that were
# forgotten in *h* too, it would be gone. The head does the forgetting, so that *h* can keep what other tasks may need.
# How much is kept depends on the data, the size of the head and the length of the training. Your figure may be less
# clear than the paper's.
#
# ### No head, a linear head, an MLP
#
# If the head protects *h*, what happens without one? And is one linear layer enough? One run cannot answer: the
# difference may be luck. So here is a recorded experiment on `shapes`: three heads, {{ heads.epochs }} epochs, three
# **seeds** each. A seed sets the first weights, the order of the images and the views. In the figure each point is one
# seed. The pale bar is the **95 % interval** of the mean: a range made so that it holds the true mean in 95 of 100 such
# experiments. With three seeds it is wide, and that is honest.
#
# **Predict**: order the three heads by the linear probe of *h*. Then by the linear probe of *z*. (Without a head, *z* is
# *h*.)

# %%
record = explorers.recorded("heads")
measures = {"kNN, h": "knn", "linear probe, h": "probe", "linear probe, z": "probe_z"}
values = {head: {name: setting[key] for name, key in measures.items()} for head, setting in record["settings"].items()}
levels = {
    name: {
        "random weights": record["random weights"][f"{key}_mean"],
        "raw pixels": record["raw pixels"][key],
        "chance": record["chance"],
    }
    for name, key in list(measures.items())[:2]
}
levels["linear probe, z"] = {"chance": record["chance"]}
explorers.show(figures.seed_points(values, levels))

# %%
for name in measures:
    best, *others = sorted(values, key=lambda head: -np.mean(values[head][name]))
    apart = min(values[best][name]) > max(value for other in others for value in values[other][name])
    print(f"{name}: best with head {best!r}; {'all' if apart else 'not all'} of its seeds lie above all others")

# %% [markdown]
# The last cell says what this experiment can tell. Where not all seeds of the best head lie above the others, three
# seeds are too few to order them. On ImageNet, with ResNet-50, the paper found for *h*: the MLP about 3 points above the
# linear head, and more than 10 above no head (§4.2).
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
record = explorers.recorded("batch_size")
ours = {}
for name, setting in record["settings"].items():
    size, length = (int(number) for number in re.findall(r"\d+", name))  # "batch 32, 6 epochs"
    ours.setdefault(length, {})[size] = setting["probe"]

# SimCLR, arXiv:2002.05709, Table B.1, linear scaling of the rate (the numbers of its Figure 9): ImageNet, ResNet-50, %
BATCHES = (256, 512, 1024, 2048, 4096, 8192)
PAPER = {
    100: (57.5, 60.7, 62.8, 64.0, 64.6, 64.8),
    200: (61.9, 64.0, 65.3, 66.1, 66.5, 66.6),
    400: (64.7, 66.2, 67.2, 68.1, 68.2, 67.8),
    800: (66.6, 67.8, 68.5, 68.9, 68.9, 69.0),
}
paper = {epochs: {n: [x / 100] for n, x in zip(BATCHES, row, strict=True)} for epochs, row in PAPER.items()}
panels = {"ours: shapes, linear probe": ours, "the paper: ImageNet, linear probe": paper}
explorers.show(figures.accuracy_by_batch_size(panels))

# %%
for length, by_batch in ours.items():
    means = {size: np.mean(seeds) for size, seeds in by_batch.items()}
    best = max(means, key=means.get)
    told, spread = ", ".join(f"batch {n}: {mean:.3f}" for n, mean in means.items()), np.ptp(list(means.values()))
    print(f"{length} epochs: {told}; best {best}, {spread:.3f} between best and worst")
print(f"random weights {record['random weights']['probe_mean']:.3f}, raw pixels {record['raw pixels']['probe']:.3f}")

# %% [markdown]
# On the right, the paper's own numbers. At 100 epochs the batch matters: 7.3 points lie between 256 and 8192. At
# 800 epochs 2.4 points are left. The paper says it in words, too: when the training is short, large batches are
# clearly better; in longer trainings the gap shrinks or goes away (§5.2). And with another rule for the learning rate,
# the square root of the batch size, the small batch of 256 comes to 62.8 in place of 57.5 at 100 epochs (Table B.1, right
# of the slash). So a part of the gap was the rate's, not the batch's.
#
# On the left, ours, and it is the other way round: the largest batch comes last, in both trainings. Count the steps. In
# the same number of epochs, batch 512 takes a sixteenth of the steps of batch 32. With so few images, *steps* are what
# is missing, not negatives. (Between 32 and 128 three seeds do not decide; see how the points overlap.) So "a larger
# batch is better" is a sentence about large data and long training. Keep that for section 13.
#
# ## 11 · LARS, after the training
#
# In section 4 the layers' ratios ‖w‖/‖d‖ lay far apart, for random weights with your head. Here is the network of the run,
# with batch norm in its head: before its training, and after it. (So its first factor is another than that of section 4.)
#
# **Predict**: after training, does the factor between the largest and the smallest ratio grow or shrink? And do all
# ratios move to the same side?

# %%
moments = {"before training": training.build_simclr(config, train.images.shape[1]), "trained": copy.deepcopy(run.model)}
through_time = {}
for moment, network in moments.items():  # copies: a forward pass in training mode changes batch norm's statistics
    torch.manual_seed(0)  # the same views for both
    loss_of(network.to(p.device).train(), batch).backward()
    through_time[moment] = ratios_of(network)
names = list(through_time["trained"])
explorers.show(figures.trust_ratio_change(names, {m: np.array(list(r.values())) for m, r in through_time.items()}))

# %%
for moment, ratios in through_time.items():
    low, high = min(ratios.values()), max(ratios.values())
    print(f"{moment}: {low:.3g} to {high:.3g}, a factor of {high / low:.0f}")
change = [through_time["trained"][name] / through_time["before training"][name] for name in names]
print(f"from random to trained, a layer's ratio changes by a factor between {min(change):.2g} and {max(change):.2g}")

# %% [markdown]
# A rate that suits a layer at the start does not have to suit it at the end. LARS measures the ratio anew in each step
# and for each layer. AdamW, the optimiser of our run, has another way to one scale: it divides
# each weight's step by the usual size of that weight's own gradient.
#
# ## 12 · Few labels: fine-tuning
#
# You have many images and few labels. So far the encoder stayed frozen. **Fine-tuning** lets *all* of its weights go on
# training, together with a new linear classifier, on the few labelled images. The encoder starts from SimCLR's weights,
# or from random ones: then it is plain supervised training on few images.
#
# 1 % and 5 % of the labels, the same number from each class. We draw the labelled images three times, since with so few
# the draw matters. The number of epochs is fixed before: as many as SimCLR had, and half as many for 5 %. (The paper has
# 60 for 1 % and 30 for 10 %, see B.5.) The views are cropped and flipped only: now colour may tell the class.
#
# **Predict**: with 1 % of the labels, which is better: the frozen encoder with a linear probe, or fine-tuning? And with
# 5 %? Where does the random start come out?

# %%
tuned = {"random weights, fine-tuned": encoders["random weights"], "SimCLR, fine-tuned": run.model.encoder}
frozen = {"raw pixels, linear probe": "raw pixels", "random weights, linear probe": "random weights"}
frozen["SimCLR, linear probe"] = "SimCLR, h"
by_labels = {name: {} for name in [*frozen, *tuned]}
least = 4 * len(train.classes)  # on a small set of images, 1 % would not be one of each class
for count, epochs in ((max(len(train) // 100, least), E), (max(len(train) // 20, 2 * least), max(1, E // 2))):
    for draw in range(3):
        index = train.sample(min(count, len(train)), seed=draw)  # balanced over the classes
        for name, start in tuned.items():
            result = evaluation.finetune(
                start, index.images, index.labels, test.images, test.labels, epochs=epochs, seed=draw
            )
            by_labels[name].setdefault(count, []).append(result.accuracy)
        for name, key in frozen.items():
            h = pixels(index.images) if key == "raw pixels" else models.extract(encoders[key], index.images)
            result = evaluation.linear_probe(h, index.labels, features[key][1], test.labels)
            by_labels[name].setdefault(count, []).append(result.accuracy)
explorers.show(figures.label_efficiency(by_labels, {"supervised, all labels": probe["supervised"], "chance": guess}))

# %%
for count in next(iter(by_labels.values())):
    means = {name: np.mean(scores[count]) for name, scores in by_labels.items()}
    best = max(means, key=means.get)
    gain = means["SimCLR, fine-tuned"] - means["random weights, fine-tuned"]
    print(f"{count} labels: best {best!r} ({means[best]:.2f}); SimCLR's start is worth {gain:+.2f} in fine-tuning")

# %% [markdown]
# The distance between the two fine-tuned lines is what the images *without* labels were worth. On ImageNet, with 1 % of
# the labels, ResNet-50 came to 25.4 % with labels alone, and to 48.3 % when it started from SimCLR (Table B.4).
#
# Fine-tuning is not always the better choice. It has many weights to spoil, and few images to learn from. The probe is
# quicker, and it cannot forget. Look at where your two SimCLR lines cross, or whether they do.
#
# One thing is unfair here, and it should be said: both starts got the same number of epochs and the same rate. A random
# start would like more of both.
#
# ## 13 · A run that did not learn
#
# A true story. In June 2024 a group of students at AIMS-Senegal presented their own SimCLR: batch size 128, and at the
# end a t-SNE map that had hardly moved since the first epoch. Their slides note "possible saturation", and they name a
# cause: **the batch size**. The paper trains with thousands of images in a batch, so the guess is a good one.
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
# All runs here have batch size {{ postmortem.healthy.batch_size }}, except where we change it. First the patient: all
# four settings at once.

# %%
record = explorers.recorded("postmortem")
settings, healthy = record["settings"], record["healthy"]
random_knn, raw_knn = record["random weights"]["knn_mean"], record["raw pixels"]["knn"]
N, tau = healthy["batch_size"], healthy["temperature"]
sick_floor = log1p((2 * N - 2) * exp((-1 / (N - 1) - 1) / tau))


def history_of(setting):
    """The mean over the seeds, as a run's history has it: kNN was measured before and after."""
    losses = np.mean(settings[setting]["loss"], axis=0)  # [epochs]
    rows = [dict(epoch=0, loss=None, knn_accuracy=random_knn)]
    rows += [dict(epoch=e, loss=x, knn_accuracy=None) for e, x in enumerate(losses, start=1)]
    rows[-1]["knn_accuracy"] = settings[setting]["knn_mean"]
    return rows


levels = {"chance": settings["all four"]["chance_loss"], "floor": sick_floor}
baselines = {"raw pixels": raw_knn, "random weights": random_knn}
patient = history_of("all four")
explorers.show(figures.training_curve(patient, record["epochs"], levels, baselines, measured_on="test images"))

# %% [markdown]
# At the end kNN is at {{ postmortem.settings.all_four.knn_mean:.2f }}. Random weights have
# {{ postmortem.random_weights.knn_mean:.2f }}. Whatever this loss is doing, it is not what we train for.
#
# ### Your turn: one setting at a time
#
# The rule of the game: start from the healthy run and change **one** thing. If kNN falls, that thing does harm.
#
# **Predict**, and write it down. Put the four settings in an order, from the most harmful to the least. For each: will
# the *loss* be higher or lower than in the healthy run?
#
# Try one of them live, on our own images. Choose another `FAULT` and run the cell again.

# %%
FAULTS = {
    "both views identical": dict(identical_views=True),
    "crop and flip only": dict(jitter=0.0, grayscale=0.0),
    "LARS at rate 0.001": dict(optimizer="lars", learning_rate=0.001, weight_decay=1e-6),
    "stem for 224 pixels": dict(stem="imagenet"),
}
FAULT = "both views identical"

sick_config = replace(config, epochs=max(2, E // 8), snapshot_epochs=(), **FAULTS[FAULT])
sick_dir = run_dir.with_name(f"{run_dir.name.replace('simclr', 'sick')}_{re.sub(r'[^A-Za-z0-9]+', '_', FAULT)}")
print(f"{FAULT}: {sick_config.epochs} epochs of batch {sick_config.batch_size}")
curve = explorers.LiveCurve({"chance": chance, "floor": floor}, {"raw pixels": raw, "guessing": guess})
sick = training.train_simclr(train, sick_config, sick_dir, progress=curve)

# %%
after = sick_config.epochs
rows = {"healthy": run.history[after], FAULT: sick.history[after]}
for name, row in rows.items():
    print(f"{name:<22} epoch {after}: loss {row['loss']:.2f}, kNN {row['knn_accuracy']:.2f}")

# %% [markdown]
# (The healthy run has a longer schedule, so its learning rate is still high here. Compare the shapes of the curves, not
# the last digit.)
#
# With identical views the riddle has no question in it. "Which picture is the same as this one?" can be answered with
# any numbers that differ from image to image; random weights with a batch norm in the head do much of it, as section 6
# showed. The loss falls to its floor, and there is nothing left to learn.
#
# ### The record: four settings, three seeds
#
# Now all of them. The lines are the baselines: a run at the line of random weights has learned nothing that kNN can see.

# %%
values = {name: {"kNN accuracy of h": setting["knn"]} for name, setting in settings.items()}
lines = {"random weights": random_knn, "raw pixels": raw_knn, "chance": record["chance"]}
explorers.show(figures.seed_points(values, {"kNN accuracy of h": lines}))

# %% [markdown]
# Is a difference more than luck? We take the difference of two means and its 95 % interval. If the interval holds 0, the
# record shows no clear effect.


# %%
seeds_of = {name: np.array(setting["knn"]) for name, setting in settings.items()}
seeds_of["random weights"] = np.array(record["random weights"]["knn"])


def difference(one, other):
    """Difference of two mean kNN accuracies and its 95 % interval, with half the width of it."""
    change = evaluation.seed_difference(seeds_of[one], seeds_of[other])
    return change, f"{change.value:+.3f} ± {change.high - change.value:.3f}"


print(f"{'compared with healthy':<24}{'kNN accuracy':>16}   loss (chance)")
verdicts = {}
for name, setting in settings.items():
    change, text = difference(name, "healthy")
    verdicts[name] = "harm" if change.high < 0 else "gain" if change.low > 0 else "no clear effect"
    knn = text if name != "healthy" else f"{seeds_of[name].mean():.3f}"
    last = np.mean([losses[-1] for losses in setting["loss"]])
    print(f"{name:<24}{knn:>16}   {last:4.2f} ({setting['chance_loss']:.2f})   {verdicts[name] * (name != 'healthy')}")

# %% [markdown]
# ### Is batch size 128 to blame?
#
# The question has two halves. Can a run with batch 128 learn at all? And does a larger batch repair what was lost?

# %%
gain, gain_text = difference("healthy", "random weights")
lost, _ = difference("all four", "healthy")
larger, larger_text = difference("batch size 512", "healthy")
shown = [name for name in FAULTS if verdicts[name] == "harm"]
hidden = [name for name in FAULTS if verdicts[name] != "harm"]

print(f"Batch 128, healthy: {gain_text} from random weights.")
print(f"Batch 128, all four settings: {lost.value:+.3f} from healthy.")
print(f"Batch 512, else healthy: {larger_text} from batch 128.")
print(f"Settings that do harm by themselves: {', '.join(shown) or 'none'}.")
print(f"Settings for which this record shows no harm: {', '.join(hidden) or 'none'}.")
learns, repairs = gain.low > 0, larger.low > 0.5 * abs(lost.value)
if learns and not repairs:
    print("→ NO. With batch 128 a run learns, and four times the batch does not bring back what the settings cost.")
elif learns:
    print("→ IN PART. With batch 128 a run learns, but a larger batch gains about as much as the settings cost.")
else:
    print("→ THE RECORD DOES NOT ACQUIT IT: the healthy run with batch 128 is not clearly above random weights.")

# %% [markdown]
# The numbers once more. Batch {{ postmortem.healthy.batch_size }}, healthy:
# {{ postmortem.settings.healthy.knn_mean:.2f }}. The same batch with the four settings:
# {{ postmortem.settings.all_four.knn_mean:.2f }}. Batch 512, else healthy:
# {{ postmortem.settings.batch_size_512.knn_mean:.2f }}. Random weights:
# {{ postmortem.random_weights.knn_mean:.2f }}. Raw pixels: {{ postmortem.raw_pixels.knn:.2f }}. The verdict above was
# computed from these runs, not written by hand.
#
# Three things to take home, whatever your next run looks like.
# - **A loss that no longer falls has two readings.** The riddle was hard and is solved, or it was too easy from the
#   start. The loss cannot tell which. One look at kNN, beside random weights, can, and in the first minutes.
# - **A cause that was never varied cannot be named.** One more run, with a larger batch, would have tested the guess.
# - **Faults come together.** One fault can hide the others: as long as the two views are identical, no learning rate
#   and no stem can help. So repair one, measure, and look again.
#
# These runs are short, with a narrow network. They say what *these* settings do here. They cannot say what the group's
# run would have reached on their machine.
#
# ### Exercise 4 · diagnose three sick runs ●●● (20 minutes)
#
# Here are the curves of three more runs, A, B and C, on `shapes`. Each has one fault, and all have batch size 128. Look
# first, and write down what you think. Then write a *rule*: a function that gets the curves of any run and gives back
# one of five names.
#
# One thing may surprise you. kNN can drop in the first epoch, even where the weights hardly move. The reason is batch
# norm: before training it does not know the mean and the variance of its inputs, and lets them pass as they are. In the
# first epoch it finds them out. On `shapes` this alone takes away much of what random weights were good for.

# %%
three = lesson.sick_runs()
sick_levels = {"chance": three["A"].chance, "floor": three["A"].floor}
sick_baselines = {"raw pixels": explorers.recorded("curves")["raw pixels"]}
histories = {name: r.history for name, r in three.items()}
explorers.show(figures.curves_side_by_side(histories, sick_levels, sick_baselines))
print(lesson.CAUSES)


# %%
def diagnose(loss, knn, chance, floor):
    """What is wrong with a run: one of the names in lesson.CAUSES.

    It will be tried on runs that you have not seen: other seeds, data, lengths, batch sizes and temperatures.
    loss: list, the mean loss of epoch 1, 2, …; knn: list, kNN accuracy before training, after epoch 1, 2, …
    chance: the loss of guessing; floor: the smallest loss that is possible.
    """
    ### BEGIN SOLUTION
    if knn[-1] > knn[0] + 0.06:  # it beats its own random weights, by more than luck
        return "healthy"
    solved = [(chance - x) / (chance - floor) for x in (loss[0], loss[-1])]  # 0: guessing, 1: nothing left to find
    if solved[1] < 0.25:
        return "learning rate too small"
    return "identical views" if solved[0] > 0.6 else "colour shortcut"  # a trick takes time to find
    ### END SOLUTION


# %%
diagnose = lesson.diagnose.check(diagnose)

# %%
# lesson.diagnose.hint()

# %% [markdown]
# What does the rule say about your own two runs?

# %%
for name, r in (("the run of section 6", run), (FAULT, sick)):
    said = diagnose(r.column("loss")[1].tolist(), r.column("knn_accuracy")[1].tolist(), chance, floor)
    print(f"{name}: {said}")

# %% [markdown]
# If the rule is wrong about one of them, why? A rule that was made from three curves has seen three curves.
#
# And did you notice which of the five names is never the right answer here? "Batch too small". It is the first thing that
# people suspect, for it is what the papers talk about; in all these runs something else was wrong.
#
# ## To remember
#
# 1. SimCLR learns by finding the partner of a view among the rest of the batch; the loss acts on *z*, we keep *h*.
# 2. A representation is worth what it adds to raw pixels and to random weights, at the same protocol; the loss alone
#    cannot tell.
# 3. When a run does not learn, change one setting at a time, with several seeds, and only then name a cause.
#
# ## To think about
#
# - Our views flip the image left to right. For which data would you switch that off? Try
#   `replace(config, flip=0.0)`.
# - Two images of one class are *negatives* of each other: the loss pushes them apart. Why does it work all the same?
# - Double the batch and halve the epochs: the same number of images. What changes in chance, in floor, in steps?
# - You have a million images of cassava leaves and fifty labels. Which part of this lesson would you run, and how would
#   you know whether it helped?
# - The post-mortem changed one setting at a time, from the healthy run. One could also start from the sick run and
#   *repair* one setting at a time. Could the two ways name different causes?
#
# ## References
#
# - T. Chen, S. Kornblith, M. Norouzi, G. Hinton: *A Simple Framework for Contrastive Learning of Visual
#   Representations*, 2020, [arXiv:2002.05709](https://arxiv.org/abs/2002.05709).
# - K. He, X. Zhang, S. Ren, J. Sun: *Deep Residual Learning for Image Recognition*, 2015,
#   [arXiv:1512.03385](https://arxiv.org/abs/1512.03385).
# - Y. You, I. Gitman, B. Ginsburg: *Large Batch Training of Convolutional Networks*, 2017,
#   [arXiv:1708.03888](https://arxiv.org/abs/1708.03888).
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
