"""What a terminal shows: tables, progress bars, and how both are spelled."""
