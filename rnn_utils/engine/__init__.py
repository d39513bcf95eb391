"""What makes training fast.

`fast_model` runs any stock Keras model with its recurrent layers written out (`recurrence`) or, on
a GPU, given to `cudnn`; `kernels` says which are. Where sequences are padded, `masks` checks which
steps are real, and `padded` runs a layer over those alone. `update` compiles many updates into one
graph, with an Adam of one operation per weight (`adam`, `learning_rate`). `devices` shares a batch
among cores and GPUs, `machines` among computers.
"""
