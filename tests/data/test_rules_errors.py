"""Every mistake is named with its path, the rule, the value received and a way out."""

import copy
import pickle

import pytest

from ml_training.data.rules import RuleError, RuleProblem, parse_rules
from ml_training.errors import DataError
from tests.data.rule_builders import ABOVE, EXIT, document

RISING = {"left": "close", "op": "rising"}


def problems_of(rules):
    with pytest.raises(RuleError) as caught:
        parse_rules(rules)
    return caught.value.problems


def only_problem(rules):
    problems = problems_of(rules)
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


def compare(left="close", op=">", right="open"):
    return {"left": left, "op": op, "right": right}


ENTRIES = [
    # (condition, path, words of the message, words of the hint)
    ("now", "long", "must be a condition, got 'now'", "mirror"),
    (7, "long", "must be a condition, got 7", "all, any, not, at_least"),
    ({}, "long", "`op` is missing", "all, any, not, at_least"),
    (compare(op="=>"), "long.op", "unknown operator '=>'", "did you mean '>'?"),
    (compare(op="cross_above"), "long.op", "'cross_above'", "did you mean 'crosses_above'?"),
    (compare(op=None), "long.op", "unknown operator null", "choose one of"),
    (compare(left={"ind": "emma"}), "long.left.ind", "unknown indicator 'emma'", "'ema'"),
    (compare(left={"ind": ["ema"]}), "long.left.ind", "indicator a list", "choose one of"),
    (compare(left="ema"), "long.left", "'ema' is an indicator", '{"ind": "ema"}'),
    (compare(left="closs"), "long.left", "unknown price 'closs'", "did you mean 'close'?"),
    (compare(left={"price": 3}), "long.left.price", "unknown price 3", "choose one of open"),
    (compare(left=True), "long.left", "is not an operand, got true", '"close"'),
    (compare(left=None), "long.left", "is not an operand, got null", '"close"'),
    (compare(left=[1]), "long.left", "is not an operand, got a list", '"close"'),
    (compare(left={}), "long.left", "is not an operand, got an object", '{"price": ...}'),
    (compare(right=float("nan")), "long.right", "got nan", "write a number"),
    (compare(right=float("inf")), "long.right", "got inf", "the nearest allowed is"),
    (compare(right=10**400), "long.right", "a whole number of 1329 bits", "nearest allowed"),
    (compare(right=5, left=3), "long", "compares two numbers", "price or indicator"),
    (compare(right="close"), "long", "compares a value with itself", "change one side"),
    (compare(right={"ind": "rsi"}), "long", "a price level with a percentage", "like with like"),
    (compare(right={"ind": "atr"}), "long", "a distance between prices", "like with like"),
    (compare({"ind": "rsi"}, right=130), "long", "lies between 0 and 100, got 130", "like"),
    ({**compare(), "bars": 3}, "long.bars", "unknown key 'bars'", "choose one of left"),
    ({**RISING, "rigth": 3}, "long.rigth", "unknown key 'rigth'", "choose one of left"),
    ({**RISING, "bar": 3}, "long.bar", "unknown key 'bar'", "did you mean 'bars'?"),
    ({**RISING, 7: 3}, "long.7", "unknown key 7", "choose one of left"),
    ({**RISING, "bars": 0}, "long.bars", "must be from 1 to 5000, got 0", "nearest allowed is 1"),
    ({**RISING, "bars": 2.5}, "long.bars", "must be a whole number, got 2.5", "from 1 to 5000"),
    ({**RISING, "bars": "3"}, "long.bars", "must be a whole number, got '3'", "without quotes"),
    ({**RISING, "bars": True}, "long.bars", "must be a whole number, got true", "from 1 to"),
    ({"left": 5, "op": "rising"}, "long.left", "a number never changes", "price or indicator"),
    ({"left": "close", "op": "is_highest"}, "long.bars", "is missing", "add 'bars'"),
    ({"left": "close", "op": ">"}, "long.right", "is missing", "add 'right'"),
    ({"op": "rising"}, "long.left", "is missing", "add 'left'"),
    (compare(op="between", right=3), "long.right", "must be a list, got 3", "write [ ] with 2"),
    (compare(op="between", right=[3]), "long.right", "must hold 2, got 1", "write 2"),
    (compare(op="between", right=[7, 3]), "long.right", "got 7 and 3", "swap the ends"),
    (compare(op="outside", right=["low", {"ind": "rsi"}]), "long", "percentage", "like"),
    (compare(op="changed_by_pct", right=0), "long.right", "must not be 0", "down by 2 %"),
    (compare(op="changed_by_pct", right="x"), "long.right", "must be a number", "without quotes"),
    ({"all": []}, "long.all", "must hold 1 to 50, got 0", "write 1 to 50"),
    ({"all": RISING}, "long.all", "must be a list, got an object", "write [ ]"),
    ({"all": [RISING], "any": []}, "long.any", "unknown key 'any'", "choose one of all"),
    ({"at_least": 3, "of": [RISING] * 2}, "long.at_least", "from 1 to 2, got 3", "is 2"),
    ({"at_least": 1}, "long.of", "is missing", "add 'of'"),
    ({"op": "within_last", "bars": 5}, "long.of", "is missing", "add 'of'"),
    ({"op": "within_last", "of": RISING}, "long.bars", "is missing", "add 'bars'"),
    ({"op": "within_last", "bars": 1, "of": RISING}, "long.bars", "got 1", "allowed is 2"),
    ({"not": [RISING]}, "long.not", "must be a condition, got a list", "all, any"),
]


@pytest.mark.parametrize(("entry", "path", "message", "hint"), ENTRIES)
def test_entry_problem_names_path_rule_and_way_out(entry, path, message, hint):
    problem = only_problem(document(entry))
    assert problem.path == path
    assert message in problem.message
    assert hint in problem.hint


OPERANDS = [
    ({"ind": "ema", "length": "x"}, "length", "must be a whole number, got 'x'", "2 to 2000"),
    ({"ind": "ema", "length": 0}, "length", "must be from 2 to 2000, got 0", "allowed is 2"),
    ({"ind": "ema", "lenght": 5}, "lenght", "unknown key 'lenght'", "did you mean 'length'?"),
    ({"ind": "bbands", "deviations": 99}, "deviations", "from 0.1 to 10, got 99", "is 10"),
    ({"ind": "bbands", "output": "top"}, "output", "unknown output of bbands 'top'", "upper"),
    ({"ind": "ema", "source": "clos"}, "source", "unknown choice 'clos'", "'close'"),
    ({"ind": "ema", "shift": -1}, "shift", "must be from 0 to 500, got -1", "allowed is 0"),
    ({"ind": "ema", "tf": "4hr"}, "tf", "unknown timeframe '4hr'", "did you mean '4h'?"),
    ({"price": "close", "tf": 4}, "tf", "unknown timeframe 4", "choose one of 1m"),
    ({"price": "close", "shift": 1.5}, "shift", "must be a whole number, got 1.5", "0 to 500"),
    ({"expr": "+", "of": ["close"]}, "of", "must hold 2 to 8, got 1", "write 2 to 8"),
    ({"expr": "-", "of": ["close"] * 3}, "of", "must hold 2, got 3", "write 2"),
    ({"expr": "-"}, "of", "is missing", "add 'of'"),
    ({"expr": "^", "of": ["close", 2]}, "expr", "unknown expression '^'", "choose one of +"),
    ({"expr": "+", "of": [1, 2]}, "", "computes with numbers only", "as a number"),
    ({"expr": "+", "of": [1, "clsoe"]}, "of[1]", "unknown price 'clsoe'", "'close'"),
    ({"ind": "macd", "fast": 30}, "", "`fast` must be below `slow`", "usual is fast 12"),
]


@pytest.mark.parametrize(("operand", "key", "message", "hint"), OPERANDS)
def test_operand_problem_names_path_rule_and_way_out(operand, key, message, hint):
    problem = only_problem(document({"all": [ABOVE, {"left": operand, "op": "rising"}]}))
    assert problem.path == f"long.all[1].left.{key}".rstrip(".")
    assert message in problem.message
    assert hint in problem.hint


SETTINGS = [
    ({"exit": None}, "exit", "must be an object, got null", "take_profit, stop_loss, max_bars"),
    ({"exit": {**EXIT, "max_bars": 0}}, "exit.max_bars", "from 1 to 10000, got 0", "is 1"),
    ({"exit": {**EXIT, "stop": 1}}, "exit.stop", "unknown key 'stop'", "did you mean"),
    ({"exit": {**EXIT, "stop_loss": {}}}, "exit.stop_loss", "got none", '{"atr": 1.5}'),
    ({"exit": {**EXIT, "stop_loss": {"r": 1}}}, "exit.stop_loss.r", "unknown key 'r'", "atr"),
    ({"exit": {**EXIT, "stop_loss": {"atr": 0}}}, "exit.stop_loss.atr", "got 0", "allowed is"),
    ({"exit": {**EXIT, "stop_loss": {"percent": 100}}}, "exit.stop_loss.percent", "100", "99"),
    (
        {"exit": {**EXIT, "stop_loss": {"pips": 5, "length": 3}}},
        "exit.stop_loss.length",
        "un",
        "pi",
    ),
    (
        {"exit": {**EXIT, "stop_loss": {"level": {"ind": "rsi"}}}},
        "exit.stop_loss.level",
        "no",
        "av",
    ),
    (
        {"exit": {**EXIT, "stop_loss": {"level": "low", "offset_atr": -1}}},
        "exit.stop_loss.offset_atr",
        "must be from 0 to 100, got -1",
        "nearest allowed is 0",
    ),
    ({"exit": {**EXIT, "take_profit": {"atr": 1, "r": 2}}}, "exit.take_profit", "atr and r", "wr"),
    ({"exit": {**EXIT, "take_profit": 2}}, "exit.take_profit", "must be an object, got 2", "atr"),
    ({"filters": {"sessions": ["londn"]}}, "filters.sessions[0]", "'londn'", "'london'"),
    ({"filters": {"sessions": []}}, "filters.sessions", "must hold 1 to 4, got 0", "write"),
    ({"filters": {"weekdays": [0]}}, "filters.weekdays[0]", "from 1 to 7, got 0", "is 1"),
    ({"filters": {"weekdays": "Mon"}}, "filters.weekdays", "must be a list", "write [ ]"),
    ({"filters": {"cooldown": 1}}, "filters.cooldown", "unknown key", "'cooldown_bars'"),
    ({"filters": {"one_open_per_symbol": 1}}, "filters.one_open_per_symbol", "got 1", "quotes"),
    ({"costs": "free"}, "costs", "unknown costs 'free'", "from_instrument"),
    ({"costs": {}}, "costs", "names no cost", "from_instrument"),
    ({"costs": {"spread_pips": -1}}, "costs.spread_pips", "got -1", "nearest allowed is 0"),
    ({"costs": None}, "costs", "must be an object, got null", "spread_pips"),
    ({"version": 2}, "version", "must be 1, got 2", "nearest allowed is 1"),
    ({"version": "1"}, "version", "must be a whole number, got '1'", "without quotes"),
    ({"shorts": "mirror"}, "shorts", "unknown key 'shorts'", "did you mean 'short'?"),
    ({"short": "mirrored"}, "short", "must be a condition, got 'mirrored'", '"mirror"'),
]


@pytest.mark.parametrize(("changes", "path", "message", "hint"), SETTINGS)
def test_settings_problem_names_path_rule_and_way_out(changes, path, message, hint):
    problem = only_problem(document(**changes))
    assert problem.path == path
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize("rules", [None, 5, [], [document()], set(), object()])
def test_document_is_refused_when_it_is_no_object(rules):
    problem = only_problem(rules)
    assert problem.path == ""
    assert "must be an object" in problem.message


def test_exit_is_asked_for_when_missing():
    problem = only_problem({"long": ABOVE})
    assert (problem.path, problem.message) == ("exit", "is missing")


@pytest.mark.parametrize("short", [None, "mirror"])
def test_entry_is_asked_for_when_nothing_says_when_to_enter(short):
    problem = only_problem({"short": short, "exit": EXIT})
    assert problem.path == "long"
    assert "nothing says when to enter" in problem.message


def test_all_problems_are_collected_when_there_are_several():
    entry = {"all": [compare(left={"ind": "emma"}), compare(op="=>"), {"any": [{}]}]}
    filters = {"sessions": ["londn"], "weekdays": [9]}
    problems = problems_of(document(entry, filters=filters, costs={"spread": 1}))
    assert [problem.path for problem in problems] == [
        "long.all[0].left.ind",
        "long.all[1].op",
        "long.all[2].any[0]",
        "filters.sessions[0]",
        "filters.weekdays[0]",
        "costs.spread",
    ]


def test_unknown_keys_are_counted_when_there_are_very_many():
    problems = problems_of({**document(), **{f"key_{i}": i for i in range(30)}})
    assert len(problems) == 11
    assert problems[-1].message == "20 more unknown keys"


def test_mirror_is_not_blamed_when_the_long_side_is_wrong_already():
    problem = only_problem(document(compare(left="closs"), short="mirror"))
    assert problem.path == "long.left"


def test_error_text_names_every_problem_on_its_own_line():
    with pytest.raises(DataError) as caught:
        parse_rules(document(compare(left="closs"), version=3))
    lines = str(caught.value).splitlines()
    assert lines == [
        "version: must be 1, got 3; the nearest allowed is 1",
        "long.left: unknown price 'closs'; did you mean 'close'?",
    ]


def test_error_text_stays_short_when_there_are_many_problems():
    with pytest.raises(RuleError) as caught:
        parse_rules(document({"all": [compare(op="=>")] * 50}))
    assert len(caught.value.problems) == 50
    assert str(caught.value).splitlines()[-1] == "and 30 more"


def test_document_is_left_untouched_when_read():
    rules = document(short="mirror", filters={"weekdays": [5, 1]})
    before = copy.deepcopy(rules)
    parse_rules(rules)
    assert rules == before


def test_error_survives_pickling_on_its_way_between_workers():
    problem = RuleProblem("long.op", "unknown operator", "choose one")
    error = pickle.loads(pickle.dumps(RuleError([problem])))
    assert error.problems == [problem]
    assert str(error) == "long.op: unknown operator; choose one"
