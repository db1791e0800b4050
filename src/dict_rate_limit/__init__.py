"""Watches the token buckets that BACEN puts on the Pix key directory (DICT)."""
