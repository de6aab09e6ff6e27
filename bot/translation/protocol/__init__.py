"""What is said on the wire, as values and tables.

server_events, parse  a message of the service -> a value
bounds                the most that the service may send of each thing, with its reason
session_body          `session.update` for each generation of models
models, languages, voices  what each model can do
faults                what a failure means: try again, or stop and say why
"""
