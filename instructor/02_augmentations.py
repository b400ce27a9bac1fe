# %% [markdown]
# # 02 Augmentations
#
# Two views of one image should have one representation. So the views decide what the representation forgets.
#
# **This lesson is an outline for now.** Its code runs and its plan is below; its experiments, explorers and exercises
# are still to come. Lesson [04](04_simclr_training.ipynb) is the one to work through today.
#
# **You will be able to**
# - name SimCLR's augmentations, and say what each one makes a representation forget;
# - explain why crop and colour together do what neither does alone;
# - spot the usual mistakes: the same view twice, one draw for a whole batch.
#
# **You need first**: lesson 01.
#
# **Time**: reading 5 minutes; computing at most {{ lesson_minutes.02.cpu.seconds:minutes }} minute on two cores.
#
# [← Pretext tasks](01_pretext_tasks.ipynb) · [NT-Xent →](03_nt_xent.ipynb)

# %%
import torch
from matplotlib import pyplot as plt

import aimsssl.profile
from aimsssl.augment import TwoViews
from aimsssl.datasets import load

print(aimsssl.profile.current())
data = load("shapes", limit=6)
print(data)

# %% [markdown]
# ## Two views
#
# Each image is cropped, flipped and recoloured twice, each time with a draw of its own. **Before you run the cell**:
# what will the two views of one image still have in common?

# %%
torch.manual_seed(0)
view1, view2 = TwoViews(size=32)(data.images)  # each [6, 3, 32, 32], numbers in [0, 1]

figure, axes = plt.subplots(3, 6, figsize=(7, 3.8))
rows = {"image": data.images / 255, "view 1": view1, "view 2": view2}
for row, (name, images) in zip(axes, rows.items(), strict=True):
    for axis, picture in zip(row, images, strict=True):
        axis.imshow(picture.permute(1, 2, 0))
        axis.set_axis_off()
    row[0].set_title(name, fontsize=9, loc="left")
figure.tight_layout()
print("Six images in the first row, and below each of them two views of it: other crops, other colours.")

# %% [markdown]
# ## What this lesson will teach
#
# - **Each transform alone, then together**: random resized crop, flip, colour jitter, greyscale, blur, and their
#   strengths.
# - **The composition grid** (SimCLR's Figure 5) for real and small, in minutes on a CPU; the colour-histogram
#   shortcut.
# - **Factor audit**: `shapes` knows the colour, angle, size, place and class of every image. What was kept, what
#   forgotten?
# - **Explorer**: a slider for each transform, two views, their histograms, and "can you still tell?".
# - **Exercises**: the box of a random resized crop; colour jitter in order and range; two views with their own draws.

# %% [markdown]
# ## Read on
#
# - Chen et al. 2020, *A Simple Framework for Contrastive Learning of Visual Representations* (SimCLR),
#   [arXiv:2002.05709](https://arxiv.org/abs/2002.05709), §3
# - Tian et al. 2020, *What Makes for Good Views for Contrastive Learning?*,
#   [arXiv:2005.10243](https://arxiv.org/abs/2005.10243)
#
# [← Pretext tasks](01_pretext_tasks.ipynb) · [NT-Xent →](03_nt_xent.ipynb)
