"""What staff see of the server: hosts, leases, the queue, the disk."""

import subprocess
import sys
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ

from ml_training.models import TrainingRun
from ml_training.services.queue import request_run
from tests.services.builders import make_strategy, make_user
from tests.views.builders import SCRIPT, make_finished_run
from tests.views.html import find_faults
from tests.views.test_runs import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    user = make_user("staff")
    user.is_staff = True
    user.save()
    client.force_login(user)
    return client


def make_running(worker="host-a:17", lease_s=30.0, **changes):
    run = make_finished_run(make_strategy(), state="running", verdict="", worker=worker, **changes)
    until = timezone.now() + timedelta(seconds=lease_s)
    TrainingRun.objects.filter(pk=run.pk).update(lease_until=until, heartbeat_at=timezone.now())
    return run


def test_page_is_in_the_way_of_staff_only_when_linked(staff, page, filled):
    assert 'href="/system/"' not in text_of(page.get("/"))
    staff.force_login(make_staff())
    assert 'href="/system/"' in text_of(staff.get("/"))


def make_staff():
    user = make_user()
    user.is_staff = True
    user.save()
    return user


def test_hosts_and_leases_are_told_when_runs_are_at_work(staff):
    make_running("host-a:17")
    make_running("host-b:18", lease_s=-60.0)
    text = text_of(staff.get("/system/"))
    assert "host-a: 1 run" in text
    assert "host-b: 1 run" in text
    assert '<td class="n">18</td>' in text
    assert text.count(">ended<") == 1
    assert "not well" in text  # the doctor sees the lost lease as well


def test_queue_is_told_when_a_run_waits(staff):
    strategy = make_strategy(name="Waits long")
    request_run(strategy, {})
    OrmQ.objects.all().delete()
    OrmQ.objects.create(key="q", payload="x", lock=timezone.now() - timedelta(days=1))
    OrmQ.objects.create(key="q", payload="x", lock=timezone.now() + timedelta(days=1))
    text = text_of(staff.get("/system/"))
    assert "Waits long" in text
    assert "2 messages in the queue, 1 taken by a worker" in text


def test_page_says_so_when_nothing_is_going_on(staff):
    answer = staff.get("/system/")
    text = text_of(answer)
    assert "No run is in a worker's hands." in answer.content.decode().replace("&#x27;", "'")
    assert "No run waits for a worker." in text
    assert "0 messages in the queue" in text
    assert "GB free" in text
    assert find_faults(answer.content.decode()) == []


def test_markup_is_shown_as_text_when_a_name_holds_it(staff):
    make_running(worker=f"{SCRIPT}:1")
    request_run(make_strategy(name=SCRIPT), {})
    answer = staff.get("/system/")
    assert SCRIPT not in answer.content.decode()
    assert find_faults(answer.content.decode()) == []


def test_number_of_queries_stays_when_runs_are_added(staff):
    make_running()
    request_run(make_strategy(), {})
    with CaptureQueriesContext(connection) as few:
        staff.get("/system/")
    for number in range(5):
        make_running(f"host-{number}:1")
        request_run(make_strategy(), {})
    with CaptureQueriesContext(connection) as many:
        staff.get("/system/")
    assert len(many) == len(few)


def test_torch_stays_out_when_the_doctor_looks():
    code = (
        "import django, os, sys; os.environ['DJANGO_SETTINGS_MODULE']='strategy_builder.settings';"
        "django.setup(); import ml_training.services.doctor; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
