# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 06 · Evaluation
#
# What is a good representation? And what does each measure see of it?
#
# **After this lesson you can**
# - choose a measure for a representation, and say what it does not see;
# - name the traps of kNN, of the linear probe, of clustering scores and of t-SNE, and show each with an experiment;
# - find the fault in a representation;
# - say for your own question which measure answers it, and which control belongs beside it.
#
# **You need first**: [lesson 05, DeepCluster](05_deepcluster.ipynb).
#
# **Time**: about 60 minutes to read, 30 for the exercises. The code took
# {{ lesson_minutes.06.cpu.seconds:minutes }} minutes on the two cores of the machine that this page was made on.
#
# ← [05 DeepCluster](05_deepcluster.ipynb) · [glossary](../lessons/GLOSSARY.md) · [07 How sure are we?](07_how_sure_are_we.ipynb) →

# %%
import copy

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from torch.nn import functional as F

from aimsssl import augment, clustering, evaluation, explorers, figures, models, profile
from aimsssl.datasets import load
from aimsssl.datasets.imageset import balanced_sample
from aimsssl.exercises import lesson06 as lesson

p = profile.current()
print(p)
print(profile.lesson_estimate("06"))

# %%
DATA = "shapes"

train = load(DATA, "train", limit=p.train_images)
test = load(DATA, "test", limit=p.test_images)
classes, guess = train.classes, 1 / len(train.classes)
bank, validation = train.split(len(train) // 5)
print(train, test, f"of the training split: {len(bank):,} to learn from, {len(validation):,} for validation", sep="\n")

# %% [markdown]
# ## 1 · What is a good representation?
#
# Good *for what*? An encoder turns an image into *h*, a row of numbers. *h* is good if a **new question** about the
# image can be answered from it easily: with a simple reader and with few labels. So every measure in this lesson has
# three parts: a question (here: which class?), a reader (neighbours, a linear classifier, clusters), and images to ask
# about.
#
# Three rules hold from here to the end.
#
# 1. **A number means something only beside others.** Beside guessing, raw pixels, the same network with random weights,
#    and the same network trained with labels.
# 2. **Choose on one set of images, report on another.** Everything that we try out, we try on the **validation split**.
#    It is a fifth of the training split, from which no encoder learns. The other four fifths are the **bank**: images to
#    learn from, and to compare with. The **test split** stays closed until lesson 07.
# 3. **One protocol for all.** Same images, same labels, same reader, same effort in choosing its settings.
#
# We train all methods of the course, each for about half a minute. So they get different numbers of epochs: rotation
# sends every image through its encoder four times in an epoch, SimCLR twice, and inpainting has to paint.

# %%
runs = explorers.methods.trained_methods(bank, DATA, "06")
encoders = explorers.methods.encoders_of(runs)
explorers.table(
    {name: {"epochs": run.epochs_done, "seconds": run.last("seconds"), "last loss": run.last("loss")}
     for name, run in runs.items()}, "the training of each method", digits=2)  # fmt: skip

# %% [markdown]
# The losses cannot be compared: each is the loss of another task. (That is why we need this lesson.)
#
# All methods train the same ResNet-18, except one. DeepCluster has the small convnet of lesson 05, since it begins with
# clusters of random weights, and those of this narrow ResNet hold too little. So random weights get two rows: one for
# each network.

# %%
of_bank, of_validation = (explorers.methods.features_of(encoders, part.images) for part in (bank, validation))
print(", ".join(f"{name}: {h.shape[1]} numbers" for name, h in of_bank.items()))

# %% [markdown]
# The oldest test is to look. Take an image and find the images whose *h* are nearest.
#
# **Predict**: what do the nearest images share with the query by raw pixels? By random weights? By SimCLR?

# %%
query, count = min(3, len(validation) - 1), min(9, len(bank))
rows = {}
for name in ("raw pixels", "random weights", "inpainting", "rotation", "SimCLR", "supervised"):
    _, index = evaluation.nearest_neighbours(of_bank[name], of_validation[name][query : query + 1], count)
    same = bank.labels[index[0]] == validation.labels[query]
    rows[name] = bank.images[index[0]].numpy(), same.numpy()
explorers.show(figures.neighbour_rows(validation.images[query].numpy(), rows, classes[validation.labels[query]]))

# %% [markdown]
# Ask each row: *what* do these images share? One image proves nothing, of course. Change `query` a few times. Then let
# us count.
#
# ## 2 · Nearest neighbours, and their traps
#
# **kNN**: the k nearest images of the bank vote for their class. *Near* is measured by the cosine *s* of the two *h*.
# Each neighbour has one vote, or better: the nearer, the more votes (Wu et al. 2018). With a temperature τ:
#
# $$\text{votes for class } c \;=\; \sum_{i\,\in\,\text{k nearest},\; y_i = c} \exp(s_i / \tau)$$
#
# Nothing is trained, so there is little to choose, and it takes a second. That makes kNN the first thing to ask.

# %% [markdown]
# ### Exercise 1 · weighted kNN ●●○ (15 minutes)
#
# Two things to think of. The features that come in have any length, and the cosine must not see it. And τ may be small:
# with τ = 0.01, exp(s/τ) of two similar images is larger than the largest float32.


# %%
def weighted_knn(keys, labels, queries, k, temperature):
    """The class with the most votes among the k nearest keys, for each query: int64 [Q].

    keys: float32 [N, D]; labels: their classes, int64 [N]; queries: float32 [Q, D], other images than the keys.
    Near is by cosine, and a neighbour of similarity s has exp(s / temperature) votes. Some classes may be missing.
    """
    ### BEGIN SOLUTION
    cosine = F.normalize(queries, dim=1) @ F.normalize(keys, dim=1).T  # [Q, N]
    s, index = cosine.topk(k, dim=1)
    votes = (s / temperature).softmax(dim=1)  # all votes of a query over one number: the winner is the same
    totals = votes.new_zeros(len(queries), int(labels.max()) + 1)
    return totals.scatter_add_(1, labels[index], votes).argmax(dim=1)
    ### END SOLUTION


# %%
weighted_knn = lesson.weighted_knn.check(weighted_knn)

# %% [markdown]
# Stuck? Take the `#` away in the next cell and run it. There are three hints for each exercise.

# %%
# lesson.weighted_knn.hint()

# %% [markdown]
# Your function at work (or the package's, where you saw a FALLBACK).
#
# **Predict**: which of them are above raw pixels? Is one below random weights?

# %%
rows, k = {}, min(20, len(bank))
for name in of_bank:
    said = weighted_knn(of_bank[name], bank.labels, of_validation[name], k, 0.1)
    rows[name] = {"kNN": (said == validation.labels).float().mean().item(), "keys": f"{len(bank):,}"}
explorers.table(rows | {"guessing": {"kNN": guess}}, f"share correct of the validation images, k = {k}, τ = 0.1")

# %% [markdown]
# Is SimCLR lower than you remember? In lesson 04 it trained for fifty epochs, here for six, as the others may have no
# less. And the number of keys stands beside the number for a reason, which comes below.

# %% [markdown]
# ### Trap: k
#
# **Predict**: k = all images of the bank. What will the vote say if each has one vote? And with votes by similarity?

# %%
some = torch.arange(min(500, len(validation)))  # queries, to save time
ks = [k for k in (1, 3, 10, 30, 100, 300, 1000, 3000) if k < len(bank) / 2] + [len(bank)]
shown = ("random weights", "rotation", "SimCLR", "supervised")
panels = {}
for title, tau in (("one vote each", None), ("votes by similarity, τ = 0.1", 0.1)):
    panels[title] = {}
    for name in shown:
        asked = of_validation[name][some], validation.labels[some]
        panels[title][name] = {
            k: evaluation.knn_accuracy(of_bank[name], bank.labels, *asked, k=k, temperature=tau) for k in ks
        }
explorers.show(figures.curves_by_number(panels, "neighbours k (log scale)", levels={"guessing": guess}))

# %%
for title, lines in panels.items():
    best = {name: max(line, key=line.get) for name, line in lines.items()}
    print(f"{title}: best k " + ", ".join(f"{name} {k}" for name, k in best.items()))
    print(
        f"{'':<10}all {len(bank):,} vote: " + ", ".join(f"{name} {line[len(bank)]:.2f}" for name, line in lines.items())
    )

# %% [markdown]
# When all vote and each has one vote, the answer is the same for every query: the most frequent class. That is
# guessing. Weights by similarity help, as far ones hardly count. And is the best k the same for all? It need not be. So
# k is a *setting*: choose it on the validation split, in the same way for each method, or fix it for all before you
# look. We fix k = 20 and τ = 0.1.
#
# ### Trap: the baseline with random weights
#
# "The same network with random weights" sounds clear. But this network has **batch norm**, and batch norm keeps the mean
# and variance of what it has seen. A network that has never been trained has seen nothing: its mean is 0 and its
# variance is 1. There are three ways to run it.
#
# **Predict**: does it matter? What is wrong with the third way?

# %%
never = encoders["random weights"]
measured = copy.deepcopy(never).train()
for layer in measured.modules():
    if isinstance(layer, torch.nn.BatchNorm2d):
        layer.momentum = None  # the plain mean over all batches
with torch.no_grad():
    for batch in bank.images[:2000].split(250):
        measured(batch.to(p.device).float() / 255)  # weights stay; only the statistics are counted


@torch.no_grad()
def with_company(encoder, images, size=250):
    """h in training mode: batch norm takes mean and variance of the batch that an image happens to be in."""
    encoder = copy.deepcopy(encoder).train()
    return torch.cat([encoder(batch.to(p.device).float() / 255).cpu() for batch in images.split(size)])


ways = {"mean 0, variance 1": lambda images: models.extract(never, images)}
ways["statistics of the bank"] = lambda images: models.extract(measured.eval(), images)
ways["statistics of the batch"] = lambda images: with_company(never, images)
some_keys = bank.sample(min(2000, len(bank)))
rows = {}
for name, h_of in ways.items():
    keys, queries = h_of(some_keys.images), h_of(validation.images)
    knn = evaluation.knn_accuracy(keys, some_keys.labels, queries, validation.labels)
    alone, others = (h_of(torch.cat([validation.images[:1], company]))[0] for company in bank.images[:200].chunk(2))
    apart = ((alone - others).norm() / alone.norm()).item()
    rank = f"{evaluation.effective_rank(queries):.1f}"
    rows[name] = {"kNN": knn, "effective rank": rank, "one image in two batches": f"{apart:.1%} apart"}
explorers.table(rows, f"random weights, batch norm with …; kNN with {len(some_keys):,} keys")

# %% [markdown]
# The third way is wrong. The *h* of an image depends on the images beside it, so it is no property of the image at all.
# The same mistake happens with trained networks, when someone forgets `model.eval()`. The first two are both "random
# weights", and a paper should say which: here one of them is far above guessing and the other is not.
#
# This course takes the first, in all lessons and records, for two reasons. It is what a training starts from, and what
# anyone gets who builds the network and measures it. And it is the *stronger* baseline of the two: whoever takes the
# weaker one makes each method look better.
#
# ### Trap: keys and units
#
# Two more things that change the number, and say nothing about the encoder.
# - **The number of keys.** A larger bank has nearer neighbours. Section 3 shows by how much.
# - **Units.** The cosine adds up all features. A feature with large numbers is loud.
#
# **Predict**: we multiply one of the features of *h* by 1000, as if it were given in millimetres and not in metres. No
# information is lost. What happens to kNN?


# %%
def standardise(keys, queries):
    """Both by the mean and the standard deviation of the keys."""
    std, mean = torch.std_mean(keys, dim=0)
    return (keys - mean) / std.clamp(min=1e-6), (queries - mean) / std.clamp(min=1e-6)


keys, queries = of_bank["SimCLR"], of_validation["SimCLR"]
loud = torch.ones(keys.shape[1])
loud[keys.std(dim=0).argmax()] = 1000
for name, pair in (("h", (keys, queries)), ("one feature × 1000", (keys * loud, queries * loud))):
    plain = evaluation.knn_accuracy(pair[0], bank.labels, pair[1], validation.labels)
    scaled = standardise(*pair)
    fair = evaluation.knn_accuracy(scaled[0], bank.labels, scaled[1], validation.labels)
    print(f"{name:<20} kNN {plain:.3f}; standardised {fair:.3f}; {len(bank):,} keys")

# %% [markdown]
# kNN asks whether the class is *loud* in *h*, not whether it is there. Both are fair questions. The next reader asks the
# other one.
#
# ### Play
#
# Choose a **method**, **k** and the number of **labels per class**. The left picture says which classes are taken for
# which. The right one shows one **query** and the neighbours that vote. Try:
# 1. SimCLR, from few labels to many: which classes come apart last?
# 2. Raw pixels: what do the neighbours of a query share?
# 3. k = 1 against k = 50 with 5 labels per class. Who votes when k is larger than the number of labels of a class?
# 4. Find a query that rotation gets right and SimCLR gets wrong.

# %%
explorers.lesson06.votes(bank, validation, of_bank, of_validation, method="SimCLR")

# %% [markdown]
# ## 3 · The linear probe, and its traps
#
# The **linear probe** trains a linear classifier on frozen *h*, with labels. It can turn a deaf ear to loud features and
# listen to quiet ones. It minimises the cross-entropy plus a penalty on its weights *W*:
#
# $$\min_{W,\,b}\;\; \sum_{n} \ell(W h_n + b,\; y_n) \;+\; \frac{1}{2C}\,\lVert W \rVert^2$$
#
# A large C is a *weak* penalty: C is one over its strength. It is a setting, and it has to be chosen.
#
# ### Trap: the penalty
#
# **Predict**: with few labels and a weak penalty, how many of its *own* labels will the probe get right? And of new
# images?

# %%
keys, queries = standardise(of_bank["SimCLR"], of_validation["SimCLR"])
strengths = [10.0**e for e in range(-5, 3)]
panels, chosen = {}, {}
for labels in (min(10 * len(classes), len(bank)), min(2000, len(bank) // 2)):
    title = f"{labels:,} labels"
    index = torch.from_numpy(np.random.default_rng(0).permutation(len(bank))[:labels])
    panels[title] = {"its own labels": {}, "validation": {}}
    for c in strengths:
        reader = LogisticRegression(C=c, max_iter=200, tol=1e-3).fit(keys[index].numpy(), bank.labels[index].numpy())
        panels[title]["its own labels"][c] = reader.score(keys[index].numpy(), bank.labels[index].numpy())
        panels[title]["validation"][c] = reader.score(queries.numpy(), validation.labels.numpy())
    best = max(strengths, key=panels[title]["validation"].get)
    chosen[title] = (best, "chosen")
levels = {"guessing": guess}
explorers.show(figures.curves_by_number(panels, "C: weaker penalty to the right (log)", levels=levels, marks=chosen))

# %%
for title, lines in panels.items():
    best, own, new = chosen[title][0], lines["its own labels"], lines["validation"]
    print(f"{title}: best C {best:g} ({new[best]:.3f}); weakest penalty: {own[strengths[-1]]:.2f} of its own labels, "
          f"{new[strengths[-1]]:.3f} of new images")  # fmt: skip

# %% [markdown]
# **Overfitting** is the distance between the two lines. A probe with few labels knows them by heart and has not learned
# the class. So the score on its own labels says nothing. And a probe with *one fixed* C is unfair: the best C depends on
# the number of labels, and on the features. The package's `linear_probe` puts a fifth of the *labelled training images*
# aside, chooses C there, and then fits on all of them.
#
# ### Trap: units, again
#
# The penalty also sees units. A feature with small numbers needs large weights, and large weights are punished. Here
# are the same features three times, at the same C.

# %%
labels = min(2000, len(bank) // 2)
for name, pair in (("h / 100", (of_bank["SimCLR"] / 100, of_validation["SimCLR"] / 100)),
                   ("h", (of_bank["SimCLR"], of_validation["SimCLR"])),
                   ("h, standardised", (keys, queries))):  # fmt: skip
    reader = LogisticRegression(C=0.01, max_iter=200, tol=1e-3)
    reader.fit(pair[0][:labels].numpy(), bank.labels[:labels].numpy())
    print(f"{name:<18} {reader.score(pair[1].numpy(), validation.labels.numpy()):.3f}")

# %% [markdown]
# Nothing about the encoder has changed. So we standardise each feature first, by the mean and the deviation of the
# *training* features. (By those of the test features would be a small leak. Do you see which?)
#
# ### Trap: the number of labels
#
# "Linear probe: 0.8" is half a sentence. With how many labels?
#
# **Predict**: how many labels does the second best method need to beat the best one with 50?

# %%
sizes = [n for n in (50, 100, 300, 1000, 3000) if n <= len(bank)] or [len(bank)]
by_keys, by_labels = "kNN, by number of keys", "linear probe, by number of labels"
panels = {title: {name: {} for name in shown} for title in (by_keys, by_labels)}
for n in sizes:
    index = balanced_sample(bank.labels, n)  # of each class the same number
    for name in shown:
        few = of_bank[name][index], bank.labels[index], of_validation[name], validation.labels
        panels[by_keys][name][n] = evaluation.knn_accuracy(*few)
        panels[by_labels][name][n] = evaluation.linear_probe(*few).accuracy
explorers.show(figures.curves_by_number(panels, "labelled images (log scale)", levels={"guessing": guess}))

# %%
most = sizes[-1]
lines = panels[by_labels]
first, second = sorted((name for name in shown if name != "supervised"), key=lambda name: -lines[name][most])[:2]
ahead = sum(lines[first][n] > lines[second][n] for n in sizes)
print(f"with the same labels {first} is ahead of {second} at {ahead} of {len(sizes)} numbers of labels")
for n in sizes:
    if lines[first][n] < lines[second][most]:
        print(
            f"but {second} with {most:,} labels ({lines[second][most]:.3f}) beats {first} with {n} ({lines[first][n]:.3f})"
        )

# %% [markdown]
# The curves rise with the number of labels. So two papers with different numbers of labels cannot be compared, and
# neither can two with different banks. A curve says more than any one of its points. Lesson 07 has such a curve with
# three seeds.
#
# ## 4 · Search and groups
#
# ### Retrieval
#
# A farmer has a photograph of an ill leaf and a collection of a million images. She wants to see similar ones. Nobody
# votes and nothing is trained; a person looks at the list. Two measures (each for one query, then the mean):
# - **recall@k**: is *at least one* image of the right class among the first k? (This is its use in retrieval by
#   embeddings, Oh Song et al. 2016. Others call the *share* of all relevant images that were found recall.)
# - **average precision**: go down the whole list. At each place where a right image stands, write down which share of
#   the list so far is right. Take the mean. The mean over queries is **mAP**.
#
# **Predict**: recall@10 of *noise*, with ten classes: near 0.1, or much higher?

# %%
some = torch.arange(min(500, len(validation)))
generator = torch.Generator().manual_seed(0)
noise = torch.randn(len(bank), 32, generator=generator), torch.randn(len(validation), 32, generator=generator)
searched = {
    name: evaluation.retrieval(keys, bank.labels, queries[some], validation.labels[some])
    for name, (keys, queries) in (
        {"noise": noise} | {name: (of_bank[name], of_validation[name]) for name in of_bank}
    ).items()
}
print(f"{'':<18}{'recall@1':>10}{'recall@5':>10}{'recall@10':>11}{'mAP':>8}")
for name, r in searched.items():
    print(f"{name:<18}{r.recall[1]:10.3f}{r.recall[5]:10.3f}{r.recall[10]:11.3f}{r.mean_average_precision:8.3f}")
print(f"by luck: recall@10 = 1 − (1 − {guess:.1f})^10 = {1 - (1 - guess) ** 10:.2f}")

# %% [markdown]
# recall@10 of *noise* looks like success. **A measure is worth nothing without its own chance level**, and the easiest
# way to find it is to measure noise. mAP is stricter: it also asks for the last right image in the list.
#
# ### Clusters
#
# k-means puts the validation images into groups, without labels. Then we ask how well groups and classes agree.
# - **NMI**, normalised mutual information: you know it from lesson 05.
# - **Purity**: let each cluster take the name of its most frequent class; the share of images that are named rightly.
# - **Accuracy by Hungarian matching**: give each cluster a class, but *no class twice*, so that as many images as possible
#   are right. (The Hungarian algorithm finds the best matching without trying all of them.)
# - **ARI**, the adjusted Rand index: take all *pairs* of images. How often do groups and classes agree that the two
#   belong together, or do not? From this, ARI subtracts what luck would give. So 0 is luck, and 1 is perfect.

# %% [markdown]
# ### Exercise 2 · clustering accuracy ●●○ (15 minutes)
#
# You need not write the Hungarian algorithm: SciPy's `linear_sum_assignment(table)` takes a table of costs and gives the
# rows and the columns of the entries that it chooses, no row and no column twice. But which table?


# %%
def clustering_accuracy(clusters, labels):
    """The share of all images that are right, when each cluster has a class and no class is given twice, at best.

    clusters, labels: int64 [N], not negative; some numbers may be missing. There may be more clusters than classes, or
    fewer. The images of a cluster without a class are wrong.
    """
    ### BEGIN SOLUTION
    table = torch.zeros(int(clusters.max()) + 1, int(labels.max()) + 1)  # images by cluster and class
    table.index_put_((clusters, labels), torch.ones(len(labels)), accumulate=True)
    rows, columns = linear_sum_assignment(table.numpy(), maximize=True)
    return (table[rows, columns].sum() / len(labels)).item()
    ### END SOLUTION


# %%
clustering_accuracy = lesson.clustering_accuracy.check(clustering_accuracy)

# %%
# lesson.clustering_accuracy.hint()

# %% [markdown]
# Ten groups by k-means, and your accuracy of them. The last column calls cluster 0 class 0, cluster 1 class 1, and so
# on: the names that k-means gives are luck.

# %%
print(f"{'':<16}{'best matching':>15}{'as numbered':>13}")
for name in ("raw pixels", "random weights", "SimCLR", "supervised"):
    rows = F.normalize(of_validation[name] - of_bank[name].mean(dim=0), dim=1)
    groups = clustering.kmeans(rows, min(len(classes), len(rows)), init="k-means++").assignments.long()
    as_numbered = (groups == validation.labels).float().mean()
    print(f"{name:<16}{clustering_accuracy(groups, validation.labels):15.3f}{as_numbered:13.3f}")

# %% [markdown]
# ### Trap: more clusters, better number
#
# First we put the images into *random* groups. Nothing is in them. Then k-means on *h* of SimCLR.
#
# **Predict**: which of the four measures will rise with the number of *random* groups? Up to which value?


# %%
def purity(groups, labels):
    """Share of images that have the most frequent class of their group."""
    table = torch.zeros(int(groups.max()) + 1, int(labels.max()) + 1)
    table.index_put_((groups, labels), torch.ones(len(labels)), accumulate=True)
    return (table.amax(dim=1).sum() / len(labels)).item()


numbers = [n for n in (5, 10, 20, 50, 100, 200, 500) if n <= len(validation) // 2] or [2]
h = F.normalize(of_validation["SimCLR"] - of_bank["SimCLR"].mean(dim=0), dim=1)
panels = {
    title: {m: {} for m in ("NMI", "purity", "accuracy", "ARI")} for title in ("random groups", "k-means on SimCLR")
}
for n in numbers:
    luck = torch.randint(n, (len(h),), generator=torch.Generator().manual_seed(n))
    groups = {"random groups": luck, "k-means on SimCLR": clustering.kmeans(h, n, init="k-means++").assignments}
    for title, found_groups in groups.items():
        scores = evaluation.clustering_scores(found_groups, validation.labels)
        lines = {"NMI": scores.nmi, "accuracy": scores.accuracy, "ARI": scores.ari}
        for measure, value in (lines | {"purity": purity(found_groups, validation.labels)}).items():
            panels[title][measure][n] = value
mark = {title: (len(classes), f"{len(classes)} classes") for title in panels}
explorers.show(
    figures.curves_by_number(panels, "number of groups (log scale)", ylabel="score", marks=mark, ylim=(-0.02, 1))
)

# %%
for measure, line in panels["random groups"].items():
    rise = max(line.values()) - line[numbers[0]]
    verdict = (
        "rises with the number of groups" if rise > 0.05 else "stays near luck" if measure == "ARI" else "does not rise"
    )
    print(f"random groups, {measure:<9} {line[numbers[0]]:+.3f} → {line[numbers[-1]]:+.3f}   {verdict}")

# %% [markdown]
# With as many groups as images, every group is pure, and nothing has been learned. NMI has the same weakness, only less.
# So NMI and purity may be compared only at the *same* number of clusters, and best beside random groups. ARI corrects
# for luck. The Hungarian accuracy punishes extra clusters, since no class may be taken twice: it is made for k = number
# of classes. (Lesson 05 asked which k is best for *learning*. That is another question.)
#
# ## 5 · Do the measures agree?
#
# Now all of them, for all representations, on the validation split. Each column of the picture is one measure, the best
# representation on top. A line that stays level means that the measures agree.
#
# **Predict**: will the winner be the same in each column? Where would you expect lines to cross?

# %%
LABELS = min(2000, len(bank))


def all_measures(name):
    """Every measure of this lesson, of one representation, on the validation split."""
    keys, queries = of_bank[name], of_validation[name]
    rows = F.normalize(queries, dim=1)
    groups = clustering.kmeans(rows, min(len(classes), len(rows)), init="k-means++", iterations=50).assignments
    groups = evaluation.clustering_scores(groups, validation.labels)
    index = balanced_sample(bank.labels, LABELS)
    return {
        "kNN": evaluation.knn_accuracy(keys, bank.labels, queries, validation.labels),
        "linear\nprobe": evaluation.linear_probe(keys[index], bank.labels[index], queries, validation.labels).accuracy,
        "recall@1": searched[name].recall[1],
        "mAP": searched[name].mean_average_precision,
        "NMI\nk = 10": groups.nmi,
        "clusters,\nHungarian": groups.accuracy,
        "effective\nrank": evaluation.effective_rank(queries),
    }


measures = {name: all_measures(name) for name in of_bank}
explorers.show(figures.rank_chart(measures))

# %%
names = list(next(iter(measures.values())))
columns = {m: [row[m] for row in measures.values()] for m in names}
print("how well the order agrees with that of the linear probe (Spearman: 1 the same, 0 unrelated, −1 reversed):")
for m in names:
    if m != names[1]:
        print(f"  {m.replace(chr(10), ' '):<20}{spearmanr(columns[m], columns[names[1]]).statistic:+.2f}")

# %% [markdown]
# **Spearman's correlation** compares two orders. Where it is near 1, it hardly matters which of the two we take.
#
# - kNN, recall@1 and mAP ask the same kind of question: what is near? The probe may ask for something else. A method
#   can gain places there, if the class is in *h*, but quietly.
# - The **effective rank** stands apart. It does not know the labels. It says how many directions are used, and not what
#   for. Noise has a high rank. It is a thermometer for collapse, and no measure of quality.
#
# So name your measure *before* you look, and report more than one. A method that wins by one of seven measures, chosen
# afterwards, has won a lottery.
#
# ## 6 · The collapse laboratory
#
# Representations fall ill, and some measures do not notice. Here we *plant* the illness, so that we know the truth, and
# then look at who sees it. Four faults:
# - **collapsed**: all *h* move towards one point, their mean;
# - **dimensionally collapsed**: all directions but the strongest few fade away;
# - **labels leaked**: somebody has appended the label to *h*, as one more feature for each class;
# - **test images in training**: a part of the images that ask is also in the bank.
#
# **Predict**, for each of the four: will kNN go up, down or stay? And the linear probe?

# %%
views = augment.TwoViews(bank.images.shape[-1], crop_scale=(0.4, 1.0))
laboratory = explorers.lesson06.Laboratory(encoders["SimCLR"], bank, validation, views)
laboratory.explorer(fault="collapsed", strength=0.99)

# %% [markdown]
# Try each fault, from weak to strong. Then look for:
# 1. the strongest collapse that the probe does not notice. Why does it not? (Remember what the probe does first.)
# 2. a fault that makes the numbers *better*. Who would look for a mistake then?
# 3. a fault that alignment, uniformity and effective rank do not notice at all.
# 4. for each fault the weakest strength that the diagnosis names.
#
# The whole laboratory in one table:

# %%
strength = 0.99
print(laboratory.report(strength))

# %%
healthy, _ = laboratory.measured("collapsed", 0.0)
for name, value in healthy.items():
    ill = {fault: laboratory.measured(fault, strength)[0][name] for fault in explorers.lesson06.FAULTS}
    seen = [fault for fault in ill if abs(ill[fault] - value) > 0.1 * abs(value)]
    print(f"{name:<16} moves by more than a tenth for {len(seen)} of 4: {', '.join(seen)}")

# %% [markdown]
# Is there one that notices all? And one that moves does not say why. So look at several, and ask of each number what it
# *should* be. The diagnosis (`evaluation.diagnose`) does the same by machine: distances between images, directions in
# use, single columns that know the class, images that are too near to each other. It is no proof of health either.
#
# A score of 1.00 from a leak is easily seen through. A gain of 0.02 is not.
#
# ## 7 · t-SNE, and what must not be read from it
#
# t-SNE makes beautiful maps, and you have seen some in lesson 04. It asks: who are the near neighbours of each point?
# Then it looks for places on a map so that near neighbours stay near. **Perplexity** says about how many neighbours of a
# point count.
#
# To learn what a map can tell, draw maps of things that we *know* (after Wattenberg et al. 2016):
# - **noise**: points without any structure;
# - **two sizes**: two groups, one ten times as wide as the other;
# - **far and near**: three groups, the third ten times as far away;
# - and *h* of SimCLR.
#
# **Predict**: at which perplexity will *noise* have clusters? Will the wide group look wider? Will the far one look
# far?

# %%
n = max(90, min(240, 9 * len(validation) // 10))
generator = torch.Generator().manual_seed(0)
cloud = torch.randn(n, 20, generator=generator)
two, three = torch.arange(n) % 2, torch.arange(n) % 3
wide, far = cloud * torch.where(two == 0, 1.0, 10.0)[:, None], cloud.clone()
wide[:, 0] += 60 * two
far[:, 0] += torch.tensor([0.0, 10.0, 110.0])[three]
shown_images = validation.sample(min(n, len(validation)))
data = {
    "noise": (cloud, torch.zeros(n, dtype=torch.long), ()),
    "two sizes": (wide, two, ("narrow", "wide")),
    "far and near": (far, three, ("first", "near", "far")),
    "SimCLR": (models.extract(encoders["SimCLR"], shown_images.images), shown_images.labels, classes),
}
perplexities = (2, 5, 30, 75)
maps = {
    name: {f"perplexity {most}": evaluation.tsne(x, perplexity=min(most, len(x) - 1)) for most in perplexities}
    for name, (x, _, _) in data.items()
}
if len(shown_images) <= max(perplexities):
    print(f"SimCLR has {len(shown_images)} images here: its perplexity is at most {len(shown_images) - 1}")
explorers.show(
    figures.map_grid(maps, {name: d[1].numpy() for name, d in data.items()}, {name: d[2] for name, d in data.items()})
)


# %%
def spread(points, chosen):
    """Median distance of chosen points from their middle."""
    points = points[chosen.numpy()]
    return float(np.median(np.linalg.norm(points - points.mean(axis=0), axis=1)))


def between(points, a, b):
    """Distance of the middles of two groups."""
    return float(np.linalg.norm(points[(three == a).numpy()].mean(axis=0) - points[(three == b).numpy()].mean(axis=0)))


print(f"{'':<18}{'wide : narrow':>15}{'far : near':>14}")
truth = (
    spread(wide.numpy(), two == 1) / spread(wide.numpy(), two == 0),
    between(far.numpy(), 0, 2) / between(far.numpy(), 0, 1),
)
print(f"{'in truth':<18}{truth[0]:15.1f}{truth[1]:14.1f}")
for key in maps["noise"]:
    sizes_of, gaps = maps["two sizes"][key], maps["far and near"][key]
    print(
        f"{key:<18}{spread(sizes_of, two == 1) / spread(sizes_of, two == 0):15.1f}{between(gaps, 0, 2) / between(gaps, 0, 1):14.1f}"
    )

# %% [markdown]
# So what must not be read from a map?
# - **Clusters** at low perplexity: noise has them, too.
# - **The size of a group**: one group is ten times as wide as the other, and on the map they are about equally wide.
# - **The distance between groups**: compare the last column with the first line. At some perplexity it may even be about
#   right. But with your own data you have no first line, and nobody tells you which perplexity it is.
#
# And what about the start? t-SNE goes downhill from some start, and there are many valleys. Here is *h* of SimCLR from
# three random starts.

# %%
x, labels, _ = data["SimCLR"]
starts = {f"start {s}": 1e-4 * np.random.default_rng(s).normal(size=(len(x), 2)) for s in (1, 2, 3)}
from_starts = {name: evaluation.tsne(x, start=start) for name, start in starts.items()}
explorers.show(figures.map_grid({"SimCLR": from_starts}, {"SimCLR": labels.numpy()}, {"SimCLR": classes}))


# %%
def near_ones(points, k=10):
    """The k nearest others of each point, as a matrix of yes and no."""
    distances = torch.cdist(torch.as_tensor(points).float(), torch.as_tensor(points).float()).fill_diagonal_(torch.inf)
    nearest = distances.topk(min(k, len(distances) - 1), largest=False).indices
    return torch.zeros_like(distances).scatter_(1, nearest, 1.0).bool()


one, other = (near_ones(from_starts[name]) for name in ("start 1", "start 2"))
places = np.corrcoef([points[:, 0] for points in from_starts.values()])[[0, 0, 1], [1, 2, 2]]
print("places from left to right, three pairs of maps: correlation " + ", ".join(f"{r:+.2f}" for r in places))
print(f"of the ten nearest on one map, {(one & other).sum() / one.sum():.0%} are among the ten nearest on the other; "
      f"{(one & near_ones(x)).sum() / one.sum():.0%} are so in h")  # fmt: skip

# %% [markdown]
# If places meant something, all three correlations would be near +1. What stays the same is a part of the near
# neighbours, and that is all t-SNE promises. Whoever draws twenty maps and shows the best one has met the winner's curse
# again.
#
# So what is a map good for? **To find questions.** Look at the map of SimCLR at perplexity 30. Are its largest groups
# classes? If not, what are they? A map cannot answer, but *h* can: cut it into two groups by k-means, and ask what they
# know. In `shapes` we know how each image was made. (`lighter`: is the figure lighter than its ground?)

# %%
half = clustering.kmeans(F.normalize(of_validation["SimCLR"], dim=1), 2, init="k-means++").assignments
known = {"class": validation.labels}
STEPS = {"hue": 30, "ground_hue": 30, "angle": 15, "size": 2, "x": 4, "y": 4, "contrast": 0.06}  # to make groups of it
known |= {name: (x / STEPS.get(name, 1)).floor().long() for name, x in validation.factors.items()}
answers = {name: evaluation.clustering_scores(half, x - x.min()).nmi for name, x in known.items()}
for name, nmi in sorted(answers.items(), key=lambda item: -item[1]):
    print(f"NMI of the two groups with {name:<16}{nmi:.3f}")

# %% [markdown]
# A map raised the question, numbers answered it. That is the right order.
#
# ## To remember
#
# 1. A number means something beside raw pixels, random weights and guessing, under one protocol, and at the same number
#    of labels.
# 2. Every measure is blind to something: the probe to scale, kNN to quiet features, NMI to the number of groups, and all
#    of them to a leak.
# 3. So plant a fault, measure noise, and see what your measure says.
#
# ## To think about
#
# - A representation has kNN 0.60 and probe 0.90, another one 0.75 and 0.85. For which use would you take which?
# - Which of the four faults of section 6 could happen to you by accident? How would you notice?
#
# ## References
#
# - Z. Wu, Y. Xiong, S. Yu, D. Lin: *Unsupervised Feature Learning via Non-Parametric Instance Discrimination*, 2018,
#   [arXiv:1805.01978](https://arxiv.org/abs/1805.01978): the weighted kNN (§3.4).
# - S. Kornblith, J. Shlens, Q. Le: *Do Better ImageNet Models Transfer Better?*, 2019,
#   [arXiv:1805.08974](https://arxiv.org/abs/1805.08974): the protocol of the probe.
# - H. Oh Song, Y. Xiang, S. Jegelka, S. Savarese: *Deep Metric Learning via Lifted Structured Feature Embedding*, 2016,
#   [arXiv:1511.06452](https://arxiv.org/abs/1511.06452): recall@k.
# - L. Hubert, P. Arabie: *Comparing Partitions*, 1985,
#   [Journal of Classification 2](https://doi.org/10.1007/BF01908075): ARI.
# - N. X. Vinh, J. Epps, J. Bailey: *Information Theoretic Measures for Clusterings Comparison*, 2010,
#   [JMLR 11](https://www.jmlr.org/papers/v11/vinh10a.html): why NMI rises with the number of clusters.
# - T. Wang, P. Isola: *Understanding Contrastive Representation Learning through Alignment and Uniformity on the
#   Hypersphere*, 2020, [arXiv:2005.10242](https://arxiv.org/abs/2005.10242).
# - Q. Garrido, R. Balestriero, L. Najman, Y. LeCun: *RankMe*, 2022,
#   [arXiv:2210.02885](https://arxiv.org/abs/2210.02885): the effective rank as a measure.
# - L. van der Maaten, G. Hinton: *Visualizing Data using t-SNE*, 2008,
#   [JMLR 9](https://www.jmlr.org/papers/v9/vandermaaten08a.html).
# - M. Wattenberg, F. Viégas, I. Johnson: *How to Use t-SNE Effectively*, 2016,
#   [Distill](https://distill.pub/2016/misread-tsne/).
#
# ## What comes next
#
# You know what each measure sees. [Lesson 07](07_how_sure_are_we.ipynb) asks how sure a number is, and reads tables.
