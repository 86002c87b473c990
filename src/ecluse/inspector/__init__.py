"""The inspector: what a server or a folder of one's own looks like today, said without a patient's value."""
