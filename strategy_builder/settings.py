"""Settings of the project; what differs between machines comes from the environment.

SECRET_KEY, DEBUG, DATABASE_URL, ALLOWED_HOSTS; for a public server HTTPS, TRUST_PROXY;
ML_TRAINING as JSON (see ml_training/conf.py);
DATA_DIR for the folder of database, models and uploads (default: var/ in the checkout).
With nothing set the project works on this machine only, with a key of its own.
"""

import os
from pathlib import Path

import dj_database_url

from strategy_builder.environment import (
    LOCAL_HOSTS,
    are_local,
    read_flag,
    read_list,
    read_object,
    read_secret_key,
)

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("DATA_DIR") or BASE_DIR / "var").resolve()

DEBUG = read_flag("DEBUG", default=False)
ALLOWED_HOSTS = read_list("ALLOWED_HOSTS") or list(LOCAL_HOSTS)
IS_PUBLIC = not are_local(ALLOWED_HOSTS)
SECRET_KEY = read_secret_key(DATA_DIR, debug=DEBUG, is_public=IS_PUBLIC)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_q",
    "ml_training",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "strategy_builder.security.ContentSecurityPolicy",
    "strategy_builder.security.StaticFiles",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "strategy_builder.urls"
WSGI_APPLICATION = "strategy_builder.wsgi.application"
ASGI_APPLICATION = "strategy_builder.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# SQLite: one writer at a time that waits its turn (IMMEDIATE), readers beside it (WAL).
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}
DATABASES = {
    "default": dj_database_url.config(
        default=f"sqlite:///{DATA_DIR / 'db.sqlite3'}", conn_max_age=60, conn_health_checks=True
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = SQLITE_OPTIONS
    Path(DATABASES["default"]["NAME"]).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LOGIN_URL = "ml_training:login"
LOGIN_REDIRECT_URL = "ml_training:home"
LOGOUT_REDIRECT_URL = "ml_training:login"
# Uploads beyond this wait in a file, not in memory; the page has its own limit.
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024**2
FILE_UPLOAD_HANDLERS = [
    "strategy_builder.uploads.SizeLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# Two sides of fifty conditions with some twenty fields each.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 3_000

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "strategy_builder.finders.PlotlyFinder",
]
# Static files work from a fresh checkout, without DEBUG and without collectstatic.
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 600  # seconds; names do not change with the content
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
    # Models are handed out by a view that checks the owner, never by their own URL.
    "checkpoints": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "checkpoints", "file_permissions_mode": 0o600},
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "ml_training.api.schema.ProblemSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Strategy builder",
    "DESCRIPTION": "Strategies, candles, training runs and what became of them.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "ml_training.api.schema.close_requests",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",  # files of this server, no CDN
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# django-q2 only wakes a worker; the TrainingRun row is the truth.
Q_CLUSTER = {
    "name": "strategy_builder",
    "orm": "default",
    "workers": 1,
    "timeout": 24 * 3600,
    "retry": 25 * 3600,
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "scheduler": False,  # the trainer's own loop looks after the rows
    "save_limit": 1_000,
    "log_level": "WARNING",
    # More queues, each served by `Q_CLUSTER_NAME=train-gpu manage.py trainer`; which
    # runs wait there ML_TRAINING says: {"queues": {"cuda": "train-gpu"}}.
    "ALT_CLUSTERS": {"train-cpu": {}, "train-gpu": {}},
}

ML_TRAINING = read_object("ML_TRAINING")

# A server that others reach speaks HTTPS only, unless HTTPS=0.
HTTPS = read_flag("HTTPS", default=IS_PUBLIC and not DEBUG)
SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
X_FRAME_OPTIONS = "DENY"
if read_flag("TRUST_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
