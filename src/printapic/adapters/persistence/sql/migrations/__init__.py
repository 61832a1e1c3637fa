"""The schema's history. Revisions are frozen: they never import what may change after them."""
