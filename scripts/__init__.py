"""What makes pages of the documentation from measurements."""
