"""The documents of the outside contract: API, events and webhooks."""
