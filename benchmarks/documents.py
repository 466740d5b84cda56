"""Write the pages on problems, repairs and verdicts from code and measured figures.

    python -m benchmarks.documents           # auto_fixes.md, quick_reference.md, ...
    python -m benchmarks.documents --check   # exit 1 when a page is out of date

What a problem is, how it is found and what is done comes from its file in
`ml_training/core/problems`; what that did from `benchmarks/results/faultbench.json`,
how far verdicts can be trusted from `benchmarks/results/evaluation.json`, and what base
models are worth from `benchmarks/results/transfer.json`.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.faults.pages import GROUPS, NOT_MEASURED, measured_sections
from benchmarks.faults.tables import cell, table
from benchmarks.transferring import page as transferring
from benchmarks.verdicts.page import write_page
from ml_training.core.findings import Problem
from ml_training.core.problems import PROBLEMS

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / "benchmarks" / "results" / "faultbench.json"
VERDICTS = ROOT / "benchmarks" / "results" / "evaluation.json"
TRANSFER = ROOT / "benchmarks" / "results" / "transfer.json"
STAGES = {
    "before": "before the first step",
    "batch": "at every batch",
    "epoch": "at the end of every epoch, from the readings of its batches",
    "after": "after the last epoch",
}
SHORT_STAGES = {"before": "before", "batch": "batch", "epoch": "epoch", "after": "after"}

HEAD = """# What can go wrong in training, and what is done about it

*Written by `python -m benchmarks.documents`; edit the files it reads, not this page.*

Every repair is a trial. Training goes back to its last good moment, one remedy is applied, and
the same steps are run again. The repaired branch is kept only when it is better, on validation
rows that had no part in finding the problem, than the branch that was left alone, by more than
noise explains. Otherwise it is undone to the bit and the next remedy is tried. So every fix in a
report says *what would have happened without it*.

Nothing below is hidden: a bar that was missed says *no*.

An **alarm** is a finding of severity *warning* or *critical*; *info* is noted and no cause for
concern. A problem is switched off with `TrainSettings(switched_off={"plateau"})`: it is still
reported, and nothing is done about it. `TrainSettings(repair=False)` watches and touches nothing.
"""

QUICK_HEAD = """# Quick reference

*Written by `python -m benchmarks.documents`; edit the files it reads, not this page.*

```
rows -> look before training -> train ----------------------> look after -> best weights, report
             |                    ^   |  every batch: loss,        |
             |                    |   |  gradient, finiteness      |
             v                    |   v  every epoch: trends       v
          finding ------------> trial: go back, apply one remedy, run the same steps
                                  |
                                  v
                    better than the branch left alone, beyond noise?
                      yes: keep it        no: undo it, try the next; none left: say so
```

## Use

```python
from ml_training.core.fit import fit
from ml_training.core.settings import TrainSettings

result = fit(None, X_train, y_train, X_val, y_val, settings=TrainSettings(max_epochs=60))
print(result.status)          # healthy | repaired | unresolved | refused
print(result.report.text())   # the whole story in words
result.predict_proba(X_new)   # raw rows: every data treatment is inside
```

| I want to | do |
|---|---|
| watch, touch nothing | `TrainSettings(repair=False)` |
| leave one problem alone | `TrainSettings(switched_off={"overfitting"})` |
| see what was tried | `result.trials`: change, verdict, effect with and without |
| see what was found | `result.findings`: problem, severity, evidence, message |
| hear it while it happens | `fit(..., emit=listener)` |
| stop early | `fit(..., should_stop=asked)` |
"""

TROUBLE = """## When it does not end well

| the result says | it means | do |
|---|---|---|
| `healthy` | no alarm | nothing |
| `repaired` | every alarm was cured, each cure measured | read *effect* in the report |
| `unresolved` | an alarm stayed, in words | follow the advice in the table above |
| `refused` | these rows cannot be learned from | do not promote it: it predicts the base rate |
| `DataError` | the arguments cannot be used | the message gives the rule, the value, the way out |
"""


def read_figures(path: Path = FIGURES) -> dict[str, Any]:
    """Return the measured figures of a file; empty when nothing was measured."""
    if not path.is_file():
        return {}
    figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return figures


def in_order(problems: Mapping[str, Problem]) -> list[Problem]:
    """Return problems in the order in which a run can meet them."""
    stages = list(STAGES)
    return sorted(problems.values(), key=lambda p: (stages.index(p.stages[0]), p.key))


def write_auto_fixes(figures: Mapping[str, Any]) -> str:
    """Return the page with one section for every problem."""
    parts = [HEAD, "## What was measured", *measured_sections(figures)]
    parts += [problem_section(problem, figures) for problem in in_order(PROBLEMS)]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def problem_section(problem: Problem, figures: Mapping[str, Any]) -> str:
    """Return what a problem is, how it is found, what is done and what that did."""
    return "\n\n".join(
        part
        for part in (
            f"## {problem.title} (`{problem.key}`)",
            problem.explanation,
            "**Looked for** " + "; ".join(STAGES[stage] for stage in problem.stages) + ".",
            threshold_table(problem),
            remedy_list(problem),
            f"**If nothing helps:** {problem.advice}",
            measured_table(problem, figures),
            example_of(problem, figures),
            "Sources: " + "; ".join(problem.sources) + ".",
        )
        if part
    )


def threshold_table(problem: Problem) -> str:
    """Return the numbers that decide, with their sources."""
    rows = [[t.name, f"{t.value:g}", t.source] for t in problem.thresholds]
    return table(["limit", "value", "source"], rows)


def remedy_list(problem: Problem) -> str:
    """Return what is tried, mildest first."""
    if not problem.remedies:
        return "**Done about it:** it is reported; there is nothing to treat in training."
    titles = list(dict.fromkeys(remedy.title for remedy in problem.remedies))
    lines = [f"{number}. {title}" for number, title in enumerate(titles, start=1)]
    always = "**Treated from the first step, found or not.**\n\n"
    started = always if problem.is_always_treated else ""
    return f"{started}**Tried, mildest first:**\n\n" + "\n".join(lines)


def measured_table(problem: Problem, figures: Mapping[str, Any]) -> str:
    """Return what the benchmark saw where this problem was planted."""
    names = ("n_cases", "n_runs", "alarm_rate", "fair_label_rate", "repaired_rate")
    scores = ("score_without", "score_with", "score_known_good")
    rows = [
        [
            group,
            *(cell(name, found.get(name)) for name in names),
            *(cell(name, found.get(name)) for name in scores),
        ]
        for group in GROUPS
        if (found := figures.get(group, {}).get("problems", {}).get(problem.key))
    ]
    if not rows:
        return f"**Measured:** {NOT_MEASURED[0].lower()}{NOT_MEASURED[1:]}"
    head = ["where it was planted", "cases", "runs", "alarm", "fair label", "repaired",
            "score without repair", "with repair", "known good"]  # fmt: skip
    return "**Measured:**\n\n" + table(head, rows)


def example_of(problem: Problem, figures: Mapping[str, Any]) -> str:
    """Return one run of the benchmark as it was told, before and after."""
    found = [figures.get(group, {}).get("examples", {}).get(problem.key) for group in GROUPS]
    example = next((one for one in found if one), None)
    if example is None:
        return ""
    scores = (
        f"{in_numbers(example['before'])} without repairs, {in_numbers(example['after'])} with "
        f"them, {in_numbers(example.get('known_good'))} with the known good settings"
    )
    lines = [
        f"- Case `{example['case']}`, seed {example['seed']}: {example['fault']}",
        f"- Seen: {example['message']}",
        *[f"- Tried: {told}" for told in example["told"]],
        f"- Ended: {example.get('status', 'unknown')}",
        f"- Validation score: {scores}",
    ]
    which = "cured" if example.get("is_cured", True) else "noticed, none of them cured"
    head = f"**Example**, the one in the middle of the runs that were {which}:"
    return head + "\n\n" + "\n".join(lines)


def in_numbers(score: float | None) -> str:
    """Return a score; predictions that are no numbers have none."""
    return "none" if score is None else f"{score:.3f}"


def write_quick_reference() -> str:
    """Return the page with one line for every problem."""
    rows = [
        [
            f"`{problem.key}`",
            ", ".join(SHORT_STAGES[stage] for stage in problem.stages),
            ", ".join(dict.fromkeys(f"`{remedy.key}`" for remedy in problem.remedies)) or "-",
            problem.advice,
        ]
        for problem in in_order(PROBLEMS)
    ]
    head = ["problem", "looked for", "tried", "what you can do yourself"]
    parts = [QUICK_HEAD, "## Problems", table(head, rows), TROUBLE]
    parts.append("More on each: [auto_fixes.md](auto_fixes.md).")
    return "\n\n".join(part.strip() for part in parts) + "\n"


def write_pages() -> dict[Path, str]:
    """Return every page and where it belongs."""
    return {
        ROOT / "docs" / "auto_fixes.md": write_auto_fixes(read_figures()),
        ROOT / "docs" / "quick_reference.md": write_quick_reference(),
        ROOT / "docs" / "evaluation.md": write_page(read_figures(VERDICTS)),
        **write_transfer(read_figures(TRANSFER)),
    }


def write_transfer(figures: Mapping[str, Any]) -> dict[Path, str]:
    """Return the page on transfer learning and its pictures."""
    pictures = transferring.draw_pictures(figures)
    return {
        ROOT / "docs" / "transfer.md": transferring.write_page(figures),
        **{ROOT / "docs" / "images" / name: text for name, text in pictures.items()},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or say which are out of date."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    is_check = parser.parse_args(arguments).check
    stale = 0
    for path, text in write_pages().items():
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        sys.stdout.write(f"{'out of date' if is_check else 'written'}: {path.name}\n")
        if not is_check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if is_check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
