import pytest

from ml_training.evaluation.circumstances import Circumstances, Coverage
from ml_training.evaluation.evidence import describe_luck, list_doubts, list_evidence
from ml_training.evaluation.metrics import measure
from ml_training.evaluation.outcomes import PeriodScore
from ml_training.evaluation.significance import Interval
from ml_training.evaluation.trading import summarise_trades
from ml_training.evaluation.verdict import judge
from ml_training.evaluation.wording import ask_for_more
from tests.evaluation.builders import COVERAGE, make_evaluation

LIBRARY_WORDS = ("scikit", "sklearn", "torch", "numpy")


def test_missing_setups_are_counted_when_data_are_not_enough():
    verdict = judge(make_evaluation(n_effective=350.0), COVERAGE)
    assert "worth 350 independent ones" in verdict.sentence
    assert "5,000 more setups" in verdict.next_steps[0]
    assert "5 more symbols, or 4 more years" in verdict.next_steps[0]


def test_need_is_in_the_singular_when_one_more_suffices():
    words = ask_for_more(600.0, 700.0, Coverage(1000, 5, 4.0))
    assert words == "About 170 more setups would settle it: some 1 more symbol, or 1 more year"


def test_need_stays_finite_when_there_are_no_effective_setups():
    assert "more setups" in ask_for_more(0.0, 700.0, Coverage(3, 1, 0.1))


def test_sentence_names_the_single_class_when_nothing_can_be_ranked():
    blank = make_evaluation(auc=None, p_value=None, metrics=measure([1, 1], [0.3, 0.4]))
    verdict = judge(blank, COVERAGE)
    assert "only wins occur in these 2 setups" in verdict.sentence


def test_settling_number_is_asked_for_when_an_edge_is_uncertain():
    shaky = make_evaluation(
        auc=Interval(0.55, 0.51, 0.59),
        n_effective=800.0,
        metrics=measure([0, 1] * 10, [0.5] * 20),
        p_value=0.02,
    )
    verdict = judge(shaky, COVERAGE)
    assert verdict.key == "edge_uncertain"
    assert "more setups would settle it" in verdict.next_steps[0]
    assert "on paper first" in verdict.next_steps[-1]


def test_need_is_that_of_the_profit_when_the_profit_is_the_doubt():
    shaky = make_evaluation(
        metrics=measure([0, 1, 0, 1], [0.2, 0.7, 0.3, 0.6]), expectancy=Interval(0.1, -0.05, 0.25)
    )
    verdict = judge(shaky, COVERAGE)
    assert verdict.key == "edge_uncertain"
    # An interval half as wide again as the profit needs 2.25 times the setups.
    assert verdict.next_steps[0].startswith("About 6,300 more setups would settle it")
    assert verdict.next_steps[0].endswith("if the figures above hold")


@pytest.mark.parametrize(
    ("auc", "reason"), [(0.51, "luck alone gives 0.47 to 0.53"), (0.56, "p = ")]
)
def test_reason_is_the_one_that_failed_when_there_is_no_edge(auc, reason):
    verdict = judge(make_evaluation(auc=Interval(auc, 0.5, 0.6), p_value=0.3), COVERAGE)
    assert verdict.key == "no_edge"
    assert reason in verdict.sentence
    assert ("luck alone gives" in verdict.sentence) == (auc < 0.53)


def test_openings_are_told_in_the_sentence_when_they_cost_the_edge():
    tried = Circumstances(n_openings=30)
    verdict = judge(make_evaluation(p_value=0.005), COVERAGE, tried)
    assert "comes by luck with p = 0.150, and 0.025 is the limit" in verdict.sentence


def test_sentence_counts_the_trades_when_too_few_are_worth_taking():
    verdict = judge(make_evaluation(taken=summarise_trades([1.0] * 7)), COVERAGE)
    assert "only 7 of 4 unseen setups promised more wins" in verdict.sentence


def test_evidence_says_so_when_nothing_was_taken():
    idle = make_evaluation(taken=summarise_trades([]), expectancy=None)
    facts = list_evidence(idle, Circumstances())
    assert any("no setup reaches the threshold" in fact for fact in facts)


@pytest.mark.parametrize("skill", [0.012, -0.012])
def test_evidence_tells_the_side_of_the_base_rate(skill):
    facts = list_evidence(make_evaluation(log_loss_skill=skill), Circumstances())
    side = "1.20% below" if skill > 0 else "1.20% above"
    assert any(side in fact for fact in facts)


def test_luck_covers_everything_when_setups_are_few():
    assert describe_luck(1.0) == "0.00 to 1.00"
    assert describe_luck(700.0) == "0.45 to 0.55"


def test_words_are_a_traders_when_any_verdict_is_given():
    for n_effective in (10.0, 1500.0):
        for p_value in (0.001, 0.02, 0.5):
            verdict = judge(make_evaluation(n_effective=n_effective, p_value=p_value), COVERAGE)
            text = " ".join((verdict.sentence, *verdict.evidence, *verdict.next_steps)).lower()
            assert not any(word in text for word in LIBRARY_WORDS)


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        ({"p_value": 0.02}, "still comes by luck with p = 0.020"),
        ({"expectancy": Interval(0.2, -0.1, 0.5)}, "anything from -0.100 to +0.500 R each fits"),
        ({"log_loss_skill": -0.01}, "its log-loss is 1.00% above the base rate's"),
        ({"halves": (PeriodScore(0.5, 0.2, 9), PeriodScore(0.6, 0.1, 9))}, "does not rank"),
        ({"halves": (PeriodScore(None, 0.2, 9), PeriodScore(0.6, 0.1, 9))}, "does not rank"),
        ({"halves": (PeriodScore(0.6, 0.2, 9), PeriodScore(0.6, 0.0, 9))}, "does not pay"),
    ],
)
def test_doubt_is_named_when_an_edge_is_uncertain(changes, doubt):
    found = make_evaluation(**changes)
    verdict = judge(found, COVERAGE)
    assert verdict.key == "edge_uncertain"
    assert "not beyond doubt" in verdict.sentence
    assert doubt in verdict.sentence
    assert len(list_doubts(found, Circumstances())) == 1


def test_nothing_is_doubted_when_an_edge_is_stable():
    assert list_doubts(make_evaluation(), Circumstances()) == ()
