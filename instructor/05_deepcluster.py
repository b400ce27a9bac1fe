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
# - look at clusters and say what they are about;
# - read a table of results beside raw pixels and random weights.
#
# **You need first**: [lesson 04, SimCLR training](04_simclr_training.ipynb).
#
# **Time**: {{ time.reading }} minutes to read and look, {{ time.exercises }} for the exercises; the optional parts take
# {{ time.optional }} more. The code took
# {{ lesson_minutes.05.cpu.seconds:minutes }} minutes on one core of the machine that this page was made on.
#
# ← [04 SimCLR training](04_simclr_training.ipynb) · [06 Evaluation](06_evaluation.ipynb) → ·
# [glossary](../lessons/GLOSSARY.md)

# %%
import math

import numpy as np
import torch
from torch import nn

from aimsssl import clustering, evaluation, exercises, explorers, figures, models, profile, training
from aimsssl.datasets import load
from aimsssl.exercises import lesson05 as lesson
from aimsssl.explorers import lesson05 as see

p = profile.current()
print(p, profile.lesson_estimate("05"), sep="\n")

# %%
DATA = "shapes"

train = load(DATA, "train", limit=p.train_images)
test = load(DATA, "test", limit=p.test_images)
p = p.fitted(len(train))  # smaller batches where images are few
E = max(2, p.epochs // 5)  # epochs of the main run
K = max(2, min(100, len(train) // 25))  # clusters
network = dict(encoder="convnet", width=p.width // 2)
config = training.DeepClusterConfig.for_profile(p, **network, sobel=True, clusters=K, epochs=E)
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
# Why not minimise (2) over θ as well? A network that gives the same features to all images makes (2) zero, and knows
# nothing. So *f* learns from (1) only, where it has to tell the groups apart.

# %%
torch.manual_seed(0)
model = training.build_deepcluster(config, train.images.shape[1])  # random weights
encoder = model.encoder.to(p.device)
kept = min(config.pca_dim, encoder.feature_dim)
explorers.show(figures.deepcluster_plan(encoder.feature_dim, kept, K))

# %% [markdown]
# ### How can it begin?
#
# At the start the weights are random. What are clusters of random features good for? More than nothing, is the
# paper's bet. On ImageNet, a classifier on the features of an AlexNet with *random* weights is right in 12 % of the
# cases; guessing gives 0.1 % (§3.2).
# <!-- given: 12 % the paper's; 0.1 % is 1 of ImageNet's 1000 classes -->
#
# To measure clusters we compare two groupings of the same images, for example clusters and classes, with the
# **normalised mutual information**:
#
# $$\mathrm{NMI}(A, B) = \frac{I(A;\,B)}{\sqrt{H(A)\,H(B)}}$$
#
# *I* says how much one grouping tells about the other, *H* how much there is to tell. NMI is 1 where one grouping is
# the other with new names. It is near 0 where one tells nothing about the other. The *numbers* of the groups do not
# matter.
#
# We cluster raw pixels. The picture shows six of the clusters, from the purest to the most mixed: the number of the
# cluster, and the share of its most frequent class.
#
# **Predict**: what will the images of one cluster have in common: the shape, the colour, the place?


# %%
# My guess:
def clusters_of(features, k=K, seed=0):
    """PCA, whitening, length 1, then k-means: a cluster for each image, int64 [N]."""
    x = clustering.pca_whiten(features, min(config.pca_dim, features.shape[1]))
    return clustering.kmeans(x, k, seed=seed).assignments.cpu()


half_size = see.half_size(train.images)  # a quarter of the pixels saves time
of_pixels = clusters_of(see.pixels(half_size))
explorers.show(figures.cluster_rows(train.images.numpy(), see.from_pure_to_mixed(of_pixels, train)))

# %% [markdown]
# Look along a row. In `shapes` we know how each image was made, so we can also count: NMI of these clusters with the
# class, with `lighter` (is the figure lighter than the background?), with the place of the figure (`x` from left to
# right, `y` from top to bottom), with its size, with the texture and the hue of the background, and with the hue of the
# figure. "By luck" are random groups. They do not get 0, for with many small groups something always fits.

# %%
luck = torch.randint(K, (len(train),), generator=torch.Generator().manual_seed(0))
asked = {"raw pixels": of_pixels, "by luck": luck}
rows = {name: see.what_they_know(groups, train) for name, groups in asked.items()}
explorers.table(rows, f"NMI of {K} clusters")

# %% [markdown]
# **Answer.** Light and place. Raw pixels group by `lighter`, x and y first, by the class far behind, and by colour
# hardly at all: two discs of one colour in two corners have no pixel in common.
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
one_view = see.view_of(config, train.images.shape[-1])
generator = torch.Generator().manual_seed(0)
rows = {"whole,\nto cluster": few.images.numpy()}
rows |= {f"view {i},\nto learn": one_view(few.images, generator).numpy() for i in (1, 2)}
explorers.show(figures.picture_rows(rows, names, side=0.85))

# %% [markdown]
# ### Sobel: edges in place of colours
#
# Colour is an easy way to make groups, and a network with random weights takes the easy way. So the paper takes the
# colours away, with a **Sobel filter**: it measures how the brightness changes from left to right and from top to
# bottom. Nothing in it is learned. In the picture, blue means that it gets lighter on the way, red that it gets darker.
# (The frame is the border of the picture: beyond it the filter sees black.)

# %%
edges = models.Sobel()(few.images.float() / 255)  # [8, 2, H, W]
explorers.show(figures.sobel_stages(few.images.numpy(), edges.numpy(), names))

# %% [markdown]
# Does it help? Ask the clusters again, those of two networks with random weights.
#
# **Predict**: which of the three is closest to the class, and which to the hue of the background?

# %%
# My guess:
with_colours = training.DeepClusterConfig.for_profile(p, **network, sobel=False, clusters=K)
colours = training.build_deepcluster(with_colours, train.images.shape[1]).encoder.to(p.device)
starts = {"random weights, colours": colours, "random weights, Sobel": encoder}
found = {s: models.extract(f, train.images, before_relu=True) for s, f in starts.items()}  # [N, D]
asked |= {name: clusters_of(h) for name, h in found.items()}
rows = {name: see.what_they_know(groups, train) for name, groups in asked.items()}
explorers.table(rows, f"NMI of {K} clusters")

# %% [markdown]
# **Answer.** With Sobel the clusters are closest to the class, with colours closest to the background's hue: they know
# more of that hue than of the class. With Sobel the hues are gone.
#
# ### PCA, whitening, length 1
#
# k-means goes by distance, and features of a network are not made for distances. Their cloud lies off the origin.
# They say the same thing several times: many features are correlated. And a feature with large numbers counts more than
# one with small numbers. Three steps help (§3.4):
# - **PCA**, principal component analysis: move the cloud of points to the origin and turn it so that its longest
#   direction comes first. Keep the first directions, drop the rest;
# - **whitening**: divide along each direction by the standard deviation there, so that all directions count the same;
# - **length 1**: divide each row by its length, so that only the direction of an image counts.
#
# The picture shows two features of our network. A point has the same colour in all four panels.

# %%
features = found["random weights, Sobel"]
explorers.show(figures.whitening_stages(see.whitening(features)))

# %%
deviations = torch.linalg.svdvals(features - features.mean(dim=0)) / math.sqrt(len(features))
kept = min(kept, len(deviations))
first, last = deviations[0], deviations[kept - 1]
print(f"standard deviation along direction 1: {first:.2g}, along direction {kept}: {last:.2g}")

# %% [markdown]
# Without whitening, distances would be made by the first few directions alone.
#
# ### Exercise 1 · PCA, whitening, length 1 ●●○ (20 minutes)
#
# `pca_whiten(features, dim)` takes float32 [N, D] and gives float32 [N, dim]: the first `dim` directions of PCA,
# whitened, then rows of length 1. Columns stand in falling order of variance; their signs do not matter.
#
# One thing to think of: a unit of the network that is never active is a feature that never changes. There is a
# direction in which nothing varies. What is its standard deviation, and what happens when you divide by it? Such a
# direction shall give a column of 0.


# %%
def pca_whiten(features, dim):
    """PCA to dim directions, whitening, rows of length 1: float32 [N, D] to float32 [N, dim]."""
    ### BEGIN SOLUTION
    x = features - features.mean(dim=0)
    variances, directions = torch.linalg.eigh(x.T @ x / len(x))  # smallest first
    deviations = variances.clamp(min=0).sqrt().flip(0)[:dim]
    scale = torch.where(deviations > 1e-3 * deviations[0], 1 / deviations, 0.0)
    return nn.functional.normalize(x @ directions.flip(1)[:, :dim] * scale, dim=1)
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
# The sum in (2), without the 1/N, is called **inertia**. Neither half-step can make it larger. In the first, each point takes the *smallest* distance it can have. In
# the second, the mean is the place with the smallest sum of squared distances.
#
# ### Exercise 2 · assign and update ●○○ (15 minutes)
#
# `lloyd_step(x, centroids)` takes points, float32 [N, D], and centroids, float32 [k, D]. It returns
# `(assignments, new_centroids)`: the number of the nearest of the *old* centroids for each point, int64 [N], and the
# mean of each cluster's points, [k, D]. The centroid of a cluster without points stays where it is.


# %%
def lloyd_step(x, centroids):
    """One step of k-means: (assignments [N], new_centroids [k, D]). What comes in stays."""
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
points = see.five_groups()  # 30 points each
centroids = points[torch.randperm(len(points), generator=torch.Generator().manual_seed(0))[:5]]
falling = [see.inertia(points, centroids)]
for _ in range(10):
    _, centroids = lloyd_step(points, centroids)
    falling.append(see.inertia(points, centroids))
print("inertia: " + " → ".join(f"{value:.0f}" for value in falling))

# %% [markdown]
# Now slowly. Move the **step** and watch who changes sides. Then try:
# 1. another **seed**: does it always end in the same place?
# 2. the start **all in one corner**: how many steps does it take?
# 3. the start **one far away**: what becomes of that centroid?

# %%
see.kmeans(points, k=5, step=2)

# %% [markdown]
# ### The start matters (optional)
#
# Lloyd's algorithm goes downhill and stops where it cannot go on. That is not always the lowest place. A better start is
# **k-means++** (Arthur & Vassilvitskii 2007): the first centroid is any point. Each next one is a point drawn at random,
# and a point far from all centroids so far is more likely. The chance grows with the *squared* distance. Here are nine
# clear groups, k = 9, twenty seeds for each start.

# %%
explorers.show(figures.inertia_by_start(see.inertia_by_start(see.nine_groups(), 9)))

# %% [markdown]
# The random start seldom finds the nine groups, k-means++ more often, and even that not always. With thousands of
# clusters there are many ways to cut a large cloud into small pieces. The paper's code takes a random start.
#
# ## 4 · What can go wrong
#
# Both objectives have solutions that are perfect and useless, the **trivial solutions** (§3.3). DeepCluster has a
# remedy for each.
#
# ### Empty clusters
#
# A centroid that is nobody's nearest has no points, so it never moves. It stays empty for ever: you saw it with the
# start "one far away". In the worst case one cluster has everything. With DeepCluster this is a real danger. The network
# and the clustering follow each other: a cluster that is lost is a class less to tell apart.
#
# The remedy: **refill** it, give the empty centroid a place where there is something to do.
#
# ### Exercise 3 · refill an empty cluster ●●● (optional, 20 minutes)
#
# The paper's rule (§3.3): choose a cluster that is not empty *at random*. Its centroid, moved a little at random, becomes
# the new centroid. The points of that cluster go to the nearer of the two. Our rule cuts the *largest* cluster in two,
# beginning at its farthest point. It leaves less to luck.
#
# `refill(x, centroids, assignments)` takes float32 [N, D], float32 [k, D] and int64 [N]. It returns
# `(centroids, assignments)`. For each empty cluster, in the order of their numbers:
# 1. find the cluster that has the most points *now* (the lowest number, if there are several);
# 2. the point of it that is farthest from its centroid becomes the centroid of the empty cluster;
# 3. those points of the largest cluster that are nearer to this new centroid than to their old one move over.
#
# All other centroids and assignments stay. Without your own, the next cell takes the package's.


# %%
def refill(x, centroids, assignments):
    """Give each empty cluster points of the largest one; what comes in is not changed."""
    ### BEGIN SOLUTION
    centroids, assignments = centroids.clone(), assignments.clone()
    for empty in (assignments.bincount(minlength=len(centroids)) == 0).nonzero()[:, 0]:
        largest = assignments.bincount().argmax()
        distance = (x - centroids[largest]).norm(dim=1).where(assignments == largest, -1)
        centroids[empty] = x[distance.argmax()]
        assignments[(x - centroids[empty]).norm(dim=1) < distance] = empty
    return centroids, assignments
    ### END SOLUTION


# %%
refill = lesson.refill.check(refill)

# %%
# lesson.refill.hint()

# %% [markdown]
# The five groups of points, one centroid far away, twenty starts: three rules.

# %%
rules = {"left empty": None, "the paper's rule": see.papers_refill, "our rule": refill}
rows = {s: see.with_an_empty_cluster(points, 5, lloyd_step, r) for s, r in rules.items()}
explorers.table(rows, "k-means with k = 5 and one centroid far away at the start", digits=0)

# %% [markdown]
# Both rules leave no cluster empty. Ours ends lower here, as the largest cluster is the one that holds two groups. Five
# clear groups are an easy case; which rule trains the better network we have not measured.
#
# ### One label for (nearly) all
#
# The second trivial solution hides in (1). Suppose nine tenths of the images are in one cluster. Then a head that
# answers "that one!" to *every* image is right nine times out of ten. It does not need the features, so *f* learns
# nothing from it. How unequal are our clusters?

# %%
x = clustering.pca_whiten(features, kept)  # [N, dim]: what k-means will see
first = clustering.kmeans(x, K, seed=0).assignments.cpu()
sizes = first.bincount(minlength=K)
print(f"{K} clusters of {sizes.min()} to {sizes.max()} images, on average {len(first) / K:.0f}")

# %% [markdown]
# The remedy: **draw the images so that each cluster is equally likely.** Then no label is worth more than another, and
# whoever does not look at the image pays log k. (Our clusters are far from nine tenths.)
#
# ### Exercise 4 · a sampler uniform over clusters ●●○ (15 minutes)
#
# `uniform_over_clusters(assignments, n, generator)` takes int64 [N], in which some numbers below the largest may be
# missing. It returns the positions of n images, int64 [n]: each non-empty cluster is equally likely, then each of its
# images. Draws are independent of each other, with replacement, and all randomness comes from the generator.


# %%
def uniform_over_clusters(assignments, n, generator):
    """Positions [n]: each non-empty cluster equally likely, then each of its images."""
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
# Draw a lot and count! Three samplers, on our clusters:
# - **every image**: all images are equally likely;
# - **by position**: see below;
# - **over clusters**: yours (or the package's).
#
# The second one is from life. In the public code of the paper (github.com/facebookresearch/deepcluster, `main.py`,
# `util.py` and `clustering.py`), the images of an epoch are put into a list *cluster after cluster*. The sampler draws a
# cluster, then an image of it, and hands out the **number of the image**. This number is then used as a **place in that
# list**. But at place 5 of the list there is not image 5.
#
# **Predict**: what does a large cluster get by position: its fair share, more, or less?

# %%
# My guess:
n, generator = 200 * K, torch.Generator().manual_seed(0)
fair = uniform_over_clusters(first, n, generator)
in_order = first.argsort(stable=True)  # the list: images cluster after cluster
draws = {"every image": torch.randint(len(first), (n,), generator=generator)}
draws |= {"by position": in_order[fair], "over clusters": fair}
counts = {name: first[drawn].bincount(minlength=K)[sizes > 0] for name, drawn in draws.items()}
sizes = sizes[sizes > 0].numpy()
explorers.show(figures.draws_by_cluster_size(sizes, {s: c.numpy() for s, c in counts.items()}))

# %%
follows = {name: {"correlation": np.corrcoef(drawn, sizes)[0, 1]} for name, drawn in counts.items()}
explorers.table(follows, "of a cluster's draws with its size", digits=2)

# %% [markdown]
# **Answer.** More. By position, the draws follow the sizes, as if nobody had balanced anything. Image and label still
# belong together, so the network learns, and no error is ever raised.
#
# This shows how often each cluster is drawn, where images stand in random order, as ours do. (Those of ImageNet are
# sorted by class.) Whether the paper's results would be better with another sampler it does not show.
#
# ## 5 · A new head, every time
#
# k-means gives numbers to its clusters as they come. Cluster it again, and the same groups have other numbers. How
# different are the numbers? We cluster the same features twice; only the seed differs.

# %%
k = min(20, K)
one, other = (clustering.kmeans(x, k, seed=seed).assignments.cpu() for seed in (1, 2))
share = {
    "as numbered": (one == other).float().mean().item(),
    "numbered as fits best": evaluation.clustering_scores(other, one).accuracy,
    "by luck": 1 / k,
}
explorers.table({"the same number twice": share}, f"share of the images, {k} clusters", digits=2)

# %% [markdown]
# The numbers are by luck, and even the groups are the same only in part. To the head a number is everything: row 3 of
# *W* looks for class 3. After a new clustering, class 3 is something else. A head that was trained on the old numbers is
# now *confidently wrong*, which is worse than knowing nothing.
#
# **Predict**: we train a head on the first numbering and then go on with the second. At which loss will it begin: below
# chance, log k, at chance, or above? And a new head?

# %%
# My guess:
torch.manual_seed(0)
kept_head, new_head = nn.Linear(x.shape[1], k), nn.Linear(x.shape[1], k)
see.head_losses(kept_head, x, one)
curves = {
    "head kept": see.head_losses(kept_head, x, other),
    "new head": see.head_losses(new_head, x, other),
}
explorers.show(figures.loss_by_step(curves, {"chance, log k": math.log(k)}))

# %% [markdown]
# **Answer.** The head that was kept begins far above chance, a new head at chance, and it stays ahead. While the old
# head unlearns, its large gradients go back into the encoder, and they ask it to change what was right. So DeepCluster
# throws the head away after each clustering, together with what the optimiser remembers of it.
#
# ### Exercise 5 · the whole loop ●○○ (10 minutes)
#
# You have all the parts. Put them together. `deepcluster(images, rounds, extract, cluster, new_head, train)` returns the
# pseudo-labels of each round, a list of int64 [N]. The parts are functions:
# - `extract(images)` gives features [N, D] of the network as it is now;
# - `cluster(features)` gives pseudo-labels, int64 [N];
# - `new_head()` gives a head with random weights;
# - `train(head, images, labels)` trains for one epoch; it changes the network and the head.


# %%
def deepcluster(images, rounds, extract, cluster, new_head, train):
    """The loop of DeepCluster: the pseudo-labels of each round, a list of int64 [N]."""
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
# ### Your parts, at work
#
# DeepCluster, with *your* whitening, *your* k-means, *your* refill, *your* sampler and *your* loop (or the package's,
# where you saw a FALLBACK), on a few images.

# %%
small, k = train.sample(min(1000, len(train) // 2)), min(30, K)
mini = training.build_deepcluster(config, train.images.shape[1]).encoder.to(p.device)
rounds = deepcluster(
    small.images,
    4,
    lambda images: models.extract(mini, images, before_relu=True),
    lambda h: see.cluster_with(pca_whiten(h, min(32, h.shape[1])), k, lloyd_step, refill),
    lambda: nn.Linear(mini.feature_dim, k).to(p.device),
    see.one_epoch(mini, one_view, uniform_over_clusters),
)
explorers.table(see.by_round(rounds, small.labels), f"NMI of {k} clusters of {len(small):,} images")

# %% [markdown]
# The clusters of one round and the next agree in part. Whether they come closer to the classes cannot be said from so few
# images and rounds. For that we need a longer run.
#
# ## 6 · The training, live
#
# `train_deepcluster` does the same with all images. Four curves to watch:
# - the **loss**, beside log k. It starts anew with each new head, so do not wait for it to go to 0;
# - **NMI with the last clusters**: do images stay together?
# - **NMI with the labels**: do the clusters come closer to the classes? (The network never sees the labels.)
# - **kNN** on held-out images, beside raw pixels and random weights. Its keys are few, to save time; section 8 has more.
#
# **Predict**: which of the two NMI curves will be higher at the end? Will either reach 1?

# %%
# My guess:
config = training.DeepClusterConfig.for_profile(
    p, **network, sobel=True, clusters=K, epochs=E, snapshot_epochs=see.snapshots(E)
)
rest, bank, held_out = training.monitor_split(train, config)  # as the training will split
keys, queries = see.pixels(bank.images), see.pixels(held_out.images)
raw = evaluation.knn_accuracy(keys, bank.labels, queries, held_out.labels)
guess = 1 / len(train.classes)
lines = {"raw pixels": raw, "guessing": guess}
curve = explorers.LiveCurve({"chance, log k": math.log(K)}, lines, draw=figures.deepcluster_curve)
folder = see.folder(p, DATA)  # with {} for a name
run = training.train_deepcluster(train, config, folder.format("deepcluster"), progress=curve)

# %%
shown = {"nmi_labels": "NMI with the labels", "nmi_previous": "NMI with the last clusters"}
shown |= {"knn_accuracy": "kNN"}
rows = {f"epoch {e}": {name: run.history[e][key] for key, name in shown.items()} for e in (1, E)}
pure = math.sqrt(min(1, math.log(len(train.classes)) / math.log(K)))
rows["clusters of one class each"] = {"NMI with the labels": pure}
explorers.table(rows, f"{K} clusters; kNN with {len(bank):,} keys")

# %% [markdown]
# **Answer.** NMI with the last clusters is higher, and neither reaches 1. NMI with the labels cannot. With more clusters
# than classes it stays below 1 even where each cluster is pure, as in the last row: the class does not tell *which* of
# its clusters an image is in. And images change their cluster to the end. On ImageNet, too, the paper's NMI of
# consecutive clusterings stays below 0.8, and training goes well all the same (§4.1).
# <!-- given: 0.8 the paper's -->
#
# The loss climbs at the end, and nothing is broken. The learning rate falls to 0, as in lesson 04, and a new head that may
# hardly move stays near chance. (The paper keeps the rate constant, §3.4.) The loss alone tells little.
#
# ### And without Sobel?
#
# Section 2 suspected the colours. Here is the suspicion as an experiment: the same training on colours, but shorter. Compare at the same epoch.

# %%
short = max(2, E // 3)
with_colours = training.DeepClusterConfig.for_profile(
    p, **network, sobel=False, clusters=K, epochs=short, snapshot_epochs=(0, short - 1)
)
coloured = training.train_deepcluster(train, with_colours, folder.format("colours"), progress=None)
shown = {"NMI with the labels": "nmi_labels", "kNN": "knn_accuracy"}
two = {"Sobel": run, "colours": coloured}
at = {f"{name}, epoch {e}": r.history[e] for name, r in two.items() for e in (1, short)}
rows = {name: {title: row[key] for title, key in shown.items()} for name, row in at.items()}
explorers.table(rows, f"kNN with {len(bank):,} keys, on {len(held_out):,} held-out images")

# %%
seen = {f"after epoch {e}": coloured.assignments[e] for e in (0, short - 1)}
rows = {name: see.what_they_know(groups, rest) for name, groups in seen.items()}
explorers.table(rows, f"NMI of {K} clusters of the network that sees colours")

# %% [markdown]
# With Sobel the clusters come closer to the classes, and kNN follows. With colours they do not. What are they about
# instead? `lighter` most of all, from the start, then the place and the hues. The hue of the background fades, and that
# of the figure grows: the network does learn to look at the figure. But what it takes from it is light and colour,
# which the first clusters could tell apart. **DeepCluster builds on what the first clusters see**, right or wrong.
# Nothing in it knows what we want. The Sobel filter is a piece of knowledge that a person put in.
#
# ## 7 · Where the time goes (optional)
#
# The slides that this course grew from say of DeepCluster: "very expensive to train". Which part of it?
#
# **Predict**: an epoch has four stages: features of all images, PCA and whitening, k-means, training. Order them.

# %%
# My guess:
stages = {"features": "features", "PCA, whitening": "pca", "k-means": "kmeans"}
stages["training"] = "training"
seconds = {name: np.mean(run.column(f"seconds_{key}")[1]) for name, key in stages.items()}
explorers.show(figures.stage_seconds(seconds))

# %% [markdown]
# **Answer.** Training first, then the features, then far behind PCA and k-means. The three that make the labels take
# more than a quarter of the time here; the paper says a third (§3.4). It counts the features with the clustering: each
# epoch needs one more pass over all images, forward only. On ImageNet they trained for 500 epochs, which took 12 days
# on one GPU of that time (§3.4).
# <!-- given: 500 epochs, the paper's -->
#
# And k-means alone? A step compares every image with every centroid: N·k distances. (Later ours leaves out most
# centroids that stay where they are; a step is timed in which they move.) With few centroids other work takes most of
# the time, so go by the largest k. Measure it, and multiply: ImageNet has 1,281,167 images, and the paper takes 10,000
# clusters, 256 dimensions and 20 steps.
# <!-- given: 1,281,167 images of ImageNet; 10,000 the paper's k; 256 the paper's; 20 steps of the paper's code -->

# %%
timed = see.seconds_of_a_step(x, (10, K, len(x) // 10))
most = max(timed)
step = timed[most] * (1_281_167 / len(x)) * (10_000 / most) * (256 / x.shape[1])
rows = {f"k = {k:,}": {"milliseconds of a step": 1000 * seconds} for k, seconds in timed.items()}
rows["ImageNet, an estimate"] = {"minutes of 20 steps": 20 * step / 60}
explorers.table(rows, f"k-means of {len(x):,} images, {x.shape[1]} dimensions", digits=1)

# %% [markdown]
# The last line is an estimate from a short measurement, not a measurement. But it shows why the paper needed a GPU and
# a very good k-means.
#
# ## 8 · What is it worth?
#
# Now the test images, for the first time. The protocol is that of lesson 04: kNN and a linear probe on frozen features,
# beside raw pixels, the same encoder with random weights, and the same encoder trained with all labels for a third of the
# epochs. The keys of kNN are all training images now. There were fewer in section 6, so all rows are higher here.

# %%
settings = network | dict(sobel=True, epochs=max(2, E // 3), held_out=0, monitor_every=0)
labelled = training.SupervisedConfig.for_profile(p, **settings)
supervised = training.train_supervised(train, labelled, folder.format("supervised"), progress=None)
encoders = {"random weights": encoder, "DeepCluster": run.model.encoder}
encoders["supervised"] = supervised.model.encoder
h = {"raw pixels": (see.pixels(train.images), see.pixels(test.images))}
for name, f in encoders.items():
    h[name] = models.extract(f, train.images), models.extract(f, test.images)
scores = evaluation.score_representations(h, train.labels, test.labels)
bars = {s.name: {f"kNN, {len(train):,} keys": s.knn, "linear probe": s.probe} for s in scores}
explorers.show(figures.accuracy_bars(bars, dict.fromkeys(bars["supervised"], guess)))

# %% [markdown]
# Judge DeepCluster by what it adds to its own random weights: both measures say that it has learned something. (One seed;
# section 11 has three.)
#
# ## 9 · What are the clusters about?
#
# A number says how much, not what. What the network was trained to tell apart are the clusters. Here are six at the end
# of our run, as in section 1.

# %%
begin, end = min(run.assignments), max(run.assignments)
groups = see.from_pure_to_mixed(run.assignments[end], rest)
explorers.show(figures.cluster_rows(rest.images.numpy(), groups))

# %% [markdown]
# The first rows are about a class, the last ones about something else that you can see. Now ask all clusters. "At most"
# is what NMI would be if the clusters cut exactly along that one thing.

# %%
asked = {f"after epoch {e}": run.assignments[e] for e in (begin, end)}
rows = {name: see.what_they_know(groups, rest) for name, groups in asked.items()}
rows["at most"] = see.most_they_can_know(run.assignments[end], rest)
explorers.table(rows, f"NMI of {K} clusters")

# %% [markdown]
# They know much more about the class than at the start, a little more about the texture, a little less about place and
# size, and nothing about the hues, which Sobel hides. `lighter` stays near its "at most": the clusters have cut the
# classes by it, light moons and dark moons. Sobel keeps it: a light figure on a dark background has its red and blue
# edges the other way round. Nobody asked for that cut. It does little harm to a probe, which can put two clusters
# together again. What it cannot do is take apart what is in *one* cluster.
#
# Now turn the pages yourself. Choose a cluster and move the **epoch**. A blue frame: the image has joined since the page
# before. The last row, orange: images that have left. (Each page shows the cluster that shares most images with the
# page before; of some clusters few stay.)
# Find two clusters of the same class. Were they so from the start, and what is different between them?

# %%
see.cluster_pages(rest, run.assignments, K, epoch=end)

# %% [markdown]
# ## 10 · What excites a unit? (optional)
#
# A **unit** is one output of a layer, one of its channels. In a large network, filters of the first layer can be looked
# at as small pictures. Ours have 5×5 weights and a short training behind them: they look like noise to the eye. Deeper
# layers see what the layers before them give out, so their weights cannot be shown at all. But we can ask in two ways:
# - **which images of the data** make a unit most active?
# - **which image could one make**, so that the unit is as active as possible? Start from grey noise and change the
#   *image* along the gradient, step by step, while the weights stand still: **gradient ascent**. Left alone, it ends in
#   noise that no photograph has. So each step pulls a little towards grey, and now and then the image is blurred
#   (Yosinski et al. 2015).
#
# **Predict**: we take six units of the last layer. Will the nine images of a row share a shape, a direction, a texture,
# a place?

# %%
# My guess:
name, layer = list(evaluation.convolutions(run.model.encoder).items())[-1]
values, exciting = evaluation.most_exciting(run.model.encoder, layer, test.images)
units = values[:, 0].argsort(descending=True)[:6]  # those that are excited most
shape = tuple(test.images.shape[1:])
made = evaluation.gradient_ascent(run.model.encoder, layer, units, shape).numpy()
best = exciting[units].numpy()
explorers.show(figures.exciting_images(units.tolist(), made, test.images.numpy(), best, name))

# %% [markdown]
# For each row, write one sentence: "this unit looks for …". Then look at the images again and try to prove yourself
# wrong. It is easy to see a meaning in nine images. Can a number help? Count how often the nine have one class, and do
# the same for random weights.

# %%
rows = {name: {"of one class": see.agreement(f, test)} for name, f in encoders.items()}
rows["nine images by luck"] = {"of one class": see.agreement_by_luck(test)}
explorers.table(rows, "of the nine images that excite a unit most, the mean share", digits=2)

# %% [markdown]
# **Answer.** Often a shape: a row of rings, say. After the training more of the nine have one class than with random
# weights, and still fewer than with labels. Where the class is mixed, look for what the shapes have in common: light or
# dark, a round edge, a direction of edges or stripes.
#
# ## 11 · How many clusters?
#
# ImageNet has 1,000 classes. The paper tried very different numbers of clusters, and 10,000 was best: ten times as many
# as there are classes (§4.1). Some over-segmentation helps. A class may have several looks (a heart that is large, a heart
# that is turned), and a small cluster is more often about one thing.
# <!-- given: 1,000 classes of ImageNet; 10,000 the paper's best k -->
#
# Here is a recorded experiment on `shapes`: {{ deepcluster_settings.epochs }} epochs, three seeds. (The settings were
# chosen on held-out images; the test split is read once for each run.)
#
# Where is the best k, with ten classes?

# %%
record = explorers.recorded("deepcluster_settings")
by_k = {int(k): seeds["probe"] for k, seeds in record["by_k"].items()}
untrained = np.mean(record["random weights"]["probe"])
lines = {"random weights, Sobel": untrained, "raw pixels": record["raw pixels"]["probe"]}
explorers.show(figures.accuracy_by_clusters(by_k, lines, len(record["classes"])))

# %%
explorers.table(see.beside_the_best(by_k), "linear probe by the number of clusters, three seeds")

# %% [markdown]
# Above the number of classes. Far fewer clusters or far more are worse. Between the two best, three seeds
# cannot tell.
#
# ## 12 · Two other choices (optional)
#
# The same record has two other choices of this lesson, one changed at a time: colours in place of Sobel; every image
# equally likely in place of every cluster. The network that sees colours begins with random weights of its own, so it is
# judged beside those.

# %%
runs = {name: setting["probe"] for name, setting in record["settings"].items()}
runs["random weights, colours"] = record["random weights, colours"]["probe"]
values = {name: {"linear probe": seeds} for name, seeds in runs.items()}
explorers.show(figures.seed_points(values, {"linear probe": lines}))

# %%
ours, coloured, every_image, start = runs.values()
pairs = {
    "colours, against this lesson's": (coloured, ours),
    "every image equally likely, against this lesson's": (every_image, ours),
    "colours, trained against random weights": (coloured, start),
}
explorers.table(see.differences(pairs), "linear probe, means of three seeds, 95 % interval")

# %% [markdown]
# Where the interval of the difference holds 0, three seeds show no clear effect. The sampler is an example of how careful
# one has to be. Section 4 shows that a sampler by position is *not uniform*. Whether that does harm depends on how
# unequal the clusters are, and on the data.
#
# ## 13 · MNIST and CIFAR-10: the slides' table
#
# The slides report two pairs of accuracies: MNIST 0.982 supervised and 0.9193 self-supervised, CIFAR-10 0.7409 and
# 0.3536. What do they mean? We have repeated both, and added the two rows that were missing: raw pixels, and the same
# encoder with random weights. One protocol for all rows: a linear probe on frozen
# features of 5,000 labelled images, its penalty chosen on a part of them, the test split read once, three seeds.
# <!-- given: 5,000 labels of the recorded protocol -->
#
# **Predict**: where are random weights on MNIST: below 0.5, near 0.8, above 0.9?
# <!-- given: 0.5 a choice; 0.8 a choice; 0.9 a choice -->

# %%
# My guess:
SLIDES = {
    "MNIST": {"DeepCluster": 0.9193, "supervised": 0.982},
    "CIFAR-10": {"DeepCluster": 0.3536, "supervised": 0.7409},
}
ours = {data: see.recorded_probes(data) for data in SLIDES}
explorers.show(figures.ours_and_theirs(ours, SLIDES, "the slides"))

# %%
means = {data: {row: np.mean(seeds) for row, seeds in rows.items()} for data, rows in ours.items()}
for data, row in means.items():
    row["the slides' DeepCluster"] = SLIDES[data]["DeepCluster"]
explorers.table(means, "linear probe, mean of three seeds; at the right the slides' number")

# %% [markdown]
# **Answer.** Above 0.9, and above what the slides report for DeepCluster. On CIFAR-10, too, they are above the slides'
# DeepCluster. Ours is above its random weights with every seed, on both.
#
# This is the most important picture of the lesson. If a network that has learned *nothing* reaches a number, the number
# does not show that something was learned. So these two rows belong into every table.
#
# (A diamond and a point are not the same experiment: another network, another training, another probe.)
#
# The paper compares fifteen methods on the photographs of Pascal VOC.
# [Lesson 07](07_how_sure_are_we.ipynb) has that table, and the questions to ask it.
# <!-- given: fifteen rows of the paper's table -->
#
# ## What became of the idea
#
# **SwAV** (Caron et al. 2020) clusters batch by batch in place of once an epoch: two views of an image must be given to
# the same cluster, and a batch is spread equally over all clusters, so none is empty. **DINO** (Caron et al. 2021) has no
# clusters any more: a network names "groups" that a slowly moving copy of it makes up, and centring the copy's answers
# keeps them from becoming one.
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
# - Is there a trivial solution that none of the remedies stops? Think of a border or a mark that only some images have.
#
# ## References
#
# - M. Caron, P. Bojanowski, A. Joulin, M. Douze: *Deep Clustering for Unsupervised Learning of Visual Features*, 2018,
#   [arXiv:1807.05520](https://arxiv.org/abs/1807.05520).
# - M. Caron, I. Misra, J. Mairal, P. Goyal, P. Bojanowski, A. Joulin: *Unsupervised Learning of Visual Features by
#   Contrasting Cluster Assignments* (SwAV), 2020, [arXiv:2006.09882](https://arxiv.org/abs/2006.09882).
# - M. Caron, H. Touvron, I. Misra, H. Jégou, J. Mairal, P. Bojanowski, A. Joulin: *Emerging Properties in
#   Self-Supervised Vision Transformers* (DINO), 2021, [arXiv:2104.14294](https://arxiv.org/abs/2104.14294).
# - S. Lloyd: *Least squares quantization in PCM*, 1982,
#   [IEEE Transactions on Information Theory 28(2)](https://doi.org/10.1109/TIT.1982.1056489).
# - D. Arthur, S. Vassilvitskii: *k-means++: The Advantages of Careful Seeding*, 2007,
#   [SODA](https://theory.stanford.edu/~sergei/papers/kMeansPP-soda.pdf).
# - J. Yosinski, J. Clune, A. Nguyen, T. Fuchs, H. Lipson: *Understanding Neural Networks Through Deep Visualization*,
#   2015, [arXiv:1506.06579](https://arxiv.org/abs/1506.06579).
#
# ## What comes next
#
# [Lesson 06, Evaluation](06_evaluation.ipynb) asks what a good representation is, and what each measure sees of it.

# %%
exercises.progress()
