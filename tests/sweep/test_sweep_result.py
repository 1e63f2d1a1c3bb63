from pathlib import Path

from kerastc.sweep.result import Sweep, Trial


def sweep(values, maximize=True):
    trials = tuple(
        Trial(i, words, "finished", value, Path("run"), None)
        for i, (words, value) in enumerate(values.items())
    )
    return Sweep(Path(), "study", "sqlite://", "text", "jax", (), "accuracy", maximize, trials)


VALUES = {
    ("rate=1", "seed=0"): 0.90,
    ("rate=1", "seed=1"): 0.92,
    ("rate=2", "seed=0"): 0.70,
    ("rate=2", "seed=1"): 0.95,
}


def test_a_lucky_seed_does_not_make_its_settings_the_best():
    assert sweep(VALUES).best.words == ("rate=1", "seed=1")
    assert sweep(VALUES, maximize=False).best.words == ("rate=2", "seed=0")


def test_seeds_alone_are_compared_by_their_own_values():
    assert sweep({("seed=0",): 0.8, ("seed=1",): 0.9}).best.words == ("seed=1",)
    assert sweep({}).best is None
