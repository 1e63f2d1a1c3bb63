"""A recipe that trains nothing, for sweeps: it scores its settings."""

RECIPE = '''"""Scores its settings; each of its steps takes a moment and is kept."""

import os
import time
from typing import Literal

from kerastc import settings
from kerastc.errors import UserError


class Config(settings.Config):
    rate: float = 0.1
    units: int = 4
    kind: Literal["good", "broken", "offline", "stopped"] = "good"
    seconds: float = 0.0  # of all four steps
    mended: str = ""  # a file; without it the recipe fails


def run(config, run):
    with run.path("attempts").open("a") as file:
        done = int(run.path("steps").read_text()) if run.path("steps").is_file() else 0
        file.write(f"{os.getpid()} from step {done}\\n")
    if config.kind == "broken" or (config.mended and not os.path.exists(config.mended)):
        raise ValueError("nothing to read")
    if config.kind == "offline":
        raise UserError("No network.", "Take a folder.")
    if config.kind == "stopped" and done == 0:
        run.write_text("steps", "2")
        raise KeyboardInterrupt
    for step in range(done, 4):
        time.sleep(config.seconds / 4)
        run.write_text("steps", str(step + 1))
    accuracy = 1 - abs(config.rate - 0.3) - config.units / 1000
    whole = {"rows": 8, "per_class": {}}
    macro = ("macro_precision", "macro_recall", "macro_f1")
    part = whole | dict.fromkeys(macro, -accuracy) | {"accuracy": accuracy, "loss": 1 - accuracy}
    test = {name: 0.0 for name in part} | whole
    run.write_json("preprocessing.json", {"task": "text-classification"})
    run.write_text("labels.txt", "a\\nb\\n")
    run.write_json("metrics.json", {"validation": part, "test": test})
'''
