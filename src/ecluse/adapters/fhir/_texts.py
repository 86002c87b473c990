"""Texts at places in resources, a column a place, found by DuckDB in JSON whose numbers were put between quotes."""

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecluse.adapters.fhir._digits import numbers_as_texts
from ecluse.adapters.fhir._paths import Path, texts_sql
from ecluse.adapters.sources._arrow import cut

__all__ = ["quoted_numbers", "texts_at"]

_LF = 10


def texts_at(engine: duckdb.DuckDBPyConnection, resources: Any, paths: Sequence[Path]) -> list[Any] | None:
    """What stands at each path in each resource; None where one of them is no JSON."""
    if not len(resources):
        return [pa.array([], pa.string())] * len(paths)
    count = len(resources)
    engine.register("docs", pa.table({"doc": quoted_numbers(resources), "row": pa.array(np.arange(count))}))
    try:
        found = engine.execute(f"{texts_sql(paths, 'docs', ['row'])} ORDER BY row").to_arrow_table()
    except (pa.ArrowException, duckdb.Error, OSError, RuntimeError):
        return None
    finally:
        engine.unregister("docs")
    if found.num_rows != count:
        return None
    return [found.column(f"p{number}").combine_chunks().cast(pa.string()) for number in range(len(paths))]


def quoted_numbers(resources: Any) -> Any:
    """JSON texts with their numbers between quotes, so that digits survive whoever parses them."""
    lines = pc.binary_join_element_wise(pc.replace_substring(resources, "\n", " "), "\n", "")
    whole = pa.concat_arrays([lines]).buffers()[2]
    made = numbers_as_texts(np.frombuffer(whole, dtype=np.uint8))
    ends = np.flatnonzero(made == _LF)
    starts = np.concatenate(([0], ends[:-1] + 1))
    return cut(pa.py_buffer(made), starts, ends).view(pa.string())
