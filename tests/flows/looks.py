"""In which looks pages are held to the rules of accessibility."""

import pytest

# A width decides about layout and a theme about colours, and neither about what the other does: so both of
# each are looked at, and not every pair.
IN_EVERY_LOOK = pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1280, "light")])
