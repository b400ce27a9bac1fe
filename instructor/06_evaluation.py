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
# What is a good representation, and how do we not fool ourselves when we measure one?
#
# **You need first**: [lesson 05, DeepCluster](05_deepcluster.ipynb).
#
# **Time**: the code took {{ lesson_minutes.06.cpu.seconds:minutes }} minutes on the two cores of the machine that this
# page was made on.
#
# ← [05 DeepCluster](05_deepcluster.ipynb) · [glossary](../lessons/GLOSSARY.md)

# %%
import torch

from aimsssl import evaluation, explorers, figures, profile
from aimsssl.datasets import load

p = profile.current()
print(p)
print(profile.lesson_estimate("06"))

# %%
DATA = "shapes"

train = load(DATA, "train", limit=p.train_images)
test = load(DATA, "test", limit=p.test_images)
print(train, test, sep="\n")

# %% [markdown]
# ## 1 · What is a good representation?
#
# ## 2 · Nearest neighbours, and their traps

# %%
# EXERCISE 1 weighted kNN: the cells of the exercise come in place of this cell

# %% [markdown]
# ## 3 · The linear probe, and its traps
#
# ## 4 · Search and groups: measures without a classifier

# %%
# EXERCISE 2 clustering accuracy: the cells of the exercise come in place of this cell

# %% [markdown]
# ## 5 · Do the measures agree?
#
# ## 6 · The collapse laboratory
#
# ## 7 · Four protocols: which one leaks?

# %%
# EXERCISE 3 find the leak in four protocols: the cells of the exercise come in place of this cell

# %% [markdown]
# ## 8 · t-SNE, and what must not be read from it
#
# ## 9 · How sure are we?

# %%
# EXERCISE 4 a confidence interval: the cells of the exercise come in place of this cell

# %% [markdown]
# ## 10 · The table
#
# ## 11 · Few labels, and data never seen
#
# ## 12 · Reading a paper's table
#
# ## To remember
#
# ## To think about
#
# ## References
#
# ## What comes next
