"""The `koalendar` program. Each command is a function; what it does lives in the other rooms.

Settings are read when Django is set up, which the demo must precede with its own: hence the imports
inside the commands.
"""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

SETTINGS = "koalendar.config.settings"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 if it did what it should."""
    options = _parser().parse_args(arguments)
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    try:
        status: int = options.run(options)
    except ImproperlyConfigured as error:
        print(f"koalendar: {error}", file=sys.stderr)
        return 2
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="koalendar", description="Open, self-hosted scheduling with Zoom.")
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, run: object, words: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=words, description=words)
        command.set_defaults(run=run)
        return command

    demo = add("demo", _demo, "Everything on this machine with nothing to configure; Ctrl-C ends it.")
    demo.add_argument("--port", type=int, default=8000)
    for name, run, words in (
        ("serve", _serve, "Migrate, then run web and worker together."),
        ("web", _web, "Run the web server alone."),
    ):
        command = add(name, run, words)
        command.add_argument("--host", default="127.0.0.1")
        command.add_argument("--port", type=int, default=8000)
        command.add_argument("--workers", type=_positive, default=1, metavar="N", help="web processes")
    worker = add("worker", _worker, "Run the worker alone.")
    worker.add_argument("--threads", type=_positive, default=4, metavar="N")
    worker.add_argument("--once", action="store_true", help="do all that is due, then end")
    add("migrate", _migrate, "Bring the database to this version.")
    createuser = add("createuser", _createuser, "Make a host whose e-mail address counts as confirmed.")
    createuser.add_argument("--email", required=True)
    createuser.add_argument("--password", required=True)
    createuser.add_argument("--username", default="", help="public address; made from the e-mail if left out")
    createuser.add_argument("--name", default="", help="as invitees see it")
    createuser.add_argument("--timezone", default="UTC", metavar="TZ", help="IANA name like Europe/Paris")
    apikey = add("apikey", _apikey, "Make an API key and print it.")
    apikey.add_argument("--email", required=True)
    apikey.add_argument("--name", default="command line")
    apikey.add_argument(
        "--scope", choices=("read", "bookings", "all"), default="all", help="what the key may do (all)"
    )
    apikey.add_argument("--expires", type=_days, metavar="DAYS", help="dead after so many days (never)")
    add("doctor", _doctor, "Check settings, database, mail, worker, clock and providers.")
    sandbox = add("sandbox", _sandbox, "Run the sandbox alone: stands in for Zoom, Google and a mail server.")
    sandbox.add_argument("--port", type=int, default=9000)
    sandbox.add_argument("--smtp-port", type=int, default=9025)
    sandbox.add_argument("--product-url", default="http://localhost:8000")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("give a number of at least 1")
    return number


def _days(text: str) -> timedelta:
    number = _positive(text)
    if number > _MOST_DAYS:
        raise argparse.ArgumentTypeError(f"give a number of at most {_MOST_DAYS}")
    return timedelta(days=number)


_MOST_DAYS = 36500


def _set_up() -> None:
    import django

    django.setup()


def _demo(options: argparse.Namespace) -> int:
    from koalendar.ops import demo
    from koalendar.ops.processes import Processes, granian, koalendar

    def say(words: str) -> None:
        print(f"  {words}", flush=True)

    data_dir = Path(os.environ.get("KOALENDAR_DATA_DIR") or "./data").resolve()
    values = demo.environment(port=options.port, data_dir=data_dir)
    os.environ.update(values)
    log = Path(values["KOALENDAR_DATA_DIR"]) / "log"
    processes = Processes()
    processes.listen()
    try:
        say("Starting the sandbox, which stands in for Zoom, Google and a mail server …")
        processes.start("sandbox", demo.sandbox_command(values), log=log)
        say("Preparing the database …")
        _set_up()
        logging.getLogger("koalendar").setLevel(logging.WARNING)
        _bring_up_to_date()
        if not demo.wait_for(values["ZOOM_BASE_URL"].removesuffix("/zoom") + "/"):
            print("koalendar: the sandbox does not answer", file=sys.stderr)
            return 1
        demo.prepare(values, say)
        say("Starting web and worker …")
        _collect_static()
        processes.start("web", granian("127.0.0.1", options.port, 1), log=log)
        processes.start("worker", koalendar("worker"), log=log)
        if not demo.wait_for(f"http://127.0.0.1:{options.port}/readyz"):
            print("koalendar: the web server does not answer", file=sys.stderr)
            return 1
        print(demo.welcome(values, log), flush=True)
        return processes.watch()
    except KeyboardInterrupt:
        return 0
    finally:
        processes.stop()


def _serve(options: argparse.Namespace) -> int:
    from koalendar.ops.processes import Processes, granian, koalendar

    _set_up()
    _bring_up_to_date()
    _collect_static()
    processes = Processes()
    processes.start("web", granian(options.host, options.port, options.workers))
    processes.start("worker", koalendar("worker"))
    return processes.watch()


def _web(options: argparse.Namespace) -> int:
    from koalendar.ops.processes import granian

    _set_up()
    _collect_static()
    command = granian(options.host, options.port, options.workers)
    os.execv(command[0], command)  # noqa: S606  The server takes our place and our signals.


def _worker(options: argparse.Namespace) -> int:
    _set_up()
    from koalendar.delivery.worker import Worker, run_due

    if options.once:
        print(run_due())
        return 0
    worker = Worker(threads=options.threads)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: worker.stop())
    worker.start()
    worker.join()
    return 0


def _migrate(_options: argparse.Namespace) -> int:
    _set_up()
    _bring_up_to_date(verbosity=1)
    return 0


def _createuser(options: argparse.Namespace) -> int:
    _set_up()
    from django.core.exceptions import ValidationError

    from koalendar.ops.hosts import HostRefused, create_host, weakness

    try:
        host = create_host(
            email=options.email,
            password=options.password,
            name=options.name,
            slug=options.username,
            zone=options.timezone,
        )
    except HostRefused as refusal:
        print(f"koalendar: {refusal}", file=sys.stderr)
        return 1
    except ValidationError as error:
        print(f"koalendar: {options.username}: {' '.join(error.messages)}", file=sys.stderr)
        return 1
    if words := weakness(options.password, host):
        print(f"koalendar: the password is weak: {words}", file=sys.stderr)
    print(f"{host.email} can sign in; the public address is /{host.profile.slug}/")
    return 0


def _apikey(options: argparse.Namespace) -> int:
    _set_up()
    from koalendar import clock
    from koalendar.accounts.keys import KeyRefused, Scope, make_key
    from koalendar.accounts.models import Host, normal_email

    host = Host.objects.filter(email=normal_email(options.email), is_active=True).first()
    if host is None:
        print(f"koalendar: {options.email} has no account", file=sys.stderr)
        return 1
    now = clock.now()
    expires_at = now + options.expires if options.expires else None
    try:
        key = make_key(host, name=options.name, now=now, scope=Scope(options.scope), expires_at=expires_at)
    except KeyRefused as refusal:
        print(f"koalendar: {refusal}", file=sys.stderr)
        return 1
    print(key)
    return 0


def _doctor(_options: argparse.Namespace) -> int:
    _set_up()
    from koalendar.ops.doctor import run

    return run(print)


def _sandbox(options: argparse.Namespace) -> int:
    """The sandbox imports nothing of ours, and takes our place as what it is: another program."""
    words = [
        "--port",
        str(options.port),
        "--smtp-port",
        str(options.smtp_port),
        "--product-url",
        options.product_url,
        "--webhook-url",
        f"{options.product_url.rstrip('/')}/integrations/zoom/webhook",
    ]
    os.execv(sys.executable, [sys.executable, "-m", "koalendar.sandbox", *words])  # noqa: S606


def _bring_up_to_date(verbosity: int = 0) -> None:
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=verbosity)
    call_command("createcachetable", verbosity=verbosity)


def _collect_static() -> None:
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
