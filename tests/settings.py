"""The product's own settings, with a fast hasher and a data folder that goes with the test run."""

import atexit
import os
import shutil
import tempfile

_data = tempfile.mkdtemp(prefix="koalendar-tests-")
atexit.register(shutil.rmtree, _data, ignore_errors=True)

for _name in [name for name in os.environ if name.startswith(("KOALENDAR_", "ZOOM_", "GOOGLE_", "EMAIL_"))]:
    if _name not in ("ZOOM_OPENAPI", "KOALENDAR_TEST_CHROMIUM"):
        del os.environ[_name]
os.environ |= {
    "KOALENDAR_DATA_DIR": _data,
    "KOALENDAR_BASE_URL": "http://localhost:8000",
    "SECRET_KEY": "a-secret-that-only-the-tests-know-0123456789",
    "ZOOM_CLIENT_ID": "sandbox-zoom-client",
    "ZOOM_CLIENT_SECRET": "sandbox-zoom-secret",
    "ZOOM_WEBHOOK_SECRET_TOKEN": "sandbox-zoom-webhook-secret",
    "GOOGLE_CLIENT_ID": "sandbox-google-client",
    "GOOGLE_CLIENT_SECRET": "sandbox-google-secret",
    "DEFAULT_FROM_EMAIL": "bookings@koalendar.example",
    "KOALENDAR_DEMO": "on",
}

from koalendar.config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
ALLOWED_HOSTS = ["*"]
if "sqlite" in DATABASES["default"]["ENGINE"]:  # noqa: F405
    # A file, since threads that share one database in memory lock each other's tables out at once.
    DATABASES["default"]["TEST"] = {"NAME": f"{_data}/test.sqlite3"}  # noqa: F405
    DATABASES["default"]["OPTIONS"]["init_command"] = (  # noqa: F405
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;"
    )
STATIC_ROOT.mkdir(exist_ok=True)  # noqa: F405  Whitenoise warns of a folder that is missing.
