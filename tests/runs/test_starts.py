"""Two hundred ask at the same moment, and one run starts."""

import json

import pytest

from ml_training.services.limits import MOST_ACTIVE_RUNS
from ml_training.services.queue import request_run  # the function that the script below calls
from tests.runs.site import Site

pytestmark = pytest.mark.slow
N_REQUESTS = 200
N_THREADS = 40

SCRIPT = f"""
import json, threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from django.db import connection
from ml_training.models import Strategy, TrainingRun
from ml_training.services.queue import request_run
from ml_training.services.runs import RunConflictError

strategy = Strategy.objects.get()
barrier = threading.Barrier({N_THREADS})

def ask(number, key):
    if number < {N_THREADS}:
        barrier.wait()
    try:
        return "run " + str(request_run(strategy, {{}}, idempotency_key=key).pk)
    except RunConflictError as error:
        return "conflict" if error.run else "conflict without its run"
    except Exception as error:
        return repr(error)
    finally:
        connection.close()

def ask_all(key):
    with ThreadPoolExecutor({N_THREADS}) as pool:
        answers = list(pool.map(lambda number: ask(number, key), range({N_REQUESTS})))
    runs = [str(run.pk) for run in TrainingRun.objects.all()]
    TrainingRun.objects.all().delete()
    return [Counter(answers), runs]

print(json.dumps([ask_all(""), ask_all("one-key")]))
"""


def test_one_run_starts_when_200_ask_at_the_same_moment(site: Site):
    assert request_run.__name__ in SCRIPT
    (answers, runs), (same, again) = json.loads(site.python(SCRIPT).strip().splitlines()[-1])
    assert len(runs) == 1
    assert answers == {f"run {runs[0]}": 1, "conflict": N_REQUESTS - 1}
    assert len(again) == 1
    assert same == {f"run {again[0]}": N_REQUESTS}


ON_MANY = f"""
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from django.db import connection
from ml_training.models import Strategy, TrainingRun
from ml_training.services.limits import TooManyRunsError
from ml_training.services.queue import request_run

first = Strategy.objects.get()
fields = dict(owner=first.owner, rules=first.rules, symbols=first.symbols, timeframes=["1h"])
strategies = [Strategy.objects.create(name=str(at), **fields) for at in range({N_THREADS})]
barrier = threading.Barrier({N_THREADS})

def ask(strategy):
    barrier.wait()
    try:
        return request_run(strategy, {{}}, requested_by=first.owner).state
    except TooManyRunsError:
        return "too many"
    finally:
        connection.close()

with ThreadPoolExecutor({N_THREADS}) as pool:
    answers = Counter(pool.map(ask, strategies))
print(answers["queued"], answers["too many"], TrainingRun.objects.count())
"""


def test_limit_of_a_user_holds_when_many_are_asked_for_at_the_same_moment(site: Site):
    told = site.python(ON_MANY).split()[-3:]
    over = N_THREADS - MOST_ACTIVE_RUNS
    assert told == [str(MOST_ACTIVE_RUNS), str(over), str(MOST_ACTIVE_RUNS)]
