"""Judging samples: feature spaces, cached statistics of real data, and measures over both."""
