"""What runs inside the jail, under the user's interpreter: standard library only, CPython 3.9 and up.

The parent package imports `encoding` from here too, so that expected and observed values are made
by the same code. Nothing here may import the rest of `genx_sandbox`: inside the jail it does not exist.
"""
