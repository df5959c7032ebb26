"""What is still owed to the outside: a table of states to reach, and how workers share it.

An entry names a thing and how to bring it up to date; it is no event and carries no data. Knows no
word of the domain: kinds and subjects are text to it.
"""
