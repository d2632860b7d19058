"""Tests of the pictures, by their pixels."""
