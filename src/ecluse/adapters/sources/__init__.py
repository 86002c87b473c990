"""Legacy systems that rows are read from."""
