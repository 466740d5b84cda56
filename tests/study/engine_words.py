"""Findings and trials as the engine reports them."""

from ml_training.core.findings import Change, Effect, Finding, Trial


def make_finding(problem="exploding_gradient", *, severity="critical", step=20) -> Finding:
    return Finding(
        problem=problem,
        severity=severity,
        epoch=2,
        step=step,
        evidence={"gradient_norm": 5000.0},
        message="The gradient jumped to 5e+03.",
    )


def make_trial(problem="exploding_gradient", *, kept=True, step=20) -> Trial:
    return Trial(
        problem=problem,
        remedy="clip_gradient",
        change=Change(
            what="clip_norm", before=None, after=5.0, sentence="Clipped the gradient to 5"
        ),
        epoch=2,
        step=step,
        from_step=10,
        to_step=30,
        verdict="helped" if kept else "no_effect",
        effect=Effect(
            loss_without=0.7,
            loss_with=0.6,
            score_without=0.5,
            score_with=0.6,
            tolerance=0.01,
            n_rows=50,
            is_independent=True,
        ),
        kept=kept,
        attempt=1,
        attempt_without=0,
        seconds=0.1,
    )
