"""What the two contenders in Keras have in common."""

from keras import layers


def set_out(gan, weights) -> None:
    """Gives both players their weights and turns dropout off, whose masks no two libraries share."""
    for player, values in zip((gan.generator, gan.discriminator), weights, strict=True):
        for weight, value in zip(player.trainable_variables, values, strict=True):
            weight.assign(value)
    for layer in gan._flatten_layers():
        if isinstance(layer, layers.Dropout):
            layer.rate = 0.0
