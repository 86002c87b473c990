"""DuckDB's extensions: signatures are checked, once a process and file, and no connection is left open to others."""

from pathlib import Path

import duckdb
import pytest

from ecluse.adapters.sources import _duckdb
from ecluse.domain.errors import InternalError

SCANNER = _duckdb.extension("duckdb_extension_postgres_scanner", "postgres_scanner")


def allowed(connection: duckdb.DuckDBPyConnection) -> str:
    found = connection.execute("SELECT value FROM duckdb_settings() WHERE name = 'allow_unsigned_extensions'")
    return str((found.fetchone() or ("",))[0])


def test_no_connection_takes_unsigned_extensions_afterwards() -> None:
    for _ in range(3):
        connection = _duckdb.connect(100, 1, [SCANNER])
        try:
            assert allowed(connection) == "false"
            with pytest.raises(duckdb.Error):
                connection.execute("SET allow_unsigned_extensions = true")
        finally:
            connection.close()


def test_a_file_that_changed_is_checked_again(tmp_path: Path) -> None:
    copy = tmp_path / Path(SCANNER).name
    copy.write_bytes(Path(SCANNER).read_bytes())
    _duckdb.connect(100, 1, [str(copy)]).close()
    forged = bytearray(copy.read_bytes())
    forged[len(forged) // 2] ^= 1
    copy.unlink()  # not in place: it is mapped into this process
    copy.write_bytes(forged)
    with pytest.raises(InternalError):
        _duckdb.connect(100, 1, [str(copy)])


def test_a_connection_without_extensions_takes_none_unsigned(tmp_path: Path) -> None:
    forged = bytearray(Path(SCANNER).read_bytes())
    forged[len(forged) // 2] ^= 1
    copy = tmp_path / Path(SCANNER).name
    copy.write_bytes(forged)
    connection = _duckdb.connect(100, 1)
    try:
        with pytest.raises(duckdb.Error):
            connection.load_extension(str(copy))
    finally:
        connection.close()
