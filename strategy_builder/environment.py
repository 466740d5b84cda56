"""Read settings from the environment; keep a key for who has none."""

import json
import os
import secrets
import tempfile
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]", "testserver")
TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"", "0", "false", "no", "off"})
# Keys that stand in tutorials and templates; an attacker tries them first.
WELL_KNOWN_KEYS = frozenset(
    {"changeme", "change-me", "default", "insecure", "secret", "secretkey"}
)
KEY_BYTES = 48  # chosen: 64 characters of base64, above the 50 that Django asks for


def read_flag(name: str, *, default: bool) -> bool:
    """Return the environment variable `name` as a boolean."""
    word = os.environ.get(name)
    if word is None:
        return default
    word = word.strip().lower()
    if word in TRUE_WORDS | FALSE_WORDS:
        return word in TRUE_WORDS
    raise ImproperlyConfigured(f"{name} must be 1 or 0, got {word!r}")


def read_list(name: str) -> list[str]:
    """Return the comma-separated environment variable `name` as a list."""
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


def read_object(name: str) -> dict[str, object]:
    """Return the environment variable `name`, a JSON object, as a dict."""
    text = os.environ.get(name, "").strip() or "{}"
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ImproperlyConfigured(f'{name} must be JSON such as {{"wall_s": 600}}, got {text!r}')
    return value


def are_local(hosts: list[str]) -> bool:
    """Say whether all host names mean this very machine."""
    return all(host in LOCAL_HOSTS for host in hosts)


def read_secret_key(folder: Path, *, debug: bool, is_public: bool) -> str:
    """Return the secret key: from the environment, else this installation's own.

    A checkout without an environment gets a random key, written once to the data
    folder and readable by its owner only. A server that other machines can reach must
    be given its key: its hosts have to share it, and a lost disk must not change it.
    """
    key = os.environ.get("SECRET_KEY", "")
    if not key:
        if is_public and not debug:
            raise ImproperlyConfigured(
                "SECRET_KEY must be set when ALLOWED_HOSTS names a public host and DEBUG is off. "
                "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )
        return keep_secret_key(folder / "secret_key")
    if not debug and is_well_known(key):
        raise ImproperlyConfigured(
            "SECRET_KEY is a published default, which is refused while DEBUG is off. "
            "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    return key


def is_well_known(key: str) -> bool:
    """Say whether a key is one that the whole world knows."""
    return key.startswith("django-insecure-") or key.strip().lower() in WELL_KNOWN_KEYS


def keep_secret_key(path: Path) -> str:
    """Return the key kept at `path`, made on the first call; two may race for it."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".secret_key_")  # mode 0600
        draft = Path(name)
        try:
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(KEY_BYTES))
            # A hard link is atomic and never overwrites: the first process wins.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
