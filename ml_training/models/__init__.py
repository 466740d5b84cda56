from ml_training.models.checkpoint import Checkpoint
from ml_training.models.market import CandleChunk, Instrument
from ml_training.models.review import DataReview
from ml_training.models.run import FixEvent, MetricPoint, TrainingRun
from ml_training.models.setup import Setup, SetupScan
from ml_training.models.signal import Scoring, Signal
from ml_training.models.strategy import Strategy, StrategyVersion

__all__ = [
    "CandleChunk",
    "Checkpoint",
    "DataReview",
    "FixEvent",
    "Instrument",
    "MetricPoint",
    "Scoring",
    "Setup",
    "SetupScan",
    "Signal",
    "Strategy",
    "StrategyVersion",
    "TrainingRun",
]
