"""Rules: the JSON grammar of strategies, its checks, its evaluation and its words."""

from ml_training.data.rules.canonical import canonical_json
from ml_training.data.rules.describe import describe_rules
from ml_training.data.rules.document import Costs, Distance, Exit, Filters, Rules
from ml_training.data.rules.evaluate import Signals, evaluate_rules
from ml_training.data.rules.exits import exit_prices
from ml_training.data.rules.parse import parse_rules
from ml_training.data.rules.problems import RuleError, RuleProblem
from ml_training.data.rules.walk import indicator_uses

__all__ = [
    "Costs",
    "Distance",
    "Exit",
    "Filters",
    "RuleError",
    "RuleProblem",
    "Rules",
    "Signals",
    "canonical_json",
    "describe_rules",
    "evaluate_rules",
    "exit_prices",
    "indicator_uses",
    "parse_rules",
]
