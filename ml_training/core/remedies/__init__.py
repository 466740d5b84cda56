"""Treatments of a running training, one file each; only the medic applies them."""
