"""Take over as many layers of a base model as fit into a network of other widths."""

import itertools
from collections.abc import Sequence

from torch import nn

from ml_training.core.errors import DataError
from ml_training.core.network import HouseNetwork
from ml_training.core.state import seeded


def carry_into(
    base: HouseNetwork, widths: Sequence[int], *, seed: int
) -> tuple[HouseNetwork, int]:
    """Return a network of these widths that begins with layers of a base model.

    Parameters
    ----------
    base : HouseNetwork
        A chain of dense layers.
    widths : sequence of int
        Units of the hidden layers that are wanted.
    seed : int
        Of the layers that are drawn afresh, from the first of another width on.

    Returns
    -------
    tuple of HouseNetwork and int
        The network, and how many blocks came from the base model; the output layer is
        the last block, and comes along when all hidden ones do.

    Raises
    ------
    DataError
        If not even the first hidden layer is as wide as that of the base model.
    """
    known = [one.out_features for one in base.layers if isinstance(one, nn.Linear)]
    *hidden, n_outputs = known
    wanted = list(widths)
    if wanted == hidden:
        return base, len(known)
    pairs = zip(hidden, wanted, strict=False)
    n_alike = len(list(itertools.takewhile(lambda pair: pair[0] == pair[1], pairs)))
    if not n_alike:
        raise DataError(
            f"no layer of the base model fits: its hidden layers have {hidden} units, those "
            f"asked for {wanted}",
            hint=f"ask for {hidden[0]} units in the first layer, or train another base model",
        )
    with seeded(seed, n_threads=0):
        fresh = HouseNetwork(wanted[n_alike - 1], n_outputs, widths=wanted[n_alike:])
        network = HouseNetwork(1, 1, widths=())
    network.layers = nn.Sequential(*_first_blocks(base, n_alike), *fresh.layers)
    return network.eval(), n_alike


def _first_blocks(base: HouseNetwork, n_blocks: int) -> list[nn.Module]:
    """Return the layers before the dense one that follows so many blocks."""
    places = [place for place, one in enumerate(base.layers) if isinstance(one, nn.Linear)]
    return list(base.layers)[: places[n_blocks]]
