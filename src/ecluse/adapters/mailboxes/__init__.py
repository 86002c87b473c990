"""Ways by which sealed parcels travel."""
