# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 05 · DeepCluster
#
# Put similar images into groups, call the groups labels, train on them, and do it again.
#
# **After this lesson you can**
# - write down the two objectives of DeepCluster, and say why they take turns;
# - name each stage from the image to the pseudo-label, and say what goes wrong without it;
# - run k-means by hand, and know what a bad start and an empty cluster do;
# - tell the trivial solutions, and show by a simulation that a sampler is fair, or is not;
# - look inside a trained network: filters, images made for a unit, images that excite it, pages of clusters;
# - read a table of results beside raw pixels and random weights.
#
# **You need first**: [lesson 04, SimCLR training](04_simclr_training.ipynb).
#
# **Time**: about 60 minutes to read, 80 for the five exercises. The code took
# {{ lesson_minutes.05.cpu.seconds:minutes }} minutes on the two cores of the machine that this page was made on.
#
# ← [04 SimCLR training](04_simclr_training.ipynb) · [06 Evaluation](06_evaluation.ipynb) → ·
# [glossary](../lessons/GLOSSARY.md)

# %%
import re
import time
from dataclasses import replace
from math import log, sqrt
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import normalized_mutual_info_score
from torch import nn
from torch.nn import functional as F

from aimsssl import augment, clustering, evaluation, explorers, figures, models, profile, training
from aimsssl.datasets import load
from aimsssl.exercises import lesson05 as lesson

p = profile.current()
print(p)
print(profile.lesson_estimate("05"))

# %%
DATA = "shapes"

train = load(DATA, "train", limit=p.train_images)
test = load(DATA, "test", limit=p.test_images)
p = p.fitted(len(train))  # smaller batches where images are few
E = max(2, p.epochs // 5)  # epochs of the main run
K = max(2, min(100, len(train) // 25))  # clusters
config = training.DeepClusterConfig.for_profile(
    p, encoder="convnet", width=p.width // 2, sobel=True, clusters=K, epochs=E
)
print(train, test, f"{K} clusters, {E} epochs", sep="\n")

# %% [markdown]
# As before, the labels are for measuring only. The encoder is a small **convnet**: four convolutions in a row, each with
# batch norm and ReLU. The paper takes AlexNet and VGG-16. Write `encoder="alexnet"`, `"vgg16"` or `"resnet18"` to try
# others.
#
# ## 1 · Labels that make themselves
#
# SimCLR asks which two views belong together. DeepCluster (Caron et al. 2018) asks something that looks more like
# ordinary training: *which group does this image belong to?* But who made the groups?
#
# A **clustering** puts similar things into groups, the **clusters**, without labels. Take the number of an image's
# cluster for its label, a **pseudo-label**, and train as if a person had written it. The new network has better
# features, so its clusters are better, so its labels are better, and so on. We hope.
#
# There are two objectives. The network *f* with weights θ and a **head** *g*, a linear layer with weights *W*, learn to
# name the pseudo-label *y* of each of N images *x*:
#
# $$\min_{\theta,\,W}\; \frac1N \sum_{n=1}^{N} \ell\big(g_W(f_\theta(x_n)),\, y_n\big) \tag{1}$$
#
# ℓ is the cross-entropy. And k-means finds the pseudo-labels. It looks for *k* **centroids** *c*, the middles of the
# clusters, such that every image is close to the one of its own cluster:
#
# $$\min_{c_1 \ldots c_k}\; \frac1N \sum_{n=1}^{N} \min_{y_n} \big\lVert f_\theta(x_n) - c_{y_n} \big\rVert^2 \tag{2}$$
#
# They take turns. In (1) the labels *y* stand still and the network moves. In (2) the network stands still and the
# labels move.
#
# **Before you go on**: why not minimise (2) over θ as well? Which network makes it 0 at once?

# %%
torch.manual_seed(0)
model = training.build_deepcluster(config, train.images.shape[1])  # random weights
encoder = model.encoder.to(p.device)
explorers.show(figures.deepcluster_plan(encoder.feature_dim, min(config.pca_dim, encoder.feature_dim), K))

# %% [markdown]
# A network that gives the same features to all images makes (2) zero, and knows nothing. So *f* never sees (2). It
# learns from (1) only, where it has to tell the groups apart.
#
# ### How can it begin?
#
# At the start the weights are random. What are clusters of random features good for? More than nothing, is the
# paper's bet. On ImageNet, a classifier on the features of an AlexNet with *random* weights is right in 12 % of the
# cases; guessing gives 0.1 % (§3.2).
#
# To measure clusters we compare two groupings of the same images, for example clusters and classes, with the
# **normalised mutual information**:
#
# $$\mathrm{NMI}(A, B) = \frac{I(A;\,B)}{\sqrt{H(A)\,H(B)}}$$
#
# *I* says how much one grouping tells about the other, *H* how much there is to tell. NMI is 1 where one grouping is
# the other with new names. It is near 0 where one tells nothing about the other. It does not care about the *numbers*
# of the groups.
#
# **Predict**: we cluster raw pixels. What will the images of one cluster have in common: the shape, the colour, the
# place?


# %%
def nmi(a, b):
    """NMI of two groupings of the same images, [N] each."""
    return normalized_mutual_info_score(np.asarray(a), np.asarray(b), average_method="geometric")


def pixels(images):
    """The image itself as features: [N, C·H·W]."""
    return images.flatten(1).float() / 255


def clusters_of(features, k=K, seed=0):
    """PCA, whitening, length 1, then k-means: a cluster for each image, int64 [N]."""
    x = clustering.pca_whiten(features, min(config.pca_dim, features.shape[1]))
    return clustering.kmeans(x, k, seed=seed).assignments.cpu()


def largest(assignments, count=6):
    """Positions of the images of the largest clusters, by name."""
    numbers = assignments.bincount().argsort(descending=True)[:count].tolist()
    return {f"cluster {j}": (assignments == j).nonzero()[:, 0].numpy() for j in numbers}


half_size = F.avg_pool2d(train.images.float(), 2)  # a quarter of the pixels, to save time
of_pixels = clusters_of(pixels(half_size))
explorers.show(figures.cluster_rows(train.images.numpy(), largest(of_pixels)))

# %% [markdown]
# What did you write down? Look along a row. If you see what the images share, the clusters have found it too. Is it
# something that we want a network to learn? In `shapes` we know how each image was made, so we can also count: NMI of
# these clusters with the class, with `lighter` (is the figure lighter than the ground?), with the place of the figure
# (`x` from left to right, `y` from top to bottom), and with the hue of ground and figure.

# %%
STEPS = {"lighter": 1, "x": 4, "y": 4, "ground_hue": 30, "hue": 30}  # continuous ones in steps, to make groups


def what_they_know(groups, images):
    """NMI of a grouping with the class, and with what each image was made of where that is known."""
    known = {"class": images.labels}
    known |= {name: (images.factors[name] // step).long() for name, step in STEPS.items() if name in images.factors}
    return {name: nmi(groups, values) for name, values in known.items()}


luck = torch.randint(K, (len(train),), generator=torch.Generator().manual_seed(0))
by_luck = what_they_know(luck, train)
explorers.table(
    {"clusters of raw pixels": what_they_know(of_pixels, train), "by luck": by_luck}, f"NMI of {K} clusters"
)

# %% [markdown]
# "By luck" is what random groups get. It is not exactly 0, for with many small groups something always fits. So raw pixels
# group by light and place first, by the class far behind, and by colour hardly at all: two discs of one colour in two
# corners have no pixel in common.
#
# ## 2 · From the image to the features
#
# ### Two ways into the network
#
# For clustering, an image goes in *whole*. For learning, it goes in as a random **view**: another crop, perhaps
# mirrored. So the network learns to give all views of an image the label that the whole image got. What differs between
# views should not matter.

# %%
few = train.sample(min(8, len(train)))
names = [few.classes[label] for label in few.labels]
one_view = augment.Augment(train.images.shape[-1], config.crop_scale, config.jitter, config.grayscale, flip=config.flip)
generator = torch.Generator().manual_seed(0)
rows = {"whole,\nto cluster": few.images.numpy()}
rows |= {f"view {i},\nto learn": one_view(few.images, generator).numpy() for i in (1, 2)}
explorers.show(figures.picture_rows(rows, names, side=0.85))

# %% [markdown]
# ### Sobel: edges in place of colours
#
# Colour is an easy way to make groups, and a network with random weights takes the easy way. So the paper takes the
# colours away, with a **Sobel filter**: it measures how the brightness changes from left to right and from top to
# bottom. Nothing in it is learned.

# %%
sobel = models.Sobel()
edges = sobel(few.images.float() / 255)  # [8, 2, H, W]
explorers.show(figures.sobel_stages(few.images.numpy(), edges.numpy(), names))

# %% [markdown]
# (The frame is the border of the picture: beyond it the filter sees black.)
#
# Does it help? Ask the clusters again.
#
# **Predict**: which of the three is closest to the class, and which to the colour of the ground?

# %%
colours = training.build_deepcluster(replace(config, sobel=False), train.images.shape[1]).encoder.to(p.device)
groups = {
    "raw pixels": of_pixels,
    "random weights, colours": clusters_of(models.extract(colours, train.images, before_relu=True)),
    "random weights, Sobel": clusters_of(models.extract(encoder, train.images, before_relu=True)),
}
asked = {name: what_they_know(found, train) for name, found in groups.items()}
explorers.table(asked | {"by luck": by_luck}, f"NMI of {K} clusters")

# %% [markdown]
# Look at the two rows of random weights. With colours the clusters know more of the ground's hue than of the class; with
# Sobel that is gone, and they know more of the class. Section 6 trains with and without Sobel, so that we see what comes
# of it.
#
# ### PCA, whitening, length 1
#
# k-means goes by distance, and features of a network are no fair ground for distances. Their cloud lies off the origin.
# They say the same thing several times: many features are correlated. And a feature with large numbers counts more than
# one with small numbers. Three steps help (§3.4):
# - **PCA**, principal component analysis: move the cloud of points to the origin and turn it so that its longest
#   direction comes first. Keep the first directions, drop the rest;
# - **whitening**: divide along each direction by the standard deviation there, so that all directions count the same;
# - **length 1**: divide each row by its length, so that only the direction of an image counts.
#
# The picture shows two features of our network.

# %%
features = models.extract(encoder, train.images, before_relu=True)  # [N, D]
correlation = features.T.corrcoef().nan_to_num().fill_diagonal_(0)
pair = features[:400, list(divmod(int(correlation.argmax()), len(correlation)))]  # the two most correlated
centred = pair - pair.mean(dim=0)
turned = centred @ torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)
white = turned / turned.std(dim=0)
stages = {"two features": pair, "PCA": turned, "whitened": white, "length 1": F.normalize(white, dim=1)}
explorers.show(figures.whitening_stages({name: points.numpy() for name, points in stages.items()}))

# %%
x = features.double() - features.double().mean(dim=0)
deviations = torch.linalg.eigvalsh(x.T @ x / len(x)).clamp(min=0).sqrt().flip(0)
kept = min(config.pca_dim, len(deviations))
print(f"{len(deviations)} directions; standard deviation {deviations[0]:.3g} along the first")
print(f"and {deviations[kept - 1]:.2g} along number {kept}: a factor of {deviations[0] / deviations[kept - 1]:.0f}")

# %% [markdown]
# Without whitening, distances would be made by the first few directions alone.
#
# ### Exercise 1 · PCA, whitening, length 1 ●●○ (20 minutes)
#
# One thing to think of: a unit of the network that is never active is a feature that never changes. There is a
# direction in which nothing varies. What is its standard deviation, and what happens when you divide by it?


# %%
def pca_whiten(features, dim):
    """PCA to dim directions, whitening, rows of length 1: float32 [N, D] to float32 [N, dim].

    Columns in falling order of variance; their signs do not matter. A direction without variance gives a column of 0.
    """
    ### BEGIN SOLUTION
    x = features - features.mean(dim=0)
    variances, directions = torch.linalg.eigh(x.T @ x / len(x))  # smallest first
    deviations = variances.clamp(min=0).sqrt().flip(0)[:dim]
    scale = torch.where(deviations > 1e-3 * deviations[0], 1 / deviations, 0.0)
    return F.normalize(x @ directions.flip(1)[:, :dim] * scale, dim=1)
    ### END SOLUTION


# %%
pca_whiten = lesson.pca_whiten.check(pca_whiten)

# %% [markdown]
# Stuck? Take the `#` away in the next cell and run it. There are three hints for each exercise.

# %%
# lesson.pca_whiten.hint()

# %% [markdown]
# ## 3 · k-means by hand
#
# How does one find centroids that make (2) small? Trying all groupings is hopeless. **Lloyd's algorithm** takes two
# half-steps in turn:
# - **assign**: every point goes to its nearest centroid;
# - **update**: every centroid goes to the mean of its points.
#
# The sum in (2) is called **inertia**: the squared distances of all points to their centroids, added up (we leave out
# the 1/N). Neither half-step can make it larger. In the first, each point takes the *smallest* distance it can have. In
# the second, the mean is the place with the smallest sum of squared distances.
#
# ### Exercise 2 · assign and update ●○○ (15 minutes)


# %%
def lloyd_step(x, centroids):
    """One step of k-means; nothing that comes in is changed.

    x: points, float32 [N, D]; centroids: float32 [k, D].
    Returns (assignments, new_centroids): the number of the nearest of the old centroids for each point, int64 [N], and
    the mean of each cluster's points, [k, D]. The centroid of a cluster without points stays where it is.
    """
    ### BEGIN SOLUTION
    assignments = torch.cdist(x, centroids).argmin(dim=1)
    new_centroids = centroids.clone()
    for j in assignments.unique().tolist():
        new_centroids[j] = x[assignments == j].mean(dim=0)
    return assignments, new_centroids
    ### END SOLUTION


# %%
lloyd_step = lesson.lloyd_step.check(lloyd_step)

# %%
# lesson.lloyd_step.hint()

# %% [markdown]
# Your step at work, on points in the plane.


# %%
def inertia_of(x, centroids):
    """Sum of squared distances to the nearest centroid."""
    return torch.cdist(x, centroids).amin(dim=1).square().sum().item()


torch.manual_seed(1)
middles = torch.tensor([[0.0, 0.0], [3.5, 0.5], [1.5, 3.0], [5.5, 3.5], [3.5, 5.5]])
points = torch.cat([middle + 0.6 * torch.randn(30, 2) for middle in middles])  # five groups of 30

centroids = points[torch.randperm(len(points))[:5]]
falling = [inertia_of(points, centroids)]
for _ in range(10):
    _, centroids = lloyd_step(points, centroids)
    falling.append(inertia_of(points, centroids))
print("inertia: " + " → ".join(f"{value:.0f}" for value in falling))

# %% [markdown]
# Now slowly. Move the **step** and watch who changes sides. Then try:
# 1. another **seed**: does it always end in the same place?
# 2. k = 2, then k = 8: what do the clusters cut that belongs together?
# 3. the start **all in one corner**: how many steps does it take?
# 4. the start **one far away**: what becomes of that centroid?

# %%
explorers.lesson05.kmeans(points, k=5, step=2)

# %% [markdown]
# ### The start matters
#
# Look again at the inertia that your ten steps ended with. Was that the best there is? Lloyd's algorithm goes downhill
# and stops where it cannot go on. That is not always the lowest place. A better start is **k-means++** (Arthur &
# Vassilvitskii 2007): the first centroid is any point. Each next one is a point drawn at random, and a point far from
# all centroids so far is more likely. The chance grows with the *squared* distance.
#
# **Predict**: nine groups, k = 9, twenty seeds. How often will the random start end near the best place?

# %%
nine = torch.cartesian_prod(*[torch.arange(3.0)] * 2).repeat_interleave(20, dim=0)
nine = nine + 0.12 * torch.randn(nine.shape, generator=torch.Generator().manual_seed(0))
ends = {
    start: [clustering.kmeans(nine, 9, init=start, seed=seed).inertia for seed in range(20)]
    for start in clustering.INITS
}
explorers.show(figures.inertia_by_start(ends))

# %%
best = min(min(values) for values in ends.values())
for start, values in ends.items():
    good = sum(value < 1.01 * best for value in values)
    print(
        f"{start}: {good} of {len(values)} end within a hundredth of the best; the worst is {max(values) / best:.2f}×"
    )

# %% [markdown]
# With few, clear groups the start decides a lot. With thousands of clusters in hundreds of dimensions it decides less:
# there are many ways to cut a large cloud into small pieces, and they are about equally good. The paper's code takes a
# random start and twenty steps.
#
# ## 4 · What can go wrong
#
# Both objectives have solutions that are perfect and useless, the **trivial solutions** (§3.3). DeepCluster has a
# remedy for each.
#
# ### Empty clusters
#
# A centroid that is nobody's nearest has no points, so it never moves. It stays empty for ever. In the worst case one
# cluster has everything. With DeepCluster this is a real danger. The network and the clustering follow each other: a
# cluster that is lost is a class less to tell apart.
#
# The remedy: give the empty centroid a place where there is something to do. Our rule cuts the *largest* cluster in two.
#
# ### Exercise 3 · refill an empty cluster ●●● (20 minutes)
#
# For each empty cluster, in the order of their numbers:
# 1. find the cluster that has the most points *now* (the lowest number, if there are several);
# 2. the point of it that is farthest from its centroid becomes the centroid of the empty cluster;
# 3. those points of the largest cluster that are nearer to this new centroid than to their old one move over.
#
# All other centroids and assignments stay.


# %%
def refill(x, centroids, assignments):
    """Give each empty cluster points of the largest one, by the three steps above; nothing that comes in is changed.

    x: float32 [N, D]; centroids: float32 [k, D]; assignments: int64 [N]. Returns (centroids, assignments).
    """
    ### BEGIN SOLUTION
    centroids, assignments = centroids.clone(), assignments.clone()
    k = len(centroids)
    for empty in (assignments.bincount(minlength=k) == 0).nonzero()[:, 0].tolist():
        largest = assignments.bincount(minlength=k).argmax()
        members = (assignments == largest).nonzero()[:, 0]
        to_old = (x[members] - centroids[largest]).norm(dim=1)
        centroids[empty] = x[members[to_old.argmax()]]
        to_new = (x[members] - centroids[empty]).norm(dim=1)
        assignments[members[to_new < to_old]] = empty
    return centroids, assignments
    ### END SOLUTION


# %%
refill = lesson.refill.check(refill)

# %%
# lesson.refill.hint()

# %% [markdown]
# The same points, with one centroid far away: with and without your refill.

# %%
lowest = min(clustering.kmeans(points, 5, seed=seed).inertia for seed in range(20))
start = explorers.lesson05.start_of(points, 5, "one far away", seed=0)
for name in ("left empty", "refilled"):
    centroids = start
    for _ in range(15):
        assignments, centroids = lloyd_step(points, centroids)
        if name == "refilled":
            centroids, assignments = refill(points, centroids, assignments)
    empty = 5 - len(assignments.unique())
    print(f"{name:<10} {empty} empty, inertia {inertia_of(points, centroids):.0f} (best of 20 starts: {lowest:.0f})")

# %% [markdown]
# ### One label for (nearly) all
#
# The second trivial solution hides in (1). Suppose nine tenths of the images are in one cluster. Then a head that
# answers "that one!" to *every* image is right nine times out of ten. It does not need the features, so *f* learns
# nothing from it. How unequal are our clusters?

# %%
x = clustering.pca_whiten(features, kept)  # [N, dim]: what k-means will see
first = clustering.kmeans(x, K, seed=0).assignments
sizes = first.bincount(minlength=K)
share = (sizes / sizes.sum())[sizes > 0]
print(f"{K} clusters of {sizes.min()} to {sizes.max()} images")
print(f"always naming the largest one is right for {share.max():.1%} of the images; guessing for {1 / K:.1%}")
print(f"loss without looking at the image: {-(share * share.log()).sum():.2f}; with equal clusters: {log(K):.2f}")

# %% [markdown]
# The remedy: **draw the images so that each cluster is equally likely.** Then no label is worth more than another, and
# who does not look at the image pays log k. (Our clusters are far from nine tenths. The remedy is there for the day when
# they are not.)
#
# ### Exercise 4 · a sampler uniform over clusters ●●○ (15 minutes)


# %%
def uniform_over_clusters(assignments, n, generator):
    """Positions of n images, int64 [n]: each non-empty cluster equally likely, then each of its images.

    assignments: int64 [N], some numbers below the largest may be missing. Draws are independent of each other, with
    replacement, and all randomness comes from the generator.
    """
    ### BEGIN SOLUTION
    counts = assignments.bincount()
    weights = 1 / counts[assignments]  # all images of a cluster together weigh 1
    return torch.multinomial(weights, n, replacement=True, generator=generator)
    ### END SOLUTION


# %%
uniform_over_clusters = lesson.uniform_over_clusters.check(uniform_over_clusters)

# %%
# lesson.uniform_over_clusters.hint()

# %% [markdown]
# ### Is it fair? Simulate
#
# A sampler is easily written and hard to see. Draw a lot and count! Three samplers, on our clusters:
# - **every image**: all images are equally likely;
# - **by position**: see below;
# - **over clusters**: yours (or the package's).
#
# The second one is from life. In the public code of the paper (github.com/facebookresearch/deepcluster, `main.py`,
# `util.py` and `clustering.py`), the images of an epoch are put into a list *cluster after cluster*. The sampler draws a
# cluster, then an image of it, and hands out the **number of the image**. This number is then used as a **place in that
# list**. But at place 17 of the list there is not image 17.
#
# **Predict**: what does a large cluster get by position: its fair share, more, or less?

# %%
n = 200 * K
generator = torch.Generator().manual_seed(0)
fair = uniform_over_clusters(first, n, generator)
in_order = first.argsort(stable=True)  # the list: images cluster after cluster
draws = {
    "every image": torch.randint(len(first), (n,), generator=generator),
    "by position": in_order[fair],
    "over clusters": fair,
}
filled = sizes > 0
counts = {name: first[drawn].bincount(minlength=K)[filled].numpy() for name, drawn in draws.items()}
explorers.show(figures.draws_by_cluster_size(sizes[filled].numpy(), counts))

# %%
for name, drawn in counts.items():
    follows = np.corrcoef(drawn, sizes[filled].numpy())[0, 1]
    print(f"{name:<14} correlation of a cluster's draws with its size {follows:+.2f}")

# %% [markdown]
# The middle panel looks like the left one. By position, the draws follow the sizes, as if nobody had balanced
# anything. Image and label still belong together, so the network learns, and no error is ever raised.
#
# Be careful with what this shows. It shows how often each cluster is drawn, where the images stand in random order, as
# ours do. (Those of ImageNet are sorted by class.) It does not show that the paper's results would be better or worse
# with another sampler: for that, somebody would have to train both. And it shows why one tests a sampler by counting.
#
# ## 5 · A new head, every time
#
# k-means gives numbers to its clusters as they come. Cluster it again, and the same groups have other numbers. How
# different are the numbers? We cluster the same features twice; only the seed differs.
#
# **Predict**: what share of the images has the same number in both?

# %%
k = min(20, K)
one, other = (clustering.kmeans(x, k, seed=seed).assignments.cpu() for seed in (1, 2))
matched = explorers.lesson05.renumbered(one, other, k)  # other, with the numbers that fit best
panels = {"as numbered": other, "second renumbered": matched}
explorers.show(
    figures.overlap_matrices({name: explorers.lesson05.overlap(one, a, k).numpy() for name, a in panels.items()})
)

# %%
print(f"the same number twice: {(one == other).float().mean():.0%} (by luck {1 / k:.0%})")
print(f"the same group twice:  {(one == matched).float().mean():.0%}; NMI {nmi(one, other):.2f}")

# %% [markdown]
# To the head a number is everything: row 3 of *W* looks for class 3. After a new clustering, class 3 is something else.
# A head that was trained on the old numbers is now *confidently wrong*, which is worse than knowing nothing.
#
# **Predict**: we train a head on the first numbering and then go on with the second. At which loss will it begin: below
# chance, log k, at chance, or above? And a new head?


# %%
def head_losses(head, labels, steps=40):
    """Train a linear head on fixed features x with full batches; the loss before each step."""
    optimizer = torch.optim.Adam(head.parameters(), 0.05)
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(head(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


torch.manual_seed(0)
kept_head, new_head = nn.Linear(x.shape[1], k), nn.Linear(x.shape[1], k)
head_losses(kept_head, one)
curves = {"head kept": head_losses(kept_head, other), "new head": head_losses(new_head, other)}
explorers.show(figures.loss_by_step(curves, {"chance, log k": log(k)}))

# %%
for name, losses in curves.items():
    where = "above" if losses[0] > 1.02 * log(k) else "below" if losses[0] < 0.98 * log(k) else "at"
    print(f"{name}: begins {where} chance ({losses[0]:.2f}; log k = {log(k):.2f}), ends at {losses[-1]:.2f}")

# %% [markdown]
# While the head unlearns, its large gradients go back into the encoder, and they ask it to change what was right. So
# DeepCluster throws the head away after each clustering, together with what the optimiser remembers of it.
#
# ### Exercise 5 · the whole loop ●○○ (10 minutes)
#
# You have all the parts. Put them together.


# %%
def deepcluster(images, rounds, extract, cluster, new_head, train):
    """The loop of DeepCluster. Returns the pseudo-labels of each round: a list of int64 [N].

    extract(images) -> features [N, D] of the network as it is now
    cluster(features) -> pseudo-labels, int64 [N]
    new_head() -> a head with random weights
    train(head, images, labels): one epoch; changes the network and the head
    """
    ### BEGIN SOLUTION
    history = []
    for _ in range(rounds):
        labels = cluster(extract(images))
        train(new_head(), images, labels)
        history.append(labels)
    return history
    ### END SOLUTION


# %%
deepcluster = lesson.deepcluster.check(deepcluster)

# %%
# lesson.deepcluster.hint()

# %% [markdown]
# ### Your five parts, at work
#
# DeepCluster, with *your* whitening, *your* k-means, *your* refill, *your* sampler and *your* loop (or the package's,
# where you saw a FALLBACK), on a few images.

# %%
small, mini_k = train.sample(min(1000, len(train) // 2)), min(30, K)
mini = training.build_deepcluster(config, train.images.shape[1]).encoder.to(p.device)
generator = torch.Generator().manual_seed(0)


def mini_cluster(features, steps=10):
    z = pca_whiten(features, min(32, features.shape[1]))
    centroids = z[torch.randperm(len(z), generator=generator)[:mini_k]]
    for _ in range(steps):
        assignments, centroids = lloyd_step(z, centroids)
        centroids, assignments = refill(z, centroids, assignments)
    return assignments


def mini_train(head, images, labels):
    mini.train()
    optimizer = torch.optim.AdamW([*mini.parameters(), *head.parameters()], 2e-3)
    for batch in uniform_over_clusters(labels, len(images), generator).split(50):
        views = one_view(images[batch], generator).to(p.device)
        loss = F.cross_entropy(head(mini(views)), labels[batch].to(p.device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


rounds = deepcluster(
    small.images,
    4,
    lambda images: models.extract(mini, images, before_relu=True),
    mini_cluster,
    lambda: nn.Linear(mini.feature_dim, mini_k).to(p.device),
    mini_train,
)
for number, (labels, before) in enumerate(zip(rounds, [None, *rounds], strict=False), start=1):
    changed = "" if before is None else f", with the last clusters {nmi(labels, before):.2f}"
    print(f"round {number}: NMI with the classes {nmi(labels, small.labels):.3f}{changed}")

# %% [markdown]
# The clusters of one round and the next agree in part, and four rounds are too few to see them settle. Whether they come
# closer to the classes cannot be said from a thousand images either. For that we need a longer run.
#
# ## 6 · The training, live
#
# `train_deepcluster` does the same with all images. Four curves to watch:
# - the **loss**, beside log k. It starts anew with each new head, so do not wait for it to go to 0;
# - **NMI with the last clusters**: do images stay together?
# - **NMI with the labels**: do the clusters come closer to the classes? (The network never sees the labels.)
# - **kNN** on held-out images, beside raw pixels and random weights.
#
# **Predict**: which of the two NMI curves will be higher at the end? Will either reach 1?

# %%
config = replace(config, snapshot_epochs=tuple(sorted({0, 1, E // 4, E // 2, E - 1})))
rest, bank, held_out = training.monitor_split(train, config)  # as the training will split
raw = evaluation.knn_accuracy(pixels(bank.images), bank.labels, pixels(held_out.images), held_out.labels)
guess = 1 / len(train.classes)
run_dir = Path("runs") / f"05_deepcluster_{p.name}_{re.sub(r'[^A-Za-z0-9]+', '_', DATA)}"

print(f"{config.optimizer}, rate {config.learning_rate}, batch {config.batch_size}, {E} epochs, k = {K} → {run_dir}")
levels, baselines = {"chance, log k": log(K)}, {"raw pixels": raw, "guessing": guess}
curve = explorers.LiveCurve(levels, baselines, draw=figures.deepcluster_curve)
run = training.train_deepcluster(train, config, run_dir, progress=curve)

# %%
epochs, with_labels = run.column("nmi_labels")
_, with_last = run.column("nmi_previous")
print(f"NMI with the labels {with_labels[0]:.3f} → {with_labels[-1]:.3f}, with the last clusters {with_last[-1]:.3f}")
print(f"kNN {run.history[0]['knn_accuracy']:.2f} → {run.last('knn_accuracy'):.2f}; raw pixels {raw:.2f}")
print(f"empty clusters at the end: {run.last('empty_clusters'):.0f}; {run.last('seconds'):.0f} s of training")
pure = sqrt(min(1, log(len(train.classes)) / log(K)))
print(f"{K} equal clusters, each of one class only, would have NMI {pure:.2f} with {len(train.classes)} classes")

# %% [markdown]
# The last line is worth a thought. With more clusters than classes NMI cannot reach 1, even where each cluster is pure:
# the class does not tell *which* of its clusters an image is in.
#
# If the loss climbs at the end, nothing is broken. The learning rate falls to 0, as in lesson 04, but every epoch begins
# with a new head. A new head that may hardly move stays near chance. (The paper keeps the rate constant, §3.4.) It is
# one more case in which the loss alone tells little, and kNN beside it tells more.
#
# On ImageNet the paper sees both NMI curves rise. The one between consecutive clusterings stays below 0.8: a good part
# of the images changes its cluster in every epoch, to the end, and training goes well all the same (§4.1).
#
# ### And without Sobel?
#
# Section 2 suspected the colours. Here is the suspicion as an experiment: the same training, but the network sees
# colours. It is shorter, to save your time. Compare at the same epoch.

# %%
short = max(2, E // 3)
colour_config = replace(config, sobel=False, epochs=short, snapshot_epochs=(0, short - 1))
colour_dir = run_dir.with_name(run_dir.name.replace("deepcluster", "colours"))
with_colours = training.train_deepcluster(train, colour_config, colour_dir, progress=None)
at_epoch = {
    f"{name}, epoch {e}": r.history[e] for name, r in (("Sobel", run), ("colours", with_colours)) for e in (1, short)
}
shown = {"nmi_labels": "NMI with the labels", "knn_accuracy": "kNN"}
rows = {name: {title: row[key] for key, title in shown.items()} for name, row in at_epoch.items()}
explorers.table(rows, f"kNN with {len(bank):,} keys, on {len(held_out):,} held-out images")

# %%
first, last = min(with_colours.assignments), max(with_colours.assignments)
about = {f"epoch {e}": what_they_know(with_colours.assignments[e], rest) for e in (first, last)}
explorers.table(about, "NMI of the clusters of the network that sees colours")

# %% [markdown]
# With Sobel the clusters come closer to the classes, and kNN follows. With colours they hardly do. What are they about
# instead? Compare the two rows: the ground's hue, which random weights saw first, fades a little; the figure's hue and
# `lighter` grow. So the network does learn to look at the figure. But what it takes from it is the colour, for colour was
# what the first clusters could tell apart. **DeepCluster builds on what the first clusters see**, right or wrong. Nothing
# in it knows what we want. The Sobel filter is a piece of knowledge that a person put in.
#
# ## 7 · Where the time goes
#
# The slides that this course grew from say of DeepCluster: "very expensive to train". Which part of it?
#
# **Predict**: an epoch has four stages: features of all images, PCA and whitening, k-means, training. Order them.

# %%
STAGES = {"features": "features", "PCA, whitening": "pca", "k-means": "kmeans", "training": "training"}
seconds = {name: float(np.mean(run.column(f"seconds_{key}")[1])) for name, key in STAGES.items()}
explorers.show(figures.stage_seconds(seconds))

# %%
extra = 1 - seconds["training"] / sum(seconds.values())
print(f"labels cost {extra:.0%} of the time; the paper says a third (§3.4)")

# %% [markdown]
# The paper counts the features with the clustering: each epoch needs one more pass over all images, forward only, to
# make the labels. On ImageNet they trained for 500 epochs, which took 12 days on one GPU of that time (§3.4).
#
# And k-means alone? Each step compares every image with every centroid, so the time grows with N·k. Measure it, and
# multiply.

# %%
timed = {}
for k_timed in sorted({min(10, len(x)), K, max(1, min(1000, len(x) // 10))}):
    begin = time.perf_counter()
    clustering.kmeans(x, k_timed, iterations=5)
    timed[k_timed] = (time.perf_counter() - begin) / 5
    print(f"k = {k_timed:>5}: {timed[k_timed]:.4f} s a step, {len(x):,} images, {x.shape[1]} dimensions")
most = max(timed)
per_step = timed[most] * (1_281_167 / len(x)) * (10_000 / most) * (256 / x.shape[1])
print(
    f"ImageNet, 10,000 clusters, 256 dimensions, 20 steps: about {20 * per_step / 60:.0f} min on this machine, each epoch"
)

# %% [markdown]
# That last line is an estimate from a short measurement, not a measurement. But it shows why the paper needed a GPU and
# a very good k-means.
#
# ## 8 · What is it worth?
#
# Now the test images, for the first time. The protocol is that of lesson 04: kNN and a linear probe on frozen features,
# beside raw pixels, the same encoder with random weights, and the same encoder trained with all labels for a third of the
# epochs.

# %%
labelled = training.SupervisedConfig(
    **{name: getattr(config, name) for name in ("encoder", "sobel", "stem", "width", "batch_size", "device")},
    epochs=max(2, E // 3),
    precision=config.precision,
    held_out=0,
    monitor_every=0,
)
supervised_dir = run_dir.with_name(run_dir.name.replace("deepcluster", "supervised"))
supervised = training.train_supervised(train, labelled, supervised_dir, progress=None)

encoders = {
    "random weights": encoder,
    "DeepCluster": run.model.encoder,
    "supervised": supervised.model.encoder,
}
h = {"raw pixels": (pixels(train.images), pixels(test.images))}
h |= {name: (models.extract(f, train.images), models.extract(f, test.images)) for name, f in encoders.items()}
scores = evaluation.score_representations(h, train.labels, test.labels)
bars = {s.name: {"kNN": s.knn, "linear probe": s.probe} for s in scores}
explorers.show(figures.accuracy_bars(bars, {"kNN": guess, "linear probe": guess}))

# %%
gain = {m: bars["DeepCluster"][m] - bars["random weights"][m] for m in ("kNN", "linear probe")}
for measure, value in gain.items():
    verdict = "learned something that helps" if value > 0.02 else "no clear gain" if value > -0.02 else "lost something"
    print(f"{measure}: DeepCluster {value:+.2f} from random weights → {verdict}")

# %% [markdown]
# One run, one seed: a small difference may be luck. Section 10 has three seeds.
#
# ## 9 · What has it learned?
#
# A number says how much, not what. Four ways to look inside. A **unit** is one output of a layer, one of its channels.
#
# ### The first filters
#
# The first layer sees the picture directly, so its weights can be shown as small pictures. With Sobel in front it sees
# edges only. The network that saw colours is more telling here.

# %%
before = training.random_encoder(with_colours)
kernels = {"random weights": before, "after the training with colours": with_colours.model.encoder}
explorers.show(figures.filters({name: evaluation.first_filters(f).numpy() for name, f in kernels.items()}))

# %% [markdown]
# Compare the two rows. A filter of one colour is a colour detector. A filter that is light on one side and dark on the
# other finds an edge. A filter that still looks like noise has not been trained much. In a short training, many do.
#
# ### What excites a unit?
#
# Deeper layers see what the layers before them give out, so their weights cannot be shown. But we can ask in two ways:
# - **which images of the data** make a unit most active?
# - **which image could one make**, so that the unit is as active as possible? Start from grey noise and change the
#   *image* along the gradient, step by step, while the weights stand still: **gradient ascent**. Left alone, it ends in
#   noise that no photograph has. So each step pulls a little towards grey, and now and then the image is blurred
#   (Yosinski et al. 2015).
#
# **Predict**: we take six units of the last layer. Will the nine images of a row share a shape, a direction, a texture,
# a place?

# %%
layers = evaluation.convolutions(run.model.encoder)
name, layer = list(layers.items())[-1]
values, best_images = evaluation.most_exciting(run.model.encoder, layer, test.images)
units = values[:, 0].argsort(descending=True)[:6]  # those that are excited most
made = evaluation.gradient_ascent(run.model.encoder, layer, units, tuple(test.images.shape[1:]))
explorers.show(
    figures.exciting_images(units.tolist(), made.numpy(), test.images.numpy(), best_images[units].numpy(), name)
)

# %% [markdown]
# For each row, write one sentence: "this unit looks for …". Then look at the images again and try to prove yourself
# wrong. It is easy to see a meaning in nine images. Can a number help? Count how often the nine have one class, and do
# the same for random weights.


# %%
def agreement(network):
    """The mean share of a unit's nine images that have the most frequent class among them, and what luck gives."""
    last = list(evaluation.convolutions(network).values())[-1]
    _, index = evaluation.most_exciting(network, last, test.images)
    chosen = test.labels[index]  # [units, 9]
    return (F.one_hot(chosen, len(test.classes)).sum(dim=1).amax(dim=1) / chosen.shape[1]).mean().item()


luck = test.labels[torch.randint(len(test), (500, 9), generator=torch.Generator().manual_seed(0))]
by_luck = (F.one_hot(luck, len(test.classes)).sum(dim=1).amax(dim=1) / 9).mean().item()
for name, f in encoders.items():
    print(f"{name:<15} {agreement(f):.2f} of the nine images have one class (by luck {by_luck:.2f})")

# %% [markdown]
# ### Pages of clusters
#
# What the network was trained to tell apart are the clusters. Here are the six largest at the end of our run. Compare
# them with those of raw pixels in section 1.

# %%
first_epoch, last_epoch = min(run.assignments), max(run.assignments)
explorers.show(figures.cluster_rows(rest.images.numpy(), largest(run.assignments[last_epoch])))

# %% [markdown]
# What are the clusters about? `shapes` knows how each image was made, so we can ask for more than the class.
#
# **Predict**: which of these will the clusters know more about at the end than at the start, and which less?

# %%
MORE = {"lighter": 1, "ground_texture": 1, "ground_hue": 30, "size": 3, "x": 4}  # continuous ones in steps
known = {"class": rest.labels}
known |= {name: rest.factors[name].long() // step for name, step in MORE.items() if name in rest.factors}


def entropy(groups):
    """H of a grouping, in nats."""
    share = groups.bincount() / len(groups)
    return -(share[share > 0] * share[share > 0].log()).sum().item()


print(f"{'NMI of the clusters with':<26}{f'epoch {first_epoch}':>10}{f'epoch {last_epoch}':>10}{'at most':>10}")
for name, values in known.items():
    found = [nmi(run.assignments[e], values) for e in (first_epoch, last_epoch)]
    most = sqrt(min(1, entropy(values) / entropy(run.assignments[last_epoch])))
    print(f"{name:<26}" + "".join(f"{value:10.3f}" for value in (*found, most)))

# %% [markdown]
# `lighter` says whether the figure is lighter or darker than its ground. Sobel keeps it: a light figure on a dark ground
# has its red and blue edges the other way round. `x` is the place from left to right. Where a row comes near its "at
# most", the clusters have cut each class by it: light moons and dark moons. Nobody asked for that. But it does little
# harm to a probe, which can put two clusters together again. What it cannot do is take apart what is in *one* cluster.
#
# Now turn the pages yourself. Choose a cluster and move the **epoch**. A blue frame: the image has joined since the page
# before. The last row: images that have left. (The clusters have been renumbered so that a page can be followed; k-means
# itself would give new numbers each time.)
# - Find a cluster that is about one class. Was it so from the start?
# - Find one that is about something else. What do its images share?
# - Find two clusters of the same class. What is different between them?

# %%
explorers.lesson05.cluster_pages(rest, run.assignments, K, epoch=last_epoch)

# %% [markdown]
# ## 10 · How many clusters, and the rest
#
# ImageNet has 1,000 classes. The paper tried very different numbers of clusters, and 10,000 was best: ten times as many
# as there are classes (§4.1). Some over-segmentation helps. A class may have several looks (a heart that is large, a heart
# that is turned), and a small cluster is more often about one thing.
#
# Here is a recorded experiment on `shapes`: {{ deepcluster_settings.epochs }} epochs, three seeds. (The settings that all
# runs share were chosen on images held out of the training split; the test split is read once for each run.)
#
# **Predict**: where will the best k be, with ten classes?

# %%
record = explorers.recorded("deepcluster_settings")
by_k = {int(k): seeds["probe"] for k, seeds in record["by_k"].items()}
lines = {
    "random weights, Sobel": np.mean(record["random weights"]["probe"]),
    "raw pixels": record["raw pixels"]["probe"],
}
explorers.show(figures.accuracy_by_clusters(by_k, lines, len(record["classes"])))

# %%
best_k = max(by_k, key=lambda k: np.mean(by_k[k]))
rows = {}
for k, seeds in by_k.items():
    gap = evaluation.seed_difference(seeds, by_k[best_k])
    clear = "the highest mean" if k == best_k else "below it" if gap.high < 0 else "cannot be told from it"
    rows[f"k = {k}"] = {"mean of three seeds": np.mean(seeds), "minus the highest": gap.value, "three seeds say": clear}
explorers.table(rows, f"linear probe by the number of clusters; there are {len(record['classes'])} classes")

# %% [markdown]
# Far fewer clusters or far more are worse. Between the two best, three seeds cannot tell.
#
# And the other choices of this lesson, one changed at a time, in the same record: colours in place of Sobel; every image
# equally likely in place of every cluster. The network that sees colours begins with random weights of its own, so it is
# judged beside those.

# %%
values = {name: {"linear probe": setting["probe"]} for name, setting in record["settings"].items()}
values["random weights, colours"] = {"linear probe": record["random weights, colours"]["probe"]}
explorers.show(figures.seed_points(values, {"linear probe": lines}))

# %%
plain, *others = (setting["probe"] for setting in record["settings"].values())
pairs = {
    f"{name}, against this lesson's": (seeds, plain) for name, seeds in zip(list(values)[1:3], others, strict=True)
}
trained = record["settings"]["colours in place of Sobel"]["probe"]
pairs["colours, trained against random weights"] = trained, record["random weights, colours"]["probe"]
rows = {}
for name, (one, other) in pairs.items():
    change = evaluation.seed_difference(one, other)
    verdict = "harm" if change.high < 0 else "gain" if change.low > 0 else "no clear effect"
    rows[name] = {"difference": change.value, "±": change.high - change.value, "verdict": verdict}
explorers.table(rows, "linear probe, difference of means of three seeds, 95 % interval")

# %% [markdown]
# The verdicts are computed: where the interval of the difference holds 0, three seeds show no clear effect. The sampler
# is an example of how careful one has to be. Section 4 proves that a sampler by position is *not uniform*. Whether that
# does harm depends on how unequal the clusters are, and on the data.
#
# ## 11 · MNIST and CIFAR-10: the slides' table
#
# The slides report two pairs of accuracies: MNIST 0.982 supervised and 0.9193 self-supervised, CIFAR-10 0.7409 and
# 0.3536. What do they mean? A number of its own means little. We have repeated both, and added the two rows that were
# missing: raw pixels, and the same encoder with random weights. One protocol for all rows: a linear probe on frozen
# features of 5,000 labelled images, its strength chosen on a part of them, the test split read once, three seeds.
#
# **Predict**: where are random weights on MNIST: below 0.5, near 0.8, above 0.9?

# %%
SLIDES = {
    "MNIST": {"DeepCluster": 0.9193, "supervised": 0.982},
    "CIFAR-10": {"DeepCluster": 0.3536, "supervised": 0.7409},
}
ROWS = {"raw pixels": "raw pixels", "random weights": "random weights", "DeepCluster": "deepcluster"}
ROWS |= {"supervised": "supervised"}
results = {"MNIST": explorers.recorded("deepcluster_mnist"), "CIFAR-10": explorers.recorded("deepcluster_cifar10")}
ours = {data: {m: result["rows"][row]["probe"] for m, row in ROWS.items()} for data, result in results.items()}
explorers.show(figures.ours_and_theirs(ours, SLIDES, "the slides"))

# %%
for data, rows in ours.items():
    random, learned, theirs = np.mean(rows["random weights"]), np.mean(rows["DeepCluster"]), SLIDES[data]["DeepCluster"]
    beside = "below" if theirs < random else "above"
    clear = min(rows["DeepCluster"]) > max(rows["random weights"])
    print(
        f"{data}: random weights {random:.3f}; ours {learned:.3f}, {'every seed' if clear else 'not every seed'} above"
    )
    print(f"{'':<10}the slides' {theirs:.4f} is {beside} random weights")

# %% [markdown]
# This is the most important picture of the lesson. If a network that has learned *nothing* reaches a number, the number
# does not show that something was learned. So these two rows belong into every table. And "supervised 0.982" is not a
# ceiling either: it is what one network reached with one training.
#
# (A diamond and a point are not the same experiment: another network, another training, another probe. Ours can be
# compared with ours. Beside theirs we can only put it.)
#
# Where do the settings come from? We compared some on training images that were held out, one seed each, and never on
# the test split. For MNIST two things helped a little: SGD at a constant rate, as in the paper, and views that are
# turned by up to 20 degrees. With the turns the probe has
# {{ deepcluster_candidates.data.mnist.candidates.chosen.probe:.3f }}, without them
# {{ deepcluster_candidates.data.mnist.candidates.not_turned.probe:.3f }}. A seven that leans is still a seven. We know
# that, and tell the network, as we did with colours in lesson 02. (One seed, and a small difference: a hint, no proof.)
#
# ## 12 · Reading the paper's table
#
# The paper compares on Pascal VOC, a set of photographs with twenty classes. A network (AlexNet) is trained on ImageNet
# without labels, then fine-tuned on VOC, with labels, for three tasks: say which classes are in the picture, find the
# objects, and colour their pixels. The table as the paper prints it (§4, the columns in which all layers
# are fine-tuned). **mAP** is a mean precision over classes, **mIoU** a mean overlap of areas; both are in per cent. The
# numbers in brackets are the paper's own references. Two rows have random weights: one network sees colours, one Sobel's
# edges. (Where the paper's table has a star, the network was first scaled to the data, as Krähenbühl et al. proposed; a
# dagger there marks numbers that the authors of DeepCluster measured themselves.)

# %%
voc = explorers.quoted("voc_table")  # Caron et al. 2018, arXiv:1807.05520, all its rows
tasks = {"classification_all": "classification (mAP)", "detection_all": "detection (mAP)"}
tasks |= {"segmentation_all": "segmentation (mIoU)"}
names = voc["idea"] + voc.index.str.extract(r"( \[\d+\])", expand=False).fillna("").to_numpy()  # the paper's references
names["DeepCluster"] = "DeepCluster"
rows = {names[m]: [None if np.isnan(row[t]) else row[t] for t in tasks] for m, row in voc.iterrows()}
explorers.show(figures.transfer_dots(rows, list(tasks.values()), (names["ImageNet labels"], names["Random-rgb"])))

# %%
labels, ours_now = voc.loc["ImageNet labels"], voc.loc["DeepCluster"]
begin, before = voc.loc["Random-sobel"], voc.drop(["ImageNet labels", "DeepCluster"])  # DeepCluster sees Sobel's edges
found = {title: {"DeepCluster": ours_now[task], "best row before": before[task].max(), "random weights, Sobel": begin[task],
                 "of the way from there to labels, %": 100 * (ours_now[task] - begin[task]) / (labels[task] - begin[task])}
         for task, title in tasks.items()}  # fmt: skip
explorers.table(found, digits=1)

# %% [markdown]
# Some questions to ask such a table:
# - **Is random weights in it?** Yes, twice. After fine-tuning, inpainting stands where random weights stand: that is a
#   reason to report them. And with Sobel's edges they stand higher than with colours.
# - **Do the rows differ in one thing only?** Not quite. DeepCluster's AlexNet has batch norm and sees Sobel edges, others
#   have other inputs and other details. The paper says so, and gives a random row for Sobel, too.
# - **How many seeds?** The table has one number in each place, without an interval. Few people train for 12 days three
#   times. So do not make much of a difference of one point. Six or seven are another matter.
# - **Who chose the settings, and on which data?** On the validation split of VOC, the same set of photographs (§3.4).
#
# ## To remember
#
# 1. DeepCluster takes turns: clusters of features become labels, labels train the features. It strengthens what the
#    first clusters see, so what the network is allowed to see matters.
# 2. Every stage guards against something: whitening against loud directions, refilling against lost clusters, uniform
#    sampling against one label for all, a new head against old numbers.
# 3. A number is worth what it adds to raw pixels and random weights, and a sampler is fair when one has counted.
#
# ## To think about
#
# - What would happen with k = 1? With k = N, one cluster for each image? Which method does the second remind you of?
# - Your images are of cassava leaves, healthy and ill, photographed by two phones. What might the first clusters be
#   about? What would you do about it before the training?
# - NMI with the labels needs labels. You have none. Which of the curves can you still draw, and what can it tell you?
# - We clustered once an epoch. What would you expect from ten times an epoch, and from once in ten epochs?
# - Is there a trivial solution that none of the remedies stops? Think of a border or a mark that only some images have.
#
# ## References
#
# - M. Caron, P. Bojanowski, A. Joulin, M. Douze: *Deep Clustering for Unsupervised Learning of Visual Features*, 2018,
#   [arXiv:1807.05520](https://arxiv.org/abs/1807.05520).
# - S. Lloyd: *Least squares quantization in PCM*, 1982,
#   [IEEE Transactions on Information Theory 28(2)](https://doi.org/10.1109/TIT.1982.1056489).
# - D. Arthur, S. Vassilvitskii: *k-means++: The Advantages of Careful Seeding*, 2007,
#   [SODA](https://theory.stanford.edu/~sergei/papers/kMeansPP-soda.pdf).
# - J. Johnson, M. Douze, H. Jégou: *Billion-scale similarity search with GPUs*, 2017,
#   [arXiv:1702.08734](https://arxiv.org/abs/1702.08734): the k-means of the paper.
# - M. Noroozi, P. Favaro: *Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles*, 2016,
#   [arXiv:1603.09246](https://arxiv.org/abs/1603.09246).
# - M. Noroozi, H. Pirsiavash, P. Favaro: *Representation Learning by Learning to Count*, 2017,
#   [arXiv:1708.06734](https://arxiv.org/abs/1708.06734).
# - J. Yosinski, J. Clune, A. Nguyen, T. Fuchs, H. Lipson: *Understanding Neural Networks Through Deep Visualization*,
#   2015, [arXiv:1506.06579](https://arxiv.org/abs/1506.06579).
#
# ## What comes next
#
# [Lesson 06, Evaluation](06_evaluation.ipynb) puts all methods of the course into one table, and asks how not to fool
# oneself.
