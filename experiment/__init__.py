"""A run: from flags and a paper's configuration to settings, a compiled GAN and a run directory."""
