"""What screens read: few queries each, and nothing changed."""
