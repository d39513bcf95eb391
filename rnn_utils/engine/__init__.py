"""What makes training fast: any stock Keras model, its recurrences written out, on all devices."""
