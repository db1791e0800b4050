"""DICT by way of the Bridge: gRPC over mutual TLS. The only home of grpc besides the simulator."""
