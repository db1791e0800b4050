"""The one place where real adapters meet the use cases: settings in, parts out."""
