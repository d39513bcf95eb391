"""The networks: as stock Keras models, and their equations in NumPy."""
