"""Contestants of the speed benchmark: loops taken epoch by epoch, and whole runs."""
