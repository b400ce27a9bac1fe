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
# You have a number. How do you not fool yourself, and others, with it?
#
# **After this lesson you can**
# - find the leak in a protocol;
# - say what the winner's curse costs, and how to avoid it;
# - say how sure a number is, and whether a difference is one;
# - read a table of results, ours or a paper's, with care.
#
# **You need first**: [lesson 06, Evaluation](06_evaluation.ipynb).
#
# **Time**: about 60 minutes to read, 35 for the exercises. The code took
# {{ lesson_minutes.07.cpu.seconds:minutes }} minutes on the two cores of the machine that this page was made on.
#
# ← [06 Evaluation](06_evaluation.ipynb) · [glossary](../lessons/GLOSSARY.md)

# %%
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr

from aimsssl import evaluation, explorers, figures, models, profile, training
from aimsssl.datasets import load
from aimsssl.datasets.imageset import balanced_sample
from aimsssl.exercises import lesson06 as lesson

p = profile.current()
print(p)
print(profile.lesson_estimate("07"))

# %%
DATA = "shapes"

train = load(DATA, "train", limit=p.train_images)
test = load(DATA, "test", limit=p.test_images)
classes, guess = train.classes, 1 / len(train.classes)
bank, validation = train.split(len(train) // 5)
print(train, test, f"of the training split: {len(bank):,} to learn from, {len(validation):,} for validation", sep="\n")

# %% [markdown]
# The same encoders as in lesson 06. Where that lesson has run in this folder, they are read, else they train here, each
# for about half a minute.

# %%
runs = explorers.methods.trained_methods(bank, DATA, "07")
encoders = explorers.methods.encoders_of(runs)
explorers.table(
    {name: {"epochs": run.epochs_done, "seconds": run.last("seconds"), "last loss": run.last("loss")}
     for name, run in runs.items()}, "the training of each method", digits=2)  # fmt: skip

# %%
LABELS = min(2000, len(bank))
of_bank, of_validation = (explorers.methods.features_of(encoders, part.images) for part in (bank, validation))

# %% [markdown]
# ## 1 · Four protocols: which one leaks?
#
# A **leak** is information that reaches the number, and that would not be there for new images. The collapse laboratory
# had leaks in the *data*. More often they are in the *protocol*: the order in which someone chooses, trains and measures.

# %% [markdown]
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
for kind, meaning in lesson.KINDS.items():
    print(f"{kind!r}: {meaning}")


# %%
def find_the_leak():
    """The kind of each protocol, one of the names in lesson.KINDS: a dict {"A": …, "B": …, "C": …, "D": …}."""
    ### BEGIN SOLUTION
    return {
        "A": "best test score reported",  # the largest of twenty numbers
        "B": "clean",  # k is chosen on held-out images of the training half
        "C": "test labels in the features",  # the means of the classes need the labels of all images
        "D": "copies on both sides",  # two views of an image, split as if they were two images
    }
    ### END SOLUTION


# %%
find_the_leak = lesson.find_the_leak.check(find_the_leak)

# %%
# lesson.find_the_leak.hint()

# %% [markdown]
# There is a way to find leaks without being a detective. Run the protocol where there is **nothing to find**: random
# features, random labels, five classes. An honest protocol must report 0.20 there.
#
# **Predict** which letters stay at 0.20, and which one is highest. The letter E is new: it learns its features (a PCA)
# from *all* images, those of the test half too, but without any label.

# %%
for letter in "ABCDE":
    found = lesson.on_noise(letter)  # twenty repeats, each with new noise
    error = 2 * found.std() / len(found) ** 0.5
    verdict = "at chance" if found.mean() - error < 0.2 else "it has looked"
    print(f"{letter}: {found.mean():.2f} ± {error:.2f}   {verdict}")

# %% [markdown]
# Does E leak? On noise it finds nothing, since no label has come through. And yet its features know the test images. Such
# a protocol is called **transductive**: it answers the question "how good is it on *these* images?", and not "how good
# will it be on new ones?". That can be a fair question, but it is another one. So whoever learns from the test images,
# even without labels, must say so, and must not stand in one table with those who did not.
#
# The test on noise is cheap, but it is no proof: a protocol at 0.20 may still leak in a way that noise does not show.

# %% [markdown]
# ### The winner's curse
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
generator = torch.Generator().manual_seed(1)
keys, queries = of_bank["rotation"], of_validation["rotation"]
right = []  # of each method, which validation images it gets right
index = balanced_sample(bank.labels, min(1000, len(bank)))
for _ in range(max(2, min(100, len(bank) // 20))):
    view = torch.randn(keys.shape[1], 16, generator=generator)
    said = evaluation.knn_predict((keys @ view)[index], bank.labels[index], queries @ view)
    right.append((said == validation.labels).float())
right = torch.stack(right)  # [methods, images]
tenth = max(1, len(validation) // 10)


def choose_and_ask_again(order):
    """Points of each method above the mean of all: on the tenth that chooses, and on the rest."""
    choice, fresh = right[:, order[:tenth]].mean(dim=1), right[:, order[tenth:]].mean(dim=1)
    return (choice - choice.mean()).numpy(), (fresh - fresh.mean()).numpy()


explorers.show(figures.chosen_and_fresh(*choose_and_ask_again(torch.arange(len(validation)))))

# %%
draws = [choose_and_ask_again(torch.randperm(len(validation), generator=generator)) for _ in range(200)]
leads = np.array([(choice[choice.argmax()], fresh[choice.argmax()]) for choice, fresh in draws])
found = {"lead on the tenth that chose": leads[:, 0], "lead on fresh images": leads[:, 1]}
found["lost"] = leads[:, 1] - leads[:, 0]
rows = {
    name: {"mean": values.mean(), "lowest": values.min(), "highest": values.max()} for name, values in found.items()
}
explorers.table(
    rows, f"the winner of {len(right)} methods, over 200 random tenths of {tenth} images; {len(index):,} keys"
)

# %% [markdown]
# Nobody cheated. The best of many is good *and lucky*, and the luck does not come along to new images. The more candidates
# and the fewer images, the larger the loss. The remedy is simple: the number that we report comes from images that have
# chosen nothing. Think of a benchmark on which a thousand papers have reported their best.
#
# ## 2 · How sure is a number?
#
# All is chosen: k, τ, the number of labels, the measures. Now we open the **test split**, once.

# %%
index = balanced_sample(bank.labels, LABELS)
right, of_test = {}, explorers.methods.features_of(encoders, test.images)  # right: [Q], 1 where the answer was right
for name in of_bank:
    labelled = of_bank[name][index], bank.labels[index]  # the same for both readers
    knn = evaluation.knn_predict(*labelled, of_test[name])
    probe = evaluation.linear_probe(*labelled, of_test[name], test.labels).predictions
    right[f"{name}, kNN"], right[f"{name}, probe"] = ((said == test.labels).float() for said in (knn, probe))
rows = {name: {by: right[f"{name}, {by}"].mean().item() for by in ("kNN", "probe")} for name in of_bank}
explorers.table(rows, f"share correct of {len(test):,} test images; {len(index):,} keys, and labels of the probe")

# %% [markdown]
# (Is a kNN number lower than in lesson 06? There the whole bank were keys, here only these: fewer keys, fewer near
# neighbours. It says nothing about the test images.)
#
# A number like this has two doubts.
#
# **Other test images.** Ours are a sample of all the images that there could be. With others the number would be a
# little different. How different? We cannot take other images, but we can pretend: draw as many images *from our test
# images*, with replacement, so that some come twice and some not at all. Compute the number again. Do so 2,000 times.
# The middle 95 % of the results are the **bootstrap interval** (Efron 1979).
#
# **Other seeds.** Train again with another seed, and the encoder is another one. The bootstrap knows nothing of that.
# Only training again can tell.
#
# ### The first doubt
#
# **Predict**: how wide is the interval with this many test images: ± 0.002, ± 0.02, ± 0.2?

# %%
compared = "SimCLR, probe"
rest = [f"{name}, {by}" for name in ("random convnet", "SimCLR", "rotation", "DeepCluster") for by in ("kNN", "probe")]
rest.remove(compared)
intervals = {name: evaluation.bootstrap_interval(right[name]) for name in rest}
differences = {name: evaluation.bootstrap_difference(right[name], right[compared]) for name in rest}
panels = {"accuracy": intervals, f"minus {compared}": differences}
panels = {title: {name: (i.value, i.low, i.high) for name, i in rows.items()} for title, rows in panels.items()}
explorers.show(figures.interval_rows(panels, ("share correct", "difference"), zero=list(panels)[1:]))

# %%
near = "SimCLR, kNN"  # the same h, another reader
paired = differences[near].high - differences[near].low
mine = evaluation.bootstrap_interval(right[compared])
apart = np.hypot(mine.high - mine.low, intervals[near].high - intervals[near].low)
print(f"{compared} {mine}; {near} {intervals[near]}")
print(f"width of the interval of the difference: {paired:.3f} from pairs, {apart:.3f} as if from different images")

# %% [markdown]
# The right panel asks the better question. Both rows have seen the *same* test images, and some images are hard for
# both. So compare image by image: **paired**. Where the interval of the difference holds 0 (grey), these images cannot
# tell the two apart. How much narrower the paired interval is depends on how alike the two are: two readers of one *h*
# fail on many of the same images, two encoders that learned apart on fewer.

# %% [markdown]
# ### Exercise 2 · a confidence interval ●●○ (20 minutes)
#
# Write the bootstrap yourself.


# %%
def confidence_interval(scores, level, resamples, seed):
    """Two numbers (low, high): they hold the middle `level` of the means of new test sets, drawn from this one.

    scores: a number for each test image, float32 [Q], such as 1 for right and 0 for wrong; level: 0.95 for 95 %.
    resamples: how many new test sets, each of Q images. All randomness comes from the seed.
    """
    ### BEGIN SOLUTION
    generator = torch.Generator().manual_seed(seed)
    draws = torch.randint(len(scores), (resamples, len(scores)), generator=generator)  # with replacement
    means = scores[draws].mean(dim=1)
    return means.quantile((1 - level) / 2).item(), means.quantile((1 + level) / 2).item()
    ### END SOLUTION


# %%
confidence_interval = lesson.confidence_interval.check(confidence_interval)

# %%
# lesson.confidence_interval.hint()

# %% [markdown]
# Your function takes *any* number for each image. So what must you pass, to have the interval of a paired difference?
# Think, then read the cell. In its last line the images of one method are in another order, so that the pairs are
# broken. The mean difference stays what it was. **Predict**: does the width?

# %%
broken = right[compared][torch.randperm(len(test), generator=torch.Generator().manual_seed(0))]
for title, scores in {
    near: right[near],
    compared: right[compared],
    "difference": right[near] - right[compared],
    "difference, pairs broken": right[near] - broken,
}.items():
    low, high = confidence_interval(scores, 0.95, 2000, 0)
    print(f"{title:<26}{scores.mean():+.3f}  ({low:+.3f} to {high:+.3f})   width {high - low:.3f}")

# %% [markdown]
# ### Does an interval keep its promise?
#
# "95 %" is a promise: of 100 such intervals, about 95 hold the true value. We can check it. Take all our test images
# for "all images there are". Draw small samples from them, let *your* function make an interval from each, and count.
#
# **Predict**: of 60 intervals, how many will miss?

# %%
all_right = right[compared]
size = max(1, len(all_right) // 10)
samples = [all_right[torch.randint(len(all_right), (size,), generator=generator)] for _ in range(60)]
intervals = [
    (sample.mean().item(), *confidence_interval(sample, 0.95, 500, seed)) for seed, sample in enumerate(samples)
]
explorers.show(figures.coverage(intervals, all_right.mean().item()))

# %% [markdown]
# An interval is not a wall. About one in twenty misses, and nobody knows which one. With twenty comparisons in one table,
# expect one "clear" difference that is none. (With very few images, bootstrap
# intervals miss a little more often than they promise.)
#
# ### The second doubt
#
# Here the record helps: the same trainings with three seeds, on the three data sets of section 3. We ask: if each
# method had been run with *one* seed, as in many papers, how often would the order of two methods come out wrong?

# %%
NAMES = {"shapes": "shapes", "mnist": "MNIST", "cifar10": "CIFAR-10"}
record = explorers.recorded("table")
for data, entry in record["data"].items():
    flips = []
    for a in training.METHODS:
        for b in training.METHODS:
            one, other = (np.array(entry["rows"][m]["probe"]) for m in (a, b))
            if one.mean() > other.mean():
                flips.append((float((one[:, None] < other[None]).mean()), one.mean() - other.mean(), f"{a} > {b}"))
    worst = max(flips)
    unsafe = [name for share, _, name in flips if share > 0]
    print(f"{NAMES[data]}: {len(unsafe)} of {len(flips)} pairs can come out in the wrong order", end="")
    print(f", most often {worst[2]} ({worst[0]:.0%}; mean difference {worst[1]:.3f})" if unsafe else "")
    widths = [np.ptp(entry["rows"][m]["probe"]) for m in training.METHODS]
    print(f"{'':<8}between seeds: {min(widths):.3f} to {max(widths):.3f} from the lowest to the highest")

# %% [markdown]
# With three seeds, we report the mean and Student's *t* interval of it, as lessons 01 to 05 did. Three is few: the
# interval is 4.3 standard errors wide to each side, where very many seeds would have 2. But three are far better than
# one, for one seed has no interval at all.
#
# ## 3 · The table
#
# All methods of the course, three data sets, three seeds, one protocol:
# - the encoder trains without labels on the whole training split (the supervised one with them), each entry for at most
#   two minutes on two cores;
# - **kNN**: k = 20, τ = 0.1, all training images are keys;
# - **linear probe**: the same labels for all, features standardised, C chosen on a part of the labels;
# - settings were chosen on held-out training images; the test split is read once for each entry.
#
# A bar says where *one new run* may fall: another seed, another machine. It is wider than the interval of the mean.
#
# **Predict**, before you look: on which data set are random weights strongest? Which method wins on each? Is there one
# that wins on all?

# %%
table = {
    NAMES[data]: {
        row: {
            "kNN": (values["knn"], values["knn_interval"]),
            "linear probe": (values["probe"], values["probe_interval"]),
        }
        for row, values in entry["rows"].items()
    }
    for data, entry in record["data"].items()
}
explorers.show(figures.method_table(table, guess))

# %%
print(f"{'linear probe':<18}" + "".join(f"{name:>26}" for name in table))
for row in next(iter(table.values())):
    cells = []
    for rows in table.values():
        seeds, (low, high) = rows[row]["linear probe"]
        cells.append(f"{np.mean(seeds):.3f} ({low:.3f} to {high:.3f})")
    print(f"{row:<18}" + "".join(f"{cell:>26}" for cell in cells))

# %%
start_of = {name: "random convnet" if name == "DeepCluster" else "random weights" for name in training.METHODS}
gains, minutes = {}, {}
for name, start in start_of.items():
    gains[f"{name}, from {start}"], minutes[name] = {}, {}
    for data, entry in record["data"].items():
        change = evaluation.seed_difference(entry["rows"][name]["probe"], entry["rows"][start]["probe"])
        clear = "" if change.low > 0 or change.high < 0 else " ?"
        gains[f"{name}, from {start}"][NAMES[data]] = f"{change.value:+.2f} ± {change.high - change.value:.2f}{clear}"
        minutes[name][NAMES[data]] = np.mean(entry["rows"][name]["minutes"])
explorers.table(gains, "linear probe: gain on its OWN random weights; ? = three seeds cannot tell it from 0")

# %%
explorers.table(minutes, "minutes of training, mean of three seeds", digits=1)

# %% [markdown]
# How to read it:
# - **Look at the baselines first.** Where raw pixels or random weights are high, there is little left to win. A method
#   *below* its own random weights has unlearned something.
# - **The highest number and the largest gain are two things.** By the number alone DeepCluster is at the top on all three.
#   But it starts from the random convnet, which is high already. By what was *learned*, rule 1 of this lesson, the order
#   is another: on each of the three, SimCLR has added more.
# - **What can this table not decide?** Whether SimCLR with the convnet would be above DeepCluster. Network and method
#   change together here, so the rows show what the pair can do, and not what the method can. Train it and see: `SimCLR` is
#   a choice of method, the network another.
# - **The minutes are not equal**: see the table of minutes. No entry has more than two, some have much less, and rotation
#   has seen MNIST once only. So that rotation gains nothing there may be a matter of time, for digits do have an up.
# - **There are two networks in it.** The convnet gives {{ table.data.mnist.rows.DeepCluster.dimensions:,d }} numbers for an
#   MNIST image, the ResNet {{ table.data.mnist.rows.SimCLR.dimensions }}. More numbers help a linear probe.
# - **Two minutes are not a method's best.** The table says who is ahead after two minutes with a small network. SimCLR
#   gains from hundreds of epochs (Chen et al. 2020, §5.3). It would be wrong to conclude from this table that one method
#   beats another on ImageNet.
#
# Do other measures give the same order? From the record, for each data set:

# %%
KEYS = {"knn": "kNN", "recall_at_1": "recall@1", "mean_average_precision": "mAP", "nmi": "NMI"}
KEYS |= {"clustering_accuracy": "clusters", "effective_rank": "effective rank"}
print(f"{'agreement with the probe':<26}" + "".join(f"{name:>16}" for name in KEYS.values()))
for data, entry in record["data"].items():
    rows = entry["rows"].values()
    order = {key: [np.mean(values[key]) for values in rows] for key in ("probe", *KEYS)}
    print(f"{NAMES[data]:<26}" + "".join(f"{spearmanr(order['probe'], order[key]).statistic:+16.2f}" for key in KEYS))

# %% [markdown]
# ### Rebuild an entry
#
# A table that cannot be rebuilt is a rumour. We take the entry that trains fastest, train it here with a seed that the
# table does *not* have, and measure it in the same way.
#
# **Predict**: will it fall within its bars? How often should one expect it not to?

# %%
home = DATA if DATA in record["data"] else "shapes"
rows = record["data"][home]["rows"]
fastest = min(
    (name for name in training.METHODS if name != "supervised"), key=lambda name: np.mean(rows[name]["minutes"])
)
settings, new_seed = rows[fastest]["config"], 1 + max(record["seeds"])
own = {"seed", "epochs", "device", "precision", "compile", "checkpoint_every"}  # of this run or this machine
if p.name != "cpu":
    print(f"The profile {p.name} has other sizes than the table: what follows is another entry, not the same one.")
    own |= {"stem", "width", "batch_size"}
changes = {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items() if key not in own}
changes |= {"seed": new_seed, "epochs": settings["epochs"] if p.name == "cpu" else max(2, p.epochs // 5)}

home_train, home_test = train, test
if home != DATA:
    home_train, home_test = load(home, "train", limit=p.train_images), load(home, "test", limit=p.test_images)
rebuild_dir = Path("runs") / f"07_rebuilt_{fastest.lower()}_{p.name}_{home}"
encoder = training.train_method(fastest, home_train, rebuild_dir, progress=None, **changes).model.encoder
h = {fastest: (models.extract(encoder, home_train.images), models.extract(encoder, home_test.images))}
(again,) = evaluation.score_representations(h, home_train.labels, home_test.labels, probe_labels=record["probe_labels"])
for key, value in (("knn", again.knn), ("probe", again.probe)):
    low, high = rows[fastest][f"{key}_interval"]
    where = "within" if low <= value <= high else "OUTSIDE"
    print(f"{fastest}, seed {new_seed}, {key}: {value:.3f} is {where} {low:.3f} to {high:.3f}")

# %% [markdown]
# One entry says little. Here are several that were rebuilt for the record, with a new seed and in another precision, so
# that every number was rounded in another way.

# %%
rebuilt = explorers.recorded("table_rebuilt")
inside = sum(entry["within"] for entry in rebuilt["entries"])
print(
    f"seed {rebuilt['seed']}, {rebuilt['precision']}: {inside} of {len(rebuilt['entries'])} numbers are within their bars"
)
for entry in rebuilt["entries"]:
    if not entry["within"]:
        low, high = entry["interval"]
        print(
            f"  outside: {NAMES[entry['data']]}, {entry['row']}, {entry['measure']} {entry['value']:.3f}, bar {low:.3f} to {high:.3f}"
        )

# %% [markdown]
# ## 4 · Few labels, and data never seen
#
# ### Few labels
#
# Self-supervised learning is for the case of many images and few labels. So measure *that*. Four ways to use 1 %, 10 %
# and 100 % of the labels, recorded, three seeds (each seed also draws the labelled images anew).
#
# **Predict**: how many labels does it take until "from scratch" catches up?

# %%
efficiency = explorers.recorded("label_efficiency")
for data, entry in efficiency["data"].items():
    curves = {method: dict(zip(entry["labels"], seeds, strict=True)) for method, seeds in entry["curves"].items()}
    explorers.show(figures.label_efficiency(curves, {"guessing": guess}, NAMES[data]))

# %%
for data, entry in efficiency["data"].items():
    means = {method: np.mean(seeds, axis=1) for method, seeds in entry["curves"].items()}
    print(NAMES[data])
    for column, count in enumerate(entry["labels"]):
        best = max(means, key=lambda method: means[method][column])
        gain = means["fine-tuned from SimCLR"][column] - means["from scratch"][column]
        print(f"  {count:>6,} labels: best {best} ({means[best][column]:.3f}); SimCLR's start is worth {gain:+.3f}")
    scratch, tuned = means["from scratch"], means["fine-tuned from SimCLR"]
    if tuned[0] > scratch[1]:
        print(f"  {entry['labels'][0]:,} labels with SimCLR's start do more than {entry['labels'][1]:,} from scratch")

# %% [markdown]
# The distance between the two fine-tuned lines, at the left, is what the images *without* labels are worth. Read the
# figure from left to right: the fewer labels, the more it matters where one starts. A claim such as "SimCLR needs ten
# times fewer labels" is a *horizontal* distance between two lines, and one needs the whole curve for it.
#
# One thing is not equal here: with all labels of CIFAR-10 we fine-tune for {{ label_efficiency.data.cifar10.epochs.2 }}
# epochs only, to save time. It is the same for both lines, but it is not the best that so many labels can do.
#
# ### Data never seen
#
# A representation that is only good for the images it was trained on is of little use. **Transfer**: freeze the encoder,
# and probe it on other data, with 1,000 labels. First ours, live, on `digits`: real handwriting, after a training on
# coloured figures.
#
# **Predict**: which encoder will be best on `digits`? Will the supervised one win again? And raw pixels?

# %%
digits, digits_test = load("digits", "train").sample(min(1000, len(bank))), load("digits", "test")
channels = bank.images.shape[1]
of_digits, of_digits_test = (
    explorers.methods.features_of(encoders, part.images, channels) for part in (digits, digits_test)
)
transferred = {}
for name, h in of_digits.items():
    transferred[name] = evaluation.linear_probe(h, digits.labels, of_digits_test[name], digits_test.labels).predictions
found = {
    name: evaluation.bootstrap_interval((said == digits_test.labels).float()) for name, said in transferred.items()
}
rows = {f"{len(digits_test)} test images": {name: (i.value, i.low, i.high) for name, i in found.items()}}
explorers.show(figures.interval_rows(rows, ("share correct (digits, linear probe)",)))

# %%
order = sorted(found, key=lambda name: -found[name].value)
lost = [name for name in training.METHODS if found[name].high < found["random weights"].low]
print(f"best on digits: {order[0]} {found[order[0]]}; then {order[1]} {found[order[1]]}")
print(
    f"raw pixels: number {order.index('raw pixels') + 1} of {len(order)}; clearly below random weights: {', '.join(lost) or 'none'}"
)
print(f"trained with labels of {DATA}: number {order.index('supervised') + 1}; on {DATA} itself it was number "
      f"{sorted(of_bank, key=lambda name: -right[f'{name}, probe'].mean()).index('supervised') + 1}")  # fmt: skip

# %% [markdown]
# And the record: the encoders of the table, each on the data that it never saw. The figure shows `digits`, with the 95 %
# interval of the mean of three seeds. (Its three axes are not the same.) Below it, the best row of each pair.

# %%
panels = {}
for data, entry in record["data"].items():
    seeds = {row: values["transfer"]["digits"] for row, values in entry["rows"].items()}
    means = {row: evaluation.seed_interval(found) for row, found in seeds.items() if len(found) > 1}
    panels[f"{NAMES[data]} → digits"] = {  # raw pixels have no seed
        row: (means[row].value, means[row].low, min(1.0, means[row].high)) if row in means else (found[0],) * 3
        for row, found in seeds.items()
    }
explorers.show(figures.interval_rows(panels, ["share correct"] * len(panels)))

# %%
rows = {}
for data, entry in record["data"].items():
    for target in next(iter(entry["rows"].values()))["transfer"]:
        means = {row: np.mean(values["transfer"][target]) for row, values in entry["rows"].items()}
        first = max(means, key=means.get)
        baseline = max(means[row] for row in ("raw pixels", "random weights", "random convnet"))
        pair = f"{NAMES[data]} → {NAMES.get(target, target)}"
        rows[pair] = {"best": first, "share correct": means[first], "minus the best baseline": means[first] - baseline,
                      "supervised": means["supervised"]}  # fmt: skip
explorers.table(rows, f"linear probe with {record['transfer_labels']:,} labels; baselines: raw pixels, random weights")

# %% [markdown]
# Count how often the best row is **random convnet**, a network that has learned *nothing*. That is the most surprising
# result of this lesson. It does not say that learning is useless: two minutes on one set of small images taught these
# encoders what *that* set asks for. It says that a claim of transfer without random weights beside it is worth nothing.
#
# Labels make an encoder forget what does not help with *these* labels. So the best row on its own data need not be the
# best one elsewhere. Look whether that is so here.
#
# **Your own images.** A folder with one subfolder for each class is enough. Take the `#` away and put in your path. Or
# download `nuts`: dates, figs and hazelnuts on photographs. The question stays the same: is there a gain on raw pixels
# and random weights? And is the split clean? (Two photographs of one leaf must be on one side.)

# %%
# mine = load("folder:/path/to/images")  # or load("nuts", download=True)
# mine, mine_test = mine.split(len(mine) // 3)
# mine_32, test_32 = (F.interpolate(part.images.float(), size=32, mode="area").byte() for part in (mine, mine_test))
# ours, ours_test = (explorers.methods.features_of(encoders, part) for part in (mine_32, test_32))
# for name in ours:
#     result = evaluation.linear_probe(ours[name], mine.labels, ours_test[name], mine_test.labels)
#     print(f"{name:<18}{evaluation.bootstrap_interval((result.predictions == mine_test.labels).float())}")

# %% [markdown]
# ## 5 · Reading a paper's table
#
# In lesson 05 you saw DeepCluster's table on Pascal VOC (Caron et al. 2018, §4), in which all layers are fine-tuned. It has
# another half: there only the last layers, `fc6` to `fc8`, learn from VOC's labels, as in a probe. Here are both halves for
# classification, in mAP. Each row is an AlexNet; a dash is a number that the paper does not have.

# %%
voc = explorers.quoted("voc_table")
both = voc[["idea", "classification_fc6_8", "classification_all"]].sort_values("classification_all")
explorers.table(
    both.rename(columns={"classification_fc6_8": "last layers", "classification_all": "all layers"}), digits=1
)

# %%
IMAGES = 4952  # in the test split of VOC 2007
share = both["classification_all"] / 100
half = 196 * (share * (1 - share) / IMAGES) ** 0.5
print(
    f"If it were a share of right answers, other test images alone would move it by ± {half.min():.1f} to {half.max():.1f}"
)
known = both.dropna(subset=["classification_fc6_8"])
agree = spearmanr(known["classification_fc6_8"], known["classification_all"]).statistic
print(f"the two halves agree on the order of {len(known)} rows with {agree:+.2f} (Spearman)")
print(f"random weights: {voc.loc['Random-rgb', 'classification_fc6_8']} by the last layers, "
      f"{voc.loc['Random-rgb', 'classification_all']} with all of them")  # fmt: skip

# %% [markdown]
# The first line is a rough guess: mAP is not a share of right answers. But it says which size of difference is worth a
# thought. The rows of jigsaw and counting are one number. DeepCluster's is another.
#
# **Before you read on**: write down three things that you would like to know about this table.
#
# What the numbers compare:
# - **A start for fine-tuning.** All layers go on training on VOC, with labels. A linear probe asks another question, and
#   may give another order. (The paper's other columns train only the last layers.)
# - **Methods with the same amount of photographs, nearly.** The encoders are pre-trained on ImageNet without labels. The
#   upper row has seen the labels of ImageNet, and those were made by people. It is a reference, not a competitor.
# - **A distance between two lines.** Random weights stand high in the right column, since fine-tuning teaches even them.
#   The method's gain is what lies above that, not above 0; and DeepCluster's above the random row with Sobel's edges.
#
# What they do not compare:
# - **One change at a time.** The rows come from different papers, with other details in network, input and training.
#   DeepCluster's AlexNet sees Sobel edges and has batch norm.
# - **Seeds.** One number in each place. The first doubt of section 2 can be guessed; the second one cannot.
# - **Effort.** How many settings did each row try, and on which images? The reader cannot know. (DeepCluster chooses on
#   the validation split of VOC, and says so, §3.4.)
# - **Your images.** VOC and ImageNet are both photographs with one thing in the middle, taken by people. Leaves under a
#   microscope are not.
#
# Now be as strict with **our** table of section 3. It has random weights, raw pixels, seeds and intervals, one protocol.
# And its weak sides: three seeds, one small network for most, images of 32 pixels, two minutes. The settings of some
# methods were searched more than those of others. "Supervised" is not the best that labels can do. Whoever publishes a
# table should write such a list below it.
#
# **A list for every table**: What is the question, what is the reader, how many labels? Are raw pixels and random weights
# in it? Which images chose? How many seeds, how many test images, what interval? What differs between two rows besides
# the method? Can I rebuild it?
#
# ## To remember
#
# 1. A leak is information that new images would not give. Try a protocol where there is nothing to find.
# 2. Choose on validation, read the test split once, and report an interval. The best of many is always a little lucky.
# 3. Two doubts: other test images (bootstrap) and other seeds (train again). A difference is one when both say so.
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
# ## References
#
# - S. Kornblith, J. Shlens, Q. Le: *Do Better ImageNet Models Transfer Better?*, 2019,
#   [arXiv:1805.08974](https://arxiv.org/abs/1805.08974): the protocol of the probe.
# - T. Chen, S. Kornblith, M. Norouzi, G. Hinton: *A Simple Framework for Contrastive Learning of Visual Representations*,
#   2020, [arXiv:2002.05709](https://arxiv.org/abs/2002.05709).
# - B. Efron: *Bootstrap Methods: Another Look at the Jackknife*, 1979,
#   [Annals of Statistics 7](https://doi.org/10.1214/aos/1176344552).
# - M. Caron, P. Bojanowski, A. Joulin, M. Douze: *Deep Clustering for Unsupervised Learning of Visual Features*, 2018,
#   [arXiv:1807.05520](https://arxiv.org/abs/1807.05520).
#
# ## What comes next
#
# This was the last lesson. You have trained a representation in six ways, seen inside, and measured it honestly. Take a
# folder of your own images, and one question about them. `aimsssl train` and `aimsssl compare` do for it what this
# course did for `shapes`.
