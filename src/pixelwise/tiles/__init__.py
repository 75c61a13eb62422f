"""Images in tiles: any size of image in the memory of one band of it.

grid.py    where the tiles lie, on the grid of the network's strides
blend.py   how much each cell of a tile counts where tiles overlap
bands.py   tiles -> finished bands of logits at the network's own stride
label.py   bands of logits -> rows of the label
"""
