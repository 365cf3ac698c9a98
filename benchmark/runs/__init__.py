"""Run folders: reads trained runs and other tools' scores, without torch."""
