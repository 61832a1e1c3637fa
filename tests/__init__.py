"""The tests of PrintAPic: a real package, so that helpers import as ``tests.servers`` from anywhere."""
