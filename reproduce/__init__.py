"""Published experiments as one command each, with recorded results."""
