"""How the fictional legacy LIS is made. Standard library only; every byte follows from the seed and the size."""
