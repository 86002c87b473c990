"""Write the vectors again, from the plain reference alone: ``python tests/vectors/digest/generate.py``."""

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import digest_reference as reference  # noqa: E402

_at = dt.datetime.fromisoformat

KEY = bytes(range(32))
RESULT = [
    ("source_id", "text"), ("registered_on", "datetime"), ("code", "text"), ("value", "decimal"), ("rank", "integer"),
    ("urgent", "boolean"), ("prescribed_on", "date"), ("content", "binary"), ("comment", "text"),
]  # fmt: skip
VECTORS: dict[str, list[tuple[str, bytes, list[reference.Column], list[list[Any]]]]] = {
    "rows": [
        ("an imagined result, with and without nulls", KEY, RESULT, [
            ["R-000017", _at("2018-03-01T07:42:05.250000"), "GLU", "5.3", 1, False, dt.date(2018, 2, 28),
             b"%PDF", "Prélèvement hémolysé"],
            ["R-000018", _at("1969-12-31T23:59:59.999999"), "K", "-0.5", -1, True, dt.date(1900, 1, 1),
             b"", ""],
            ["R-000019", None, None, None, None, None, None, None, None],
        ]),
        ("no columns", KEY, [], [[], []]),
        ("one number", KEY, [("a", "integer")], [[1], [None]]),
        ("nine columns", KEY, [(f"c{i}", "integer") for i in range(9)], [list(range(9)), [None] * 9]),
        ("one piece and more", KEY, [("a", "text"), ("b", "text")], [
            ["", "aperçu"], ["abcdefghijk", "abcdefghijkl"], ["abcdefghijklm", "abcdefghijklmnopqrstuvwx"],
            ["abcdefghijklmnopqrstuvwxy", None],
        ]),
        ("the longest in pieces, the shortest long one", KEY, [("a", "text")], [["é" * 2048], ["é" * 2048 + "!"]]),
        ("bytes, long and empty", KEY, [("a", "binary")], [[bytes(4097)], [bytes(4096)], [b""]]),
    ],
    "distinct": [
        ("null, empty, zero byte", KEY, [("a", "text")], [[None], [""], ["\0"], [" "]]),
        ("zeros at the end of a piece", KEY, [("z", "binary")],
         [[b""], *([b"x" * (size - 1) + b"\0"] for size in (1, 2, 12, 13, 14, 24, 25)),
          *([b"x" * size] for size in (1, 11, 12, 13, 23, 24)), *([bytes(size)] for size in (2, 12, 13, 24, 25))]),
        ("two rows that exchange a value", KEY, [("c", "text"), ("d", "text")],
         [["a", "b"], ["b", "a"], ["a", "a"], ["b", "b"]]),
        ("a text that reads like a header", KEY, [("h", "binary")],
         [[b"x" * 12 + b"\x01\0\0\x80" + b"y" * 8], [b"x" * 12 + b"y" * 12], [b"x" * 12 + b"y" * 8]]),
        ("no separator", KEY, [("a", "text"), ("b", "text")], [["ab", "c"], ["a", "bc"], ["", "abc"], ["abc", ""]]),
        ("null is not empty beside a text", KEY, [("a", "text"), ("b", "text")],
         [[None, "a"], ["", "a"], ["a", None], ["a", ""]]),
        ("text 1", KEY, [("a", "text")], [["1"]]),
        ("integer 1", KEY, [("a", "integer")], [[1]]),
        ("decimal 1", KEY, [("a", "decimal")], [["1"]]),
        ("boolean 1", KEY, [("a", "boolean")], [[True]]),
        ("date 1", KEY, [("a", "date")], [[dt.date(1970, 1, 2)]]),
        ("datetime 1", KEY, [("a", "datetime")], [[_at("1970-01-01T00:00:00.000001")]]),
        ("binary 1", KEY, [("a", "binary")], [[b"1"]]),
        ("another name", KEY, [("b", "text")], [["1"]]),
        ("names cut elsewhere", KEY, [("ab", "text"), ("c", "text")], [["x", "y"]]),
        ("names cut elsewhere, again", KEY, [("a", "text"), ("bc", "text")], [["x", "y"]]),
        ("columns the other way round", KEY, [("c", "text"), ("ab", "text")], [["y", "x"]]),
        ("another key", KEY[::-1], [("a", "text")], [["1"]]),
        ("a key of another length", b"k", [("a", "text")], [["1"]]),
    ],
    "limits": [
        ("integers", KEY, [("a", "integer")], [[-(2**63)], [2**63 - 1], [0], [-1]]),
        ("decimals", KEY, [("a", "decimal")], [
            ["99999999999999999999.999999999999999999"], ["-99999999999999999999.999999999999999999"],
            ["0"], ["0.000000000000000001"], ["-0.000000000000000001"], ["12.5"], ["18.446744073709551616"],
        ]),
        ("dates", KEY, [("a", "date")], [[dt.date(1, 1, 1)], [dt.date(9999, 12, 31)], [dt.date(1970, 1, 1)]]),
        ("datetimes", KEY, [("a", "datetime")], [
            [_at("0001-01-01T00:00:00")], [_at("9999-12-31T23:59:59.999999")], [_at("1970-01-01T00:00:00")],
        ]),
    ],
}  # fmt: skip


def _json(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    return value.isoformat() if isinstance(value, dt.date) else value


def _vector(name: str, key: bytes, columns: list[reference.Column], rows: list[list[Any]]) -> dict[str, Any]:
    digests = [reference.digest(columns, row, key) for row in rows]
    return {
        "name": name,
        "key": key.hex(),
        "columns": [{"name": column, "class": kind} for column, kind in columns],
        "row_key": reference.derived_key(key, [column for column, _ in columns], reference.ROW).hex(),
        "rows": [
            {
                "values": [_json(value) for value in row],
                "cells": [reference.cell(columns, at, value, key).hex() for at, value in enumerate(row)],
                "block": reference.row_block(columns, row, key).hex(),
                "digest": digest.hex(),
            }
            for row, digest in zip(rows, digests, strict=True)
        ],
        "sum": reference.total(digests),
    }


if __name__ == "__main__":
    for name, vectors in VECTORS.items():
        made = [_vector(*vector) for vector in vectors]
        (HERE / f"{name}.json").write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
