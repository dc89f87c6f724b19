"""Runs one scenario on the packaged Exim and on Gatepost, and compares what can be seen from outside.

scenario   what a scenario is, and reading scenarios from TOML files
dialogue   the client: plays a script on a pipe or a socket and writes down who said what
server     starts one of the two programs in a directory of its own and collects what it left behind
normalise  takes out of an outcome what differs from run to run, and what 4.96 writes differently from 4.99
compare    the verdict: what differs beyond the differences that a scenario states
backends   what judges passwords for both programs
expansions expressions for -be, read from text files
"""
