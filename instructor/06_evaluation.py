# %% [markdown]
# # 06 Evaluation
#
# What is a good representation, and how do we not fool ourselves when we measure one?
#
# **This lesson is an outline for now.** Its code runs and its plan is below; its experiments, explorers and exercises
# are still to come. Lesson [04](04_simclr_training.ipynb) is the one to work through today.
#
# **You will be able to**
# - choose a measure for a representation, and say what it does not show;
# - keep the test set for the end;
# - read a table of results, and its intervals, with care.
#
# **You need first**: lessons 04 and 05.
#
# **Time**: reading 5 minutes; computing at most {{ lesson_minutes.06.cpu.seconds:minutes }} minute on two cores.
#
# [← DeepCluster](05_deepcluster.ipynb)

# %%
import torch
from matplotlib import pyplot as plt

import aimsssl.profile
from aimsssl.datasets import load
from aimsssl.evaluation import knn_accuracy, nearest_neighbours

print(aimsssl.profile.current())
train, test = load("shapes", "train", limit=1000), load("shapes", "test", limit=500)
print(train, test, sep="\n")

# %% [markdown]
# ## The first baseline: no network at all
#
# A number means something only beside others. The simplest representation is the image itself: compare pixels, and
# let the 20 nearest training images vote. **Before you run the cell**: how far above chance will that be?

# %%
pixels = {name: images.flatten(1).float() / 255 for name, images in (("train", train.images), ("test", test.images))}
accuracy = knn_accuracy(pixels["train"], train.labels, pixels["test"], test.labels)
print(f"kNN on raw pixels: {accuracy:.3f}; chance: {1 / len(train.classes):.3f}")

_, index = nearest_neighbours(pixels["train"], pixels["test"][:4], k=5)  # [4, 5]
figure, axes = plt.subplots(4, 6, figsize=(5, 3.8))
for row, query, found in zip(axes, test.images, index, strict=False):
    for axis, picture in zip(row, torch.cat([query[None], train.images[found]]), strict=True):
        axis.imshow(picture.permute(1, 2, 0))
        axis.set_axis_off()
axes[0, 0].set_title("query", fontsize=8)
axes[0, 1].set_title("nearest first →", fontsize=8, loc="left")
figure.tight_layout()
print("Four test images on the left, and to the right of each its five nearest training images by their pixels.")

# %% [markdown]
# ## What this lesson will teach
#
# - **Measures and their traps**: kNN, linear probe, fine-tuning on few labels, retrieval, clustering scores,
#   geometry.
# - **t-SNE**: perplexity, seeds, and what must not be read from it.
# - **The table**: raw pixels, random weights, rotation, inpainting, jigsaw, SimCLR, DeepCluster, supervised; one
#   protocol, three seeds, intervals. Label efficiency, and transfer to other data.
# - **Reading a paper's table**: what its numbers compare and do not.
# - **Exercises**: weighted kNN; clustering accuracy; find the leak in four protocols; a confidence interval.

# %% [markdown]
# ## Read on
#
# - Kornblith et al. 2019, *Do Better ImageNet Models Transfer Better?*,
#   [arXiv:1805.08974](https://arxiv.org/abs/1805.08974)
# - van der Maaten & Hinton 2008, *Visualizing Data using t-SNE*, [JMLR
#   9](https://www.jmlr.org/papers/v9/vandermaaten08a.html)
# - Wattenberg et al. 2016, *How to Use t-SNE Effectively*, [Distill](https://distill.pub/2016/misread-tsne/)
#
# [← DeepCluster](05_deepcluster.ipynb)
