"""Apache Pulsar. Its client library has its home here. Importing it costs 16 MiB: import these modules when needed."""
