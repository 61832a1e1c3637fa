"""What the use cases need from the world. A port's docstring is its contract, proved by one suite."""
