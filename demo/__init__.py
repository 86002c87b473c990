"""The demo: a fictional legacy LIS, and the schema of the new one."""
