"""Names of a model's and its optimizer's variables that are the same in every process.

Keras numbers its automatic names (`dense_7`, `seed_generator_12`) across the whole process, and a
variable's own path depends on where its layer was built. A name here is the path through the layers
from the model; a number that Keras chose is replaced by its rank among the neighbouring layers of
that class. Names that a recipe gives stay as they are.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

import keras
from keras.src.utils.naming import to_snake_case


def model_variables(model: keras.Model) -> dict[str, keras.Variable]:
    """All variables of a model, seeds too, by names such as `encoder/dense/kernel`."""
    return _unique((f"model/{name}", variable) for name, variable in _walk(model, set()))


def optimizer_variables(model: keras.Model) -> dict[str, keras.Variable]:
    """The optimizer's variables; those that belong to a weight end in its name.

    Args:
        model: compiled, with an optimizer that is built.
    """
    weights = {id(variable): name for name, variable in model_variables(model).items()}
    ends = defaultdict(list)  # Keras names them PATH_momentum, with _ for / in the weight's path.
    for weight in model.trainable_variables:
        ends[weight.path.replace("/", "_") + "_"].append(weights[id(weight)])
    found, taken = [], defaultdict(int)
    for variable in model.optimizer.variables:
        own = [end for end in ends if variable.name.startswith(end)]
        name = variable.name
        if own:
            longest = max(own, key=len)
            # Two weights with one path have their slots in the order of the weights.
            same = ends[longest]
            weight = same[taken[name] % len(same)]
            taken[name] += 1
            name = f"{name.removeprefix(longest)}/{weight}"
        found.append((f"optimizer/{name}", variable))
    return _unique(found)


def _walk(
    layer: keras.layers.Layer, seen: set[int], above: str = ""
) -> Iterator[tuple[str, keras.Variable]]:
    """The content of `layer.variables`, in order, with its path; each variable once."""
    own = [*layer._trainable_variables, *layer._non_trainable_variables]
    own += [generator.state for generator in layer._seed_generators]
    for variable in own:
        if id(variable) not in seen:
            seen.add(id(variable))
            yield above + variable.name, variable
    for name, below in zip(_stable_names(layer._layers), layer._layers, strict=True):
        yield from _walk(below, seen, f"{above}{name}/")


def _stable_names(layers: Sequence[keras.layers.Layer]) -> list[str]:
    """Names of sibling layers; `dense_3` and `dense_8` become `dense` and `dense_1`."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for layer in layers:
        if (number := _number(layer)) is not None:
            numbers[_stem(layer)].append(number)
    names = []
    for layer in layers:
        if (number := _number(layer)) is None:
            names.append(layer.name)
        else:
            rank = sorted(numbers[_stem(layer)]).index(number)
            names.append(f"{_stem(layer)}_{rank}" if rank else _stem(layer))
    return names


def _stem(layer: keras.layers.Layer) -> str:
    return to_snake_case(type(layer).__name__)


def _number(layer: keras.layers.Layer) -> int | None:
    """The number that Keras gave a layer; None if its name was chosen."""
    match = re.fullmatch(rf"{re.escape(_stem(layer))}(?:_(\d+))?", layer.name)
    return int(match[1] or 0) if match else None


def _unique(named) -> dict[str, keras.Variable]:
    """Makes names unique: the second of equal names ends in `#2`, and so on."""
    result: dict[str, keras.Variable] = {}
    counts: dict[str, int] = defaultdict(int)
    for name, variable in named:
        counts[name] += 1
        result[name if counts[name] == 1 else f"{name}#{counts[name]}"] = variable
    return result
