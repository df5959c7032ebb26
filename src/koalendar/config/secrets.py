"""Secrets that a local installation makes for itself once, in its data folder."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet

from koalendar.config.environment import Environment, SettingError


def local_secret(
    environment: Environment, name: str, *, data_dir: Path, local: bool, make: Callable[[], str]
) -> str:
    """The secret `name`: from the environment, or made once in `data_dir` while the site is local.

    A public site without it is refused: a key that lives beside the data it protects protects nothing.
    """
    given = environment.text(name)
    if given:
        return given
    if not local:
        raise SettingError(name, "is required once KOALENDAR_BASE_URL is not local; see docs/operate.md")
    path = data_dir / f"{name.lower()}.secret"
    if not path.exists():
        _write_once(path, make())
    return path.read_text(encoding="utf-8").strip()


def _write_once(path: Path, secret: str) -> None:
    """Create the file whole and readable to its owner alone; another process may have been faster."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secret)
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def make_secret_key() -> str:
    return secrets.token_urlsafe(48)


def make_encryption_key() -> str:
    return Fernet.generate_key().decode()
