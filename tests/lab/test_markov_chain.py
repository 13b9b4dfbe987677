"""The chains of the text end where it says, at the speed of their gap, and a drawn chain stays a chain."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import eigvals
from scipy.special import rel_entr

from lab.catalogue import Catalogue
from lab.controls import Unfit
from lab.maths import chains
from lab.session import Session

CHAIN = Catalogue().load("markov-chain")


def run(steps=0, seed=0, **changes):
    session = Session(CHAIN, changes, seed)
    session.seek(steps)
    return session


def column(session, name):
    return session.run.columns.views()[name]


def random_chain(seed, n=5):
    return chains.drawn_at_random(n, np.random.default_rng(seed)).P


# ---------------------------------------------------------------- 64, 66, 67: the mole and the two states


def test_the_mole_has_the_distributions_that_the_text_prints():
    session, seen = run(), []
    for t in range(1, 5):
        session.seek(t)
        seen.append(session.experiment.pi)
    text = [[0.1, 0.4, 0.5], [0.17, 0.34, 0.49], [0.153, 0.362, 0.485]]
    np.testing.assert_allclose(seen[:3], text, atol=1e-12)
    np.testing.assert_allclose(session.experiment.limit, [3 / 19, 27 / 76, 37 / 76], atol=1e-12)
    np.testing.assert_allclose(sorted(session.experiment.spectrum.real), [-0.456, -0.044, 1], atol=5e-4)


def test_two_states_close_in_tenfold_at_each_step():
    session = run(8, chain="two states")
    np.testing.assert_allclose(session.experiment.limit, [4 / 9, 5 / 9], atol=1e-12)
    distance = column(session, "distance/πₜ to π∞")
    np.testing.assert_allclose(distance[1:9] / distance[:8], 0.1, rtol=1e-4)
    line = column(session, "distance/C|λ₂|ᵗ")
    np.testing.assert_allclose(line, np.sqrt(5) / 4 * 0.1 ** np.arange(9), rtol=1e-6)
    np.testing.assert_array_equal(column(session, "steps"), np.arange(9))


def test_the_first_mole_spends_its_time_as_the_invariant_distribution_says():
    session = run(4000, chain="two states")
    spent = column(session, "spent/time spent")
    law = column(session, "spent/law c/√T")
    assert spent[4000] < 3 * law[4000] < 0.03
    np.testing.assert_allclose(law[3999] / law[999], 0.5, rtol=1e-3)  # 1/√T


def test_the_law_of_time_spent_is_the_mean_of_many_walks():
    P, T = chains.mole().P, 400
    limit = chains.stationary(P)
    rng, at, visits = np.random.default_rng(3), np.zeros(2000, int), np.zeros((2000, 3))
    for _ in range(T):
        visits[np.arange(2000), at] += 1
        at = (P[at].cumsum(axis=1) > rng.random((2000, 1))).argmax(axis=1)
    measured = 0.5 * np.abs(visits / T - limit).sum(axis=1).mean()
    assert measured == pytest.approx(chains.deviation(P, limit) / np.sqrt(T), rel=0.04)


# ---------------------------------------------------------------- student engagement


def test_the_student_settles_at_low_engagement_unless_stimulated():
    law = (0.50001, 0.33334, 0.11111, 0.03704, 0.01235, 0.00412, 0.00137, 0.00046, 0.00015, 0.00005)
    alone = run(chain="student", begin=10).experiment
    np.testing.assert_allclose(alone.limit, law, atol=6e-6)
    assert alone.limit @ alone.f == pytest.approx(1.74975, abs=5e-6)
    keen = run(chain="student", stimulate=True).experiment
    np.testing.assert_allclose(keen.limit[:5:-1], [0.77778, 0.19444, 0.02431, 0.00304], atol=6e-6)
    assert keen.limit @ keen.f == pytest.approx(9.74603, abs=5e-6)


def test_stimulation_changes_the_arcs_of_the_chain_that_runs():
    session = run(5, chain="student")
    pi = session.experiment.pi
    session.set("stimulate", True)
    assert session.t == 5
    np.testing.assert_array_equal(session.experiment.pi, pi)
    assert session.experiment.P[4, 5] == 0.8


# ---------------------------------------------------------------- 65: classes and periods


def test_a_clock_goes_round_until_it_has_a_self_loop():
    session = run(chain="clock")
    assert session.experiment.period == 12
    session.seek(12)
    np.testing.assert_array_equal(session.experiment.pi, np.eye(12)[0])
    cured = run(2500, chain="clock", lazy=0.1).experiment
    assert cured.period == 1
    np.testing.assert_allclose(cured.pi, 1 / 12, atol=1e-6)


def test_where_a_gambler_ends_depends_on_the_start():
    poor, rich = (run(120, chain="gambler", begin=k).experiment for k in (2, 4))
    assert (len(poor.ends), poor.owner.max() + 1) == (2, 3)
    np.testing.assert_allclose(poor.pi, [0.75, 0, 0, 0, 0.25], atol=1e-9)
    np.testing.assert_allclose(poor.limit, poor.pi, atol=1e-9)
    np.testing.assert_allclose(rich.limit, [0.25, 0, 0, 0, 0.75], atol=1e-9)


def test_periods_are_the_common_divisors_of_all_ways_back():
    ways = np.zeros((5, 5))  # ways back of the lengths 2 and 3, then of 2 and 4
    ways[0, 1] = ways[0, 2] = 0.5
    ways[1, 0] = ways[2, 3] = 1
    two = ways.copy()
    ways[3, 0] = ways[4, 4] = 1
    two[3, 4] = two[4, 0] = 1
    assert chains.period(ways, np.arange(4)) == 1
    assert chains.period(two, np.arange(5)) == 2


# ---------------------------------------------------------------- 75: both KLs fall


def test_the_mole_has_the_kls_of_the_text():
    session = run(5)
    forward, back = column(session, "kl/πₜ ‖ π∞"), column(session, "kl/π∞ ‖ πₜ")
    np.testing.assert_allclose(forward[:5], [1.84583, 0.0151003, 7.955e-4, 1.436e-4, 2.933e-5], rtol=4e-4)
    assert np.isnan(back[0])  # infinite: no place on a curve
    np.testing.assert_allclose(back[1:4], [0.0170003, 7.894e-4, 1.4405e-4], rtol=2e-4)


@given(seed=st.integers(0, 10**6), n=st.integers(2, 8))
@settings(max_examples=40, deadline=None)
def test_neither_kl_ever_rises_on_a_random_chain(seed, n):
    P = random_chain(seed, n)
    limit, pi = chains.stationary(P), np.random.default_rng(seed).dirichlet(np.ones(n))
    np.testing.assert_allclose(P.sum(axis=1), 1)
    for _ in range(12):
        after = P.T @ pi
        assert chains.kl(after, limit) <= chains.kl(pi, limit) + 1e-15
        assert chains.kl(limit, after) <= chains.kl(limit, pi) + 1e-15
        assert chains.kl(pi, limit) == pytest.approx(rel_entr(pi, limit).sum(), abs=1e-14)
        pi = after


# ---------------------------------------------------------------- reversibility and the spectral gap


def test_only_the_mole_has_a_net_flow_and_its_gap_is_what_the_spec_says():
    mole, student, two, urn = (run(chain=name).experiment for name in ("mole", "student", "two states", "urn"))
    assert mole.net().max() == pytest.approx(0.0789, abs=5e-5)
    assert mole.net_arrows().tolist() == [[0, 2], [1, 0], [2, 1]]
    assert not any(one.net().any() for one in (student, two, urn))
    gaps = [1 - one.rate() for one in (mole, student, two)]
    np.testing.assert_allclose(gaps, [0.544, 0.144, 0.9], atol=6e-4)
    np.testing.assert_allclose(urn.spectrum.real, [1, 0.5, 0], atol=1e-9)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_the_distance_stays_under_the_line_of_the_gap(seed):
    P = random_chain(seed)
    if seed % 2:  # make it reversible: half forwards, half backwards in time
        P = (P + chains.reverse(P, chains.stationary(P))) / 2
    pi, limit = np.eye(5)[0], chains.stationary(P)
    rate = sorted(abs(eigvals(P)))[-2]
    assert abs(chains.eigenvalues(P)[1]) == pytest.approx(rate, abs=1e-8)
    C = chains.bound(P, pi, limit)
    for t in range(15):
        assert chains.total_variation(pi, limit) <= C * rate**t + 1e-12
        pi = P.T @ pi


def test_the_line_of_the_gap_begins_again_where_the_chain_is_changed():
    session = run(6, chain="two states")
    session.act("link", [0, 1, 0.25])
    session.seek(9)
    distance, line = column(session, "distance/πₜ to π∞"), column(session, "distance/C|λ₂|ᵗ")
    np.testing.assert_allclose(line[8:10] / line[7:9], 0.35, rtol=1e-6)  # λ₂ = 1 − 0.25 − 0.4
    assert (distance[7:10] <= line[7:10] + 1e-12).all()


def test_time_reversed_turns_the_flow_round_and_keeps_the_limit():
    session = run(3)
    before = session.experiment.net()
    session.act("reverse_time", [])
    np.testing.assert_allclose(session.experiment.limit, [3 / 19, 27 / 76, 37 / 76], atol=1e-12)
    np.testing.assert_allclose(session.experiment.net(), before.T, atol=1e-12)


def test_in_two_cold_wells_the_time_average_is_trapped():
    cold = run(300, chain="two wells", temperature=0.15)
    warm = run(300, chain="two wells", temperature=2)
    assert column(cold, "average/over time")[300] < -1.5
    assert abs(column(warm, "average/over time")[300]) < 1
    assert column(cold, "average/under π∞")[300] == pytest.approx(0, abs=1e-9)
    energy = np.array([25, 0, 9, 16, 9, 0, 25]) / 16
    np.testing.assert_allclose(warm.experiment.limit, np.exp(-energy / 2) / np.exp(-energy / 2).sum(), atol=1e-12)


# ---------------------------------------------------------------- drawing on it


def test_a_typed_probability_is_kept_and_the_others_share_the_rest():
    session = run()
    session.act("link", [0, 1, 0.7])
    np.testing.assert_allclose(session.experiment.P[0], [0.05, 0.7, 0.25])
    session.act("link", [1, 1, 1.0])  # a new arrow: an even share
    np.testing.assert_allclose(session.experiment.P[1], [0.4 * 2 / 3, 1 / 3, 0.6 * 2 / 3])
    session.set("lazy", 0.5)
    session.act("link", [0, 2, 0.4])  # what is typed is what is seen
    assert session.experiment.P[0, 2] == pytest.approx(0.4)
    for bad in ([0, 2, 0.8], [0, 2, -0.1], [0, 7, 0.5]):
        with pytest.raises(ValueError, match=r"link|there is no state 7"):
            session.act("link", bad)
    np.testing.assert_allclose(session.experiment.P.sum(axis=1), 1)


def test_states_come_and_go_and_no_mole_is_lost():
    session = run(4, moles=50)
    session.act("add", [2.0, 0.0])
    session.act("link", [0, 3, 1.0])
    session.act("link", [3, 0, 1.0])
    session.seek(8)
    session.act("erase", [2])
    now = session.experiment
    assert now.names == ("1", "2", "4")
    assert now.pi.sum() == pytest.approx(1)
    assert now.at.max() <= 2
    np.testing.assert_allclose(now.P.sum(axis=1), 1)
    session.seek(20)
    session.act("erase", [0])
    with pytest.raises(ValueError, match="two states are the least"):
        session.act("erase", [0])


def test_a_start_beyond_the_last_state_is_told():
    with pytest.raises(Unfit, match="this chain has 3 states"):
        run(begin=4)
