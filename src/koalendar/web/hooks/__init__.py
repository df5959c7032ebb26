"""Where providers call us: verify, store, answer. No session, no page, and nothing is acted upon."""
