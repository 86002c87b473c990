"""The transfer server: moves sealed parcels, and cannot read them (R5 to R10)."""
