"""The reproductions, a module a table or figure."""
