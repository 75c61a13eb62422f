"""Changes to predicted labels: small regions, largest regions, holes. Arrays in, arrays out."""
