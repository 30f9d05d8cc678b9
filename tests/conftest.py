"""What several test modules look at: one real run of the command line against the embedded server."""

import pytest

from tests.commandline import Ran, command


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A whole run against the embedded server, with every report it writes."""
    reports = tmp_path_factory.mktemp("run") / "reports"
    return command("run", "--reports", str(reports), reports=reports)
