"""More pictures and videos than one machine reads in time: a job on a Ray cluster, whose answers are a Parquet file."""
