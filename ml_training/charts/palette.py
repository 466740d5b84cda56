"""Colours that colour-blind people can tell apart, on light and on dark ground.

Source: Okabe and Ito (2008), Color Universal Design; grey is the mean of both grounds.
"""

BLUE = "#2f8fd0"
ORANGE = "#e69f00"
GREEN = "#009e73"
RED = "#d55e00"
PURPLE = "#b56a9b"
GREY = "#8b929c"
