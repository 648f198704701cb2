"""A decision about two runs, by a policy.

policy.py: what must be shown; wanted.py: which metrics that means; rules.py: the evidence for each; gate.py: what they
make together; output.py, example.py: what people read and start from.
"""
