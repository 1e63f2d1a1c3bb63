"""From a text to token ids: the same on the machine that trains and on a device.

A device has Python, NumPy and the library of the tokenizer, and so this room imports no more than
these: no Keras, no pydantic, no pandas.
"""
