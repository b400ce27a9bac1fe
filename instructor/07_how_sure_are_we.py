# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 07 · How sure are we?
#
# You have a number. How do you not fool yourself with it, nor anyone else?
#
# **After this lesson you can**
# - find the leak in a protocol, and test a protocol on noise;
# - say what the winner's curse costs, and how to avoid it;
# - say how sure a number is, and whether a difference is one;
# - read a table of results, ours or a paper's, with care.
#
# **You need first**: [lesson 06, Evaluation](06_evaluation.ipynb).
#
# **Time**: {{ time.reading }} minutes to read and look, {{ time.exercises }} for the three exercises; the optional parts
# take {{ time.optional }} more. The code took
# {{ lesson_minutes.07.cpu.seconds:minutes }} minutes on one core of the machine that this page was made on.
#
# ← [06 Evaluation](06_evaluation.ipynb) · [glossary](../lessons/GLOSSARY.md)

# %%
import numpy as np
import torch

from aimsssl import datasets, evaluation, explorers, figures, profile
from aimsssl.exercises import lesson07 as lesson
from aimsssl.exercises import progress
from aimsssl.explorers import lesson07 as see

p = profile.current()
print(p)
print(profile.lesson_estimate("07"))

# %% [markdown]
# The same images, the same encoders and the same three rules as in lesson 06. Where that lesson has run in this folder,
# its encoders are read. Else they train here, which takes some minutes.

# %%
DATA = "shapes"

train = datasets.load(DATA, "train", limit=p.train_images)
test = datasets.load(DATA, "test", limit=p.test_images)
classes, guess = train.classes, 1 / len(train.classes)
bank, validation = train.split(len(train) // 5)
balanced = datasets.imageset.balanced_sample  # places of some images, of each class as many
print(train, test, f"bank {len(bank):,}, validation {len(validation):,}", sep="\n")

# %%
runs = explorers.methods.trained_methods(bank, DATA, "07")
encoders = explorers.methods.encoders_of(runs)
of_bank = explorers.methods.features_of(encoders, bank.images)  # h of each, and raw pixels
of_validation = explorers.methods.features_of(encoders, validation.images)

# %% [markdown]
# ## 1 · Four protocols: which one leaks?
#
# A **leak** is information that reaches the number, and that would not be there for new images. The collapse laboratory
# of lesson 06 had leaks in the *data*. More often they are in the *protocol*: the order in which someone chooses, trains
# and measures.
#
# ### Exercise 1 · find the leak ●●○ (15 minutes)
#
# Four people measure a representation. Here is what they do, as code that runs: `x` holds the features of all images,
# `y` their labels. Each function returns the number that the person reports. `halves` cuts the images at random into
# two halves, and `random_encoder` makes features with random weights.
#
# One of the four is clean, the others leak, each in another way. Read them like a detective.

# %%
print(lesson.listing())

# %%
told = {kind: {"what happens": meaning} for kind, meaning in lesson.KINDS.items()}
explorers.table(told, "the kinds of protocol")


# %%
def find_the_leak():
    """The kind of each protocol, as in lesson.KINDS: {"A": …, "B": …, "C": …, "D": …}."""
    ### BEGIN SOLUTION
    return {
        "A": "best test score reported",  # the largest of twenty numbers
        "B": "clean",  # k is chosen on held-out images of the training half
        "C": "test labels in the features",  # the means of the classes need the labels of all
        "D": "copies on both sides",  # two views of an image, split as if they were two images
    }
    ### END SOLUTION


# %%
find_the_leak = lesson.find_the_leak.check(find_the_leak)

# %%
# lesson.find_the_leak.hint()

# %% [markdown]
# There is a way to find leaks without being a detective. Run the protocol where there is **nothing to find**: random
# features, random labels, five classes. An honest protocol must report 0.20 there. The letter E is new: it learns its
# features (a PCA) from *all* images, those of the test half too, but without any label.
#
# **Predict** which letters stay at 0.20, and which one is highest.
#
# <!-- given: 0.20 one of five classes, by luck -->

# %%
# My guess:
rows = {}
for letter in "ABCDE":
    found = lesson.on_noise(letter)  # twenty repeats, each with new noise
    rows[letter] = {"mean": found.mean().item(), "±": 2 * found.std().item() / len(found) ** 0.5}
explorers.table(rows, "share correct on noise, twenty repeats", digits=2)

# %% [markdown]
# **Answer.** B and E stay at 0.20. A, C and D do not: they have looked. D is highest, for its test images have been seen,
# in another view.
#
# <!-- given: 0.20 one of five classes -->
#
# Does E leak? On noise it finds nothing, since no label has come through. And yet its features know the test images. Such
# a protocol is called **transductive**: it answers the question "how good is it on *these* images?", and not "how good
# will it be on new ones?". That can be a fair question, but it is another one. It must be said, and such a number must
# not stand in one table with those that learned without the test images.
#
# The test on noise is cheap, but it is no proof: a protocol at chance may still leak in a way that noise does not show.
#
# ## 2 · The winner's curse
#
# How much can it do, to choose on the images that one reports on? Here is a game in which we know that there is little
# to find. We make many "methods" that are about equally good: each is the same *h* of rotation, seen through 16 random
# directions. We score each on a tenth of the validation images, take the best, and score it on the other nine tenths.
#
# One trap on the way: a tenth may simply be *easier* than the rest, for all methods. So we count in points above or below
# the mean of all methods on the same images.
#
# **Predict**: how much of its lead will the winner lose?

# %%
# My guess:
generator = torch.Generator().manual_seed(1)
keys, queries = of_bank["rotation"], of_validation["rotation"]
few, right = balanced(bank.labels, min(1000, len(bank))), []
for _ in range(max(2, min(100, len(bank) // 20))):
    view = torch.randn(keys.shape[1], 16, generator=generator)
    said = evaluation.knn_predict((keys @ view)[few], bank.labels[few], queries @ view)
    right.append((said == validation.labels).float())
right = torch.stack(right)  # [methods, images]: 1 where a method is right


# %%
def choose_and_ask_again(order):
    """Points of each method above the mean of all: on the tenth that chooses, and on the rest."""
    tenth = max(1, len(order) // 10)
    choice, fresh = right[:, order[:tenth]].mean(dim=1), right[:, order[tenth:]].mean(dim=1)
    return (choice - choice.mean()).numpy(), (fresh - fresh.mean()).numpy()


explorers.show(figures.chosen_and_fresh(*choose_and_ask_again(torch.arange(len(validation)))))

# %% [markdown]
# One draw of a tenth is luck again. So we draw 200 of them.

# %%
orders = [torch.randperm(len(validation), generator=generator) for _ in range(200)]
draws = [choose_and_ask_again(order) for order in orders]
leads = np.array([(choice.max(), fresh[choice.argmax()]) for choice, fresh in draws])
found = {"lead on the tenth": leads[:, 0], "lead on fresh images": leads[:, 1]}
found["lost"] = leads[:, 1] - leads[:, 0]
rows = {t: {"mean": x.mean(), "lowest": x.min(), "highest": x.max()} for t, x in found.items()}
explorers.table(rows, f"the winner of {len(right)} methods, kNN with {len(few):,} keys, 200 tenths")

# %% [markdown]
# **Answer.** The row "lost": on average a large part of its lead. Nobody cheated. The best of many is good *and lucky*, and
# the luck does not come along to new images. The more candidates and the fewer images, the larger the loss. The remedy is
# simple: the number that we report comes from images that have chosen nothing. Think of a benchmark on which a thousand
# papers have reported their best.
#
# ## 3 · The first doubt: other test images
#
# All is chosen: k, τ, the number of labels, the measures. Now we open the **test split**, once.

# %%
few = balanced(bank.labels, min(2000, len(bank)))
right, of_test = {}, explorers.methods.features_of(encoders, test.images)
for name in of_bank:  # right[…]: [Q], 1 where the answer was right
    pair = of_bank[name][few], bank.labels[few], of_test[name]
    probe = evaluation.linear_probe(*pair, test.labels).predictions
    for by, said in {"kNN": evaluation.knn_predict(*pair), "probe": probe}.items():
        right[f"{name}, {by}"] = (said == test.labels).float()
readers = ("kNN", "probe")
rows = {n: {by: right[f"{n}, {by}"].mean().item() for by in readers} for n in of_bank}
told = f"share correct of {len(test):,} test images; {len(few):,} keys, and labels of the probe"
explorers.table(rows, told)

# %% [markdown]
# (Is a kNN number lower than in lesson 06? There the whole bank were keys, here only these: fewer keys, fewer near
# neighbours. It says nothing about the test images.)
#
# A number like this has two doubts. The first: **other test images.** Ours are a sample of all the images that there
# could be. With others the number would be a little different. How different? We cannot take other images, but we can
# pretend: draw as many images *from our test images*, with replacement, so that some come twice and some not at all.
# Compute the number again. Do so 2,000 times. The middle 95 % of the results are the **bootstrap interval** (Efron 1979).
#
# **Predict**: how wide is the interval with this many test images: ± 0.002, ± 0.02, ± 0.2?
#
# <!-- given: 95 % the usual level; 2,000 the usual number of draws; 0.002, 0.02, 0.2 what one may guess -->

# %%
# My guess:
compared, near = "SimCLR, probe", "SimCLR, kNN"
names = ("random convnet", "rotation", "SimCLR", "DeepCluster")
rest = [f"{name}, {by}" for name in names for by in ("kNN", "probe") if f"{name}, {by}" != compared]
alone = {name: evaluation.bootstrap_interval(right[name]) for name in rest}
minus = {name: evaluation.bootstrap_difference(right[name], right[compared]) for name in rest}
panels = {"accuracy": alone, f"minus {compared}": minus}
panels = {t: {name: (i.value, i.low, i.high) for name, i in of.items()} for t, of in panels.items()}
axes = ("share correct", "difference")
explorers.show(figures.interval_rows(panels, axes, zero=list(panels)[1:]))

# %% [markdown]
# **Answer.** About ± 0.02: one needs a hundred times as many images for a tenth of it. The right panel asks the better
# question. Both rows have seen the *same* test images, and some images are hard for both. So compare image by image:
# **paired**. Where the interval of the difference holds 0 (grey), these images cannot tell the two apart.
#
# <!-- given: 0.02 the guess above -->
#
# ### Exercise 2 · a confidence interval ●●○ (20 minutes)
#
# Write the bootstrap yourself. `scores`: a number for each test image, float32 `[Q]`, such as 1 for right and 0 for
# wrong. `level`: 0.95 for 95 %. `resamples`: how many new test sets, each of Q images. All randomness comes from the
# `seed`. Wanted: two numbers, the ends of the interval.
# <!-- given: 0.95, 95 % the usual level -->


# %%
def confidence_interval(scores, level, resamples, seed):
    """(low, high): they hold the middle `level` of the means of new test sets."""
    ### BEGIN SOLUTION
    generator = torch.Generator().manual_seed(seed)
    draws = torch.randint(len(scores), (resamples, len(scores)), generator=generator)
    means = scores[draws].mean(dim=1)
    return means.quantile((1 - level) / 2).item(), means.quantile((1 + level) / 2).item()
    ### END SOLUTION


# %%
confidence_interval = lesson.confidence_interval.check(confidence_interval)

# %%
# lesson.confidence_interval.hint()

# %% [markdown]
# Your function takes *any* number for each image. So what must you pass, to have the interval of a paired difference?
# Think, then read the cell. It compares two readers of one *h*: the probe and kNN. In its last row the images of one
# reader are in another order, so that the pairs are broken. The mean difference stays what it was.
#
# **Predict**: does the width?

# %%
# My guess:
order = torch.randperm(len(test), generator=torch.Generator().manual_seed(0))
asked = {near: right[near], compared: right[compared]}
asked["difference, in pairs"] = right[near] - right[compared]
asked["difference, pairs broken"] = right[near] - right[compared][order]
rows = {}
for title, scores in asked.items():
    low, high = confidence_interval(scores, 0.95, 2000, 0)
    rows[title] = {"mean": scores.mean().item(), "low": low, "high": high, "width": high - low}
explorers.table(rows, f"{len(test):,} test images, 95 % intervals; {len(few):,} keys")

# %% [markdown]
# **Answer.** The broken pairs have the wider interval. Two readers of one *h* fail on many of the same
# images, and these count for neither. Two encoders that learned apart share fewer, so for them pairs help less.
#
# ### Does an interval keep its promise? (optional)
#
# "95 %" is a promise: of 100 such intervals, about 95 hold the true value. We can check it. Take all our test images
# for "all images there are". Draw small samples from them, let *your* function make an interval from each, and count.
#
# **Predict**: of 60 intervals, how many will miss?
#
# <!-- given: 95 %, 100, 95 the promise -->

# %%
# My guess:
everything, intervals = right[compared], []
size = max(1, len(everything) // 10)
for seed in range(60):
    sample = everything[torch.randint(len(everything), (size,), generator=generator)]
    intervals.append((sample.mean().item(), *confidence_interval(sample, 0.95, 500, seed)))
explorers.show(figures.coverage(intervals, everything.mean().item()))

# %% [markdown]
# **Answer.** About one in twenty, so a few of these 60. Nobody knows which ones. An interval is not a wall.
# With twenty comparisons in one table, expect one "clear" difference that is none. (With very few images, bootstrap
# intervals miss a little more often than they promise.)
#
# ## 4 · The second doubt: other seeds
#
# Train again with another seed, and the encoder is another one. The bootstrap knows nothing of that. Only training again
# can tell. Here the record helps: the trainings of this course's table, three seeds each, on three data sets (section 5).
# We ask: if each method had been run with *one* seed, as in many papers, how often would the order of two methods come
# out wrong?

# %%
record = see.table_of_methods()
explorers.table(see.wrong_orders(record), "linear probe, one seed of each of two methods")

# %% [markdown]
# Most pairs lie so far apart that one seed would do. But where two methods are close, one seed is a coin: rotation and
# SimCLR with DeepCluster's network (section 5) change places on `shapes` in more than half of all cases.
#
# With three seeds, we report the mean and Student's *t* interval of it, as the lessons before did: mean ± t · s / √S.
# s is the deviation of the S numbers. t is 4.3 for three seeds, where very many would have 2: with so few numbers, s is
# itself a guess. But three are far better than one, for one seed has no interval at all.
# <!-- given: 4.3 Student's t of two degrees of freedom -->
#
# ### Exercise 3 · the difference of two methods ●●○ (10 minutes)
#
# How much better is a method than its *own* random weights? Run s has begun from random weights s. So the seeds come in
# pairs, and what one start has in its favour, both have. `a` and `b`: accuracies float32 `[S]`, entry s of both is the
# same seed. Wanted: two numbers, the mean of a − b and the half-width of its 95 % interval; the second is `math.inf` for
# one seed. `lesson.t95(freedom)` gives Student's t; S numbers have S − 1 degrees of freedom.
# <!-- given: 95 % the usual level -->


# %%
def seed_difference(a, b):
    """The mean of a − b over paired seeds [S], and the half-width of its 95 % interval."""
    ### BEGIN SOLUTION
    d = a - b
    if len(d) < 2:
        return d.mean().item(), float("inf")
    return d.mean().item(), lesson.t95(len(d) - 1) * d.std().item() / len(d) ** 0.5
    ### END SOLUTION


# %%
seed_difference = lesson.seed_difference.check(seed_difference)

# %%
# lesson.seed_difference.hint()

# %% [markdown]
# Your function goes to work in the next section.
#
# ## 5 · The table
#
# All methods of the course, three data sets, three seeds, one protocol:
# - the encoder trains without labels on the whole training split (the supervised one with them), each entry for at most
#   two minutes on two cores;
# - **kNN**: k = 20, τ = 0.1, all training images are keys;
# - **linear probe**: the same {{ table.probe_labels:,d }} labels for all, features standardised, C chosen on a part of
#   the labels;
# - settings were chosen on held-out training images; the test split is read once for each entry.
#
# A bar says where *one new run* may fall: another seed, another machine. It is wider than the interval of the mean.
# <!-- given: 20, 0.1 the settings of lesson 06 -->
#
# **Predict**, before you look: on which data set are random weights strongest? Which method wins on each? Is there one
# that wins on all?

# %%
# My guess:
explorers.show(figures.method_table(see.seeds_and_bars(record), guess))

# %%
explorers.table(see.means_and_bars(record), "linear probe: mean of three seeds (bar)")

# %% [markdown]
# **Answer.** Random weights are strongest on MNIST, where there is little left to win. By the probe alone, the best row
# without labels has the convnet on all three. But rule 1 of lesson 06 asks for the gain on its *own* random weights.
#
# **Predict**: which method has gained most on each data set?

# %%
# My guess:
told = "linear probe: gain on the network's own random weights, mean ± 95 %; ? holds 0"
explorers.table(see.gains(record, seed_difference), told)

# %%
explorers.table(see.minutes(record), "minutes of training, mean of three seeds", digits=1)

# %% [markdown]
# **Answer.** Not DeepCluster. It starts from the random convnet, which is high already. Among the methods without labels
# rotation has gained most on `shapes`, and SimCLR on MNIST and CIFAR-10. How to read the two tables together:
# - **The highest number and the largest gain are two things.** The number says what the *pair* of method and network can
#   do, the gain what was learned. But a high start leaves less to gain, so the gain is not the last word either.
# - **A method can stay at its start.** Where a gain has a question mark, three seeds cannot tell it from nothing.
# - **The minutes are not equal.** No entry has more than two, some have much less, and rotation has seen MNIST once only.
#   So that it gains nothing there may be a matter of time: digits do have an up. (SimCLR with the convnet was timed on
#   another machine; it has as long as SimCLR.)
# - **More numbers help a linear probe.** The convnet gives {{ table.data.mnist.rows.DeepCluster.dimensions:,d }} numbers
#   for an MNIST image, the ResNet {{ table.data.mnist.rows.SimCLR.dimensions }}.
# - **Two minutes are not a method's best.** SimCLR gains from hundreds of epochs (Chen et al. 2020, §5.3). Do not conclude
#   from this table that one method beats another on ImageNet.
#
# <!-- given: 5.3 a section of the paper -->
#
# Network and method change together between the rows of SimCLR and DeepCluster. The row that decides gives both the *same*
# network: SimCLR with the convnet, `SimCLRConfig(encoder="convnet")`, trained as long as SimCLR with its own.
#
# **Predict**: the same network, and SimCLR's loss or DeepCluster's clusters. Which is ahead, and on how many data sets can
# three seeds tell?

# %%
# My guess:
told = "linear probe, both with the convnet: mean of three seeds ± 95 %; ? holds 0"
explorers.table(see.same_network(record, seed_difference), told)

# %% [markdown]
# **Answer.** On none. What looked like the better *method* was the better *network*. One difference is left on `shapes`:
# there DeepCluster sees edges, and SimCLR colours, so each has random weights of its own.
#
# ### Rebuild an entry (optional)
#
# A table that cannot be rebuilt is a rumour. We take the entry that trains fastest, train it here with a seed that the
# table does *not* have, and measure it in the same way.
#
# **Predict**: will it fall within its bars? How often should one expect it not to?

# %%
# My guess:
told, rows = see.rebuilt(record, DATA)
explorers.table(rows, f"{told}; kNN with all training images as keys")

# %% [markdown]
# **Answer.** Within, most likely. A bar of 95 % is missed once in twenty. One entry says little, so here are several that
# were rebuilt for the record, with a new seed and in another precision, in which every number was rounded in another way.
# <!-- given: 95 % the level of the bars -->

# %%
explorers.table(see.rebuilt_entries(), "entries built anew, beside the bars of the table")

# %% [markdown]
# ## 6 · Few labels, and data never seen
#
# ### Few labels
#
# Self-supervised learning is for the case of many images and few labels. So measure *that*. Four ways to use 1 %, 10 %
# and 100 % of the labels, recorded, three seeds (each seed also draws the labelled images anew).
# <!-- given: 1 %, 10 %, 100 % of the labels -->
#
# **Predict**: how many labels does it take until "from scratch" catches up?

# %%
# My guess:
efficiency = explorers.recorded("label_efficiency")
for data, entry in efficiency["data"].items():
    ways = entry["curves"].items()
    curves = {way: dict(zip(entry["labels"], seeds, strict=True)) for way, seeds in ways}
    explorers.show(figures.label_efficiency(curves, {"guessing": guess}, see.NAMES[data]))

# %%
explorers.table(see.worth_of_a_start(efficiency), "mean share correct of test images")

# %% [markdown]
# **Answer.** On `shapes` with all its labels the two are equal, on CIFAR-10 not even then. The distance between the
# two, at the left, is what the images *without* labels are worth: the fewer labels, the more it matters where one
# starts. A claim such as "SimCLR needs ten times fewer labels" is a *horizontal* distance between two lines, and one
# needs the whole curve for it.
#
# One thing is not equal here: with all labels of CIFAR-10 we fine-tune for {{ label_efficiency.data.cifar10.epochs.2 }}
# epochs only, to save time. It is the same for both lines, but it is not the best that so many labels can do.
#
# ### Data never seen
#
# A representation that is only good for the images it was trained on is of little use. **Transfer**: freeze the encoder,
# and probe it on other data, with {{ table.transfer_labels:,d }} labels. Here are the encoders of the table on `digits`,
# real handwriting that none of them has seen. (Its three axes are not the same.)
#
# **Predict**: which encoder will be best on `digits`? Will the supervised one win again? And raw pixels?

# %%
# My guess:
panels = see.transfer_panels(record)
explorers.show(figures.interval_rows(panels, ["share correct"] * len(panels)))

# %% [markdown]
# The other data sets too, as targets: for each pair the best row, and by how much it beats the best that has learned
# nothing.

# %%
told = f"linear probe, {record['transfer_labels']:,} labels; baselines: raw pixels, random weights"
explorers.table(see.best_of_transfer(record), told)

# %% [markdown]
# **Answer.** On `digits` the best row has the convnet, from each of the three data sets; raw pixels are above several
# trained encoders; and supervised is first nowhere, for labels make an encoder forget what does not help with *these*
# labels. But look at all nine pairs: in four of them the best row is **random convnet**, or less than 0.01 ahead of it,
# a network that has learned *nothing*. That is the most surprising result of this lesson.
# <!-- given: 0.01 the column counts it -->
#
# It does not say that learning is useless: two minutes on one set of small images taught these encoders what *that* set
# asks for. It says two things. A claim of transfer without random weights beside it is worth nothing. And the network
# matters as much as the method: all of the best rows have the convnet. The method has its weight, too: with this
# network SimCLR and DeepCluster were level on their own data, and on data never seen SimCLR is best in seven pairs.
#
# **Your own images.** A folder with one subfolder for each class is enough. Take the `#` away and put in your path. Or
# download `nuts`: dates, figs and hazelnuts on photographs. The question stays the same: is there a gain on raw pixels
# and random weights? And is the split clean? (Two photographs of one leaf must be on one side.)

# %%
# mine = datasets.load("folder:/path/to/images")  # or load("nuts", download=True)
# mine, mine_test = (part.resized(32) for part in mine.split(len(mine) // 3))
# ours = explorers.methods.features_of(encoders, mine.images)
# ours_test, rows = explorers.methods.features_of(encoders, mine_test.images), {}
# for name, h in ours.items():
#     result = evaluation.linear_probe(h, mine.labels, ours_test[name], mine_test.labels)
#     found = evaluation.bootstrap_interval((result.predictions == mine_test.labels).float())
#     rows[name] = {"value": found.value, "low": found.low, "high": found.high}
# explorers.table(rows, f"{len(mine_test)} test images")

# %% [markdown]
# ## 7 · Reading a paper's table
#
# DeepCluster's own table on Pascal VOC (Caron et al. 2018, §4), with all its rows. Each row is an AlexNet that begins from
# another start. Then it learns VOC: its three tasks, in % mAP for classification and detection, in % mean IU for
# segmentation. "Last layers" means that only `fc6` to `fc8` learn from VOC's labels, as in a probe; "all" means that all
# layers go on training. A dash is a number that the paper does not have. A star: the start was made with the help of
# images, by Krähenbühl et al.; a dagger: measured by DeepCluster's authors.

# %%
voc = explorers.quoted("voc_table")
explorers.table(see.in_words(voc), "% on VOC, as printed in the paper", digits=1)

# %% [markdown]
# **Predict**: how many of the differences in the column "classification, all" would you call real?

# %%
# My guess:
rows = see.by_idea(voc, "classification_fc6_8", "classification_all")
tasks = ("classification, last layers", "classification, all layers")
random = ["random weights, colours", "random weights, Sobel edges"]
explorers.show(figures.transfer_dots(rows, tasks, random))

# %%
images = 4952  # in the test split of VOC 2007
share = voc["classification_all"] / 100
half = 196 * (share * (1 - share) / images) ** 0.5
print(f"other test images alone: ± {half.min():.1f} to {half.max():.1f} points of a share")

# %% [markdown]
# **Answer.** Nobody can say, from this table alone: there are no seeds and no intervals. The printed line is a rough
# guess, since mAP is not a share of right answers. But it says which size of difference is worth a thought. The rows of
# jigsaw and counting are one number. DeepCluster's is another.
#
# **Before you read on**: write down three things that you would like to know about this table.
#
# What the numbers compare:
# - **A start for fine-tuning**, where all layers learn; and something like a probe, where only the last ones do. The two
#   columns put the rows in about the same order, but random weights stand far higher in the second: fine-tuning teaches
#   even them. There inpainting lies below them.
# - **Methods with the same amount of photographs, nearly.** Most encoders are pre-trained on ImageNet without labels,
#   some on video. One row has seen the labels of ImageNet, and those were made by people. It is a reference, not a
#   competitor.
# - **A distance between two lines.** The method's gain is what lies above its *own* random row, not above 0; and
#   DeepCluster's above the random row with Sobel's edges.
#
# What they do not compare:
# - **One change at a time.** The rows come from different papers, with other details in network, input and training.
#   DeepCluster's AlexNet sees Sobel edges and has batch norm. The stars have a start of their own.
# - **Seeds.** One number in each place. The first doubt can be guessed; the second one cannot.
# - **Effort.** How many settings did each row try, and on which images? The reader cannot know. (DeepCluster chooses on
#   the validation split of VOC, and says so, §3.4.) <!-- given: 3.4 a section of the paper -->
# - **Your images.** VOC and ImageNet are both photographs with one thing in the middle, taken by people. Leaves under a
#   microscope are not.
#
# Now be as strict with **our** table of section 5. It has random weights, raw pixels, seeds and intervals, one protocol.
# And its weak sides: three seeds, one small network for most, images of 32 pixels, two minutes. The settings of some
# methods were searched more than those of others. "Supervised" is not the best that labels can do. Whoever publishes a
# table should write such a list below it. <!-- given: 32 pixels a side of our images -->
#
# **A list for every table**: What is the question, what is the reader, how many labels? Are raw pixels and random weights
# in it? Which images chose? How many seeds, how many test images, what interval? What differs between two rows besides
# the method? Can I rebuild it?
#
# ## To remember
#
# 1. A leak is information that new images would not bring. Try your protocol where there is nothing to find.
# 2. Choose on validation, read the test split once. The best of many is always a little lucky.
# 3. Two doubts: other test images (bootstrap, in pairs) and other seeds (train again). Without both, a difference is a
#    hope.
#
# ## To think about
#
# - You have 60 labelled photographs of healthy and ill leaves, and 5,000 without labels. Write down a protocol: which
#   images learn, choose and report? How wide will the interval be?
# - Photographs of one plant were taken in a series. Why is a random split of the *photographs* a leak? How would you
#   split?
# - A colleague reports mean and deviation of five seeds, and has chosen the best of ten learning rates by the same five.
#   Is the interval honest?
#
# <!-- given: 60, 5,000 an example -->
#
# ## References
#
# - B. Efron: *Bootstrap Methods: Another Look at the Jackknife*, 1979,
#   [Annals of Statistics 7](https://doi.org/10.1214/aos/1176344552).
# - Student (W. S. Gosset): *The Probable Error of a Mean*, 1908, [Biometrika 6](https://doi.org/10.1093/biomet/6.1.1).
# - T. Chen, S. Kornblith, M. Norouzi, G. Hinton: *A Simple Framework for Contrastive Learning of Visual Representations*,
#   2020, [arXiv:2002.05709](https://arxiv.org/abs/2002.05709).
# - S. Kornblith, J. Shlens, Q. Le: *Do Better ImageNet Models Transfer Better?*, 2019,
#   [arXiv:1805.08974](https://arxiv.org/abs/1805.08974).
# - M. Caron, P. Bojanowski, A. Joulin, M. Douze: *Deep Clustering for Unsupervised Learning of Visual Features*, 2018,
#   [arXiv:1807.05520](https://arxiv.org/abs/1807.05520).
#
# ## What comes next
#
# This was the last lesson. You have trained a representation in six ways, seen inside, and measured it honestly. Take a
# folder of your own images, and one question about them. `aimsssl train` and `aimsssl compare` do for it what this
# course did for `shapes`.

# %%
progress()
