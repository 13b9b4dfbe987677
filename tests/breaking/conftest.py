"""Windows of these tests live as those of tests/widgets do: the program is left as it was, and waits are long."""

from tests.widgets.conftest import undressed  # noqa: F401
