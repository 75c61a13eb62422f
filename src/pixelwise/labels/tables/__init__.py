"""The class tables of published data sets, as data.

class_table.py  ClassTable, and how tables are written as text
street.py       roads, from cars
aerial.py       ground, from satellites, planes and drones
distinct.py     distinct_colormap, for classes without colours
scenes.py       anything else: things and stuff, people, off-road, fields, under water
"""
