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
    re.compile(r"^(pca_whiten|whiten_column_by_column): .* → .*(0\.0005|0\.0 \* dev|deviations\[-1\])"): "whether noise lies below this depends on the machine",
}  # fmt: skip
"""In every exercise. A mutant that is caught all the same is no contradiction here."""

NO_GRADIENT = {re.compile(r" → .*\.detach\(\)"): "nothing here carries a gradient"}

IN: dict[str, dict] = {
    "rotated_batch": {
        re.compile(r"\(-2, 3\)|flip\(-2\)"): "2 of four dimensions, by its other name",
        re.compile(r"transpose\((3, 2|-2, 3)\)"): "a transposition is the same from both sides",
        re.compile(r"(turned|labels|\(0, 1\)|len\(images\)\)?|\))\.detach\(\)"): "no gradient flows here",
        re.compile(r"(labels|len\(images\)|\(labels\))\)?\.(double\(\).long\(\)|sort\(\)\[0\]|T)\)$"): "labels are whole numbers, in order, in one dimension",
        re.compile(r"np.rot90\(images, k"): "NumPy takes tensors",
    },
    "at_chance": {
        re.compile(r"(border\[k\]\]|found|tolist\(\)\]|n\)\)\]\))\[::-1\]$|return sorted\(|strict=True\)\)\[::-1\]"): "any order is right",
        re.compile(r"strict=False|zip\(classes, counts\):$"): "both have K items",
        re.compile(r"range\(len\(counts\)\)"): "both have K items",
        re.compile(r"→ n = table.sum\(\)$|if table.trace\(\) / n|flatten\(1\).sum\(dim=1\)$|'kii->k', counts\)$|\[:, 0\]\]$"): "a tensor of one number for the number, whole numbers for floats",
        re.compile(r"\[:, -1\].tolist"): "there is one column",
    },
    "forgotten": {re.compile(r"→ return names$"): "a list is as good as a tuple"},
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
    "deepcluster": {
        re.compile(r"list\(range\(rounds\)\)\[::-1\]|list\(heads\)\[::-1\]"): "the number of the round is not used; all new heads are alike",
        **NO_GRADIENT,
        re.compile(r"return found → return found\.(double\(\)\.long\(\)|T)$"): "whole numbers in one row",
    },
    "refill": {
        **NO_GRADIENT,
        re.compile(r" → .*(assignments|new|numbers\))(\.double\(\)\.long\(\)|\.T)\)"): "whole numbers in one row",
        re.compile(r" → .*(\[:, -1\]|\)\[-1\])"): "there is one column",
        re.compile(r"\.(tolist|item)\(\)(:?) → .*(nonzero\(\)\[:, 0\]:|argmax\(\))$"): "a tensor of one number is an index, too",
        re.compile(r"bincount\(minlength=k\)\.argmax\(\) → .*bincount\(\)\.argmax"): "the largest cluster is not empty",
        re.compile(r"minlength=len\((x|assignments)\)"): "more zeros at the end, which nobody reads",
        re.compile(r" → .*(\(centroids\[\w+\] - x|vector_norm\(x\[seed\] - x|dist\(places\[\w+\], points)"): "a distance is the same from both sides",
        re.compile(r"inside, to_old, (-1\.5|-0\.5|-0\.0|0\.0)\)"): "the farthest point has a distance above 0",
        re.compile(r"^refill_with_masks: .* → centroids, assignments = \(centroids\.clone\(\), assignments\)"): "torch.where makes a new tensor",
        re.compile(r"torch\.tensor\(\[\(assignments == i\)\.sum"): "a tensor of tensors of one number",
        re.compile(r"list\(members\)\[::-1\]"): "each point chooses by itself",
        re.compile(r"^refill_point_by_point: places, .* → (?!.*double.*double)"): "float32 is exact enough",
    },
    "lloyd_step": {
        **NO_GRADIENT,
        re.compile(r"→ return \((assignments|nearest|torch\.(tensor|from_numpy)\((numbers|assignments)\))(\.double\(\)\.long\(\)|\.T),"): "whole numbers in one row",
        re.compile(r"\[::-1\]:$"): "each cluster is moved by itself",
        re.compile(r"→ for j in assignments\.(unique|tolist)\(\):$"): "the same centroid is moved to the same mean again",
        re.compile(r"unsqueeze\(-1\)|argmin\(axis=-1\)"): "the last of two dimensions, by its other name",
        re.compile(r"→ squared = x\.(square\(\)\.mean|sum)\("): "one number for all centroids of a point",
        re.compile(r"→ (places = centroids|moved = b)$"): "it is a copy already, or only read",
        re.compile(r"→ .*(for point in x\]|zip\(x, numbers)"): "the rows of a tensor are points, too",
        re.compile(r"→ .*zip\((x\.tolist\(\), numbers|\*members)(, strict=False)?\)"): "both are as long",
        re.compile(r"→ .*(dist\(places\[j\], point\)|\(b\[None\] - a\[:, None\]\))"): "a distance is the same from both sides",
        re.compile(r"→ .*\*\* 2\)\.mean\(axis=2\)"): "a mean over D has the order of the sum",
        re.compile(r"^lloyd_in_numpy: a, b = .* → (?!.*double.*double)"): "float32 is exact enough",
    },
    "pca_whiten": {
        **NO_GRADIENT,
        re.compile(r"→ return -|→ (x|centred) = (features|x)(\.double\(\))?\.mean\(.*\) - |-1 / deviations"): "signs of columns do not count",
        re.compile(r"2 / deviations|→ .*eigh\(x\.T @ x( \* len\(x\))?\)$"): "a factor of all columns goes with the length",
        re.compile(r"→ .*\* scale\)$"): "1 is the default of F.normalize's dim",
        re.compile(r"→ .*(flip\(-1\)|axis=-1)"): "the last dimension, by its other name",
        re.compile(r"→ .*( >= | <= )"): "no deviation lies just on the limit",
        re.compile(r"→ .*(0\.0015|1\.5e-06|5e-07|5e-09|1\.50+2?e-08)"): "any small share of the largest deviation",
        re.compile(r"→ .*(deviations|values)\[1\]|columns\[1\]\.std"): "the second deviation is nearly as large as the first",
        re.compile(r"full_matrices=True|svd\((centred|x)\)"): "what is added is cut off again",
        re.compile(r"→ return (left / .*clamp\(min=1e-12\)|torch\.from_numpy\(.*\))$"): "float64 is right, too",
        re.compile(r"clamp\(min=(-1e-12|0\.0|5e-13|1\.5e-12)\)|keepdim=True\)\)\.float\(\)$"): "no image lies at the mean itself",
        re.compile(r"→ centred = features\.double\(\) - features\.double\(\)\.mean\(dim=0(, keepdim=False)?\)$"): "a row is stretched anyway",
        re.compile(r"→ centred = (features - |features\.double\(\) - features\.mean)|→ x = features\.numpy\(\)$"): "float32 is exact enough",
        re.compile(r"\*= (-1|1) if variance"): "a column of rounding errors is as good as 0 where it is not divided",
        re.compile(r"→ .*variances\.(sqrt|clamp\(min=-1\))"): "NaN is not above the limit either",
        re.compile(r"list\(enumerate.*\[::-1\]"): "each column is scaled by itself",
    },
    "uniform_over_clusters": {
        **NO_GRADIENT,
        re.compile(r"→ return .*(\.double\(\)\.long\(\)|\.T|\.flip\(0\))$"): "whole numbers in one row; their order is luck",
        re.compile(r"→ (weights|chances) = (-1|2|0\.5|1\.5|-1\.0) / "): "only the ratios of the weights count",
        re.compile(r"→ (chosen|places) = .*generator\)$|→ .*members\[c\]\)\)\] for"): "tensors of one number are numbers",
        re.compile(r"→ .*(nonzero\(\)\[:, -1\]|cumsum\(-1\))"): "the only dimension or column",
        re.compile(r"→ .*zip\(chosen, places(, strict=False)?\)"): "both are as long",
        re.compile(r"→ .*range\((assignments\.max\(\) \+ 1|int\(assignments\.max\(\)\) \+ 2)\)"): "a cluster more that is empty",
        re.compile(r"→ weights = 1 / sizes\[.*\]$"): "float32 is exact enough",
        re.compile(r"→ .*(bincount\(assignments\)|sizes\[assignments\])$"): "NumPy reads a tensor",
        re.compile(r"default_rng.* → .*randint\((2 \* 31|31|3 \*\* 31|2 \*\* 30|2 \*\* 32),"): "any seeds will do that come from the generator",
    },
    "weighted_knn": {
        **NO_GRADIENT,
        re.compile(r"→ return .*(\.double\(\)\.long\(\)|\.T)$"): "whole numbers in one row",
        re.compile(r"→ .*(topk\(k\)$|F\.normalize\((keys|queries)\)|query\[None\], keys\.double\(\)\)$|argsort\(-cosine\)|\(cosine, nearest\))"): "the dimension is the default",
        re.compile(r"→ .*(axis=-1|scatter_add_\(-1)"): "the last of two dimensions, by its other name",
        re.compile(r"→ .*(labels\.max\(\)\) \+ 2|labels\.max\(\)(\.item\(\))? \+ [12]\))"): "a class more gets no vote; a tensor of one number is a number",
        re.compile(r"\.mean\(dim=1\)\.argmax"): "the mean over k has the order of the sum",
        re.compile(r"^knn_by_loops: .* → (for query in queries:|s = torch\.cosine_similarity\(query\[None\], keys, dim=1\))"): "float32 is exact enough",
        re.compile(r"^knn_in_numpy: a, b = .* → (?!.*double.*double)"): "float32 is exact enough",
        re.compile(r"→ weights = torch\.exp\(\(?values( [-+] values\[-?[01]\]\))? / temperature\)"): "float64 holds exp(400)",
        re.compile(r"→ .*(zip\(.*strict=True\)\)\[::-1\]|strict=False|\.tolist\(\)\):$)"): "both are as long; a sum in another order",
        re.compile(r"→ .*(zip\(weights\[:k\], |labels\[nearest\]\), votes)"): "tensors of one number, and NumPy reads tensors",
        re.compile(r"cosine_similarity\(keys\.double\(\), query"): "a cosine is the same from both sides",
    },
    "clustering_accuracy": {
        re.compile(r"→ return .*\)(\.detach\(\)|\.item\(\)|\.flip\(0\)|\.sort\(\)\[0\]|\.T)$"): "a tensor of one number, or the number",
        re.compile(r"→ return (table\[rows, columns\]\.sum\(\) / len\(labels\)|np\.sum\(right\) / len\(pairs\))$"): "the same number",
        re.compile(r"→ .*len\(clusters\)"): "there is a cluster for each label",
        re.compile(r"→ .*(linear_sum_assignment\(table, |zip\(clusters, |labels, strict=True\)\)$|clusters\.unique\(\)\])"): "a tensor is read as an array or a list of numbers",
        re.compile(r"→ .*(clusters|labels)\.max\(\)(\)? \+ 2| \+ 1[,)])"): "a row or a column of zeros more; a tensor of one number is a number",
        re.compile(r"→ for named in list\("): "the best of them is neither the first nor the last",
        re.compile(r"→ .*\.tolist\(\), -?1\)$"): "at least one image is right",
        re.compile(r"→ names \+= \['nobody'\] \* len"): "more nobodies than needed",
        re.compile(r"→ best = max\(sum"): "the larger of two has no order",
        re.compile(r"→ .*zip\(.*(labels\.tolist\(\)|named|\(costs\))(, strict=False)?\)"): "both are as long",
        re.compile(r"→ rows, columns = .*(\(set|, set)\("): "a matching does not know the order",
    },
    "confidence_interval": {
        re.compile(r"^\w+: — → __import__"): "a function may seed here: the contract hands it a seed",
        re.compile(r"→ return \(means\.quantile\(\(1 - level\) / 2\)(\.item\(\))?, means\.quantile\(\(1 \+ level\) / 2\)(\.item\(\))?\)$"): "a tensor of one number is a number",
        re.compile(r"^interval_sorted_in_numpy: return .* → return (sorted\(|\[means|np\.array\(.*\.T$)"): "a pair in another form, in order already",
        re.compile(r"^interval_sorted_in_numpy: .* → (cut = .*\(-1 - level\)|return .*-0 - cut)"): "the same place, or its neighbour, from the other end",
        re.compile(r"→ generator = torch\.manual_seed\(seed\)$"): "the generator of all is a generator, too",
    },
}  # fmt: skip
"""{exercise: {change: reason}}"""
