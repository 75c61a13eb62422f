"""Ranks: processes that train together, what they exchange, and the loss of all their images.

distributed.py  ranks and devices, sums over ranks
rank_stats.py   the loss over ranks
ranks.py        processes that train together, started and watched
fabric.py       Fabric, which runs a network on the devices of ranks
"""
