"""Messages of the Bridge contract: the `_pb2` modules are made by scripts/proto from proto/."""
