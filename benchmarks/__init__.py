"""Side by side benchmarks: `python -m benchmarks [name ...]`. They print, write nothing and gate nothing."""
