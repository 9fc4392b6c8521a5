"""A network for frames with a fortieth of the Nature network's parameters, for short runs."""

from rlbench.nets.build import conv_builder

# (filters, width of the square kernel, stride) of each convolution; units of each dense layer.
SMALL_CNN = conv_builder(((8, 8, 4), (16, 4, 2)), (32,))
