"""The REST API: the same actions and queries as the pages, in JSON. No rule of the product lives here.

A call reads its shape, asks for one query or one action, and answers with a shape. What callers may rely on
is in docs/api.md and in the OpenAPI document that the calls describe themselves in.
"""
