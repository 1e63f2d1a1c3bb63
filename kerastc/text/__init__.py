"""From a text to token ids: the same on the machine that trains and on a device.

A device has only Python, NumPy and the tokenizer's library, so this package imports nothing else:
no Keras, no pydantic, no pandas.
"""
