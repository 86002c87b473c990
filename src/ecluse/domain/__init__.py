"""The laboratory's and the law's words: values and pure rules, standard library only."""
