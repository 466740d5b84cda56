"""Two hundred ask at the same moment over HTTP: one run, conflicts, and no failure."""

import json
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from tests.browser.servers import serving
from tests.runs.site import Site

pytestmark = pytest.mark.slow
N_REQUESTS, N_THREADS = 200, 40
PATIENCE_S = 120  # a busy machine; an idle one answers all of them in ten
TOKEN = """
from rest_framework.authtoken.models import Token
from ml_training.models import Strategy
strategy = Strategy.objects.get()
print(strategy.pk, Token.objects.create(user=strategy.owner).key)
"""
COUNT = "from ml_training.models import TrainingRun; print(TrainingRun.objects.count())"


def ask(request: urllib.request.Request) -> tuple[int, str]:
    """Return the status and the run that the answer names.

    Django's own server lets ten connections wait and drops the others unread.
    """
    while True:
        with suppress(ConnectionResetError):
            return ask_once(request)


def ask_once(request: urllib.request.Request) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.status, json.load(answer)["id"]
    except urllib.error.HTTPError as error:
        return error.code, json.load(error).get("run", "")


@pytest.mark.parametrize("key", ["", "one-key"])
def test_one_run_starts_when_200_ask_over_http_at_the_same_moment(site: Site, key):
    strategy, token = site.python(TOKEN).split()[-2:]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    headers |= {"Idempotency-Key": key} if key else {}
    with serving(site) as address:
        url = f"{address}/api/v1/strategies/{strategy}/runs/"
        requests = [
            urllib.request.Request(url, b"{}", headers, method="POST") for _ in range(N_REQUESTS)
        ]
        with ThreadPoolExecutor(N_THREADS) as pool:
            answers = list(pool.map(ask, requests))
    statuses = Counter(status for status, _ in answers)
    assert len({run for _, run in answers}) == 1
    assert int(site.python(COUNT).split()[-1]) == 1
    if key:  # who asked before the row was there is told that it was made
        assert statuses[201] >= 1
        assert statuses[201] + statuses[200] == N_REQUESTS
    else:
        assert statuses == {201: 1, 409: N_REQUESTS - 1}
