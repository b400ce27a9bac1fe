# %% [markdown]
# # 05 DeepCluster
#
# Cluster the features, call the clusters labels, train on them, repeat. Why does that not collapse?
#
# **This lesson is an outline for now.** Its code runs and its plan is below; its experiments, explorers and exercises
# are still to come. Lesson [04](04_simclr_training.ipynb) is the one to work through today.
#
# **You will be able to**
# - name the stages of DeepCluster, and what each is there for;
# - run k-means by hand, and say when it fails;
# - tell the trivial solutions, and what keeps the method from them.
#
# **You need first**: lesson 04.
#
# **Time**: reading 5 minutes; computing at most {{ lesson_minutes.05.cpu.seconds:minutes }} minute on two cores.
#
# [← SimCLR training](04_simclr_training.ipynb) · [Evaluation →](06_evaluation.ipynb)

# %%
from matplotlib import pyplot as plt
from sklearn.cluster import KMeans
from sklearn.metrics import normalized_mutual_info_score

import aimsssl.profile
from aimsssl.datasets import load

print(aimsssl.profile.current())
data = load("shapes", limit=600)
print(data)

# %% [markdown]
# ## What clusters of raw pixels are about
#
# DeepCluster clusters features. Here are clusters of raw pixels, before any learning. **Before you run the cell**:
# will a cluster hold one class of shape?

# %%
pixels = data.images.flatten(1).float().numpy() / 255  # [N, C*H*W]
clusters = KMeans(n_clusters=6, n_init=3, random_state=0).fit_predict(pixels)

figure, axes = plt.subplots(6, 8, figsize=(6, 4.6))
for cluster, row in enumerate(axes):
    for axis in row:
        axis.set_axis_off()
    for axis, picture in zip(row, data.images[clusters == cluster], strict=False):
        axis.imshow(picture.permute(1, 2, 0))
    row[0].set_title(f"cluster {cluster}", fontsize=8, loc="left")
figure.tight_layout()
print("Eight images of each of six clusters, one cluster a row.")
nmi = normalized_mutual_info_score(data.labels, clusters)
print(f"NMI with the classes: {nmi:.3f} (1: the same groups; near 0: nothing in common)")

# %% [markdown]
# The rows agree in colour and light, hardly in shape: pixels say little about what is in the picture.

# %% [markdown]
# ## What this lesson will teach
#
# - **The pipeline with its pictures**: augmentation, Sobel, convnet, PCA, whitening, L2, k-means, pseudo-labels,
#   training.
# - **k-means by hand**: Lloyd's steps, starts, inertia; empty clusters; sampling that is uniform over clusters.
# - **How many clusters**, NMI between epochs and against the labels, and where the time goes.
# - **What it learned**: filters, images that excite a unit, pages of clusters.
# - **Results** beside supervised training and random weights.
# - **Exercises**: PCA, whiten, normalise; assignment and update; refill an empty cluster; a sampler uniform over
#   clusters.

# %% [markdown]
# ## Read on
#
# - Caron et al. 2018, *Deep Clustering for Unsupervised Learning of Visual Features*,
#   [arXiv:1807.05520](https://arxiv.org/abs/1807.05520)
#
# [← SimCLR training](04_simclr_training.ipynb) · [Evaluation →](06_evaluation.ipynb)
