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
# - judge a representation beside the baselines that matter, and say why we keep *h* and throw *z* away.
#
# **You need first**: [lesson 03, NT-Xent](03_nt_xent.ipynb), and the two views of [lesson 02](02_augmentations.ipynb).
#
# **Time**: about 25 minutes to read, 30 for the three exercises. The code took
# {{ lesson_minutes.04.cpu.seconds:minutes }} minutes on the two cores of the machine that this page was made on.
#
# ← [03 NT-Xent](03_nt_xent.ipynb) · [05 DeepCluster](05_deepcluster.ipynb) → · [glossary](../lessons/GLOSSARY.md)

# %%
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
config = training.SimCLRConfig.for_profile(p)
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

few = train.sample(8)
view1, view2 = views(few.images)  # each float [8, C, H, W]
names = [few.classes[label] for label in few.labels]
explorers.show(figures.two_views(few.images.numpy(), view1.numpy(), view2.numpy(), names))

# %% [markdown]
# The two views of a column look different in their pixels. You still see at once that they belong together. How did you
# know? Whatever you used, the network can use too. Lesson 02 shows what happens when colour alone gives the answer
# away.
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
# Row *i* has the candidates of view *i*; the framed one is right. With random weights nearly everything is similar to
# nearly everything: all *z* point in about the same direction. Training has to push them apart and keep the partners
# together.
#
# ## 4 · LARS: a step for each layer
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

layers = {name.removesuffix(".weight"): w for name, w in model.named_parameters() if w.ndim > 1}
ratios = np.array([(w.norm() / (w.grad + 1e-6 * w).norm()).item() for w in layers.values()])
model.zero_grad()
explorers.show(figures.trust_ratios(list(layers), ratios))

# %%
print(f"largest / smallest: {ratios.max() / ratios.min():.0f}")

# %% [markdown]
# That factor is what a single learning rate would have to bridge. LARS takes it away. Biases and batch-norm parameters
# are left out: they get plain SGD, without weight decay.
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
# **Random weights**: the same encoder before training. Who does not beat these two has learned nothing of use.


# %%
def pixels(images):
    """The image itself as a representation: [N, C·H·W]."""
    return images.flatten(1).float()


rest, bank, held_out = training.monitor_split(train, config)  # as the training will split
raw = evaluation.knn_accuracy(pixels(bank.images), bank.labels, pixels(held_out.images), held_out.labels)
guess = 1 / len(train.classes)
print(f"kNN on raw pixels {raw:.2f}, guessing among {len(train.classes)} classes {guess:.2f}")

# %% [markdown]
# **Predict**, and write it down: where will kNN end? And will it rise all the time, or in steps?

# %%
E = config.epochs
config = replace(config, snapshot_epochs=tuple(sorted({0, 1, E // 8, E // 4, E // 2, E})))
probe_images = test.sample(min(500, len(test)))  # the same images, looked at in several epochs
run_dir = Path("runs") / f"04_simclr_{p.name}_{re.sub(r'[^A-Za-z0-9]+', '_', DATA)}"

print(f"{config.optimizer}, peak rate {config.learning_rate}, batch {config.batch_size}, {E} epochs → {run_dir}")
curve = explorers.LiveCurve({"chance": chance, "floor": floor}, {"raw pixels": raw, "guessing": guess})
run = training.train_simclr(train, config, run_dir, probe=probe_images.images, progress=curve)

# %%
seconds = run.last("seconds")
print(f"kNN {run.history[0]['knn_accuracy']:.2f} → {run.last('knn_accuracy'):.2f}, loss {run.last('loss'):.2f}")
print(f"{seconds:.0f} s of training, {E * per_epoch * config.batch_size / seconds:.0f} pairs of views a second")

# %% [markdown]
# Compare with what you wrote down. The loss falls fast at first, while kNN may still wait. Later the loss hardly moves,
# and kNN goes on rising. The loss says how well the riddle is solved; kNN says what solving it was good for.
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
# - **kNN**, as before, with all the training images as voters;
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
# ## To remember
#
# 1. SimCLR learns by finding the partner of a view among the rest of the batch; chance costs log(2N−1).
# 2. A representation is worth what it adds to raw pixels and to random weights, at the same protocol.
# 3. The loss acts on *z*, and we use *h*: the head takes the loss's damage.
#
# ## To think about
#
# - Our views flip the image left to right. For which data would you switch that off? Try
#   `replace(config, flip=0.0)`.
# - Two images of one class are *negatives* of each other: the loss pushes them apart. Why does it work all the same?
# - Double the batch and halve the epochs: the same number of images. What changes in chance, in floor, in steps?
# - You have a million images of cassava leaves and fifty labels. Which part of this lesson would you run, and how would
#   you know whether it helped?
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
# - L. van der Maaten, G. Hinton: *Visualizing Data using t-SNE*, 2008,
#   [JMLR 9](https://www.jmlr.org/papers/v9/vandermaaten08a.html).
#
# ## What comes next
#
# This is the first half of the lesson. The second half is not here yet: batch size against epochs, no head and a linear
# head, trust ratios during training, fine-tuning, and a run that did *not* learn, with the question why.
#
# [Lesson 05, DeepCluster](05_deepcluster.ipynb) learns without labels in quite another way: it makes its own.
