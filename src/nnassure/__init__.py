"""Methods that assure a neural network: one value a record, never a summary, never a verdict."""
