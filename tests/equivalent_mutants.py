"""Mutants that are right after all, with the reason. Everything else has to be caught.

A key is the change as the report prints it, or a pattern that is searched for in it.
"""

import re

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
}  # fmt: skip
"""{exercise: {change: reason}}"""
