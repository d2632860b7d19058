"""What all tests share: our `custom_components` is found before anybody else's.

The pytest plugin for custom integrations ships a package of that name, and the first one wins.
"""

import custom_components  # noqa: F401  imported for the effect that the docstring tells
