"""The claims of the lecture notes, each as an experiment; a module for each of their themes."""
