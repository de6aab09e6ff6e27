"""The bot's shards, divided among its processes.

owner    takes shards, opens and closes them, keeps identifies apart
balance  which shards to take or to give up
alone    one process that owns all, where the database serves no second one
shares   the process's share of the account's limits, also while the database is away
"""
