# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 · NT-Xent
#
# *Pull two views of one image together, push all others apart*: one formula, and what every part of it does.
#
# **After this lesson you can**
# - compute NT-Xent by hand for two images, and write it for a batch in a few lines;
# - say what loss a network has that knows nothing, and how low the loss can go;
# - explain what the temperature does, and what the batch size does;
# - measure alignment, uniformity and effective rank, and see a collapse in them;
# - compute the loss of a very large batch on a small machine.
#
# **You need first**: the two views of [lesson 02](02_augmentations.ipynb); softmax and cross-entropy.
#
# **Time**: about 40 minutes to read, 65 for the five exercises. The code took
# {{ lesson_minutes.03.cpu.seconds:minutes }} minutes on the two cores of the machine that this page was made on.
#
# ← [02 Augmentations](02_augmentations.ipynb) · [04 SimCLR training](04_simclr_training.ipynb) → ·
# [glossary](../lessons/GLOSSARY.md)

# %%
import re
import time
from dataclasses import replace
from math import exp, inf, log, log1p, radians
from pathlib import Path

import torch
from torch.nn import functional as F

from aimsssl import augment, explorers, figures, losses, profile, training
from aimsssl.datasets import load
from aimsssl.exercises import lesson03 as lesson
from aimsssl.explorers import lesson03 as see

p = profile.current()
print(p)
print(profile.lesson_estimate("03"))

# %% [markdown]
# ## 1 · Two wishes
#
# Take some images. Make two **views** of each: two copies, changed at random. An **encoder** is a network that turns
# each view into a vector *z*. What do we want from these vectors?
# - **Pull**: the two views of one image, called *partners*, shall have the same *z*.
# - **Push**: views of different images shall have different *z*.

# %%
DATA = "shapes"
train = load(DATA, "train", limit=min(5000, p.train_images))
test = load(DATA, "test", limit=p.test_images)
p = p.fitted(len(train))  # smaller batches where images are few
views = augment.TwoViews(train.images.shape[-1], crop_scale=(0.4, 1.0))

few = test.sample(min(8, len(test)))
view1, view2 = views(few.images, torch.Generator().manual_seed(0))  # each float [8, C, H, W]
names = [few.classes[label] for label in few.labels]
explorers.show(figures.two_views(few.images.numpy(), view1.numpy(), view2.numpy(), names))

# %% [markdown]
# Are both wishes needed? Let us try each one alone. The encoder here is tiny, and its *z* has only two numbers. Brought to
# length 1, it is a point on a circle, and we can look at it. The loss is
# - **pull only**: minus the mean similarity of partners;
# - **push only**: a number that is large when a view is similar to any other view;
# - **both**: their sum.
#
# **Predict**: what will "pull only" do with the points? And "push only"?

# %%
states = see.two_wishes(train.images, views, view1, view2, steps=min(150, 10 * p.epochs))  # each [16, 2]
below = ["partners {:.0f}°\nstrangers {:.0f}°".format(*see.angles(z)) for z in states.values()]
explorers.show(figures.circles({name: z.numpy() for name, z in states.items()}, below))

# %%
print(f"pull only has reached a loss of {see.pull(*states['pull only'].chunk(2)):.3f}; the lowest that there is: -1")
for name, z in states.items():
    partners, strangers = see.angles(z)
    print(f"{name:<14} strangers are {strangers - partners:5.1f} degrees further away than partners")

# %% [markdown]
# **Pull only** has the best loss that there is, and it is worth nothing: every image has the same *z*. This is a
# **collapse**. The encoder found an answer that needs no look at the image. **Push only** spreads the points, and it
# pushes partners apart, too. With both wishes, partners are close *and* strangers are far, as well as such a small
# encoder can do it.
#
# So we need both. NT-Xent puts both into one question: *which of all the others is my partner?* The next sections build
# it, part by part.
#
# ## 2 · How similar are two views?
#
# The **cosine similarity** of two vectors is the cosine of the angle between them:
#
# $$\mathrm{sim}(u, v) = \frac{u \cdot v}{\lVert u \rVert\,\lVert v \rVert}$$
#
# It is 1 for the same direction, 0 for a right angle, −1 for opposite directions. The length of a vector does not
# matter. That is on purpose: else a network could change the loss by making its vectors longer.
#
# ### Exercise 1 · all cosine similarities ●○○ (5 minutes)


# %%
def cosine_similarity(z):
    """Cosine similarities of all pairs of rows: z [M, D] to [M, M].

    A row of zeros has no direction: its similarities are 0. Gradients must flow to z: exercise 3 will need them.
    """
    ### BEGIN SOLUTION
    unit = F.normalize(z, dim=1)
    return unit @ unit.T
    ### END SOLUTION


# %%
cosine_similarity = lesson.cosine_similarity.check(cosine_similarity)

# %% [markdown]
# Stuck? Take the `#` away in the next cell and run it. There are three hints, and each run shows the next one.

# %%
# lesson.cosine_similarity.hint()

# %% [markdown]
# ## 3 · Who belongs to whom?
#
# A batch of N images has 2N views. We put them into one list: first all first views, then all second views. For N = 2,
# with images *a* and *b*:
#
# | index | 0 | 1 | 2 | 3 |
# |---|---|---|---|---|
# | view | a, first | b, first | a, second | b, second |
#
# The **positive** of a view is its partner. All others are **negatives**: 2N−2 of them.
#
# ### Exercise 2 · the indices of the positives ●○○ (5 minutes)


# %%
def positives(n):
    """The index of each view's positive, int64 [2n]. The first views are 0 … n−1, the second views n … 2n−1."""
    ### BEGIN SOLUTION
    return torch.arange(2 * n).roll(n)
    ### END SOLUTION


# %%
positives = lesson.positives.check(positives)

# %%
# lesson.positives.hint()

# %% [markdown]
# ## 4 · Four views, by hand
#
# Take paper and pencil. Two images, so four views. We choose their directions so that the cosines are easy:
#
# | view | a, first | b, first | a, second | b, second |
# |---|---|---|---|---|
# | direction | 0° | 90° | 60° | 180° |
#
# **Step 1**: the cosine of every angle. Do it by hand first.

# %%
VIEWS = ["a1", "b1", "a2", "b2"]
direction = torch.tensor([radians(degrees) for degrees in (0, 90, 60, 180)])
z = torch.stack([direction.cos(), direction.sin()], dim=1)  # [4, 2]
similarity = cosine_similarity(z)


def table(matrix):
    """Print a matrix with the names of the views."""
    print("    " + "".join(f"{name:>8}" for name in VIEWS))
    for name, row in zip(VIEWS, matrix.tolist(), strict=True):
        print(f"{name:<4}" + "".join(f"{round(x, 2) + 0.0:>8.2f}" for x in row))


table(similarity)

# %% [markdown]
# **Step 2**: divide by the **temperature** τ, here 0.5. Then take away what is no candidate: a view is always most
# similar to itself. We write −∞ there, because its exponential is 0.

# %%
tau = 0.5
scores = (similarity / tau).fill_diagonal_(-inf)
table(scores)

# %% [markdown]
# **Step 3**: the exponential of each score, and the sum of each row. Their quotient is a probability: the **softmax**.
# In each row it adds up to 1.

# %%
exponentials = scores.exp()
table(exponentials)
probabilities = exponentials / exponentials.sum(dim=1, keepdim=True)
print()
table(probabilities)

# %%
explorers.show(figures.similarities_and_shares(similarity.numpy(), probabilities.numpy(), positives(2), tau, VIEWS))

# %% [markdown]
# The grey squares are masked, the framed ones are the positives. **Before you go on**: which view is sure of its
# partner? Which one would choose a wrong one?
#
# **Step 4**: the loss of a view is −log of the probability that it gives to its positive. It is 0 when the view is sure
# and right. **Step 5**: the mean over all 2N views.

# %%
index = torch.arange(4)
loss_of_view = -probabilities[index, positives(2)].log()
for name, probability, loss in zip(VIEWS, probabilities[index, positives(2)], loss_of_view, strict=True):
    print(f"{name}: −log {probability:.3f} = {loss:.3f}")
print(f"mean {loss_of_view.mean():.3f}; a guess among three candidates costs log 3 = {log(3):.3f}")

# %% [markdown]
# View b1 pays most: it lies at 90°, close to a2 at 60°, so it takes a2 for its partner. The loss will push these two
# apart. And the first views are not enough: a1 finds a2 easily, but a2 is not so sure of a1. Both directions count.
#
# In one line, for view *i* with its positive *j*:
#
# $$L_i = -\log \frac{\exp(\mathrm{sim}(z_i, z_j)/\tau)}{\sum_{k \neq i} \exp(\mathrm{sim}(z_i, z_k)/\tau)}
# \qquad L = \frac{1}{2N} \sum_{i=1}^{2N} L_i$$
#
# This is NT-Xent, *normalised temperature-scaled cross-entropy* (Chen et al. 2020, §2.1). Take the logarithm of the
# fraction apart, and the two wishes are there:
#
# $$L_i = \underbrace{-\,\mathrm{sim}(z_i, z_j)/\tau}_{\text{pull}}
# \;+\; \underbrace{\log \sum_{k \neq i} \exp(\mathrm{sim}(z_i, z_k)/\tau)}_{\text{push}}$$
#
# ### Exercise 3 · NT-Xent ●●○ (20 minutes)


# %%
def nt_xent(z1, z2, temperature=0.5):
    """NT-Xent of the views z1 and z2 [N, D] each, row i of both from image i; a tensor without dimensions.

    The rows have any length. It must also work for a temperature of 0.005, and gradients must flow to z1 and z2.
    """
    ### BEGIN SOLUTION
    scores = cosine_similarity(torch.cat([z1, z2])) / temperature  # [2N, 2N]
    scores.fill_diagonal_(-inf)
    return F.cross_entropy(scores, positives(len(z1)))
    ### END SOLUTION


# %%
nt_xent = lesson.nt_xent.check(nt_xent)

# %%
# lesson.nt_xent.hint()

# %%
print(f"by hand {loss_of_view.mean():.4f}, by nt_xent {nt_xent(z[:2], z[2:], tau):.4f}")

# %% [markdown]
# ## 5 · Chance and floor
#
# NT-Xent is a cross-entropy: each view chooses among 2N−1 candidates, and one is right.
#
# **Predict**: a batch of 128 images, τ = 0.2. What is the loss when
# 1. the encoder has collapsed, and all *z* are one point?
# 2. all *z* are random directions, and partners have nothing in common?
# 3. partners are equal, and otherwise the directions are random?
# 4. everything is as good as it can be?

# %%
N, D, tau = 128, 128, 0.2
generator = torch.Generator().manual_seed(0)
random1, random2 = (torch.randn(N, D, generator=generator) for _ in range(2))
corners = torch.eye(N) - 1 / N  # N points that are as far from each other as N points can be: a simplex
cases = {
    "1  all on one point": (torch.ones(N, D), torch.ones(N, D)),
    "2  random, partners strangers": (random1, random2),
    "3  random, partners equal": (random1, random1),
    "4  the best there is": (corners, corners),
}
for name, (z1, z2) in cases.items():
    print(f"{name:<32}{nt_xent(z1, z2, tau):.3f}")
print(f"{'log(2N−1)':<32}{log(2 * N - 1):.3f}")

# %% [markdown]
# **Chance** is log(2N−1): all candidates look alike, so each gets the same probability. A collapsed encoder is exactly
# there. Random directions are near it, a little above: who is unsure *and* has favourites pays more.
#
# **The floor** is above 0. Even the best arrangement leaves some probability to the negatives, since the exponential of
# a cosine is never 0. Partners on one point, and the N images as far from each other as N points can be, at a cosine of
# −1/(N−1) (a *simplex*, it needs N−1 dimensions):
#
# $$\text{floor} = \log\left(1 + (2N-2)\,\exp\left(\frac{-\frac{1}{N-1} - 1}{\tau}\right)\right)$$


# %%
def floor(n, tau):
    """The smallest NT-Xent of n images."""
    return log1p((2 * n - 2) * exp((-1 / (n - 1) - 1) / tau))


sizes = [2**k for k in range(1, 13)]
chances = [log(2 * n - 1) for n in sizes]
floors = {t: [floor(n, t) for n in sizes] for t in (1.0, 0.5, 0.2, 0.1)}
explorers.show(figures.chance_and_floor(sizes, chances, floors))

# %% [markdown]
# A loss that learns goes from the black line towards its dashed one.

# %%
print(f"a loss of 5.5 at N = 128: chance is {log(255):.2f}; at N = 512: chance is {log(1023):.2f}")
for t in (1.0, 0.5, 0.2):
    print(f"N = 128, τ = {t}: between {floor(128, t):.2f} and {log(255):.2f}, room of {log(255) - floor(128, t):.2f}")

# %% [markdown]
# What can you say of a run whose loss is **stuck at 5.5**?
# - With N = 128 it knows nothing: 5.54 is chance. Perhaps it has collapsed, perhaps its weights do not move. The
#   measures of section 8 tell which.
# - With N = 512 the same number is below chance: it learns.
# - With τ = 1 there is little room. A loss of 4.9 sounds bad, and it is more than half of the way.
#
# So a loss has a meaning only beside *its own* chance and floor. Losses of two temperatures or two batch sizes cannot be
# compared.
#
# ## 6 · A short training
#
# To see more, we need the *z* of a real encoder. Here is a small SimCLR training: encoder, head and optimiser are those
# of [lesson 04](04_simclr_training.ipynb), the loss is NT-Xent. The labels are not used.
#
# **Predict**: where will the loss begin, and how far will it come on its way from chance to floor?

# %%
config = training.SimCLRConfig.for_profile(
    p, crop_scale=(0.4, 1.0), temperature=0.2, epochs=max(2, p.epochs // 5), held_out=0, monitor_every=0
)
probe = test.sample(min(500, len(test)))  # looked at after each epoch, never trained on
probe_views = views(probe.images, torch.Generator().manual_seed(1))
N, tau = config.batch_size, config.temperature


def train_at(temperature):
    """A run at a temperature, and the geometry of z after each of its epochs."""
    folder = Path("runs") / f"03_simclr_{p.name}_{re.sub(r'[^A-Za-z0-9]+', '_', DATA)}_tau{temperature:g}"
    trace = see.GeometryTrace(*probe_views)
    run = training.train_simclr(train, replace(config, temperature=temperature), folder, progress=trace)
    return run, trace


run, trace = train_at(tau)

# %%
untrained = training.build_simclr(config, train.images.shape[1])
with torch.no_grad():
    _, z = untrained(torch.cat(views(train.images[:N], torch.Generator().manual_seed(0))))
start = nt_xent(*z.chunk(2), tau).item()
epochs, by_epoch = run.column("loss")
curve = {f"τ = {tau}": ([0, *epochs], [start, *by_epoch])}
explorers.show(figures.loss_by_epoch(curve, {"chance": log(2 * N - 1), "floor": floor(N, tau)}))

# %%
way = (log(2 * N - 1) - by_epoch[-1]) / (log(2 * N - 1) - floor(N, tau))
print(f"before training {start:.2f} (chance {log(2 * N - 1):.2f}); after {config.epochs} epochs {by_epoch[-1]:.2f}")
print(f"it has come {way:.0%} of the way from chance to floor")

# %% [markdown]
# (The first epochs' loss is a mean over the epoch, so part of the fall is already in it.)
#
# The similarity matrix of eight test images, that the encoder has never seen:

# %%
z1, z2 = see.embed(run.model, *probe_views)  # each [P, D]
explorers.show(
    figures.similarity_matrix(cosine_similarity(torch.cat([z1[:8], z2[:8]])).numpy(), positives(min(8, len(z1))))
)

# %% [markdown]
# Find the two diagonals of framed squares. Are there dark red squares *beside* them? These are the **hard negatives**:
# views of other images that look like a partner. What the loss does with them is decided by the temperature.
#
# ## 7 · Temperature
#
# How hard does the loss pull and push? Ask for the derivative of one view's loss with respect to each similarity $s_k$,
# where $p_k$ is the softmax of section 4:
#
# $$\frac{\partial L_i}{\partial s_j} = -\frac{1 - p_j}{\tau} \quad\text{(the positive)} \qquad
# \frac{\partial L_i}{\partial s_k} = \frac{p_k}{\tau} \quad\text{(a negative)}$$
#
# Gradient descent goes against the derivative: $s_j$ grows, every other $s_k$ shrinks. All pushes together are as
# strong as the pull. And each negative gets its share by $p_k$, so by exp($s_k$/τ).
#
# ### Exercise 4 · gradient weights ●●○ (15 minutes)


# %%
def gradient_weights(similarity, positive, temperature):
    """The derivative of one view's loss with respect to each similarity, [K].

    similarity: [K], of the view to its K = 2N−1 candidates (itself is not among them).
    positive: the index of its positive among them.
    """
    ### BEGIN SOLUTION
    weights = (similarity / temperature).softmax(dim=0)
    weights[positive] -= 1
    return weights / temperature
    ### END SOLUTION


# %%
gradient_weights = lesson.gradient_weights.check(gradient_weights)

# %%
# lesson.gradient_weights.hint()

# %% [markdown]
# Now with real *z*: one view from the training above, and its negatives. A negative's **share of the push** is its
# weight divided by the sum of the negatives' weights.
#
# **Predict**: there are more than two hundred negatives. On how many of them lies half of the push, for τ = 0.05, 0.2
# and 1?

# %%
VIEW = 0
images = min(N, len(z1))
matrix = cosine_similarity(torch.cat([z1[:images], z2[:images]]))  # [2N, 2N]
row = torch.cat([matrix[VIEW, :VIEW], matrix[VIEW, VIEW + 1 :]])  # the candidates, without the view itself
partner = VIEW + images - 1  # its index among the candidates
is_negative = torch.arange(len(row)) != partner

shares = {}
for t in (0.05, 0.2, 1.0):
    weights = gradient_weights(row, partner, t)
    shares[t] = (weights[is_negative] / weights[is_negative].sum()).numpy()
explorers.show(figures.push_by_similarity(row[is_negative].numpy(), shares, row[partner].item()))

# %% [markdown]
# Each temperature is a straight line on this scale, with the slope 1/τ. A **small** τ is a sharp eye: nearly all of the
# push goes to the few most similar negatives. A **large** τ pushes everybody alike, also those who are far away already.
# Wang & Liu (2021) call the loss *hardness-aware*, and τ says how much.
#
# Is a sharp eye good? A hard negative can be an image of the *same class*. The loss has no labels, so it cannot know. We
# have labels, and can count.
#
# **Predict**: one negative in ten is of the view's own class. Which share of the push do these get at small τ: a tenth,
# more, less?

# %%
labels = probe.labels[:images].repeat(2)
same = labels[:, None] == labels[None]
negative = torch.ones_like(same).fill_diagonal_(False)
negative[torch.arange(2 * images), positives(images)] = False

print(f"of the negatives, {(same & negative).sum() / negative.sum():.1%} are of the view's own class")
for t in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0):
    pushed = (matrix / t).masked_fill(~negative, -inf).softmax(dim=1)  # each row: the shares of its negatives
    print(f"τ = {t:<5} they get {pushed[same].sum() / len(pushed):.1%} of the push")

# %% [markdown]
# Where the second number is above the first, the loss pushes most against the images that it should leave alone. Wang &
# Liu name the dilemma: with a small τ the points are spread evenly, and images of one class are torn apart; with a large
# τ they may stay together, and little is told apart. No τ is best for all data. SimCLR tried 0.05, 0.1, 0.5 and 1
# on ImageNet; 0.1 came out best (Table 5). For CIFAR-10 it takes 0.5 (B.9).
#
# Try it. Set τ to 0.02, then to 2, and look at the row of the view on the left (the orange line) and its push on the
# right. Then add images: what happens to the probability of the positive? Each control is a list or a number box with a
# slider beside it; Tab and the arrow keys move them.

# %%
see.temperature(z1[:32], z2[:32], tau=0.2, images=8)

# %% [markdown]
# ### Points that move
#
# Now let the points go. Six images, twelve views, each a free point on a circle. There is no encoder here: each point
# goes where the loss sends it, step by step. The ringed view shows its push: the wider a line, the larger the share.
# Both circles have the same start.
#
# **Predict**: where do the points end? Does τ change the end, or only the way?

# %%
see.play_circle((0.1, 2.0))

# %% [markdown]
# On both sides the partners find each other. At τ = 0.1 the ringed view pushes only those who are near, and the images
# spread out evenly. At τ = 2 it pushes nearly everyone alike. There the images need not be even: two of them may stay
# close, as long as the whole is in balance.
#
# (The picture plays twice. To see it again, run the cell again.) Here you can take it step by step. How long do partners
# need? Watch a point that has a stranger between itself and its partner.

# %%
see.moving_circle(tau=0.1, step=5)

# %% [markdown]
# ## 8 · Alignment, uniformity, and collapse
#
# The two wishes of section 1 can be measured (Wang & Isola 2020). With unit vectors *z*:
#
# - **Alignment**: how far are partners from each other? The mean of $\lVert z_i - z_j \rVert^2$ over all pairs of
#   partners. 0 is best.
# - **Uniformity**: how evenly are all points spread? The logarithm of the mean of $\exp(-2\,\lVert z_i - z_k \rVert^2)$
#   over all pairs. 0 means: all on one point. The more even, the lower.
# - **Effective rank**: how many directions do the points use? From 1 up to the number of dimensions (Roy & Vetterli
#   2007). It is the exponential of the entropy of the singular values.
#
# **Predict**: for four arrangements with known answers, what will the three numbers be?

# %%
known = {
    "all on one point": (torch.ones(N, D), torch.ones(N, D)),
    "random, partners strangers": (random1[:N], random2[:N]),
    "random, partners equal": (random1[:N], random1[:N]),
    "random in 3 of 128 directions": (F.pad(random1[:N, :3], (0, D - 3)),) * 2,
}
print(f"{'':<32}{'alignment':>10}{'uniformity':>12}{'rank':>8}{'NT-Xent':>10}")
for name, pair in known.items():
    a, u, r = see.geometry(*pair).values()
    print(f"{name:<32}{abs(a):>10.2f}{round(u, 2) + 0.0:>12.2f}{r:>8.1f}{nt_xent(*pair, tau):>10.2f}")

# %% [markdown]
# No single number is enough. The collapse has a perfect alignment, and so has the best arrangement. In the last row the
# points use three directions of 128: a **dimensional collapse** (Jing et al. 2022). It is not a point, and still most
# of the space is empty; the rank shows it at once.
#
# Now the training. Our run was measured after each epoch, on two fixed views of the probe images. Beside it we train a
# second one, with τ = 1, and all else equal.
#
# **Predict**: before training, with random weights, is alignment good or bad? And which run will be more uniform?

# %%
warm, warm_trace = train_at(1.0)

# %%
traces = {f"τ = {tau}": trace.rows, "τ = 1": warm_trace.rows}
random_uniformity = see.geometry(random1, random2)["uniformity"]
references = {"uniformity": {"all on one point": 0.0, "random directions": random_uniformity}}
explorers.show(figures.geometry_by_epoch(traces, references))

# %%
for name, rows in traces.items():
    values = [row["alignment"] for row in rows]
    worst = max(rows, key=lambda row: row["alignment"])
    print(f"{name}: alignment {values[0]:.2f} with random weights, {max(values):.2f} at its worst (epoch "
          f"{worst['epoch']}), {values[-1]:.2f} at the end")  # fmt: skip
last, last_warm = trace.rows[-1], warm_trace.rows[-1]
for measure, word, sign in (("uniformity", "more uniform", -1), ("effective rank", "of higher rank", 1)):
    better = f"τ = {tau}" if sign * last[measure] > sign * last_warm[measure] else "τ = 1"
    print(f"{measure}: {last[measure]:.2f} at τ = {tau}, {last_warm[measure]:.2f} at τ = 1; {word}: {better}")

# %% [markdown]
# Look at epoch 0 first. With random weights partners are very close, because *all* views are very close: alignment near
# 0, uniformity near 0. It is almost a collapse. **A good alignment alone says nothing.** Training has to push everything
# apart first, and partners are torn apart with the others. Does alignment come back later? The cell above says.
#
# It also compares the two temperatures. But this is one short run each, with one seed: take it as a picture of these
# runs and not as a law. And a more uniform *z* is not yet a better encoder. What a representation is worth is
# the question of lessons 04 and 06.
#
# ## 9 · Large batches and their memory
#
# The batch size N is also the number of negatives: 2N−2 for each view. More negatives make the question harder, and
# SimCLR was trained with batches of up to 8192 images (Chen et al. 2020, §2.2). That is a matrix of 16,384 × 16,384.
#
# **Predict**: D = 128, and 4 bytes for each number. How many GiB does the matrix take? And the same by *broadcast*,
# where all pairs of vectors are multiplied first, as a tensor [2N, 2N, D], and added up after that?

# %%
for n in (128, 1024, 8192):
    whole = (2 * n) ** 2 * 4 / 2**30
    print(f"N = {n:>5}: matrix {whole:8.4f} GiB, broadcast {whole * 128:8.2f} GiB, one copy of it")

# %% [markdown]
# A matrix product adds up on the way, so it never needs the third dimension. A broadcast does. And training keeps more
# than one copy, for the way back. Here is what was measured: the highest memory of a process, forward and backward,
# D = 128, on one core.

# %%
record = explorers.recorded("loss_memory")
explorers.show(figures.memory_and_time(record["ways"], 8 * 1024, "8 GiB"))

# %% [markdown]
# - **Broadcast**: {{ loss_memory.ways.broadcast.mebibytes.3:,.0f }} MiB for
#   {{ loss_memory.ways.broadcast.views.3:,d }} views. Twice the views would need four times as much.
# - **Matrix**: the same {{ loss_memory.ways.matrix.views.1:,d }} views take
#   {{ loss_memory.ways.matrix.mebibytes.1:.0f }} MiB. For {{ loss_memory.ways.matrix.views.4:,d }} it is
#   {{ loss_memory.ways.matrix.mebibytes.4:,.0f }} MiB: it grows with the square, too.
# - **Chunks**: a row of the matrix needs no other row. So take some rows at a time, and forget them.
#
# ### Exercise 5 · NT-Xent in chunks ●●● (20 minutes)


# %%
def nt_xent_in_chunks(z1, z2, temperature, chunk_size):
    """The same value and gradients as nt_xent, with at most chunk_size rows of similarities, [chunk, 2N], at a time.

    z1, z2: [N, D]. chunk_size may be larger than 2N, or not divide it; temperature may be 0.005.
    Nothing larger than such a block of rows may be made on the way, so no [2N, 2N] and no [chunk, 2N, D].
    """
    ### BEGIN SOLUTION
    z = F.normalize(torch.cat([z1, z2]), dim=1)  # [2N, D]
    total = 0.0
    for rows in torch.arange(len(z)).split(chunk_size):
        block = z[rows] @ z.T / temperature  # [chunk, 2N]
        block[torch.arange(len(rows)), rows] = -inf
        total = total + F.cross_entropy(block, (rows + len(z1)) % len(z), reduction="sum")
    return total / len(z)
    ### END SOLUTION


# %%
nt_xent_in_chunks = lesson.nt_xent_in_chunks.check(nt_xent_in_chunks)

# %%
# lesson.nt_xent_in_chunks.hint()

# %% [markdown]
# In the figure there are two lines for chunks. The upper one, "kept for the backward pass", is the loop of the exercise
# with PyTorch's own gradients. For {{ loss_memory.ways.chunks__kept_for_the_backward_pass.views.2:,d }} views it takes
# {{ loss_memory.ways.chunks__kept_for_the_backward_pass.mebibytes.2:,.0f }} MiB: that is one whole matrix, 1 GiB, in
# pieces. Each block is gone from the loop, but PyTorch keeps what it needs of it for the **backward pass**, in which the
# gradients are computed.
#
# The way out: the gradient of a block is known as soon as the block is there (section 7). So `losses.nt_xent(…,
# chunk_size=1024)` computes it at once and forgets the block. This is the lowest line:
# {{ loss_memory.ways.chunks__gradient_at_once.views.6:,d }} views fit into
# {{ loss_memory.ways.chunks__gradient_at_once.mebibytes.6:.0f }} MiB. Without chunks, and with a batch that does not fit,
# `losses.nt_xent` refuses before it begins: else Linux would end the whole process, and your notebook with it.
#
# Value and gradients are the same. A small trial, here and now:


# %%
def by_broadcast(z1, z2, temperature):
    """The whole tensor of products, [2N, 2N, D]."""
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    scores = (z[:, None] * z[None]).sum(dim=2) / temperature
    return F.cross_entropy(scores.fill_diagonal_(-inf), positives(len(z1)))


a, b = random1.clone().requires_grad_(), random2.clone().requires_grad_()  # 256 views of 128 dimensions
ways = {
    "broadcast": by_broadcast,
    "matrix": nt_xent,
    "chunks, the exercise": lambda z1, z2, t: nt_xent_in_chunks(z1, z2, t, 64),
    "chunks, gradient at once": lambda z1, z2, t: losses.nt_xent(z1, z2, t, chunk_size=64),
}
right = torch.autograd.grad(nt_xent(a, b, 0.2), [a, b])
for name, way in ways.items():
    begin = time.perf_counter()
    loss = way(a, b, 0.2)
    gradients = torch.autograd.grad(loss, [a, b])
    milliseconds = 1000 * (time.perf_counter() - begin)
    error = max((g - r).abs().max().item() for g, r in zip(gradients, right, strict=True))
    print(f"{name:<26} loss {loss:.5f}, largest difference of a gradient {error:.0e}, {milliseconds:.0f} ms")

# %% [markdown]
# Do not confuse this with **many small batches**: to split 8192 images into 64 batches of 128 and average the losses is
# cheap, too, but each view then has 254 negatives and not 16,382. It is another question, with another chance level.
# For the encoder, chunks of the loss are no help either: its activations of the whole batch have to fit as well.
#
# ## To remember
#
# 1. NT-Xent is a cross-entropy: find your partner among 2N−1 candidates; chance is log(2N−1), and the floor is above 0.
# 2. The pull alone collapses; the push is shared out by exp(s/τ), so a small τ pushes the most similar negatives, also
#    those of the same class.
# 3. Alignment, uniformity and rank belong together: each one alone can be perfect in a useless representation.
#
# ## To think about
#
# - Double N and keep τ. What happens to chance, to the floor, and to the difference of the two?
# - Suppose that one image is twice in your data. What does the loss do with its four views?
# - The projection head makes *z*, and the loss sees only *z*. Could *h* collapse while *z* does not? And the other way?
# - The push is a sum over the batch. With batches of one class only, what would the encoder learn?
# - Some methods have no negatives at all (BYOL, SimSiam). What in them might prevent the collapse of section 1?
#
# ## References
#
# - T. Chen, S. Kornblith, M. Norouzi, G. Hinton: *A Simple Framework for Contrastive Learning of Visual
#   Representations*, 2020, [arXiv:2002.05709](https://arxiv.org/abs/2002.05709).
# - K. Sohn: *Improved Deep Metric Learning with Multi-class N-pair Loss Objective*, 2016,
#   [NeurIPS](https://papers.nips.cc/paper/2016/hash/6b180037abbebea991d8b1232f8a8ca9-Abstract.html): the loss before it
#   had its name.
# - A. van den Oord, Y. Li, O. Vinyals: *Representation Learning with Contrastive Predictive Coding*, 2018,
#   [arXiv:1807.03748](https://arxiv.org/abs/1807.03748): InfoNCE.
# - T. Wang, P. Isola: *Understanding Contrastive Representation Learning through Alignment and Uniformity on the
#   Hypersphere*, 2020, [arXiv:2005.10242](https://arxiv.org/abs/2005.10242).
# - F. Wang, H. Liu: *Understanding the Behaviour of Contrastive Loss*, 2021,
#   [arXiv:2012.09740](https://arxiv.org/abs/2012.09740).
# - L. Jing, P. Vincent, Y. LeCun, Y. Tian: *Understanding Dimensional Collapse in Contrastive Self-supervised
#   Learning*, 2022, [arXiv:2110.09348](https://arxiv.org/abs/2110.09348).
# - O. Roy, M. Vetterli: *The effective rank: a measure of effective dimensionality*, EUSIPCO 2007; for representations:
#   Q. Garrido et al., *RankMe*, 2022, [arXiv:2210.02885](https://arxiv.org/abs/2210.02885).
#
# ## What comes next
#
# [Lesson 04, SimCLR training](04_simclr_training.ipynb), puts the loss to work: encoder, head, optimiser, and a long
# training whose worth is measured.
