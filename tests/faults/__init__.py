"""Ways to look fine without being fine, each a small project, and sound projects beside them."""
