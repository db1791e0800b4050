"""Apache Pulsar: publisher and reader of events. Its client library takes 16 MiB: import these modules when needed."""
