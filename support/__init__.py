"""Small tools that every part of the suite stands on: registries, errors, files."""
