"""Files that a vendor's and a laboratory's disks hold, made without knowledge of the inspector.

See ``bench.inspect_blind``.
"""
