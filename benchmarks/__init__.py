"""What we claim, measured against what a user would pick instead."""
