"""Four verbs, sign, verify, seal and open, over OpenSSH and age: nothing home-made.

``signing`` needs the base install and a stock ``ssh-keygen``; ``sealing`` needs the ``migration`` extra, and says so.
"""
