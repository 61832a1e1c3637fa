"""How things are done, one technology a file. Nobody but the container imports from here."""
