"""The matrix itself: no two cases share a name (so none shares a device), and the pairwise choice covers every pair."""

from itertools import combinations, product

from tests.interop.cases import FRAGMENTS, TLS_METHODS, TLS_VERSIONS, Case, failures, full_matrix, pairwise_matrix
from tests.interop.supplicant import mac_of


def test_each_case_has_a_name_and_a_device_of_its_own() -> None:
    names = [case.name for case in full_matrix()] + [failure.name for failure in failures()]
    assert len(set(names)) == len(names)
    assert len({mac_of(name) for name in names}) == len(names)


def test_the_pairwise_choice_is_small_and_misses_no_pair_of_values() -> None:
    chosen = pairwise_matrix()
    assert set(chosen) <= set(full_matrix())
    assert len(chosen) < len(full_matrix()) / 2

    def values(case: Case) -> tuple[object, ...]:
        return (case.method, case.tls, case.resumed, case.fragment)

    met = {(i, j, values(case)[i], values(case)[j]) for case in chosen for i, j in combinations(range(4), 2)}
    axes: list[tuple[object, ...]] = [TLS_METHODS, TLS_VERSIONS, (False, True), FRAGMENTS]
    for i, j in combinations(range(4), 2):
        for first, second in product(axes[i], axes[j]):
            assert (i, j, first, second) in met
