"""What the tool that tries the API is told besides tests/schemathesis.toml; its processes load this file."""

import uuid
from typing import Any

import schemathesis

KEY = "Idempotency-Key"


@schemathesis.hook
def map_headers(_context: Any, headers: Any) -> Any:
    """A good key is replaced by one of its own. Else a call that is repeated with the key of its example is
    answered as it was, and the tool misses what it has deleted meanwhile. Bad keys are sent as they are."""
    key = (headers or {}).get(KEY)
    if isinstance(key, str) and 0 < len(key) <= 128 and key.isascii() and key.isprintable():
        return {**headers, KEY: str(uuid.uuid4())}
    return headers
