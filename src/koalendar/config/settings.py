"""Django's settings: the only module that reads the environment.

Each setting is listed in `.env.example` and explained in docs/operate.md; a test compares the three.
"""

import zoneinfo
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.urls import reverse_lazy

from koalendar.config.environment import (
    Environment,
    SettingError,
    is_local,
    parse_database,
    parse_email,
    parse_networks,
    parse_rate,
)
from koalendar.config.secrets import local_secret, make_encryption_key, make_secret_key

env = Environment()

# The rules of time zones come from the pinned tzdata alone, the same on every machine.
zoneinfo.reset_tzpath(to=())

# Where the site is, and where its data lies.

KOALENDAR_BASE_URL = env.url("KOALENDAR_BASE_URL", "http://localhost:8000")
LOCAL = is_local(KOALENDAR_BASE_URL)
HTTPS = KOALENDAR_BASE_URL.startswith("https://")
HOSTNAME = urlsplit(KOALENDAR_BASE_URL).hostname or ""
if not (LOCAL or HTTPS):
    raise SettingError(
        "KOALENDAR_BASE_URL", "is public and not https; give an address that begins with https://"
    )
if urlsplit(KOALENDAR_BASE_URL).path:
    raise SettingError("KOALENDAR_BASE_URL", "has a path; the site needs a host name of its own")

KOALENDAR_DATA_DIR = Path(env.text("KOALENDAR_DATA_DIR", "./data")).resolve()
try:
    KOALENDAR_DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
except OSError as error:
    raise SettingError(
        "KOALENDAR_DATA_DIR", f"cannot be made ({error}); give a folder we may write to"
    ) from error

# Secrets.

SECRET_KEY = local_secret(env, "SECRET_KEY", data_dir=KOALENDAR_DATA_DIR, local=LOCAL, make=make_secret_key)
if len(SECRET_KEY) < 32:
    raise SettingError("SECRET_KEY", "is too short; give at least 32 random characters")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")


def _encryption_keys(text: str) -> list[str]:
    keys = [key.strip() for key in text.split(",") if key.strip()]
    for key in keys:
        Fernet(key)  # Says ValueError for anything but 32 bytes in URL-safe base64.
    if not keys:
        raise ValueError("none")
    return keys


KOALENDAR_ENCRYPTION_KEYS = env.parsed(
    "KOALENDAR_ENCRYPTION_KEYS",
    local_secret(
        env, "KOALENDAR_ENCRYPTION_KEYS", data_dir=KOALENDAR_DATA_DIR, local=LOCAL, make=make_encryption_key
    ),
    _encryption_keys,
    "give comma-separated keys of 32 bytes in URL-safe base64, newest first",
)

# Database, cache, mail.

DATABASES = {
    "default": env.parsed(
        "DATABASE_URL",
        "",
        lambda value: parse_database(value, KOALENDAR_DATA_DIR),
        "give postgresql://user:password@host:5432/name",
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    # Shared by all processes: sign-in limits must count what every one of them saw.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        # Counters of thousands of clients; the default of 300 would forget them under load.
        "OPTIONS": {"MAX_ENTRIES": 100_000, "CULL_FREQUENCY": 10},
    },
    # Of one process: what is counted on reads, which must never take the database's write lock.
    "memory": {
        "BACKEND": "koalendar.web.counting.CountingCache",
        "OPTIONS": {"MAX_ENTRIES": 1_000},
    },
}

globals().update(
    env.parsed("EMAIL_URL", "console", parse_email, "give smtp://user:password@host:port or smtp+tls://…")
)
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"bookings@{HOSTNAME}")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Providers. Without credentials a provider is off and hidden.

ZOOM_CLIENT_ID = env.text("ZOOM_CLIENT_ID")
ZOOM_CLIENT_SECRET = env.text("ZOOM_CLIENT_SECRET")
ZOOM_WEBHOOK_SECRET_TOKEN = env.text("ZOOM_WEBHOOK_SECRET_TOKEN")
if bool(ZOOM_CLIENT_ID) != bool(ZOOM_CLIENT_SECRET):
    raise SettingError("ZOOM_CLIENT_SECRET", "and ZOOM_CLIENT_ID belong together; give both or neither")
ZOOM_BASE_URL = env.url("ZOOM_BASE_URL", "https://zoom.us")
ZOOM_API_URL = env.url("ZOOM_API_URL", "https://api.zoom.us/v2")
ZOOM_DOMAIN_VERIFICATION = env.text("ZOOM_DOMAIN_VERIFICATION")

GOOGLE_CLIENT_ID = env.text("GOOGLE_CLIENT_ID")
GOOGLE_CLIENT_SECRET = env.text("GOOGLE_CLIENT_SECRET")
if bool(GOOGLE_CLIENT_ID) != bool(GOOGLE_CLIENT_SECRET):
    raise SettingError("GOOGLE_CLIENT_SECRET", "and GOOGLE_CLIENT_ID belong together; give both or neither")
GOOGLE_AUTH_URL = env.url("GOOGLE_AUTH_URL", "https://accounts.google.com/o/oauth2/v2/auth")
GOOGLE_TOKEN_URL = env.url("GOOGLE_TOKEN_URL", "https://oauth2.googleapis.com/token")
GOOGLE_REVOKE_URL = env.url("GOOGLE_REVOKE_URL", "https://oauth2.googleapis.com/revoke")
GOOGLE_API_URL = env.url("GOOGLE_API_URL", "https://www.googleapis.com/calendar/v3")

# The product.

KOALENDAR_BRAND = env.text("KOALENDAR_BRAND", "Koalendar")
KOALENDAR_SUPPORT_EMAIL = env.text("KOALENDAR_SUPPORT_EMAIL")
KOALENDAR_SUPPORT_HOURS = env.text("KOALENDAR_SUPPORT_HOURS")
KOALENDAR_PRIVACY = env.text("KOALENDAR_PRIVACY")
KOALENDAR_TERMS = env.text("KOALENDAR_TERMS")
KOALENDAR_SIGNUP = env.choice("KOALENDAR_SIGNUP", "open", ("open", "closed"))
KOALENDAR_TRUSTED_PROXIES = env.parsed(
    "KOALENDAR_TRUSTED_PROXIES", "", parse_networks, "give comma-separated networks like 10.0.0.0/8"
)
KOALENDAR_DEMO = env.choice("KOALENDAR_DEMO", "off", ("off", "on")) == "on"
if KOALENDAR_DEMO and not LOCAL:
    raise SettingError(
        "KOALENDAR_DEMO", "is for this machine only; unset it or use a local KOALENDAR_BASE_URL"
    )

_MEND_RATE = "give a rate like 10/min, or off"
KOALENDAR_RATE_BOOKINGS = env.parsed("KOALENDAR_RATE_BOOKINGS", "10/min", parse_rate, _MEND_RATE)
KOALENDAR_RATE_SLOTS = env.parsed("KOALENDAR_RATE_SLOTS", "60/min", parse_rate, _MEND_RATE)
KOALENDAR_RATE_MAIL = env.parsed("KOALENDAR_RATE_MAIL", "3/h", parse_rate, _MEND_RATE)

# Tuning, in seconds.

KOALENDAR_WORKER_POLL = env.number("KOALENDAR_WORKER_POLL", 0.5, minimum=0.01)
KOALENDAR_LEASE = env.number("KOALENDAR_LEASE", 60, minimum=1)
KOALENDAR_RETRY_BASE = env.number("KOALENDAR_RETRY_BASE", 5, minimum=0.01)
KOALENDAR_RETRY_CAP = env.number("KOALENDAR_RETRY_CAP", 3600, minimum=0.01)
KOALENDAR_HTTP_TIMEOUT = env.number("KOALENDAR_HTTP_TIMEOUT", 15, minimum=0.1)
KOALENDAR_UNCERTAIN_WAIT = env.number("KOALENDAR_UNCERTAIN_WAIT", 90)
KOALENDAR_UNCERTAIN_GAP = env.number("KOALENDAR_UNCERTAIN_GAP", 60)
KOALENDAR_LINK_WAIT = env.number("KOALENDAR_LINK_WAIT", 120)
KOALENDAR_BUSY_MAX_AGE = env.number("KOALENDAR_BUSY_MAX_AGE", 1800, minimum=1)
KOALENDAR_BUSY_LOOK = env.number("KOALENDAR_BUSY_LOOK", 0.7, minimum=0.05)
KOALENDAR_CLOCK_OFFSET = env.number("KOALENDAR_CLOCK_OFFSET", 0, minimum=-10_000_000_000)
if KOALENDAR_CLOCK_OFFSET and not LOCAL:
    raise SettingError("KOALENDAR_CLOCK_OFFSET", "is for tests on a local KOALENDAR_BASE_URL; unset it")
if KOALENDAR_HTTP_TIMEOUT >= KOALENDAR_LEASE:
    raise SettingError("KOALENDAR_LEASE", "must be longer than KOALENDAR_HTTP_TIMEOUT, or work is done twice")

# Django and the applications on top of it.

DEBUG = False
ALLOWED_HOSTS = [HOSTNAME] if not LOCAL else ["localhost", "127.0.0.1", "[::1]"]
ROOT_URLCONF = "koalendar.config.urls"
WSGI_APPLICATION = "koalendar.config.wsgi.application"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "koalendar.web",  # Before allauth: its templates are restyled there.
    "koalendar.accounts",
    "koalendar.outbox",
    "koalendar.connections",
    "koalendar.booking",
    "koalendar.delivery",
    "koalendar.ops",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "ninja",  # For the files of its documentation page, which would come from another host else.
    "csp",
]
MIDDLEWARE = [
    # First what gives every answer its headers, a redirect to https included.
    "koalendar.web.headers.SafetyHeaders",
    "koalendar.web.api.frame.ApiFrame",
    "koalendar.web.headers.Policy",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Load balancers ask by address and over plain http: before anything looks at the host name.
    "koalendar.ops.health.Probes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "koalendar.web.requests.NoNul",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "koalendar.web.languages.ReadersLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "koalendar.web.context.site",
            ],
        },
    }
]

LANGUAGE_CODE = "en"
# By their own names, for that is how they are looked for. The texts are in koalendar/locale.
LANGUAGES = [
    ("en", "English"),
    ("de", "Deutsch"),
    ("es", "Español"),
    ("fr", "Français"),
    ("it", "Italiano"),
    ("nl", "Nederlands"),
    ("pl", "Polski"),
    ("pt", "Português"),
    ("ar", "العربية"),
    ("ja", "日本語"),
]
LOCALE_PATHS = [Path(__file__).resolve().parents[1] / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = KOALENDAR_DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MAX_AGE = 300  # Hashed names are immutable for a year by whitenoise's own rule.

# Accounts.

AUTH_USER_MODEL = "accounts.Host"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = reverse_lazy("dashboard")
ACCOUNT_ADAPTER = "koalendar.web.dashboard.adapter.AccountAdapter"
_FORMS = "koalendar.web.dashboard.forms"
ACCOUNT_FORMS = {
    "signup": f"{_FORMS}.SignupForm",
    "login": f"{_FORMS}.LoginForm",
    "add_email": f"{_FORMS}.ChangeEmailForm",
    "change_password": f"{_FORMS}.ChangePasswordForm",
    "set_password": f"{_FORMS}.SetPasswordForm",
    "reset_password": f"{_FORMS}.ResetPasswordForm",
    "reset_password_from_key": f"{_FORMS}.ResetPasswordKeyForm",
    "reauthenticate": f"{_FORMS}.PasswordAgainForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_RATE_LIMITS = {"login_failed": "10/15m/ip,10/15m/key", "reset_password": "10/15m/ip,5/15m/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = KOALENDAR_BRAND
MFA_FORMS = {
    "authenticate": f"{_FORMS}.CodeForm",
    "reauthenticate": f"{_FORMS}.CodeAgainForm",
    "activate_totp": f"{_FORMS}.TurnOnCodesForm",
}
MFA_ADAPTER = "koalendar.web.dashboard.adapter.TwoFactorAdapter"

# What browsers are told.

_PROVIDER_ORIGINS = sorted(
    "{0.scheme}://{0.netloc}".format(urlsplit(url))
    for url, client in ((ZOOM_BASE_URL, ZOOM_CLIENT_ID), (GOOGLE_AUTH_URL, GOOGLE_CLIENT_ID))
    if client
)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        # Browsers hold the whole chain of redirects after a form to this list, and signing in
        # may lead on to a provider's consent page.
        "form-action": ["'self'", *_PROVIDER_ORIGINS],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
        "manifest-src": ["'self'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 14 * 86400
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "koalendar.web.pages.csrf_failure"
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 86400
LANGUAGE_COOKIE_HTTPONLY = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # No cookie of its own.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
if HTTPS:
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    SECURE_HSTS_SECONDS = 365 * 86400
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^integrations/(zoom/(webhook|deauthorize)|google/webhook)$"]
    CSRF_TRUSTED_ORIGINS = [KOALENDAR_BASE_URL]

# Logs: one line of JSON per event for machines, readable lines while the site is local.

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "koalendar.ops.logs.JsonLines"},
        "plain": {"()": "koalendar.ops.logs.PlainLines"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "plain" if LOCAL else "json",
        }
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "koalendar": {"level": "INFO"},
        "django.request": {"level": "ERROR"},
        # Strangers send any host name; each is answered 400, and none is news.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
LOGGING_CONFIG = "logging.config.dictConfig"
