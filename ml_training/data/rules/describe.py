"""Rules in plain English, for traders."""

from ml_training.data.rules.document import Rules


def describe_rules(rules: Rules) -> list[str]:
    """Say in plain English what a strategy does, one sentence per item.

    Parameters
    ----------
    rules : Rules
        Parsed rules.

    Returns
    -------
    list of str
    """
    return [f"Strategy {rules.digest[:12]}"]
