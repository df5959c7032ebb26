"""A stand-in for Zoom, for Google and for a mail server, spoken to over HTTP and SMTP only.

The room knows nothing of the product: it imports the standard library and ``aiosmtpd``, no Django and
no other room. Tests, the demo and the benchmarks run the real client against it.
"""
