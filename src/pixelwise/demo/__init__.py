"""The whole way on a data set that it draws: command.py the demo, scenes.py the street scenes."""
