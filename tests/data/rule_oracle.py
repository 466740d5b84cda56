"""Rules evaluated bar by bar in plain Python: slow, obvious, not the engine."""

import math
import operator
from itertools import pairwise

from ml_training.data.indicators import make_use

COMPARE = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
ARITHMETIC = {
    "+": lambda terms: math.fsum(terms) if len(terms) > 2 else terms[0] + terms[1],
    "-": lambda terms: terms[0] - terms[1],
    "*": math.prod,
    "/": lambda terms: terms[0] / terms[1] if terms[1] else None,
    "abs": lambda terms: abs(terms[0]),
    "min": min,
    "max": max,
}


class Oracle:
    """Answer True, False or None (undefined) for canonical conditions per bar."""

    def __init__(self, frame):
        self.frame = frame

    def holds(self, condition, t):
        """Say whether a condition holds at bar t."""
        if "all" in condition:
            return self.at_least(len(condition["all"]), condition["all"], t)
        if "any" in condition:
            return self.at_least(1, condition["any"], t)
        if "at_least" in condition:
            return self.at_least(condition["at_least"], condition["of"], t)
        if "not" in condition:
            inner = self.holds(condition["not"], t)
            return None if inner is None else not inner
        if condition["op"] == "within_last":
            return self.within_last(condition, t)
        return self.leaf(condition, t)

    def at_least(self, count, members, t):
        answers = [self.holds(member, t) for member in members]
        if answers.count(True) >= count:
            return True
        return False if answers.count(True) + answers.count(None) < count else None

    def within_last(self, condition, t):
        steps = range(condition["bars"])
        answers = [self.holds(condition["of"], t - k) if t >= k else None for k in steps]
        return True if True in answers else None if None in answers else False

    def leaf(self, condition, t):
        op, left = condition["op"], condition["left"]
        if op in COMPARE:
            return self.defined(COMPARE[op], [left, condition["right"]], t)
        if op.startswith("crosses"):
            return self.crosses(op, left, condition["right"], t)
        if op in ("between", "outside"):

            def inside(x, low, high):
                return (low <= x <= high) == (op == "between")

            return self.defined(inside, [left, *condition["right"]], t)
        if op == "changed_by_pct":
            return self.changed(condition, t)
        return self.window(op, left, condition["bars"], t)

    def defined(self, question, operands, t):
        values = [self.value(operand, t) for operand in operands]
        return None if None in values else question(*values)

    def crosses(self, op, left, right, t):
        now = self.defined(lambda a, b: (a > b) - (a < b), [left, right], t)
        before = self.defined(lambda a, b: (a > b) - (a < b), [left, right], t - 1)
        if now is None or before is None:
            return None
        up, down = now == 1 and before <= 0, now == -1 and before >= 0
        return {"crosses_above": up, "crosses_below": down, "crosses": up or down}[op]

    def changed(self, condition, t):
        now = self.value(condition["left"], t)
        before = self.value(condition["left"], t - condition["bars"])
        if now is None or not before:
            return None
        percent = 100 * (now - before) / abs(before)
        wanted = condition["right"]
        return percent >= wanted if wanted > 0 else percent <= wanted

    def window(self, op, left, bars, t):
        n_values = bars + 1 if op in ("rising", "falling") else bars
        values = [self.value(left, t - k) for k in range(n_values)]
        if None in values:
            return None
        pairs = list(pairwise(values))
        return {
            "rising": all(now > before for now, before in pairs),
            "falling": all(now < before for now, before in pairs),
            "is_highest": values[0] == max(values),
            "is_lowest": values[0] == min(values),
        }[op]

    def value(self, operand, t):
        """Return the value of an operand at bar t, None where it has none."""
        if t < 0:
            return None
        if not isinstance(operand, dict):
            return float(operand)
        if "expr" in operand:
            terms = [self.value(term, t) for term in operand["of"]]
            return None if None in terms else ARITHMETIC[operand["expr"]](terms)
        value = float(self.series(operand)[t])
        return None if math.isnan(value) else value

    def series(self, operand):
        if "price" in operand:
            return self.frame.price(operand["price"], operand["tf"], operand["shift"])
        given = dict(operand)
        key, timeframe = given.pop("ind"), given.pop("tf")
        return self.frame.indicator(make_use(key, timeframe=timeframe, **given))
