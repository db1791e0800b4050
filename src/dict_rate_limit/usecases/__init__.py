"""What the product does, one module per thing; it knows ports, never adapters."""
