"""Run folders: reads trained runs and other tools' scores. Needs no torch."""
