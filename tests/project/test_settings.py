"""The project works with nothing set, and refuses what would be unsafe in public."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    "SECRET_KEY",
    "DEBUG",
    "DATABASE_URL",
    "ALLOWED_HOSTS",
    "HTTPS",
    "TRUST_PROXY",
    "ML_TRAINING",
)
GOOD_KEY = "kR7-vq2XzL0w_9sYt4HcB8eNfUjM3aPdGiO6yZxQbTnWlVrE1hS5KuCD"
PRODUCTION = {
    "SECRET_KEY": GOOD_KEY,
    "ALLOWED_HOSTS": "train.example.org",
    "DATABASE_URL": "postgres://trainer:secret@db.example.org/trainer",
}


def run_python(code: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter with these settings and no others."""
    clean = {name: value for name, value in os.environ.items() if name not in NAMES}
    env = clean | {"DJANGO_SETTINGS_MODULE": "strategy_builder.settings"} | env
    env |= {"DATA_DIR": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def read_settings(folder: Path, *names: str, **env: str) -> list:
    listed = ", ".join(f"settings.{name}" for name in names)
    code = f"from django.conf import settings; import json; print(json.dumps([{listed}]))"
    done = run_python(code, folder, **env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_project_is_closed_and_local_when_nothing_is_set(tmp_path):
    debug, hosts, https, databases = read_settings(
        tmp_path, "DEBUG", "ALLOWED_HOSTS", "SECURE_SSL_REDIRECT", "DATABASES"
    )
    assert debug is False
    assert set(hosts) == {"localhost", "127.0.0.1", "[::1]", "testserver"}
    assert https is False
    assert databases["default"]["NAME"] == str(tmp_path / "db.sqlite3")


def test_sqlite_waits_and_journals_when_it_is_the_database(tmp_path):
    code = (
        "import django; django.setup()\n"
        "from django.db import connection as c\n"
        "k = c.cursor()\n"
        "for name in ('journal_mode', 'synchronous', 'busy_timeout'):\n"
        "    print(k.execute('PRAGMA ' + name).fetchone()[0])\n"
        "print(c.settings_dict['OPTIONS']['transaction_mode'])"
    )
    assert run_python(code, tmp_path).stdout.split() == ["wal", "1", "20000", "IMMEDIATE"]


def test_postgresql_is_used_when_the_url_names_it(tmp_path):
    (databases,) = read_settings(tmp_path, "DATABASES", **PRODUCTION)
    assert databases["default"]["ENGINE"] == "django.db.backends.postgresql"
    assert databases["default"]["HOST"] == "db.example.org"
    assert "transaction_mode" not in databases["default"].get("OPTIONS", {})
    assert list(tmp_path.iterdir()) == []


def test_own_settings_are_read_as_json_when_the_environment_has_them(tmp_path):
    assert read_settings(tmp_path, "ML_TRAINING") == [{}]
    given = read_settings(tmp_path, "ML_TRAINING", ML_TRAINING='{"lease_s": 60}')
    assert given == [{"lease_s": 60}]


@pytest.mark.parametrize("text", ["lease_s=60", "[1]", "{"])
def test_own_settings_are_refused_when_they_are_no_json_object(tmp_path, text):
    code = "from django.conf import settings; settings.DEBUG"
    done = run_python(code, tmp_path, ML_TRAINING=text)
    assert done.returncode == 1
    assert "ML_TRAINING must be JSON such as" in done.stderr


def test_key_stays_and_is_private_when_none_is_set(tmp_path):
    folder = tmp_path / "var"
    first, second = (read_settings(folder, "SECRET_KEY") for _ in range(2))
    assert first == second
    assert len(first[0]) >= 50
    assert (folder / "secret_key").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_installations_have_keys_of_their_own_when_none_is_set(tmp_path):
    assert read_settings(tmp_path / "a", "SECRET_KEY") != read_settings(
        tmp_path / "b", "SECRET_KEY"
    )


def test_one_key_wins_when_processes_start_together(tmp_path):
    code = "from django.conf import settings; print(settings.SECRET_KEY)"
    clean = {name: value for name, value in os.environ.items() if name not in NAMES}
    env = clean | {
        "DJANGO_SETTINGS_MODULE": "strategy_builder.settings",
        "DATA_DIR": str(tmp_path / "var"),
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    keys = {process.communicate()[0] for process in started}
    assert len(keys) == 1
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret_key"]


@pytest.mark.parametrize("key", ["django-insecure-abc", "changeme", "Secret"])
def test_published_key_is_refused_when_debug_is_off(tmp_path, key):
    done = run_python("from django.conf import settings; settings.DEBUG", tmp_path, SECRET_KEY=key)
    assert done.returncode == 1
    assert "published default" in done.stderr
    assert read_settings(tmp_path, "SECRET_KEY", SECRET_KEY=key, DEBUG="1") == [key]


def test_public_server_must_be_given_its_key_when_debug_is_off(tmp_path):
    done = run_python(
        "from django.conf import settings; settings.DEBUG", tmp_path, ALLOWED_HOSTS="example.org"
    )
    assert done.returncode == 1
    assert "SECRET_KEY must be set" in done.stderr


def test_flag_is_refused_when_it_is_neither_yes_nor_no(tmp_path):
    done = run_python("from django.conf import settings; settings.DEBUG", tmp_path, DEBUG="maybe")
    assert "DEBUG must be 1 or 0, got 'maybe'" in done.stderr


@pytest.mark.parametrize(
    ("word", "expected"), [("1", True), ("True", True), ("0", False), ("", False)]
)
def test_debug_follows_the_environment_when_set(tmp_path, word, expected):
    assert read_settings(tmp_path, "DEBUG", DEBUG=word) == [expected]


def test_deployment_check_is_clean_when_the_server_is_public(tmp_path):
    code = "from django.core.management import execute_from_command_line as run\n"
    code += "run(['manage.py', 'check', '--deploy', '--fail-level', 'INFO'])"
    done = run_python(code, tmp_path, **PRODUCTION)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues" in done.stdout


def test_proxy_is_believed_only_when_told_to(tmp_path):
    code = "from django.conf import settings; print(settings.SECURE_PROXY_SSL_HEADER)"
    assert run_python(code, tmp_path, **PRODUCTION).stdout.strip() == "None"
    trusting = run_python(code, tmp_path, **PRODUCTION, TRUST_PROXY="1")
    assert "HTTP_X_FORWARDED_PROTO" in trusting.stdout


def test_torch_stays_out_when_django_and_all_urls_are_loaded(tmp_path):
    code = (
        "import sys, django; django.setup()\n"
        "from django.urls import get_resolver\n"
        "def walk(resolver):\n"
        "    for entry in resolver.url_patterns:\n"
        "        walk(entry) if hasattr(entry, 'url_patterns') else entry.callback\n"
        "walk(get_resolver())\n"
        "import ml_training.admin, ml_training.selectors, ml_training.services.setups\n"
        "import ml_training.services.runs, ml_training.services.recorder\n"
        "import ml_training.services.checkpoints, ml_training.services.market\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] == 'torch'))"
    )
    done = run_python(code, tmp_path)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_core_imports_without_django_when_alone(tmp_path):
    code = "import sys, ml_training.core.settings; print('django' in sys.modules)"
    assert run_python(code, tmp_path).stdout.strip() == "False"
