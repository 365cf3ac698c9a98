"""Commands of trained models: what predicts, explains and packs one."""
