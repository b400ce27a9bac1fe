# %% [markdown]
# # 01 Pretext tasks
#
# Labels cost money. Images do not. What can a network learn from images alone, when the labels are made from the
# image itself?
#
# **This lesson is an outline for now.** Its code runs and its plan is below; its experiments, explorers and exercises
# are still to come. Lesson [04](04_simclr_training.ipynb) is the one to work through today.
#
# **You will be able to**
# - say what supervised, unsupervised and self-supervised learning need and give;
# - make labels out of images: rotation, inpainting, jigsaw;
# - recognise a shortcut, where a task is solved and nothing is learned.
#
# **You need first**: PyTorch tensors, and what a convolution does.
#
# **Time**: reading 5 minutes; computing at most {{ lesson_minutes.01.cpu.seconds:minutes }} minute on two cores.
#
# [Augmentations →](02_augmentations.ipynb)

# %%
import torch
from matplotlib import pyplot as plt

import aimsssl.profile
from aimsssl.datasets import load

print(aimsssl.profile.current())
data = load("shapes", limit=8)
print(data)

# %% [markdown]
# ## A label for nothing
#
# Turn an image by 0°, 90°, 180° or 270°. The turn is known, because we made it, so it can be a label. To guess it, a
# network must know which way up things stand. **Before you run the cell**: for which of these classes is that
# impossible?

# %%
image = data.images[data.labels.unique(return_inverse=True)[1].argsort()][[0, 2, 4, 6]]  # [4, C, H, W]
rotated = torch.stack([torch.rot90(image, turns, dims=(2, 3)) for turns in range(4)], dim=1)  # [4 images, 4 turns, ...]

figure, axes = plt.subplots(4, 4, figsize=(5, 5))
for row, images in zip(axes, rotated, strict=True):
    for turns, (axis, picture) in enumerate(zip(row, images, strict=True)):
        axis.imshow(picture.permute(1, 2, 0))
        axis.set_axis_off()
        axis.set_title(f"label {turns}", fontsize=8)
figure.tight_layout()
print("Four images, one a row, each turned by 0, 1, 2 and 3 quarter turns: the number of turns is the label.")

# %% [markdown]
# ## What this lesson will teach
#
# - **Rotation prediction**: what it gets right, and which classes it cannot learn (a ring looks the same from every
#   side).
# - **Inpainting**: hide a patch, predict it, watch the fills as training goes.
# - **Jigsaw**: tiles and permutations. Colourisation and relative position are named, with their papers.
# - **Shortcuts**: a border or a vignette that gives the answer away. We plant one and find it.
# - **Does it transfer?** One probe for three encoders, beside raw pixels, random weights and a supervised encoder.
# - **Exercises**: a rotated batch with its labels; a loss on the hole only; the classes that rotation cannot
#   separate; permutations that lie far apart.

# %% [markdown]
# ## Read on
#
# - Gidaris et al. 2018, *Unsupervised Representation Learning by Predicting Image Rotations*,
#   [arXiv:1803.07728](https://arxiv.org/abs/1803.07728)
# - Noroozi & Favaro 2016, *Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles*,
#   [arXiv:1603.09246](https://arxiv.org/abs/1603.09246)
# - Pathak et al. 2016, *Context Encoders: Feature Learning by Inpainting*,
#   [arXiv:1604.07379](https://arxiv.org/abs/1604.07379)
#
# [Augmentations →](02_augmentations.ipynb)
