"""What the shop sells: products, their prices, shipping, taxes, and the quote made of them."""
