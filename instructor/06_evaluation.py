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
# **Time**: {{ time.reading }} minutes to read and look, {{ time.exercises }} for the three exercises. The code took
# {{ lesson_minutes.06.cpu.seconds:minutes }} minutes on one core of the machine that this page was made on.
#
# ← [05 DeepCluster](05_deepcluster.ipynb) · [glossary](../lessons/GLOSSARY.md) ·
# [07 How sure are we?](07_how_sure_are_we.ipynb) →

# %%
import torch
from scipy.optimize import linear_sum_assignment
from torch.nn import functional as F

from aimsssl import augment, clustering, datasets, evaluation, explorers, figures, models, profile
from aimsssl.exercises import lesson06 as lesson
from aimsssl.exercises import progress
from aimsssl.explorers import lesson06 as see

p = profile.current()
print(p)
print(profile.lesson_estimate("06"))

# %%
DATA = "shapes"

train = datasets.load(DATA, "train", limit=p.train_images)
test = datasets.load(DATA, "test", limit=p.test_images)
classes, guess = train.classes, 1 / len(train.classes)
bank, validation = train.split(len(train) // 5)
balanced = datasets.imageset.balanced_sample  # places of some images, of each class as many
print(train, test, f"bank {len(bank):,}, validation {len(validation):,}", sep="\n")

# %% [markdown]
# ## 1 · What is a good representation?
#
# Good *for what*? An encoder turns an image into *h*, a row of numbers. *h* is good if a **new question** about the
# image can be answered from it easily: with a simple reader and with few labels. So every measure in this lesson has
# three parts: a question (here: which class?), a reader (neighbours, a linear classifier, clusters), and images to ask
# about.
#
# Three rules hold from here to the end of the course.
#
# 1. **A number means something only beside others.** Beside guessing, raw pixels, the same network with random weights,
#    and the same network trained with labels.
# 2. **Choose on one set of images, report on another.** Everything that we try out, we try on the **validation split**.
#    It is a fifth of the training split, from which no encoder learns. The other four fifths are the **bank**: images to
#    learn from, and to compare with. The **test split** stays closed until lesson 07.
# 3. **One protocol for all.** Same images, same labels, same reader, same effort in choosing its settings.
#
# We train all methods of the course, each for a short time. It is not the same for all, nor are the epochs: rotation sends
# every image through its encoder four times in an epoch, SimCLR twice, and inpainting has to paint.

# %%
runs = explorers.methods.trained_methods(bank, DATA, "06")
rows = {name: {"epochs": run.epochs_done} for name, run in runs.items()}
for name, run in runs.items():
    rows[name] |= {"seconds": run.last("seconds"), "last loss": run.last("loss")}
explorers.table(rows, "training of each method", digits=2)

# %% [markdown]
# The losses cannot be compared: each is the loss of another task. (That is why we need this lesson.)
#
# Mind the epochs. SimCLR has six here, and in lesson 04 it had twenty-five. So all its numbers in this lesson are
# far below those that you remember. They are honest, and they are early.
#
# All methods train the same ResNet-18, except one. DeepCluster has the small convnet of lesson 05, since it begins with
# clusters of random weights, and those of this narrow ResNet hold too little. So random weights get two rows: one for
# each network.

# %%
encoders = explorers.methods.encoders_of(runs)  # two with random weights, and the trained
of_bank = explorers.methods.features_of(encoders, bank.images)  # h of each, and raw pixels
of_validation = explorers.methods.features_of(encoders, validation.images)
print(", ".join(f"{name}: {h.shape[1]} numbers" for name, h in of_bank.items()))

# %% [markdown]
# The oldest test is to look. Take an image and find the images of the bank whose *h* are nearest.
#
# **Predict**: what do the nearest images share with the chosen one by raw pixels? By random weights? By SimCLR?

# %%
# My guess:
query, count = min(3, len(validation) - 1), min(9, len(bank))
rows = {}
for name in ("raw pixels", "random weights", "inpainting", "rotation", "SimCLR", "supervised"):
    asked = of_validation[name][query : query + 1]
    _, index = evaluation.nearest_neighbours(of_bank[name], asked, count)
    near = bank[index[0]]
    rows[name] = near.images.numpy(), (near.labels == validation.labels[query]).numpy()
chosen, its_class = validation.images[query].numpy(), classes[validation.labels[query]]
explorers.show(figures.neighbour_rows(chosen, rows, its_class))

# %% [markdown]
# **Answer.** Ask each row: *what* do these images share? By raw pixels they have much the same colours in the same
# places, and an untrained network does not look for the figure either. Only a trained network can look past that. But
# look at the counts at the right before you believe it: for this image SimCLR may find few of the class, or none at
# all. Is SimCLR bad, then? **One image proves nothing**, in either direction, and after six epochs SimCLR is wrong
# about many. Change `query` a few times. Then let us count.
#
# ## 2 · Nearest neighbours, and their traps
#
# **kNN**: the k nearest images of the bank vote for their class. *Near* is measured by the cosine *s* of the two *h*.
# Each neighbour has one vote, or better: the nearer, the more votes (Wu et al. 2018). With a temperature τ:
#
# $$\text{votes for class } c \;=\; \sum_{i\,\in\,\text{k nearest},\; y_i = c} \exp(s_i / \tau)$$
#
# Nothing is trained, so there is little to choose, and it takes a second. That makes kNN the first thing to ask.
#
# ### Exercise 1 · weighted kNN ●●○ (15 minutes)
#
# The class with the most votes among the `k` nearest keys, for each query. Given: `keys` float32 `[N, D]` and their
# `labels` int64 `[N]`, some classes may be missing; `queries` float32 `[Q, D]`, other images than the keys. Wanted: int64
# `[Q]`.
#
# Two things to think of. The features that come in have any length, and the cosine must not see it. And τ may be small:
# with $\tau = 0.01$, exp(s/τ) of two similar images is larger than the largest float32.


# %%
def weighted_knn(keys, labels, queries, k, temperature):
    """The class with the most votes, for each query: int64 [Q]."""
    ### BEGIN SOLUTION
    cosine = F.normalize(queries, dim=1) @ F.normalize(keys, dim=1).T  # [Q, N]
    s, index = cosine.topk(k, dim=1)
    votes = (s / temperature).softmax(dim=1)  # over one number for all: the same winner
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
# **Predict**: which representations are above raw pixels? Is one below its random weights?

# %%
# My guess:
rows, k = {}, min(20, len(bank))
for name in of_bank:
    said = weighted_knn(of_bank[name], bank.labels, of_validation[name], k, 0.1)
    rows[name] = {"kNN": (said == validation.labels).float().mean().item()}
told = f"share correct of the validation images, k = {k}, τ = 0.1, {len(bank):,} keys"
explorers.table(rows | {"guessing": {"kNN": guess}}, told)

# %% [markdown]
# **Answer.** Rotation, SimCLR, DeepCluster and supervised are above raw pixels; so is the convnet with *random* weights.
# (Should rotation not be, look at its last loss in section 1: near $\log 4 = 1.39$, a blind guess, it has not begun to
# learn.) Inpainting is far below its random weights: to paint a hole, an encoder has to keep colours and edges, and the
# class is of no use for that.
#
# ### Trap: k
#
# **Predict**: k = all images of the bank. What will the vote say if each has one vote? And with votes by similarity?

# %%
# My guess:
some = slice(500)  # queries, to save time
ks = [k for k in (1, 3, 10, 30, 100, 300, 1000, 3000) if k < len(bank) / 2] + [len(bank)]
shown = ("random weights", "rotation", "SimCLR", "supervised")
panels, levels = {"one vote each": {}, "votes by similarity, τ = 0.1": {}}, {"guessing": guess}
for tau, panel in zip((None, 0.1), panels.values(), strict=True):
    for name in shown:
        asked = of_bank[name], bank.labels, of_validation[name][some], validation.labels[some]
        panel[name] = {k: evaluation.knn_accuracy(*asked, k=k, temperature=tau) for k in ks}
told = f"neighbours k of {len(bank):,} keys (log)"
explorers.show(figures.curves_by_number(panels, told, levels=levels))

# %% [markdown]
# **Answer.** When all vote and each has one vote, the answer is the same for every query, whatever is in it. That is
# guessing. Weights by similarity help, as far ones hardly count. Some lines even *rise* again at the right end, from k
# = 3,000 to all. There the bank has the same number of images of each class, so when all vote, no class can win by
# number any more, only by nearness.
#
# Is the best k the same for all? No. So k is a *setting*: choose it on the validation split, in the same way for each
# method, or fix it for all before you look. We fix k = 20 and τ = 0.1.
#
# ### Trap: the baseline with random weights
#
# "The same network with random weights" sounds clear. But this network has **batch norm**, which keeps the mean and the
# variance of what it has seen. A network that has never been trained has seen nothing: its mean is 0 and its variance
# is 1. There are three ways to run it.
#
# **Predict**: does it matter? What is wrong with the third way?

# %%
# My guess:
never, some_keys = encoders["random weights"], bank.sample(min(2000, len(bank)))
measured = see.with_statistics_of(never, some_keys.images)
ways = {
    "mean 0, variance 1": lambda images: models.extract(never, images),
    "statistics of the bank": lambda images: models.extract(measured, images),
    "statistics of the batch": lambda images: see.in_company(never, images),
}

# %%
rows, one, told = {}, validation.images[:1], f"{len(some_keys):,} keys"
for name, h_of in ways.items():
    keys, queries = h_of(some_keys.images), h_of(validation.images)
    knn = evaluation.knn_accuracy(keys, some_keys.labels, queries, validation.labels)
    here, there = (h_of(torch.cat([one, part]))[0] for part in bank.images[:200].chunk(2))
    rows[name] = {f"kNN, {told}": knn, "effective rank": evaluation.effective_rank(queries)}
    rows[name]["one image in two batches"] = f"{(here - there).norm() / here.norm():.1%} apart"
explorers.table(rows, "random weights, batch norm with …", digits=2)

# %% [markdown]
# **Answer.** It matters: one of the first two is far above guessing, the other is not. Both are "random weights", and a
# paper should say which. This course takes the first, in all lessons and records. It is what a training starts from, and
# what anyone gets who builds the network and measures it. And it is the *stronger* baseline of the two: the weaker one
# makes each method look better.
#
# The third way is wrong. There the *h* of an image depends on the images beside it, so it is no property of the image at
# all. The same happens with a trained network when someone forgets `model.eval()`.
#
# ### Trap: keys and units
#
# Two more things change the number, and say nothing about the encoder.
# - **The number of keys.** A larger bank has nearer neighbours. Section 3 shows by how much. So beside each kNN number
#   stands the number of its keys.
# - **Units.** The cosine adds up all features. A feature with large numbers is loud.


# %%
def standardised(keys, queries):
    """Both, by the mean and the standard deviation of the keys."""
    std, mean = torch.std_mean(keys, dim=0)
    return (keys - mean) / std.clamp(min=1e-6), (queries - mean) / std.clamp(min=1e-6)


# %% [markdown]
# **Predict**: we multiply one of the features of *h* by 1000, as if it were given in millimetres and not in metres. No
# information is lost. What happens to kNN? And if each feature is **standardised** after that, by its own mean and
# standard deviation?
#
# <!-- given: 1000 millimetres in a metre -->

# %%
# My guess:
keys, queries = of_bank["SimCLR"], of_validation["SimCLR"]
loud = torch.ones(keys.shape[1])
loud[keys.std(dim=0).argmax()] = 1000
rows = {}
both = {"h": (keys, queries), "one feature × 1000": (keys * loud, queries * loud)}
for name, pair in both.items():
    rows[name] = {}
    for how, (h, asked) in {"as it is": pair, "standardised": standardised(*pair)}.items():
        rows[name][how] = evaluation.knn_accuracy(h, bank.labels, asked, validation.labels)
explorers.table(rows, f"kNN of SimCLR, {len(bank):,} keys")

# %% [markdown]
# **Answer.** One loud feature is enough to lower kNN. Standardising puts it back: both rows are the same there. So kNN
# asks whether the class is *loud* in *h*, not whether it is there. Both are fair questions. The next reader asks the
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
#
# <!-- given: 50 a place on the slider -->

# %%
see.votes(bank, validation, of_bank, of_validation, method="SimCLR")

# %% [markdown]
# ## 3 · The linear probe, and its traps
#
# The **linear probe** trains a linear classifier on frozen *h*, with labels. It can turn a deaf ear to loud features and
# listen to quiet ones. It minimises the cross-entropy plus a penalty on its weights *W*:
#
# $$\min_{W,\,b}\;\; \sum_{n} \ell(W h_n + b,\; y_n) \;+\; \frac{1}{2C}\,\lVert W \rVert^2$$
#
# C stands below the line: a *large* C is a *weak* penalty. It is a setting, and it has to be chosen.
#
# ### Trap: the penalty
#
# **Predict**: with few labels and a weak penalty, how many of its *own* labels will the probe get right? And of new
# images?

# %%
# My guess:
keys, queries = standardised(of_bank["SimCLR"], of_validation["SimCLR"])
cs, panels, best = [10.0**e for e in range(-5, 3)], {}, {}
for count in (min(10 * len(classes), len(bank)), min(2000, len(bank) // 2)):
    index, title = balanced(bank.labels, count), f"{count:,} labels"
    few = keys[index], bank.labels[index], queries, validation.labels
    panels[title] = see.scores_by_penalty(*few, cs)
    new = panels[title]["validation"]
    best[title] = max(cs, key=new.get), f"best: {max(new.values()):.2f}"
told = "C (log); weaker penalty →"
explorers.show(figures.curves_by_number(panels, told, levels=levels, marks=best))

# %% [markdown]
# **Answer.** At the right end of the left panel it gets all of its own labels right, and new images far less often.
# **Overfitting** is the distance between the two lines: the probe knows its labels by heart and has not learned the
# class. So the score on its own labels says nothing. And a probe with *one fixed* C is unfair: the best C depends on the
# number of labels, and on the features. The package's `linear_probe` puts a fifth of the *labelled training images*
# aside, chooses C there, and then fits on all of them.
#
# ### Trap: units, again
#
# The penalty also sees units. A feature with small numbers needs large weights, and large weights are punished. Here
# are the same features three times, at the same C.

# %%
few, rows = slice(min(2000, len(bank) // 2)), {}
h, asked = of_bank["SimCLR"], of_validation["SimCLR"]
same = {"h / 100": (h / 100, asked / 100), "h": (h, asked), "h, standardised": (keys, queries)}
for name, (one, other) in same.items():
    found = see.scores_by_penalty(one[few], bank.labels[few], other, validation.labels, [0.01])
    rows[name] = {"share correct": found["validation"][0.01]}
explorers.table(rows, f"linear probe of SimCLR at C = 0.01, {len(bank.labels[few]):,} labels")

# %% [markdown]
# Nothing about the encoder has changed. So we standardise each feature first, by the mean and the deviation of the
# *training* features. (By those of the test features would be a small leak. Do you see which?)
#
# ### Trap: the number of labels
#
# "Linear probe: 0.8" is half a sentence. With how many labels? <!-- given: 0.8 an example -->
#
# **Predict**: leave supervised out. How many labels does the second best method need to beat the best one with 50?

# %%
# My guess:
sizes = [n for n in (50, 100, 300, 1000, 3000) if n <= len(bank)] or [len(bank)]
by_keys, by_labels = "kNN, by number of keys", "linear probe, by number of labels"
panels = {title: {name: {} for name in shown} for title in (by_keys, by_labels)}
for n in sizes:
    index = balanced(bank.labels, n)  # of each class the same number
    for name in shown:
        few = of_bank[name][index], bank.labels[index], of_validation[name], validation.labels
        panels[by_keys][name][n] = evaluation.knn_accuracy(*few)
        panels[by_labels][name][n] = evaluation.linear_probe(*few).accuracy
explorers.show(figures.curves_by_number(panels, "labelled images (log)", levels=levels))

# %% [markdown]
# **Answer.** Start at the first point of the best line in the right panel (supervised left out), and go level to the right
# until the second line is higher: more labels make up for a weaker representation. At the *same* number of labels the
# order is what it is; with unequal numbers one can make it look like anything. So two papers with different numbers of labels cannot be compared, and neither can
# two with different banks. A curve says more than any one of its points.
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
# **Predict**: recall@10 of *noise*, with ten classes: near 0.1, or much higher? <!-- given: 0.1 of ten classes -->

# %%
# My guess:
generator = torch.Generator().manual_seed(0)
noise = [torch.randn(len(part), 32, generator=generator) for part in (bank, validation)]
searched, luck = {}, {f"recall@{k}": 1 - (1 - guess) ** k for k in (1, 5, 10)} | {"mAP": guess}
for name in ("noise", *of_bank):
    keys, queries = noise if name == "noise" else (of_bank[name], of_validation[name])
    r = evaluation.retrieval(keys, bank.labels, queries[some], validation.labels[some])
    searched[name] = {f"recall@{k}": r.recall[k] for k in (1, 5, 10)}
    searched[name]["mAP"] = r.mean_average_precision
told = f"{len(validation.labels[some])} queries, {len(bank):,} images to search"
explorers.table(searched | {"by luck": luck}, told)

# %% [markdown]
# **Answer.** Much higher: with ten tries, one is right by luck more often than not, as the last row says. So recall@10 of
# *noise* looks like success. **A measure is worth nothing without its own chance level**, and the easiest way to find it
# is to measure noise. mAP is stricter: it also asks for the last right image in the list.
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
#
# ### Exercise 2 · clustering accuracy ●●○ (15 minutes)
#
# The share of all images that are right, when each cluster has a class and no class is given twice, at best. `clusters`
# and `labels`: int64 `[N]`, not negative; some numbers may be missing. There may be more clusters than classes, or
# fewer. The images of a cluster without a class are wrong.
#
# You need not write the Hungarian algorithm: SciPy's `linear_sum_assignment(table)` takes a table of costs and gives the
# rows and the columns of the entries that it chooses, no row and no column twice. But which table?


# %%
def clustering_accuracy(clusters, labels):
    """The share of images that are right, each cluster with a class of its own, at best."""
    ### BEGIN SOLUTION
    table = torch.zeros(int(clusters.max()) + 1, int(labels.max()) + 1)  # of images
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
rows = {}
for name in ("raw pixels", "random weights", "SimCLR", "supervised"):
    h = F.normalize(of_validation[name] - of_bank[name].mean(dim=0), dim=1)
    groups = clustering.kmeans(h, min(len(classes), len(h)), init="k-means++").assignments.long()
    as_numbered = (groups == validation.labels).float().mean().item()
    matched = clustering_accuracy(groups, validation.labels)
    rows[name] = {"best matching": matched, "as numbered": as_numbered}
explorers.table(rows, f"share correct of {len(h):,} validation images, {len(classes)} clusters")

# %% [markdown]
# ### Trap: more clusters, better number
#
# First we put the images into *random* groups. Nothing is in them. Then k-means on *h* of SimCLR.
#
# **Predict**: which of the four measures will rise with the number of *random* groups? Up to which value?

# %%
# My guess:
numbers = [n for n in (5, 10, 20, 50, 100, 200, 500) if n <= len(validation) // 2] or [2]
h = F.normalize(of_validation["SimCLR"] - of_bank["SimCLR"].mean(dim=0), dim=1)
panels = see.scores_by_number_of_groups(h, validation.labels, numbers, "SimCLR")
mark = {title: (len(classes), f"{len(classes)} classes") for title in panels}
drawn = dict(ylabel="score", marks=mark, ylim=(-0.02, 1))
explorers.show(figures.curves_by_number(panels, "number of groups (log)", **drawn))

# %% [markdown]
# **Answer.** Purity and NMI rise, though nothing is in the groups. With as many groups as images, every group is pure:
# purity is 1, and nothing has been learned. NMI has the same weakness. So both may be compared only at the
# *same* number of clusters, and best beside random groups. ARI corrects for luck. The Hungarian accuracy punishes extra
# clusters, since no class may be taken twice: it is made for k = number of classes. (Lesson 05 asked which k is best for
# *learning*. That is another question.)
#
# ## 5 · Do the measures agree?
#
# Now all of them, for all representations, on the validation split. Each column of the picture is one measure, the best
# representation on top. A line that stays level means that the measures agree. Where two values are the same as written,
# a grey bar joins them, and their order means nothing.
#
# **Predict**: will the winner be the same in each column? Where would you expect lines to cross?

# %%
# My guess:
few = balanced(bank.labels, min(2000, len(bank)))
measures = {}
for name in of_bank:
    pair = of_bank[name], bank.labels, of_validation[name], validation.labels
    measures[name] = see.all_measures(*pair, few)
print(f"kNN, recall@1 and mAP with {len(bank):,} keys; the probe learns from {len(few):,} labels")
explorers.show(figures.rank_chart(measures))

# %% [markdown]
# **Spearman's correlation** compares two orders: 1 is the same order, 0 is none, −1 is reversed. The first row compares
# the picture's columns with that of the probe. The others do so for the table of lesson 07, recorded on three data sets.

# %%
explorers.table(see.agreements(measures), "agreement with the order by the linear probe", digits=2)

# %% [markdown]
# **Answer.** Supervised is on top in all columns but the last. Where a correlation is near 1, it hardly matters which of
# the two measures we take.
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
# Representations fall ill, and some measures do not notice. First the thermometer.
#
# ### Exercise 3 · effective rank ●●○ (10 minutes)
#
# How many directions does *h* use? Its **singular values** σ say how much of *h* lies along each direction. Make them
# shares that sum to 1, and they are like the chances of a die. A fair die with k sides has the entropy log k. So
#
# $$p_i = \sigma_i \Big/ \sum_j \sigma_j, \qquad \text{effective rank} = \exp\Big(-\sum_i p_i \log p_i\Big)$$
#
# is the number of sides of the fair die that is as uncertain: from 1 to min(N, D) (Roy & Vetterli 2007). A share of 0
# adds nothing. Given: `h` `[N, D]`, taken as it is, with its mean. Wanted: a Python float.


# %%
def effective_rank(h):
    """exp of the entropy of the singular values of h [N, D], as shares of their sum."""
    ### BEGIN SOLUTION
    values = torch.linalg.svdvals(h)
    return torch.special.entr(values / values.sum()).sum().exp().item()  # entr(0) is 0
    ### END SOLUTION


# %%
effective_rank = lesson.effective_rank.check(effective_rank)

# %%
# lesson.effective_rank.hint()

# %% [markdown]
# **Predict**: which has the higher rank, noise or *h* of SimCLR, both with as many rows and columns? And how high can it
# get when all rows of *h* move to their mean?

# %%
# My guess:
h = of_validation["SimCLR"]
at_the_mean = h.mean(dim=0) + 0.01 * (h - h.mean(dim=0))
noise = torch.randn(h.shape, generator=torch.Generator().manual_seed(0))
rows = {"noise": noise, "h of SimCLR": h, "h moved 99 % of the way to its mean": at_the_mean}
told = f"{len(h):,} images, {h.shape[1]} numbers each"
explorers.table({name: {"effective rank": effective_rank(x)} for name, x in rows.items()}, told, 1)

# %% [markdown]
# **Answer.** Noise is the winner: it uses all directions, for nothing. And near the mean only one direction is left, that
# of the mean itself. The rank sees this because it takes *h* with its mean.
#
# ### Four faults
#
# Here we *plant* the illness, so that we know the truth, and then look at which measure sees it. Four faults:
# - **collapsed**: all *h* move towards one point, their mean;
# - **dimensionally collapsed**: all directions but the strongest few fade away;
# - **labels leaked**: somebody has appended the label to *h*, as one more feature for each class;
# - **test images in training**: a part of the images that ask is also in the bank.
#
# **Predict**, for each of the four: will kNN go up, down or stay? And the linear probe?

# %%
# My guess:
views = augment.TwoViews(bank.images.shape[-1], crop_scale=(0.4, 1.0))
laboratory = see.Laboratory(encoders["SimCLR"], bank, validation, views)
laboratory.explorer(fault="collapsed", strength=0.99)

# %% [markdown]
# Try each fault, from weak to strong. Then look for:
# 1. the strongest collapse that the probe does not notice. Why does it not? (Remember what the probe does first.)
# 2. a fault that makes the numbers *better*. Would anybody look for a mistake then?
# 3. a fault that alignment, uniformity and effective rank do not notice at all.
# 4. for each fault the weakest strength that the diagnosis names.
#
# The whole laboratory in one table:

# %%
keys = f"kNN and recall@1 with {len(laboratory.bank):,} keys"
explorers.table(laboratory.rows(0.99), f"each fault at strength 0.99; {keys}", digits=2)

# %% [markdown]
# **Answer.** After the collapse kNN and the probe hardly change: the cosine and the standardising see the tiny
# differences that are left. Alignment, uniformity and rank change most. After the dimensional collapse both fall. With
# leaked labels or copied images both *rise*, and nobody complains about a number that rises. Copies change none of
# alignment, uniformity and rank.
#
# No measure tells all four clearly. And one that moves does not say why. So look at several, and ask of each number
# what it *should* be. The diagnosis (`evaluation.diagnose`) does the same by machine: distances between images,
# directions in use, single columns that know the class, images that are too near to each other. It is no proof of
# health either.
#
# A perfect score from a leak is easily seen through. A gain of one point in a hundred is not.
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
# - **far and near**: three groups, the third about ten times as far from the first as the second is;
# - and *h* of SimCLR.
#
# **Predict**: at which perplexity will *noise* have clusters? Will the wide group look wider? Will the far one look
# far?

# %%
# My guess:
mapped = validation.sample(min(240, len(validation)))
found = see.clouds(max(90, min(240, 9 * len(validation) // 10)))
found["SimCLR"] = models.extract(encoders["SimCLR"], mapped.images), mapped.labels, classes
maps = {name: {} for name in found}
for most in (2, 5, 30, 75):
    for name, (x, _, _) in found.items():
        points = evaluation.tsne(x, perplexity=min(most, len(x) - 1))
        maps[name][f"perplexity {most}"] = points
groups, names = ({name: of[i] for name, of in found.items()} for i in (1, 2))
groups = {name: labels.numpy() for name, labels in groups.items()}
explorers.show(figures.map_grid(maps, groups, names))

# %%
explorers.table(see.sizes_and_gaps(found, maps), "how many times as wide, as far away", digits=1)

# %% [markdown]
# **Answer.** So what must not be read from a map?
# - **Clusters** at low perplexity: noise has them, too.
# - **The size of a group**: one group is ten times as wide as the other, and on the map they are about equally wide.
# - **The distance between groups**: compare the last column with its first row. At some perplexity it may come nearer.
#   But with your own data you have no first row, and nobody tells you which perplexity it is.
#
# And what about the start? t-SNE goes downhill from some start, and there are many valleys. Here is *h* of SimCLR from
# three random starts.

# %%
x, maps = found["SimCLR"][0], {}
for seed in (1, 2, 3):
    start = 1e-4 * torch.randn(len(x), 2, generator=torch.Generator().manual_seed(seed))
    maps[f"start {seed}"] = evaluation.tsne(x, start=start.numpy())
labels = {"SimCLR": mapped.labels.numpy()}
explorers.show(figures.map_grid({"SimCLR": maps}, labels, {"SimCLR": classes}))

# %%
explorers.table(see.stability(maps, x), "three maps of one h; places from left to right", digits=2)

# %% [markdown]
# If places meant something, all three correlations would be near 1. What stays the same is a part of the near
# neighbours, and that is all t-SNE promises. To draw twenty maps and show the best one is a lottery, too.
# <!-- given: 1 -->
#
# So what is a map good for? **To find questions.** Look at the map of SimCLR at perplexity 30. Are its largest groups
# classes? If not, what are they? A map cannot answer, but *h* can: cut it into two groups by k-means, and ask what they
# know. In `shapes` we know how each image was made. (`lighter`: is the figure lighter than its background?)
#
# **Predict**: what will the two groups of SimCLR be about: class, place, size, colours, `lighter`?

# %%
# My guess:
h = F.normalize(of_validation["SimCLR"], dim=1)
halves = clustering.kmeans(h, 2, init="k-means++").assignments
told = f"two groups of {len(h):,} images by SimCLR: NMI with what is known of each image"
explorers.table(see.what_is_known(halves, validation), told)

# %% [markdown]
# **Answer.** Hardly ever the class. On `shapes` the first cut goes between figures that are lighter than their
# background and figures that are darker. The augmentations keep this, so it helps to find the partner. A map raised the
# question, numbers answered it. That is the right order.
#
# ## 8 · Which measure for my question?
#
# | my question | measure | it is blind to | the control beside it |
# |---|---|---|---|
# | Which images are like this one? | recall@k, mAP | quiet features; it hears loud ones | noise, raw pixels, the number of images searched |
# | Is the class near, without training? | kNN | the same | random weights, same k, same number of keys |
# | Is the class in *h* at all? | linear probe | how loud it is; what only a curved boundary finds | random weights, same labels, C chosen on labelled training images |
# | Do groups form by themselves? | ARI; Hungarian accuracy with k = classes | groups that are no classes | random groups, the same number |
# | Has it collapsed? | effective rank, uniformity, alignment | what the directions are good for | noise, the untrained network |
# | What is in it that I did not think of? | t-SNE, then a number | sizes, distances, groups of noise | several perplexities, a cloud that you know |
# | Does my number come from a leak? | none of these | a leak makes them better or leaves them | noise through the same protocol: lesson 07 |
# | Is it better than the other one? | the same measure, twice | luck with images and with seeds | an interval: lesson 07 |
#
# ## To remember
#
# 1. A number means something beside raw pixels, random weights and guessing, under one protocol, and at the same number
#    of keys or labels.
# 2. Every measure is blind to something: the probe to scale, kNN to quiet features, NMI to the number of groups, and all
#    of them to a leak.
# 3. So plant a fault, measure noise, and see what your measure says.
#
# ## To think about
#
# - One representation has a high kNN and a very high probe, another one a very high kNN and a high probe. For which use
#   would you take which?
# - Which of the four faults of section 6 could happen to you by accident? How would you notice?
# - Your images have no labels at all. Which rows of the last table are left to you?
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
# - O. Roy, M. Vetterli: *The effective rank: a measure of effective dimensionality*, 2007, EUSIPCO; Q. Garrido,
#   R. Balestriero, L. Najman, Y. LeCun: *RankMe*, 2022, [arXiv:2210.02885](https://arxiv.org/abs/2210.02885).
# - L. van der Maaten, G. Hinton: *Visualizing Data using t-SNE*, 2008,
#   [JMLR 9](https://www.jmlr.org/papers/v9/vandermaaten08a.html).
# - M. Wattenberg, F. Viégas, I. Johnson: *How to Use t-SNE Effectively*, 2016,
#   [Distill](https://distill.pub/2016/misread-tsne/).
#
# ## What comes next
#
# You know what each measure sees. [Lesson 07](07_how_sure_are_we.ipynb) asks how sure a number is, and reads tables.

# %%
progress()
