"""An exported model as one ONNX graph: raw features in, calibrated chances out.

The graph is put together from the same document as `strategy_model.py` reads, by the
`onnx` package alone. Converters of torch and scikit-learn would each cover a part,
bring half a dozen packages, and know neither our treatments nor the calibration.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml_training.errors import DataError

try:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    raise DataError(
        f"an ONNX graph needs the package `onnx`, which is not installed ({error})",
        hint="pip install -r requirements-onnx.txt",
    ) from error

OPSET, ML_OPSET, IR = 18, 3, 10
"""Versions of the operators and the file; old enough for every runtime since 2024."""

FLOOR = float(np.finfo(np.float64).eps)
ML = "ai.onnx.ml"

Step = dict[str, Any]
Arrays = dict[str, NDArray[Any]]

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
"""Klambauer et al. 2017, Self-normalizing neural networks."""

DIRECT = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}


def build_onnx(document: dict[str, Any], arrays: Arrays) -> bytes:
    """Return the graph: `features` (n, n_features) to `chance` (n,) and `take` (n,).

    Parameters
    ----------
    document, arrays : dict
        From `describe_portable`.

    Returns
    -------
    bytes
        The same for the same model.
    """
    drawing = Drawing(arrays)
    chance = drawing.ask(document["model"], "features")
    chance = drawing.calibrate(document["calibration"], chance)
    drawing.add("Identity", chance, output="chance")
    drawing.add("GreaterOrEqual", chance, drawing.number(document["threshold"]), output="take")
    return drawing.finish(document)


class Drawing:
    """Collect nodes and constants, all in double precision.

    Parameters
    ----------
    arrays : dict
        What the document names.
    """

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(
        self, op: str, *inputs: str, output: str = "", domain: str = "", **options: Any
    ) -> str:
        """Add a node, and return the name of what it gives."""
        output = output or f"v{len(self.nodes)}"
        node = helper.make_node(op, list(inputs), [output], domain=domain, **options)
        self.nodes.append(node)
        return output

    def put(self, values: ArrayLike, dtype: Any = np.float64) -> str:
        """Keep a constant, and return its name."""
        name = f"c{len(self.constants)}"
        held = np.array(values, dtype=dtype)
        self.constants.append(numpy_helper.from_array(held, name))
        return name

    def number(self, value: float) -> str:
        """Keep one number."""
        return self.put(value)

    def cast(self, x: str, kind: int) -> str:
        """Change the precision."""
        return self.add("Cast", x, to=kind)

    def finish(self, document: dict[str, Any]) -> bytes:
        """Return the graph as bytes, checked."""
        n_features = len(document["feature_names"])
        rows = helper.make_tensor_value_info("features", TensorProto.DOUBLE, ["n", n_features])
        outputs = [
            helper.make_tensor_value_info("chance", TensorProto.DOUBLE, ["n"]),
            helper.make_tensor_value_info("take", TensorProto.BOOL, ["n"]),
        ]
        graph = helper.make_graph(self.nodes, document["name"], [rows], outputs, self.constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR)
        helper.set_model_props(model, {"features": "\n".join(document["feature_names"])})
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))

    # What models do.

    def ask(self, model: Step, x: str) -> str:
        """Draw one model: rows to chances (n,)."""
        asked = getattr(self, f"_ask_{model['kind']}")
        chances: str = asked(model, x)
        return chances

    def calibrate(self, how: Step, p: str) -> str:
        """Draw the temperature, or the rising curve."""
        if not how["applied"]:
            return p
        if how.get("knots"):
            return self._read_curve(p, np.asarray(how["knots"]), np.asarray(how["rates"]))
        base = self.number(float(np.log(how["anchor"] / (1 - how["anchor"]))))
        off = self.add("Sub", self.log_odds(p), base)
        cooled = self.add("Div", off, self.number(how["temperature"]))
        return self.add("Sigmoid", self.add("Add", cooled, base))

    def _read_curve(self, p: str, knots: NDArray[Any], rates: NDArray[Any]) -> str:
        """Add up how far a chance climbs between each two knots."""
        axis = self.put([1], np.int64)
        start, end = knots[:-1], knots[1:]
        pieces = self.clip(self.add("Unsqueeze", p, axis), start, end)
        slopes = np.diff(rates) / np.diff(knots)
        risen = self.add("MatMul", self.add("Sub", pieces, self.put(start)), self.put(slopes))
        return self.add("Add", risen, self.number(rates[0]))

    def log_odds(self, p: str) -> str:
        """Draw chances as log-odds."""
        safe = self.clip(p, FLOOR, 1 - FLOOR)
        rest = self.add("Sub", self.number(1.0), safe)
        return self.add("Sub", self.add("Log", safe), self.add("Log", rest))

    def clip(self, x: str, low: ArrayLike, high: ArrayLike) -> str:
        """Keep values within a fence, which may differ by column."""
        return self.add("Min", self.add("Max", x, self.put(low)), self.put(high))

    def blank(self, x: str, largest: float) -> str:
        """Make a missing cell of what is not a number of ordinary size."""
        within = self.add("LessOrEqual", self.add("Abs", x), self.number(largest))
        return self.add("Where", within, x, self.number(np.nan))

    def fill(self, x: str, value: ArrayLike) -> str:
        """Put a column's own value into its missing cells."""
        return self.add("Where", self.add("IsNaN", x), self.put(value), x)

    def _ask_constant(self, model: Step, x: str) -> str:
        return self._column(self.add("Add", self._nothing(x), self.number(model["chance"])))

    def _nothing(self, x: str) -> str:
        """Draw a zero for every row, whatever its cells hold."""
        first = self.add("Slice", x, *(self.put([n], np.int64) for n in (0, 1, 1)))
        return self.add("Mul", self.fill(self.blank(first, 1.0), [0.0]), self.number(0.0))

    def _column(self, x: str) -> str:
        return self.add("Squeeze", x, self.put([1], np.int64))

    def _ask_logistic(self, model: Step, x: str) -> str:
        part = {
            n: self.arrays[key] for n, key in model.items() if isinstance(key, str) and n != "kind"
        }
        rows = self.fill(self.blank(x, np.finfo(np.float64).max), part["centre"])
        rows = self.clip(rows, part["low"], part["high"])
        rows = self._standardise(rows, part["mean"], part["scale"])
        line = self.add("MatMul", rows, self.put(part["coef"]))
        return self.add("Sigmoid", self.add("Add", line, self.number(model["intercept"])))

    def _ask_pairwise(self, model: Step, x: str) -> str:
        total = self.add(
            "Add", self.log_odds(self.ask(model["line"], x)), self.number(model["level"])
        )
        for pair in model["pairs"]:
            both = self.add(
                "Mul", self._bend_column(x, pair["first"]), self._bend_column(x, pair["second"])
            )
            total = self.add("Add", total, self.add("Mul", both, self.number(pair["coef"])))
        return self.add("Sigmoid", total)

    def _bend_column(self, x: str, curve: Step) -> str:
        cells = self._column(self.add("Gather", x, self.put([curve["column"]], np.int64), axis=1))
        cells = self.fill(self.blank(cells, np.finfo(np.float64).max), curve["centre"])
        return self._read_curve(cells, np.asarray(curve["knots"]), np.asarray(curve["scores"]))

    def _standardise(self, x: str, centre: ArrayLike, width: ArrayLike) -> str:
        return self.add("Div", self.add("Sub", x, self.put(centre)), self.put(width))

    def _ask_boosting(self, model: Step, x: str) -> str:
        rows = self.blank(x, np.finfo(np.float64).max)
        total = self._climb(model["trees"], rows, 1.0)
        return self.add("Sigmoid", self.add("Add", total, self.number(model["base_log_odds"])))

    def _ask_forest(self, model: Step, x: str) -> str:
        rows = self.blank(x, np.finfo(np.float64).max)
        rows = self.clip(rows, -model["largest"], model["largest"])
        rows = self.cast(self.cast(rows, TensorProto.FLOAT), TensorProto.DOUBLE)
        return self._climb(model["trees"], rows, 1.0 / len(self.arrays[model["trees"]["roots"]]))

    def _climb(self, names: dict[str, str], x: str, share: float) -> str:
        """Draw the sum of the leaves that each row reaches."""
        tree = {name: self.arrays[key] for name, key in names.items()}
        if not len(tree["roots"]):
            return self._column(self._nothing(x))
        options = describe_trees(tree, share)
        total = self.add("TreeEnsembleRegressor", x, domain=ML, **options)
        return self._column(self.cast(total, TensorProto.DOUBLE))

    def _ask_blend(self, model: Step, x: str) -> str:
        base = self.number(float(np.log(model["anchor"] / (1 - model["anchor"]))))
        total = base
        for weight, member in zip(model["weights"], model["members"], strict=True):
            off = self.add("Sub", self.log_odds(self.ask(member, x)), base)
            total = self.add("Add", total, self.add("Mul", off, self.number(weight)))
        return self.add("Sigmoid", total)

    def _ask_network(self, model: Step, x: str) -> str:
        rows = self.blank(x, model["largest"])
        for step in model["treatments"]:
            rows = self._do(step, rows)
        rows = self.cast(self.cast(rows, TensorProto.FLOAT), TensorProto.DOUBLE)
        outputs = self._run(model["steps"], rows)
        outputs = self.add("Div", outputs, self.number(model["temperature"]))
        if not self._is_single(model["steps"]) or model["outputs"] != "logit":
            raise DataError(
                "an ONNX graph is drawn of networks with one output of log-odds only",
                hint="export without --onnx: model.json holds the whole network",
            )
        wins = self._column(self.add("Sigmoid", outputs))
        if model["wins"] == 0:
            wins = self.add("Sub", self.number(1.0), wins)
        return self.add("Where", self.add("IsNaN", wins), self.number(model["base_rate"]), wins)

    def _is_single(self, steps: list[Step]) -> bool:
        last = steps[-1]
        if last["op"] == "sum":
            return self._is_single(last["branches"][0])
        return last["op"] == "mean_of_members" or len(self.arrays[last.get("bias", "")]) == 1

    # What the steps of a network do.

    def _run(self, steps: list[Step], x: str) -> str:
        for step in steps:
            x = self._do(step, x)
        return x

    def _do(self, step: Step, x: str) -> str:
        op = step["op"]
        if op in DIRECT:
            return self.add(DIRECT[op], x)
        own = {name: value for name, value in step.items() if name != "op"}
        part = {n: self.arrays[v] if isinstance(v, str) else v for n, v in own.items()}
        done: str = getattr(self, f"_do_{op}")(x, **part)
        return done

    def _do_fill(self, x: str, value: NDArray[Any]) -> str:
        return self._on_first(x, len(value), lambda part: self.fill(part, value))

    def _do_clip(self, x: str, low: NDArray[Any], high: NDArray[Any]) -> str:
        return self._on_first(x, len(low), lambda part: self.clip(part, low, high))

    def _do_scale(
        self, x: str, centre: NDArray[Any], width: NDArray[Any], limit: float | None
    ) -> str:
        def change(part: str) -> str:
            scaled = self._standardise(part, centre, width)
            return scaled if limit is None else self.clip(scaled, -limit, limit)

        return self._on_first(x, len(centre), change)

    def _on_first(self, x: str, n_columns: int, change: Any) -> str:
        """Change the first columns; those behind, if any, stay."""
        axis, far = self.put([1], np.int64), self.put([np.iinfo(np.int64).max], np.int64)
        cut, zero = self.put([n_columns], np.int64), self.put([0], np.int64)
        first = change(self.add("Slice", x, zero, cut, axis))
        return self.add("Concat", first, self.add("Slice", x, cut, far, axis), axis=1)

    def _do_flag(self, x: str, columns: list[int]) -> str:
        chosen = self.add("Gather", x, self.put(columns, np.int64), axis=1)
        flags = self.cast(self.add("IsNaN", chosen), TensorProto.DOUBLE)
        return self.add("Concat", x, flags, axis=1)

    def _do_replace(self, x: str, columns: list[int], values: list[float]) -> str:
        for column, value in zip(columns, values, strict=True):
            first, last, axis, zero, far = (
                self.put([n], np.int64) for n in (column, column + 1, 1, 0, np.iinfo(np.int64).max)
            )
            cell = self.add("Slice", x, first, last, axis)
            there = self.add(
                "Add",
                self.add("Mul", self.fill(cell, [0.0]), self.number(0.0)),
                self.number(value),
            )
            left = self.add("Slice", x, zero, first, axis)
            right = self.add("Slice", x, last, far, axis)
            x = self.add("Concat", left, there, right, axis=1)
        return x

    def _do_linear(self, x: str, weight: NDArray[Any], bias: NDArray[Any]) -> str:
        return self.add("Add", self.add("MatMul", x, self.put(weight.T)), self.put(bias))

    def _do_multiply(self, x: str, factor: NDArray[Any]) -> str:
        return self.add("Mul", x, self.put(factor))

    def _do_batch_norm(
        self, x: str, mean: Any, var: Any, weight: Any, bias: Any, eps: float
    ) -> str:
        spread = np.sqrt(var.astype(np.float64) + eps)
        normal = self._standardise(x, mean, spread)
        return self.add("Add", self.add("Mul", normal, self.put(weight)), self.put(bias))

    def _do_layer_norm(self, x: str, weight: Any, bias: Any, eps: float) -> str:
        axis = self.put([1], np.int64)
        centred = self.add("Sub", x, self.add("ReduceMean", x, axis))
        spread = self.add("ReduceMean", self.add("Mul", centred, centred), axis)
        spread = self.add("Sqrt", self.add("Add", spread, self.number(eps)))
        normal = self.add("Mul", self.add("Div", centred, spread), self.put(weight))
        return self.add("Add", normal, self.put(bias))

    def _do_sum(self, x: str, branches: list[list[Step]]) -> str:
        total, *others = (self._run(branch, x) for branch in branches)
        for other in others:
            total = self.add("Add", total, other)
        return total

    def _do_mean_of_members(self, x: str, members: list[list[Step]]) -> str:
        shares = [self.add("Sigmoid", self._run(member, x)) for member in members]
        total = shares[0]
        for share in shares[1:]:
            total = self.add("Add", total, share)
        return self.log_odds(self.add("Div", total, self.number(len(shares))))

    def _do_leaky_relu(self, x: str, slope: float) -> str:
        return self._bend(x, self.add("Mul", x, self.number(slope)))

    def _do_elu(self, x: str, alpha: float = 1.0) -> str:
        below = self.add("Exp", self.add("Min", x, self.number(0.0)))
        below = self.add("Sub", below, self.number(1.0))
        return self._bend(x, self.add("Mul", below, self.number(alpha)))

    def _bend(self, x: str, below: str) -> str:
        return self.add("Where", self.add("Greater", x, self.number(0.0)), x, below)

    def _do_selu(self, x: str) -> str:
        return self.add("Mul", self._do_elu(x, SELU_ALPHA), self.number(SELU_SCALE))

    def _do_silu(self, x: str) -> str:
        return self.add("Mul", x, self.add("Sigmoid", x))

    def _do_gelu(self, x: str) -> str:
        single = self.cast(self.add("Div", x, self.number(np.sqrt(2))), TensorProto.FLOAT)
        halves = self.cast(self.add("Erf", single), TensorProto.DOUBLE)
        weight = self.add("Div", self.add("Add", halves, self.number(1.0)), self.number(2.0))
        return self.add("Mul", x, weight)


def describe_trees(tree: Arrays, share: float) -> dict[str, Any]:
    """Return trees as the options of a `TreeEnsembleRegressor`.

    Parameters
    ----------
    tree : dict of array
        As `Trees` keeps them.
    share : float
        What every leaf is multiplied with.
    """
    n_nodes, roots = len(tree["feature"]), tree["roots"]
    number = np.searchsorted(roots, np.arange(n_nodes), side="right") - 1
    within = np.arange(n_nodes) - roots[number]
    leaf = tree["feature"] < 0
    place = {side: np.where(leaf, 0, tree[side] - roots[number]) for side in ("left", "right")}
    values = numpy_helper.from_array
    return {
        "n_targets": 1,
        "aggregate_function": "SUM",
        "post_transform": "NONE",
        "nodes_treeids": number.tolist(),
        "nodes_nodeids": within.tolist(),
        "nodes_featureids": np.maximum(tree["feature"], 0).tolist(),
        "nodes_modes": ["LEAF" if one else "BRANCH_LEQ" for one in leaf],
        "nodes_values_as_tensor": values(np.array(tree["threshold"], dtype=np.float64), "at"),
        "nodes_truenodeids": place["left"].tolist(),
        "nodes_falsenodeids": place["right"].tolist(),
        "nodes_missing_value_tracks_true": tree["missing_left"].astype(int).tolist(),
        "target_treeids": number[leaf].tolist(),
        "target_nodeids": within[leaf].tolist(),
        "target_ids": [0] * int(leaf.sum()),
        "target_weights_as_tensor": values(np.array(tree["value"][leaf] * share), "leaves"),
    }
