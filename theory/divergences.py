"""Divergences and distances between two distributions, and optimal transport between points.

`p` and `q` are probabilities of the same outcomes, shape (N,), or densities on a grid of that many points
`dx` apart: sums and integrals are the same function. All are in nats and float64. Where p is 0, 0 log 0 = 0;
where q is 0 and p is not, what divides by q is infinite.
"""

import numpy as np
from scipy import sparse
from scipy.optimize import linprog
from scipy.special import rel_entr


def kl(p, q, dx: float = 1.0) -> float:
    """KL(P || Q) = sum p log(p / q). Kullback and Leibler 1951."""
    return float(np.sum(rel_entr(p, q)) * dx)


def reverse_kl(p, q, dx: float = 1.0) -> float:
    """KL(Q || P)."""
    return kl(q, p, dx)


def jensen_shannon(p, q, dx: float = 1.0) -> float:
    """JSD(P, Q) = KL(P || M) / 2 + KL(Q || M) / 2 with M = (P + Q) / 2: between 0 and log 2."""
    middle = (np.asarray(p) + np.asarray(q)) / 2
    return (kl(p, middle, dx) + kl(q, middle, dx)) / 2


def total_variation(p, q, dx: float = 1.0) -> float:
    """TV(P, Q) = 1/2 sum |p - q|: between 0 and 1."""
    return float(np.sum(np.abs(np.asarray(p) - np.asarray(q))) * dx / 2)


def pearson(p, q, dx: float = 1.0) -> float:
    """chi^2(P, Q) = sum (p - q)^2 / q."""
    p, q = np.asarray(p, np.float64), np.asarray(q, np.float64)
    difference = (p - q) ** 2
    terms = np.divide(difference, q, out=np.where(difference > 0, np.inf, 0.0), where=q > 0)
    return float(np.sum(terms) * dx)


def squared_hellinger(p, q, dx: float = 1.0) -> float:
    """H^2(P, Q) = sum (sqrt p - sqrt q)^2, f-GAN's (Nowozin et al. 2016, Table 5): between 0 and 2."""
    return float(np.sum((np.sqrt(p) - np.sqrt(q)) ** 2) * dx)


def wasserstein(p, q, dx: float = 1.0) -> float:
    """W1(P, Q) of densities at points of a line that are `dx` apart: the area between their CDFs."""
    # Cumulative sums of densities are CDFs after one factor dx; the area takes another.
    return float(np.sum(np.abs(np.cumsum(np.asarray(p) - np.asarray(q)))) * dx * dx)


def distances(x, y) -> np.ndarray:
    """Euclidean distances of points x (N, D) from points y (M, D): (N, M)."""
    return np.linalg.norm(np.asarray(x)[:, None] - np.asarray(y)[None], axis=-1)


def transport(costs) -> tuple[float, np.ndarray]:
    """Optimal transport between uniform distributions on N and M points: the primal linear programme.

    W = min over plans gamma of sum gamma_ij c_ij, whose rows sum to 1 / N and columns to 1 / M.

    Args:
        costs: c, (N, M).

    Returns:
        W, and the plan gamma (N, M).
    """
    count, others = costs.shape
    rows = sparse.kron(sparse.eye(count), np.ones((1, others)))
    columns = sparse.kron(np.ones((1, count)), sparse.eye(others))
    masses = np.concatenate([np.full(count, 1 / count), np.full(others, 1 / others)])
    found = linprog(np.ravel(costs), A_eq=sparse.vstack([rows, columns]), b_eq=masses, method="highs")
    return float(found.fun), found.x.reshape(count, others)


def potentials(costs) -> tuple[float, np.ndarray, np.ndarray]:
    """The dual of `transport`, Kantorovich's: max mean(u) + mean(v) with u_i + v_j <= c_ij.

    For c = |x - y| the best u is a 1-Lipschitz critic and v its negative: Kantorovich and Rubinstein.

    Returns:
        W, u (N,) and v (M,).
    """
    count, others = costs.shape
    rows = sparse.kron(sparse.eye(count), np.ones((others, 1)))
    columns = sparse.kron(np.ones((count, 1)), sparse.eye(others))
    gains = np.concatenate([np.full(count, 1 / count), np.full(others, 1 / others)])
    bounds = [(None, None)] * (count + others)
    found = linprog(
        -gains, A_ub=sparse.hstack([rows, columns]), b_ub=np.ravel(costs), bounds=bounds, method="highs"
    )
    return float(-found.fun), found.x[:count], found.x[count:]
