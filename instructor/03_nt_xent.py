# %% [markdown]
# # 03 NT-Xent
#
# Pull two views of one image together, push all others apart: one formula, and what every part of it does.
#
# **This lesson is an outline for now.** Its code runs and its plan is below; its experiments, explorers and exercises
# are still to come. Lesson [04](04_simclr_training.ipynb) is the one to work through today.
#
# **You will be able to**
# - write NT-Xent and compute it by hand for two images;
# - say what loss a network has that knows nothing, and the floor it cannot go below;
# - explain what the temperature and the batch size change.
#
# **You need first**: lesson 02; softmax and cross-entropy.
#
# **Time**: reading 5 minutes; computing at most {{ lesson_minutes.03.cpu.seconds:minutes }} minute on two cores.
#
# [← Augmentations](02_augmentations.ipynb) · [SimCLR training →](04_simclr_training.ipynb)

# %%
import math

import torch
from matplotlib import pyplot as plt

import aimsssl.profile
from aimsssl.datasets import load
from aimsssl.losses import nt_xent

print(aimsssl.profile.current())
data = load("shapes", limit=4)
figure, axes = plt.subplots(1, 4, figsize=(5, 1.5))
for axis, picture in zip(axes, data.images, strict=True):
    axis.imshow(picture.permute(1, 2, 0))
    axis.set_axis_off()
print("Four images. In a batch of N = 4 there are 2N = 8 views, and each view has one partner and 6 strangers.")

# %% [markdown]
# ## A loss with a chance level
#
# For a view $i$ with its partner $j$ among the $2N$ views of a batch,
#
# $$L_{ij} = -\log \frac{\exp(\mathrm{sim}(z_i, z_j) / \tau)}{\sum_{k \ne i} \exp(\mathrm{sim}(z_i, z_k) / \tau)}$$
#
# This is a cross-entropy over $2N - 1$ candidates. **Before you run the cell**: what is the loss when all views are
# mapped to one point?

# %%
for n in (2, 16, 128):
    z = torch.ones(n, 8)  # [N, D]: every view at the same point
    print(f"N = {n:3d}: loss {nt_xent(z, z).item():.4f}, log(2N - 1) = {math.log(2 * n - 1):.4f}")

# %% [markdown]
# ## What this lesson will teach
#
# - **By hand**: N = 2, then the similarity matrix as a picture: where the positives sit, what is masked.
# - **Chance and floor**: log(2N − 1), the value it cannot go below, and what "stuck at 5.5" means.
# - **Temperature**: how much weight the hard negatives get. Points on a circle that move under the loss, live.
# - **Alignment and uniformity**; collapse, and how it looks.
# - **Batch size is the number of negatives**: memory, and the loss in chunks.
# - **Exercises**: the cosine similarity matrix; where the positives are; NT-Xent; gradient weights; the loss in
#   chunks.

# %% [markdown]
# ## Read on
#
# - Chen et al. 2020, SimCLR, [arXiv:2002.05709](https://arxiv.org/abs/2002.05709), §2.1
# - Wang & Isola 2020, *Understanding Contrastive Representation Learning through Alignment and Uniformity on the
#   Hypersphere*, [arXiv:2005.10242](https://arxiv.org/abs/2005.10242)
#
# [← Augmentations](02_augmentations.ipynb) · [SimCLR training →](04_simclr_training.ipynb)
