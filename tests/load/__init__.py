"""Long runs that no suite has time for: ``make load``."""
