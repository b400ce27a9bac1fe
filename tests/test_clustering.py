"""k-means, PCA-whitening and the sampler, against scikit-learn, plain loops and their own promises."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from aimsssl import nearest_centroid
from aimsssl.clustering import _start, kmeans, pca_whiten, uniform_over_clusters
from aimsssl.nearest_centroid import Nearest, Points, _nearer

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"))]


def gaussian(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def blobs(clusters: int, each: int, d: int = 4, spread: float = 0.05) -> torch.Tensor:
    """Clusters that nobody can mistake, at the corners of a grid."""
    centres = torch.cartesian_prod(*[torch.arange(3.0)] * d)[:clusters]
    return centres.repeat_interleave(each, dim=0) + spread * gaussian(clusters * each, d)


def lloyd(x: torch.Tensor, centroids: torch.Tensor, iterations: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The plain loop, in float64; no cluster may become empty."""
    x, centroids = x.double(), centroids.double().clone()
    for _ in range(iterations):
        assignments = torch.cdist(x, centroids).argmin(dim=1)
        for j in range(len(centroids)):
            centroids[j] = x[assignments == j].mean(dim=0)
    return torch.cdist(x, centroids).argmin(dim=1), centroids


def inertia_of(x: torch.Tensor, assignments: torch.Tensor, centroids: torch.Tensor) -> float:
    return (x.double() - centroids.double()[assignments]).square().sum().item()


# --- k-means --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("k", [1, 5, 33, 64])
@pytest.mark.parametrize("chunk_size", [None, 100, 128])
def test_is_lloyds_algorithm(device, k, chunk_size):
    x = gaussian(700, 8) + 3
    result = kmeans(x.to(device), k, iterations=4, init=x[:k], chunk_size=chunk_size)
    assignments, centroids = lloyd(x, x[:k], 4)
    assert torch.equal(result.assignments.cpu(), assignments)
    torch.testing.assert_close(result.centroids.cpu().double(), centroids, rtol=1e-4, atol=1e-5)
    assert result.inertia == pytest.approx(inertia_of(x, assignments, centroids), rel=1e-5)
    assert result.inertias[-1] == pytest.approx(result.inertia, rel=1e-5) and len(result.inertias) == (
        5 if k > 1 else 2
    )
    assert result.reassigned == result.empty == 0


@pytest.mark.parametrize("n,d,k", [(500, 3, 10), (3000, 32, 100), (4200, 64, 50)])
def test_scikit_learn_ends_at_the_same_inertia(n, d, k):
    x = gaussian(n, d)
    ours = kmeans(x, k, init=x[:k], iterations=20)
    theirs = KMeans(k, init=x[:k].numpy(), n_init=1, max_iter=20, tol=0, algorithm="lloyd").fit(x.numpy())
    assert ours.inertia == pytest.approx(theirs.inertia_, rel=1e-4)
    assert (ours.assignments.numpy() == theirs.labels_).mean() > 0.98


@pytest.mark.parametrize("init", ["random", "k-means++"])
def test_inertia_never_rises_and_the_seed_decides(init):
    x = gaussian(2000, 6)
    a, b, other = (kmeans(x, 40, init=init, seed=seed) for seed in (1, 1, 2))
    assert all(later <= before * (1 + 1e-6) for before, later in zip(a.inertias, a.inertias[1:], strict=False))
    assert a.inertias[-1] < 0.9 * a.inertias[0]
    assert torch.equal(a.assignments, b.assignments) and torch.equal(a.centroids, b.centroids)
    assert not torch.equal(a.centroids, other.centroids)
    state = torch.get_rng_state()
    kmeans(x, 40, init=init, seed=1)
    assert torch.equal(state, torch.get_rng_state()), "the global generator is left alone"


def test_it_ends_when_no_assignment_changes():
    x = blobs(4, 20)
    result = kmeans(x, 4, init=x[::20], iterations=1000)
    assert 2 <= len(result.inertias) < 10
    assert result.assignments.tolist() == [i // 20 for i in range(80)]


def test_every_random_start_is_another_row():
    x = torch.arange(50.0)[:, None]
    starts = _start(Points(x, 64), 50, "random", 0) + x.mean(dim=0)
    assert sorted(starts[:, 0].tolist()) == pytest.approx(x[:, 0].tolist(), abs=1e-5)


def test_plus_plus_draws_in_proportion_to_the_squared_distance():
    x = torch.tensor([[0.0], [1.0], [3.0]])
    points = Points(x, 64)
    pairs = [tuple((_start(points, 2, "k-means++", s) + points.mean)[:, 0].round().int().tolist()) for s in range(3000)]
    expected = {(0, 1): 1 / 10, (0, 3): 9 / 10, (1, 0): 1 / 5, (1, 3): 4 / 5, (3, 0): 9 / 13, (3, 1): 4 / 13}
    counts = [pairs.count(pair) for pair in expected]
    assert sum(counts) == 3000, "never the same point twice"
    assert chisquare(counts, [1000 * p for p in expected.values()]).pvalue > 0.001


def test_plus_plus_finds_more_blobs_than_a_random_start():
    x = blobs(30, 20)
    spread, random = (
        sum(kmeans(x, 30, init=init, seed=s).inertia for s in range(5)) for init in ("k-means++", "random")
    )
    assert spread < 0.7 * random


@pytest.mark.parametrize("device", DEVICES)
def test_an_empty_cluster_takes_half_of_the_largest(device):
    x = torch.cat([blobs(1, 100, 2), torch.tensor([[50.0, 0.0]]).repeat(30, 1) + 0.05 * gaussian(30, 2, 1)]).to(device)
    start = torch.tensor([[0.0, 0.0], [50.0, 0.0], [999.0, 999.0]])
    result = kmeans(x, 3, init=start, iterations=1)
    assert result.reassigned == 1 and result.empty == 0
    small, large = result.assignments[100:], result.assignments[:100]
    assert (small == 1).all() and sorted(large.unique().tolist()) == [0, 2]
    assert large.bincount()[[0, 2]].min() > 20
    assert result.inertias[-1] < result.inertias[0]


def test_several_empty_clusters_are_refilled_at_once_and_halves_are_cut_again():
    x = gaussian(64, 2)
    result = kmeans(x, 8, init=torch.cat([torch.zeros(1, 2), 999 + torch.arange(14.0).view(7, 2)]), iterations=1)
    assert result.reassigned == 7 and result.empty == 0
    assert result.assignments.bincount().max() < 30, "always the largest that is left"


@pytest.mark.parametrize("seed", range(5))
def test_inertia_never_rises_when_clusters_are_refilled(seed):
    """Starts far away and starts on one spot: most clusters are empty, again and again."""
    x = gaussian(400, 3, seed)
    start = torch.cat([x[:1].repeat(20, 1), 100 + gaussian(20, 3, seed)])
    result = kmeans(x, 40, init=start)
    assert result.reassigned >= 30 and result.empty == 0
    inertias = result.inertias
    assert all(later <= before * (1 + 1e-6) for before, later in zip(inertias, inertias[1:], strict=False))
    assert result.inertia < 1.3 * kmeans(x, 40, seed=seed).inertia, "what is refilled is of use"


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("init", ["random", "k-means++"])
def test_more_clusters_than_different_points(device, init):
    x = gaussian(5, 4).repeat(20, 1).to(device)
    result = kmeans(x, 12, init=init)
    assert result.empty == 7 and len(result.assignments.unique()) == 5
    assert result.inertia == pytest.approx(0, abs=1e-6) and result.centroids.isfinite().all()
    torch.testing.assert_close(result.centroids[result.assignments], x)


def test_no_inertia_is_below_zero():
    """The quick formula leaves a rounding of either sign where every point is its centroid."""
    for seed in range(10):
        x = gaussian(5, 64, seed).repeat(20, 1)
        assert 0 <= min(kmeans(x, 5, init="k-means++", seed=seed).inertias) < 0.01


def test_nine_tenths_of_the_points_are_one():
    x = torch.cat([gaussian(1, 16).repeat(900, 1), gaussian(100, 16, 1)])
    result = kmeans(x, 30, seed=0)
    sizes = result.assignments.bincount(minlength=30)
    assert result.reassigned > 0 and result.empty == 0 and 900 <= sizes.max() < 960
    assert all(b <= a * (1 + 1e-6) for a, b in zip(result.inertias, result.inertias[1:], strict=False))


@pytest.mark.parametrize("stay", [799_998, 200_000, 0])
def test_sums_of_many_points_lose_no_digits(stay):
    """In float32 400,000 times 1.1, one after the other, is off by four thousandths; a point that leaves takes all."""
    side = torch.arange(800_000) % 2
    x = (2.0 * side - 1)[:, None] * 1.1
    points, sums = Points(x, 2**20), torch.zeros(3, 1, dtype=torch.float64)
    elsewhere = torch.where(torch.arange(len(x)) < stay, side, 2)
    first, later = (Nearest(index, torch.zeros(len(x)), None) for index in (side, elsewhere))
    for nearest, before in ((first, None), (later, first)):
        points.add_up(sums, nearest, before)
        centred = x.double() - points.mean
        expected = torch.stack([centred[nearest.index == i].sum(dim=0) for i in range(3)])
        torch.testing.assert_close(sums, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("device", DEVICES)
def test_centroids_that_stay_are_seldom_compared_with_again(device, monkeypatch):
    """Many dimensions and few points a cluster: as with whitened features most centroids soon stay where they are."""
    form, products = nearest_centroid._scores, []

    def counted(centroids, rows):
        scores = form(centroids, rows)
        return lambda x: products.append(len(x) * len(centroids)) or scores(x)

    monkeypatch.setattr(nearest_centroid, "_scores", counted)
    x = gaussian(2000, 64).to(device)
    for iterations in range(1, 12):
        products.clear()
        result = kmeans(x, 150, iterations=iterations, init=x[:150], chunk_size=600)
        assignments, centroids = lloyd(x, x[:150], iterations)
        assert torch.equal(result.assignments, assignments)
        torch.testing.assert_close(result.centroids.double(), centroids, rtol=1e-4, atol=1e-5)
        assert result.inertias[-1] == pytest.approx(inertia_of(x, assignments, centroids), rel=1e-5)
    assert sum(products) < 0.6 * 12 * 2000 * 150


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("step", [1, 4])
@pytest.mark.parametrize("chunk_size", [64, 1000])
def test_whatever_moves_the_nearest_is_found_and_nothing_else_is_below_the_bound(chunk_size, step, device):
    """In whole numbers, which are exact in float32, and often equally near."""
    generator = torch.Generator().manual_seed(step)
    x = torch.randint(-3, 4, (200, 3), generator=generator).float()
    x = torch.cat([x, -x]).to(device)
    points, nearest, moved = Points(x, chunk_size), None, None
    assert not points.mean.any()
    centroids, restricted = x[:40].clone(), 0
    for share in (1, 0.2, 0.1, 0.5, 0.8, 0.05, 0, 1, 0.3, 0.3, 0.1, 0.02):
        moves = torch.randint(-step, step + 1, centroids.shape, generator=generator)
        moves *= torch.rand(40, 1, generator=generator) < share
        centroids = centroids + moves.to(device)
        moved = None if nearest is None else moves.any(dim=1).to(device)
        before, nearest = nearest, points.assign(centroids, nearest, moved)
        scores = centroids.square().sum(dim=1) / 2 - x @ centroids.T
        assert torch.equal(nearest.score, scores.amin(dim=1))
        assert torch.equal(scores.gather(1, nearest.index[:, None])[:, 0], nearest.score)
        if before is not None:
            stays = scores.gather(1, before.index[:, None])[:, 0] == nearest.score
            assert torch.equal(nearest.index[stays], before.index[stays]), "of equally near ones the last"
        if nearest.bound is not None:
            others = scores.scatter(1, nearest.index[:, None], torch.inf)
            assert (others.amin(dim=1) >= nearest.bound).all()
            restricted += before is not None and before.bound is not None
    assert restricted >= 6


def test_every_point_its_own_cluster():
    x = gaussian(40, 3)
    assert kmeans(x, 40).inertia == pytest.approx(0, abs=1e-8)
    assert kmeans(x[:1], 1).centroids.tolist() == x[:1].tolist()


def test_points_far_from_zero_lose_nothing():
    x = blobs(8, 30)
    near, far = (kmeans(y, 8, init=y[::30]) for y in (x, x + 3000))
    assert torch.equal(near.assignments, far.assignments) and far.inertia == pytest.approx(near.inertia, rel=0.01)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_other_types_are_computed_in_float32(dtype):
    x = gaussian(500, 5).to(dtype)
    result, expected = kmeans(x, 9, init=x[:9]), kmeans(x.float(), 9, init=x[:9].float())
    assert result.centroids.dtype == torch.float32 and torch.equal(result.assignments, expected.assignments)
    assert result.inertia == pytest.approx(expected.inertia, rel=1e-6)


def test_the_default_type_of_others_does_not_matter():
    x = gaussian(200, 5)
    expected = kmeans(x, 9, init=x[:9])
    torch.set_default_dtype(torch.float64)
    try:
        result = kmeans(x, 9, init=x[:9])
    finally:
        torch.set_default_dtype(torch.float32)
    assert result.centroids.dtype == torch.float32 and torch.equal(result.assignments, expected.assignments)


@pytest.mark.parametrize("convolve", [True, False])
@pytest.mark.parametrize("b,k,d", [(128, 64, 7), (100, 33, 5), (1, 32, 1), (1024, 250, 66), (1000, 320, 64)])
def test_the_quick_pieces_are_what_they_stand_for(b, k, d, convolve, monkeypatch):
    convolved, form = [], nearest_centroid._convolution
    monkeypatch.setattr(nearest_centroid, "_convolution_is_faster", lambda: convolve)
    monkeypatch.setattr(nearest_centroid, "_convolution", lambda *args: convolved.append(b) or form(*args))
    x, centroids = gaussian(b, d), gaussian(k, d, 1)
    points = Points(x, b)
    scores = nearest_centroid._scores(centroids - points.mean, b)(points.rows)
    expected = (centroids - points.mean).square().sum(dim=1) / 2 - (x - points.mean) @ (centroids - points.mean).T
    torch.testing.assert_close(scores[:k].T, expected, rtol=1e-5, atol=1e-4)
    assert (scores[k:] == torch.inf).all() and len(scores) > k and len(scores) % nearest_centroid.BLOCK == 0
    assert convolved == [b] * (convolve and b == 1024), "only a large one, of whole images of 64 rows"
    right, (least, second) = scores.argmin(dim=0), scores.sort(dim=0).values[:2]
    for guess in (torch.zeros(b, dtype=torch.long), right.clone(), torch.where(torch.arange(b) % 3 > 0, right, k - 1)):
        found = _nearer(scores.clone(), guess, bounded=True)
        assert torch.equal(found.score, least) and torch.equal(found.index, right) and torch.equal(found.bound, second)
        assert _nearer(scores, guess, bounded=False).bound is None


@pytest.mark.parametrize("seconds,faster", [((1.0, 0.5), True), ((1.0, 0.9), False), ((1.0, 2.0), False)])
def test_the_convolution_has_to_win_by_a_fifth(seconds, faster, monkeypatch):
    monkeypatch.setattr(nearest_centroid, "fastest_in_turn", lambda *forms, repeats: seconds)
    assert nearest_centroid._convolution_is_faster.__wrapped__() is (faster and torch.backends.mkldnn.is_available())


@pytest.mark.parametrize(
    "changes,words",
    [
        (dict(k=0), "k must be from 1 to 10"),
        (dict(k=11), "k must be from 1 to 10, the number of points, got 11"),
        (dict(iterations=0), "iterations must be at least 1"),
        (dict(init="best"), "init must be random, k-means"),
        (dict(init=torch.zeros(2, 3)), r"init must have shape \[3, 2\], got \[2, 3\]"),
        (dict(init=torch.full((3, 2), torch.nan)), "init has infinite or NaN"),
        (dict(x=torch.full((10, 2), torch.inf)), "x has infinite or NaN"),
        (dict(x=torch.zeros(10)), r"x must be floating-point \[N, D\].* \[10\]"),
        (dict(x=torch.zeros(10, 2, dtype=torch.int64)), "x must be floating-point .* torch.int64"),
    ],
)
def test_mistakes_of_kmeans_are_named(changes, words):
    arguments = {"x": torch.rand(10, 2), "k": 3} | changes
    with pytest.raises(ValueError, match=words):
        kmeans(**arguments)


# --- PCA, whitening, L2 ---------------------------------------------------------------------------------------------


def up_to_sign(a: torch.Tensor, b: torch.Tensor) -> None:
    signs = (a * b).sum(dim=0).sign()
    torch.testing.assert_close(a * signs, b, rtol=1e-4, atol=1e-5)


def scikit_learns(x: torch.Tensor, dim: int) -> torch.Tensor:
    y = PCA(dim, whiten=True, svd_solver="full").fit_transform(x.double().numpy())
    return torch.from_numpy(y / np.linalg.norm(y, axis=1, keepdims=True)).float()


@pytest.mark.parametrize("n,d,dim", [(300, 20, 20), (300, 20, 7), (50, 80, 30), (1000, 3, 1)])
def test_is_scikit_learns_pca_with_rows_of_length_one(n, d, dim):
    x = gaussian(n, d) @ torch.diag(torch.logspace(0, -3, d)) @ gaussian(d, d, 1) + 10 * gaussian(1, d, 2)
    ours = pca_whiten(x, dim)
    assert ours.shape == (n, dim) and ours.dtype == torch.float32
    up_to_sign(ours, scikit_learns(x, dim))
    torch.testing.assert_close(ours.norm(dim=1), torch.ones(n))


def test_before_the_rows_are_scaled_columns_have_variance_one_and_no_correlation():
    """Rows on a sphere around the mean are scaled by one factor: whitening shows through."""
    x = torch.nn.functional.normalize(gaussian(50_000, 4), dim=1) @ gaussian(4, 4, 1)
    y = pca_whiten(x, 4)
    torch.testing.assert_close(4 * y.T @ y / len(y), torch.eye(4), rtol=0, atol=0.02)


def test_features_of_lower_rank_leave_columns_of_zeros():
    x = gaussian(200, 5) @ gaussian(5, 30, 1) + 7
    y = pca_whiten(x, 12)
    assert (y[:, 5:] == 0).all() and (y[:, :5] != 0).all()
    up_to_sign(y[:, :5], scikit_learns(x, 5))


def test_fewer_images_than_dimensions():
    x = gaussian(10, 64)
    y = pca_whiten(x, 20)
    assert y.isfinite().all() and (y[:, 9:] == 0).all(), "ten points span nine directions"
    up_to_sign(y[:, :9], scikit_learns(x, 9))
    assert (pca_whiten(x[:1], 20) == 0).all()


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6, 1e-20])
def test_features_that_are_all_the_same_give_zeros(value):
    x = torch.full((50, 8), value) * torch.linspace(0.3, 3.1, 8)
    assert (pca_whiten(x, 4) == 0).all()
    noisy = x * (1 + 1e-7 * gaussian(50, 8))
    assert (pca_whiten(noisy, 4) == 0).all(), "rounding is not variance"


def test_an_image_at_the_mean_is_a_row_of_zeros():
    x = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0], [0.0, 0.0]])
    assert pca_whiten(x, 2)[-1].tolist() == [0, 0]


def test_other_images_are_whitened_as_those_that_it_was_fitted_to():
    mixed = gaussian(20, 20, 1) @ torch.diag(torch.logspace(0, -2, 20))
    x, others = gaussian(300, 20) @ mixed + 3, 2 * gaussian(7, 20, 2) @ mixed - 1
    ours = pca_whiten(others, 6, like=x)
    fitted = PCA(6, whiten=True, svd_solver="full").fit(x.double().numpy())
    theirs = torch.from_numpy(fitted.transform(others.double().numpy())).float()
    up_to_sign(ours, torch.nn.functional.normalize(theirs))
    assert torch.equal(pca_whiten(x, 6, like=x), pca_whiten(x, 6))
    torch.testing.assert_close(pca_whiten(1e25 * others, 6, like=1e25 * x), ours, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "like,words", [(torch.rand(9, 5), "one dimension.*like 5"), (torch.zeros(0, 4), "like.*empty")]
)
def test_mistakes_of_the_features_it_is_fitted_to_are_named(like, words):
    with pytest.raises(ValueError, match=words):
        pca_whiten(torch.rand(9, 4), 2, like=like)


def test_half_precision_features_are_taken():
    x = gaussian(300, 6)
    torch.testing.assert_close(pca_whiten(x.bfloat16(), 6), pca_whiten(x.bfloat16().float(), 6))


@pytest.mark.parametrize(
    "x,dim,words",
    [
        (torch.rand(9, 4), 5, "dim must be from 1 to 4, the dimension of the features, got 5"),
        (torch.rand(9, 4), 0, "dim must be from 1 to 4"),
        (torch.full((9, 4), torch.nan), 2, "features has infinite or NaN"),
        (torch.zeros(9, 4, dtype=torch.uint8), 2, "features must be floating-point"),
        (torch.zeros(0, 4), 2, "not empty"),
    ],
)
def test_mistakes_of_pca_are_named(x, dim, words):
    with pytest.raises(ValueError, match=words):
        pca_whiten(x, dim)


# --- the sampler ----------------------------------------------------------------------------------------------------


def test_every_cluster_is_equally_likely_and_every_image_within_it():
    sizes = [1, 400, 0, 3, 50, 2]  # a cluster without images is never drawn
    assignments = torch.arange(6).repeat_interleave(torch.tensor(sizes))
    assignments = assignments[torch.randperm(len(assignments), generator=torch.Generator().manual_seed(5))]
    drawn = uniform_over_clusters(assignments, 50_000, torch.Generator().manual_seed(0))
    assert drawn.shape == (50_000,) and drawn.dtype == torch.int64
    counts = assignments[drawn].bincount(minlength=6)
    assert counts[2] == 0 and chisquare(counts[[0, 1, 3, 4, 5]]).pvalue > 0.001
    for cluster in (1, 3, 4, 5):
        images = (assignments == cluster).nonzero()[:, 0]
        assert chisquare(drawn.bincount(minlength=len(assignments))[images]).pvalue > 0.001


def test_draws_are_independent():
    """Pairs of neighbouring draws: every pair of clusters equally often, as it is not where clusters take turns."""
    assignments = torch.tensor([0] * 9 + [1] + [2] * 3)
    drawn = assignments[uniform_over_clusters(assignments, 20_000, torch.Generator().manual_seed(0))].view(-1, 2)
    assert chisquare((3 * drawn[:, 0] + drawn[:, 1]).bincount(minlength=9)).pvalue > 0.001


def test_the_generator_decides():
    assignments = torch.arange(10) % 3
    a, b, c = (uniform_over_clusters(assignments, 30, torch.Generator().manual_seed(s)) for s in (0, 0, 1))
    assert torch.equal(a, b) and not torch.equal(a, c)
    assert uniform_over_clusters(assignments, 0).shape == (0,)


@pytest.mark.parametrize("assignments", [torch.tensor([], dtype=torch.int64), torch.rand(4), torch.zeros(2, 2).long()])
def test_mistakes_of_the_sampler_are_named(assignments):
    with pytest.raises(ValueError, match="assignments must be integers"):
        uniform_over_clusters(assignments, 5)
