"""Budgets of time and memory, and what is too long for the suite."""
