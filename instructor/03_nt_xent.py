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
# - compute NT-Xent by hand for two images, write it for a batch, and train a network with it;
# - say what loss a network has that knows nothing, how low the loss can go, and what the batch size does to both;
# - explain what the temperature does;
# - measure alignment, uniformity and effective rank, and see a collapse in them;
# - (optional) compute the loss of a very large batch on a small machine.
#
# **You need first**: the two views of [lesson 02](02_augmentations.ipynb); softmax and cross-entropy.
#
# **Time**: {{ time.reading }} minutes to read and look, {{ time.exercises }} for the exercises; the optional parts take
# {{ time.optional }} more. The code took about {{ lesson_minutes.03.cpu.seconds:minutes }} min on one core of the
# machine that this page was made on.
#
# ← [02 Augmentations](02_augmentations.ipynb) · [04 SimCLR training](04_simclr_training.ipynb) → ·
# [glossary](../lessons/GLOSSARY.md)

# %%
import math

import torch
from torch.nn import functional as F

from aimsssl import augment, evaluation, exercises, explorers, figures, losses, profile, training
from aimsssl.datasets import load
from aimsssl.exercises import lesson03 as lesson
from aimsssl.explorers import lesson03 as see

p = profile.current()
print(p)
print(profile.lesson_estimate("03"))

# %% [markdown]
# ## 1 · Two wishes
#
# Take some images. Make two **views** of each: two copies, changed at random.

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
# A network turns each view into a vector, in two parts. The **encoder** turns the view into *h*, the representation. A
# small **head** turns *h* into *z*, and the loss sees only *z*. (After the training the head is thrown away.
# [Lesson 04](04_simclr_training.ipynb) shows why.) Here is the first network of this lesson. It is tiny, and its *z* has
# only two numbers:

# %%
made_of = {"encoder": "one layer, ReLU", "head": "one layer"}
explorers.show(figures.encoder_and_head(view1[0].numpy(), 64, 2, **made_of))

# %% [markdown]
# What do we want from the vectors *z*?
# - **Pull**: the two views of one image, called **partners**, shall have the same *z*.
# - **Push**: views of different images, **strangers**, shall have different *z*.
#
# Are both wishes needed? Let us try each one alone. A *z* of two numbers, brought to length 1, is a point on a circle, so
# we can look at it. The loss is
# - **pull only**: minus the mean similarity of partners;
# - **push only**: a number that is large when a view is similar to any other view;
# - **pull and push**: their sum.
#
# **Predict**: what will "pull only" do with the points? And "push only"?

# %%
# My guess:
states = see.two_wishes(train.images, views, view1, view2, steps=min(150, 10 * p.epochs))
below = ["partners {:.0f}°\nstrangers {:.0f}°".format(*see.angles(z)) for z in states.values()]
explorers.show(figures.circles({name: z.numpy() for name, z in states.items()}, below))

# %% [markdown]
# **Answer.** **Pull only** puts all points into one place. It has the best loss that there is, and it is worth nothing:
# every image has the same *z*. This is a **collapse**: an answer that needs no look at the image. **Push only** spreads
# the points, and it pushes partners apart, too. With both wishes partners are close *and* strangers are far, as well as
# such a small network can do it.
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
#
# A row of zeros has no direction: its similarities are 0. Gradients must flow to *z*: exercise 3 will need them.


# %%
def cosine_similarity(z):
    """Cosine similarities of all pairs of rows: z [M, D] to [M, M]."""
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
#
# The first views are 0 … n−1, the second views n … 2n−1. Give the index of the positive of each view.


# %%
def positives(n):
    """The index of each view's positive among the 2n views, int64 [2n]."""
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
direction = torch.tensor([math.radians(degrees) for degrees in (0, 90, 60, 180)])
z = torch.stack([direction.cos(), direction.sin()], dim=1)  # [4, 2]
similarity = cosine_similarity(z)
explorers.table(see.named(similarity, VIEWS), "cosine similarity", digits=2)

# %% [markdown]
# **Step 2**: divide by the **temperature** τ, here 0.5. Then take away what is no candidate: a view is always most
# similar to itself. We write −∞ there, because its exponential is 0.

# %%
tau = 0.5
scores = (similarity / tau).fill_diagonal_(-math.inf)
explorers.table(see.named(scores, VIEWS), "scores: similarity / τ", digits=2)

# %% [markdown]
# **Step 3**: the exponential of each score, and the sum of each row. Their quotient is a probability: the **softmax**.
# In each row it adds up to 1.

# %%
exponentials = scores.exp()
explorers.table(see.named(exponentials, VIEWS), "exponentials", digits=2)
probabilities = exponentials / exponentials.sum(dim=1, keepdim=True)
explorers.table(see.named(probabilities, VIEWS), "probabilities", digits=2)
picture = similarity.numpy(), probabilities.numpy(), positives(2)
explorers.show(figures.similarities_and_shares(*picture, tau, VIEWS))

# %% [markdown]
# The grey squares are masked, the framed ones are the positives.
#
# **Step 4**: the loss of a view is −log of the probability that it gives to its positive. It is 0 when the view is sure
# and right. **Step 5**: the mean over all 2N views.
#
# **Predict**: which views choose their partner, and which would choose a wrong one? Which one pays most?

# %%
# My guess:
right = probabilities[torch.arange(4), positives(2)]  # [4]
loss_of_view = -right.log()
rows = {
    name: {"probability of its positive": right[i].item(), "loss": loss_of_view[i].item()}
    for i, name in enumerate(VIEWS)
}
explorers.table(rows | {"mean": {"loss": loss_of_view.mean().item()}}, "each view, and the batch")
print(f"a blind guess among three candidates costs log 3 = {math.log(3):.3f}")
print(f"partner found: {evaluation.partner_found(z[:2], z[2:]):.0%} of the views")

# %% [markdown]
# **Answer.** a1 and b2 choose their partner. **Two** views choose a wrong one: b1, at 90°, lies close to a2, at 60°, so
# it takes a2 for its partner, and a2 takes b1. The loss will push these two apart. b1 pays most. And the first views are
# not enough: a1 finds a2 easily, but a2 does not find a1. Both directions count.
#
# **Partner found** is the share of views whose most similar candidate is their partner: here two of four. A blind guess
# finds one of three. You will see this number beside the loss, for it is the same question: the loss asks how sure the
# answer is, this number asks only whether it is right.
#
# In one line, for view *i* with its positive *j*:
#
# $$L_i = -\log \frac{\exp(\mathrm{sim}(z_i, z_j)/\tau)}{\sum_{k \neq i} \exp(\mathrm{sim}(z_i, z_k)/\tau)}
# \qquad L = \frac{1}{2N} \sum_{i=1}^{2N} L_i$$
#
# This is NT-Xent, *normalised temperature-scaled cross-entropy* (Chen et al. 2020, §2.1 <!-- given: 2.1 a section -->). Take the logarithm of the
# fraction apart, and the two wishes are there:
#
# $$L_i = \underbrace{-\,\mathrm{sim}(z_i, z_j)/\tau}_{\text{pull}}
# \;+\; \underbrace{\log \sum_{k \neq i} \exp(\mathrm{sim}(z_i, z_k)/\tau)}_{\text{push}}$$
#
# ### Exercise 3 · NT-Xent ●●○ (20 minutes)
#
# Rows of *z* have any length. It must also work for a temperature of `0.005`, and gradients must flow to `z1` and `z2`.


# %%
def nt_xent(z1, z2, temperature=0.5):
    """NT-Xent of z1 and z2 [N, D], row i of both from image i: a tensor without dimensions."""
    ### BEGIN SOLUTION
    scores = cosine_similarity(torch.cat([z1, z2])) / temperature  # [2N, 2N]
    scores.fill_diagonal_(-math.inf)
    return F.cross_entropy(scores, positives(len(z1)))
    ### END SOLUTION


# %%
nt_xent = lesson.nt_xent.check(nt_xent)

# %%
# lesson.nt_xent.hint()

# %%
print(f"by hand {loss_of_view.mean():.4f}, by nt_xent {nt_xent(z[:2], z[2:], tau):.4f}")

# %% [markdown]
# ## 5 · Your loss trains a network
#
# Your `nt_xent` is a loss like any other: PyTorch finds its gradient, and a network can learn from it. All it takes is
# 64 images, their two views, a small network, and ten lines.
#
# The views come from `two_views`, the last exercise of lesson 02. Have you written it? Then copy it from your notebook
# over the one in the next cell, and your own code makes the views, too. Else leave the cell as it is: here the package's
# `transform` changes a whole batch, with a draw of its own for each image. (Yours calls it for each image, which gives
# the same kind of views and takes longer.)


# %%
def two_views(images, transform):
    """Two views of every image. Paste your own two_views of lesson 02 over this one."""
    return transform(images), transform(images)


images = train.images[:64]  # uint8 [N, C, H, W]
transform = see.random_change(images.shape[-1], crop_scale=(0.4, 1.0))
torch.manual_seed(0)
network = see.small_network(*images.shape[1:3])  # encoder: a view to h [128]; head: h to z [64]

# %% [markdown]
# Each view has 127 candidates, and one of them is right. The temperature is 0.2. <!-- given: 127 it is 2·64 − 1 -->
#
# **Predict**: where will the loss begin? (A blind guess among three candidates cost log 3.) And with random weights,
# how many of the views find their partner: 1 of 127, or more?

# %%
# My guess:
curves = see.LossAndFound(len(images), steps=min(120, 20 * p.epochs))
optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
for _ in range(curves.steps):
    view1, view2 = two_views(images, transform)
    z1, z2 = network(view1), network(view2)  # each [N, 64]
    loss = nt_xent(z1, z2, temperature=0.2)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    curves.add(loss, evaluation.partner_found(z1, z2))

# %% [markdown]
# **Answer.** The loss begins close to $\log 127 = 4.84$, the price of a blind guess. With random weights all *z* point
# nearly the same way, so all candidates get nearly the same probability. And yet far more views find their
# partner than a blind guess would: two views of one image have similar colours, and even random weights let some of that through. So the
# two curves tell different things. **Partner found** looks only at the *order* of the similarities; the **loss** also
# wants them far apart.
#
# Then both learn: the loss falls, and more views find their partner. The curves tremble, because each step draws new
# views, and some draws are harder. You have trained a network without a single label, with your own loss.
#
# What has it learned? Perhaps only to tell *these* 64 images apart. For a representation that is of use for others, it
# takes many images, a better encoder and more time. That is what lesson 04 adds to your loop. First, what do the numbers
# of this loss mean?
#
# ## 6 · Chance and floor
#
# NT-Xent is a cross-entropy: each view chooses among 2N−1 candidates, and one is right.
#
# **Predict**: a batch of 128 images, τ = 0.2. What is the loss when
# 1. the network has collapsed, and all *z* are one point?
# 2. all *z* are random directions, and partners have nothing in common?
# 3. partners are equal, and otherwise the directions are random?
# 4. everything is as good as it can be?

# %%
# My guess:
N, D, tau = 128, 128, 0.2
generator = torch.Generator().manual_seed(0)
random1, random2 = (torch.randn(N, D, generator=generator) for _ in range(2))
cases = {
    "1 · all on one point": (torch.ones(N, D), torch.ones(N, D)),
    "2 · random, partners strangers": (random1, random2),
    "3 · random, partners equal": (random1, random1),
    "4 · the best there is": [torch.eye(N) - 1 / N] * 2,  # a simplex: no N points are farther apart
}
rows = {name: {"NT-Xent": nt_xent(*pair, tau).item()} for name, pair in cases.items()}
explorers.table(rows, f"a batch of {N} images, τ = {tau}")

# %% [markdown]
# **Answer.** **Chance** is log(2N−1), here $\log 255 = 5.54$: all candidates look alike, so each gets the same
# probability. A collapsed network is exactly there. Random directions are near it, a little above: whoever is unsure
# *and* has favourites pays more.
#
# **The floor** is above 0. Even the best arrangement leaves some probability to the negatives, since the exponential of
# a cosine is never 0. Partners on one point, and the N images as far from each other as N points can be, at a cosine of
# −1/(N−1) (a *simplex*, it needs N−1 dimensions):
#
# $$\text{floor} = \log\left(1 + (2N-2)\,\exp\left(\frac{-\frac{1}{N-1} - 1}{\tau}\right)\right)$$
#
# Now look at case 3: its loss is only a little above the floor, case 4. In 128 dimensions random directions are already nearly
# at right angles to each other. So the push is nearly done by chance alone. What has to be *learned* is which
# views belong together.


# %%
def floor(n, tau):
    """The smallest NT-Xent of n images."""
    return math.log1p((2 * n - 2) * math.exp((-1 / (n - 1) - 1) / tau))


sizes = [2**k for k in range(1, 13)]
chances = [math.log(2 * n - 1) for n in sizes]
floors = {t: [floor(n, t) for n in sizes] for t in (1.0, 0.5, 0.2, 0.1)}
explorers.show(figures.chance_and_floor(sizes, chances, floors))

# %% [markdown]
# A loss that learns goes from the black line towards its dashed one. Both rise with the batch size. Here are three
# losses, each on its way from its own chance (0 %) to its own floor (100 %):

# %%
rows = {}
for n, t, loss in ((128, 0.2, 5.5), (512, 0.2, 5.5), (128, 1.0, 4.9)):
    way = (math.log(2 * n - 1) - loss) / (math.log(2 * n - 1) - floor(n, t))
    levels = {"chance": math.log(2 * n - 1), "floor": floor(n, t), "way, %": 100 * way}
    rows[f"N = {n}, τ = {t}, loss {loss}"] = levels
explorers.table(rows, "three losses on their way, in nats", digits=2)

# %% [markdown]
# What can you say of a run whose loss is **stuck at 5.5**?
# - With N = 128 it knows nothing: it is at chance. Perhaps it has collapsed, perhaps its weights do not move. The
#   measures of section 9 tell which.
# - With N = 512 the same number is below chance: it learns.
# - With τ = 1 there is little room. A loss of 4.9 sounds bad, and it is more than half of the way. Keep it in mind:
#   section 9 has such a run.
#
# So a loss has a meaning only beside *its own* chance and floor. Losses of two temperatures or two batch sizes cannot be
# compared.
#
# ## 7 · More images, a better encoder
#
# Now a real encoder, a ResNet-18, and thousands of images. It is the training of
# [lesson 04](04_simclr_training.ipynb), in short; the loss is NT-Xent, and the labels are not used. After each epoch it
# is looked at on **held-out** images: images that it is never trained on.
#
# **Predict**: where will the loss begin, and how far will it come on its way from chance to floor?

# %%
# My guess:
config = training.SimCLRConfig.for_profile(
    p, crop_scale=(0.4, 1.0), temperature=0.2, epochs=max(2, p.epochs // 5),
    held_out=0, monitor_every=0,
)  # fmt: skip
probe = test.sample(min(500, len(test)))  # looked at after each epoch, never trained on
probe_views = views(probe.images, torch.Generator().manual_seed(1))
N, tau = config.batch_size, config.temperature
run, trace = see.train_at(tau, train, config, *probe_views, name=f"{DATA}_{p.name}")

# %%
untrained = training.build_simclr(config, train.images.shape[1])
with torch.no_grad():
    _, z = untrained(torch.cat(views(train.images[:N], torch.Generator().manual_seed(0))))
start = nt_xent(*z.chunk(2), tau).item()
epochs, by_epoch = run.column("loss")
curve = {f"τ = {tau}": ([0, *epochs], [start, *by_epoch])}
chance, lowest = math.log(2 * N - 1), floor(N, tau)
explorers.show(figures.loss_by_epoch(curve, {"chance": chance, "floor": lowest}))
print(f"way from chance to floor: {(chance - by_epoch[-1]) / (chance - lowest):z.0%}")

# %% [markdown]
# **Answer.** It begins near chance, as your own network did, and it comes about half of the way to the floor. (An
# epoch's loss is a mean over the epoch, so a part of the fall is already in the first one.) The floor is out of reach:
# two crops of one image are not the same picture, and some images look alike.
#
# Which ones? Here are the similarities of the two views of eight held-out images. Rows and columns have their pictures.
# Find the two diagonals of framed squares, the partners. Then look for dark red squares *outside* the frames.

# %%
z1, z2 = see.embed(run.model, *probe_views)  # each [P, D]
shown = min(8, len(z1))
matrix = cosine_similarity(torch.cat([z1[:shown], z2[:shown]])).numpy()
pictures = torch.cat([view[:shown] for view in probe_views]).numpy()
explorers.show(figures.similarity_matrix(matrix, positives(shown), pictures))

# %% [markdown]
# Dark red outside the frames are the **hard negatives**: views of other images that look like a partner. Follow such a
# square to its two pictures. The crown and the house (views 4 and 14) are both dark figures, low in the picture, on a
# lighter background. The plane and the ring (views 7 and 9) are both light and large. So the encoder looks, among other
# things, at how light and how large a figure is and where it lies. That often helps to find the partner, and here it
# misleads: the shapes are quite different.
# <!-- given: 14 a view's place in the matrix above -->
#
# ### More candidates
#
# The batch size N decides how many candidates there are. The same *z*, without any further training, asked in batches of
# other sizes:

# %%
rows = {}
for n in (8, 32, 128, 500):
    if n <= len(z1):
        found, loss = evaluation.partner_found(z1[:n], z2[:n]), nt_xent(z1[:n], z2[:n], tau).item()
        levels = {"partner found, %": 100 * found, "chance, %": 100 / (2 * n - 1), "loss": loss}
        rows[f"N = {n}: {2 * n - 1} candidates"] = levels
explorers.table(rows, "held-out images, τ = 0.2", digits=1)

# %% [markdown]
# The network is the same in each row, and the question gets harder: among more candidates there are more hard negatives.
# So a large batch asks a finer question. Does the network *learn* more from it? That is another matter, for a large
# batch also makes fewer steps in an epoch. [Lesson 04](04_simclr_training.ipynb) measures it, for several batch sizes
# and numbers of epochs.
#
# What the loss does with a hard negative is decided by the temperature.
#
# ## 8 · Temperature
#
# How hard does the loss pull and push? Look at one view. It has K = 2N−1 candidates with the similarities $s_1, …, s_K$,
# and its positive is number *j*. Its loss is
#
# $$L = -\frac{s_j}{\tau} + \log \sum_{k=1}^{K} \exp(s_k/\tau)$$
#
# **Predict**, on paper: derive $\partial L/\partial s_k$ for a negative *k*, and $\partial L/\partial s_j$ for the
# positive. Write both with τ and the softmax $p_k = \exp(s_k/\tau) / \sum_m \exp(s_m/\tau)$. Which sign has each? What
# do all K of them add up to?

# %%
# My guess: for a negative …, for the positive …, together …

# %% [markdown]
# ### Exercise 4 · gradient weights ●●○ (15 minutes)
#
# Now as a function of `similarity` [K], the index `positive` and the temperature. It returns all K derivatives.


# %%
def gradient_weights(similarity, positive, temperature):
    """The derivative of one view's loss with respect to each of its similarities [K], as [K]."""
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
# Does your derivation agree with PyTorch, which knows nothing of it? **Autograd** finds the derivatives by itself, step
# by step from the loss back to the similarities.

# %%
s = torch.tensor([0.9, 0.6, 0.1, -0.3], requires_grad=True)  # the first one is the positive
(by_autograd,) = torch.autograd.grad(F.cross_entropy(s[None] / 0.5, torch.tensor([0])), s)
candidates = ["positive", "negative 0.6", "negative 0.1", "negative −0.3"]
by_hand = gradient_weights(s.detach(), 0, 0.5)
rows = see.named(torch.stack([by_hand, by_autograd]), candidates, ["by hand", "autograd"])
explorers.table(rows, "the gradient with regard to each similarity, τ = 0.5")

# %% [markdown]
# <details><summary>Answer: the derivation</summary>
#
# The derivative of the logarithm is one over its inside, times the derivative of the inside:
#
# $$\frac{\partial}{\partial s_k} \log \sum_m \exp(s_m/\tau) = \frac{\exp(s_k/\tau)/\tau}{\sum_m \exp(s_m/\tau)}
# = \frac{p_k}{\tau}$$
#
# The first term of the loss contains $s_j$ only, and adds $-1/\tau$ there. So
#
# $$\frac{\partial L}{\partial s_k} = \frac{p_k}{\tau} \quad\text{(a negative)} \qquad
# \frac{\partial L}{\partial s_j} = -\frac{1 - p_j}{\tau} \quad\text{(the positive)}$$
#
# They add up to 0.
#
# </details>
#
# Gradient descent goes against the derivative: the similarity to the positive grows, all others shrink. All pushes
# together are as strong as the pull. And each negative gets its share by its softmax, so by exp($s_k$/τ).
#
# Now with real *z*: one view from the training above, and its negatives. A negative's **share of the push** is its
# weight divided by the sum of the negatives' weights.
#
# **Predict**: there are more than two hundred negatives. On how many of them lies half of the push, for τ = 0.05, 0.2
# and 1?

# %%
# My guess:
VIEW, images = 0, min(N, len(z1))
matrix = cosine_similarity(torch.cat([z1[:images], z2[:images]]))  # [2N, 2N]
row = torch.cat([matrix[VIEW, :VIEW], matrix[VIEW, VIEW + 1 :]])  # without the view itself
partner = VIEW + images - 1  # its index among these candidates
is_negative = torch.arange(len(row)) != partner
shares = {}
for t in (0.05, 0.2, 1.0):
    weights = gradient_weights(row, partner, t)[is_negative]
    shares[t] = (weights / weights.sum()).numpy()
explorers.show(figures.push_by_similarity(row[is_negative].numpy(), shares, row[partner].item()))

# %% [markdown]
# **Answer.** The names above the figure tell it: on a few at τ = 0.05, on a dozen or two at 0.2, on about a hundred at 1.
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
# My guess:
temperatures = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
rows = see.push_on_own_class(z1[:images], z2[:images], probe.labels[:images], temperatures)
explorers.table(rows, "negatives of the view's own class", digits=1)

# %% [markdown]
# **Answer.** Much more: the smaller τ, the more of the push goes against images of the view's own class, which the loss
# should leave alone. For the encoder has already learned that they look alike. At τ = 1 they get hardly more than their
# share. Wang & Liu name the dilemma: with a small τ the points are spread evenly, and images of one class are torn apart;
# with a large τ they may stay together, and little is told apart. No τ is best for all data. SimCLR tried 0.05, 0.1, 0.5
# and 1 on ImageNet; 0.1 came out best (Table 5). For CIFAR-10 it takes 0.5 (B.9).
#
# Try it. Set τ to 0.02, then to 2, and look at the row of the view on the left (the orange line) and its push on the
# right. Then add images: what happens to the probability of the positive? Type into the boxes, or
# move the sliders with the mouse.

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
# My guess:
see.play_circle((0.1, 2.0))

# %% [markdown]
# **Answer.** τ changes the end, too. On both sides the partners find each other. At τ = 0.1 the ringed view pushes only
# those who are near, and the images spread out nearly evenly. At τ = 2 it pushes nearly everyone alike. There the
# images need not be even: two of them may stay close, as long as the whole is in balance.
#
# (The picture plays twice. To see it again, run the cell again.) Here you can take it step by step. How long do partners
# need? Watch a point that has a stranger between itself and its partner.

# %%
see.moving_circle(tau=0.1, step=5)

# %% [markdown]
# ## 9 · Alignment, uniformity, and collapse
#
# The two wishes of section 1 can be measured (Wang & Isola 2020). With unit vectors *z*:
#
# - **Alignment**: how far are partners from each other? The mean of $\lVert z_i - z_j \rVert^2$ over all pairs of
#   partners. 0 is best.
# - **Uniformity**: how evenly are all points spread? The logarithm of the mean of $\exp(-2\,\lVert z_i - z_k \rVert^2)$
#   over all pairs. 0 means: all on one point. The more even, the lower.
# - **Effective rank**: how many directions do the points use? The **singular values** of the matrix of all *z* say how
#   far the points reach along its main directions, the farthest first. Divide them by their sum: the effective rank is
#   the exponential of the entropy of these shares (Roy & Vetterli 2007), so that *k* equal ones give exactly *k*.
#
# **Predict**: for four arrangements with known answers, what will the three numbers be? (There are 128 dimensions.)

# %%
# My guess:
known = {
    "one point": (torch.ones(128, D), torch.ones(128, D)),
    "random, partners strangers": (random1, random2),
    "random, partners equal": (random1, random1),
    "random in 3 directions": (F.pad(random1[:, :3], (0, D - 3)),) * 2,
}
rows = {name: see.geometry(*pair) for name, pair in known.items()}
explorers.table(rows, "256 views in 128 dimensions", digits=2)
explorers.show(figures.sorted_spectra(see.spectra(known)))

# %% [markdown]
# **Answer.** No single number is enough. The collapse has a perfect alignment, and so has an arrangement with equal
# partners that is spread out. In the last row the points use three directions of 128: a **dimensional collapse** (Jing
# et al. 2022). All partners are found there! But most of the space is empty, and the rank shows it at once.
#
# In the figure, each line is the sorted **spectrum** of one arrangement. The collapse is a single point: everything lies
# in one direction. Why do random directions not have all of the 128? No direction is preferred, but there are only a few
# points, and by luck some directions get more of them than others. Then the line falls, where it should be flat. With
# more points it becomes flat:

# %%
more = {m: torch.randn(m, D, generator=generator) for m in (128, 256, 1024, 8192)}
ranks = {f"{m} points": {"effective rank": evaluation.effective_rank(z)} for m, z in more.items()}
explorers.table(ranks, "random directions in 128 dimensions", digits=1)

# %% [markdown]
# Now the training. Our run was measured after each epoch, on two fixed views of the held-out images. Beside it we train
# a second one, with τ = 1, and all else equal.
#
# **Predict**: before training, with random weights, is alignment good or bad? And which run will be more uniform, and
# use more directions?

# %%
# My guess:
warm, warm_trace = see.train_at(1.0, train, config, *probe_views, name=f"{DATA}_{p.name}")
even = see.geometry(random1, random2)["uniformity"]
references = {"uniformity": {"one point": 0.0, "random": even}}
traces = {f"τ = {tau}": trace, "τ = 1": warm_trace}
explorers.show(figures.geometry_by_epoch(traces, references))

# %%
fresh = training.build_simclr(config, train.images.shape[1])
models = {"random weights": fresh, f"τ = {tau}": run.model, "τ = 1": warm.model}
pairs = {name: see.embed(model, *probe_views) for name, model in models.items()}
rows = {name: see.geometry(*pair) for name, pair in pairs.items()}
explorers.table(rows, f"z of {len(probe)} held-out images, two views of each", digits=2)
explorers.show(figures.sorted_spectra(see.spectra(pairs)))

# %% [markdown]
# **Answer.** Look at **epoch 0** first. With random weights partners are very close, because *all* views are very close:
# alignment and uniformity are near 0. **A good alignment alone says nothing.** Training has to push everything apart
# first, and partners are torn apart with the others. After that alignment gets better again, but not as good as at first.
#
# So epoch 0 is almost a collapse. And yet its rank is far above 1! The spectrum shows why: one direction, the common one,
# holds about half of the sum, and a long tail holds the rest. The points are a *very small cloud*, but a cloud with many
# directions. The rank counts these, however small the cloud is. Uniformity sees how small it is. And more partners are
# found in it than by guessing, as in your own network: that number looks at the order only, and asks for no distance.
#
# At **τ = 0.2** the points spread, and they use more and more directions. At **τ = 1** something else happens: the points
# spread, too, but the rank *falls*. The cloud gets large in a few directions only, on the way to a dimensional collapse.
# The moving circle has shown the reason: a large τ pushes all strangers alike, so a balance of the whole is enough, and
# a few directions suffice for that: five hold nearly all. Its loss ends near the 4.9 of section 6, more than half of the
# way; its partners are *closer* than at τ = 0.2. And yet fewer of them are found than with random weights! In so few
# directions, strangers are close, too. Neither the loss nor the alignment shows it; the rank and the partners found do.
#
# This is one short run each, with one seed: take it as a picture of these runs and not as a law. And a more uniform *z*
# is not yet a better encoder. What a representation is worth is the question of lessons 04 and 06.
#
# ## 10 · Large batches and their memory (optional)
#
# SimCLR was trained with batches of up to 8192 images (Chen et al. 2020, §2.2), so that each view has more than sixteen
# thousand candidates. That is a matrix of 16,384 × 16,384.
# <!-- given: 16,384 two views each of 8192 images -->
#
# **Predict**: D = 128, and 4 bytes for each number. How many GiB does the matrix take? And the same by *broadcast*,
# where all pairs of vectors are multiplied first, as a tensor [2N, 2N, D], and added up after that?

# %%
# My guess:
rows = {}
for n in (128, 1024, 8192):
    whole = (2 * n) ** 2 * 4 / 2**30
    rows[f"N = {n}"] = {"matrix": whole, "broadcast": whole * 128}
explorers.table(rows, "GiB of one copy", digits=4)

# %% [markdown]
# **Answer.** For N = 8192 the matrix takes 1 GiB, and the broadcast 128 GiB.
#
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
# ### Exercise 5 · NT-Xent in chunks ●●● (optional, 20 minutes)
#
# The same value and the same gradients as `nt_xent`, with at most `chunk_size` rows of similarities, [chunk, 2N], at a
# time. `z1` and `z2` are [N, D]; `chunk_size` may be larger than 2N, or not divide it; the temperature may be 0.005.
# Nothing larger than such a block of rows may be made on the way, so no [2N, 2N] and no [chunk, 2N, D].


# %%
def nt_xent_in_chunks(z1, z2, temperature, chunk_size):
    """NT-Xent of z1 and z2 [N, D], at most chunk_size rows of similarities at a time."""
    ### BEGIN SOLUTION
    z = F.normalize(torch.cat([z1, z2]), dim=1)  # [2N, D]
    total = 0.0
    for rows in torch.arange(len(z)).split(chunk_size):
        block = z[rows] @ z.T / temperature  # [chunk, 2N]
        block[torch.arange(len(rows)), rows] = -math.inf
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
# The way out: the gradient of a block is known as soon as the block is there (section 8). So `losses.nt_xent(…,
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
    return F.cross_entropy(scores.fill_diagonal_(-math.inf), positives(len(z1)))


# %%
ways = {
    "matrix": nt_xent,
    "broadcast": by_broadcast,
    "chunks, the exercise": lambda z1, z2, t: nt_xent_in_chunks(z1, z2, t, 64),
    "chunks, gradient at once": lambda z1, z2, t: losses.nt_xent(z1, z2, t, chunk_size=64),
}
rows = see.compare_ways(ways, random1, random2, 0.2)
explorers.table(rows, "256 views of 128 dimensions", digits=5)

# %% [markdown]
# Do not confuse this with **many small batches**: to split 8192 images into 64 batches of 128 and average the losses is
# cheap, too, but each view then has 254 negatives and not 16,382. It is another question, with another chance level.
# For the encoder, chunks of the loss are no help either: its activations of the whole batch have to fit as well.
# <!-- given: 254 it is 2·128 − 2; 16,382 it is 2·8192 − 2 -->
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
# - The head makes *z*, and the loss sees only *z*. Could *h* collapse while *z* does not? And the other way?
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
# [Lesson 04, SimCLR training](04_simclr_training.ipynb), puts your loss to work: a better encoder, its head, another
# optimiser, and a long training whose worth is measured.

# %%
exercises.progress()
