"""dlt, run in its own environment: ``peer_dlt.py SOURCE TARGET TABLE``."""

import os
import sys

import dlt
from dlt.sources.sql_database import sql_table

source, target, table = sys.argv[1:4]
rows = sql_table(credentials=source, table="ordered", schema="public", backend="connectorx")
rows.apply_hints(table_name=table)
pipeline = dlt.pipeline(
    "bench",
    pipelines_dir=os.environ["BENCH_WORK"] + "/dlt",
    destination=dlt.destinations.postgres(target),
    dataset_name="dlt_bench",
)
pipeline.run(rows, write_disposition="replace", loader_file_format="csv")
