"""Mutants that are right after all, with the reason. Everything else has to be caught.

A key is the change as the report prints it, or a pattern that is searched for in it.
"""

import re

# ruff: noqa: E501

EVERYWHERE = {
    re.compile(r": (.*)\bdim=1\b(.*) → \1dim=-1\2$"): "the last of two dimensions, by its other name",
    re.compile(r": (.*)\bdim=0\b(.*) → \1dim=-1\2$"): "the only dimension, by its other name",
    re.compile(r": (.*)\blen\(z1\)(.*) → \1len\(z2\)\2$"): "both have N rows",
    re.compile(r": (.*)\blen\(z2\)(.*) → \1len\(z1\)\2$"): "both have N rows",
}
"""In every exercise. A mutant that is caught all the same is no contradiction here."""

IN: dict[str, dict] = {
    "two_views": {
        re.compile(r"return \(.*(view.|stack\(\w+\))\.detach\(\)"): "transform gives nothing that a gradient flows from",
        re.compile(r"return \(view2, view1\)|\(torch.stack\(second\), |range\(2\)\)\[::-1\]|tuple\(views\)\[::-1\]|chunk\(2\)\)\[::-1\]|len\(images\)\)\)\[::-1\]"): "which view is which is luck",
        re.compile(r"strict=False|zip\(\*pairs\)"): "all pairs are of one length",
        re.compile(r"→ return torch.stack\(list"): "a tuple of two is as good as a list",
    },
    "nt_xent": {
        "nt_xent_by_cross_entropy: z = F.normalize(torch.cat([z1, z2]), dim=1) → z = F.normalize(torch.cat([z1, z2]))":
            "1 is the default of F.normalize's dim",
        re.compile(r"list\(enumerate\(views\)\)\[::-1\]"): "a mean does not know the order",
        re.compile(r"cosine_similarity\(views\[k\], view"): "a cosine is the same from both sides",
        re.compile(r"others.index\(\(i - n\)"): "n further and n back is the same among 2n",
        re.compile(r"double\(\) → z = torch.cat\(\[z1, z2\]\)$"): "float32 is exact enough",
        re.compile(r"masked_fill.*-[0-9.]+\)$"): "any very small score stands for none",
        re.compile(r"diagonal\((-?)len\(z.\)\)\]\)$"): "the matrix is symmetric",
        re.compile(r"logsumexp\(dim=0\)"): "the matrix is symmetric",
    },
    "nt_xent_in_chunks": {
        re.compile(r"\)\)\[::-1\]:"): "a sum does not know the order of the chunks, nor of their rows",
        re.compile(r"F\.normalize\((z\d|torch.cat\(\[z1, z2\]\))\)(, |\]\)$|$)"): "1 is the default of F.normalize's dim",
        re.compile(r"\(rows - len\(z1\)\) %"): "n further and n back is the same among 2n",
        re.compile(r"scatter\(-1, "): "the last of two dimensions, by its other name",
        re.compile(r"→ z = torch.cat\(\[z1, z2\]\)$"): "float32 is exact enough",
        re.compile(r"others.min\(\)"): "in float64 there is room enough for it",
        re.compile(r"z\[i - len\(z1\)\] @ z\[i\]"): "a cosine is the same from both sides",
    },
    "projection_head": {
        re.compile(r"nn.ReLU\((inplace=False)?\), last=last"): "whether it works in place is the module's own business",
    },
    "lars_step": {
        re.compile(r"→ return .*detach\(\)"): "no gradient is asked for",
        re.compile(r"torch.add\(lr"): "a sum from the other side",
        re.compile(r"→ trust = torch.where\(a( / b)? > 0"): "where d is 0, so is the step, at any finite trust",
        re.compile(r"/ b(\.clamp\(min=\S+\))?, torch.ones\(\(\)\)\)$"): "torch.where does not take what is divided by 0",
        re.compile(r"= \(w.numpy\(\)(.astype\(np.float64\))?, velocity.numpy\(\)"): "float32 is exact enough",
        re.compile(r"= \(w.numpy\(\), velocity"): "float32 is exact enough",
        re.compile(r"\.mean\(\)\) for x in"): "means of squares have the same ratio as sums",
        re.compile(r"lengths\[-1\]"): "the last of two",
    },
    "diagnose": {
        re.compile(r">= knn\[0\]|solved\[1\] <=|solved\[0\] >=|\+ 0.07:$|<= 0|>= 0|>= 1.5|>= 3 \*"):
            "no run lies exactly on the limit, and the contract names none",
        re.compile(r"knn\[0\] \+ 0.09|0.125:$|0.375:$|0.1 \* way:|0.3\d* \* way:|> (0.25|0.75)\), bool|> 0.375 \*|> [24] \* \(|> chance - loss\[-1\]$"):
            "the gaps between the kinds of runs are wide: limits in between are right",
        re.compile(r"solved\[-1\]"): "the last of two",
        re.compile(r"loss\[(1|--1|-0)\] - floor > 3"): "the other side of it still has the last loss",
        re.compile(r"knn\[-2\]|loss\[-2\]|knn\[-[13]:\]"): "the last epochs tell the same",
        re.compile(r"= \((bool\()?share.max\(\) > 0.5\)?, (bool\()?share\[0\] > 0.7\)?\)$"): "NumPy's truth values are equal",
    },
    "positives": {
        re.compile(r"→ return .*(\.detach\(\)|\.double\(\)\.long\(\)|\.T)$"): "whole numbers in one dimension stay as they are",
        re.compile(r"\(2 \* n\) - n\) %"): "n further and n back is the same among 2n",
        re.compile(r"range\(n\)\)\[::-1\]"): "the order of the loop does not matter",
        re.compile(r"torch.ones\("): "every entry is written",
        re.compile(r"partners\[i - n\]"): "counted from the end",
    },
    "gradient_weights": {
        re.compile(r"→ return .*(\.detach\(\)|\.T)$"): "no gradient is asked for, and there is one dimension",
        re.compile(r"\[-1\]$"): "there is one gradient",
        re.compile(r"similarity.numpy\(\) / temperature$"): "float32 is exact enough",
        re.compile(r"np.exp\(s( \+ s.max\(\)| - s.min\(\))?\)$"): "in float64 there is room enough for it",
    },
    "cosine_similarity": {
        re.compile(r"\.T$|cosine_similarity\(b, a|transpose\((0, -1|1, 0)\)"): "the matrix is symmetric",
        re.compile(r"→ unit = F.normalize\(z\)$"): "1 is the default of F.normalize's dim",
        re.compile(r"clamp\(min=(5e-13|1.5e-12|5e-31|1.5\d*e-30)\)"): "any very small number will do",
        re.compile(r"double\(\) → (pass|z = z)$"): "float32 is exact enough",
    },
    "warmup_cosine": {
        re.compile(r"\(warmup_steps - step\)|\(?warmup_steps - total_steps|pi / -2"): "a cosine is the same to the left of 0",
        re.compile(r"→ return \[\*up, \*down\]\[step\]$"): "NumPy's float64 is a float",
    },
}  # fmt: skip
"""{exercise: {change: reason}}"""
