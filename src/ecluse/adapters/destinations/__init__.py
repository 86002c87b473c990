"""New systems that rows are loaded into."""
