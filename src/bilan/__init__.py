"""The reproducible annual review of Tech.gouv."""
