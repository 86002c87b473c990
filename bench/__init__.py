"""Speed and memory of a whole migration beside the shell's own tools and the peers, as ratios."""
