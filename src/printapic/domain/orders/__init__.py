"""Orders: from the basket to the parcel on the doormat."""
