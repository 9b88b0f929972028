"""The theory made runnable: `python -m theory NAME`, and the mathematics as plain functions."""
